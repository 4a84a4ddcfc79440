"""Guests in a batch: which tracker each message is of, and how readings are kept that nobody has numbered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import select

from assets.core.app import App
from assets.telemetry import topics
from assets.telemetry.codecs import GUEST_CODECS
from assets.telemetry.codecs.guest import BOOT, LIFE, GuestReport, Reported, seq_of
from assets.telemetry.ingest.devices import DeviceState
from assets.telemetry.ingest.rows import EVENT_MS, Aside, Row, is_placed, sample_row, says_the_same
from assets.telemetry.ingest.store import Store
from assets.telemetry.messages import Envelope, Undecodable
from assets.telemetry.models import GuestBinding, Tracker
from assets.telemetry.pipeline import OWN_CLOCK, Context, refine
from assets.telemetry.silence import Silence

NOT_BOUND = "the device is not bound to this login"
REVOKED = "the tracker was revoked"
PLAIN = "tells no position, and is only counted"
LATEST_CONNECTION_S = 2**31 - 1
_KEY_BYTES = 64

Content = GuestReport | Undecodable
Opened = tuple[Envelope, str | None, Content]
"""A message or a part of it, the tracker that it is of, and what it says."""


class Guests:
    """Opens messages of guests; asks once for each batch whose they are."""

    def __init__(self, app: App, silence: Silence) -> None:
        self._app = app
        self._silence = silence

    def open(self, messages: Sequence[tuple[Envelope, topics.GuestAddress]]) -> list[Opened]:
        """Each message under its tracker; one of a Traccar server that tells of another's device is of none."""
        if not messages:
            return []
        decoded = [(envelope, address, _decode(envelope, address)) for envelope, address in messages]
        known = self._bound({source for _, address, content in decoded for source in _sources(address, content)})
        return [part for each in decoded for part in self._parts(*each, known)]

    def _parts(
        self, envelope: Envelope, address: topics.GuestAddress, content: Content, known: Mapping[str, tuple[str, bool]]
    ) -> Iterable[Opened]:
        if address.format == "traccar" and (isinstance(content, Undecodable) or not content.readings):
            yield self._of_nobody(envelope, address, content)
            return
        for source in _sources(address, content):
            tracker, is_revoked = known.get(source, (None, False))
            if is_revoked and not envelope.payload:
                # We took away what it left at the broker, and are told so.
                continue
            if tracker is None or is_revoked:
                yield envelope, tracker, Undecodable(REVOKED if is_revoked else NOT_BOUND, envelope.payload)
            else:
                yield envelope, tracker, content

    def _of_nobody(self, envelope: Envelope, address: topics.GuestAddress, content: Content) -> Opened:
        """A message of a server that names no device: it may tell where any of its silent ones is."""
        with self._app.reading() as session:
            trackers = session.scalars(
                select(GuestBinding.tracker_id).where(
                    GuestBinding.source.startswith(topics.source_of_device(address.source, ""), autoescape=True)
                )
            ).all()
        if any(self._silence.hides(tracker, envelope.payload, envelope.received_ms) for tracker in trackers):
            envelope = msgspec.structs.replace(envelope, payload=b"")
        reason = content.reason if isinstance(content, Undecodable) else f"{', '.join(content.plain)}: {PLAIN}"
        return envelope, None, Undecodable(reason, envelope.payload)

    def _bound(self, sources: set[str]) -> dict[str, tuple[str, bool]]:
        """By source the tracker that is bound to it, and whether that was revoked."""
        wanted = sorted(sources)
        with self._app.reading() as session:
            rows = [
                row
                for start in range(0, len(wanted), 500)
                for row in session.execute(
                    select(GuestBinding.source, Tracker.id, Tracker.revoked_at)
                    .join(Tracker, Tracker.id == GuestBinding.tracker_id)
                    .where(GuestBinding.source.in_(wanted[start : start + 500]))
                )
            ]
        return {row.source: (row.id, row.revoked_at is not None) for row in rows}


def _decode(envelope: Envelope, address: topics.GuestAddress) -> Content:
    if len(envelope.payload) > topics.MAX_GUEST_PAYLOAD_BYTES:
        return Undecodable(f"larger than {topics.MAX_GUEST_PAYLOAD_BYTES} bytes", envelope.payload)
    return GUEST_CODECS[address.format](address.kind, envelope.payload)


def _sources(address: topics.GuestAddress, content: Content) -> list[str]:
    """As bindings name where a message comes from; a server's message is of one device."""
    if address.format != "traccar":
        return [address.source]
    readings = content.readings if isinstance(content, GuestReport) else ()
    return [topics.source_of_device(address.source, each.device or "") for each in readings]


class GuestWork:
    """Messages of guests inside the transaction of a batch."""

    def __init__(self, store: Store, silence: Silence, secret_key: bytes) -> None:
        self._store = store
        self._silence = silence
        self._key = secret_key[:_KEY_BYTES]

    def open(self, reports: Iterable[tuple[str, GuestReport]]) -> None:
        """Looks up at once which of these readings are stored already."""
        keys: dict[int, set[int]] = defaultdict(set)
        for tracker, report in reports:
            boot = self._store.devices[tracker].boots[LIFE, BOOT]
            keys[boot.id] |= {seq_of(each.reading, self._key) for each in report.readings}
        self._store.find([(boot_id, seq) for boot_id, seqs in keys.items() for seq in seqs])

    def take(self, envelope: Envelope, device: DeviceState, report: GuestReport) -> None:
        """Stores what is new; the same reading again changes nothing, whoever sends it (a broker retains for ever)."""
        context = Context(envelope.received_ms, silent=self._silence.windows_of(device.tracker))
        for each in report.readings:
            self._take(envelope, device, each, context)
        for bad in report.bad:
            self._set_aside(envelope, device, bad.reason, bad.raw)
        for word in report.plain:
            # Their content is not kept: cards hold pictures of persons, waypoints their homes.
            raw = word.encode()
            self._store.note(Aside(envelope.topic, f"{word}: {PLAIN}", raw, envelope.received_ms, device.tracker))
        if report.ended_s is not None and report.ended_s <= LATEST_CONNECTION_S:
            device.lose(round(report.ended_s))

    def _take(self, envelope: Envelope, device: DeviceState, reported: Reported, context: Context) -> None:
        reading, boot = reported.reading, device.boots[LIFE, BOOT]
        # A guest numbers nothing, so no number can be too high.
        verdict = refine(0, reading, context)
        row = self._free_place(sample_row(boot, seq_of(reading, self._key), reading, verdict, envelope.received_ms))
        if row is None:
            return
        if verdict.dated == OWN_CLOCK:
            device.bring_up_to_date(reading, verdict.event_ms, placed=is_placed(reading, verdict))
        # What was retained or kept back tells that the device was there then, not now.
        device.hear(min(envelope.received_ms, row[EVENT_MS]))
        device.come_back()
        self._store.add(device, row, reading.events)

    def _free_place(self, row: Row) -> Row | None:
        """The row under the first number from its own on that is free; None where it is stored already."""
        while (stored := self._store.row_of(row[0], row[1])) is not None:
            if says_the_same(stored, row):
                return None
            row = (row[0], row[1] + 1, *row[2:])
            self._store.find([(row[0], row[1])])
        return row

    def _set_aside(self, envelope: Envelope, device: DeviceState, reason: str, raw: bytes) -> None:
        if self._silence.hides(device.tracker, raw, envelope.received_ms):
            raw = b""
        self._store.set_aside(Aside(envelope.topic, reason, raw, envelope.received_ms, device.tracker))
