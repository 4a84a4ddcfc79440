"""Alarms for programs."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from assets.people.rules import Permission
from assets.telemetry import access
from assets.telemetry.alarms import queries, service
from assets.telemetry.models import Alarm
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, writing
from assets.web.parsing import encode_cursor, page
from assets.web.views.alarms import filter_of
from assets.web.views.commands.shapes import Text

api = APIBlueprint(
    "api_alarms", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="alarms")]
)
_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class AlarmQuery(BaseModel):
    """Narrows the list: `state` open, acknowledged or closed; `kind` a word; `heard` live or late; `from`, `to`."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""
    state: str = ""
    kind: str = ""
    heard: str = ""
    unit: str = ""
    tracker: str = ""
    from_: str = Field("", alias="from")
    to: str = ""


class OfTrackerQuery(BaseModel):
    """As the list, of one tracker."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""
    state: str = ""
    kind: str = ""
    heard: str = ""
    from_: str = Field("", alias="from")
    to: str = ""


class AlarmPath(BaseModel):
    id: int = Field(ge=0, lt=2**31)


class TrackerPath(BaseModel):
    """The tracker's id."""

    tracker: str = Field(max_length=64)


class ClosingBody(BaseModel):
    """What it was, in a few words."""

    model_config = _STRICT
    note: Text


def alarm_json(alarm: Alarm) -> dict[str, Any]:
    """An alarm as programs see it; no place stands in it."""
    return {
        "id": alarm.id,
        "kind": alarm.kind,
        "state": alarm.state,
        "late": alarm.late,
        "tracker": alarm.tracker_id,
        "asset": alarm.asset.code if alarm.asset is not None else None,
        "unit": alarm.unit.code if alarm.unit is not None else None,
        "raised_at": care.moment_json(alarm.raised_at),
        "last_at": care.moment_json(alarm.last_at),
        "times": alarm.times,
        "received_at": care.moment_json(alarm.received_at),
        "ended_at": care.moment_json(alarm.ended_at),
        "acknowledged_at": care.moment_json(alarm.acknowledged_at),
        "acknowledged_by": alarm.acknowledged_by.login if alarm.acknowledged_by is not None else None,
        "closed_at": care.moment_json(alarm.closed_at),
        "closed_by": alarm.closed_by.login if alarm.closed_by is not None else None,
        "note": alarm.note or None,
    }


def _listed(args: dict[str, str]) -> Any:
    wanted = page(args)
    with reading() as session:
        if args.get("tracker"):
            access.tracker_for(session, actor(), args["tracker"], Permission.TRACKER_READ)
        narrowed = filter_of(session, args)
        found = queries.alarms_page(session, actor(), narrowed, limit=wanted.limit + 1, after=wanted.after)
        rows = found[: wanted.limit]
        following = encode_cursor(queries.alarm_key(rows[-1])) if len(found) > wanted.limit else None
        return jsonify({"items": [alarm_json(row) for row in rows], "next": following})


@api.get("/alarms")
@needs(Permission.TRACKER_READ)
def list_alarms(query: AlarmQuery) -> Any:
    """Alarms within reach: the open, then those that somebody has taken on, then the closed, the newest first."""
    return _listed(query.model_dump(by_alias=True))


@api.get("/trackers/<tracker>/alarms")
@needs(Permission.TRACKER_READ)
def list_of_tracker(path: TrackerPath, query: OfTrackerQuery) -> Any:
    """The alarms of one tracker, of the time in which units of the asker had its vehicle."""
    return _listed({**query.model_dump(by_alias=True), "tracker": path.tracker})


@api.get("/alarms/<int:id>")
@needs(Permission.TRACKER_READ)
def show_alarm(path: AlarmPath) -> Any:
    """One alarm with the words that it was told by."""
    with reading() as session:
        alarm = queries.alarm_by_id(session, actor(), path.id)
        told = [
            {
                "word": word.word, "at": care.moment_json(word.at), "received_at": care.moment_json(word.received_at),
                "life": word.life, "boot": word.boot, "seq": word.seq,
            }
            for word in queries.words_of(session, alarm)
        ]  # fmt: skip
        return jsonify({**alarm_json(alarm), "words": told})


@api.post("/alarms/<int:id>/acknowledge")
@needs(Permission.ALARM_HANDLE)
def acknowledge(path: AlarmPath) -> Any:
    """Take it on."""
    with writing() as session:
        service.acknowledge(session, actor(), path.id, now())
        session.flush()
        return jsonify(alarm_json(queries.alarm_by_id(session, actor(), path.id)))


@api.post("/alarms/<int:id>/close")
@needs(Permission.ALARM_HANDLE)
def close(path: AlarmPath, body: ClosingBody) -> Any:
    """Close it with words."""
    with writing() as session:
        service.close(session, actor(), path.id, body.note, now())
        session.flush()
        return jsonify(alarm_json(queries.alarm_by_id(session, actor(), path.id)))
