"""Fuel, dated papers and accidents of vehicles for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from assets.vehicles.models import Accident, FuelFill, VehiclePaper
from assets.vehicles.queries.entries import EntryFilter, entries_page, entry_by_id, sees_closely, sees_number
from assets.vehicles.queries.papers import PaperLine, paper_lines
from assets.vehicles.rules.entries import parse_paper
from assets.vehicles.service import (
    Correction,
    correct_accident,
    correct_fill,
    correct_paper,
    enter_fill,
    enter_paper,
    report_accident,
)
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, writing
from assets.web.label_codes import read_code
from assets.web.listing import answer_page
from assets.web.parsing import encode_cursor, page
from assets.web.vehicle_cells import local_day, today
from assets.web.views.vehicle_accidents import read_accident, read_severity
from assets.web.views.vehicle_fuel import read_fill
from assets.web.views.vehicle_papers import line_key, paper_filter

api = APIBlueprint(
    "api_vehicles", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="vehicles")]
)
E = TypeVar("E", FuelFill, VehiclePaper, Accident)
Number = Decimal | float | int | str
_ABOUT = frozenset({"asset", "corrects", "reason", "void", "fault"})


class EntryQuery(BaseModel):
    """Entries that count: of which vehicle and unit."""

    model_config = ConfigDict(extra="forbid")
    asset: str = ""
    unit: str = ""
    limit: str = ""
    cursor: str = ""


class PaperQuery(BaseModel):
    """Papers: `standing` is overdue, within_7, within_30, valid, missing, or due for all that is to be renewed."""

    model_config = ConfigDict(extra="forbid")
    standing: str = ""
    kind: str = ""
    unit: str = ""
    limit: str = ""
    cursor: str = ""


class EntryBody(BaseModel):
    """Which vehicle; `corrects` names the entry that was wrong, with the reason; `void`: nothing comes in its place."""

    model_config = ConfigDict(extra="forbid")
    asset: str = Field(max_length=400)
    corrects: int | None = Field(None, ge=1, le=2**31 - 1)
    reason: str = ""
    void: bool = False


class FillBody(EntryBody):
    """A fuel fill; `is_full`: the tank was full afterwards."""

    at: str | None = None
    litres: Number | None = None
    is_full: bool | None = None
    odometer_km: Number | None = None
    cost: Number | None = None
    currency: str | None = None
    station: str | None = None


class PaperBody(EntryBody):
    """A dated paper, valid on both of its days; `kind` is insurance, inspection, extinguisher or first_aid."""

    kind: str | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    number: str | None = None
    issuer: str | None = None
    cost: Number | None = None
    currency: str | None = None


class AccidentBody(EntryBody):
    """An accident; `fault` (minor, major, critical) asks for a repair of its damage."""

    at: str | None = None
    what: str | None = None
    injured: bool | None = None
    place: str | None = None
    other_party: str | None = None
    damage: str | None = None
    police_number: str | None = None
    fault: str = ""


def _entered(entry: FuelFill | VehiclePaper | Accident) -> dict[str, Any]:
    """What all entries have; when and by whom it was entered is for who sees it closely, for it tells who was there."""
    sees = sees_closely(actor(), entry)
    return {
        "id": entry.id,
        "asset": entry.asset.code,
        "unit": entry.asset.unit.code,
        "entered_at": care.moment_json(entry.entered_at) if sees else None,
        "entered_by": entry.actor_name if sees else None,
        "corrects": entry.corrects_id,
        "reason": entry.reason or None,
        "void": entry.void,
    }


def _fill(fill: FuelFill) -> dict[str, Any]:
    sees = sees_closely(actor(), fill)
    return _entered(fill) | {
        "at": care.moment_json(fill.at) if sees else None,
        "day": care.date_json(local_day(fill.at)),
        "litres": care.number(fill.litres),
        "is_full": fill.is_full,
        "odometer_km": care.number(fill.odometer_km),
        "cost": care.number(fill.cost),
        "currency": fill.currency if fill.cost is not None else None,
        "station": (fill.station or None) if sees else None,
    }


def _paper(paper: VehiclePaper) -> dict[str, Any]:
    return _entered(paper) | {
        "kind": paper.kind,
        "number": (paper.number or None) if sees_number(actor(), paper.asset) else None,
        "issuer": paper.issuer or None,
        "valid_from": care.date_json(paper.valid_from),
        "valid_until": care.date_json(paper.valid_until),
        "cost": care.number(paper.cost),
        "currency": paper.currency if paper.cost is not None else None,
    }


def _accident(accident: Accident) -> dict[str, Any]:
    sees = sees_closely(actor(), accident)
    return _entered(accident) | {
        "at": care.moment_json(accident.at) if sees else None,
        "day": care.date_json(local_day(accident.at)),
        "place": (accident.place or None) if sees else None,
        "what": accident.what,
        "injured": accident.injured,
        "other_party": (accident.other_party or None) if sees else None,
        "damage": accident.damage or None,
        "police_number": (accident.police_number or None) if sees else None,
        "work_order": accident.work_order_id,
    }


def _line(line: PaperLine) -> dict[str, Any]:
    return {
        "asset": line.asset.code,
        "unit": line.asset.unit.code,
        "kind": line.kind,
        "standing": line.standing.value,
        "paper": _paper(line.paper) if line.paper is not None else None,
    }


def _entries(query: EntryQuery, kind: type[E], shape: Callable[[E], dict[str, Any]], permission: Permission) -> Any:
    args = query.model_dump()
    wanted = page(args)
    with reading() as session:
        asset_id = asset_by_code(session, actor(), read_code(query.asset), permission).id if query.asset else None
        narrowed = EntryFilter(care.unit_id(session, args), asset_id)
        after = care.cursor_key(wanted.after, 1)
        found = entries_page(session, actor(), kind, narrowed, limit=wanted.limit + 1, after=after)
        return answer_page(found, wanted.limit, shape)


def _given(body: EntryBody) -> dict[str, object]:
    """The fields of the entry itself that were sent."""
    return {key: value for key, value in body.model_dump(exclude_unset=True).items() if key not in _ABOUT}


def _post(
    body: EntryBody,
    kind: type[E],
    read: Callable[[Mapping[str, object]], Any],
    steps: tuple[Callable[[Session, Asset, Any], E], Callable[[Session, E, Any, Correction], E]],
    shape: Callable[[E], dict[str, Any]],
) -> Any:
    """Enter it, or correct the entry that it names."""
    enter, correct = steps
    if body.void and body.corrects is None:
        raise invalid("corrects", msg("Say which entry was a mistake."), code="required")
    given = None if body.void else read(_given(body))
    with writing() as session:
        code = read_code(body.asset)
        if body.corrects is None:
            asset = asset_by_code(session, actor(), code)
            return jsonify(shape(enter(session, asset, given))), 201
        wrong = entry_by_id(session, actor(), kind, body.corrects, lock=True)
        if asset_by_code(session, actor(), code).id != wrong.asset_id:
            raise invalid("corrects", msg("That entry is about another vehicle."), code="other_vehicle")
        return jsonify(shape(correct(session, wrong, given, Correction(body.reason, body.void)))), 201


@api.get("/fuel")
@needs(Permission.ASSET_READ)
def list_fuel(query: EntryQuery) -> Any:
    """Fuel fills that count, the last entered first."""
    return _entries(query, FuelFill, _fill, Permission.ASSET_READ)


@api.post("/fuel")
@needs(Permission.VEHICLE_REPORT)
def enter_fuel(body: FillBody) -> Any:
    """Enter a fuel fill, or correct one."""

    def enter(session: Session, asset: Asset, given: Any) -> FuelFill:
        return enter_fill(session, actor(), asset, given, Occurrence(given.at, now()), now())

    def correct(session: Session, wrong: FuelFill, given: Any, why: Correction) -> FuelFill:
        return correct_fill(session, actor(), wrong, given, why, now())

    return _post(body, FuelFill, read_fill, (enter, correct), _fill)


@api.get("/vehicle-papers")
@needs(Permission.ASSET_READ)
def list_papers(query: PaperQuery) -> Any:
    """Every vehicle in use with each kind of paper, what ends first before the rest."""
    args = query.model_dump()
    wanted = page(args)
    with reading() as session:
        narrowed = paper_filter(session, args)
        found = paper_lines(
            session, actor(), narrowed, today(), limit=wanted.limit + 1, after=line_key(wanted.after)
        )  # fmt: skip
        rows = found[: wanted.limit]
        following = encode_cursor(rows[-1].key) if len(found) > wanted.limit else None
        return jsonify({"items": [_line(line) for line in rows], "next": following})


@api.post("/vehicle-papers")
@needs(Permission.ASSET_WRITE)
def enter_vehicle_paper(body: PaperBody) -> Any:
    """Enter a dated paper, or correct one."""

    def enter(session: Session, asset: Asset, given: Any) -> VehiclePaper:
        return enter_paper(session, actor(), asset, given, Occurrence(now(), now()), now())

    def correct(session: Session, wrong: VehiclePaper, given: Any, why: Correction) -> VehiclePaper:
        return correct_paper(session, actor(), wrong, given, why, now())

    return _post(body, VehiclePaper, parse_paper, (enter, correct), _paper)


@api.get("/accidents")
@needs(Permission.WORK_READ)
def list_accidents(query: EntryQuery) -> Any:
    """Accidents that count, the last reported first."""
    return _entries(query, Accident, _accident, Permission.WORK_READ)


@api.post("/accidents")
@needs(Permission.VEHICLE_REPORT)
def enter_accident(body: AccidentBody) -> Any:
    """Report an accident, or correct a report."""
    fault = read_severity(body.fault)

    def enter(session: Session, asset: Asset, given: Any) -> Accident:
        return report_accident(session, actor(), asset, given, Occurrence(given.at, now()), now(), fault=fault)

    def correct(session: Session, wrong: Accident, given: Any, why: Correction) -> Accident:
        return correct_accident(session, actor(), wrong, given, why, now())

    return _post(body, Accident, read_accident, (enter, correct), _accident)
