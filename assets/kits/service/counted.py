"""Counted items of kits: from a lot into the kit and back, and what was used out of it.

What lies in a kit has left the shelf: it is issued to the kit's unit, and comes back into the lot when it is taken
out. So nothing is counted twice, and what is expired or recalled cannot be put in.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import RuleViolation
from assets.core.i18n import Message, msg
from assets.kits.models import KitEntry
from assets.kits.rules.ledger import PUT, TAKE, USED, balance, is_late
from assets.kits.rules.lists import check_leaves, check_quantity
from assets.kits.service.entering import check_new, count_entries, enter, follow_count, hold, kit_row, plain_note
from assets.kits.service.parts import is_part
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, StockIssue, StockLot
from assets.registry.rules.stock import plain
from assets.registry.scope import require_asset, require_unit
from assets.registry.service.issuing import Recipient, issue_stock, outstanding, return_stock
from assets.registry.service.timeline import Occurrence, record


def put_counted(
    session: Session,
    actor: Actor,
    kit: Asset,
    lot: StockLot,
    quantity: Decimal,
    occurrence: Occurrence,
    *,
    reason: str = "",
) -> Message | None:
    """Put so much of a lot into a kit; answers what is to be said of the lot since, if anything.

    It is issued from the lot to the kit's unit (`issue_stock` says when not and why; `reason`: why not the lot that
    goes first). The actor must keep the lot's stock and hand out the kit.
    """
    _check(session, actor, kit, lot, occurrence)
    require_unit(actor, Permission.STOCK_WRITE, lot.unit)
    check_quantity(quantity)
    if is_part(session, kit):
        raise RuleViolation(msg("Nothing goes into a part of a kit."), code="kit_in_kit")
    kit_row(session, kit)
    unit = kit.unit if kit.holding_unit_id is None else session.get_one(Unit, kit.holding_unit_id)
    late = is_late(occurrence.occurred_at, occurrence.received_at)
    issued = issue_stock(
        session, actor, lot, quantity, Recipient(unit), occurrence, reason=reason, is_late=late
    )  # fmt: skip
    _enter(session, actor, kit, lot, PUT, quantity, occurrence, plain_note(reason))
    return issued.notice


def take_counted(
    session: Session,
    actor: Actor,
    kit: Asset,
    lot: StockLot,
    quantity: Decimal,
    occurrence: Occurrence,
    *,
    note: str = "",
) -> None:
    """Take so much of a lot out of a kit; it goes back into its lot, whatever has become of that.

    `InvalidInput` for more than is in it.
    """
    _check(session, actor, kit, lot, occurrence)
    require_unit(actor, Permission.STOCK_WRITE, lot.unit)
    _check_there(session, kit, lot, quantity, occurrence)
    _give_back(session, actor, kit, lot, quantity, occurrence)
    _enter(session, actor, kit, lot, TAKE, quantity, occurrence, plain_note(note))


def use_counted(
    session: Session,
    actor: Actor,
    kit: Asset,
    lot: StockLot,
    quantity: Decimal,
    occurrence: Occurrence,
    *,
    note: str = "",
) -> None:
    """So much of a lot was used out of the kit. `InvalidInput` for more than is in it, unless it was a while ago."""
    require_asset(actor, Permission.KIT_USE, kit)
    check_new(session, occurrence)
    hold(session, kit)
    _check_there(session, kit, lot, quantity, occurrence)
    _enter(session, actor, kit, lot, USED, quantity, occurrence, plain_note(note))


def _check(session: Session, actor: Actor, kit: Asset, lot: StockLot, occurrence: Occurrence) -> None:
    require_asset(actor, Permission.CUSTODY_ACT, kit)
    check_new(session, occurrence)
    hold(session, kit)


def _check_there(session: Session, kit: Asset, lot: StockLot, quantity: Decimal, occurrence: Occurrence) -> None:
    check_quantity(quantity)
    known = count_entries(session, kit, lot.id)
    if not known:
        raise RuleViolation(msg("Nothing of this lot is in this kit."), code="not_in_kit")
    late = is_late(occurrence.occurred_at, occurrence.received_at)
    check_leaves(balance(known).quantity, quantity, is_late=late)


def _enter(
    session: Session,
    actor: Actor,
    kit: Asset,
    lot: StockLot,
    kind: str,
    quantity: Decimal,
    occurrence: Occurrence,
    note: str,
) -> None:
    data = {"item": lot.item, "lot": lot.lot_number, "quantity": plain(quantity), "counted_in": lot.counted_in}
    event = record(session, actor, kit, f"kit_count_{kind}", occurrence, data)
    enter(session, actor, kit, lot, kind, occurrence, event, quantity=quantity, note=note)
    follow_count(session, kit, [lot.id])


def _give_back(
    session: Session, actor: Actor, kit: Asset, lot: StockLot, quantity: Decimal, occurrence: Occurrence
) -> None:
    """Return it to the lot, from what was issued into this kit, the newest first.

    What was counted into the kit without having been issued came from nowhere, and goes back as far as it was.
    """
    put_in = select(KitEntry.event_id).where(
        KitEntry.kit_id == kit.id, KitEntry.lot_id == lot.id, KitEntry.kind == PUT
    )  # fmt: skip
    issues = session.scalars(
        select(StockIssue)
        .where(StockIssue.event_id.in_(put_in), StockIssue.issue_id.is_(None))
        .order_by(StockIssue.movement_id.desc())
    ).all()
    left = quantity
    for issue in issues:
        out = outstanding(session, issue)
        # An opened pack comes back as a whole.
        amount = out if issue.pack_id is not None else min(out, left)
        if not 0 < amount <= left:
            continue
        own = str(uuid5(UUID(occurrence.id), f"back {issue.movement_id}"))
        back = Occurrence(occurrence.occurred_at, occurrence.received_at, own, occurrence.n, occurrence.noted)
        return_stock(session, actor, lot, issue.movement_id, amount, back, "")
        left -= amount
