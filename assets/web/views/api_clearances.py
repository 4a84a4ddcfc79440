"""Clearances for programs."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from assets.clearance import queries, service
from assets.clearance.models import Clearance
from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.people.models import Person
from assets.people.rules import Permission
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, writing
from assets.web.parsing import encode_cursor, page, parse_date
from assets.web.views.commands.shapes import Text

api = APIBlueprint(
    "api_clearances", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="people")]
)
_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ClearanceQuery(BaseModel):
    """Narrows the list: `show` is closed or all (without it: the open ones), `unit` by code."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""
    show: str = ""
    unit: str = ""


class PersonPath(BaseModel):
    number: str


class Leaving(BaseModel):
    """From which day on a person is gone; `override_reason` where something is still open on the day."""

    model_config = _STRICT
    on: str
    override_reason: Text = ""


class Closing(BaseModel):
    model_config = _STRICT
    note: Text = ""


@api.get("/clearances")
@needs(Permission.PERSON_READ)
def list_clearances(query: ClearanceQuery) -> Any:
    """Clearances of units within reach, the oldest first."""
    wanted = page(query.model_dump())
    with reading() as session:
        narrowed = queries.ClearanceFilter(query.show, care.unit_id(session, {"unit": query.unit}))
        key = care.cursor_key(wanted.after, 1)
        found = queries.clearances_page(
            session, actor(), narrowed, limit=wanted.limit + 1, after=int(str(key[0])) if key else None
        )
        rows = found[: wanted.limit]
        following = encode_cursor((rows[-1].id,)) if len(found) > wanted.limit else None
        return jsonify({"items": [_case(row) for row in rows], "next": following})


@api.get("/persons/<path:number>/clearance")
@needs(Permission.PERSON_READ)
def show_clearance(path: PersonPath) -> Any:
    """What is outstanding of a person, and his clearance where there is one."""
    with reading() as session:
        return jsonify(_whole(session, queries.person_to_clear(session, actor(), path.number)))


@api.post("/persons/<path:number>/clearance")
@needs(Permission.PERSON_WRITE)
def begin_clearance(path: PersonPath) -> Any:
    """Open a person's clearance; answers the open one where there is one."""
    with writing() as session:
        person = queries.person_to_clear(session, actor(), path.number)
        service.begin_clearance(session, actor(), person, now())
        answer = _whole(session, person)
    return jsonify(answer), 201


@api.post("/persons/<path:number>/clearance/close")
@needs(Permission.PERSON_WRITE)
def close_clearance(path: PersonPath, body: Closing) -> Any:
    """Close a person's clearance; 422 still_holds while something is open."""
    with writing() as session:
        person = queries.person_to_clear(session, actor(), path.number)
        case = queries.open_clearance_of(session, person.id)
        if case is None:
            raise NotFound(msg("No clearance of this person is open."))
        service.close_clearance(session, actor(), case, body.note, now())
        answer = _whole(session, person)
    return jsonify(answer)


@api.post("/persons/<path:number>/leave")
@needs(Permission.PERSON_WRITE)
def leave(path: PersonPath, body: Leaving) -> Any:
    """Enter the day on which a person leaves; still_holds while something is open and no reason is given."""
    with writing() as session:
        person = queries.person_to_clear(session, actor(), path.number)
        service.leave(
            session, actor(), person, parse_date(body.on, "on"), now(), override_reason=body.override_reason
        )  # fmt: skip
        answer = _whole(session, person)
    return jsonify(answer)


def _whole(session: Session, person: Person) -> dict[str, Any]:
    found = queries.outstanding(session, actor(), person.id, now())
    case = queries.newest_clearance(session, person.id)
    return {
        "person": person.number,
        "left_on": care.date_json(person.left_on),
        "outstanding": [
            {
                "kind": line.kind.value,
                "asset": line.asset.code if line.asset is not None else None,
                "unit": line.unit.code if line.unit is not None else None,
                "since": care.moment_json(line.since),
            }
            for line in found.lines
        ],
        "must_end": found.must_end,
        "hidden": found.hidden,
        "clearance": _case(case) if case is not None else None,
    }


def _case(row: Clearance) -> dict[str, Any]:
    told = queries.sees_reasons(actor(), row.unit)
    return {
        "id": row.id,
        "person": row.person.number,
        "unit": row.unit.code,
        "cause": row.cause,
        "leaves_on": care.date_json(row.leaves_on),
        "opened_at": care.moment_json(row.opened_at),
        "override_reason": (row.override_reason or None) if told else None,
        "note": (row.note or None) if told else None,
        "closed_at": care.moment_json(row.closed_at),
    }
