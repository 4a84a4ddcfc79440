"""Reads of issues: who has how much of a lot, what was issued to whom, and how long each item's stock lasts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from assets.core.actor import Actor
from assets.core.clock import day_start
from assets.core.db import zone_of
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.people.models import Person, Unit
from assets.registry.models import EquipmentClass, StockIssue, StockLot, StockMovement, StockPack
from assets.registry.queries.stock import barred, held_of_lots, lots_for
from assets.registry.queries.stock_packs import is_closed_pack
from assets.registry.rules.issuing import COVER_DAYS, cover_days

_HANDED = ("issued", "returned")
MOST_OUT = 200
_HALF_OF_THE_LEAST = Decimal("0.0005")
"""Amounts have three decimals, and SQLite adds them up as floating numbers."""


@dataclass(frozen=True)
class Out:
    """An issue of which something has not come back."""

    issue: StockIssue
    at: datetime
    quantity: Decimal


@dataclass(frozen=True)
class IssueFilters:
    """What the list of issues is narrowed to: of a lot's item or a text, of a unit's lots, to a person's number."""

    query: str = ""
    unit: str = ""
    class_code: str = ""
    person: str = ""
    lot_id: int | None = None


@dataclass(frozen=True)
class IssueRow:
    """Something went out of a lot or came back to it."""

    issue: StockIssue
    movement: StockMovement
    lot: StockLot

    @property
    def key(self) -> tuple[str, int]:
        """Where it stands in the list, newest first."""
        return self.movement.at.isoformat(), self.movement.id


@dataclass(frozen=True)
class ItemRow:
    """An item as a unit keeps it: what is usable, what is not, its first day of expiry, and how long it lasts.

    `lot_id` is one of its lots; `issued` is what went out on balance in the last 90 days; `cover` is in days.
    """

    unit: Unit
    class_code: str
    item: str
    lot_id: int
    usable: Decimal
    unusable: Decimal
    counted_in: str
    expires_on: date | None
    issued: Decimal
    cover: Decimal | None

    @property
    def key(self) -> tuple[str, int, str]:
        """Where it stands in the list."""
        return self.item, self.unit.id, self.class_code


def out_of_lot(session: Session, lot: StockLot, limit: int = MOST_OUT) -> list[Out]:
    """Who has how much of the lot: what was issued and has neither come back nor been used up, newest first."""
    back = _returned()
    statement = _still_out(select(StockIssue, StockMovement, func.coalesce(back.c.quantity, 0)), back, lot)
    rows = session.execute(
        statement.options(joinedload(StockIssue.person), joinedload(StockIssue.unit), joinedload(StockIssue.pack))
        .order_by(StockMovement.at.desc(), StockMovement.id.desc())
        .limit(limit)
    )
    return [
        Out(issue, movement.at, -Decimal(str(movement.quantity)) - Decimal(str(returned)))
        for issue, movement, returned in rows
    ]


def out_count(session: Session, lot: StockLot) -> int:
    """How many `out_of_lot` would give without a limit."""
    return session.scalar(_still_out(select(func.count(StockIssue.movement_id)), _returned(), lot)) or 0


def _still_out(statement: Any, back: Any, lot: StockLot) -> Any:
    closed = select(StockPack.id).where(StockPack.lot_id == lot.id, is_closed_pack())
    return (
        statement.join(StockMovement, StockMovement.id == StockIssue.movement_id)
        .outerjoin(back, back.c.issue_id == StockIssue.movement_id)
        .where(
            StockMovement.lot_id == lot.id, StockMovement.kind == "issued",
            -StockMovement.quantity - func.coalesce(back.c.quantity, 0) > _HALF_OF_THE_LEAST,
            or_(StockIssue.pack_id.is_(None), StockIssue.pack_id.not_in(closed)),
        )
    )  # fmt: skip


def issues_page(
    session: Session, actor: Actor, filters: IssueFilters, *, limit: int = 50, after: tuple[object, ...] | None = None
) -> list[IssueRow]:
    """What went out of lots within reach and came back, newest first; `after` is the `key` of the last one seen."""
    statement: Any = (
        select(StockIssue, StockMovement, StockLot)
        .join(StockMovement, StockMovement.id == StockIssue.movement_id)
        .join(StockLot, StockLot.id == StockMovement.lot_id)
        .options(
            joinedload(StockIssue.person), joinedload(StockIssue.unit), joinedload(StockLot.unit),
            joinedload(StockLot.equipment_class),
        )
        .where(lots_for(actor), *_narrowed(session, filters))
        .order_by(StockMovement.at.desc(), StockMovement.id.desc())
        .limit(limit)
    )  # fmt: skip
    if after is not None:
        at, last = _moment(after)
        statement = statement.where(
            or_(StockMovement.at < at, and_(StockMovement.at == at, StockMovement.id < last))
        )  # fmt: skip
    return [IssueRow(*row) for row in session.execute(statement)]


