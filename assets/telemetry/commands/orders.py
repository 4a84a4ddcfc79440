"""Giving and taking back orders to trackers. The caller has checked the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import Conflict, NotFound, RuleViolation, invalid
from assets.core.i18n import msg
from assets.telemetry.commands.rules import (
    CMD_NAMES,
    LIFETIMES,
    MOST_OPEN,
    OPEN,
    SUPERSEDED,
    Cmd,
    State,
    check_args,
    check_expiry,
    check_tracker,
)
from assets.telemetry.models import Tracker, TrackerCommand
from assets.telemetry.topics import MAX_PAYLOAD_BYTES, command_topic

SECRET = frozenset({"secret"})
ONE_AT_A_TIME = (Cmd.SERVER, Cmd.REBOOT)
REPLACED = (Cmd.CONFIG, Cmd.LOCATE, Cmd.SILENT)
"""Of these (and of the same window) the newest alone is sent: an older one that was lost would undo it, sent again."""


def order(
    session: Session,
    actor: Actor,
    tracker_id: str,
    cmd: str,
    args: Mapping[str, Any],
    expires_at: datetime | None,
    now: datetime,
) -> TrackerCommand:
    """Gives an order, good until `expires_at` (None: as long as is usual); it goes out within a second or two.

    `InvalidInput` for arguments that the firmware would refuse; `RuleViolation` when the tracker hears no orders, and
    for `silent`, which only a silent window orders; `Conflict` while another change of server or restart is open.
    """
    if cmd == Cmd.SILENT:
        raise RuleViolation(
            msg("Silent mode is ordered by a silent window, which the server keeps as well."), code="by_window_only"
        )
    if cmd not in list(Cmd):
        raise invalid("cmd", msg("There is no command %(name)s.", name=cmd[:40]), code="unknown_word")
    wanted = Cmd(cmd)
    tracker = _held(session, tracker_id)
    check_tracker(tracker.kind, tracker.revoked_at)
    clean = check_args(wanted, args)
    until = now + LIFETIMES[wanted] if expires_at is None else expires_at
    check_expiry(until, now)
    _refuse_more(session, tracker_id, wanted)
    if wanted is Cmd.CONFIG:
        for earlier in _open(session, tracker_id, (wanted,)):
            clean = earlier.args | clean
    return put(session, actor, tracker_id, wanted, clean, until, now)


def put(
    session: Session, actor: Actor, tracker_id: str, cmd: Cmd, args: dict[str, Any], until: datetime, now: datetime
) -> TrackerCommand:
    """Writes an order that was checked; of the kinds in `REPLACED` it stands in the place of earlier open ones."""
    if cmd in REPLACED:
        for earlier in _open(session, tracker_id, (cmd,)):
            if earlier.args.get("from") == args.get("from"):
                close(earlier, State.CANCELLED, why=SUPERSEDED)
    secrets = {name: value for name, value in args.items() if name in SECRET}
    row = TrackerCommand(
        uuid=str(uuid4()),
        tracker_id=tracker_id,
        cmd=cmd.value,
        args={name: value for name, value in args.items() if name not in SECRET},
        secrets=msgspec.json.encode(secrets).decode() if secrets else "",
        given_by_id=actor.account_id,
        given_at=now,
        expires_at=until,
        state=State.WAITING.value,
        times_sent=0,
        why="",
    )
    if len(message(row)[1]) > MAX_PAYLOAD_BYTES:
        raise invalid("args", msg("That is too much for one command."))
    session.add(row)
    session.flush()
    return row


def message(row: TrackerCommand) -> tuple[str, bytes]:
    """Topic and bytes of an order as they go to the broker."""
    args = row.args | (msgspec.json.decode(row.secrets) if row.secrets else {})
    body = {"v": 1, "id": row.uuid, "cmd": row.cmd, "args": args, "expires": int(row.expires_at.timestamp())}
    return command_topic(row.tracker_id), msgspec.json.encode(body)


def close(row: TrackerCommand, state: State, *, why: str = "") -> None:
    """Ends an order; what was secret about it is not kept."""
    row.state, row.secrets = state.value, ""
    row.why = why or row.why


def cancel(session: Session, tracker_id: str, uuid: str) -> TrackerCommand:
    """Takes an order back that has not gone out yet; `Conflict` when it has, `NotFound` when there is none."""
    row = session.scalar(
        select(TrackerCommand)
        .where(TrackerCommand.tracker_id == tracker_id, TrackerCommand.uuid == uuid)
        .with_for_update()
    )
    if row is None:
        raise NotFound(msg("There is no such command."))
    if row.state != State.WAITING:
        raise Conflict(msg("It has gone out already: what was sent cannot be called back."), code="sent")
    if row.cmd == Cmd.SILENT:
        raise RuleViolation(msg("End the silent window instead: the order follows it."), code="by_window_only")
    close(row, State.CANCELLED)
    session.flush()
    return row


def commands_of(
    session: Session, tracker_id: str, *, before: int | None = None, limit: int = 50
) -> Sequence[TrackerCommand]:
    """The orders to a tracker, newest first; `before` is the number of the last one seen."""
    found = (
        select(TrackerCommand)
        .options(joinedload(TrackerCommand.given_by))
        .where(TrackerCommand.tracker_id == tracker_id)
        .order_by(TrackerCommand.id.desc())
        .limit(limit)
    )
    return session.scalars(found if before is None else found.where(TrackerCommand.id < before)).all()


def _held(session: Session, tracker_id: str) -> Tracker:
    """The tracker, locked: two who order at once wait for each other."""
    row = session.scalar(select(Tracker).where(Tracker.id == tracker_id).with_for_update())
    if row is None:
        raise NotFound(msg("There is no tracker %(id)s.", id=tracker_id))
    return row


def _open(session: Session, tracker_id: str, cmds: Sequence[Cmd]) -> Sequence[TrackerCommand]:
    return session.scalars(
        select(TrackerCommand)
        .where(TrackerCommand.tracker_id == tracker_id, TrackerCommand.state.in_(OPEN), TrackerCommand.cmd.in_(cmds))
        .order_by(TrackerCommand.id)
        .with_for_update()
    ).all()


def _refuse_more(session: Session, tracker_id: str, cmd: Cmd) -> None:
    going_on = _open(session, tracker_id, tuple(Cmd))
    if cmd in ONE_AT_A_TIME:
        for other in going_on:
            if other.cmd in ONE_AT_A_TIME:
                raise Conflict(
                    msg("“%(name)s” is still open for this tracker; wait for its answer.", name=CMD_NAMES[other.cmd]),
                    code="one_at_a_time",
                )
    if len(going_on) >= MOST_OPEN:
        raise Conflict(msg("%(n)s commands are open for this tracker already.", n=len(going_on)), code="too_many")
