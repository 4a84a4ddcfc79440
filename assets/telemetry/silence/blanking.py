"""Taking out what is stored: coordinates of samples, the latest state and set-aside bytes within silent spans."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from assets.core.db import zone_of
from assets.telemetry.days import to_moment, to_ms
from assets.telemetry.marks import mark_stretch
from assets.telemetry.models import Device, Sample, SetAside
from assets.telemetry.pipeline import NO_POSITION_FLAGS, RECEIPT
from assets.telemetry.silence.spans import Span, Spans, may_tell

FLAG = "silent"
UNDATED_REACH_MS = 30 * 86_400_000
"""How far from its receipt a sample may be thought to have happened that only its receipt dates."""
AT_ONCE = 1000


def blank(telemetry: Session, tracker: str, spans: Spans) -> int:
    """Takes every place within these spans out of what is stored of a tracker; how many samples had one.

    What follows from them is marked to be derived anew. Doing it again changes nothing.
    """
    device = telemetry.scalar(select(Device).where(Device.tracker_id == tracker).with_for_update())
    if device is None:
        return 0
    blanked = sum(_blank_samples(telemetry, device.id, span) for span in spans)
    if _blank_state(device, spans) or blanked:
        device.version += 1
    _empty_set_asides(telemetry, tracker, spans)
    telemetry.flush()
    return blanked


def _blank_samples(telemetry: Session, device_id: int, span: Span) -> int:
    rows = telemetry.execute(
        select(Sample.boot_id, Sample.seq, Sample.event_ms, Sample.more, Sample.flags).where(
            Sample.device_id == device_id, _within(span), _has_place()
        )
    ).all()
    if not rows:
        return 0
    table = _table(Sample)
    statement = (
        update(table)
        # The moment belongs to the key where the table is cut by months.
        .where(table.c.boot_id == bindparam("of_boot"), table.c.seq == bindparam("of_seq"))
        .where(table.c.event_ms == bindparam("of_event"))
        .values(
            lat=None, lon=None, heading_deg=None, more=bindparam("without_height"), flags=bindparam("with_reason")
        )
    )  # fmt: skip
    for start in range(0, len(rows), AT_ONCE):
        telemetry.connection().execute(
            statement,
            [
                {
                    "of_boot": row.boot_id,
                    "of_seq": row.seq,
                    "of_event": row.event_ms,
                    "without_height": _without_height(row.more),
                    "with_reason": _flagged(row.flags),
                }
                for row in rows[start : start + AT_ONCE]
            ],
        )
    moments = [row.event_ms for row in rows]
    mark_stretch(telemetry, device_id, min(moments), max(moments), zone_of(telemetry))
    return len(rows)


def _within(span: Span) -> ColumnElement[bool]:
    dated = and_(Sample.event_ms >= span.first_ms, Sample.event_ms < span.until_ms)
    # What only its receipt dates may have happened at any time before: it is silent when it came in the window.
    received = and_(
        Sample.dated == RECEIPT,
        Sample.received_ms >= span.first_ms,
        Sample.received_ms < span.until_ms,
        Sample.event_ms >= span.first_ms - UNDATED_REACH_MS,
        Sample.event_ms < span.until_ms,
    )
    return or_(dated, received)


def _has_place() -> ColumnElement[bool]:
    return or_(
        Sample.lat.is_not(None), Sample.lon.is_not(None), Sample.heading_deg.is_not(None), Sample.more.contains('"alt"')
    )


def _without_height(more: str | None) -> str | None:
    if more is None:
        return None
    kept: dict[str, Any] = msgspec.json.decode(more)
    kept.pop("alt", None)
    return msgspec.json.encode(kept).decode() if kept else None


def _flagged(flags: str | None) -> str:
    kept = [flag for flag in (flags or "").split(",") if flag and flag != FLAG and flag not in NO_POSITION_FLAGS]
    return ",".join([*kept, FLAG])


def _blank_state(device: Device, spans: Spans) -> bool:
    """The latest state: its place, and its heading, which is of the latest sample."""
    changed = False
    if device.position_ms is not None and any(span.holds(device.position_ms) for span in spans):
        device.position_ms = device.lat = device.lon = None
        changed = True
    is_silent = device.event_ms is not None and any(span.holds(device.event_ms) for span in spans)
    if is_silent and device.heading_deg is not None:
        device.heading_deg = None
        changed = True
    return changed


def _empty_set_asides(telemetry: Session, tracker: str, spans: Spans) -> None:
    found = select(SetAside).where(
        SetAside.tracker_id == tracker,
        SetAside.last_received_at >= to_moment(spans[0].first_ms),
        SetAside.raw != b"",
    )
    for row in telemetry.scalars(found):
        if may_tell(row.raw, (to_ms(row.received_at), to_ms(row.last_received_at)), spans):
            row.raw = b""
            # The print of the content goes too: with so few bits of secret, coordinates could be searched from it.
            row.digest = blake2b(f"silent:{row.id}".encode(), digest_size=16).hexdigest()


def _table(model: type[Sample]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101  (mapped to a table, never a join; tells mypy so)
    return table