def items_page(
    session: Session,
    actor: Actor,
    today: date,
    *,
    unit: str = "",
    query: str = "",
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[ItemRow]:
    """Each item of each unit within reach, with its stock cover, by name; `after` is the `key` of the last one seen."""
    grouped = _grouped(session, today)
    statement: Any = (
        select(Unit, EquipmentClass.code, *grouped.columns)
        .join(Unit, Unit.id == StockLot.unit_id)
        .join(EquipmentClass, EquipmentClass.id == StockLot.class_id)
        .outerjoin(grouped.held, grouped.held.c.lot_id == StockLot.id)
        .outerjoin(grouped.handed, grouped.handed.c.lot_id == StockLot.id)
        .where(lots_for(actor))
        .group_by(Unit.id, EquipmentClass.code, StockLot.item)
        .having(or_(func.sum(grouped.held.c.quantity) > 0, func.sum(grouped.handed.c.quantity) < 0))
        .order_by(StockLot.item, Unit.id, EquipmentClass.code)
        .limit(limit)
    )
    if unit:
        statement = statement.where(Unit.code == unit)
    if text := query.strip()[:80]:
        statement = statement.where(StockLot.item.icontains(text, autoescape=True))
    if after is not None:
        statement = statement.where(_beyond(after))
    return [_item(row) for row in session.execute(statement)]


def item_of(session: Session, lot: StockLot, today: date) -> ItemRow:
    """The item of this lot as its unit keeps it, with its stock cover."""
    grouped = _grouped(session, today)
    row = session.execute(
        select(Unit, EquipmentClass.code, *grouped.columns)
        .join(Unit, Unit.id == StockLot.unit_id)
        .join(EquipmentClass, EquipmentClass.id == StockLot.class_id)
        .outerjoin(grouped.held, grouped.held.c.lot_id == StockLot.id)
        .outerjoin(grouped.handed, grouped.handed.c.lot_id == StockLot.id)
        .where(
            StockLot.unit_id == lot.unit_id, StockLot.class_id == lot.class_id, StockLot.item == lot.item,
            StockLot.annulled_at.is_(None),
        )
        .group_by(Unit.id, EquipmentClass.code, StockLot.item)
    ).one()  # fmt: skip
    return _item(row)


@dataclass(frozen=True)
class _Grouped:
    held: Any
    handed: Any
    columns: tuple[Any, ...]


def _grouped(session: Session, today: date) -> _Grouped:
    since = day_start(today - timedelta(days=COVER_DAYS - 1), zone_of(session))
    held = held_of_lots()
    handed = (
        select(StockMovement.lot_id, func.sum(StockMovement.quantity).label("quantity"))
        .where(StockMovement.kind.in_(_HANDED), StockMovement.at >= since)
        .group_by(StockMovement.lot_id)
        .subquery()
    )
    quantity, is_barred = func.coalesce(held.c.quantity, 0), barred(today)
    left = and_(~func.coalesce(is_barred, False), held.c.quantity > 0)
    columns = (
        StockLot.item,
        func.min(StockLot.id),
        func.sum(case((func.coalesce(is_barred, False), 0), else_=quantity)),
        func.sum(case((func.coalesce(is_barred, False), quantity), else_=0)),
        func.min(StockLot.counted_in),
        func.min(case((left, StockLot.expires_on), else_=None)),
        func.sum(func.coalesce(handed.c.quantity, 0)),
    )
    return _Grouped(held, handed, columns)


def _item(row: Any) -> ItemRow:
    unit, class_code, item, lot_id, usable, unusable, counted_in, expires_on, handed = row
    usable, unusable = _amount(usable), _amount(unusable)
    issued = max(-_amount(handed), _amount(0))
    return ItemRow(
        unit, class_code, item, lot_id, usable, unusable, counted_in, expires_on, issued, cover_days(usable, issued)
    )  # fmt: skip


def _amount(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.001"))


def _returned() -> Any:
    of_return = aliased(StockMovement)
    return (
        select(StockIssue.issue_id, func.sum(of_return.quantity).label("quantity"))
        .join(of_return, of_return.id == StockIssue.movement_id)
        .where(StockIssue.issue_id.is_not(None))
        .group_by(StockIssue.issue_id)
        .subquery()
    )


def _narrowed(session: Session, filters: IssueFilters) -> Iterator[ColumnElement[bool]]:
    if filters.lot_id is not None:
        lot = session.get(StockLot, filters.lot_id)
        if lot is None:
            raise invalid("lot", msg("There is no such lot."))
        yield from (StockLot.unit_id == lot.unit_id, StockLot.class_id == lot.class_id, StockLot.item == lot.item)
    if text := filters.query.strip()[:80]:
        yield or_(StockLot.item.icontains(text, autoescape=True), StockLot.lot_number.icontains(text, autoescape=True))
    if filters.unit:
        yield StockLot.unit_id.in_(select(Unit.id).where(Unit.code == filters.unit))
    if filters.class_code:
        yield StockLot.class_id.in_(select(EquipmentClass.id).where(EquipmentClass.code == filters.class_code))
    if filters.person:
        yield StockIssue.person_id.in_(select(Person.id).where(Person.number == filters.person.strip()))


def _beyond(key: tuple[object, ...]) -> ColumnElement[bool]:
    try:
        item, unit_id, class_code = str(key[0]), int(str(key[1])), str(key[2])
    except (ValueError, IndexError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error
    same_unit = and_(StockLot.item == item, Unit.id == unit_id, EquipmentClass.code > class_code)
    return or_(StockLot.item > item, and_(StockLot.item == item, Unit.id > unit_id), same_unit)


def _moment(key: tuple[object, ...]) -> tuple[datetime, int]:
    try:
        return datetime.fromisoformat(str(key[0])), int(str(key[1]))
    except (ValueError, IndexError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error
