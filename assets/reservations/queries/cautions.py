"""What speaks against a time without forbidding it: where the asset is then, care and calibration that fall due."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.calibration import queries as calibration
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.i18n import Message, msg
from assets.custody.models import Transfer
from assets.custody.rules.transfers import ARRIVED, IN_TRANSIT
from assets.maintenance import queries as maintenance
from assets.maintenance.models import WorkOrder
from assets.maintenance.rules.orders import OPEN
from assets.registry.models import Asset
from assets.reservations.models import Reservation
from assets.reservations.queries import reserved_between
from assets.reservations.rules import State

LENT_AHEAD = timedelta(days=7)
"""How long before its time a loan that was sent still counts as the loan of a reservation."""


def cautions(session: Session, reservation: Reservation, now: datetime) -> list[Message]:
    """What the keeper and who asked should know of the time; nothing of it forbids the reservation. Four queries."""
    zone, asset = zone_of(session), reservation.asset
    first = local_date(reservation.starts_at, zone)
    last = local_date(reservation.ends_at - timedelta(microseconds=1), zone)
    found = list(_whereabouts(session, reservation, zone))
    orders = select(WorkOrder).where(WorkOrder.asset_id == asset.id, WorkOrder.state.in_(OPEN))
    for order in session.scalars(orders.order_by(WorkOrder.id)):
        planned = order.scheduled_on or order.due_on
        if order.started_at is not None or (planned is not None and planned <= last):
            # Without its number: whoever asks for another unit's item sees nothing else of it.
            found.append(msg("A repair or service of it is open, or planned by then."))
            break
    for care in maintenance.views_for(session, [asset.id], now).get(asset.id, ()):
        due_on = care.due.forecast_on
        if due_on is not None and due_on <= last and care.open_order_id is None:
            found.append(msg("A service of it falls due by %(day)s.", day=due_on.isoformat()))
    for checked in calibration.views_for(session, [asset.id], now).get(asset.id, ()):
        if checked.valid_until is None or checked.valid_until < last:
            until = checked.valid_until.isoformat() if checked.valid_until else "–"
            found.append(msg("A calibration or verification of it is valid until %(day)s only.", day=until))
    if first < local_date(now, zone):
        found.append(msg("Its time has begun."))
    return found


def _whereabouts(session: Session, reservation: Reservation, zone: ZoneInfo) -> Iterator[Message]:
    asset, start = reservation.asset, reservation.starts_at
    holder = asset.holding_unit_id
    if holder is not None and holder != reservation.unit_id and (asset.lent_until is None or asset.lent_until > start):
        until = local_date(asset.lent_until - timedelta(microseconds=1), zone).isoformat() if asset.lent_until else "–"
        yield msg("It is lent to another unit until %(day)s.", day=until)
    if asset.transit_unit_id is not None and asset.transit_unit_id != reservation.unit_id:
        yield msg("It is on its way to another unit.")
    if asset.custodian_person_id is not None and (asset.custody_until is None or asset.custody_until > start):
        yield msg("It is issued to a person, and not to be back before then.")


def reserved_for_others(
    session: Session, asset: Asset, start: datetime, until: datetime | None, unit_ids: Collection[int]
) -> list[Reservation]:
    """Approved reservations of the asset for units other than these, that touch the time; without an end, a month.

    For whoever hands it out: a warning, never a refusal.
    """
    end = until or start + timedelta(days=31)
    return [
        each
        for each in reserved_between(session, [asset.id], start, end)
        if each.state == State.APPROVED and each.unit_id not in unit_ids
    ]


def loan_sheets(session: Session, reservations: Collection[Reservation]) -> dict[int, str]:
    """The sheet on which the asset went to the unit for its reserved time, by reservation id; none: not sent yet."""
    if not reservations:
        return {}
    rows = session.execute(
        select(Transfer.asset_id, Transfer.to_unit_id, Transfer.begun_at, Transfer.sheet_id)
        .where(
            Transfer.asset_id.in_({each.asset_id for each in reservations}),
            Transfer.to_unit_id.in_({each.unit_id for each in reservations}),
            Transfer.state.in_(sorted(ARRIVED | {IN_TRANSIT})),
        )
        .order_by(Transfer.begun_at)
    ).all()
    found: dict[int, str] = {}
    for each in reservations:
        for row in rows:
            fits = row.asset_id == each.asset_id and row.to_unit_id == each.unit_id
            if fits and each.starts_at - LENT_AHEAD <= row.begun_at < each.ends_at:
                found[each.id] = row.sheet_id
    return found
