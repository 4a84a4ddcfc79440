"""Places and visits for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from assets.people.rules import Permission
from assets.telemetry import access
from assets.telemetry.models import Place, PlaceVisit
from assets.telemetry.places import queries
from assets.vehicles.queries.tracks import tracks_within
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, writing
from assets.web.parsing import encode_cursor, page, parse_span

api = APIBlueprint(
    "api_places", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="places")]
)
_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class PlaceQuery(BaseModel):
    """Narrows the list: `kind` a word, `unit` a code, `archived` 1 for those out of use."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""
    kind: str = ""
    unit: str = ""
    archived: str = ""


class PlacePath(BaseModel):
    id: int = Field(ge=0, lt=2**31)


class VisitQuery(BaseModel):
    """A half-open span: days or moments."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""
    from_: str = Field("", alias="from")
    to: str = ""


class TrackerPath(BaseModel):
    """The tracker's id."""

    tracker: str = Field(max_length=64)


def place_json(place: Place) -> dict[str, Any]:
    """A place as programs see it; `shape` is GeoJSON, or a circle."""
    return {
        "id": place.id,
        "name": place.name,
        "kind": place.kind,
        "unit": place.unit.code if place.unit is not None else None,
        "region": place.region.code if place.region is not None else None,
        "shape": place.shape,
        "margin_m": place.margin_m,
        "dwell_s": place.dwell_s,
        "active_from": care.date_json(place.active_from),
        "active_until": care.date_json(place.active_until),
        "archived_at": care.moment_json(place.archived_at),
    }


@api.get("/places")
@needs(Permission.POSITION_READ)
def list_places(query: PlaceQuery) -> Any:
    """Places that the asker may see, by name."""
    wanted = page(query.model_dump())
    with reading() as session:
        narrowed = queries.PlaceFilter(query.kind, care.unit_id(session, query.model_dump()), query.archived == "1")
        found = queries.places_page(session, actor(), narrowed, limit=wanted.limit + 1, after=wanted.after)
        rows = found[: wanted.limit]
        following = encode_cursor(queries.place_key(rows[-1])) if len(found) > wanted.limit else None
        return jsonify({"items": [place_json(row) for row in rows], "next": following})


@api.get("/places/<int:id>")
@needs(Permission.POSITION_READ)
def show_place(path: PlacePath) -> Any:
    """One place."""
    with reading() as session:
        return jsonify(place_json(queries.place_by_id(session, actor(), path.id)))


def _visit(visit: PlaceVisit, parts: Sequence[tuple[datetime, datetime]]) -> dict[str, Any]:
    """A visit, cut to the times that the asker may see: not since when it was there under another unit."""
    over = visit.left_at or visit.seen_at
    seen = [(start, end) for start, end in parts if visit.entered_at < end and over >= start]
    first, last = min(start for start, _ in seen), max(end for _, end in seen)
    entered_at, until = max(visit.entered_at, first), min(over, last)
    return {
        "place": visit.place_id,
        "name": visit.place.name,
        "kind": visit.place.kind,
        "entered_at": care.moment_json(entered_at),
        "left_at": care.moment_json(visit.left_at) if visit.left_at is not None and visit.left_at <= last else None,
        "seen_at": care.moment_json(min(visit.seen_at, last)),
        "stayed_s": max(0, int((until - entered_at).total_seconds())),
    }


@api.get("/trackers/<tracker>/visits")
@needs(Permission.POSITION_READ)
def list_visits(path: TrackerPath, query: VisitQuery) -> Any:
    """Visits that have some time in the span, in order; the look is journalled. `left_at` null: not seen leaving."""
    args = query.model_dump(by_alias=True)
    span, wanted = parse_span(args, now(), the_app().settings.zone), page(args)
    start = int(str(wanted.after[0])) if wanted.after and isinstance(wanted.after[0], int) else 0
    with writing() as session:
        access.tracker_for(session, actor(), path.tracker, Permission.POSITION_READ)
        parts = tracks_within(session, actor(), path.tracker, Permission.POSITION_READ, span.start, span.end)
        found = queries.visits_of_tracker(session, actor(), path.tracker, parts)
        access.record_looks(session, actor(), [path.tracker], now(), "visits")
        items = [_visit(visit, parts) for visit in found[start : start + wanted.limit]]
    end = start + wanted.limit
    return jsonify({"items": items, "next": encode_cursor((end,)) if end < len(found) else None})
