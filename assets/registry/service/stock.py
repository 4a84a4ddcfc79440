"""What is done with lots of consumables: received, counted, written off, recalled; movements are never changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import Conflict, FieldError, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.people.queries import unit_by_code
from assets.people.rules import Permission
from assets.registry.models import EquipmentClass, StockLot, StockMovement
from assets.registry.queries.stock_packs import packs_in_store, packs_of
from assets.registry.rules.stock import (
    LotDraft,
    check_days,
    check_reason,
    check_write_off,
    counted_difference,
)
from assets.registry.scope import require_unit
from assets.registry.service.catalogue import model_named
from assets.registry.service.lot_labels import give_label
from assets.registry.service.references import batch_by_number, class_by_code

_CHUNK = 400


def receive_lot(session: Session, actor: Actor, draft: LotDraft, now: datetime) -> StockLot:
    """A new lot of a unit with what came of it; one whose import was undone is the same lot again.

    `Conflict` 'lot_known' when the unit keeps this lot of this item already: it is counted instead.
    """
    unit = unit_by_code(session, draft.unit)
    require_unit(actor, Permission.STOCK_WRITE, unit)
    of_class = class_by_code(session, draft.class_code)
    check_days(draft, local_date(now, zone_of(session)))
    lot = lot_of(session, unit.id, of_class, draft)
    if lot is not None and lot.annulled_at is None:
        raise _known(lot)
    if lot is None:
        lot = StockLot(
            equipment_class=of_class, unit=unit, item=draft.item, lot_number=draft.lot_number, registered_at=now,
            recall_reason="",
        )  # fmt: skip
        session.add(lot)
    lot.annulled_at = None
    lot.model = model_named(session, actor, of_class, draft.model) if draft.model else None
    lot.batch = batch_by_number(session, draft.batch) if draft.batch else None
    lot.counted_in, lot.expires_on = draft.counted_in, draft.expires_on
    lot.received_on, lot.opened_on = draft.received_on, draft.opened_on
    lot.tests_per_pack, lot.use_within_days = draft.tests_per_pack, draft.use_within_days
    try:
        session.flush()
    except IntegrityError as error:
        raise _known(None) from error
    give_label(session, actor, lot, now)
    move(session, actor, lot, "received", draft.quantity, now)
    return lot


def lot_of(session: Session, unit_id: int, of_class: EquipmentClass, draft: LotDraft) -> StockLot | None:
    """The unit's lot with this number of this item, also one whose import was undone."""
    return session.scalar(
        select(StockLot).where(
            StockLot.unit_id == unit_id, StockLot.class_id == of_class.id, StockLot.lot_number == draft.lot_number,
            StockLot.item == draft.item,
        )
    )  # fmt: skip


def on_hand(session: Session, lot: StockLot) -> Decimal:
    """How much of the lot there is: the sum of its movements, in what it is counted in."""
    total = session.scalar(select(func.sum(StockMovement.quantity)).where(StockMovement.lot_id == lot.id))
    return Decimal(total or 0).quantize(Decimal("0.001"))


def count_lot(
    session: Session, actor: Actor, lot: StockLot, counted: Decimal, reason: str, now: datetime
) -> StockMovement | None:
    """Enter what was counted, opened packs with the others, and why it is not what the register says; None when it is.

    Either way the lot was counted: what is heard of later and left before does not change what is there now.
    """
    lock_lot(session, actor, lot)
    check_whole(lot, counted)
    opened = len(packs_in_store(session, lot))
    recalled = lot.recalled_on is not None
    difference = counted_difference(on_hand(session, lot), counted, recalled=recalled, opened=opened)
    if difference:
        movement = move(session, actor, lot, "counted", difference, now, check_reason(reason))
        lot.counted_at = movement.at
        return movement
    lot.counted_at = here_and_now(session, lot, now)
    session.flush()
    return None


def write_off(
    session: Session, actor: Actor, lot: StockLot, quantity: Decimal, reason: str, now: datetime
) -> StockMovement:
    """Take so much that is sealed out of the lot (used up, spoilt, expired), and say why."""
    lock_lot(session, actor, lot)
    check_whole(lot, quantity)
    check_write_off(on_hand(session, lot), quantity, opened=len(packs_in_store(session, lot)))
    return move(session, actor, lot, "written_off", -quantity, now, check_reason(reason))


