"""The calendar: which assets stand in it, and what takes each of them on each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.clock import day_span, days, local_date
from assets.core.db import zone_of
from assets.people.models import Unit
from assets.registry.models import Asset
from assets.reservations.models import Reservation
from assets.reservations.queries import is_shared_asset, known_assets, reserved_between, sees_all
from assets.reservations.rules import HOLDING, DayCell, State, Taken, day_cells


@dataclass(frozen=True)
class CalendarFilter:
    """The first local day, how many days, and the unit and asset (by id) that it is narrowed to."""

    first: date
    days: int = 7
    unit_id: int | None = None
    asset_id: int | None = None

    @property
    def until(self) -> date:
        """The day after the last."""
        return self.first + timedelta(days=self.days)


@dataclass(frozen=True)
class CalendarRow:
    """One asset with its days."""

    asset: Asset
    cells: list[DayCell]


def calendar(
    session: Session, actor: Actor, wanted: CalendarFilter, now: datetime, *, limit: int = 50, after: str = ""
) -> list[CalendarRow]:
    """Shared assets and those with reservations in these days, as far as the actor may know of them, by label code.

    `after` is the code of the last one seen. Who has reserved is told only to whom it concerns. Two queries.
    """
    zone = zone_of(session)
    start, end = day_span(wanted.first, wanted.until, zone)
    assets = session.scalars(
        select(Asset)
        .options(
            joinedload(Asset.equipment_class), joinedload(Asset.model), joinedload(Asset.unit).joinedload(Unit.region),
            joinedload(Asset.holding_unit).joinedload(Unit.region),
        )
        .where(*_narrowed(actor, wanted, start, end), Asset.code > after)
        .order_by(Asset.code)
        .limit(limit)
    ).all()  # fmt: skip
    taken: dict[int, list[Taken]] = defaultdict(list)
    for each in reserved_between(session, [asset.id for asset in assets], start, end):
        taken[each.asset_id].append(_taken(actor, each))
    today, all_days = local_date(now, zone), days(wanted.first, wanted.until)
    return [
        CalendarRow(asset, day_cells(all_days, [*taken[asset.id], *_lent(asset, now)], today, zone)) for asset in assets
    ]


def _narrowed(actor: Actor, wanted: CalendarFilter, start: datetime, end: datetime) -> Sequence[ColumnElement[bool]]:
    found = [known_assets(actor)]
    if wanted.unit_id is not None:
        found.append(Asset.unit_id == wanted.unit_id)
    if wanted.asset_id is not None:
        found.append(Asset.id == wanted.asset_id)
    else:
        reserved = select(Reservation.asset_id).where(
            Reservation.state.in_(HOLDING), Reservation.starts_at < end, Reservation.ends_at > start
        )
        found.append(or_(is_shared_asset(), Asset.id.in_(reserved)))
    return found


def _taken(actor: Actor, each: Reservation) -> Taken:
    kind = "reserved" if each.state == State.APPROVED else "asked"
    told = sees_all(actor, each)
    return Taken(each.starts_at, each.ends_at, kind, each.unit.name if told else "", each.id if told else None)


def _lent(asset: Asset, now: datetime) -> list[Taken]:
    """The time for which it is lent out now: a loan that is not back on its day goes on until it is."""
    if asset.holding_unit_id is None:
        return []
    until = asset.lent_until
    return [Taken(now, until if until is not None and until > now else None, "lent")]
