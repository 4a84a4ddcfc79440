"""Trackers for programs: presence, completeness, positions, trips, stops, days, and what was set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.people.rules import Permission, may
from assets.telemetry import access, queries
from assets.telemetry.days import to_moment
from assets.telemetry.models import SetAside
from assets.vehicles.queries.tracks import touches, trackers_wholly_within, tracks_within
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, writing
from assets.web.parsing import Page, Span, encode_cursor, page, parse_decimal, parse_moment, parse_span
from assets.web.tracker_figures import measured_by, position_figures, set_aside_figures, tracker_time

api = APIBlueprint("api_trackers", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])

STOP_DIAMETER_M, STOP_MIN_S = 100.0, 120.0


class TrackerPath(BaseModel):
    """The tracker's id."""

    tracker: str = Field(max_length=64)


class ListQuery(BaseModel):
    """Paging."""

    model_config = ConfigDict(extra="forbid")
    limit: str = ""
    cursor: str = ""


class SpanQuery(ListQuery):
    """A half-open span: days or moments."""

    from_: str = Field("", alias="from")
    to: str = ""


class StopQuery(SpanQuery):
    """How small a place and how long a stay make a stop."""

    diameter_m: str = ""
    min_s: str = ""


class SetAsideQuery(ListQuery):
    """Since when, and of which tracker."""

    from_: str = Field("", alias="from")
    tracker: str = ""


def _args(query: BaseModel) -> dict[str, str]:
    return query.model_dump(by_alias=True)


def tracker_span(query: SpanQuery) -> Span:
    """The span that an address asks for."""
    return parse_span(_args(query), now(), the_app().settings.zone)


def _state(state: queries.TrackerState, asset_code: str | None) -> dict[str, Any]:
    last: dict[str, Any] = {
        "heard_at": state.heard_at,
        "t": state.event_at,
        "ignition": state.ignition,
        "vext": state.vehicle_v,
        "vbat": state.battery_v,
    }
    return {
        "id": state.tracker,
        "asset": asset_code,
        "presence": state.presence,
        "presence_reason": state.reason,
        "presence_since": tracker_time(state.reason_since),
        "silent_until": tracker_time(state.silent_until),
        "last": _iso(last),
        "stored": state.stored,
        "set_aside": state.set_aside,
        "pending": state.pending,
        "derived_until": tracker_time(state.derived_until),
    }


def _iso(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tracker_time(value) if isinstance(value, datetime) else value for key, value in values.items()}


def _states(session: Session, mounted: list[access.Mounted]) -> list[dict[str, Any]]:
    codes = {m.tracker.id: m.asset.code if m.asset is not None else None for m in mounted}
    with the_app().telemetry.reading() as telemetry:
        states = access.states_for(session, telemetry, actor(), mounted, now())
    return [_state(state, codes[state.tracker]) for state in states]


@api.get("/trackers")
@needs(Permission.TRACKER_READ)
def list_trackers(query: ListQuery) -> Any:
    """Trackers in scope, by id."""
    wanted = page(_args(query))
    after = str(wanted.after[0]) if wanted.after else ""
    with reading() as session:
        found = access.tracker_page(session, actor(), after=after, limit=wanted.limit + 1)
        items = _states(session, found[: wanted.limit])
    more = len(found) > wanted.limit
    return jsonify({"items": items, "next": encode_cursor((found[wanted.limit - 1].tracker.id,)) if more else None})


@api.get("/trackers/<tracker>")
@needs(Permission.TRACKER_READ)
def show_tracker(path: TrackerPath) -> Any:
    """One tracker with what it sent and what is missing of each boot."""
    with reading() as session, the_app().telemetry.reading() as telemetry:
        mounted = access.tracker_for(session, actor(), path.tracker, Permission.TRACKER_READ)
        (answer,) = _states(session, [mounted])
        accounts = access.boots_for(telemetry, actor(), mounted)
    answer["boots"] = [
        {"life": a.life, "boot": a.boot, "upto": a.upto, "missing": a.missing, "gone": a.gone} for a in accounts
    ]
    answer["kind"] = mounted.tracker.kind
    answer["completeness"] = queries.completeness(accounts)
    answer["completeness_reason"] = "cannot be known" if mounted.tracker.kind != "native" else None
    return jsonify(answer)


@api.get("/trackers/<tracker>/positions")
@needs(Permission.POSITION_READ)
def list_positions(path: TrackerPath, query: SpanQuery) -> Any:
    """Samples with a place in event order; the look is journalled."""
    span, wanted = tracker_span(query), page(_args(query))
    with writing() as session:
        access.tracker_for(session, actor(), path.tracker, Permission.POSITION_READ)
        parts = tracks_within(session, actor(), path.tracker, Permission.POSITION_READ, span.start, span.end)
        access.record_looks(
            session, actor(), [path.tracker], now(), f"{tracker_time(span.start)}/{tracker_time(span.end)}"
        )
    index, offset = _place_in(wanted)
    items: list[queries.Position] = []
    following: tuple[object, ...] | None = None
    with the_app().telemetry.reading() as telemetry:
        for number in range(index, len(parts)):
            room = wanted.limit - len(items)
            start, end = parts[number]
            found = queries.positions(telemetry, path.tracker, start, end, offset=offset, limit=room + 1)
            items += found[:room]
            if len(found) > room:
                following = (number, offset + room)
                break
            offset = 0
    return jsonify({"items": [position_figures(p) for p in items], "next": encode_cursor(following)})


def _place_in(wanted: Page) -> tuple[int, int]:
    if wanted.after is None:
        return 0, 0
    if len(wanted.after) != 2 or not all(isinstance(part, int) and part >= 0 for part in wanted.after):
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    return int(str(wanted.after[0])), int(str(wanted.after[1]))


