"""Ingest: a batch of envelopes is understood, judged and stored in one transaction; then it may be acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import select

from assets.core.actor import system_actor
from assets.core.app import App
from assets.telemetry import topics
from assets.telemetry.clock import beginning_ms
from assets.telemetry.codecs import codec_for
from assets.telemetry.codecs.guest import BOOT, LIFE, GuestReport
from assets.telemetry.days import to_ms
from assets.telemetry.ingest.boots import BootState
from assets.telemetry.ingest.devices import DeviceState
from assets.telemetry.ingest.guests import Guests, GuestWork
from assets.telemetry.ingest.rows import UP_MS, Aside, Row, aside_of, is_placed, sample_row
from assets.telemetry.ingest.store import BootKey, Memory, Store
from assets.telemetry.messages import Bye, Envelope, Hello, Message, Reading, Receipt, Report, Undecodable
from assets.telemetry.models import Tracker
from assets.telemetry.pipeline import (
    EARLIEST_S,
    FUTURE_TOLERANCE_S,
    OWN_CLOCK,
    UP_TIME,
    Context,
    own_clock_ms,
    refine,
)
from assets.telemetry.ranges import RangeSet
from assets.telemetry.silence import Silence

ACTOR = system_actor("ingest")
MOST_BOOTS_IN_A_HELLO = 32
NONE = RangeSet()
MOST_UP_S = 1e9
MOST_TOPICS = 20_000
"""Topics whose meaning is remembered; forgotten as a whole beyond (nobody has so many trackers)."""


@dataclass(slots=True)
class Parcel:
    """An envelope with what it turned out to be."""

    envelope: Envelope
    tracker: str | None
    content: Message | GuestReport | Undecodable


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
        self._addresses: dict[str, topics.Address | topics.GuestAddress | str] = {}
        self._memory = Memory()
        self._silence = Silence(app)
        self._guests = Guests(app, self._silence)

    def receive(self, batch: Sequence[Envelope], now: datetime) -> Outcome:
        """Stores a batch in one transaction: each sample is stored, known already, or set aside with its reason.

        Raises what the database raises; then nothing of the batch is stored and nothing may be acknowledged.
        """
        addresses = [self._address(envelope.topic) for envelope in batch]
        self._learn({address.tracker for address in addresses if isinstance(address, topics.Address)})
        ours, theirs = [], []
        for envelope, address in zip(batch, addresses, strict=True):
            if isinstance(address, topics.GuestAddress):
                theirs.append((envelope, address))
            else:
                ours.append(self._open(envelope, address))
        return self._store([*ours, *(Parcel(*each) for each in self._guests.open(theirs))], now)

    def _store(self, parcels: Sequence[Parcel], now: datetime) -> Outcome:
        sweep = self._silence.refresh()
        try:
            with self._app.telemetry.transaction(ACTOR, now) as session:
                if sweep:
                    self._silence.sweep(session)
                store = Store(session, self._memory, self._app.settings.zone)
                guests = GuestWork(store, self._silence, self._app.secret_key)
                work = _Work(store, guests, self._silence, now)
                work.open(parcels)
                for parcel in parcels:
                    work.take(parcel)
                return work.finish()
        except BaseException:
            self._memory.forget()
            raise

    def set_aside_whole(self, envelope: Envelope, reason: str, now: datetime) -> None:
        """Sets one envelope aside unread, in a transaction of its own: what no batch can be stored with."""
        address, tracker = self._address(envelope.topic), None
        if isinstance(address, topics.GuestAddress):
            envelope, tracker = next(((e, t) for e, t, _ in self._guests.open([(envelope, address)])), (envelope, None))
        elif isinstance(address, topics.Address) and self.knows(address.tracker):
            tracker = address.tracker
        self._store([Parcel(envelope, tracker, Undecodable(reason, envelope.payload))], now)

    def keep_silence(self, now: datetime) -> None:
        """Takes places out of what is stored where a silent window is new, though nothing comes."""
        self._silence.run_once(now)

    def knows(self, tracker: str) -> bool:
        """Whether a tracker of this id exists."""
        self._learn({tracker})
        return tracker in self._kinds

    def _address(self, topic: str) -> topics.Address | topics.GuestAddress | str:
        found = self._addresses.get(topic)
        if found is None:
            if len(self._addresses) > MOST_TOPICS:
                self._addresses.clear()
            found = self._addresses[topic] = topics.parse(topic)
        return found

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
        decode = codec_for(kind) if kind is not None else None
        if kind is None:
            return Parcel(envelope, None, Undecodable("no tracker of this id is known", envelope.payload))
        if decode is None:
            wrong = "the tracker is a guest, with a topic of its own format"
            return Parcel(envelope, address.tracker, Undecodable(wrong, envelope.payload))
        if len(envelope.payload) > topics.MAX_PAYLOAD_BYTES:
            too_large = f"larger than {topics.MAX_PAYLOAD_BYTES} bytes"
            return Parcel(envelope, address.tracker, Undecodable(too_large, envelope.payload))
        return Parcel(envelope, address.tracker, decode(address.kind, envelope.payload))


class _Work:
    """One batch inside its transaction."""

    def __init__(self, store: Store, guests: GuestWork, silence: Silence, now: datetime) -> None:
        self._store = store
        self._guests = guests
        self._silence = silence
        self._now = now
        self._touched: dict[BootKey, BootState] = {}
        self._answered: dict[BootKey, BootState] = {}

    def open(self, parcels: Sequence[Parcel]) -> None:
        """Gets the rows of every device and boot that the batch speaks of."""
        keys: set[BootKey] = set()
        trackers: set[str] = set()
        guests: list[tuple[str, GuestReport]] = []
        for parcel in parcels:
            tracker, content = parcel.tracker, parcel.content
            if tracker is not None:
                trackers.add(tracker)
                if isinstance(content, Report | Hello):
                    keys.add((tracker, content.life, content.boot))
                elif isinstance(content, GuestReport):
                    keys.add((tracker, LIFE, BOOT))
                    guests.append((tracker, content))
        self._store.open(keys, trackers, to_ms(self._now))
        self._guests.open(guests)

    def take(self, parcel: Parcel) -> None:
        """Goes through one message."""
        content, tracker, envelope = parcel.content, parcel.tracker, parcel.envelope
        if isinstance(content, Undecodable) or tracker is None:
            reason = content.reason if isinstance(content, Undecodable) else "no tracker of this id is known"
            self._set_aside(Aside(envelope.topic, reason, envelope.payload, envelope.received_ms, tracker))
            return
        device = self._store.devices[tracker]
        if isinstance(content, GuestReport):
            self._guests.take(envelope, device, content)
            return
        device.hear(envelope.received_ms)
        if isinstance(content, Report):
            self._take_report(envelope, device, content)
        elif isinstance(content, Hello):
            self._take_hello(device, content, envelope.received_ms)
        elif isinstance(content, Bye):
            device.part(content)
        else:
            self._store.add_result(device, content, envelope.received_ms)

    def _set_aside(self, aside: Aside) -> None:
        """Sets aside; of what may tell a place in a silent window the reason only."""
        if self._silence.hides(aside.tracker, aside.raw, aside.received_ms):
            aside.raw = b""
        self._store.set_aside(aside)

    def _take_report(self, envelope: Envelope, device: DeviceState, report: Report) -> None:
        boot = device.boots[report.life, report.boot]
        self._touched[device.tracker, report.life, report.boot] = boot
        received_ms = envelope.received_ms
        _begin(boot, report, received_ms)
        stored: list[int] = []
        aside = _believable(boot, report)
        for bad in report.bad:
            self._set_aside(aside_of(envelope, boot, bad.seq, bad.reason, bad.raw))
        here = boot.stored
        highest = here.highest
        context = Context(received_ms, boot.offset_ms, boot.offset_by, self._silence.windows_of(device.tracker))
        for seq, reading in enumerate(report.readings, report.first_seq):
            if reading is None:
                continue
            verdict = refine(seq, reading, context)
            if verdict.refused is not None:
                # Its number counts for nothing: named in a receipt it would permit the erasing of what never came.
                self._set_aside(aside_of(envelope, boot, seq, verdict.refused, _bytes(reading)))
                continue
            row = sample_row(boot, seq, reading, verdict, received_ms)
            if seq <= highest and seq in here:
                self._repeat(envelope, boot, seq, row, reading)
                if not report.live:
                    boot.pass_by(seq)
                continue
            if verdict.dated == OWN_CLOCK:
                device.bring_up_to_date(reading, verdict.event_ms, placed=is_placed(reading, verdict))
            boot.note_dating(seq, verdict.dated, row[UP_MS], received_ms)
            context.offset_ms = boot.offset_ms
            self._store.add(device, row, reading.events)
            stored.append(seq)
        boot.take(RangeSet.of_numbers(stored), RangeSet.of_numbers(aside) if aside else NONE, live=report.live)
        if report.gone:
            # Nobody takes more samples than ten a second: a claim beyond that names numbers that never were.
            ceiling = max(
                boot.stored.highest, *(round(10 * r.up_s) + 1000 for r in report.readings if r is not None), -1
            )
            boot.lose(report.gone, ceiling)

    def _repeat(self, envelope: Envelope, boot: BootState, seq: int, row: Row, reading: Reading) -> None:
        """Has a sample whose key is taken compared with what is stored."""
        aside = aside_of(envelope, boot, seq, "key reused", _bytes(reading))
        if self._silence.hides(boot.tracker, aside.raw, envelope.received_ms):
            aside.raw = b""
        self._store.repeat(boot, row, aside)

    def _take_hello(self, device: DeviceState, hello: Hello, received_ms: int) -> None:
        device.greet(hello, received_ms)
        boots = self._store.earlier_boots(device, hello.life, hello.boot)
        oldest = hello.oldest
        for boot in boots:
            if oldest is None or boot.boot < oldest[0]:
                # Nothing of it is held any more: what is not here by now never will be.
                boot.lose_rest(None)
            elif boot.boot == oldest[0]:
                boot.lose_rest(min(oldest[1], 10 * round(hello.up_s) + 1000) if boot.boot == hello.boot else oldest[1])
        spanned = [boot for boot in boots if oldest is not None and boot.boot >= oldest[0]] or boots[-1:]
        for boot in spanned[-MOST_BOOTS_IN_A_HELLO:]:
            self._answered[device.tracker, boot.life, boot.boot] = boot

    def finish(self) -> Outcome:
        """Writes everything; receipts are of what this transaction is about to commit."""
        now_s = self._now.timestamp()
        answers = tuple(boot.receipt(now_s) for boot in self._answered.values())
        receipts = tuple(boot.receipt(now_s) for key, boot in self._touched.items() if key not in self._answered)
        stored, set_aside = self._store.write()
        return Outcome(receipts, answers, stored, set_aside)


class _Up(msgspec.Struct):
    """All that is asked of a sample that could not be read."""

    up: float = 0.0


_read_up = msgspec.json.Decoder(_Up).decode


def _believable(boot: BootState, report: Report) -> list[int]:
    """The numbers of unreadable samples that this boot can have reached: only they are as good as had.

    One that says nothing of its up time may follow what is stored by a thousand.
    """
    reached = boot.stored.highest + 1000
    numbers = []
    for bad in report.bad:
        if bad.seq is None:
            continue
        try:
            up_s = _read_up(bad.raw).up
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            up_s = 0.0
        if bad.seq <= max(reached, 10 * up_s + 1000 if up_s <= MOST_UP_S else 0):
            numbers.append(bad.seq)
    return numbers


def _begin(boot: BootState, report: Report, received_ms: int) -> None:
    """Lets the fixes of a report tell when its boot began, where something in it has no time of its own."""
    if boot.offset_by == UP_TIME:
        return
    latest_s = received_ms / 1000 + FUTURE_TOLERANCE_S
    if all(r is None or (r.device_t is not None and EARLIEST_S <= r.device_t <= latest_s) for r in report.readings):
        return
    fixes = [
        (event_ms, round(reading.up_s * 1000))
        for reading in report.readings
        if reading is not None and (event_ms := own_clock_ms(reading, received_ms)) is not None
    ]
    began_ms = beginning_ms(fixes)
    if began_ms is not None:
        boot.begin_at(began_ms)


def _bytes(reading: Reading) -> bytes:
    return msgspec.json.encode(reading)
