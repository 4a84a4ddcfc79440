"""What was said: devices, boots, samples, what was set aside, and the marks of what is to be derived anew."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from assets.core.db import TelemetryBase, UtcDateTime
from assets.core.journal import Raw

Serial = BigInteger().with_variant(Integer, "sqlite")
"""A growing number; SQLite numbers rows by itself only under the name INTEGER."""


class Device(Raw, TelemetryBase):
    """One sender, and its latest state, so that no page has to look for it among the samples.

    Moments in the tables of samples are whole UNIX milliseconds: they are compared, subtracted and ordered by the
    million.
    """

    __tablename__ = "device"

    id: Mapped[int] = mapped_column(primary_key=True)
    tracker_id: Mapped[str] = mapped_column(String(64), unique=True)
    stored: Mapped[int] = mapped_column(Serial, default=0, server_default=text("0"))
    set_aside: Mapped[int] = mapped_column(Serial, default=0, server_default=text("0"))
    heard_ms: Mapped[int | None] = mapped_column(Serial)
    event_ms: Mapped[int | None] = mapped_column(Serial)
    ignition: Mapped[bool | None]
    speed_kmh: Mapped[float | None] = mapped_column(Float)
    heading_deg: Mapped[float | None] = mapped_column(Float)
    vehicle_v: Mapped[float | None] = mapped_column(Float)
    battery_v: Mapped[float | None] = mapped_column(Float)
    position_ms: Mapped[int | None] = mapped_column(Serial)
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    life: Mapped[str | None] = mapped_column(String(8))
    boot: Mapped[int | None] = mapped_column(Integer)
    conn: Mapped[int | None] = mapped_column(Integer)
    online: Mapped[bool | None]
    firmware: Mapped[str | None] = mapped_column(String(120))
    hardware: Mapped[str | None] = mapped_column(String(120))


class Boot(Raw, TelemetryBase):
    """One start of one tracker, and which of its sequence numbers are stored, set aside, gone or given up.

    The sets are JSON lists of inclusive ranges (`ranges.RangeSet`). `offset_ms` is when the boot began, by the sample
    `offset_seq`, the lowest that had a usable clock; `beyond` the highest number committed out of a report in turn.
    """

    __tablename__ = "boot"
    __table_args__ = (UniqueConstraint("device_id", "life", "boot"),)

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
    offset_seq: Mapped[int | None] = mapped_column(Serial)
    first_heard_ms: Mapped[int] = mapped_column(Serial)


class Sample(Raw, TelemetryBase):
    """One stored reading; its key is (boot, seq) for ever."""

    __tablename__ = "sample"
    __table_args__ = (
        Index("ix_sample_device_id_event_ms", "device_id", "event_ms"),
        {"sqlite_with_rowid": False},
    )

    boot_id: Mapped[int] = mapped_column(ForeignKey("telemetry.boot.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=False)
    device_id: Mapped[int] = mapped_column(Integer)
    event_ms: Mapped[int | None] = mapped_column(Serial)
    dated_by_up: Mapped[bool]
    received_ms: Mapped[int] = mapped_column(Serial)
    up_ms: Mapped[int] = mapped_column(Serial)
    device_t: Mapped[float | None] = mapped_column(Float)
    digest: Mapped[int] = mapped_column(Serial)
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    alt_m: Mapped[float | None] = mapped_column(Float)
    speed_kmh: Mapped[float | None] = mapped_column(Float)
    heading_deg: Mapped[float | None] = mapped_column(Float)
    satellites: Mapped[int | None] = mapped_column(Integer)
    hdop: Mapped[float | None] = mapped_column(Float)
    fix: Mapped[int | None] = mapped_column(Integer)
    ignition: Mapped[bool | None]
    odometer_m: Mapped[float | None] = mapped_column(Float)
    engine_s: Mapped[float | None] = mapped_column(Float)
    vehicle_v: Mapped[float | None] = mapped_column(Float)
    battery_v: Mapped[float | None] = mapped_column(Float)
    signal_dbm: Mapped[float | None] = mapped_column(Float)
    temperature_c: Mapped[float | None] = mapped_column(Float)
    events: Mapped[str | None] = mapped_column(Text)
    can: Mapped[str | None] = mapped_column(Text)
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
