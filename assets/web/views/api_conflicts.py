"""Conflicts of custody for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict

from assets.custody.models import ConflictCase
from assets.custody.queries import conflicts as queries
from assets.custody.service.conflict_settling import Settlement
from assets.people.rules import Permission
from assets.shifts.service import settle as settle_in_shift
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, writing
from assets.web.parsing import encode_cursor, page, parse_moment
from assets.web.views.commands.shapes import Text
from assets.web.views.conflicts import filter_of

api = APIBlueprint(
    "api_conflicts", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="conflicts")]
)
_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ConflictQuery(BaseModel):
    """Narrows the list: `state` is open, settled or moot; `kind` two_holders, moved_elsewhere or denied."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""
    state: str = ""
    kind: str = ""
    unit: str = ""
    asset: str = ""


class ConflictPath(BaseModel):
    id: str


class SettlementBody(BaseModel):
    """`outcome` is one (then `right` is that event, and `at` from when), return_missing (`at`: when) or left."""

    model_config = _STRICT
    outcome: str
    note: Text
    right: UUID | None = None
    at: str = ""


def conflict_json(case: ConflictCase, sides: list[queries.Side] | None = None) -> dict[str, Any]:
    """A case as programs see it; its entries only where it is shown alone."""
    found: dict[str, Any] = {
        "id": case.id,
        "asset": case.asset.code,
        "unit": case.asset.unit.code,
        "kind": case.kind,
        "state": case.state,
        "opened_at": care.moment_json(case.opened_at),
        "outcome": case.outcome or None,
        "settled_at": care.moment_json(case.settled_at),
        "note": case.note or None,
    }
    if sides is not None:
        found["entries"] = [_side_json(side) for side in sides]
    return found


def _side_json(side: queries.Side) -> dict[str, Any]:
    person = side.entry.person if side.entry is not None else None
    return {
        "event": side.event.id,
        "kind": side.event.kind,
        "person": person.number if person is not None else None,
        "transfer": side.transfer.id if side.transfer is not None else None,
        "by": side.event.actor_name,
        "occurred_at": care.moment_json(side.event.occurred_at),
        "received_at": care.moment_json(side.event.received_at),
        "device_time": side.event.data.get("device_time"),
        "clock_offset_s": side.event.data.get("clock_offset_s"),
    }


@api.get("/conflicts")
@needs(Permission.CONFLICT_READ)
def list_conflicts(query: ConflictQuery) -> Any:
    """Cases within reach, the open ones first."""
    wanted = page(query.model_dump())
    with reading() as session:
        narrowed = filter_of(session, query.model_dump())
        found = queries.conflicts_page(session, actor(), narrowed, limit=wanted.limit + 1, after=wanted.after)
        rows = found[: wanted.limit]
        following = encode_cursor(queries.conflict_key(rows[-1])) if len(found) > wanted.limit else None
        return jsonify({"items": [conflict_json(row) for row in rows], "next": following})


@api.get("/conflicts/<string:id>")
@needs(Permission.CONFLICT_READ)
def show_conflict(path: ConflictPath) -> Any:
    """One case with its entries."""
    with reading() as session:
        case = queries.conflict_by_id(session, actor(), path.id, Permission.CONFLICT_READ)
        return jsonify(conflict_json(case, queries.sides(session, case)))


@api.post("/conflicts/<string:id>/settle")
@needs(Permission.CONFLICT_SETTLE)
def settle(path: ConflictPath, body: SettlementBody) -> Any:
    """Say what was; a settled case is settled anew in the same way."""
    at = parse_moment(body.at, the_app().settings.zone) if body.at else None
    with writing() as session:
        case = queries.conflict_by_id(session, actor(), path.id, Permission.CONFLICT_READ)
        settlement = Settlement(body.outcome, body.note, str(body.right or ""), at)
        settle_in_shift(session, actor(), case, settlement, now())
        return jsonify(conflict_json(case, queries.sides(session, case)))
