"""Released donor summaries for programs."""

from __future__ import annotations

import json
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.people.rules import Permission
from assets.reports import release
from assets.reports.figures import to_json
from assets.reports.models import DonorSummary
from assets.web.auth import needs
from assets.web.context import actor, reading
from assets.web.parsing import encode_cursor, page

api = APIBlueprint("api_summaries", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


class SummariesQuery(BaseModel):
    """A page of the list."""

    model_config = ConfigDict(extra="forbid")
    limit: str = ""
    cursor: str = ""


class SummaryPath(BaseModel):
    """The summary's number."""

    id: int = Field(ge=1, le=2**31 - 1)


@api.get("/summaries", summary="Released donor summaries, newest first")
@needs(Permission.SUMMARY_READ)
def list_summaries(query: SummariesQuery) -> Any:
    """Each with its period and the hash of its figures."""
    wanted = page(query.model_dump())
    after = wanted.after[0] if wanted.after else None
    if after is not None and not isinstance(after, int):
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    with reading() as session:
        found = release.summaries(session, actor(), released_only=True, after=after, limit=wanted.limit + 1)
        items = [_head(summary) for summary in found[: wanted.limit]]
    more = len(found) > wanted.limit
    return jsonify({"items": items, "next": encode_cursor((items[-1]["id"],)) if more else None})


@api.get("/summaries/<int:id>", summary="One released donor summary with its figures")
@needs(Permission.SUMMARY_READ)
def one_summary(path: SummaryPath) -> Any:
    """The frozen figures, as in the JSON file."""
    with reading() as session:
        summary = release.summary_by_id(session, actor(), path.id)
        if summary.state != "released":
            raise NotFound(msg("There is no such summary, or it is not yours to see."))
        figures = release.frozen_figures(summary)
        return jsonify({**_head(summary), "figures": json.loads(to_json(figures))})


def _head(summary: DonorSummary) -> dict[str, Any]:
    return {
        "id": summary.id,
        "donor": summary.donor.code,
        "from": summary.first.isoformat(),
        "to": summary.until.isoformat(),
        "state": summary.state,
        "released_on": summary.approved_at.date().isoformat() if summary.approved_at else None,
        "sha256": summary.sha256,
    }
