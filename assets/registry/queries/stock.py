"""Reads of lots: a page of those within reach, what is expiring, one lot with its movements."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.people.models import Unit
from assets.people.rules import Permission, reach
from assets.registry.models import EquipmentClass, Label, StockLot, StockLotLabel, StockMovement
from assets.registry.rules.stock import LATER, SOON, Standing, standing_of
from assets.registry.scope import units_within

SHOWS = ("", "expires_30", "expires_90", "expired", "recalled", "suspect", "barred")
_NEVER = date(9999, 12, 31)
_ZERO = Decimal("0.000")
NO_LOT = msg("There is no such lot, or it is not yours to see.")


@dataclass(frozen=True)
class LotFilters:
    """What a list of lots is narrowed to; `show` is one of `SHOWS`. Lots of which nothing is left are left out.

    'barred' are those that must not be used: expired, recalled or suspect.
    """

    query: str = ""
    unit: str = ""
    class_code: str = ""
    show: str = ""
    with_empty: bool = False


@dataclass(frozen=True)
class LotRow:
    """A lot, how much of it there is, and how it stands."""

    lot: StockLot
    on_hand: Decimal
    standing: Standing

    @property
    def key(self) -> tuple[str, int]:
        """Where it stands in the list: by expiry, those without one last."""
        return (self.lot.expires_on or _NEVER).isoformat(), self.lot.id


def lots_for(actor: Actor) -> ColumnElement[bool]:
    """A condition on `StockLot`: those of units for which `actor` may read stock, without those undone."""
    return and_(StockLot.annulled_at.is_(None), units_within(reach(actor, Permission.STOCK_READ), StockLot.unit_id))


def lots_page(
    session: Session,
    actor: Actor,
    filters: LotFilters,
    today: date,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[LotRow]:
    """Lots by expiry, the first to expire first; `after` is the `key` of the last one seen."""
    held = held_of_lots()
    expires = func.coalesce(StockLot.expires_on, literal(_NEVER))
    statement: Any = (
        select(StockLot, func.coalesce(held.c.quantity, 0))
        .outerjoin(held, held.c.lot_id == StockLot.id)
        .options(
            joinedload(StockLot.unit), joinedload(StockLot.equipment_class), joinedload(StockLot.model),
            joinedload(StockLot.batch),
        )
        .where(lots_for(actor), *_narrowed(filters, today))
        .order_by(expires, StockLot.id)
        .limit(limit)
    )  # fmt: skip
    if not filters.with_empty:
        statement = statement.where(held.c.quantity > 0)
    if after is not None:
        day, last = _after(after)
        statement = statement.where(or_(expires > day, and_(expires == day, StockLot.id > last)))
    return [_row(lot, quantity, today) for lot, quantity in session.execute(statement)]


def lots_expiring(session: Session, actor: Actor, today: date) -> dict[str, int]:
    """How many lots with anything left are recalled, expired, suspect, or expire within 30 or 90 days."""
    held = held_of_lots()
    state = case(
        (StockLot.recalled_on.is_not(None), "recalled"),
        (StockLot.expires_on < today, "expired"),
        (StockLot.suspect_since.is_not(None), "suspect"),
        (StockLot.expires_on <= today + SOON, "expires_30"),
        (StockLot.expires_on <= today + LATER, "expires_90"),
        else_="good",
    )
    rows = session.execute(
        select(state, func.count())
        .select_from(StockLot)
        .join(held, held.c.lot_id == StockLot.id)
        .where(lots_for(actor), held.c.quantity > 0)
        .group_by(state)
    )
    return {name: count for name, count in rows}  # noqa: C416  # rows are no pairs to mypy


def lots_to_tell(session: Session, actor: Actor, today: date) -> list[tuple[Unit, list[LotRow]]]:
    """Lots within reach that must not be used or expire within 90 days, by unit, the first to expire first."""
    found: dict[int, tuple[Unit, list[LotRow]]] = {}
    for show in ("barred", "expires_90"):
        after: tuple[object, ...] | None = None
        while rows := lots_page(session, actor, LotFilters(show=show), today, limit=500, after=after):
            for row in rows:
                _, told = found.setdefault(row.lot.unit_id, (row.lot.unit, []))
                if all(row.lot.id != known.lot.id for known in told):
                    told.append(row)
            after = rows[-1].key
    return [found[unit_id] for unit_id in sorted(found)]


def lots_counting(actor: Actor, show: str, today: date) -> Select[int]:
    """A statement that counts the lots within reach of which something is left, narrowed as a list would be."""
    held = held_of_lots()
    return (
        select(func.count())
        .select_from(StockLot)
        .join(held, held.c.lot_id == StockLot.id)
        .where(lots_for(actor), held.c.quantity > 0, *_narrowed(LotFilters(show=show), today))
    )


def code_of(session: Session, lot: StockLot) -> str | None:
    """The code of the label that the lot carries; None where it has none yet."""
    return codes_of(session, [lot.id]).get(lot.id)


def codes_of(session: Session, lot_ids: Collection[int]) -> dict[int, str]:
    """The codes of the labels that these lots carry, by lot."""
    rows = session.execute(
        select(StockLotLabel.lot_id, StockLotLabel.code)
        .join(Label, Label.code == StockLotLabel.code)
        .where(StockLotLabel.lot_id.in_(lot_ids), Label.state == "active")
        .order_by(Label.created_at, Label.code)
    )
    return {row[0]: row[1] for row in rows}


def lot_by_code(session: Session, actor: Actor, code: str, today: date) -> LotRow:
    """The lot that a canonical label code leads to; `NotFound` for none, and for one out of sight: both look alike."""
    lot_id = session.scalar(select(StockLotLabel.lot_id).where(StockLotLabel.code == code))
    if lot_id is None:
        raise NotFound(NO_LOT)
    return lot_by_id(session, actor, lot_id, today)


def lot_by_id(session: Session, actor: Actor, lot_id: int, today: date) -> LotRow:
    """The lot; `NotFound` when it is out of the actor's sight or there is none: both look the same."""
    held = held_of_lots()
    found = session.execute(
        select(StockLot, func.coalesce(held.c.quantity, 0))
        .outerjoin(held, held.c.lot_id == StockLot.id)
        .options(
            joinedload(StockLot.unit).joinedload(Unit.region), joinedload(StockLot.equipment_class),
            joinedload(StockLot.model), joinedload(StockLot.batch),
        )
        .where(StockLot.id == lot_id, lots_for(actor))
    ).first()  # fmt: skip
    if found is None:
        raise NotFound(NO_LOT)
    return _row(found[0], found[1], today)


