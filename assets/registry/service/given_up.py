"""What a person decided not to send from his phone: noted once, with whether it had been recorded all the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from assets.core import journal
from assets.core.actor import Actor
from assets.core.errors import NotFound, RuleViolation
from assets.core.i18n import msg
from assets.core.idempotency import CommandReceipt
from assets.core.journal import JournalEntry
from assets.registry.models import AssetEvent

ENTITY, ACTION = "command", "given_up"
MAX_A_DAY = 200


@dataclass(frozen=True)
class GivenUpCommand:
    """A command as it stood on the phone; `taken`: the phone says that all but its photos was taken."""

    id: str
    kind: str
    code: str
    occurred_at: datetime
    data: dict[str, Any]
    taken: bool
    reason: str


def note_given_up(session: Session, actor: Actor, command: GivenUpCommand, now: datetime) -> bool:
    """Note it in the journal, once for each account and id; whether the command itself had been recorded.

    That is told by what stands here, not by what the phone says. `NotFound` when the id is of another account's action;
    `RuleViolation` when the account has given up `MAX_A_DAY` within a day: the journal is kept for ever.
    """
    event = session.get(AssetEvent, command.id)
    if event is not None and event.account_id != actor.account_id:
        raise NotFound(msg("You have recorded no action with this id."))
    receipt = session.get(CommandReceipt, (actor.account_id, command.id)) if actor.account_id is not None else None
    recorded = event is not None or receipt is not None
    if not was_given_up(session, actor, command.id):
        _check_room(session, actor, now)
        journal.note(
            session, ENTITY, command.id, ACTION, kind=command.kind, code=command.code, taken=command.taken,
            recorded=recorded, occurred_at=command.occurred_at.isoformat(), data=command.data, reason=command.reason,
        )  # fmt: skip
    return recorded


def _check_room(session: Session, actor: Actor, now: datetime) -> None:
    mine = (
        JournalEntry.account_id == actor.account_id,
        JournalEntry.at > now - timedelta(days=1),
        JournalEntry.entity == ENTITY,
        JournalEntry.action == ACTION,
    )
    if (session.scalar(select(func.count()).select_from(JournalEntry).where(*mine)) or 0) >= MAX_A_DAY:
        raise RuleViolation(
            msg("At most %(n)s actions are given up within a day. Save the rest as a file and bring it to the office.",
                n=MAX_A_DAY),
            code="too_many_given_up",
        )  # fmt: skip


def was_given_up(session: Session, actor: Actor, command_id: str) -> bool:
    """Whether the actor's account said that it gives up the action with this id."""
    same = (
        JournalEntry.entity == ENTITY,
        JournalEntry.entity_id == command_id,
        JournalEntry.action == ACTION,
        JournalEntry.account_id == actor.account_id,
    )
    return bool(session.scalar(select(exists().where(*same))))
