"""What was said: devices, boots, samples, what was set aside, and the marks of what is to be derived anew.

Moments in these tables are whole UNIX milliseconds: they are compared, subtracted and ordered by the million.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from assets.core.db import TelemetryBase, UtcDateTime
from assets.core.journal import Raw

Serial = BigInteger().with_variant(Integer, "sqlite")
"""A growing number; SQLite numbers rows by itself only under the name INTEGER."""


class Device(Raw, TelemetryBase):
    """One sender, and its latest state, so that no page has to look for it among the samples.

    Who changes a device's boots, samples or state locks its row and counts `version` up: ingest keeps both in memory
    and reads again only what another has changed.
    """

    __tablename__ = "device"

    id: Mapped[int] = mapped_column(primary_key=True)
    tracker_id: Mapped[str] = mapped_column(String(64), unique=True)
    version: Mapped[int] = mapped_column(Serial, default=0, server_default=text("0"))
    stored: Mapped[int] = mapped_column(Serial, default=0, server_default=text("0"))
    set_aside: Mapped[int] = mapped_column(Serial, default=0, server_default=text("0"))
    heard_ms: Mapped[int | None] = mapped_column(Serial)
    hello_ms: Mapped[int | None] = mapped_column(Serial)
    event_ms: Mapped[int | None] = mapped_column(Serial)
    ignition: Mapped[bool | None]
    speed_kmh: Mapped[float | None] = mapped_column(Float)
    heading_deg: Mapped[float | None] = mapped_column(Float)
    vehicle_v: Mapped[float | None] = mapped_column(Float)
    battery_v: Mapped[float | None] = mapped_column(Float)
    signal_dbm: Mapped[float | None] = mapped_column(Float)
    position_ms: Mapped[int | None] = mapped_column(Serial)
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    life: Mapped[str | None] = mapped_column(String(8))
    boot: Mapped[int | None] = mapped_column(Integer)
    conn: Mapped[int | None] = mapped_column(Integer)
    online: Mapped[bool | None]
    reset: Mapped[str | None] = mapped_column(String(120))
    firmware: Mapped[str | None] = mapped_column(String(120))
    hardware: Mapped[str | None] = mapped_column(String(120))


class Boot(Raw, TelemetryBase):
    """One start of one tracker, which of its numbers are stored, set aside, gone or given up, and when it began.

    The sets are JSON lists of inclusive ranges (`ranges.RangeSet`); `beyond` is the highest number committed out of a
    report in turn. `offset_ms` is the beginning as far as known: by its fixes (`offset_by` 1) or, without any, by the
    earliest that receipts allow (2). `fixes`: it holds samples with a usable clock of their own; `undated`: ones
    without. `clock_dirty`: what has come may move the beginning; samples from the number `settled_seq` on cannot
    (`clock.CLOCK_FIXES`).
    """

    __tablename__ = "boot"
    __table_args__ = (
        UniqueConstraint("device_id", "life", "boot"),
        Index(
            "ix_boot_clock_dirty",
            "id",
            sqlite_where=text("clock_dirty"),
            postgresql_where=text("clock_dirty"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("telemetry.device.id"))
    life: Mapped[str] = mapped_column(String(8))
    boot: Mapped[int] = mapped_column(Integer)
    stored: Mapped[str] = mapped_column(Text, default="[]")
    aside: Mapped[str] = mapped_column(Text, default="[]")
    gone: Mapped[str] = mapped_column(Text, default="[]")
    given_up: Mapped[str] = mapped_column(Text, default="[]")
    asked: Mapped[str] = mapped_column(Text, default="[]")
    beyond: Mapped[int] = mapped_column(Serial, default=-1)
    recovered: Mapped[int] = mapped_column(Serial, default=0)
    offset_ms: Mapped[int | None] = mapped_column(Serial)
    offset_by: Mapped[int | None] = mapped_column(SmallInteger)
    fixes: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    undated: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    clock_dirty: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    settled_seq: Mapped[int | None] = mapped_column(Serial)
    first_heard_ms: Mapped[int] = mapped_column(Serial)


class Sample(Raw, TelemetryBase):
    """One stored reading, known for ever by (boot, seq).

    `event_ms` is when it happened: `dated` says how that is known (0 the device's own clock, 1 its up time and the
    boot's beginning, 2 the same by times of receipt). `more` is JSON of what no rule reads: altitude, own battery,
    signal, temperature, the rest of the vehicle's bus.

    On PostgreSQL the table is cut by months of `event_ms`, which has to be in the key for it; that no (boot, seq) comes
    twice is kept by the boot's set of stored numbers, under the lock of its device. No foreign key: one look at the
    boot for each row would cost more than the row.
    """

    __tablename__ = "sample"
    __table_args__ = (
        Index("ix_sample_device_id_event_ms", "device_id", "event_ms"),
        {"sqlite_with_rowid": False, "postgresql_partition_by": "RANGE (event_ms)"},
    )

    boot_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=False)
    device_id: Mapped[int] = mapped_column(Integer)
    event_ms: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=False)
    dated: Mapped[int] = mapped_column(SmallInteger)
    received_ms: Mapped[int] = mapped_column(Serial)
    up_ms: Mapped[int] = mapped_column(Serial)
    device_t: Mapped[float | None] = mapped_column(Float)
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    speed_kmh: Mapped[float | None] = mapped_column(Float)
    heading_deg: Mapped[float | None] = mapped_column(Float)
    satellites: Mapped[int | None] = mapped_column(SmallInteger)
    hdop: Mapped[float | None] = mapped_column(Float)
    fix: Mapped[int | None] = mapped_column(SmallInteger)
    ignition: Mapped[bool | None]
    odometer_m: Mapped[float | None] = mapped_column(Float)
    engine_s: Mapped[float | None] = mapped_column(Float)
    vehicle_v: Mapped[float | None] = mapped_column(Float)
    can_odo_km: Mapped[float | None] = mapped_column(Float)
    events: Mapped[str | None] = mapped_column(Text)
    more: Mapped[str | None] = mapped_column(Text)
    flags: Mapped[str | None] = mapped_column(Text)


class SetAside(Raw, TelemetryBase):
    """What could not be stored: the bytes (at most 4 KiB), why, and how often they came."""

    __tablename__ = "set_aside"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(32), unique=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    last_received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tracker_id: Mapped[str | None] = mapped_column(String(64), index=True)
    topic: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(300))
    life: Mapped[str | None] = mapped_column(String(8))
    boot: Mapped[int | None] = mapped_column(Integer)
    seq: Mapped[int | None] = mapped_column(Serial)
    times: Mapped[int] = mapped_column(Integer, default=1)
    raw: Mapped[bytes] = mapped_column(LargeBinary)


class Occurrence(Raw, TelemetryBase):
    """A word of a stored sample that may be an alarm, until somebody has looked at it.

    `word` is one of the wire's event words or `key_reused`. The reader deletes it once what follows is committed in the
    main database; until then it comes again, so the reader must know (device, life, boot, seq, word) when it does.
    """

    __tablename__ = "occurrence"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    device_id: Mapped[int] = mapped_column(Integer)
    boot_id: Mapped[int] = mapped_column(Integer)
    seq: Mapped[int] = mapped_column(Serial)
    word: Mapped[str] = mapped_column(String(32))
    event_ms: Mapped[int] = mapped_column(Serial)
    dated: Mapped[int] = mapped_column(SmallInteger)
    received_ms: Mapped[int] = mapped_column(Serial)


class CommandResult(Raw, TelemetryBase):
    """What a tracker said became of a command, until the main database knows; the reader deletes it then."""

    __tablename__ = "command_result"
    __table_args__ = (UniqueConstraint("device_id", "command_id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    device_id: Mapped[int] = mapped_column(Integer)
    command_id: Mapped[str] = mapped_column(String(120))
    ok: Mapped[bool]
    why: Mapped[str | None] = mapped_column(String(120))
    received_ms: Mapped[int] = mapped_column(Serial)


class Dirty(Raw, TelemetryBase):
    """A stretch of one device's local day whose results no longer follow from its samples."""

    __tablename__ = "dirty"

    device_id: Mapped[int] = mapped_column(ForeignKey("telemetry.device.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    first_ms: Mapped[int] = mapped_column(Serial)
    last_ms: Mapped[int] = mapped_column(Serial)
    version: Mapped[int] = mapped_column(Serial, default=1)


class IngestStatus(Raw, TelemetryBase):
    """The pulse of ingest, one row: health is the age of the last commit and beat, never "connected"."""

    __tablename__ = "ingest_status"

    id: Mapped[int] = mapped_column(primary_key=True)
    pid: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_commit_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    backlog: Mapped[int] = mapped_column(Integer, default=0)
    messages: Mapped[int] = mapped_column(Serial, default=0)
