"""What follows from samples, for programs: flagged samples and decisions on them, and what was revised."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.people.rules import Permission, require
from assets.registry.scope import asset_by_code
from assets.telemetry import access, queries
from assets.telemetry.days import to_moment
from assets.telemetry.models import DayRevision, FlagDecision
from assets.telemetry.queries.flags import Flagged, Key
from assets.telemetry.rebuild.decisions import Decided, decide_flag, mark_decisions
from assets.vehicles.queries.drift import drift_of
from assets.vehicles.queries.tracks import Part, touches, tracks_within
from assets.vehicles.rules.drift import Drift
from assets.vehicles.rules.entries import check_vehicle
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, writing
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page
from assets.web.tracker_figures import tracker_time
from assets.web.views.api_trackers import SpanQuery, TrackerPath, tracker_span

api = APIBlueprint("api_derived", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


class DecisionBody(BaseModel):
    """Which sample and flag, whether it is genuine after all, and why."""

    model_config = ConfigDict(extra="forbid")
    life: str = Field(max_length=8)
    boot: int = Field(ge=0, le=2**31 - 1)
    seq: int = Field(ge=0, le=2**53)
    flag: str = Field(max_length=24)
    genuine: bool
    reason: str = Field("", max_length=1000)


class CodePath(BaseModel):
    """The label code of an asset."""

    code: str = Field(max_length=400)


def _parts(session: Session, tracker: str, span: Part) -> list[Part]:
    """The parts of a span in which the tracker's positions are the actor's to see."""
    access.tracker_for(session, actor(), tracker, Permission.POSITION_READ)
    return tracks_within(session, actor(), tracker, Permission.POSITION_READ, *span)


@api.get("/trackers/<tracker>/flags", summary="Flagged samples in event order, and what people said of them")
@needs(Permission.POSITION_READ)
def list_flags(path: TrackerPath, query: SpanQuery) -> Any:
    """Times and keys, no place. `genuine` are the flags that a person lifted; such samples stay listed."""
    span, wanted = tracker_span(query), page(query.model_dump(by_alias=True))
    offset = int(str(wanted.after[0])) if wanted.after and isinstance(wanted.after[0], int) else 0
    with reading() as session:
        parts = _parts(session, path.tracker, (span.start, span.end))
        lifted = queries.lifted(queries.decisions(session, path.tracker))
    with the_app().telemetry.reading() as telemetry:
        found = [
            sample
            for start, end in parts
            for sample in queries.flagged(
                telemetry, path.tracker, start, end, also=lifted, limit=offset + wanted.limit + 1
            )
        ][offset : offset + wanted.limit + 1]
    more = encode_cursor((offset + wanted.limit,)) if len(found) > wanted.limit else None
    return jsonify({"items": [_flagged(each, lifted) for each in found[: wanted.limit]], "next": more})


def _flagged(sample: Flagged, lifted: dict[Key, frozenset[str]]) -> dict[str, Any]:
    return {
        "t": tracker_time(sample.at), "received_at": tracker_time(sample.received_at), "life": sample.life,
        "boot": sample.boot, "seq": sample.seq, "flags": list(sample.flags),
        "genuine": sorted(lifted.get(sample.key, ())),
    }  # fmt: skip


@api.post("/trackers/<tracker>/flags", summary="Say that a flagged sample is genuine, or take that back")
@needs(Permission.TRACKER_MANAGE)
def decide(path: TrackerPath, body: DecisionBody) -> Any:
    """For who manages trackers and may see this vehicle's positions then. Answers the day's kilometres both ways."""
    require(actor(), Permission.POSITION_READ)
    key = (body.life, body.boot, body.seq)
    with the_app().telemetry.reading() as telemetry, writing() as session:
        _check_sight(session, telemetry, path.tracker, key)
        made = decide_flag(
            session, telemetry, actor(), path.tracker, key, body.flag,
            genuine=body.genuine, reason=body.reason, now=now(), zone=the_app().settings.zone,
        )  # fmt: skip
        answer = _decided(made, made.decision)
    # Should this break off, the next rebuild makes the mark.
    mark_decisions(the_app(), now())
    return jsonify(answer), 201


def _check_sight(session: Session, telemetry: Session, tracker: str, key: Key) -> None:
    """`NotFound` unless the sample is of a time at which both rights reach the vehicle that carried the tracker."""
    moment_ms = queries.sample_moment(telemetry, tracker, key)
    for permission in (Permission.TRACKER_MANAGE, Permission.POSITION_READ):
        access.tracker_for(session, actor(), tracker, permission)
        if moment_ms is not None:
            span = (to_moment(moment_ms), to_moment(moment_ms + 1))
            if not tracks_within(session, actor(), tracker, permission, *span):
                raise NotFound(msg("There is no such sample."))


def _decided(made: Decided, row: FlagDecision) -> dict[str, Any]:
    return {
        "id": row.id, "life": row.life, "boot": row.boot, "seq": row.seq, "flag": row.flag, "genuine": row.genuine,
        "reason": row.reason, "date": made.day.isoformat(), "before_km": round(made.before_m / 1000, 3),
        "after_km": round(made.after_m / 1000, 3),
    }  # fmt: skip


@api.get("/trackers/<tracker>/revisions", summary="What changed of days that were over, and why")
@needs(Permission.TRACKER_READ)
def list_revisions(path: TrackerPath, query: SpanQuery) -> Any:
    """By day; `late_samples` is how many samples more the day has than before."""
    span, wanted = tracker_span(query), page(query.model_dump(by_alias=True))
    start = int(str(wanted.after[0])) if wanted.after and isinstance(wanted.after[0], int) else 0
    with reading() as session:
        access.tracker_for(session, actor(), path.tracker, Permission.TRACKER_READ)
        parts = tracks_within(session, actor(), path.tracker, Permission.TRACKER_READ, span.start, span.end)
        rows = [
            row
            for row in queries.day_revisions(session, path.tracker, span.first_day, span.until_day)
            if touches(parts, row.day, the_app().settings.zone)
        ]
    end = start + wanted.limit
    following = encode_cursor((end,)) if end < len(rows) else None
    return jsonify({"items": [_revision(row) for row in rows[start:end]], "next": following})


def _revision(row: DayRevision) -> dict[str, Any]:
    return {
        "date": row.day.isoformat(), "revised_at": tracker_time(row.at), "reason": row.reason,
        "before_km": round(row.before_m / 1000, 3), "after_km": round(row.after_m / 1000, 3),
        "late_samples": row.late_samples, "revision": row.revision,
    }  # fmt: skip


@api.get("/assets/<code>/drift", summary="The tracker's kilometres beside the dashboard's, reading by reading")
@needs(Permission.TRACKER_READ)
def show_drift(path: CodePath) -> Any:
    """Between every two readings of the odometer, newest first; `drift` is a share of the dashboard's kilometres."""
    with reading() as session:
        asset = asset_by_code(session, actor(), read_code(path.code), Permission.TRACKER_READ)
        check_vehicle(is_vehicle=asset.equipment_class.is_vehicle, life="")
        found = drift_of(session, asset.id)
    return jsonify({"items": [_drift(each) for each in reversed(found)], "next": None})


def _drift(each: Drift) -> dict[str, Any]:
    return {
        "from": tracker_time(each.start), "to": tracker_time(each.end),
        "dashboard_km": float(each.dashboard_km), "tracker_km": float(each.tracker_km),
        "estimated_km": float(each.estimated_km), "drift": None if each.share is None else round(each.share, 4),
    }  # fmt: skip
