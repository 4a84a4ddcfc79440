"""Settling clocks: samples without a time of their own are dated anew when more is known of when their boot began."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from assets.core.actor import system_actor
from assets.core.app import App
from assets.telemetry.clock import CLOCK_FIXES, beginning_ms
from assets.telemetry.marks import mark_stretch
from assets.telemetry.models import Boot, Device, Sample
from assets.telemetry.months import month_of
from assets.telemetry.partitions import make_months
from assets.telemetry.pipeline import EARLIEST_S, FUTURE_TOLERANCE_S, OWN_CLOCK, RECEIPT, UP_TIME
from assets.telemetry.silence import silent_spans
from assets.telemetry.silence.blanking import blank
from assets.telemetry.silence.spans import Spans

ACTOR = system_actor("clock")
_EARLIEST_MS = round(EARLIEST_S * 1000)
_TOLERANCE_MS = round(FUTURE_TOLERANCE_S * 1000)


def settle_clocks(app: App) -> int:
    """Looks at every boot whose beginning may have moved, each in a transaction of its own; how many there were."""
    with app.telemetry.reading() as session:
        waiting = session.scalars(select(Boot.id).where(Boot.clock_dirty).order_by(Boot.id)).all()
    if waiting:
        with app.reading() as main:
            silent = silent_spans(main)
    for boot_id in waiting:
        with app.telemetry.transaction(ACTOR, app.clock()) as session:
            _settle(session, boot_id, silent, app.settings.zone)
    return len(waiting)


def _settle(session: Session, boot_id: int, silent: dict[str, Spans], zone: ZoneInfo) -> None:
    """Finds a boot's beginning anew from what is stored, and moves what was dated by another."""
    device = session.scalars(
        select(Device).join(Boot, Boot.device_id == Device.id).where(Boot.id == boot_id).with_for_update(of=Device)
    ).one()
    # Ingest keeps devices and boots in memory: the version tells it to read them again.
    device.version += 1
    boot = session.get_one(Boot, boot_id, populate_existing=True)
    fixes = session.execute(
        select(Sample.event_ms, Sample.up_ms, Sample.seq)
        .where(Sample.boot_id == boot_id, Sample.dated == OWN_CLOCK)
        .order_by(Sample.seq)
        .limit(CLOCK_FIXES)
    ).all()
    began_ms = beginning_ms([(fix.event_ms, fix.up_ms) for fix in fixes])
    boot.fixes = began_ms is not None
    boot.settled_seq = fixes[-1].seq if len(fixes) == CLOCK_FIXES else None
    boot.offset_by = UP_TIME if boot.fixes else RECEIPT
    if began_ms is None:
        began_ms = session.scalar(
            select(func.min(Sample.received_ms - Sample.up_ms)).where(Sample.boot_id == boot_id, Sample.dated > 0)
        )
    boot.offset_ms = began_ms
    boot.clock_dirty = False
    session.flush()
    if began_ms is None:
        return
    _date_again(session, boot, began_ms, zone)
    if device.tracker_id in silent:
        # What came into a silent window by its new date must not keep its place.
        blank(session, device.tracker_id, silent[device.tracker_id])


def _date_again(session: Session, boot: Boot, began_ms: int, zone: ZoneInfo) -> None:
    """Moves the samples without a usable time of their own to where `pipeline.date_by_up_time` would put them now."""
    by_up = began_ms + Sample.up_ms
    believable = (by_up >= _EARLIEST_MS) & (by_up <= Sample.received_ms + _TOLERANCE_MS)
    bounded = case((by_up > Sample.received_ms, Sample.received_ms), (by_up < _EARLIEST_MS, _EARLIEST_MS), else_=by_up)
    if boot.offset_by == UP_TIME:
        event_ms, dated = case((believable, by_up), else_=bounded), case((believable, UP_TIME), else_=RECEIPT)
    else:
        event_ms, dated = bounded, case((Sample.boot_id.is_not(None), RECEIPT))
    moved = (Sample.boot_id == boot.id) & (Sample.dated > 0) & ((Sample.event_ms != event_ms) | (Sample.dated != dated))
    span = session.execute(
        select(func.min(Sample.event_ms), func.max(Sample.event_ms), func.min(event_ms), func.max(event_ms)).where(
            moved
        )
    ).one()
    if span[0] is None:
        return
    first_ms, last_ms = min(span[0], span[2]), max(span[1], span[3])
    make_months(session.connection(), range(month_of(span[2]), month_of(span[3]) + 1))
    session.connection().execute(update(Sample).where(moved).values(event_ms=event_ms, dated=dated))
    mark_stretch(session, boot.device_id, first_ms, last_ms, zone)
