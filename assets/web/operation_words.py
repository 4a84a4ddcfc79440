"""How what happened to an operation is said on its page: its history, and what each correction changed."""

from __future__ import annotations

from typing import Any

from assets.core.i18n import Message, msg
from assets.operations.models import Operation, OperationCorrection
from assets.operations.rules import CONTRIBUTION_NAMES, DELIVERY_NAMES, KIND_NAMES
from assets.operations.rules.fields import OPERATION_FIELDS
from assets.operations.rules.substances import SUBSTANCE_NAMES, UNIT_NAMES
from assets.registry.rules.classes import CLASSES
from assets.web.context import words
from assets.web.filters import show_datetime

_NAMES: dict[str, dict[str, Message]] = {"kind": KIND_NAMES, "delivery": DELIVERY_NAMES}
_EMPTY = "–"


def history_of(operation: Operation, corrections: list[OperationCorrection]) -> list[dict[str, Any]]:
    """What was done with the operation as entries of the timeline part, newest first."""
    entries = [
        {
            "at": show_datetime(each.at),
            **_step(each),
            "text": each.reason,
            "actor": each.actor_name,
        }
        for each in corrections
    ]
    if operation.closed_at is not None:
        by = operation.closed_by.login if operation.closed_by else ""
        entries.append(
            {
                "at": show_datetime(operation.closed_at), "title": words(msg("Operation closed")), "actor": by,
                "icon": "check",
            }
        )  # fmt: skip
    by = operation.recorded_by.login if operation.recorded_by else ""
    entries.append(
        {"at": show_datetime(operation.recorded_at), "title": words(msg("Recorded")), "actor": by, "icon": "plus"}
    )
    return entries


def _step(correction: OperationCorrection) -> dict[str, str]:
    annulled = correction.after.get("annulled")
    if annulled is None:
        return {"title": words(msg("Corrected")), "icon": "edit"}
    if annulled:
        return {"title": words(msg("Annulled")), "icon": "close"}
    return {"title": words(msg("Counts again")), "icon": "return"}


def correction_lines(correction: OperationCorrection) -> list[tuple[str, str, str]]:
    """(field, before, after) of what a correction changed, in words; of lists only the parts that differ."""
    lines: list[tuple[str, str, str]] = []
    for key in sorted({**correction.before, **correction.after}):
        before, after = correction.before.get(key), correction.after.get(key)
        if key == "annulled":
            continue
        if key == "seizures":
            lines += _part_lines(before or {}, after or {}, words(msg("Seizure")), _seizure_words)
        elif key == "contributions":
            for code in sorted({**(before or {}), **(after or {})}):
                was, now = (before or {}).get(code), (after or {}).get(code)
                if was != now:
                    lines.append((words(CLASSES[code].title), _contribution_words(was), _contribution_words(now)))
        else:
            lines.append((words(OPERATION_FIELDS[key].title), _value_words(key, before), _value_words(key, after)))
    return lines


def _part_lines(before: dict[str, Any], after: dict[str, Any], title: str, say: Any) -> list[tuple[str, str, str]]:
    return [
        (title, say(before.get(key)), say(after.get(key)))
        for key in sorted({**before, **after}, key=int)
        if before.get(key) != after.get(key)
    ]


def _value_words(key: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(part) for part in value) or _EMPTY
    if value is None or value == "":
        return _EMPTY
    return words(_NAMES[key][value]) if key in _NAMES else str(value)


def _contribution_words(value: list[str] | None) -> str:
    if value is None:
        return _EMPTY
    said, note = value
    return " · ".join(filter(None, (words(CONTRIBUTION_NAMES[said]), note)))


def _seizure_words(value: dict[str, Any] | None) -> str:
    if value is None:
        return _EMPTY
    items = ", ".join(_item_words(*item) for item in value["items"].values())
    struck = words(msg("struck out")) if value["struck_out"] else ""
    return " · ".join(filter(None, (value["seized_on"], items, value["concealment"], struck)))


def _item_words(substance: str, quantity: str, unit: str, struck_out: bool) -> str:  # a stored row
    text = f"{words(SUBSTANCE_NAMES[substance])} {quantity} {words(UNIT_NAMES[unit])}"
    return f"{text} ({words(msg('struck out'))})" if struck_out else text
