"""Accidents of vehicles for people: the list, one accident, reporting and correcting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.documents.rules import Kind, SubjectName
from assets.maintenance.rules.orders import Severity
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.service.timeline import Occurrence
from assets.vehicles.models import Accident
from assets.vehicles.rules.entries import ACCIDENT_FIELDS, AccidentGiven, parse_accident
from assets.vehicles.service import Correction, correct_accident, report_accident
from assets.web.auth import needs
from assets.web.context import actor, now
from assets.web.vehicle_cells import accident_cells, local_day, values_of_accident
from assets.web.vehicle_entries import Attached, Desk, correction_form, create, entry_page, moment, new_form
from assets.web.vehicle_entries import correct as correct_entry
from assets.web.vehicle_lists import Listed, entries_list

pages = Blueprint("vehicle_accidents", __name__)

COLUMNS = ("accident", "vehicle", "unit", "at", "place", "injured", "police_number", "work_order", "entered_at")


def read_accident(values: Mapping[str, object]) -> AccidentGiven:
    """An accident out of a form or a body."""
    fields = {key: value for key, value in values.items() if key != "at"}
    return parse_accident(fields, moment(values))


def read_severity(text: str) -> Severity | None:
    """How bad the fault is that is reported with it; None for no fault."""
    if not text:
        return None
    if text not in set(Severity):
        raise invalid("fault", msg("Say how bad the fault is."), code="unknown_word")
    return Severity(text)


def _enter(
    session: Session, asset: Asset, given: AccidentGiven, happened: Occurrence, values: Mapping[str, str]
) -> Accident:
    fault = read_severity(values.get("fault", ""))
    return report_accident(session, actor(), asset, given, happened, now(), fault=fault)


def _correct(session: Session, wrong: Accident, given: AccidentGiven | None, why: Correction) -> Accident:
    return correct_accident(session, actor(), wrong, given, why, now())


DESK = Desk(
    Accident, SubjectName.ACCIDENT, "/vehicles/accidents", "vehicles/accident_form.html", msg("Accident"),
    msg("The accident is reported."), Permission.VEHICLE_REPORT, frozenset({"at", *ACCIDENT_FIELDS}), read_accident,
    _enter, _correct, values_of_accident,
    (Attached("pictures", Kind.PHOTO, msg("Picture of the accident")), Attached("sketch", Kind.OTHER, msg("Sketch"))),
)  # fmt: skip


def _line(row: Accident, sees: bool) -> tuple[object, ...]:
    return (
        row.id, row.asset.code, row.asset.unit.code, row.at if sees else local_day(row.at), row.place if sees else None,
        "yes" if row.injured else "no", row.police_number if sees else None, row.work_order_id,
        row.entered_at if sees else None,
    )  # fmt: skip


LISTED = Listed(Accident, Permission.WORK_READ, "accidents", accident_cells, COLUMNS, _line)


@pages.get("/vehicles/accidents")
@needs(Permission.WORK_READ)
def accidents() -> Any:
    """Accidents that count, the last reported first."""
    return entries_list(LISTED)


@pages.get("/vehicles/accidents/<int:entry_id>")
@needs(Permission.WORK_READ)
def accident(entry_id: int) -> Any:
    return entry_page(DESK, entry_id)


@pages.get("/vehicles/<code>/accidents/new")
@needs(Permission.VEHICLE_REPORT)
def new_accident(code: str) -> Any:
    return new_form(DESK, code)


@pages.post("/vehicles/<code>/accidents/new")
@needs(Permission.VEHICLE_REPORT)
def create_accident(code: str) -> Any:
    """Report an accident, with pictures and a sketch."""
    return create(DESK, code)


@pages.get("/vehicles/accidents/<int:entry_id>/correct")
@needs(Permission.VEHICLE_REPORT)
def correct_form(entry_id: int) -> Any:
    return correction_form(DESK, entry_id)


@pages.post("/vehicles/accidents/<int:entry_id>/correct")
@needs(Permission.VEHICLE_REPORT)
def correct(entry_id: int) -> Any:
    """Correct a report: one's own, or with the right to correct others'."""
    return correct_entry(DESK, entry_id)
