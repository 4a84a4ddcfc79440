"""Opened packs: opening with its positive control, counting tests off, correcting the count, and closing.

Who records operations opens packs and counts tests off; who keeps the stock corrects and closes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import NotFound, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.people.rules import Permission
from assets.registry.models import StockIssue, StockLot, StockPack, StockPackEntry
from assets.registry.queries.stock_packs import PackView, packs_in_store, packs_of
from assets.registry.rules import issuing as rules
from assets.registry.rules.stock import check_reason
from assets.registry.service.stock import lock_lot, move, on_hand
from assets.registry.service.timeline import Occurrence

CONTROL_FAILED = msg("The positive control failed")
USED_UP = msg("Used up")
FAILED_NOTICE = msg(
    "The control failed: the pack is written off, and the lot is suspect. Open another pack and test it; if that fails "
    "too, recall the lot."
)


@dataclass(frozen=True)
class Opened:
    """What came of opening a pack, and what is to be said of it."""

    pack: StockPack
    notice: Message | None = None


def open_pack(
    session: Session, actor: Actor, lot: StockLot, occurrence: Occurrence, *, control: str | None = None, note: str = ""
) -> Opened:
    """Open one sealed pack of the lot; classes with a positive control need its result.

    A failed control writes the pack off and marks the lot suspect; a passed one takes that mark away. An expired or
    recalled lot is not opened.
    """
    lock_lot(session, actor, lot, Permission.OPERATION_WRITE)
    if session.scalar(select(StockPack.id).where(StockPack.event_id == occurrence.id)) is not None:
        raise RuleViolation(msg("This pack was opened already: it was recorded once."), code="id_reused")
    day = local_date(occurrence.occurred_at, zone_of(session))
    _refuse_barred(lot, local_date(occurrence.occurred_at, zone_of(session)))
    rules.check_control(lot.equipment_class.code, control)
    if on_hand(session, lot) - len(packs_in_store(session, lot)) < 1:
        raise RuleViolation(
            msg("No sealed pack of this lot is left. Count it, or open another lot."), code="not_enough"
        )
    pack = StockPack(
        lot=lot, event_id=occurrence.id, opened_at=occurrence.occurred_at, recorded_at=occurrence.received_at,
        account_id=actor.account_id, actor_name=actor.name, tests=lot.tests_per_pack, control=control,
        control_note=_note(note), use_by=rules.use_by(day, lot.use_within_days, lot.expires_on),
    )  # fmt: skip
    session.add(pack)
    if lot.opened_on is None or day < lot.opened_on:
        lot.opened_on = day
    session.flush()
    if control != "failed":
        if control == "passed":
            lot.suspect_since = None
        session.flush()
        return Opened(pack)
    lot.suspect_since = occurrence.occurred_at
    add_entry(session, actor, pack.id, "closed", occurrence, reason=str(CONTROL_FAILED))
    move(session, actor, lot, "written_off", Decimal(-1), occurrence.received_at, str(CONTROL_FAILED))
    return Opened(pack, FAILED_NOTICE)


def use_tests(
    session: Session, actor: Actor, lot: StockLot, pack_id: int, tests: int, occurrence: Occurrence, operation: str = ""
) -> int:
    """Count tests off an opened pack, in store or in the field; answers how many are left.

    With the last one the pack is closed, and one in store leaves it, to the use of the lot's unit.
    """
    lock_lot(session, actor, lot, Permission.OPERATION_WRITE)
    view = pack_of(session, lot, pack_id)
    if _is_noted(session, pack_id, occurrence.id):
        return view.pack.tests_left or 0
    _refuse_barred(lot, local_date(occurrence.occurred_at, zone_of(session)))
    rules.check_tests(view.pack, tests)
    if view.pack.use_by is not None and local_date(occurrence.occurred_at, zone_of(session)) > view.pack.use_by:
        raise RuleViolation(
            msg("This pack was to be used until %(day)s: write it off.", day=view.pack.use_by.isoformat()),
            code="open_too_long",
        )
    add_entry(session, actor, pack_id, "used", occurrence, count=-tests, operation=operation)
    left = (view.pack.tests_left or 0) - tests
    if left == 0:
        _close_used_up(session, actor, lot, view, occurrence)
    return left


def count_tests(
    session: Session, actor: Actor, lot: StockLot, pack_id: int, left: int, reason: str, occurrence: Occurrence
) -> None:
    """Say how many tests are really left in an opened pack, and why the register said otherwise."""
    lock_lot(session, actor, lot)
    view = pack_of(session, lot, pack_id)
    if view.pack.is_closed or view.pack.tests_left is None or view.row.tests is None:
        raise RuleViolation(msg("The tests of this pack cannot be counted."), code="pack_closed")
    if not 1 <= left <= view.row.tests:
        words = msg("From 1 to %(n)s tests can be left; an empty pack is closed.", n=view.row.tests)
        raise invalid("left", words, code="out_of_range")
    if left != view.pack.tests_left:
        change = left - view.pack.tests_left
        add_entry(session, actor, pack_id, "counted", occurrence, count=change, reason=check_reason(reason))


def close_pack(
    session: Session, actor: Actor, lot: StockLot, pack_id: int, reason: str, occurrence: Occurrence
) -> None:
    """Write an opened pack off (open for too long, spoilt, lost), and say why; one in store leaves the stock."""
    lock_lot(session, actor, lot)
    view = pack_of(session, lot, pack_id)
    if view.pack.is_closed:
        raise RuleViolation(msg("This pack is closed already."), code="pack_closed")
    reason = check_reason(reason)
    add_entry(session, actor, pack_id, "closed", occurrence, reason=reason)
    if not view.pack.is_out:
        move(session, actor, lot, "written_off", Decimal(-1), occurrence.received_at, reason)


def pack_of(session: Session, lot: StockLot, pack_id: int) -> PackView:
    """The lot's opened pack; `NotFound` when it has no such."""
    for view in packs_of(session, [lot.id]).get(lot.id, []):
        if view.row.id == pack_id:
            return view
    raise NotFound(msg("This lot has no such pack."))


