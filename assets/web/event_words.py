"""How what happened to an asset is said on its page: title, text and icon for each kind of event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from assets.core.i18n import Message, msg
from assets.disposal.rules.cases import DISPOSAL_STATE_NAMES, LOSS_DECISION_NAMES, METHOD_NAMES
from assets.documents.rules import KIND_NAMES
from assets.handover.rules import OUTCOME_NAMES
from assets.labels.token import format_code
from assets.registry.models import AssetEvent
from assets.registry.rules.asset_fields import ASSET_FIELDS, CONDITION_NAMES
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.life import LIFE_NAMES
from assets.registry.rules.meters import METER_KINDS
from assets.registry.rules.plan_titles import plan_title
from assets.web.context import words
from assets.web.filters import show_date, show_datetime

TITLES: dict[str, tuple[Message, str]] = {
    "registered": (msg("Registered"), "plus"),
    "taken_over": (msg("Taken over from before"), "download"),
    "annulled": (msg("Registration undone"), "return"),
    "reinstated": (msg("Registered again"), "plus"),
    "changed": (msg("Details changed"), "edit"),
    "assigned": (msg("Assigned to another unit"), "building"),
    "reclassified": (msg("Put into another class"), "edit"),
    "life": (msg("Life changed"), "flag"),
    "condition": (msg("Condition judged"), "eye"),
    "sighting": (msg("Seen"), "eye"),
    "issue": (msg("Issued"), "issue"),
    "return": (msg("Returned"), "return"),
    "correction": (msg("Corrected"), "edit"),
    "check": (msg("Checked before use"), "check"),
    "labelled": (msg("Label put on"), "label"),
    "reading": (msg("Meter read"), "gauge"),
    "use": (msg("Used"), "clock"),
    "fault": (msg("Fault reported"), "warn"),
    "work_opened": (msg("Work order opened"), "wrench"),
    "work_moved": (msg("Work order moved on"), "wrench"),
    "work_done": (msg("Work done"), "check"),
    "work_cancelled": (msg("Work order cancelled"), "close"),
    "plan_changed": (msg("Plan changed"), "calendar"),
    "calibration": (msg("Calibrated"), "gauge"),
    "counted": (msg("Counted at the handover"), "check"),
    "loss_reported": (msg("Reported as lost"), "warn"),
    "loss_inquiry": (msg("Inquiry into the loss opened"), "search"),
    "loss_decided": (msg("Loss decided"), "flag"),
    "disposal_proposed": (msg("Disposal proposed"), "box"),
    "disposal_decided": (msg("Disposal decided"), "flag"),
    "disposal_reversed": (msg("Approval of disposal reversed"), "return"),
    "disposed": (msg("Disposed of"), "block"),
    "paper_added": (msg("Paper added"), "upload"),
    "paper_renewed": (msg("New version of a paper"), "upload"),
    "paper_removed": (msg("Paper taken off the list"), "block"),
    "paper_restored": (msg("Paper put back on the list"), "return"),
}
# What the events of losses and disposals say in words of their own.
_CASE_WORDS: dict[str, dict[str, Message]] = {
    "decision": {**LOSS_DECISION_NAMES, **DISPOSAL_STATE_NAMES},
    "method": METHOD_NAMES,
}
_RESULT_NAMES: dict[str, Message] = {"pass": msg("passed"), "fail": msg("failed")}
_PLAIN_KEYS = ("note", "text", "reason", "done_text", "override_reason")


def timeline_entry(event: AssetEvent, numbers: dict[int, str], *, sees_custody: bool) -> dict[str, Any]:
    """One entry for the timeline part; persons by number, and only for those who may see who has what."""
    title, icon = TITLES.get(event.kind, (msg("%(kind)s", kind=event.kind.replace("_", " ")), "history"))
    return {
        "at": show_datetime(event.occurred_at),
        "title": words(title),
        "text": " · ".join(filter(None, _details(event, numbers, sees_custody=sees_custody))),
        "actor": event.actor_name,
        "icon": icon,
        "kind": {"fault": "blocked", "work_done": "ready", "calibration": "ready"}.get(event.kind, ""),
    }


def _details(event: AssetEvent, numbers: dict[int, str], *, sees_custody: bool) -> list[str]:
    data = event.data
    found = [_move(event)]
    person_id = data.get("person_id")
    if person_id is not None:
        found.append(numbers.get(person_id, "") if sees_custody else words(msg("to a person")))
    if event.kind == "counted" and event.data.get("outcome") in OUTCOME_NAMES:
        found.append(words(OUTCOME_NAMES[event.data["outcome"]]))
    if event.grade:
        found.append(words(CONDITION_NAMES[event.grade]))
    if isinstance(data.get("fields"), list):
        known = [ASSET_FIELDS[key].title for key in data["fields"] if key in ASSET_FIELDS]
        found.append(", ".join(words(title) for title in known))
    if isinstance(data.get("code"), str) and event.kind == "labelled":
        found.append(format_code(data["code"]))
    if data.get("paper") in KIND_NAMES:
        found.append(words(KIND_NAMES[data["paper"]]))
    if isinstance(data.get("meter"), str) and "value" in data:
        found.append(f"{words(METER_KINDS.get(data['meter'], msg('meter')))}: {data['value']}")
    found += [words(names[data[key]]) for key, names in _CASE_WORDS.items() if str(data.get(key)) in names]
    found += _care(data)
    found += [data[key] for key in _PLAIN_KEYS if isinstance(data.get(key), str)]
    if event.kind == "taken_over":
        found += [words(text) for text in _taken_over(data)]
    return found


def _care(data: dict[str, Any]) -> Iterator[str]:
    """What was cared for or measured, and how a calibration ended."""
    if isinstance(data.get("plan"), str):
        yield words(plan_title(data["plan"]))
    if isinstance(data.get("title"), str):  # of a planned work order it is its plan's
        yield words(plan_title(data["title"])) if "work_order" in data else data["title"]
    if data.get("result") in _RESULT_NAMES:
        yield words(_RESULT_NAMES[data["result"]])


def _taken_over(data: dict[str, Any]) -> Iterator[Message]:
    """What was so before us, as on paper."""
    if "place" in data:
        yield msg("kept at: %(place)s", place=data["place"])
    if "odometer_km" in data:
        yield msg("odometer %(km)s km", km=_plain_number(data["odometer_km"]))
    if "last_service_on" in data and "last_service_km" in data:
        yield msg("last service on %(day)s at %(km)s km", day=_day(data["last_service_on"]),
                  km=_plain_number(data["last_service_km"]))  # fmt: skip
    elif "last_service_on" in data:
        yield msg("last service on %(day)s", day=_day(data["last_service_on"]))
    if "calibrated_on" in data:
        yield msg("last calibrated on %(day)s, not by us", day=_day(data["calibrated_on"]))


def _plain_number(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _day(text: str) -> str:
    return show_date(date.fromisoformat(text))


def _move(event: AssetEvent) -> str:
    old, new = event.data.get("from"), event.data.get("to")
    if not isinstance(old, str) or not isinstance(new, str):
        return ""
    if event.kind == "life":
        old, new = words(LIFE_NAMES.get(old, msg("unknown"))), words(LIFE_NAMES.get(new, msg("unknown")))
    if event.kind == "reclassified" and old in CLASSES and new in CLASSES:
        old, new = words(CLASSES[old].title), words(CLASSES[new].title)
    return f"{old} → {new}"
