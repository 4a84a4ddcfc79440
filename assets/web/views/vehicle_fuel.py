"""Fuel of vehicles for people: the list, one fill, entering and correcting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session

from assets.core.i18n import msg
from assets.documents.rules import Kind, SubjectName
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.service.timeline import Occurrence
from assets.vehicles.models import FuelFill
from assets.vehicles.rules.entries import FILL_FIELDS, FillGiven, parse_fill
from assets.vehicles.service import Correction, correct_fill, enter_fill
from assets.web.auth import needs
from assets.web.context import actor, now
from assets.web.vehicle_cells import fill_cells, local_day, values_of_fill
from assets.web.vehicle_entries import Attached, Desk, correction_form, create, entry_page, moment, new_form
from assets.web.vehicle_entries import correct as correct_entry
from assets.web.vehicle_lists import Listed, entries_list

pages = Blueprint("vehicle_fuel", __name__)

COLUMNS = (
    "fill", "vehicle", "unit", "at", "litres", "full_tank", "odometer_km", "cost", "currency", "station", "entered_at",
)  # fmt: skip


def read_fill(values: Mapping[str, object]) -> FillGiven:
    """A fill out of a form or a body."""
    fields = {key: value for key, value in values.items() if key != "at"}
    return parse_fill(fields, moment(values))


def _enter(session: Session, asset: Asset, given: FillGiven, happened: Occurrence, _: Mapping[str, str]) -> FuelFill:
    return enter_fill(session, actor(), asset, given, happened, now())


def _correct(session: Session, wrong: FuelFill, given: FillGiven | None, why: Correction) -> FuelFill:
    return correct_fill(session, actor(), wrong, given, why, now())


DESK = Desk(
    FuelFill, SubjectName.FUEL, "/vehicles/fuel", "vehicles/fuel_form.html", msg("Fuel fill"),
    msg("The fuel is entered."), Permission.VEHICLE_REPORT, frozenset({"at", *FILL_FIELDS}), read_fill, _enter,
    _correct, values_of_fill, (Attached("receipt", Kind.INVOICE, msg("Receipt")),),
)  # fmt: skip


def _line(fill: FuelFill, sees: bool) -> tuple[object, ...]:
    return (
        fill.id, fill.asset.code, fill.asset.unit.code, fill.at if sees else local_day(fill.at), fill.litres,
        "yes" if fill.is_full else "no", fill.odometer_km, fill.cost, fill.currency if fill.cost is not None else None,
        fill.station if sees else None, fill.entered_at if sees else None,
    )  # fmt: skip


LISTED = Listed(FuelFill, Permission.ASSET_READ, "fuel", fill_cells, COLUMNS, _line)


@pages.get("/vehicles/fuel")
@needs(Permission.ASSET_READ)
def fuel() -> Any:
    """Fills that count, the last entered first."""
    return entries_list(LISTED)


@pages.get("/vehicles/fuel/<int:entry_id>")
@needs(Permission.ASSET_READ)
def fill(entry_id: int) -> Any:
    return entry_page(DESK, entry_id)


@pages.get("/vehicles/<code>/fuel/new")
@needs(Permission.VEHICLE_REPORT)
def new_fill(code: str) -> Any:
    return new_form(DESK, code)


@pages.post("/vehicles/<code>/fuel/new")
@needs(Permission.VEHICLE_REPORT)
def create_fill(code: str) -> Any:
    """Enter a fill, with its receipt."""
    return create(DESK, code)


@pages.get("/vehicles/fuel/<int:entry_id>/correct")
@needs(Permission.VEHICLE_REPORT)
def correct_form(entry_id: int) -> Any:
    return correction_form(DESK, entry_id)


@pages.post("/vehicles/fuel/<int:entry_id>/correct")
@needs(Permission.VEHICLE_REPORT)
def correct(entry_id: int) -> Any:
    """Correct a fill: one's own, or with the right to correct others'."""
    return correct_entry(DESK, entry_id)
