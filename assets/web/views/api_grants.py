"""Grants and handover batches for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from assets.handover.service.rounds import RoundDraft, enter_round
from assets.people.rules import Permission
from assets.registry.queries.catalogue import batches_page, grant_by_id, grants_page, targets_of
from assets.registry.service.catalogue import add_batch, add_grant
from assets.registry.service.targets import end_target, set_target
from assets.web.auth import needs
from assets.web.context import actor, now, reading, writing
from assets.web.grant_drafts import (
    batch_answer,
    batch_draft,
    grant_answer,
    grant_draft,
    target_answer,
    target_draft,
)
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


class LineBody(BaseModel):
    """One line of the deed: `quantity` items of a model (or class) for a unit, each of `unit_value`, expected from now.

    `serials` are serial numbers (VINs of vehicles), at most as many as items; without `quantity` there are as many.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    class_: str | None = Field(None, alias="class")
    model: str | None = None
    quantity: Number = None
    unit: str | None = None
    agency: str | None = None
    unit_value: Number = None
    serials: list[str] | str = []

    def values(self) -> dict[str, object]:
        """What was given, under the names of the service."""
        return self.model_dump(by_alias=True, exclude_unset=True)


class BatchBody(BaseModel):
    """A new handover batch of a grant; `recipients` are codes of agencies. With `lines`, `value` is their sum."""

    model_config = ConfigDict(extra="forbid")
    number: str
    grant: str
    handed_over_on: str
    place: str | None = None
    value: Number = None
    currency: str | None = None
    usd_rate: Number = None
    rate_on: str | None = None
    note: str | None = None
    recipients: list[str] = []
    lines: list[LineBody] = []


class GrantPath(BaseModel):
    """A grant by its id."""

    grant_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


class TargetPath(GrantPath):
    """A planned value of a grant by its id."""

    target_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


class TargetBody(BaseModel):
    """A planned value: shares from 0 to 1; `class` for one class only."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    kpi: str
    value: Number
    class_: str | None = Field(None, alias="class")
    note: str | None = None


@api.get("/grants")
@needs(Permission.ASSET_READ)
def list_grants(query: PageQuery) -> Any:
    """Grants with their agreement numbers."""
    wanted = page(query.model_dump())
    with reading() as session:
        found = grants_page(session, limit=wanted.limit + 1, after=wanted.after)
        return answer_page(found, wanted.limit, grant_answer)


@api.post("/grants")
@needs(Permission.GRANT_WRITE)
def create_grant(body: GrantBody) -> Any:
    """Add a grant."""
    with writing() as session:
        grant = add_grant(session, actor(), grant_draft(session, body.model_dump(exclude_unset=True)))
        answer = grant_answer(grant)
    return jsonify(answer), 201


@api.get("/grants/<int:grant_id>/targets")
@needs(Permission.ASSET_READ)
def list_targets(path: GrantPath) -> Any:
    """What was promised of a grant's equipment, with what held before, the newest first."""
    with reading() as session:
        rows = targets_of(session, grant_by_id(session, path.grant_id))
        return jsonify({"items": [target_answer(row) for row in rows], "next": None})


@api.post("/grants/<int:grant_id>/targets")
@needs(Permission.GRANT_WRITE)
def create_target(path: GrantPath, body: TargetBody) -> Any:
    """Set a planned value; the one that held before is ended."""
    with writing() as session:
        grant = grant_by_id(session, path.grant_id)
        draft = target_draft(body.model_dump(by_alias=True, exclude_unset=True))
        answer = target_answer(set_target(session, actor(), grant, draft, now()))
    return jsonify(answer), 201


@api.post("/grants/<int:grant_id>/targets/<int:target_id>/end")
@needs(Permission.GRANT_WRITE)
def stop_target(path: TargetPath) -> Any:
    """End a planned value."""
    with writing() as session:
        grant = grant_by_id(session, path.grant_id)
        return jsonify(target_answer(end_target(session, actor(), grant, path.target_id, now())))


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
    """Add a handover batch; with its lines, or nothing if one of them is wrong (errors name line and field)."""
    values = body.model_dump(exclude_unset=True, exclude={"recipients", "lines"})
    with writing() as session:
        head = batch_draft(session, values, body.recipients)
        if body.lines:
            draft = RoundDraft(head, [line.values() for line in body.lines])
            batch = enter_round(session, actor(), draft, now())
        else:
            batch = add_batch(session, actor(), head)
        answer = batch_answer(batch)
    return jsonify(answer), 201
