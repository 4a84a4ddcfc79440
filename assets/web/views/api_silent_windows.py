"""Silent windows for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.operations.queries import operation_for_use
from assets.people.rules import Permission
from assets.registry.scope import asset_by_code
from assets.telemetry.models import SilentWindowRow
from assets.telemetry.silence.windows import (
    MOST_VEHICLES,
    Wish,
    end_window,
    extend_window,
    open_windows,
    window_by_id,
    window_key,
    window_page,
)
from assets.web.auth import needs
from assets.web.care import moment_json
from assets.web.context import actor, now, reading, the_app, writing
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page, parse_moment
from assets.web.silence_words import chosen_vehicles, told_why, window_cells
from assets.web.views.commands.shapes import Short, Text

api = APIBlueprint(
    "api_silent_windows", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="trackers")]
)
_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class WindowQuery(BaseModel):
    """Narrows the list: `show` is running, planned or ended."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""
    show: str = ""
    asset: str = ""


class WindowPath(BaseModel):
    id: int


class NewWindows(BaseModel):
    """Vehicles by label code, or all of a unit, or of the units that take part in an operation; `until` is needed."""

    model_config = _STRICT
    vehicles: list[Short] = Field(default=[], max_length=MOST_VEHICLES)
    unit: Short = ""
    vehicles_of_operation: bool = False
    start: Short = Field("", alias="from")
    until: Short
    reason: Text
    operation: Short = ""
    erase_stored: bool = False


class Change(BaseModel):
    """A later end, or `ended`: true to end it now."""

    model_config = _STRICT
    until: Short = ""
    ended: bool = False


def _json(session: Session, rows: Sequence[SilentWindowRow]) -> list[dict[str, Any]]:
    told = told_why(session, rows)
    found = []
    for row in rows:
        cells = window_cells(row, told=row.id in told)
        found.append(
            {
                "id": row.id,
                "asset": row.asset.code,
                "from": moment_json(row.starts_at),
                "until": moment_json(row.ends_at),
                "ended_at": moment_json(row.ended_at),
                "state": cells["state"],
                "reason": cells["reason"],
                "operation": cells["operation"] or None,
                "given_at": moment_json(row.given_at),
            }
        )
    return found


@api.get("/silent-windows")
@needs(Permission.SILENCE_MANAGE)
def list_windows(query: WindowQuery) -> Any:
    """Silent windows within reach, the latest beginning first."""
    wanted = page(query.model_dump())
    with reading() as session:
        code = read_code(query.asset, field="asset") if query.asset else ""
        asset = asset_by_code(session, actor(), code, Permission.SILENCE_MANAGE) if code else None
        found = window_page(
            session, actor(), now(), show=query.show, asset_id=asset.id if asset is not None else None,
            limit=wanted.limit + 1, after=wanted.after,
        )  # fmt: skip
        rows = found[: wanted.limit]
        following = encode_cursor(window_key(rows[-1])) if len(found) > wanted.limit else None
        return jsonify({"items": _json(session, rows), "next": following})


@api.post("/silent-windows")
@needs(Permission.SILENCE_MANAGE)
def create_windows(body: NewWindows) -> Any:
    """Make vehicles silent, all or none; answers 201 with a window for each, 409 overlaps when one is silent already.

    `from` may lie up to a day back: what is stored since then loses its places for good, with `erase_stored` only.
    """
    zone = the_app().settings.zone
    with writing() as session:
        operation = operation_for_use(session, actor(), body.operation)
        vehicles = chosen_vehicles(session, body.vehicles, body.unit, operation if body.vehicles_of_operation else "")
        start = parse_moment(body.start, zone, "from") if body.start else now()
        until = parse_moment(body.until, zone, "until")
        wish = Wish(start, until, body.reason, operation, may_erase=body.erase_stored)
        answer = _json(session, open_windows(session, actor(), vehicles, wish, now()))
    return jsonify({"items": answer}), 201


@api.get("/silent-windows/<int:id>")
@needs(Permission.SILENCE_MANAGE)
def show_window(path: WindowPath) -> Any:
    """One silent window."""
    with reading() as session:
        return jsonify(_json(session, [window_by_id(session, actor(), path.id)])[0])


@api.patch("/silent-windows/<int:id>")
@needs(Permission.SILENCE_MANAGE)
def change_window(path: WindowPath, body: Change) -> Any:
    """Extend it, or end it now; 409 ended when it is over."""
    if body.ended == bool(body.until):
        raise invalid("until", msg("Give either a later end, or that it is ended."))
    with writing() as session:
        row = window_by_id(session, actor(), path.id, lock=True)
        if body.ended:
            end_window(session, actor(), row, now())
        else:
            extend_window(session, row, parse_moment(body.until, the_app().settings.zone, "until"), now())
        (answer,) = _json(session, [row])
    return jsonify(answer)
