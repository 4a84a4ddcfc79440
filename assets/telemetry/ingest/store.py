"""One transaction of ingest: rows gathered while messages are gone through, written at its end in one go each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.telemetry.days import QUARTER_HOUR_MS, day_of
from assets.telemetry.ingest.boots import BootState
from assets.telemetry.ingest.devices import DeviceState
from assets.telemetry.ingest.engines import engine_of
from assets.telemetry.ingest.rows import DATED, EVENT_MS, RECEIVED_MS, Aside, Row, says_the_same
from assets.telemetry.marks import mark_dirty
from assets.telemetry.messages import Result
from assets.telemetry.topics import MAX_PAYLOAD_BYTES

T = TypeVar("T")
BootKey = tuple[str, str, int]
"""(tracker, life, boot)."""

TOPIC_LENGTH = 200
REASON_LENGTH = 300
KEYS_AT_ONCE = 500
MOST_REMEMBERED = 5000
"""Trackers whose state ingest keeps in memory; each takes a few kilobytes."""
MOST_BOOTS = 16

EVERYDAY_WORDS = frozenset({"ignition_on", "ignition_off", "moving", "stopped"})
"""Event words that nobody has to look at."""


class Memory:
    """Devices and boots as the last transaction left them; forgotten as a whole when one fails."""

    def __init__(self) -> None:
        self.devices: dict[str, DeviceState] = {}

    def forget(self) -> None:
        """Has everything read again."""
        self.devices.clear()


class Store:
    """Opens the devices and boots concerned (locked until the commit), gathers, and writes."""

    def __init__(self, session: Session, memory: Memory, zone: ZoneInfo) -> None:
        self._session = session
        self._engine = engine_of(session.connection())
        self._memory = memory
        self._zone = zone
        self.devices: dict[str, DeviceState] = {}
        self._rows: dict[tuple[int, int], Row] = {}
        self._found: dict[tuple[int, int], Row] = {}
        self._repeats: list[tuple[BootState, Row, Aside]] = []
        self._asides: dict[str, Aside] = {}
        self._dirty: dict[tuple[int, int], list[int]] = {}
        self._occurrences: list[tuple[Any, ...]] = []
        self._results: list[tuple[Any, ...]] = []

    def open(self, keys: Iterable[BootKey], trackers: Iterable[str], now_ms: int) -> None:
        """Gets or makes the rows of these trackers and boots, from memory where nobody else has changed them."""
        remembered = self._memory.devices
        if len(remembered) > MOST_REMEMBERED:
            remembered.clear()
        wanted = sorted(set(trackers))
        versions: dict[str, int] = {}
        for chunk in _chunks(wanted):
            versions.update((row[0], row[1]) for row in self._engine.lock(chunk))
        stale = [name for name in wanted if name not in remembered or remembered[name].version != versions.get(name)]
        for chunk in _chunks(stale):
            for number, name, version, *values in self._engine.devices(chunk):
                remembered[name] = DeviceState(number, name, version, *values)
        for name in wanted:
            device = self.devices[name] = remembered[name]
            if len(device.boots) > MOST_BOOTS:
                device.boots.clear()
        missing = sorted(
            (self.devices[tracker].id, life, boot)
            for tracker, life, boot in set(keys)
            if (life, boot) not in self.devices[tracker].boots
        )
        if missing:
            self._open_boots(missing, now_ms)

    def _open_boots(self, keys: list[tuple[int, str, int]], now_ms: int) -> None:
        by_number = {device.id: device for device in self.devices.values()}
        for chunk in _chunks(keys):
            for row in self._engine.boots(chunk, now_ms):
                self._adopt(by_number[row[1]], row)

    @staticmethod
    def _adopt(device: DeviceState, row: tuple[Any, ...]) -> BootState:
        """The state of a row of `boot`; one that is open already stays as it is."""
        state = BootState.opened(device.tracker, row)
        return device.boots.setdefault((state.life, state.boot), state)

    def earlier_boots(self, device: DeviceState, life: str, boot: int) -> list[BootState]:
        """The known boots of a life up to and with `boot`, oldest first."""
        return [self._adopt(device, row) for row in self._engine.boots_of_life(device.id, life, boot)]

    def add(self, device: DeviceState, row: Row, events: tuple[str, ...]) -> None:
        """Gathers a new sample."""
        boot_id, seq, event_ms = row[0], row[1], row[EVENT_MS]
        self._rows[boot_id, seq] = row
        device.stored += 1
        place = (device.id, event_ms // QUARTER_HOUR_MS)
        span = self._dirty.get(place)
        if span is None:
            self._dirty[place] = [event_ms, event_ms]
        elif event_ms < span[0]:
            span[0] = event_ms
        elif event_ms > span[1]:
            span[1] = event_ms
        for word in events:
            if word not in EVERYDAY_WORDS:
                self._occurrences.append((device.id, boot_id, seq, word, event_ms, row[DATED], row[RECEIVED_MS]))

    def find(self, keys: list[tuple[int, int]]) -> None:
        """Reads the samples under these (boot_id, seq), as far as they are stored, for `row_of`."""
        for chunk in _chunks(sorted(keys)):
            self._found.update(((row[0], row[1]), row) for row in self._engine.samples(chunk))

    def row_of(self, boot_id: int, seq: int) -> Row | None:
        """A sample that this transaction gathered or found."""
        return self._rows.get((boot_id, seq)) or self._found.get((boot_id, seq))

    def repeat(self, boot: BootState, row: Row, aside: Aside) -> None:
        """Gathers a sample whose key is taken: it changes nothing, unless it says something else."""
        self._repeats.append((boot, row, aside))

    def set_aside(self, aside: Aside) -> None:
        """Gathers something to set aside; the same again only counts."""
        self.note(aside)
        if aside.tracker is not None:
            self.devices[aside.tracker].set_aside += 1

    def note(self, aside: Aside) -> None:
        """The same for what is nothing wrong, and is not counted among what a tracker could not get stored."""
        aside.raw = aside.raw[:MAX_PAYLOAD_BYTES]
        mark = aside.print()
        if mark in self._asides:
            self._asides[mark].times += 1
        else:
            self._asides[mark] = aside

    def add_result(self, device: DeviceState, result: Result, received_ms: int) -> None:
        """Gathers what became of a command."""
        self._results.append((device.id, result.command_id, result.ok, result.why, received_ms))

    def write(self) -> tuple[int, int]:
        """Writes what was gathered; (samples stored, things set aside)."""
        self._judge_repeats()
        engine = self._engine
        engine.put_devices([(device.id, *device.values()) for device in self.devices.values()])
        for device in self.devices.values():
            device.version += 1
        changed = [
            boot for device in self.devices.values() for boot in device.boots.values() if boot.changed
        ]  # fmt: skip
        engine.put_boots([(boot.id, *boot.values()) for boot in changed])
        for boot in changed:
            boot.changed = False
        engine.add_samples(list(self._rows.values()))
        self._write_asides()
        self._write_dirty()
        engine.add_occurrences(self._occurrences)
        engine.add_results(self._results)
        return len(self._rows), sum(aside.times for aside in self._asides.values())

    def _judge_repeats(self) -> None:
        """Compares samples sent again with what is stored, in one look for all of them."""
        unknown = {(row[0], row[1]) for _, row, _ in self._repeats} - self._rows.keys()
        known: dict[tuple[int, int], Row] = {}
        for chunk in _chunks(sorted(unknown)):
            known.update(((row[0], row[1]), row) for row in self._engine.samples(chunk))
        for boot, row, aside in self._repeats:
            stored = self._rows.get((row[0], row[1])) or known.get((row[0], row[1]))
            if stored is not None and not says_the_same(stored, row):
                self.set_aside(aside)
                self._occurrences.append(
                    (boot.device_id, boot.id, row[1], "key_reused", stored[EVENT_MS], stored[DATED], aside.received_ms)
                )

    def _write_asides(self) -> None:
        rows = []
        for mark, aside in self._asides.items():
            received_at = datetime.fromtimestamp(aside.received_ms / 1000, UTC)
            topic = aside.topic.replace("\0", "")[:TOPIC_LENGTH]
            reason = aside.reason.replace("\0", "")[:REASON_LENGTH]
            rows.append(
                (mark, received_at, received_at, aside.tracker, topic, reason, aside.life, aside.boot, aside.seq,
                 aside.times, aside.raw)
            )  # fmt: skip
        self._engine.set_aside(rows)

    def _write_dirty(self) -> None:
        days: dict[tuple[int, date], list[int]] = {}
        for (device_id, _), (first_ms, last_ms) in self._dirty.items():
            span = days.setdefault((device_id, day_of(first_ms, self._zone)), [first_ms, last_ms])
            span[0], span[1] = min(span[0], first_ms), max(span[1], last_ms)
        mark_dirty(self._session, sorted((device, day, span[0], span[1]) for (device, day), span in days.items()))


def _chunks(items: list[T]) -> Iterable[list[T]]:
    return (items[start : start + KEYS_AT_ONCE] for start in range(0, len(items), KEYS_AT_ONCE))
