"""The board: which shifts have something out, with whom, since and until when; those whose end has passed first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from assets.core.actor import Actor
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.custody.models import CustodyEntry
from assets.custody.queries.corrected import corrected_in_vain
from assets.people.models import Person, Unit
from assets.people.rules import Permission, reach
from assets.registry.models import Asset
from assets.registry.scope import assets_for, units_within
from assets.shifts import rules
from assets.shifts.models import Shift, ShiftItem, ShiftMember

# '' is what is out now; 'late' that of it whose end has passed; 'all' every shift, the newest first.
SHOWS = ("", "late", "all")
_SHOWN_ITEMS = 500


@dataclass(frozen=True)
class ShiftFilter:
    """What the board is narrowed to: one of `SHOWS`, and the id of a unit."""

    show: str = ""
    unit_id: int | None = None


@dataclass
class ShiftRow:
    """One shift on the board; `shift` is None where only its issues were heard of, or it is another unit's.

    `told`: something is known to have gone out; `holders`: who has what is still out; `missing`: some of that.
    """

    id: str
    shift: Shift | None
    unit: Unit
    started_at: datetime
    ends_at: datetime | None
    out: int
    order: tuple[str, str]
    told: bool = True
    holders: list[Person] = field(default_factory=list)
    missing: list[Asset] = field(default_factory=list)

    def state(self, now: datetime) -> str:
        """Late, out, back, closed, or nothing told of it yet."""
        closed_at = self.shift.closed_at if self.shift else None
        return rules.state(self.ends_at, self.out, closed_at, now, told=self.told)


@dataclass(frozen=True)
class NotBack:
    """What is not back though its shift has ended: how many items of how many shifts, and the longest overdue."""

    items: int
    shifts: int
    first: list[ShiftRow]


def board(
    session: Session,
    actor: Actor,
    wanted: ShiftFilter,
    now: datetime,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[ShiftRow]:
    """Shifts within reach: what is out by its end, the earliest first; all of them by their beginning, newest first.

    `after` is the `row_key` of the last one seen. Seven queries at most.
    """
    if wanted.show not in SHOWS:
        raise invalid("show", msg("This is one of: %(known)s.", known=", ".join(SHOWS[1:])), code="unknown_word")
    place = _place(after) if after is not None else None
    if wanted.show == "all":
        rows = _all(session, actor, wanted, limit, place)
    else:
        rows = _out(session, actor, wanted, now, limit, place)
    _tell_what_is_out(session, actor, rows)
    return rows


def row_key(row: ShiftRow) -> tuple[str, str]:
    """Where a row stands on the board."""
    return row.order


def not_back(session: Session, actor: Actor, now: datetime, limit: int = 5) -> NotBack:
    """What is not back at its shift's end, within the actor's reach: for the first page. Seven queries at most."""
    grouped = _grouped(actor, ShiftFilter("late"), now).subquery()
    items, shifts = session.execute(select(func.coalesce(func.sum(grouped.c.out), 0), func.count())
                                    .select_from(grouped)).one()  # fmt: skip
    if not shifts or not limit:
        return NotBack(int(items), shifts, [])
    return NotBack(int(items), shifts, board(session, actor, ShiftFilter("late"), now, limit=limit))


def late_shifts(actor: Actor, now: datetime) -> Select[Any]:
    """(shift_id, ends_at, unit_id, out, …) of shifts that have ended and of which something is not back.

    A statement, for a page that asks many things in one query.
    """
    found: Select[Any] = _grouped(actor, ShiftFilter("late"), now)
    return found


def is_of_shift() -> ColumnElement[bool]:
    """A condition on `ShiftItem` beside `Shift`: the issue names it, and is of its unit or by who began it.

    Whoever else names a shift's id adds nothing to it.
    """
    return and_(
        Shift.id == ShiftItem.shift_id,
        or_(Shift.unit_id == ShiftItem.unit_id, Shift.account_id == ShiftItem.account_id),
    )


def is_out() -> ColumnElement[bool]:
    """A condition on `ShiftItem` joined with `Asset`: it is still out with this shift."""
    later = aliased(ShiftItem)
    return and_(
        Asset.custodian_person_id.is_not(None),
        ShiftItem.at >= Asset.custody_since,
        counts(ShiftItem),
        ~select(later.event_id).where(went_again(later)).correlate(ShiftItem).exists(),
    )


def counts(item: type[ShiftItem]) -> ColumnElement[bool]:
    """A condition on a `ShiftItem`: its issue was not a mistake, or to say so was one."""
    void = aliased(CustodyEntry)
    taken_back = select(void.event_id).where(
        void.corrects_id == item.event_id, void.kind == "void", void.corrects_id.not_in(corrected_in_vain())
    )
    return ~taken_back.correlate(item).exists()


def went_again(later: type[ShiftItem]) -> ColumnElement[bool]:
    """A condition on another `ShiftItem`: by it the asset of this one went out once more, afterwards."""
    return and_(
        later.asset_id == ShiftItem.asset_id,
        or_(
            later.at > ShiftItem.at,
            and_(later.at == ShiftItem.at, later.n > ShiftItem.n),
            and_(later.at == ShiftItem.at, later.n == ShiftItem.n, later.event_id > ShiftItem.event_id),
        ),
        counts(later),
    )


def sees_shift(actor: Actor) -> ColumnElement[bool]:
    """A condition on `Shift`: of a unit whose custody the actor sees."""
    return units_within(reach(actor, Permission.CUSTODY_SEE), Shift.unit_id)


def _grouped(actor: Actor, wanted: ShiftFilter, now: datetime) -> Any:
    end = func.coalesce(Shift.ends_at, func.max(Asset.custody_until))
    statement: Any = (
        select(
            ShiftItem.shift_id, Shift.id.label("known"), end.label("ends_at"),
            func.coalesce(end, func.min(ShiftItem.at)).label("place"), func.min(ShiftItem.at).label("since"),
            func.min(ShiftItem.unit_id).label("unit_id"), func.count().label("out"),
        )
        .select_from(ShiftItem)
        .join(Asset, Asset.id == ShiftItem.asset_id)
        .outerjoin(Shift, and_(is_of_shift(), sees_shift(actor)))
        .where(assets_for(actor, Permission.CUSTODY_SEE), is_out())
        .group_by(ShiftItem.shift_id, Shift.id, Shift.ends_at)
    )  # fmt: skip
    if wanted.unit_id is not None:
        statement = statement.where(func.coalesce(Shift.unit_id, ShiftItem.unit_id) == wanted.unit_id)
    return statement.having(end <= now) if wanted.show == "late" else statement


def _out(
    session: Session, actor: Actor, wanted: ShiftFilter, now: datetime, limit: int, after: tuple[datetime, str] | None
) -> list[ShiftRow]:
    grouped = _grouped(actor, wanted, now).subquery()
    statement: Select[Any] = select(grouped)
    if after is not None:
        at, last = after
        statement = statement.where(
            or_(grouped.c.place > at, and_(grouped.c.place == at, grouped.c.shift_id > last))
        )  # fmt: skip
    found = session.execute(statement.order_by(grouped.c.place, grouped.c.shift_id).limit(limit)).all()
    shifts = _shifts(session, [row.known for row in found if row.known is not None])
    units = {unit.id: unit for unit in session.scalars(select(Unit).where(Unit.id.in_({row.unit_id for row in found})))}
    return [
        ShiftRow(
            row.shift_id, shift := shifts.get(row.known), shift.unit if shift is not None else units[row.unit_id],
            shift.started_at if shift is not None else row.since, row.ends_at, row.out,
            (row.place.isoformat(), row.shift_id),
        )
        for row in found
    ]  # fmt: skip


def _shifts(session: Session, ids: Sequence[str]) -> dict[str, Shift]:
    if not ids:
        return {}
    return {shift.id: shift for shift in session.scalars(_whole().where(Shift.id.in_(ids)))}


def _whole() -> Select[Shift]:
    vehicle = joinedload(Shift.vehicle)
    return select(Shift).options(
        joinedload(Shift.unit),
        vehicle.joinedload(Asset.model),
        vehicle.joinedload(Asset.equipment_class),
        vehicle.joinedload(Asset.unit),
        selectinload(Shift.members).joinedload(ShiftMember.person).joinedload(Person.unit),
    )


def _all(
    session: Session, actor: Actor, wanted: ShiftFilter, limit: int, after: tuple[datetime, str] | None
) -> list[ShiftRow]:
    out = (
        select(func.count())
        .select_from(ShiftItem)
        .join(Asset, Asset.id == ShiftItem.asset_id)
        .where(is_of_shift(), assets_for(actor, Permission.CUSTODY_SEE), is_out())
        .correlate(Shift)
        .scalar_subquery()
    )
    told = (
        select(ShiftItem.event_id)
        .join(Asset, Asset.id == ShiftItem.asset_id)
        .where(is_of_shift(), assets_for(actor, Permission.CUSTODY_SEE), counts(ShiftItem))
        .correlate(Shift)
        .exists()
    )
    statement = _whole().add_columns(out, told).where(sees_shift(actor))
    if wanted.unit_id is not None:
        statement = statement.where(Shift.unit_id == wanted.unit_id)
    if after is not None:
        at, last = after
        statement = statement.where(or_(Shift.started_at < at, and_(Shift.started_at == at, Shift.id < last)))
    rows = session.execute(statement.order_by(Shift.started_at.desc(), Shift.id.desc()).limit(limit)).unique()
    return [
        ShiftRow(
            shift.id, shift, shift.unit, shift.started_at, shift.ends_at, count,
            (shift.started_at.isoformat(), shift.id), is_told,
        )
        for shift, count, is_told in rows
    ]  # fmt: skip


def _tell_what_is_out(session: Session, actor: Actor, rows: Collection[ShiftRow]) -> None:
    """Add to the rows who has what is still out, and some of it."""
    holding = [row for row in rows if row.out]
    if not holding:
        return
    known = {(row.id, row.shift is not None): row for row in holding}
    found = session.execute(
        select(ShiftItem.shift_id, Shift.id, Asset, Person)
        .join(Asset, Asset.id == ShiftItem.asset_id)
        .join(Person, Person.id == Asset.custodian_person_id)
        .outerjoin(Shift, and_(is_of_shift(), sees_shift(actor)))
        .options(joinedload(Asset.model), joinedload(Asset.equipment_class), joinedload(Person.unit))
        .where(ShiftItem.shift_id.in_({row.id for row in holding}), assets_for(actor, Permission.CUSTODY_SEE), is_out())
        .order_by(ShiftItem.shift_id, Asset.code)
        .limit(_SHOWN_ITEMS)
    )
    holders: dict[str, dict[int, Person]] = defaultdict(dict)
    for shift_id, belongs, asset, person in found:
        row = known.get((shift_id, belongs is not None))
        if row is None:
            continue
        row.missing.append(asset)
        holders[f"{shift_id}{belongs is not None}"][person.id] = person
        row.holders = list(holders[f"{shift_id}{belongs is not None}"].values())


def _place(key: tuple[object, ...]) -> tuple[datetime, str]:
    try:
        at, last = datetime.fromisoformat(str(key[0])), str(key[1])
        if at.tzinfo is None or "\x00" in last:
            raise ValueError
    except (ValueError, IndexError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error
    return at, last
