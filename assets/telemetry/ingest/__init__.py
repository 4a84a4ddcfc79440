"""Ingest: a batch of envelopes is understood, judged and stored in one transaction; then it may be acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import select

from assets.core.actor import system_actor
from assets.core.app import App
from assets.core.errors import InvalidInput, NotFound
from assets.core.i18n import msg
from assets.telemetry import topics
from assets.telemetry.codecs import codec_for
from assets.telemetry.days import to_ms
from assets.telemetry.ingest.boots import BootState
from assets.telemetry.ingest.store import Aside, BootKey, Store
from assets.telemetry.messages import Bye, Envelope, Hello, Message, Reading, Receipt, Report, Undecodable
from assets.telemetry.models import Device, Tracker
from assets.telemetry.pipeline import CLOCK_FLAGS, CLOCK_STEPS, NO_POSITION_FLAGS, Context, Refused, refine
from assets.telemetry.ranges import RangeSet

ACTOR = system_actor("ingest")
MOST_BOOTS_IN_A_HELLO = 32


@dataclass(frozen=True, slots=True)
class Parcel:
    """An envelope with what it turned out to be."""

    envelope: Envelope
    tracker: str | None
    content: Message | Undecodable


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one committed batch did; `answers` go out at once (a hello asked), `receipts` at most once a second."""

    receipts: tuple[Receipt, ...]
    answers: tuple[Receipt, ...]
    stored: int
    set_aside: int