def movements(session: Session, lot: StockLot, limit: int = 200) -> list[StockMovement]:
    """What was counted into and out of the lot, newest first."""
    return list(
        session.scalars(
            select(StockMovement).where(StockMovement.lot_id == lot.id).order_by(StockMovement.id.desc()).limit(limit)
        )
    )


def held_of_lots() -> Any:
    """How much there is of each lot that anything ever moved of, as a subquery of `lot_id` and `quantity`."""
    return (
        select(StockMovement.lot_id, func.sum(StockMovement.quantity).label("quantity"))
        .group_by(StockMovement.lot_id)
        .subquery()
    )


def _row(lot: StockLot, quantity: Any, today: date) -> LotRow:
    amount = Decimal(str(quantity)).quantize(_ZERO)
    is_suspect = lot.suspect_since is not None
    return LotRow(lot, amount, standing_of(lot.expires_on, lot.recalled_on, today, is_suspect=is_suspect))


def barred(today: date) -> ColumnElement[bool]:
    """A condition on `StockLot`: it must not be used, for it is expired, recalled or suspect."""
    return or_(StockLot.recalled_on.is_not(None), StockLot.suspect_since.is_not(None), StockLot.expires_on < today)


def _narrowed(filters: LotFilters, today: date) -> list[ColumnElement[bool]]:
    if filters.show not in SHOWS:
        raise invalid("show", msg("This is one of: %(known)s.", known=", ".join(SHOWS[1:])), code="unknown_word")
    found: list[ColumnElement[bool]] = []
    if text := filters.query.strip()[:80]:
        found.append(
            or_(StockLot.item.icontains(text, autoescape=True), StockLot.lot_number.icontains(text, autoescape=True))
        )
    if filters.unit:
        found.append(StockLot.unit_id.in_(select(Unit.id).where(Unit.code == filters.unit)))
    if filters.class_code:
        found.append(StockLot.class_id.in_(select(EquipmentClass.id).where(EquipmentClass.code == filters.class_code)))
    if filters.show == "recalled":
        found.append(StockLot.recalled_on.is_not(None))
    elif filters.show == "expired":
        found += [StockLot.recalled_on.is_(None), StockLot.expires_on < today]
    elif filters.show == "suspect":
        found += [StockLot.recalled_on.is_(None), StockLot.suspect_since.is_not(None)]
    elif filters.show == "barred":
        found.append(barred(today))
    elif filters.show:
        until = today + timedelta(days=int(filters.show.removeprefix("expires_")))
        found += [StockLot.recalled_on.is_(None), StockLot.expires_on >= today, StockLot.expires_on <= until]
    return found


def _after(key: tuple[object, ...]) -> tuple[date, int]:
    try:
        return date.fromisoformat(str(key[0])), int(str(key[1]))
    except (ValueError, IndexError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error
