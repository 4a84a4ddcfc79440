"""Reads behind an issue: what moved in a lot, its opened packs, and the lots of an item in the order they should go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from assets.registry.models import StockLot, StockMovement, StockPack, StockPackEntry
from assets.registry.rules.issuing import Candidate, Moved, Pack, PackEntry, first_expired_first_out, fold_pack

_ZERO = Decimal(0)


@dataclass(frozen=True)
class PackView:
    """An opened pack as it was entered, what its entries leave of it, and those entries, newest first."""

    row: StockPack
    pack: Pack
    entries: list[StockPackEntry]


def ledger(session: Session, lot: StockLot) -> list[Moved]:
    """Every movement of the lot, in the order in which they were recorded; a count that changed nothing is the last."""
    rows = session.execute(
        select(StockMovement.at, StockMovement.kind, StockMovement.quantity)
        .where(StockMovement.lot_id == lot.id)
        .order_by(StockMovement.id)
    )
    moves = [Moved(at, kind, Decimal(quantity)) for at, kind, quantity in rows]
    if lot.counted_at is not None:
        moves.append(Moved(lot.counted_at, "counted", _ZERO))
    return moves


def is_closed_pack() -> ColumnElement[bool]:
    """A condition on `StockPack`: it was closed."""
    of_it = StockPackEntry.pack_id == StockPack.id
    return select(StockPackEntry.id).where(of_it, StockPackEntry.kind == "closed").exists()


def packs_of(session: Session, lot_ids: Collection[int], *, closed: int | None = None) -> dict[int, list[PackView]]:
    """Every pack that was opened of these lots, by lot, newest first; of those that are closed the newest `closed`."""
    statement = select(StockPack).where(StockPack.lot_id.in_(lot_ids)).order_by(StockPack.id.desc())
    if closed is not None:
        kept = ~is_closed_pack()
        if closed:
            newest = select(StockPack.id).where(StockPack.lot_id.in_(lot_ids), is_closed_pack())
            kept = or_(kept, StockPack.id.in_(newest.order_by(StockPack.id.desc()).limit(closed)))
        statement = statement.where(kept)
    rows = session.scalars(statement).all()
    entries: dict[int, list[StockPackEntry]] = defaultdict(list)
    if rows:
        for entry in session.scalars(
            select(StockPackEntry)
            .where(StockPackEntry.pack_id.in_([row.id for row in rows]))
            .order_by(StockPackEntry.id)
        ):
            entries[entry.pack_id].append(entry)
    found: dict[int, list[PackView]] = defaultdict(list)
    for row in rows:
        told = entries[row.id]
        opened = Pack(row.id, row.opened_at, row.use_by, row.tests)
        folded = fold_pack(opened, [PackEntry(entry.kind, entry.at, entry.count) for entry in told])
        found[row.lot_id].append(PackView(row, folded, told[::-1]))
    return found


def packs_in_store(session: Session, lot: StockLot) -> list[Pack]:
    """The opened packs of the lot that lie in its store: a part of what is on hand."""
    return [view.pack for view in packs_of(session, [lot.id], closed=0).get(lot.id, []) if view.pack.is_in_store()]


def lots_of_item(session: Session, lot: StockLot) -> list[StockLot]:
    """The lots of the same unit, class and item of which anything is left, and this one.

    The case of letters does not matter.
    """
    # What was used up years ago is not looked at for every issue; an opened pack in store is a part of what is left.
    left = (
        select(StockMovement.lot_id)
        .join(StockLot, StockLot.id == StockMovement.lot_id)
        .where(StockLot.unit_id == lot.unit_id, StockLot.class_id == lot.class_id)
        .group_by(StockMovement.lot_id)
        .having(func.sum(StockMovement.quantity) > 0)
    )
    known = session.scalars(
        select(StockLot).where(
            StockLot.unit_id == lot.unit_id, StockLot.class_id == lot.class_id, StockLot.annulled_at.is_(None),
            or_(StockLot.id.in_(left), StockLot.id == lot.id),
        )
    )  # fmt: skip
    wanted = lot.item.casefold()
    return [each for each in known if each.item.casefold() == wanted]


def candidates(session: Session, lots: Collection[StockLot]) -> list[Candidate]:
    """These lots with what is sealed of them and their opened packs in store, as things stand now."""
    ids = [lot.id for lot in lots]
    held = {
        lot_id: Decimal(str(quantity))
        for lot_id, quantity in session.execute(
            select(StockMovement.lot_id, func.sum(StockMovement.quantity))
            .where(StockMovement.lot_id.in_(ids))
            .group_by(StockMovement.lot_id)
        )
    }
    packs = packs_of(session, ids, closed=0)
    found = []
    for lot in lots:
        stored = tuple(view.pack for view in packs.get(lot.id, []) if view.pack.is_in_store())
        sealed = held.get(lot.id, _ZERO) - len(stored)
        is_barred = lot.recalled_on is not None or lot.suspect_since is not None
        found.append(Candidate(lot.id, lot.expires_on, sealed, stored, is_barred))
    return found


def proposal(session: Session, lot: StockLot, day: date) -> list[Candidate]:
    """The lots of the item that may be issued that day, in the order in which they should go."""
    return first_expired_first_out(candidates(session, lots_of_item(session, lot)), day)
