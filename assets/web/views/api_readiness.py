"""Readiness for programs: each unit and class in the five states, with the reasons."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.fitness.queries import readiness
from assets.fitness.readiness import REASON_NAMES, STATES, Cell, matrix
from assets.people.rules import Permission
from assets.web.auth import needs
from assets.web.care import moment_json
from assets.web.context import actor, now, reading, words
from assets.web.parsing import encode_cursor, page
from assets.web.views.readiness import choices, wanted_from

api = APIBlueprint("api_readiness", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


class ReadinessQuery(BaseModel):
    """Readiness: of which class, unit and region."""

    model_config = ConfigDict(extra="forbid")
    class_: str = Field("", alias="class")
    unit: str = ""
    region: str = ""
    limit: str = ""
    cursor: str = ""


@api.get("/readiness")
@needs(Permission.READINESS_READ)
def readiness_matrix(query: ReadinessQuery) -> Any:
    """Each unit and class that has items: how many in each state, how many issued, and why they are not ready."""
    wanted = page({"limit": query.limit, "cursor": query.cursor})
    with reading() as session:
        narrowed = {"class": query.class_, "unit": query.unit, "region": query.region}
        found = matrix(readiness(session, actor(), wanted_from(narrowed, choices(session)), now()))
    keys = sorted(found.cells)
    if wanted.after is not None:
        if len(wanted.after) != 2 or not all(isinstance(part, str) for part in wanted.after):
            raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
        last = (str(wanted.after[0]), str(wanted.after[1]))
        keys = [key for key in keys if key > last]
    shown = keys[: wanted.limit]
    return jsonify(
        {
            "at": moment_json(now()),
            "total": _cell_json(found.total),
            "items": [{"unit": unit, "class": code, **_cell_json(found.cells[unit, code])} for unit, code in shown],
            "next": encode_cursor(shown[-1]) if len(keys) > wanted.limit else None,
        }
    )


def _cell_json(cell: Cell) -> dict[str, Any]:
    return {
        **{state: cell.counts[state] for state in STATES},
        "issued": cell.issued,
        "total": cell.total,
        "not_ready": cell.not_ready,
        "reasons": [
            {"code": code, "text": words(REASON_NAMES[code]), "count": count}
            for code, count in [*cell.why(), *cell.falls_due()]
        ],
    }