def recall_lot(session: Session, actor: Actor, lot: StockLot, reason: str, now: datetime) -> None:
    """Say that the lot may not be used any more, whatever its expiry; it stays to be seen until it is written off."""
    lock_lot(session, actor, lot)
    if lot.recalled_on is not None:
        raise RuleViolation(msg("This lot is recalled already."), code="recalled")
    lot.recall_reason = check_reason(reason)
    lot.recalled_on, lot.recalled_at = local_date(now, zone_of(session)), now
    session.flush()


def moved_since(session: Session, lots: Sequence[StockLot]) -> list[tuple[int, Message, datetime | None]]:
    """What was done with these lots since they were last received: (lot, what, when)."""
    found: list[tuple[int, Message, datetime | None]] = [
        (lot.id, msg("was recalled"), None) for lot in lots if lot.recalled_on is not None
    ]
    ids = [lot.id for lot in lots]
    found += _opened(session, ids)
    for first in range(0, len(ids), _CHUNK):
        rows = session.execute(
            select(StockMovement.lot_id, StockMovement.kind, StockMovement.recorded_at)
            .where(StockMovement.lot_id.in_(ids[first : first + _CHUNK]))
            .order_by(StockMovement.id)
        )
        newest: dict[int, tuple[str, datetime]] = {}
        for lot_id, kind, at in rows:
            newest[lot_id] = (kind, at)
        found += [
            (lot_id, msg("was issued, counted or written off"), at)
            for lot_id, (kind, at) in newest.items()
            if kind != "received"
        ]
    return found


def _opened(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, Message, datetime | None]]:
    for first in range(0, len(ids), _CHUNK):
        for lot_id, views in packs_of(session, ids[first : first + _CHUNK]).items():
            if any(not view.pack.is_closed for view in views):
                yield lot_id, msg("has an opened pack"), views[0].row.recorded_at


def annul_lots(session: Session, actor: Actor, lots: Sequence[StockLot], reason: str, now: datetime) -> None:
    """Say that these lots were entered by mistake: what they held is taken out, and they are left out of every list."""
    for lot in lots:
        require_unit(actor, Permission.IMPORT_RUN, lot.unit)
        held = on_hand(session, lot)
        if held:
            move(session, actor, lot, "annulled", -held, now, reason)
        lot.annulled_at = now
    session.flush()


def lock_lot(session: Session, actor: Actor, lot: StockLot, permission: Permission = Permission.STOCK_WRITE) -> None:
    """Hold the lot until the transaction ends: of two who take the last piece, the second sees what the first did."""
    require_unit(actor, permission, lot.unit)
    changing = ["recalled_on", "recalled_at", "suspect_since", "opened_on", "counted_at", "annulled_at"]
    session.refresh(lot, changing, with_for_update={"of": StockLot})
    if lot.annulled_at is not None:
        raise RuleViolation(msg("This lot was entered by mistake and does not count any more."), code="lot_annulled")


def check_whole(lot: StockLot, quantity: Decimal) -> None:
    """`InvalidInput` for a part of a pack where the lot is counted in packs."""
    if lot.tests_per_pack is not None and quantity % 1:
        raise invalid("quantity", msg("This lot is counted in packs: give a whole number."), code="not_whole")


def here_and_now(session: Session, lot: StockLot, now: datetime) -> datetime:
    """The moment of what is done here and now: after everything that is recorded of the lot."""
    newest = session.scalar(select(func.max(StockMovement.at)).where(StockMovement.lot_id == lot.id))
    return max(newest, now) if newest is not None else now


def move(
    session: Session,
    actor: Actor,
    lot: StockLot,
    kind: str,
    quantity: Decimal,
    now: datetime,
    reason: str = "",
    *,
    at: datetime | None = None,
) -> StockMovement:
    """Append a movement. What is done here and now (`at` None) comes after everything that is recorded already."""
    movement = StockMovement(
        lot=lot, kind=kind, quantity=quantity, at=here_and_now(session, lot, now) if at is None else at,
        recorded_at=now, account_id=actor.account_id, actor_name=actor.name, reason=reason,
    )  # fmt: skip
    session.add(movement)
    session.flush()
    return movement


def _known(lot: StockLot | None) -> Conflict:
    words = msg("This unit keeps this lot of this item already: count it instead.")
    return Conflict(
        words, code="lot_known", fields=[FieldError("lot_number", words, "lot_known")],
        data={"lot": lot.id if lot is not None else None},
    )  # fmt: skip