def add_entry(
    session: Session,
    actor: Actor,
    pack_id: int,
    kind: str,
    occurrence: Occurrence,
    *,
    count: int | None = None,
    operation: str = "",
    reason: str = "",
) -> None:
    """Append what happened to an opened pack."""
    session.add(
        StockPackEntry(
            pack_id=pack_id, event_id=occurrence.id, kind=kind, at=occurrence.occurred_at,
            recorded_at=occurrence.received_at, count=count, operation=operation, account_id=actor.account_id,
            actor_name=actor.name, reason=reason,
        )
    )  # fmt: skip
    session.flush()


def _close_used_up(session: Session, actor: Actor, lot: StockLot, view: PackView, occurrence: Occurrence) -> None:
    add_entry(session, actor, view.row.id, "closed", occurrence, reason=str(USED_UP))
    if view.pack.is_out:
        return
    movement = move(session, actor, lot, "issued", Decimal(-1), occurrence.received_at, str(USED_UP))
    session.add(
        StockIssue(
            movement_id=movement.id, movement=movement, event_id=occurrence.id, unit_id=lot.unit_id,
            pack_id=view.row.id, noted={},
        )
    )  # fmt: skip
    session.flush()


def _is_noted(session: Session, pack_id: int, event_id: str) -> bool:
    statement = select(StockPackEntry.id).where(
        StockPackEntry.pack_id == pack_id, StockPackEntry.event_id == event_id, StockPackEntry.kind == "used"
    )
    return session.scalar(statement.limit(1)) is not None


def _refuse_barred(lot: StockLot, day: date) -> None:
    if lot.recalled_on is not None:
        raise RuleViolation(msg("This lot is recalled: set it apart and write it off."), code="recalled")
    if lot.expires_on is not None and lot.expires_on < day:
        raise RuleViolation(
            msg("This lot expired on %(day)s: set it apart and write it off.", day=lot.expires_on.isoformat()),
            code="expired",
        )


def _note(text: str) -> str:
    text = " ".join(text.split())
    if len(text) > rules.MAX_NOTE:
        raise invalid("note", msg("This is too long: at most %(n)s characters.", n=rules.MAX_NOTE), code="too_long")
    return text
