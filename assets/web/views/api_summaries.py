"""Donor summaries for programs: released ones to read; drafting, writing and releasing as on the pages."""

from __future__ import annotations

import json
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.people.rules import Permission
from assets.reports import release
from assets.reports.models import DonorSummary
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, words, writing
from assets.web.parsing import encode_cursor, page, parse_date

api = APIBlueprint("api_summaries", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


class SummariesQuery(BaseModel):
    """A page of the list."""

    model_config = ConfigDict(extra="forbid")
    limit: str = ""
    cursor: str = ""


class SummaryPath(BaseModel):
    """The summary's number."""

    id: int = Field(ge=1, le=2**31 - 1)


class DraftBody(BaseModel):
    """A donor by code, and the first day and the day after the last one of a period of at least a quarter."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    donor: str
    from_: str = Field(alias="from")
    to: str


class WordsBody(BaseModel):
    """Texts by box; `sha256` is the hash of the draft that they were written for."""

    model_config = ConfigDict(extra="forbid")
    words: dict[str, str]
    sha256: str


class ApproveBody(BaseModel):
    """The hash of the draft that was looked at, and the reason of a release before the usual delay."""

    model_config = ConfigDict(extra="forbid")
    sha256: str
    early_reason: str = ""


class WithdrawBody(BaseModel):
    """Why the donor shall no longer see it."""

    model_config = ConfigDict(extra="forbid")
    reason: str


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
        items = [_head(session, summary) for summary in found[: wanted.limit]]
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
        # The text as it was frozen, whatever version wrote it.
        return jsonify({**_head(session, summary), "figures": json.loads(summary.figures)})


@api.post("/summaries", summary="Draft a summary: its figures are worked out once and frozen")
@needs(Permission.SUMMARY_DRAFT)
def draft(body: DraftBody) -> Any:
    """The new draft with its hash."""
    with writing() as session:
        made = release.draft_summary(
            session,
            actor(),
            donor_code=body.donor,
            first=parse_date(body.from_, "from"),
            until=parse_date(body.to, "to"),
            now=now(),
        )
        return jsonify(_head(session, made)), 201


@api.patch("/summaries/<int:id>/words", summary="Write into the boxes of a draft; boxes that are not named keep theirs")
@needs(Permission.SUMMARY_DRAFT)
def write(path: SummaryPath, body: WordsBody) -> Any:
    """The draft with its new hash, and what in its words must not leave the house."""
    with writing() as session:
        made = release.write_words(session, actor(), path.id, body.words, shown_sha256=body.sha256)
        found = [
            {"box": box, "kind": words(finding.kind), "words": finding.words}
            for box, finding in release.findings_of(session, made)
        ]
        return jsonify({**_head(session, made), "findings": found})


@api.post("/summaries/<int:id>/approve", summary="Release a draft that somebody else made")
@needs(Permission.SUMMARY_APPROVE)
def approve(path: SummaryPath, body: ApproveBody) -> Any:
    """The released summary."""
    with writing() as session:
        made = release.approve_summary(
            session, actor(), path.id, now(), shown_sha256=body.sha256, early_reason=body.early_reason
        )
        return jsonify(_head(session, made))


@api.post("/summaries/<int:id>/withdraw", summary="Take a released summary from the donor's sight")
@needs(Permission.SUMMARY_APPROVE)
def withdraw(path: SummaryPath, body: WithdrawBody) -> Any:
    """The withdrawn summary."""
    with writing() as session:
        return jsonify(_head(session, release.withdraw_summary(session, actor(), path.id, body.reason, now())))


def _head(session: Session, summary: DonorSummary) -> dict[str, Any]:
    return {
        "id": summary.id,
        "donor": summary.donor.code,
        "from": summary.first.isoformat(),
        "to": summary.until.isoformat(),
        "state": summary.state,
        "released_on": care.date_json(release.released_on(session, summary)),
        "sha256": summary.sha256,
    }
