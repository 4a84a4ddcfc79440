"""The desk of commands: sends what is due, orders what silent windows ask for, and files what trackers answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import msgspec
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from assets.core.actor import system_actor
from assets.core.app import App
from assets.telemetry.commands.orders import close, message
from assets.telemetry.commands.rules import (
    ANOTHERS,
    LONGEST_WHY,
    NO_CONTACT,
    NOT_SENT,
    OPEN,
    Contact,
    State,
    answered,
    is_due,
)
from assets.telemetry.commands.silencing import order_silence, silence_is_due
from assets.telemetry.days import to_moment, to_ms
from assets.telemetry.models import CommandResult, Device, SetAside, TrackerCommand
from assets.telemetry.topics import PREFIX

ACTOR = system_actor("commands")
AT_ONCE = 500

Publish = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tracker said became of an order."""

    row_id: int
    tracker: str
    uuid: str
    ok: bool
    why: str
    received_ms: int


def run_once(app: App, publish: Publish, now: datetime) -> int:
    """One round; how many orders went out. To be called every second, by one process or several.

    What goes out is marked as sent before, so that an order counts as given when in doubt: one that is lost on the way
    is sent again on the tracker's next hello.
    """
    apply_results(app, now)
    with app.reading() as session:
        silence_due = silence_is_due(session, now)
    if silence_due:
        with app.transaction(ACTOR, now) as session:
            order_silence(session, ACTOR, now)
    messages = due(app, now)
    for topic, body in messages:
        publish(topic, body)
    return len(messages)


def due(app: App, now: datetime) -> list[tuple[str, bytes]]:
    """Topic and bytes of every order that goes out now, marked as sent; what has expired is closed."""
    with app.reading() as session:
        open_now = session.scalars(select(TrackerCommand).where(TrackerCommand.state.in_(OPEN))).all()
    if not open_now:
        return []
    contacts = _contacts(app, {row.tracker_id for row in open_now})
    ids = [row.id for row in open_now if row.expires_at <= now or _goes_out(row, contacts, now)]
    if not ids:
        return []
    messages = []
    with app.transaction(ACTOR, now) as session:
        for row in _held(session, TrackerCommand.id.in_(ids)):
            if row.state not in OPEN:
                continue
            if row.expires_at <= now:
                close(row, State.EXPIRED)
            elif _goes_out(row, contacts, now):
                row.state, row.sent_at, row.times_sent = State.SENT.value, now, row.times_sent + 1
                messages.append(message(row))
    return messages


def _goes_out(row: TrackerCommand, contacts: Mapping[str, Contact], now: datetime) -> bool:
    sent_ms = None if row.sent_at is None else to_ms(row.sent_at)
    return is_due(row.state, sent_ms, row.times_sent, contacts.get(row.tracker_id, NO_CONTACT), to_ms(now))


def apply_results(app: App, now: datetime) -> int:
    """Files what trackers answered, each answer once; how many there were.

    An answer to what this tracker was never told is set aside. The answers are forgotten after the main database has
    them: what breaks off in between is done again, and changes nothing.
    """
    with app.telemetry.reading() as telemetry:
        rows = telemetry.execute(
            select(CommandResult, Device.tracker_id)
            .join(Device, Device.id == CommandResult.device_id)
            .order_by(CommandResult.id)
            .limit(AT_ONCE)
        )
        answers = [
            Answer(row.id, tracker, row.command_id, row.ok, row.why or "", row.received_ms) for row, tracker in rows
        ]
    if not answers:
        return 0
    with app.transaction(ACTOR, now) as session:
        refused = _file(session, answers)
    with app.telemetry.transaction(ACTOR, now) as telemetry:
        for answer, reason in refused:
            _set_aside(telemetry, answer, reason, now)
        telemetry.execute(delete(CommandResult).where(CommandResult.id.in_([answer.row_id for answer in answers])))
    return len(answers)


def _file(session: Session, answers: Sequence[Answer]) -> list[tuple[Answer, str]]:
    """Notes what became of the orders; the answers that belong to none of this tracker's, with why."""
    rows = {row.uuid: row for row in _held(session, TrackerCommand.uuid.in_([each.uuid for each in answers]))}
    refused = []
    for answer in answers:
        row = rows.get(answer.uuid)
        if row is None or row.tracker_id != answer.tracker:
            refused.append((answer, ANOTHERS))
        elif row.times_sent == 0:
            refused.append((answer, NOT_SENT))
        elif (state := answered(row.state, ok=answer.ok, why=answer.why)) is not None:
            row.answered_at = to_moment(answer.received_ms)
            close(row, state, why=answer.why[:LONGEST_WHY])
    return refused


def _held(session: Session, condition: ColumnElement[bool]) -> Sequence[TrackerCommand]:
    """Orders, locked in one order."""
    return session.scalars(select(TrackerCommand).where(condition).order_by(TrackerCommand.id).with_for_update()).all()


def _contacts(app: App, trackers: Collection[str]) -> dict[str, Contact]:
    with app.telemetry.reading() as telemetry:
        rows = telemetry.execute(
            select(Device.tracker_id, Device.heard_ms, Device.hello_ms).where(Device.tracker_id.in_(trackers))
        )
        return {tracker: Contact(heard_ms, hello_ms) for tracker, heard_ms, hello_ms in rows}


def _set_aside(telemetry: Session, answer: Answer, reason: str, now: datetime) -> None:
    """Keeps an answer that belongs to no order of this tracker; the same again only counts."""
    topic = f"{PREFIX}/{answer.tracker}/result"
    raw = msgspec.json.encode({"v": 1, "id": answer.uuid, "ok": answer.ok, "why": answer.why})
    digest = blake2b(topic.encode() + b"\n" + raw, digest_size=16).hexdigest()
    device = telemetry.scalars(select(Device).where(Device.tracker_id == answer.tracker).with_for_update()).one()
    device.set_aside += 1
    device.version += 1
    known = telemetry.scalar(select(SetAside).where(SetAside.digest == digest))
    if known is not None:
        known.times, known.last_received_at = known.times + 1, now
        return
    received_at = to_moment(answer.received_ms)
    telemetry.add(
        SetAside(
            digest=digest,
            received_at=received_at,
            last_received_at=received_at,
            tracker_id=answer.tracker,
            topic=topic,
            reason=reason,
            times=1,
            raw=raw,
        )
    )
    telemetry.flush()
