"""What forms say about operations, read into drafts, and an operation as pages and programs see it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from assets.core.errors import DomainError, invalid
from assets.core.i18n import Message, msg
from assets.operations.models import Operation, OperationCorrection, Seizure
from assets.operations.queries import STATES, OperationFilter
from assets.operations.rules import KIND_NAMES
from assets.operations.rules.fields import OPERATION_FIELDS
from assets.people.queries import region_by_code, unit_by_code
from assets.registry.rules.values import ValueRefused, is_blank, read_choice, read_date, read_text
from assets.web.care import date_json, moment_json, number
from assets.web.forms import field_errors

T = TypeVar("T")

ROWS = 6
STATE_NAMES: dict[str, Message] = {
    "open": msg("open"),
    "closed": msg("closed"),
    "annulled": msg("annulled"),
}
STATE_KINDS: dict[str, str] = {"open": "due", "closed": "ready", "annulled": "unknown"}
_LISTS = ("agencies", "units")
_PLAIN = tuple(key for key in OPERATION_FIELDS if key not in {*_LISTS, "seizures", "contributions"})
_ITEM_ERROR = re.compile(r"(?:seizures\.0\.)?items(?:\.(\d+)\.(\w+))?")
_CONTRIBUTION_ERROR = re.compile(r"contributions\.(\d+)\.\w+")


def form_values(form: MultiDict[str, str]) -> dict[str, object]:
    """What a form sent, as the one list of fields knows it; a field that the form did not hold is left out."""
    values: dict[str, object] = {key: form[key] for key in _PLAIN if key in form}
    if values.get("kind") and values["kind"] != "controlled_delivery":
        # The form hides the type then; one that was chosen before the kind was changed means nothing.
        values["delivery"] = ""
    for key in _LISTS:
        if key in form or f"{key}-asked" in form:
            values[key] = form.getlist(key)
    if told := contribution_rows(form):
        values["contributions"] = [each for _, each in told]
    if items := [item for _, item in item_rows(form)]:
        values["seizures"] = [{"items": items, **_seizure_facts(form)}]
    return values


def seizure_values(form: MultiDict[str, str]) -> dict[str, object]:
    """One seizure out of a form."""
    return {"items": [item for _, item in item_rows(form)], **_seizure_facts(form)}


def _seizure_facts(form: MultiDict[str, str]) -> dict[str, object]:
    return {key: form[key] for key in ("seized_on", "concealment") if form.get(key)}


def item_rows(form: MultiDict[str, str]) -> list[tuple[int, dict[str, str]]]:
    """The rows of substances in which something was said, with their numbers; a unit alone says nothing."""
    found = []
    for row in range(ROWS):
        item = {key: form.get(f"{key}-{row}", "") for key in ("substance", "quantity", "unit")}
        if item["substance"].strip() or item["quantity"].strip():
            found.append((row, item))
    return found


def contribution_rows(form: MultiDict[str, str]) -> list[tuple[str, dict[str, str]]]:
    """What was said of each class, with the name of its field: in its own row, or of a further one that was chosen."""
    told = [
        (key, {"class": key.removeprefix("contribution."), "contribution": value})
        for key, value in form.items()
        if key.startswith("contribution.") and value
    ]
    if form.get("other_class") or form.get("other_contribution"):
        other = {"class": form.get("other_class", ""), "contribution": form.get("other_contribution", "")}
        told.append(("other_contribution" if other["class"] else "other_class", other))
    return told


def form_errors(error: DomainError, form: MultiDict[str, str]) -> dict[str, str]:
    """Words by the form's own names of its fields."""
    found: dict[str, str] = {}
    for name, said in field_errors(error).items():
        found.setdefault(_form_name(name, form), said)
    return found


