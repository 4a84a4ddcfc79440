"""One transaction of ingest: rows gathered while messages are gone through, written at its end in one go each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Table, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from assets.telemetry.days import days_between, to_ms
from assets.telemetry.ingest.boots import BootState, read_asks
from assets.telemetry.marks import mark_dirty
from assets.telemetry.messages import Reading
from assets.telemetry.models import Boot, Device, Sample, SetAside
from assets.telemetry.ranges import RangeSet
from assets.telemetry.topics import MAX_PAYLOAD_BYTES

T = TypeVar("T")
BootKey = tuple[str, str, int]
TOPIC_LENGTH = 200
REASON_LENGTH = 300
SAMPLE_COLUMNS = tuple(column.name for column in Sample.__table__.columns)


@dataclass(slots=True)
class Aside:
    """One thing to set aside."""

    topic: str
    reason: str
    raw: bytes
    received_at: datetime
    tracker: str | None = None
    life: str | None = None
    boot: int | None = None
    seq: int | None = None
    times: int = 1

    def print(self) -> str:
        """The same bytes for the same place on the same topic have the same print."""
        place = f"{self.topic}\n{self.life}\n{self.boot}\n{self.seq}\n".encode()
        return blake2b(place + self.raw, digest_size=16).hexdigest()


class Store:
    """Opens the rows of the devices and boots concerned (locked until the commit), gathers, and writes."""

    def __init__(self, session: Session, zone: ZoneInfo) -> None:
        self._session = session
        self._zone = zone
        self._dialect = session.get_bind().dialect.name
        self.devices: dict[str, Device] = {}
        self.boots: dict[BootKey, BootState] = {}
        self._rows: list[tuple[object, ...]] = []
        self._new: dict[int, dict[int, int]] = {}
        self._asides: dict[str, Aside] = {}
        self._dirty: dict[tuple[int, object], list[int]] = {}

    def open(self, keys: Iterable[BootKey], trackers: Iterable[str], now: datetime) -> None:
        """Gets or makes the rows; devices are locked in one order, which also keeps their boots to this transaction."""
        wanted = sorted(set(trackers))
        self._ignore_existing(Device, [{"tracker_id": tracker} for tracker in wanted])
        for chunk in _chunks(wanted, 500):
            found = select(Device).where(Device.tracker_id.in_(chunk)).order_by(Device.tracker_id).with_for_update()
            self.devices.update({device.tracker_id: device for device in self._session.scalars(found)})
        places = sorted(set(keys))
        fresh = [
            {
                "device_id": self.devices[tracker].id,
                "life": life,
                "boot": boot,
                "stored": "[]",
                "aside": "[]",
                "gone": "[]",
                "given_up": "[]",
                "asked": "[]",
                "beyond": -1,
                "recovered": 0,
                "first_heard_ms": to_ms(now),
            }
            for tracker, life, boot in places
        ]
        self._ignore_existing(Boot, fresh)
        for part in _chunks(places, 200):
            conditions = [
                and_(Boot.device_id == self.devices[tracker].id, Boot.life == life, Boot.boot == boot)
                for tracker, life, boot in part
            ]
            self.adopt(self._session.scalars(select(Boot).where(or_(*conditions))))

    def _ignore_existing(self, model: type[Device | Boot], rows: list[dict[str, object]]) -> None:
        if rows:
            make = sqlite_insert if self._dialect == "sqlite" else postgresql_insert
            self._session.execute(make(_table(model)).on_conflict_do_nothing(), rows)

    def adopt(self, rows: Iterable[Boot]) -> list[BootState]:
        """The states of rows of `boot`; one that is open already stays as it is."""
        names = {device.id: tracker for tracker, device in self.devices.items()}
        states = []
        for row in rows:
            key = (names[row.device_id], row.life, row.boot)
            if key not in self.boots:
                self.boots[key] = BootState(
                    row.id,
                    row.device_id,
                    key[0],
                    row.life,
                    row.boot,
                    RangeSet.loads(row.stored),
                    RangeSet.loads(row.aside),
                    RangeSet.loads(row.gone),
                    RangeSet.loads(row.given_up),
                    read_asks(row.asked),
                    row.beyond,
                    row.recovered,
                    row.offset_ms,
                    row.offset_seq,
                )
            states.append(self.boots[key])
        return states

    def earlier_boots(self, tracker: str, life: str, boot: int) -> list[BootState]:
        """The known boots of a life up to and with `boot`, oldest first."""
        device = self.devices[tracker]
        found = (
            select(Boot).where(Boot.device_id == device.id, Boot.life == life, Boot.boot <= boot).order_by(Boot.boot)
        )
        return self.adopt(self._session.scalars(found))

    def known_prints(self, boot: BootState, seqs: list[int]) -> dict[int, int]:
        """The prints of those of `seqs` that are stored already, in the database or by this transaction."""
        known = {seq: mark for seq, mark in self._new.get(boot.id, {}).items() if seq in set(seqs)}
        stored = [seq for seq in seqs if seq in boot.stored and seq not in known]
        for chunk in _chunks(stored, 500):
            found = select(Sample.seq, Sample.digest).where(Sample.boot_id == boot.id, Sample.seq.in_(chunk))
            known.update((row.seq, row.digest) for row in self._session.execute(found))
        return known

    def add(self, boot: BootState, reading: Reading, received_ms: int, *, dated_by_up: bool) -> None:
        """Gathers a new sample."""
        self._new.setdefault(boot.id, {})[reading.seq] = reading.digest
        self._rows.append(_row(boot, reading, received_ms, dated_by_up=dated_by_up))
        if reading.event_ms is not None:
            self.touch(boot.device_id, reading.event_ms, reading.event_ms)

    def set_aside(self, aside: Aside) -> None:
        """Gathers something to set aside; the same again only counts."""
        aside.raw = aside.raw[:MAX_PAYLOAD_BYTES]
        mark = aside.print()
        if mark in self._asides:
            self._asides[mark].times += 1
        else:
            self._asides[mark] = aside

    def touch(self, device_id: int, first_ms: int, last_ms: int) -> None:
        """Notes that results between two moments no longer follow from the samples."""
        for day in days_between(first_ms, last_ms, self._zone):
            span = self._dirty.setdefault((device_id, day), [first_ms, last_ms])
            span[0] = min(span[0], first_ms)
            span[1] = max(span[1], last_ms)

    def date_again(self, boot: BootState) -> None:
        """Dates stored samples without a usable clock by the boot's new beginning."""
        undated = and_(Sample.boot_id == boot.id, Sample.dated_by_up)
        ends = (func.min(Sample.event_ms), func.max(Sample.event_ms), func.min(Sample.up_ms), func.max(Sample.up_ms))
        found: tuple[int | None, ...] = tuple(self._session.execute(select(*ends).where(undated)).one())
        low, high, low_up, high_up = found
        if boot.offset_ms is None or low_up is None or high_up is None:
            return
        if low is not None and high is not None:
            self.touch(boot.device_id, low, high)
        self.touch(boot.device_id, boot.offset_ms + low_up, boot.offset_ms + high_up)
        again = update(_table(Sample)).where(undated).values(event_ms=boot.offset_ms + Sample.up_ms)
        self._session.execute(again)

    def write(self) -> tuple[int, int]:
        """Writes what was gathered; (samples stored, things set aside)."""
        self._session.flush()
        self._write_samples()
        self._write_asides()
        self._write_dirty()
        changed = [state.values() for state in self.boots.values() if state.changed]
        if changed:
            table = _table(Boot)
            names = [name for name in changed[0] if name != "id"]
            statement = update(table).where(table.c.id == bindparam("row_id"))
            rows = [{**values, "row_id": values["id"]} for values in changed]
            self._session.connection().execute(
                statement.values({name: bindparam(f"new_{name}") for name in names}),
                [{"row_id": row["row_id"], **{f"new_{name}": row[name] for name in names}} for row in rows],
            )
        return len(self._rows), sum(aside.times for aside in self._asides.values())

    def _write_samples(self) -> None:
        if not self._rows:
            return
        mark = "?" if self._dialect == "sqlite" else "%s"
        name = "sample" if self._dialect == "sqlite" else "telemetry.sample"
        columns = ", ".join(f'"{column}"' for column in SAMPLE_COLUMNS)
        marks = ", ".join([mark] * len(SAMPLE_COLUMNS))
        # Tuples straight to the driver: three times as fast as statements with named values. Names are our own.
        statement = f"INSERT INTO {name} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608  (no value is in it)
        self._session.connection().exec_driver_sql(statement, self._rows)

    def _write_asides(self) -> None:
        if not self._asides:
            return
        make = sqlite_insert if self._dialect == "sqlite" else postgresql_insert
        table = _table(SetAside)
        statement = make(table)
        statement = statement.on_conflict_do_update(
            index_elements=["digest"],
            set_={
                "times": table.c.times + statement.excluded.times,
                "last_received_at": statement.excluded.last_received_at,
            },
        )
        self._session.execute(
            statement,
            [
                {
                    "digest": mark,
                    "received_at": aside.received_at,
                    "last_received_at": aside.received_at,
                    "tracker_id": aside.tracker,
                    "topic": aside.topic.replace("\0", "")[:TOPIC_LENGTH],
                    "reason": aside.reason.replace("\0", "")[:REASON_LENGTH],
                    "life": aside.life,
                    "boot": aside.boot,
                    "seq": aside.seq,
                    "times": aside.times,
                    "raw": aside.raw,
                }
                for mark, aside in self._asides.items()
            ],
        )

    def _write_dirty(self) -> None:
        mark_dirty(
            self._session,
            [
                {"device_id": device_id, "day": day, "first_ms": span[0], "last_ms": span[1]}
                for (device_id, day), span in sorted(self._dirty.items(), key=lambda item: str(item[0]))
            ],
        )


def _row(boot: BootState, reading: Reading, received_ms: int, *, dated_by_up: bool) -> tuple[object, ...]:
    """A sample's values in the order of `SAMPLE_COLUMNS`."""
    return (
        boot.id,
        reading.seq,
        boot.device_id,
        reading.event_ms,
        dated_by_up,
        received_ms,
        round(reading.up_s * 1000),
        reading.device_t,
        reading.digest,
        reading.lat,
        reading.lon,
        reading.alt_m,
        reading.speed_kmh,
        reading.heading_deg,
        reading.satellites,
        reading.hdop,
        reading.fix,
        reading.ignition,
        reading.odometer_m,
        reading.engine_s,
        reading.vehicle_v,
        reading.battery_v,
        reading.signal_dbm,
        reading.temperature_c,
        ",".join(reading.events) or None,
        None if reading.can is None else msgspec.json.encode(reading.can).decode(),
        ",".join(reading.flags) or None,
    )


def _table(model: type[Boot | Device | Sample | SetAside]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101  (mapped to a table, never a join; tells mypy so)
    return table


def _chunks(items: list[T], size: int) -> Iterable[list[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
