"""`POST /api/v1/commands`: scans and what follows them, each done exactly once, however often it is sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from flask_openapi3.blueprint import APIBlueprint
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from assets.core import idempotency
from assets.core.actor import Actor
from assets.core.errors import Conflict, DomainError, InvalidInput, NotFound
from assets.core.i18n import Message, msg
from assets.core.idempotency import Outcome, body_hash
from assets.custody.rules import event_time
from assets.people.rules import Permission
from assets.registry.models import AssetEvent
from assets.registry.service.given_up import was_given_up
from assets.registry.service.timeline import Occurrence
from assets.web.auth import needs, require_named_account
from assets.web.context import actor, now, the_app, words, writing
from assets.web.guessing import check_guessing, note_unknown_code
from assets.web.views.commands.kinds import Task, do
from assets.web.views.commands.pins import shown_pin
from assets.web.views.commands.shapes import Batch, Command, Shape, read_command

api = APIBlueprint("commands", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])
log = logging.getLogger("assets.web.commands")
ATTEMPTS = 3


@dataclass(frozen=True)
class Understood:
    """A command whose shape is right, at its place in the batch, with the hash of its body as it came."""

    place: int
    command: Command
    shape: Shape
    hash: str

    @property
    def order(self) -> tuple[Any, ...]:
        return (self.command.occurred_at, self.command.n, self.place)


@api.post("/commands")
@needs(Permission.FIELD_REPORT, Permission.CUSTODY_ACT, Permission.LABEL_PRINT)
def post_commands(body: Batch) -> Any:
    """Do each command in a transaction of its own, in the order of their times; answer each in the order sent.

    A repeated command answers as the first time and changes nothing; one bad command costs the others nothing.
    """
    require_named_account()
    check_guessing()
    answers: list[dict[str, Any]] = [{} for _ in body.commands]
    understood: list[Understood] = []
    for place, raw in enumerate(body.commands):
        try:
            command, shape = read_command(raw)
            understood.append(Understood(place, command, shape, _hash(raw)))
        except DomainError as error:
            answers[place] = _refused(error)
    for item in sorted(understood, key=lambda known: known.order):
        answers[item.place] = _safely(item, partial(_once, item, body))
    for raw, answer in zip(body.commands, answers, strict=True):
        sent = raw.get("id") if isinstance(raw, dict) else None
        answer["id"] = sent if isinstance(sent, str) else None
    order = ("id", "status", "code", "message")
    return {"results": [{key: answer[key] for key in order} for answer in answers]}


def _hash(raw: dict[str, Any]) -> str:
    return body_hash({key: value for key, value in raw.items() if key != "id"})


def _safely(item: Understood, attempt: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer to one command, whatever happens to it; a database that is away ends the whole request (503)."""
    for _ in range(ATTEMPTS):
        try:
            return attempt()
        except DomainError as error:
            if isinstance(error, NotFound):
                note_unknown_code()
            return _refused(error)
        except (IntegrityError, StaleDataError):
            # Somebody was at the same moment at the same thing; what he did is seen at the next attempt.
            continue
        except OperationalError as error:
            if not _is_collision(error):
                raise
        except (OverflowError, DataError):
            return _refused_words("out_of_range", msg("A number or a time in it is out of range."))
        except Exception:
            log.exception("command %s (%s) failed", item.command.id, item.command.kind)
            return _refused_words("server_error", msg("The server failed at it. It was not recorded; try it again."))
    return _refused_words("changed_meanwhile", msg("Others kept changing it at the same moment. Try it again."))


def _is_collision(error: DBAPIError) -> bool:
    # Deadlock or serialisation failure: PostgreSQL asks to try again.
    return getattr(error.orig, "sqlstate", None) in {"40P01", "40001"}


def _once(item: Understood, batch: Batch) -> dict[str, Any]:
    """Do one command in its transaction, unless it was accepted before."""
    who, received_at = actor(), now()
    command, command_id = item.command, str(item.command.id)
    account_id = who.account_id
    if account_id is None:
        raise RuntimeError("a command without an account")
    pin = shown_pin(command, item.shape)
    with writing() as session:
        known = idempotency.seen_before(session, account_id, command_id, item.hash)
        if known is not None:
            return _answer("repeated", known)
        _refuse_known_event(session, command_id)
        _refuse_given_up(session, who, command_id)
        time = event_time(command.occurred_at, batch.sent_at, received_at)
        occurrence = Occurrence(time.at, received_at, command_id, command.n, time.noted)
        settings = the_app().settings
        # A clock that is right but for the way of the message moves nothing that a person has entered.
        off = time.at - command.occurred_at if time.noted else timedelta(0)
        task = Task(session, who, command.code, occurrence, settings.zone, settings.own_label_bases, off, pin)
        code, message = do(task, item.shape)
        outcome = Outcome(code, words(message))
        idempotency.remember(session, account_id, command_id, item.hash, outcome, received_at)
    return _answer("accepted", outcome)


def _refuse_known_event(session: Session, command_id: str) -> None:
    # One id, one happening: a queue that another account sends again must not record everything twice.
    if session.get(AssetEvent, command_id) is not None:
        raise Conflict(msg("This id was used before for something else."), code="id_reused")


def _refuse_given_up(session: Session, who: Actor, command_id: str) -> None:
    # The journal says that it will not come: a tab that had it in its hands must not make that untrue.
    if was_given_up(session, who, command_id):
        raise Conflict(
            msg("This action was given up on the phone, so it was not recorded. If it counts, enter it again."),
            code="given_up",
        )


def _answer(status: str, outcome: Outcome) -> dict[str, Any]:
    return {"status": status, "code": outcome.code, "message": outcome.message}


def _refused(error: DomainError) -> dict[str, Any]:
    code = error.code
    if code == InvalidInput.default_code and len(error.fields) == 1 and error.fields[0].code != "invalid":
        code = error.fields[0].code  # The code of the one wrong field says more.
    return {"status": "refused", "code": code, "message": words(error.message)}


def _refused_words(code: str, message: Message) -> dict[str, Any]:
    return {"status": "refused", "code": code, "message": words(message)}