def _form_name(name: str, form: MultiDict[str, str]) -> str:
    item, contribution = _ITEM_ERROR.fullmatch(name), _CONTRIBUTION_ERROR.fullmatch(name)
    if item is not None:
        rows, (place, key) = item_rows(form), item.groups()
        return f"{key}-{rows[int(place)][0]}" if place and int(place) < len(rows) else "substance-0"
    if contribution is not None:
        return contribution_rows(form)[int(contribution[1])][0]
    return name.removeprefix("seizures.0.")


def filter_of(session: Session, args: Mapping[str, str]) -> OperationFilter:
    """The filters in an address: `kind`, `unit`, `region`, `state`, `query`; first day `from` to before `to`."""
    unit, region = args.get("unit", "").strip(), args.get("region", "").strip()
    return OperationFilter(
        kind=_chosen(args, "kind", KIND_NAMES),
        unit_id=unit_by_code(session, unit).id if unit else None,
        region_id=region_by_code(session, region).id if region else None,
        first=_day(args, "from"),
        until=_day(args, "to"),
        state=_chosen(args, "state", dict.fromkeys(STATES)),
        query=_text(args, "query"),
    )


def _chosen(args: Mapping[str, str], key: str, known: Mapping[str, object]) -> str:
    value = args.get(key, "")
    return "" if is_blank(value) else _read(key, lambda: read_choice(value, known))


def _day(args: Mapping[str, str], key: str) -> date | None:
    value = args.get(key, "")
    return None if is_blank(value) else _read(key, lambda: read_date(value))


def _text(args: Mapping[str, str], key: str) -> str:
    return _read(key, lambda: read_text(args.get(key, ""), 64))


def _read(key: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueRefused as error:
        raise invalid(key, error.message, code=error.code) from error


def state_of(operation: Operation) -> str:
    """open, closed or annulled."""
    if operation.annulled_at is not None:
        return "annulled"
    return "open" if operation.closed_at is None else "closed"


def operation_answer(operation: Operation) -> dict[str, Any]:
    """An operation as the API gives it; masses in kg, null where they are unknown."""
    return {
        "id": operation.id,
        "code": operation.code,
        "state": state_of(operation),
        "kind": operation.kind,
        "delivery": operation.delivery or None,
        "unit": operation.unit.code,
        "units": sorted(unit.code for unit in operation.units if unit.id != operation.unit_id),
        "region": operation.region.code,
        "agencies": sorted(agency.code for agency in operation.agencies),
        "starts_on": date_json(operation.starts_on),
        "ends_on": date_json(operation.ends_on),
        "arrests": operation.arrests,
        "searches": operation.searches,
        "finds": operation.finds,
        "note": operation.note or None,
        "seizures": [seizure_answer(seizure) for seizure in operation.seizures],
        "contributions": [
            {"class": each.equipment_class.code, "contribution": each.contribution, "note": each.note or None}
            for each in operation.contributions
        ],
        "recorded_at": moment_json(operation.recorded_at),
        "closed_at": moment_json(operation.closed_at),
        "annulled_at": moment_json(operation.annulled_at),
        "annulled_reason": operation.annulled_reason or None,
        "version": operation.version,
    }


def seizure_answer(seizure: Seizure) -> dict[str, Any]:
    """A seizure as the API gives it, with what was struck out."""
    return {
        "id": seizure.id,
        "seized_on": date_json(seizure.seized_on),
        "concealment": seizure.concealment or None,
        "struck_out": seizure.struck_out,
        "items": [
            {
                "id": item.id,
                "substance": item.substance,
                "quantity": number(item.quantity),
                "unit": item.unit,
                "kg": number(item.kg),
                "conversion_version": item.conversion_version,
                "struck_out": item.struck_out,
            }
            for item in seizure.items
        ],
    }


def correction_answer(correction: OperationCorrection) -> dict[str, Any]:
    """A correction as the API gives it: when, by whom, why, and what stood there before and after."""
    return {
        "at": moment_json(correction.at),
        "actor": correction.actor_name,
        "reason": correction.reason,
        "before": correction.before,
        "after": correction.after,
    }