class Ingest:
    """Takes batches. Every envelope of a batch that came back without an error is committed and may be acknowledged."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._kinds: dict[str, str] = {}

    def receive(self, batch: Sequence[Envelope], now: datetime) -> Outcome:
        """Stores a batch in one transaction: each sample is stored, known already, or set aside with its reason.

        Raises what the database raises; then nothing of the batch is stored and nothing may be acknowledged.
        """
        addresses = [topics.parse(envelope.topic) for envelope in batch]
        self._learn({address.tracker for address in addresses if isinstance(address, topics.Address)})
        parcels = [self._open(envelope, address) for envelope, address in zip(batch, addresses, strict=True)]
        with self._app.telemetry.transaction(ACTOR, now) as session:
            work = _Work(Store(session, self._app.settings.zone), now)
            work.open(parcels)
            work.date_boots(parcels)
            for parcel in parcels:
                work.take(parcel)
            return work.finish()

    def knows(self, tracker: str) -> bool:
        """Whether a tracker of this id exists."""
        self._learn({tracker})
        return tracker in self._kinds

    def _learn(self, trackers: set[str]) -> None:
        unknown = trackers - self._kinds.keys()
        if unknown:
            with self._app.reading() as session:
                found = session.execute(select(Tracker.id, Tracker.kind).where(Tracker.id.in_(unknown)))
                self._kinds.update((row.id, row.kind) for row in found)

    def _open(self, envelope: Envelope, address: topics.Address | str) -> Parcel:
        if isinstance(address, str):
            return Parcel(envelope, None, Undecodable(address, envelope.payload))
        kind = self._kinds.get(address.tracker)
        codec = codec_for(kind) if kind is not None else None
        if codec is None:
            return Parcel(envelope, None, Undecodable("no tracker of this id is known", envelope.payload))
        if len(envelope.payload) > topics.MAX_PAYLOAD_BYTES:
            too_large = f"larger than {topics.MAX_PAYLOAD_BYTES} bytes"
            return Parcel(envelope, address.tracker, Undecodable(too_large, envelope.payload))
        return Parcel(envelope, address.tracker, codec.decode(address.kind, envelope.payload))


class _Work:
    """One batch inside its transaction."""

    def __init__(self, store: Store, now: datetime) -> None:
        self._store = store
        self._now = now
        self._touched: dict[BootKey, BootState] = {}
        self._answered: dict[BootKey, BootState] = {}

    def open(self, parcels: Iterable[Parcel]) -> None:
        """Gets the rows of every device and boot that the batch speaks of."""
        keys: list[BootKey] = []
        trackers: list[str] = []
        for parcel in parcels:
            if parcel.tracker is not None:
                trackers.append(parcel.tracker)
                if isinstance(parcel.content, Report | Hello):
                    keys.append((parcel.tracker, parcel.content.life, parcel.content.boot))
        self._store.open(keys, trackers, self._now)

    def date_boots(self, parcels: Iterable[Parcel]) -> None:
        """Finds when each boot began before any sample is dated by it; what is stored already is dated anew."""
        better: dict[int, BootState] = {}
        for parcel in parcels:
            if parcel.tracker is not None and isinstance(parcel.content, Report):
                boot = self._store.boots[parcel.tracker, parcel.content.life, parcel.content.boot]
                context = Context(parcel.envelope.received_at)
                if boot.better_offset(_dated(reading, context) for reading in parcel.content.readings):
                    better[boot.id] = boot
        for boot in better.values():
            if boot.stored:
                self._store.date_again(boot)

    def take(self, parcel: Parcel) -> None:
        """Goes through one message."""
        content, tracker = parcel.content, parcel.tracker
        if isinstance(content, Undecodable) or tracker is None:
            reason = content.reason if isinstance(content, Undecodable) else "no tracker of this id is known"
            envelope = parcel.envelope
            self._set_aside(Aside(envelope.topic, reason, envelope.payload, envelope.received_at, tracker))
            return
        device = self._store.devices[tracker]
        device.heard_ms = max(device.heard_ms or 0, to_ms(parcel.envelope.received_at))
        if isinstance(content, Report):
            self._take_report(parcel.envelope, tracker, content)
        elif isinstance(content, Hello):
            self._take_hello(tracker, device, content)
        elif isinstance(content, Bye):
            if device.life == content.life and (device.boot, device.conn) == (content.boot, content.conn):
                device.online = False
        else:
            # Commands are not given yet, so nobody waits for a result: kept, as everything that cannot be used.
            envelope = parcel.envelope
            reason = "result of a command that was not given"
            self._set_aside(Aside(envelope.topic, reason, envelope.payload, envelope.received_at, tracker))

    def _set_aside(self, aside: Aside) -> None:
        self._store.set_aside(aside)
        if aside.tracker is not None:
            self._store.devices[aside.tracker].set_aside += 1

    def _take_report(self, envelope: Envelope, tracker: str, report: Report) -> None:
        key = (tracker, report.life, report.boot)
        boot = self._touched[key] = self._store.boots[key]
        context = Context(envelope.received_at, boot.offset_ms)
        prints = self._store.known_prints(boot, [reading.seq for reading in report.readings])
        stored: list[int] = []
        aside = [bad.seq for bad in report.bad if bad.seq is not None]
        for bad in report.bad:
            self._aside_sample(envelope, boot, bad.seq, bad.reason, bad.raw)
        for reading in report.readings:
            refined = refine(reading, context)
            if isinstance(refined, Refused):
                self._aside_sample(envelope, boot, reading.seq, refined.reason, _bytes(reading))
                aside.append(reading.seq)
            elif reading.seq not in prints:
                self._store_sample(envelope, boot, refined, report)
                stored.append(reading.seq)
            elif prints[reading.seq] != refined.digest:
                self._aside_sample(envelope, boot, reading.seq, "key reused", _bytes(reading))
        boot.take(RangeSet.of_numbers(stored), RangeSet.of_numbers(aside), live=report.live)
        if not report.live:
            self._note_beyond(boot, report)
        if report.gone:
            ceiling = max([boot.stored.highest, *(round(10 * r.up_s) + 1000 for r in report.readings)])
            boot.lose(report.gone, ceiling)

    @staticmethod
    def _note_beyond(boot: BootState, report: Report) -> None:
        """A known sample sent again out of no hurry also shows how far the tracker has got."""
        highest = max((reading.seq for reading in report.readings), default=-1)
        if highest in boot.stored:
            boot.beyond = max(boot.beyond, highest)

    def _store_sample(self, envelope: Envelope, boot: BootState, reading: Reading, report: Report) -> None:
        device = self._store.devices[boot.tracker]
        dated_by_up = reading.device_t is None or not CLOCK_FLAGS.isdisjoint(reading.flags)
        self._store.add(boot, reading, to_ms(envelope.received_at), dated_by_up=dated_by_up)
        device.stored += 1
        if not dated_by_up:
            _bring_up_to_date(device, reading)

    def _aside_sample(self, envelope: Envelope, boot: BootState, seq: int | None, reason: str, raw: bytes) -> None:
        self._set_aside(
            Aside(envelope.topic, reason, raw, envelope.received_at, boot.tracker, boot.life, boot.boot, seq)
        )

    def _take_hello(self, tracker: str, device: Device, hello: Hello) -> None:
        known = (device.boot or 0, device.conn or 0)
        if device.life != hello.life or (hello.boot, hello.conn) >= known:
            device.life, device.boot, device.conn, device.online = hello.life, hello.boot, hello.conn, True
            device.firmware, device.hardware = hello.firmware, hello.hardware
        boots = self._store.earlier_boots(tracker, hello.life, hello.boot)
        oldest = hello.oldest
        for boot in boots:
            if oldest is None or boot.boot < oldest[0]:
                # Nothing of it is held any more: what is not here by now never will be.
                boot.lose_rest(None)
            elif boot.boot == oldest[0]:
                boot.lose_rest(min(oldest[1], 10 * round(hello.up_s) + 1000) if boot.boot == hello.boot else oldest[1])
        spanned = [boot for boot in boots if oldest is not None and boot.boot >= oldest[0]] or boots[-1:]
        for boot in spanned[-MOST_BOOTS_IN_A_HELLO:]:
            self._answered[tracker, boot.life, boot.boot] = boot

    def finish(self) -> Outcome:
        """Writes everything; receipts are of what this transaction is about to commit."""
        now_s = self._now.timestamp()
        answers = tuple(boot.receipt(now_s) for boot in self._answered.values())
        receipts = tuple(boot.receipt(now_s) for key, boot in self._touched.items() if key not in self._answered)
        stored, set_aside = self._store.write()
        return Outcome(receipts, answers, stored, set_aside)


def _dated(reading: Reading, context: Context) -> Reading:
    refined = refine(reading, context, CLOCK_STEPS)
    return reading if isinstance(refined, Refused) else refined


def _bytes(reading: Reading) -> bytes:
    return msgspec.json.encode(reading)


def _bring_up_to_date(device: Device, reading: Reading) -> None:
    """The latest state follows event time: a late sample changes only what nothing newer has told."""
    if reading.event_ms is None:
        return
    if device.event_ms is None or reading.event_ms >= device.event_ms:
        device.event_ms = reading.event_ms
        device.ignition = reading.ignition
        device.speed_kmh = reading.speed_kmh
        device.heading_deg = reading.heading_deg
        device.vehicle_v = reading.vehicle_v
        device.battery_v = reading.battery_v
    placed = reading.lat is not None and NO_POSITION_FLAGS.isdisjoint(reading.flags)
    if placed and (device.position_ms is None or reading.event_ms >= device.position_ms):
        device.position_ms, device.lat, device.lon = reading.event_ms, reading.lat, reading.lon


def receive_http(app: App, tracker: str, body: bytes, now: datetime) -> dict[str, object]:
    """A hello or a report over HTTP: stored as from the broker, answered with its receipt (wire.md, Over HTTP).

    The door has checked the tracker's secret. `NotFound` for an unknown tracker, `InvalidInput` for a body that cannot
    be read (which is kept aside); what the database raises means that nothing was committed.
    """
    kind = "report" if _has_samples(body) else "hello"
    envelope = Envelope(f"{topics.PREFIX}/{tracker}/{kind}", body, now)
    address = topics.parse(envelope.topic)
    ingest = Ingest(app)
    if isinstance(address, str) or not ingest.knows(tracker):
        raise NotFound
    outcome = ingest.receive([envelope], now)
    receipts = [*outcome.answers, *outcome.receipts]
    if not receipts:
        raise InvalidInput(msg("The message cannot be read. It is kept aside, with the reason."))
    answer = receipts[-1].body()
    if len(receipts) > 1:
        answer["more"] = [receipt.body() for receipt in receipts[:-1]]
    return answer


class _Peek(msgspec.Struct):
    samples: msgspec.Raw | None = None
    seq: msgspec.Raw | None = None


def _has_samples(body: bytes) -> bool:
    try:
        peek = msgspec.json.decode(body, type=_Peek)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return True
    return peek.samples is not None or peek.seq is not None
