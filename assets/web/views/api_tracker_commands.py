"""Commands to trackers for programs."""

from __future__ import annotations

from typing import Any, Literal

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from assets.people.rules import Permission
from assets.telemetry import commands
from assets.telemetry.models import TrackerCommand
from assets.web.auth import needs
from assets.web.care import moment_json
from assets.web.command_words import commanded
from assets.web.context import actor, now, reading, the_app, writing
from assets.web.parsing import encode_cursor, page, parse_moment

api = APIBlueprint(
    "api_tracker_commands", __name__, url_prefix="/api/v1", abp_security=[{"token": []}],
    abp_tags=[Tag(name="trackers")],
)  # fmt: skip
_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class TrackerPath(BaseModel):
    """The tracker's id."""

    tracker: str = Field(max_length=64)


class CommandPath(TrackerPath):
    """A command's id."""

    id: str = Field(max_length=36)


class ListQuery(BaseModel):
    """Paging."""

    model_config = ConfigDict(extra="forbid")
    limit: str = ""
    cursor: str = ""


class NewCommand(BaseModel):
    """An order: its arguments as on the wire, and until when it is good (without: as long as is usual)."""

    model_config = _STRICT
    cmd: str = Field(max_length=16)
    args: dict[str, Any] = {}
    expires: str = Field("", max_length=40)


class Step(BaseModel):
    """Taken back."""

    model_config = _STRICT
    state: Literal["cancelled"]


def _json(row: TrackerCommand) -> dict[str, Any]:
    return {
        "id": row.uuid,
        "cmd": row.cmd,
        "args": row.args,
        "state": row.state,
        "given_at": moment_json(row.given_at),
        "expires_at": moment_json(row.expires_at),
        "sent_at": moment_json(row.sent_at),
        "times_sent": row.times_sent,
        "answered_at": moment_json(row.answered_at),
        "why": row.why or None,
    }


@api.get("/trackers/<tracker>/commands")
@needs(Permission.TRACKER_COMMAND)
def list_commands(path: TrackerPath, query: ListQuery) -> Any:
    """The orders to a tracker, newest first; never a secret."""
    wanted = page(query.model_dump())
    before = int(str(wanted.after[0])) if wanted.after and isinstance(wanted.after[0], int) else None
    with reading() as session:
        commanded(session, path.tracker)
        found = commands.commands_of(session, path.tracker, before=before, limit=wanted.limit + 1)
    shown = found[: wanted.limit]
    following = encode_cursor((shown[-1].id,)) if len(found) > wanted.limit else None
    return jsonify({"items": [_json(row) for row in shown], "next": following})


@api.post("/trackers/<tracker>/commands")
@needs(Permission.TRACKER_COMMAND)
def give_command(path: TrackerPath, body: NewCommand) -> Any:
    """Give an order; answers 201, 409 one_at_a_time while a restart or change of server is open."""
    expires_at = parse_moment(body.expires, the_app().settings.zone, "expires") if body.expires else None
    with writing() as session:
        commanded(session, path.tracker)
        row = commands.order(session, actor(), path.tracker, body.cmd, body.args, expires_at, now())
        answer = _json(row)
    return jsonify(answer), 201


@api.patch("/trackers/<tracker>/commands/<id>")
@needs(Permission.TRACKER_COMMAND)
def cancel_command(path: CommandPath, body: Step) -> Any:
    """Take back an order that has not gone out yet; 409 sent when it has."""
    with writing() as session:
        commanded(session, path.tracker)
        answer = _json(commands.cancel(session, path.tracker, path.id))
    return jsonify(answer)
