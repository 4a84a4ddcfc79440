"""Confirmations for programs; a confirmation itself is the command `confirm`."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict

from assets.custody.queries import confirmations as queries
from assets.people.rules import Permission
from assets.web import care
from assets.web.auth import needs, signed_in
from assets.web.context import actor, reading
from assets.web.parsing import encode_cursor, page

api = APIBlueprint(
    "api_confirmations", __name__, url_prefix="/api/v1", abp_security=[{"token": []}],
    abp_tags=[Tag(name="confirmations")],
)  # fmt: skip
_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class MineQuery(BaseModel):
    """Where a page begins, and how long it is."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""


class UnitQuery(MineQuery):
    """`show` is waiting (the default), denied, confirmed or all."""

    show: str = ""
    unit: str = ""


@api.get("/confirmations")
@signed_in
def mine(query: MineQuery) -> Any:
    """What was issued to the account's person and waits for his word, the newest first."""
    wanted = page(query.model_dump())
    with reading() as session:
        found = queries.my_page(session, actor(), limit=wanted.limit + 1, after=wanted.after)
        return jsonify(_answer(found, wanted.limit))


@api.get("/confirmations/unit")
@needs(Permission.CUSTODY_SEE)
def of_unit(query: UnitQuery) -> Any:
    """Current issues within reach and what their receivers said, the newest first."""
    wanted = page(query.model_dump())
    with reading() as session:
        narrowed = queries.UnitFilter(query.show or "waiting", care.unit_id(session, {"unit": query.unit}))
        found = queries.unit_page(session, actor(), narrowed, limit=wanted.limit + 1, after=wanted.after)
        return jsonify(_answer(found, wanted.limit))


def _answer(found: list[queries.Issued], limit: int) -> dict[str, Any]:
    following = encode_cursor(found[limit - 1].key) if len(found) > limit else None
    return {"items": [_json(issued) for issued in found[:limit]], "next": following}


def _json(issued: queries.Issued) -> dict[str, Any]:
    entry, said = issued.entry, issued.answer
    return {
        "event": entry.event_id,
        "asset": entry.asset.code,
        "unit": entry.asset.unit.code,
        "person": entry.person.number if entry.person is not None else None,
        "issued_at": care.moment_json(entry.at),
        "until": care.moment_json(entry.until),
        "state": issued.state,
        "method": said.method if said is not None else None,
        "answered_at": care.moment_json(said.at) if said is not None else None,
        "note": said.note if said is not None else None,
    }
