"""How alarms are said, in lists and on their page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from assets.core.i18n import Message, msg
from assets.labels.token import format_code
from assets.people.rules import Permission, reach
from assets.telemetry.alarms import queries
from assets.telemetry.alarms.rules import ACKNOWLEDGED, CLOSED, KIND_NAMES, OPEN
from assets.telemetry.models import Alarm
from assets.web import care
from assets.web.context import actor, words
from assets.web.filters import show_datetime

STATE_NAMES: Mapping[str, tuple[str, Message]] = {
    OPEN: ("blocked", msg("open")),
    ACKNOWLEDGED: ("due", msg("taken on")),
    CLOSED: ("ready", msg("closed")),
}
WORD_NAMES: Mapping[str, Message] = {**KIND_NAMES, "power_back": msg("Power is back")}


def alarm_cells(alarm: Alarm) -> dict[str, Any]:
    """An alarm as lists show it."""
    kind, state = STATE_NAMES[alarm.state]
    if alarm.late and alarm.state == OPEN:
        kind = "unknown"
    return {
        "id": alarm.id,
        "name": words(KIND_NAMES[alarm.kind]),
        "tracker": alarm.tracker_id,
        "code": alarm.asset.code if alarm.asset is not None else "",
        "printed": format_code(alarm.asset.code) if alarm.asset is not None else "",
        "title": care.asset_title(alarm.asset) if alarm.asset is not None else words(msg("no vehicle")),
        "unit": alarm.unit.name if alarm.unit is not None else "",
        "kind": kind,
        "state": words(state),
        "is_open": alarm.state != CLOSED,
        "is_new": alarm.state == OPEN,
        "late": alarm.late,
        "times": alarm.times,
        "raised_at": alarm.raised_at,
        "last_at": alarm.last_at,
        "received_at": alarm.received_at,
        "ended_at": alarm.ended_at,
        "by_itself": alarm.state == CLOSED and alarm.closed_by_id is None,
        "note": alarm.note,
        "may_handle": may_handle(alarm),
    }


def may_handle(alarm: Alarm) -> bool:
    """Whether the viewer may take this alarm on."""
    within = reach(actor(), Permission.ALARM_HANDLE)
    if within.everything:
        return True
    return alarm.unit is not None and (alarm.unit.id in within.unit_ids or alarm.unit.region_id in within.region_ids)


def story_cells(session: Session, alarm: Alarm) -> list[dict[str, Any]]:
    """What was told and done, the newest first, for the timeline part."""
    told = [
        {
            "at": show_datetime(word.at), "title": words(WORD_NAMES.get(word.word, msg("Told"))), "icon": "signal",
            "kind": "ready" if word.word not in KIND_NAMES else "blocked",
            "note": words(msg("heard %(at)s", at=show_datetime(word.received_at))), "order": word.at,
        }
        for word in queries.words_of(session, alarm)
    ]  # fmt: skip
    if alarm.acknowledged_at is not None:
        told.append(
            {
                "at": show_datetime(alarm.acknowledged_at), "title": words(msg("Taken on")), "icon": "eye",
                "actor": alarm.acknowledged_by.login if alarm.acknowledged_by is not None else "",
                "order": alarm.acknowledged_at,
            }
        )  # fmt: skip
    if alarm.closed_at is not None:
        by = alarm.closed_by
        told.append(
            {
                "at": show_datetime(alarm.closed_at), "icon": "check", "kind": "ready", "text": alarm.note,
                "title": words(msg("Closed")) if by is not None else words(msg("Closed by itself")),
                "actor": by.login if by is not None else "", "order": alarm.closed_at,
            }
        )  # fmt: skip
    return sorted(told, key=lambda entry: entry["order"], reverse=True)
