"""Assets for programs: the list, registering, one asset, changing it, and what happened to it."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.fitness.service import take_into_care
from assets.operations.queries import known_codes
from assets.people.rules import Permission, may
from assets.registry.models import Asset, AssetEvent
from assets.registry.queries.assets import DEFAULT_SORT, asset_page, asset_view
from assets.registry.queries.timeline import person_numbers, timeline_page
from assets.registry.rules.asset_fields import AssetDraft, parse_asset
from assets.registry.scope import asset_by_code
from assets.registry.service.assets import change_asset, register_asset
from assets.web.asset_lists import asset_answers, due_condition, filters_of, moment
from assets.web.auth import needs
from assets.web.context import actor, now, reading, writing
from assets.web.guessing import check_guessing, note_unknown_code
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page

api = APIBlueprint(
    "api_assets", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="assets")]
)

Number = Decimal | float | int | str | None


class AssetPath(BaseModel):
    """A label code, typed in any case, with or without its hyphen; void labels still lead to their asset."""

    code: str = Field(max_length=200)


class AssetListQuery(BaseModel):
    """Filters and paging of the list."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    query: str = ""
    class_: str = Field("", alias="class")
    unit: str = ""
    region: str = ""
    life: str = ""
    condition: str = ""
    custody: str = Field("", description="held, free or overdue (not back when agreed)")
    grant: str = ""
    batch: str = ""
    mark: str = ""
    title: str = ""
    due: str = Field("", description="overdue or soon")
    sort: str = ""
    limit: str = ""
    cursor: str = ""


class PageQuery(BaseModel):
    """Paging."""

    model_config = ConfigDict(extra="forbid")
    limit: str = ""
    cursor: str = ""


class AssetFieldsBody(BaseModel):
    """The fields that may be written; how each is read stands in registry/rules/asset_fields.py."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    model: str | None = None
    serial_number: str | None = None
    vin: str | None = None
    plate: str | None = None
    inventory_number: str | None = None
    batch: str | None = None
    agency: str | None = None
    value: Number = None
    currency: str | None = None
    life: str | None = None
    condition: str | None = None
    visibility_mark: str | None = None
    exemption_reason: str | None = None
    waiver_ref: str | None = None
    title_status: str | None = None
    attractive: bool | None = None
    note: str | None = None
    received_on: str | None = None
    in_service_on: str | None = None
    warranty_until: str | None = None


class NewAssetBody(AssetFieldsBody):
    """A new asset: class and unit are required; `code` claims a blank label."""

    class_: str = Field(alias="class")
    unit: str
    odometer_km: Number = None
    engine_h: Number = None
    code: str | None = None


class ChangeAssetBody(AssetFieldsBody):
    """What changes; what is left out stays. With `version`, a change made meanwhile by others is refused (409)."""

    class_: str | None = Field(None, alias="class")
    unit: str | None = None
    version: int | None = None


def draft_of(body: BaseModel, *, partial: bool) -> AssetDraft:
    """The draft in a body: only what was sent."""
    return parse_asset(body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"}), partial=partial)


@api.get("/assets")
@needs(Permission.ASSET_READ)
def list_assets(query: AssetListQuery) -> Any:
    """Assets within scope."""
    args = query.model_dump(by_alias=True)
    wanted = page(args)
    with reading() as session:
        found = asset_page(
            session, actor(), filters_of(args), sort=query.sort or DEFAULT_SORT, limit=wanted.limit,
            after=wanted.after, extra=due_condition(args),
        )  # fmt: skip
        items = asset_answers(session, actor(), found.assets)
    return jsonify({"items": items, "next": encode_cursor(found.after)})


@api.post("/assets")
@needs(Permission.ASSET_WRITE)
def create_asset(body: NewAssetBody) -> Any:
    """Register an asset."""
    draft = draft_of(body, partial=False)
    with writing() as session:
        asset = register_asset(session, actor(), draft, now())
        take_into_care(session, [asset], now())
        (answer,) = asset_answers(session, actor(), [asset])
    return jsonify(answer), 201, {"Location": f"/api/v1/assets/{asset.code}"}


@api.get("/assets/<code>")
@needs(Permission.ASSET_READ)
def show_asset(path: AssetPath) -> Any:
    """One asset."""
    check_guessing()
    code = read_code(path.code)
    with reading() as session:
        try:
            asset = _seen(session, code)
        except NotFound:
            note_unknown_code()
            raise
        (answer,) = asset_answers(session, actor(), [asset])
    return jsonify(answer)


@api.patch("/assets/<code>")
@needs(Permission.ASSET_WRITE)
def patch_asset(path: AssetPath, body: ChangeAssetBody) -> Any:
    """Change an asset."""
    code, draft = read_code(path.code), draft_of(body, partial=True)
    with writing() as session:
        asset = asset_by_code(session, actor(), code, Permission.ASSET_WRITE, lock=True)
        change_asset(session, actor(), asset, draft, now(), body.version)
        if "class" in draft or "life" in draft:
            take_into_care(session, [asset], now())
        (answer,) = asset_answers(session, actor(), [asset])
    return jsonify(answer)


@api.get("/assets/<code>/history")
@needs(Permission.ASSET_READ)
def show_history(path: AssetPath, query: PageQuery) -> Any:
    """What happened to one asset, newest first."""
    code, wanted = read_code(path.code), page(query.model_dump())
    with reading() as session:
        found = timeline_page(session, _seen(session, code), limit=wanted.limit, after=wanted.after)
        numbers = person_numbers(session, found.events)
        told = {code for event in found.events for part in _operation_places(event.data) if (code := part["operation"])}
        known = known_codes(session, actor(), told)
    items = [_event(actor(), event, numbers, known) for event in found.events]
    return jsonify({"items": items, "next": encode_cursor(found.after)})


def _seen(session: Session, code: str) -> Asset:
    asset = asset_view(session, actor(), code)
    if asset is None:
        raise NotFound(msg("There is no such item, or it is not yours to see."))
    return asset


def _operation_places(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of an event's data that name an operation."""
    return [part for part in (data, data.get("use")) if isinstance(part, dict) and "operation" in part]


def _event(viewer: Actor, event: AssetEvent, numbers: dict[int, str], known: frozenset[str]) -> dict[str, Any]:
    data = deepcopy(event.data)
    for part in _operation_places(data):
        if part["operation"] not in known:
            # Of an operation that is still going on only those know who take part.
            part["operation"] = None
    person_id = data.pop("person_id", None)
    if person_id is not None:
        data["person"] = numbers.get(person_id) if may(viewer, Permission.CUSTODY_SEE) else None
    return {
        "id": event.id,
        "at": moment(event.occurred_at),
        "received_at": moment(event.received_at),
        "kind": event.kind,
        "actor": event.actor_name,
        "data": data,
        **({"grade": event.grade} if event.grade else {}),
        **({"corrects": event.corrects_id} if event.corrects_id else {}),
    }
