"""How what happened to an asset is said on its page: title, text and icon for each kind of event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from assets.core.i18n import Message, msg
from assets.custody.rules.sending import OUTCOME_NAMES as OUTCOME_NAMES_OF_TRANSFERS
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
from assets.vehicles.rules.entries import PAPER_NAMES
from assets.web.check_words import check_details
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
    "transfer_send": (msg("Sent to another unit"), "arrow"),
    "transfer_receive": (msg("Received from another unit"), "check"),
    "transfer_cancel": (msg("Sending cancelled"), "close"),
    "transfer_settle": (msg("Question of a transfer answered"), "flag"),
    "reservation_asked": (msg("Asked for by a unit"), "calendar"),
    "reservation_approved": (msg("Reserved"), "calendar"),
    "reservation_declined": (msg("Reservation declined"), "close"),
    "reservation_cancelled": (msg("Reservation cancelled"), "close"),
    "shared": (msg("Shared with other units"), "people"),
    "not_shared": (msg("Shared no more"), "block"),
    "correction": (msg("Corrected"), "edit"),
    "conflict_opened": (msg("Conflict opened"), "warn"),
    "conflict_settled": (msg("Conflict settled"), "flag"),
    "conflict_moot": (msg("No conflict any more"), "check"),
    "custody_confirmed": (msg("Receipt confirmed"), "check"),
    "custody_denied": (msg("Receipt denied"), "warn"),
    "check": (msg("Checked before use"), "check"),
    "shift_start": (msg("Went out with a shift"), "people"),
    "shift_closed": (msg("Shift closed"), "check"),
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
    "fuel": (msg("Fuel filled in"), "fuel"),
    "fuel_corrected": (msg("Fuel fill corrected"), "edit"),
    "vehicle_paper": (msg("Vehicle paper entered"), "report"),
    "vehicle_paper_corrected": (msg("Vehicle paper corrected"), "edit"),
    "accident": (msg("Accident"), "warn"),
    "accident_corrected": (msg("Accident corrected"), "edit"),
    "kit_put": (msg("Put into a kit"), "kit"),
    "kit_take": (msg("Taken out of a kit"), "kit"),
    "kit_found": (msg("Found in its kit"), "eye"),
    "kit_missing": (msg("Not found in its kit"), "warn"),
    "kit_part_in": (msg("A part put in"), "plus"),
    "kit_part_out": (msg("A part taken out"), "return"),
    "kit_check": (msg("Completeness checked"), "check"),
    "kit_list": (msg("List of the kit changed"), "edit"),
    "kit_count_put": (msg("Consumables put in"), "plus"),
    "kit_count_take": (msg("Consumables taken out"), "return"),
    "kit_count_used": (msg("Consumables used"), "clock"),
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
_KINDS = {
    "custody_denied": "blocked", "kit_missing": "blocked", "fault": "blocked", "accident": "blocked",
    "work_done": "ready", "calibration": "ready",
}  # fmt: skip
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
        "kind": _KINDS.get(event.kind, ""),
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
    if isinstance(data.get("blank_of"), str):
        found.append(words(msg("the blank label was made for %(unit)s", unit=data["blank_of"])))
    found += [words(names[data[key]]) for key, names in _CASE_WORDS.items() if str(data.get(key)) in names]
    found += [words(text) for text in _transferred(data)]
    found += [words(text) for text in _of_kit(event)]
    found += check_details(event)
    found += _care(data)
    found += [words(text) for text in _reserved(data)]
    found += _vehicle(data)
    found += [data[key] for key in _PLAIN_KEYS if isinstance(data.get(key), str)]
    if event.kind == "taken_over":
        found += [words(text) for text in _taken_over(data)]
    return found


def _transferred(data: dict[str, Any]) -> Iterator[Message]:
    """Between which units, and what a receipt found otherwise."""
    if isinstance(data.get("from_unit"), str) and isinstance(data.get("to_unit"), str):
        yield msg("%(one)s → %(other)s", one=data["from_unit"], other=data["to_unit"])
    elif isinstance(data.get("to_unit"), str):
        yield msg("at %(unit)s", unit=data["to_unit"])
    for kind in data.get("differences", []):
        if kind in OUTCOME_NAMES_OF_TRANSFERS:
            yield OUTCOME_NAMES_OF_TRANSFERS[kind]
    if data.get("not_fit"):
        yield msg("not fit for use when it was sent")
    if isinstance(data.get("settled"), str):
        yield msg("it is with the sender") if data["settled"] == "with_sender" else msg("it is with the addressee")


def _reserved(data: dict[str, Any]) -> Iterator[Message]:
    """For which unit and which time it was asked for."""
    if "reservation" in data and isinstance(data.get("for_unit"), str):
        start, end = (show_datetime(datetime.fromisoformat(str(data[key]))) for key in ("starts", "ends"))
        yield msg("for %(unit)s, %(start)s – %(end)s", unit=data["for_unit"], start=start, end=end)


def _of_kit(event: AssetEvent) -> Iterator[Message]:
    """With which kit it went, into or out of which it was put, and what was put into or missed in it."""
    data = event.data
    if isinstance(data.get("part"), str):
        yield msg("%(what)s", what=format_code(data["part"]))
    if isinstance(data.get("kit"), str):
        code = format_code(data["kit"])
        yield msg("kit %(code)s", code=code) if event.kind.startswith("kit_") else msg("with kit %(code)s", code=code)
    if isinstance(data.get("from_kit"), str):
        yield msg("moved out of kit %(code)s", code=format_code(data["from_kit"]))
    if others := [format_code(code) for code in data.get("not_entered", []) if isinstance(code, str)]:
        yield msg("not entered for %(codes)s: another unit has it now", codes=", ".join(others))
    if event.kind.startswith("kit_count_"):
        yield msg("%(item)s, lot %(lot)s: %(n)s %(unit)s", item=data.get("item", ""), lot=data.get("lot", ""),
                  n=data.get("quantity", ""), unit=data.get("counted_in", ""))  # fmt: skip
    if event.kind == "kit_check":
        missing = [format_code(code) for code in data.get("missing", []) if isinstance(code, str)]
        skipped = [each for each in data.get("skipped", []) if isinstance(each, str)]
        if missing or not skipped:
            yield msg("not found: %(codes)s", codes=", ".join(missing)) if missing else msg("all parts found")
        if skipped:
            yield msg("not looked for: %(what)s", what=", ".join(skipped))


def _care(data: dict[str, Any]) -> Iterator[str]:
    """What was cared for or measured, and how a calibration ended."""
    if isinstance(data.get("plan"), str):
        yield words(plan_title(data["plan"]))
    if isinstance(data.get("title"), str):  # of a planned work order it is its plan's
        yield words(plan_title(data["title"])) if "work_order" in data else data["title"]
    if data.get("result") in _RESULT_NAMES:
        yield words(_RESULT_NAMES[data["result"]])


def _vehicle(data: dict[str, Any]) -> Iterator[str]:
    """What was filled in, which paper is valid until when, and whether an accident hurt somebody."""
    if isinstance(data.get("litres"), str):
        yield words(msg("%(n)s litres", n=_plain_number(data["litres"])))
    if data.get("vehicle_paper") in PAPER_NAMES and isinstance(data.get("until"), str):
        yield words(PAPER_NAMES[data["vehicle_paper"]])
        yield words(msg("until %(day)s", day=_day(data["until"])))
    if data.get("injured") is True:
        yield words(msg("somebody was hurt"))


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
