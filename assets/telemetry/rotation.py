"""Another secret for a tracker by command: it tries the new one and keeps the old until a hello came through the new.

A broker knows one password of a user at a time. So the two take turns at the broker, a few minutes each: whichever the
tracker holds, it comes in, and by which turn it came in is known which one it holds (docs/adr/0036).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor, system_actor
from assets.core.app import App
from assets.telemetry import commands
from assets.telemetry.days import to_moment
from assets.telemetry.models import Device, Tracker, TrackerCommand, TrackerRotation
from assets.telemetry.passwords import hashed, new_secret

ACTOR = system_actor("rotation")
TURN = timedelta(minutes=4)
"""The reference firmware tries a new server for three minutes."""
LAG = timedelta(seconds=5)
"""So long a command may take to arrive, and a hello from a connection that was ended to be read."""
OPEN = ("ordered", "tried")


class Turn(Enum):
    """What is to be done now."""

    STAY = "stay"
    TRY = "try"
    REST = "rest"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a rotation: its state and last trial, its command's state and sending, the last hello."""

    state: str
    tried_from: datetime | None
    command: str
    sent_at: datetime | None
    hello_at: datetime | None
    now: datetime


def next_turn(facts: Facts) -> Turn:
    """What follows. It ends only on proof: the tracker's word, or a hello in the turn of one secret or the other."""
    if facts.command in {"done", "failed"}:
        return Turn.DONE if facts.command == "done" else Turn.FAILED
    if facts.tried_from is None:
        return _first(facts)
    if facts.state == "tried":
        if _came(facts, facts.tried_from):
            return Turn.DONE
        return Turn.REST if facts.now >= facts.tried_from + TURN else Turn.STAY
    rested_from = facts.tried_from + TURN
    if not _came(facts, rested_from):
        # It may hold the new one by now, and then nothing but another turn lets it in.
        return Turn.TRY if facts.now >= rested_from + TURN else Turn.STAY
    if facts.command != "sent":
        return Turn.FAILED
    sent_anew = facts.sent_at is not None and rested_from < facts.sent_at <= facts.now - LAG
    return Turn.TRY if sent_anew else Turn.STAY


def _first(facts: Facts) -> Turn:
    if facts.command in {"expired", "cancelled"}:
        return Turn.FAILED
    return Turn.TRY if facts.sent_at is not None and facts.sent_at <= facts.now - LAG else Turn.STAY


def _came(facts: Facts, since: datetime) -> bool:
    return facts.hello_at is not None and facts.hello_at >= since + LAG


def order_rotation(session: Session, actor: Actor, tracker: str, now: datetime) -> TrackerCommand:
    """Sends a tracker another secret, which nobody is shown; the present one counts until the new one was used.

    `NotFound`, `RuleViolation` and `Conflict` as `commands.order`. The caller has checked the right.
    """
    secret = new_secret()
    command = commands.order(session, actor, tracker, "server", {"secret": secret}, None, now)
    session.add(
        TrackerRotation(
            tracker_id=tracker,
            command_uuid=command.uuid,
            next_hash=hashed(secret),
            state="ordered",
            given_at=now,
            why="",
        )
    )
    session.flush()
    return command


def take_turns(app: App, now: datetime, told_at: datetime) -> bool:
    """Brings every open rotation on; whether the broker has to be told. To be called every few seconds.

    `told_at`: when the broker was last told. Before it knows of a turn, a hello shows nothing.
    """
    with app.reading() as session:
        rotations = [rotation for rotation, _ in _open(session)]
        waiting = [rotation.tracker_id for rotation in rotations]
    if not waiting:
        return False
    if any(row.state == "tried" and row.tried_from is not None and row.tried_from > told_at for row in rotations):
        return True
    with app.telemetry.reading() as telemetry:
        rows = telemetry.execute(select(Device.tracker_id, Device.hello_ms).where(Device.tracker_id.in_(waiting)))
        hellos = {tracker: to_moment(ms) for tracker, ms in rows if ms is not None}
    with app.reading() as session:
        due = any(
            next_turn(_facts(rotation, command, hellos, now)) is not Turn.STAY for rotation, command in _open(session)
        )
    if not due:
        return False
    with app.transaction(ACTOR, now) as session:
        told = [_turn(session, rotation, command, hellos, now) for rotation, command in _open(session)]
    return any(told)


def _open(session: Session) -> list[tuple[TrackerRotation, TrackerCommand]]:
    rows = session.execute(
        select(TrackerRotation, TrackerCommand)
        .join(TrackerCommand, TrackerCommand.uuid == TrackerRotation.command_uuid)
        .where(TrackerRotation.state.in_(OPEN))
        .order_by(TrackerRotation.id)
    )
    return [(rotation, command) for rotation, command in rows]


def _facts(rotation: TrackerRotation, command: TrackerCommand, hellos: dict[str, datetime], now: datetime) -> Facts:
    return Facts(
        rotation.state, rotation.tried_from, command.state, command.sent_at, hellos.get(rotation.tracker_id), now
    )


def _turn(
    session: Session, rotation: TrackerRotation, command: TrackerCommand, hellos: dict[str, datetime], now: datetime
) -> bool:
    """Takes one step; whether another secret counts at the broker after it."""
    turn = next_turn(_facts(rotation, command, hellos, now))
    was_tried = rotation.state == "tried"
    if turn is Turn.STAY:
        return False
    if turn is Turn.TRY:
        rotation.state, rotation.tried_from = "tried", now
    elif turn is Turn.REST:
        rotation.state = "ordered"
    elif turn is Turn.FAILED:
        rotation.state, rotation.next_hash, rotation.ended_at = "failed", "", now
        rotation.why = command.why or command.state
    else:
        tracker = session.get_one(Tracker, rotation.tracker_id)
        tracker.password_hash, tracker.secret_at = rotation.next_hash, now
        rotation.state, rotation.next_hash, rotation.ended_at = "done", "", now
    session.flush()
    return turn in {Turn.TRY, Turn.REST} or (turn is Turn.FAILED and was_tried) or (turn is Turn.DONE and not was_tried)