def _visible_parts(session: Session, tracker: str, span: Span) -> list[tuple[datetime, datetime]]:
    access.tracker_for(session, actor(), tracker, Permission.TRACKER_READ)
    return tracks_within(session, actor(), tracker, Permission.TRACKER_READ, span.start, span.end)


def _paged(items: list[dict[str, Any]], wanted: Page) -> Any:
    """A page of a list that is bounded by its span (a vehicle's trips, stops and days)."""
    start = int(str(wanted.after[0])) if wanted.after and isinstance(wanted.after[0], int) else 0
    end = start + wanted.limit
    return jsonify({"items": items[start:end], "next": encode_cursor((end,)) if end < len(items) else None})


@api.get("/trackers/<tracker>/trips")
@needs(Permission.TRACKER_READ)
def list_trips(path: TrackerPath, query: SpanQuery) -> Any:
    """Trips that begin in the span; `distance_m` is measured, `estimated_m` apart and not in it."""
    span = tracker_span(query)
    with reading() as session:
        parts = _visible_parts(session, path.tracker, span)
        rows = [row for start, end in parts for row in queries.trips(session, path.tracker, start, end)]
    items = [
        {
            "start": tracker_time(row.started_at),
            "end": tracker_time(row.ended_at),
            "distance_m": round(row.distance_m, 1),
            "estimated_m": round(row.estimated_m, 1),
            "moving_s": round(row.moving_s, 1),
            "idle_s": round(row.idle_s, 1),
            "source": row.source,
            **measured_by(row),
        }
        for row in rows
    ]
    return _paged(items, page(_args(query)))


@api.get("/trackers/<tracker>/stops")
@needs(Permission.TRACKER_READ)
def list_stops(path: TrackerPath, query: StopQuery) -> Any:
    """Stays within a diameter for a time: when and how long, never where."""
    span = tracker_span(query)
    diameter_m = float(parse_decimal(query.diameter_m, "diameter_m")) if query.diameter_m else STOP_DIAMETER_M
    min_s = float(parse_decimal(query.min_s, "min_s")) if query.min_s else STOP_MIN_S
    if not 1 <= diameter_m <= 10_000 or not 1 <= min_s <= 86_400:
        raise invalid("diameter_m", msg("The diameter is 1 to 10,000 m, the time 1 to 86,400 s."))
    with reading() as session:
        parts = _visible_parts(session, path.tracker, span)
    with the_app().telemetry.reading() as telemetry:
        found = [
            stop
            for start, end in parts
            for stop in queries.stays(telemetry, path.tracker, start, end, diameter_m=diameter_m, min_s=min_s)
        ]
    items = [
        {
            "start": tracker_time(to_moment(stop.start_ms)),
            "end": tracker_time(to_moment(stop.end_ms)),
            "duration_s": round(stop.duration_s, 1),
        }
        for stop in found
    ]
    return _paged(items, page(_args(query)))


@api.get("/trackers/<tracker>/days")
@needs(Permission.TRACKER_READ)
def list_days(path: TrackerPath, query: SpanQuery) -> Any:
    """Local days; kilometres and hours with three decimals."""
    span = tracker_span(query)
    with reading() as session:
        parts = _visible_parts(session, path.tracker, span)
        rows = [
            row
            for row in queries.days(session, path.tracker, span.first_day, span.until_day)
            if touches(parts, row.day, the_app().settings.zone)
        ]
    items = [
        {
            "date": row.day.isoformat(),
            "distance_km": round(row.distance_m / 1000, 3),
            "estimated_km": round(row.estimated_m / 1000, 3),
            "engine_h": round(row.engine_s / 3600, 3),
            "idle_h": round(row.idle_s / 3600, 3),
            "unknown_h": round(row.unknown_s / 3600, 3),
            "trips": row.trips,
            "revision": row.revision,
            **measured_by(row),
        }
        for row in rows
    ]
    return _paged(items, page(_args(query)))


@api.get("/set-aside")
@needs(Permission.TRACKER_MANAGE)
def list_set_aside(query: SetAsideQuery) -> Any:
    """What could not be stored, newest first; the bytes only for those who may see positions, whose look is noted."""
    wanted = page(_args(query))
    since = parse_moment(query.from_, the_app().settings.zone, "from") if query.from_ else None
    before = int(str(wanted.after[0])) if wanted.after and isinstance(wanted.after[0], int) else None
    with writing() as session, the_app().telemetry.reading() as telemetry:
        found = queries.set_asides(
            telemetry, since=since, tracker=query.tracker or None, before_id=before, limit=wanted.limit + 1,
            within=trackers_wholly_within(session, actor(), Permission.TRACKER_MANAGE),
        )  # fmt: skip
        shown = found[: wanted.limit]
        bare = _with_bytes(session, shown)
    following = encode_cursor((shown[-1].id,)) if len(found) > wanted.limit else None
    return jsonify({"items": [set_aside_figures(row, raw=row.id in bare) for row in shown], "next": following})


def _with_bytes(session: Session, rows: Sequence[SetAside]) -> set[int]:
    """The rows whose bytes, which may hold positions, the asker may see; the look is journalled."""
    if not may(actor(), Permission.POSITION_READ):
        return set()
    within = trackers_wholly_within(session, actor(), Permission.POSITION_READ)
    bare = [row for row in rows if within is None or row.tracker_id in within]
    seen = sorted({row.tracker_id for row in bare if row.tracker_id is not None})
    access.record_looks(session, actor(), seen, now(), "set aside")
    return {row.id for row in bare}
