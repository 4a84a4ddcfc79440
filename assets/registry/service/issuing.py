"""Issue of consumables to a person or a unit's use, first expired first out, and the return of what was not used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.clock import day_start, local_date
from assets.core.db import zone_of
from assets.core.errors import Conflict, NotFound, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.people.models import Person, Unit
from assets.people.rules import Permission
from assets.registry.models import StockIssue, StockLot, StockMovement
from assets.registry.queries.stock_packs import ledger, lots_of_item, packs_in_store, packs_of, proposal
from assets.registry.rules.issuing import Candidate, Moved, Pack, check_issued, not_enough, room_at
from assets.registry.rules.stock import check_reason, plain
from assets.registry.scope import persons_for, require_unit, units_for
from assets.registry.service.packs import add_entry
from assets.registry.service.stock import lock_lot, move, on_hand
from assets.registry.service.timeline import Occurrence

ALREADY_COUNTED = msg("The count at that time had found it gone already.")
UNUSED = msg("Not used")


@dataclass(frozen=True)
class Recipient:
    """Whose use it goes to: a unit's, and there perhaps a person's."""

    unit: Unit
    person: Person | None = None


@dataclass(frozen=True)
class Issued:
    """What came of an issue: its parts, and what is to be said of the lot since."""

    parts: list[StockIssue]
    notice: Message | None = None


def recipient_named(session: Session, actor: Actor, text: str, field: str = "to") -> Recipient:
    """The person with this service number, or the unit with this code, to whom `actor` may issue.

    `InvalidInput` naming `field` when there is none or it is out of scope: both look the same.
    """
    text = text.strip()
    person = session.scalar(
        select(Person)
        .options(joinedload(Person.unit).joinedload(Unit.region))
        .where(Person.number == text, persons_for(actor, Permission.STOCK_WRITE))
    )
    if person is not None:
        return Recipient(person.unit, person)
    unit = session.scalar(select(Unit).where(Unit.code == text, units_for(actor, Permission.STOCK_WRITE)))
    if unit is None:
        raise invalid(field, msg("No person or unit of yours has this number or code."), code="unknown_person")
    return Recipient(unit)


def is_done(session: Session, event_id: str) -> bool:
    """Whether an issue or return with this id was recorded: what is sent twice is done once."""
    return session.scalar(select(StockIssue.movement_id).where(StockIssue.event_id == event_id).limit(1)) is not None


def issue_stock(
    session: Session,
    actor: Actor,
    lot: StockLot,
    quantity: Decimal,
    to: Recipient,
    occurrence: Occurrence,
    *,
    reason: str = "",
    is_late: bool = False,
) -> Issued:
    """Give so much of the lot away, opened packs first; at no moment does the stock fall below zero.

    Refused for what was expired, recalled or suspect when it happened. Another lot that should go first needs a
    `reason`, which is kept; what `is_late` has happened already and is kept without one, marked `out_of_order`.
    """
    lock_lot(session, actor, lot)
    require_unit(actor, Permission.STOCK_WRITE, to.unit)
    if is_done(session, occurrence.id):
        raise Conflict(msg("This id was used before for something else."), code="id_reused")
    check_issued(quantity, in_packs=lot.tests_per_pack is not None)
    at, day = occurrence.occurred_at, local_date(occurrence.occurred_at, zone_of(session))
    _refuse_leaver(to.person, day)
    order = proposal(session, lot, day)
    _refuse_unusable(session, lot, at, day, order)
    packs, counted_at = _taken(session, lot, quantity, at, day)
    why = _why_not_first(session, lot, order, day, reason, is_late=is_late)
    parts = []
    amounts: list[tuple[Pack | None, Decimal]] = [(pack, Decimal(1)) for pack in packs]
    if quantity > len(packs):
        amounts.append((None, quantity - len(packs)))
    for part, (pack, amount) in enumerate(amounts):
        movement = move(session, actor, lot, "issued", -amount, occurrence.received_at, why or "", at=at)
        if counted_at is not None:
            words = str(ALREADY_COUNTED)
            move(session, actor, lot, "counted", amount, occurrence.received_at, words, at=counted_at)
        if pack is not None:
            add_entry(session, actor, pack.id, "went_out", occurrence)
        issue = StockIssue(
            movement_id=movement.id, movement=movement, event_id=occurrence.id, part=part, person=to.person,
            unit=to.unit, pack_id=pack.id if pack is not None else None, out_of_order=why is not None,
            noted=dict(occurrence.noted),
        )  # fmt: skip
        session.add(issue)
        parts.append(issue)
    session.flush()
    return Issued(parts, _since(lot))


def return_stock(
    session: Session, actor: Actor, lot: StockLot, issue_id: int, quantity: Decimal, occurrence: Occurrence, reason: str
) -> StockIssue:
    """Take back what was not used of an issue, also of a lot that is recalled or expired by now.

    `NotFound` when the lot has no such issue; `InvalidInput` for more than is out.
    """
    lock_lot(session, actor, lot)
    if is_done(session, occurrence.id):
        raise Conflict(msg("This id was used before for something else."), code="id_reused")
    issue = session.scalar(
        select(StockIssue)
        .join(StockMovement, StockMovement.id == StockIssue.movement_id)
        .where(StockIssue.movement_id == issue_id, StockMovement.lot_id == lot.id, StockMovement.kind == "issued")
    )
    if issue is None:
        raise NotFound(msg("This lot has no such issue."))
    check_issued(quantity, in_packs=lot.tests_per_pack is not None)
    out = outstanding(session, issue)
    if quantity > out:
        words = msg("Only %(n)s of this issue are still out.", n=plain(out))
        raise invalid("quantity", words, code="out_of_range")
    if issue.pack_id is not None and quantity != out:
        raise invalid("quantity", msg("An opened pack comes back as a whole."), code="out_of_range")
    reason = check_reason(reason) if reason.strip() else str(UNUSED)
    movement = move(session, actor, lot, "returned", quantity, occurrence.received_at, reason)
    if issue.pack_id is not None:
        add_entry(session, actor, issue.pack_id, "came_back", occurrence)
    back = StockIssue(
        movement_id=movement.id, movement=movement, event_id=occurrence.id, person_id=issue.person_id,
        unit_id=issue.unit_id, pack_id=issue.pack_id, issue_id=issue.movement_id, noted=dict(occurrence.noted),
    )  # fmt: skip
    session.add(back)
    session.flush()
    return back


def outstanding(session: Session, issue: StockIssue) -> Decimal:
    """How much of an issue has not come back; nothing of a pack that was used up or closed meanwhile."""
    movement = session.get_one(StockMovement, issue.movement_id)
    if issue.pack_id is not None:
        (view,) = (v for v in packs_of(session, [movement.lot_id])[movement.lot_id] if v.pack.id == issue.pack_id)
        if view.pack.is_closed:
            return Decimal(0)
    back = session.scalar(
        select(func.sum(StockMovement.quantity))
        .join(StockIssue, StockIssue.movement_id == StockMovement.id)
        .where(StockIssue.issue_id == issue.movement_id)
    )
    return -Decimal(str(movement.quantity)) - Decimal(str(back or 0))


def _refuse_leaver(person: Person | None, day: date) -> None:
    if person is not None and person.left_on is not None and person.left_on <= day:
        raise RuleViolation(msg("This person has left: nothing can be issued to them."), code="person_has_left")


def _refuse_unusable(session: Session, lot: StockLot, at: datetime, day: date, order: list[Candidate]) -> None:
    """Refuse what was barred when it happened, with words that say what to do instead."""
    recalled_at = lot.recalled_at
    if recalled_at is None and lot.recalled_on is not None:
        recalled_at = day_start(lot.recalled_on, zone_of(session))
    instead = _instead(session, order)
    if recalled_at is not None and at >= recalled_at:
        why = msg("This lot is recalled: %(why)s. Set it apart and write it off.", why=lot.recall_reason.rstrip("."))
        raise RuleViolation(_joined(why, instead), code="recalled")
    if lot.expires_on is not None and lot.expires_on < day:
        why = msg("This lot expired on %(day)s. Set it apart and write it off.", day=lot.expires_on.isoformat())
        raise RuleViolation(_joined(why, instead), code="expired")
    if lot.suspect_since is not None and at >= lot.suspect_since:
        why = msg("A pack of this lot failed its positive control. Open another and test it first, or recall the lot.")
        raise RuleViolation(_joined(why, instead), code="suspect")


def _instead(session: Session, order: list[Candidate]) -> Message:
    if not order:
        return msg("There is no other lot of it to issue.")
    first = session.get_one(StockLot, order[0].lot_id)
    return msg("Issue lot %(lot)s instead.", lot=first.lot_number)


def _joined(first: Message, second: Message) -> Message:
    return msg("%(first)s %(second)s", first=first, second=second)


def _taken(
    session: Session, lot: StockLot, quantity: Decimal, at: datetime, day: date
) -> tuple[list[Pack], datetime | None]:
    """The opened packs that go, and the count after it, if any; `RuleViolation` when there is not so much."""
    stored = packs_in_store(session, lot)
    opened = Candidate(lot.id, lot.expires_on, Decimal(0), tuple(stored)).open_packs(day)
    # What was heard of late took a pack only if that pack lay there then and has lain there since.
    free = [pack for pack in opened if pack.opened_at <= at and (pack.stirred_at is None or pack.stirred_at <= at)]
    packs = free[: int(quantity)]
    moves: list[Moved] = ledger(session, lot)
    room, counted_at = room_at(moves, at)
    # A count before it says nothing of what is sealed now; without one the packs in store must stay covered.
    sealed = room if counted_at is not None else min(room, on_hand(session, lot) - len(stored))
    room = min(room, sealed + len(packs))
    if quantity > room:
        raise not_enough(room, lot.counted_in)
    return packs, counted_at


def _why_not_first(
    session: Session, lot: StockLot, order: list[Candidate], day: date, reason: str, *, is_late: bool
) -> str | None:
    """The reason kept with an issue out of order; None when this lot is one that should go first."""
    turns = {candidate.lot_id: candidate.turn(day) for candidate in order}
    if not order or turns.get(lot.id, (False, date.min)) <= order[0].turn(day):
        return None
    if is_late and not reason.strip():
        return ""
    if not reason.strip():
        first = session.get_one(StockLot, order[0].lot_id)
        words = (
            msg("A pack of lot %(lot)s is open: issue that first, or say why not.", lot=first.lot_number)
            if first.expires_on is None or not order[0].turn(day)[0]
            else msg(
                "Lot %(lot)s expires first, on %(day)s: issue that, or say why not.",
                lot=first.lot_number, day=first.expires_on.isoformat(),
            )
        )  # fmt: skip
        raise invalid("reason", words, code="not_first_expired")
    return check_reason(reason)


def _since(lot: StockLot) -> Message | None:
    if lot.recalled_on is not None:
        return msg("The lot was recalled since: take back what is not used.")
    if lot.suspect_since is not None:
        return msg("A pack of the lot failed its positive control since: take back what is not used.")
    return None


def lots_in_order(session: Session, lot: StockLot, day: date) -> Iterator[tuple[StockLot, Candidate]]:
    """The lots of the item that may be issued that day, the one that should go first before the others."""
    known = {each.id: each for each in lots_of_item(session, lot)}
    for candidate in proposal(session, lot, day):
        yield known[candidate.lot_id], candidate
