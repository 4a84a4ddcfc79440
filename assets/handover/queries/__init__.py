"""Reads of rounds: their lines and items within the reader's reach, and what is still to come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.handover.models import HandoverCount, HandoverItem, HandoverLine
from assets.handover.rules import OUTCOME_NAMES, STILL_TO_COME, newest
from assets.people.models import Unit
from assets.people.rules import Permission, reach
from assets.registry.models import Asset, EquipmentModel, Grant, HandoverBatch
from assets.registry.rules.folding import fold_identifier
from assets.registry.scope import units_within


@dataclass(frozen=True)
class ItemFilters:
    """What a list of items is narrowed to. `outcome` 'open': not counted, or short. `number`: label or serial."""

    batch_id: int | None = None
    grant: str = ""
    unit: str = ""
    outcome: str = ""
    number: str = ""


def round_by_id(session: Session, batch_id: int) -> HandoverBatch:
    """The round with its grant, donor, implementing agency and recipients; `NotFound` otherwise. Two queries."""
    found = session.scalar(
        select(HandoverBatch)
        .options(
            joinedload(HandoverBatch.grant).joinedload(Grant.donor),
            joinedload(HandoverBatch.grant).joinedload(Grant.implementing_agency),
            selectinload(HandoverBatch.recipients),
        )
        .where(HandoverBatch.id == batch_id)
    )
    if found is None:
        raise NotFound(msg("There is no such round."))
    return found


def items_within(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """A condition on the `Asset` of an item: within the actor's reach.

    Not `assets_for`: what was never delivered has left the register, and still stands in its round.
    """
    return units_within(reach(actor, permission), Asset.unit_id)


_OF_A_LINE = tuple(
    joinedload(part)
    for part in (HandoverLine.equipment_class, HandoverLine.model, HandoverLine.unit, HandoverLine.agency)
)


def lines_of(
    session: Session, actor: Actor, batch: HandoverBatch, permission: Permission = Permission.ASSET_READ
) -> list[HandoverLine]:
    """The lines for units within reach, by number, with class, model, unit and agency. One query."""
    statement = (
        select(HandoverLine)
        .options(*_OF_A_LINE)
        .where(HandoverLine.batch_id == batch.id, units_within(reach(actor, permission), HandoverLine.unit_id))
        .order_by(HandoverLine.number)
    )
    return list(session.scalars(statement))


@dataclass(frozen=True)
class Totals:
    """Of the whole round, for everybody alike: its lines, its items, and lines that have no value."""

    lines: int
    items: int
    without_value: int


def lines_and_totals(session: Session, actor: Actor, batch: HandoverBatch) -> tuple[list[HandoverLine], Totals]:
    """The lines as `lines_of` gives them, and what the whole round holds. One query."""
    rows = session.execute(
        select(HandoverLine, units_within(reach(actor, Permission.ASSET_READ), HandoverLine.unit_id).label("is_seen"))
        .options(*_OF_A_LINE)
        .where(HandoverLine.batch_id == batch.id)
        .order_by(HandoverLine.number)
    ).all()
    every = [row[0] for row in rows]
    without_value = sum(1 for line in every if line.unit_value is None)
    totals = Totals(len(every), sum(line.quantity for line in every), without_value)
    return [row[0] for row in rows if row.is_seen], totals


def tally(
    session: Session, actor: Actor, batch_ids: Sequence[int], permission: Permission = Permission.ASSET_READ
) -> dict[int, dict[int, dict[str, int]]]:
    """How many items of each round (by id), line (by id) and outcome are within reach. One query."""
    rows = session.execute(
        select(HandoverLine.batch_id, HandoverLine.id, HandoverItem.outcome, func.count())
        .select_from(HandoverItem)
        .join(HandoverItem.line)
        .join(HandoverItem.asset)
        .where(HandoverLine.batch_id.in_(batch_ids), items_within(actor, permission))
        .group_by(HandoverLine.batch_id, HandoverLine.id, HandoverItem.outcome)
    )
    found: dict[int, dict[int, dict[str, int]]] = {batch_id: {} for batch_id in batch_ids}
    for batch_id, line_id, outcome, count in rows:
        found[batch_id].setdefault(line_id, {})[outcome] = count
    return found


def summed(of_lines: dict[int, dict[str, int]]) -> dict[str, int]:
    """The tallies of lines as one, with every outcome."""
    return {name: sum(counts.get(name, 0) for counts in of_lines.values()) for name in OUTCOME_NAMES}


def items_page(
    session: Session,
    actor: Actor,
    filters: ItemFilters,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
    permission: Permission = Permission.ASSET_READ,
) -> list[HandoverItem]:
    """Items within reach with asset, line, model, unit and round, in the order of rounds, lines and numbers.

    Give `limit` one more than shown; `after` is the last item's `key_of`. One query.
    """
    statement = _items(actor, filters, permission)
    key = (HandoverLine.batch_id, HandoverLine.number, HandoverItem.number)
    if after is not None:
        if len(after) != 3 or not all(isinstance(part, int) for part in after):
            raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
        statement = statement.where(tuple_(*key) > after)
    return list(session.scalars(statement.order_by(*key).limit(limit)))


def key_of(item: HandoverItem) -> tuple[int, int, int]:
    """Where an item stands in the order of `items_page`."""
    return item.line.batch_id, item.line.number, item.number


def all_items(
    session: Session, actor: Actor, filters: ItemFilters, permission: Permission = Permission.ASSET_READ
) -> Iterator[HandoverItem]:
    """Every item that `items_page` would give, a few hundred at a time."""
    after: tuple[object, ...] | None = None
    while True:
        found = items_page(session, actor, filters, limit=500, after=after, permission=permission)
        yield from found
        if len(found) < 500:
            return
        after = key_of(found[-1])


def count_items_found(session: Session, actor: Actor, filters: ItemFilters) -> int:
    """How many items the filters find within reach."""
    return session.scalar(items_found_counting(actor, filters)) or 0


def items_found_counting(actor: Actor, filters: ItemFilters) -> Select[int]:
    """The count of `count_items_found` as a statement, for a page that asks many counts in one query."""
    inner = (
        _items(actor, filters, Permission.ASSET_READ)
        .with_only_columns(HandoverItem.id)
        .options()
        .order_by(None)
        .subquery()
    )
    return select(func.count()).select_from(inner)


def _items(actor: Actor, filters: ItemFilters, permission: Permission) -> Select[HandoverItem]:
    if filters.outcome and filters.outcome not in {*OUTCOME_NAMES, "open"}:
        known = ", ".join((*OUTCOME_NAMES, "open"))
        raise invalid("outcome", msg("This is one of: %(known)s.", known=known), code="unknown_word")
    statement = (
        select(HandoverItem)
        .join(HandoverItem.line)
        .join(HandoverLine.batch)
        .join(HandoverBatch.grant)
        .join(HandoverItem.asset)
        .join(Asset.unit)
        .outerjoin(HandoverLine.model)
        .options(
            contains_eager(HandoverItem.line).options(
                contains_eager(HandoverLine.batch).contains_eager(HandoverBatch.grant),
                contains_eager(HandoverLine.model),
                joinedload(HandoverLine.equipment_class),
                joinedload(HandoverLine.agency),
            ),
            contains_eager(HandoverItem.asset).contains_eager(Asset.unit),
        )
        .where(items_within(actor, permission))
    )
    if filters.batch_id is not None:
        statement = statement.where(HandoverLine.batch_id == filters.batch_id)
    if filters.grant:
        statement = statement.where(Grant.code == filters.grant)
    if filters.unit:
        statement = statement.where(Unit.code == filters.unit)
    if filters.outcome:
        wanted = STILL_TO_COME if filters.outcome == "open" else (filters.outcome,)
        statement = statement.where(HandoverItem.outcome.in_(wanted))
    if filters.number.strip():
        folded = fold_identifier(filters.number)
        statement = statement.where(
            or_(Asset.serial_folded == folded, Asset.vin_folded == folded, Asset.code == folded)
        )
    return statement


def item_of(
    session: Session, actor: Actor, batch: HandoverBatch, item_id: int, permission: Permission = Permission.ASSET_READ
) -> HandoverItem:
    """One item of this round with its counts; `NotFound` when there is none within reach."""
    found = items_of(session, actor, batch, [item_id], permission)
    if item_id not in found:
        raise NotFound(msg("There is no such item in this round, or it is not yours to see."))
    return found[item_id]


def items_of(
    session: Session, actor: Actor, batch: HandoverBatch, item_ids: Sequence[int], permission: Permission,
    *, lock: bool = False,
) -> dict[int, HandoverItem]:  # fmt: skip
    """Those of these items that belong to the round and lie within reach, by id, with what a count needs.

    `lock`: against others who count the same at the same moment. Two queries.
    """
    statement = (
        select(HandoverItem)
        .join(HandoverItem.line)
        .join(HandoverItem.asset)
        .join(Asset.unit)
        .options(
            contains_eager(HandoverItem.line).options(
                joinedload(HandoverLine.model), joinedload(HandoverLine.equipment_class)
            ),
            contains_eager(HandoverItem.asset).options(
                contains_eager(Asset.unit),
                joinedload(Asset.equipment_class), joinedload(Asset.model), joinedload(Asset.batch),
                joinedload(Asset.custodian_org),
            ),
            selectinload(HandoverItem.counts),
        )
        .where(
            HandoverItem.id.in_(item_ids), HandoverLine.batch_id == batch.id, items_within(actor, permission)
        )
        .order_by(HandoverItem.id)
    )  # fmt: skip
    if lock:
        statement = statement.with_for_update(of=[HandoverItem, Asset]).execution_options(populate_existing=True)
    return {item.id: item for item in session.scalars(statement)}


def rounds_still_to_come(session: Session, actor: Actor, *, limit: int = 20) -> list[tuple[HandoverBatch, int, int]]:
    """Rounds with items to come within reach, the oldest first: (round, not counted, short). One query."""
    pending = func.count().filter(HandoverItem.outcome == "pending")
    short = func.count().filter(HandoverItem.outcome == "short")
    open_ones = (
        select(HandoverLine.batch_id, pending.label("pending"), short.label("short"))
        .select_from(HandoverItem)
        .join(HandoverItem.line)
        .join(HandoverItem.asset)
        .where(HandoverItem.outcome.in_(STILL_TO_COME), items_within(actor, Permission.ASSET_READ))
        .group_by(HandoverLine.batch_id)
        .subquery()
    )
    rows = session.execute(
        select(HandoverBatch, open_ones.c.pending, open_ones.c.short)
        .join(open_ones, open_ones.c.batch_id == HandoverBatch.id)
        .options(joinedload(HandoverBatch.grant))
        .order_by(HandoverBatch.handed_over_on, HandoverBatch.id)
        .limit(limit)
    )
    return [(row[0], int(row[1]), int(row[2])) for row in rows]


def models_by_fold(session: Session) -> list[EquipmentModel]:
    """Every model with its class, the oldest first."""
    statement = select(EquipmentModel).options(joinedload(EquipmentModel.equipment_class)).order_by(EquipmentModel.id)
    return list(session.scalars(statement))


def newest_counts(session: Session, item_ids: Sequence[int]) -> dict[int, HandoverCount]:
    """The count that holds of each of these items; those that were never counted are left out. A query for each 500."""
    found: dict[int, list[HandoverCount]] = {}
    for start in range(0, len(item_ids), 500):
        statement = select(HandoverCount).where(HandoverCount.item_id.in_(item_ids[start : start + 500]))
        for count in session.scalars(statement):
            found.setdefault(count.item_id, []).append(count)
    return {item_id: max(counts, key=lambda count: (count.at, count.id)) for item_id, counts in found.items()}


def count_with_uid(session: Session, uid: str) -> HandoverCount | None:
    """The count that was sent under this id."""
    return session.scalar(select(HandoverCount).where(HandoverCount.uid == uid))


def outcome_at(item: HandoverItem, moment: datetime) -> str:
    """What the newest count said of which we had heard by then; 'pending' before any."""
    known = newest(count for count in item.counts if count.recorded_at <= moment)
    return known.outcome if known is not None else "pending"
