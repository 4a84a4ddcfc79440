"""Grants and handover batches for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict

from assets.people.rules import Permission
from assets.registry.queries.catalogue import batches_page, grants_page
from assets.registry.service.catalogue import add_batch, add_grant
from assets.web.auth import needs
from assets.web.context import actor, reading, writing
from assets.web.grant_drafts import batch_answer, batch_draft, grant_answer, grant_draft
from assets.web.listing import answer_page
from assets.web.parsing import page

api = APIBlueprint(
    "api_grants", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="grants")]
)
Number = Decimal | float | int | str | None


class PageQuery(BaseModel):
    """Paging."""

    model_config = ConfigDict(extra="forbid")
    limit: str = ""
    cursor: str = ""


class BatchQuery(PageQuery):
    """Batches of one grant."""

    grant: str = ""


class GrantBody(BaseModel):
    """A new grant; `donor` is the code of an organisation."""

    model_config = ConfigDict(extra="forbid")
    code: str
    title: str
    donor: str
    implementing_agency: str | None = None
    en_number: str | None = None
    ga_number: str | None = None
    en_signed_on: str | None = None
    ga_signed_on: str | None = None
    starts_on: str | None = None
    ends_on: str | None = None
    amount: Number = None
    currency: str | None = None


class BatchBody(BaseModel):
    """A new handover batch of a grant; `recipients` are codes of agencies."""

    model_config = ConfigDict(extra="forbid")
    number: str
    grant: str
    handed_over_on: str
    place: str | None = None
    value: Number = None
    currency: str | None = None
    note: str | None = None
    recipients: list[str] = []


@api.get("/grants")
@needs(Permission.ASSET_READ)
def list_grants(query: PageQuery) -> Any:
    """Grants with their agreement numbers."""
    wanted = page(query.model_dump())
    with reading() as session:
        found = grants_page(session, limit=wanted.limit + 1, after=wanted.after)
        return answer_page(found, wanted.limit, grant_answer)


@api.post("/grants")
@needs(Permission.BATCH_WRITE)
def create_grant(body: GrantBody) -> Any:
    """Add a grant."""
    with writing() as session:
        grant = add_grant(session, actor(), grant_draft(session, body.model_dump(exclude_unset=True)))
        answer = grant_answer(grant)
    return jsonify(answer), 201


@api.get("/batches")
@needs(Permission.ASSET_READ)
def list_batches(query: BatchQuery) -> Any:
    """Handover batches."""
    wanted = page(query.model_dump())
    with reading() as session:
        found = batches_page(session, grant=query.grant, limit=wanted.limit + 1, after=wanted.after)
        return answer_page(found, wanted.limit, batch_answer)


@api.post("/batches")
@needs(Permission.BATCH_WRITE)
def create_batch(body: BatchBody) -> Any:
    """Add a handover batch."""
    values = body.model_dump(exclude_unset=True, exclude={"recipients"})
    with writing() as session:
        batch = add_batch(session, actor(), batch_draft(session, values, body.recipients))
        answer = batch_answer(batch)
    return jsonify(answer), 201
