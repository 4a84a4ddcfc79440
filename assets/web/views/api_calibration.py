"""Calibration for programs: what is due, and records."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.calibration import queries, service
from assets.calibration.models import CalibrationPlan, CalibrationPoint, CalibrationRecord
from assets.calibration.rules import Point
from assets.core.clock import local_date
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.people.queries import organisation_by_code
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import asset_by_code
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, writing
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page

api = APIBlueprint("api_calibration", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


class DueQuery(BaseModel):
    """The due list: how far ahead, of which unit and class."""

    model_config = ConfigDict(extra="forbid")
    within_days: str = ""
    unit: str = ""
    class_: str = Field("", alias="class")
    limit: str = ""
    cursor: str = ""


class RecordsQuery(BaseModel):
    """Records, of one asset where `asset` is given."""

    model_config = ConfigDict(extra="forbid")
    asset: str = ""
    limit: str = ""
    cursor: str = ""


class RecordPath(BaseModel):
    """The record's id."""

    id: int = Field(ge=1, le=2**31 - 1)


class NewPoint(BaseModel):
    """A measured point (limits of the reading and what was read), or an item of a checklist (`ok`)."""

    model_config = ConfigDict(extra="forbid")
    name: str
    nominal: Decimal | None = None
    tolerance_low: Decimal | None = None
    tolerance_high: Decimal | None = None
    unit: str = ""
    as_found: Decimal | None = None
    as_left: Decimal | None = None
    ok: bool | None = None
    note: str = ""


class NewRecord(BaseModel):
    """What was done. `plan` may be left out where the asset has one active plan; the result is never sent."""

    model_config = ConfigDict(extra="forbid")
    asset: str = Field(max_length=400)
    plan: int | None = Field(None, ge=1, le=2**31 - 1)
    performed_at: str | None = None
    performed_on: str | None = None
    standard: str = ""
    standard_valid_until: str | None = None
    environment: str = ""
    adjusted: bool = False
    workshop: str = ""
    meter: Decimal | None = None
    points: list[NewPoint] = Field(max_length=200)
    note: str = ""
    corrects: int | None = Field(None, ge=1, le=2**31 - 1)


def record_json(made: CalibrationRecord, *, corrected_by: int | None = None, full: bool = True) -> dict[str, Any]:
    """A record as programs see it."""
    shown = {
        "id": made.id,
        "asset": made.asset.code,
        "class": made.asset.equipment_class.code,
        "unit": made.asset.unit.code,
        "plan": made.plan_id,
        "name": made.plan.name,
        "kind": made.kind,
        "performed_at": care.moment_json(made.performed_at),
        "recorded_at": care.moment_json(made.recorded_at),
        "standard": made.standard,
        "standard_valid_until": care.date_json(made.standard_valid_until),
        "environment": made.environment,
        "adjusted": made.adjusted,
        "decision_rule": made.decision_rule,
        "taken_over": bool(made.taken_over),
        "as_found_result": made.as_found_result or None,
        "as_left_result": made.as_left_result or None,
        "result": made.result,
        "valid_until": care.date_json(made.valid_until),
        "note": made.note,
        "corrects": made.corrects_id,
        "points": [_point_json(point) for point in made.points],
        "certificates": [certificate.id for certificate in made.certificates],
    }
    return {**shown, "corrected_by": corrected_by} if full else shown


def _point_json(point: CalibrationPoint) -> dict[str, Any]:
    return {
        "name": point.name,
        "nominal": care.number(point.nominal),
        "tolerance_low": care.number(point.tolerance_low),
        "tolerance_high": care.number(point.tolerance_high),
        "unit": point.unit,
        "as_found": care.number(point.as_found),
        "as_left": care.number(point.as_left),
        "ok": point.ok,
        "note": point.note,
    }


def _due_json(row: queries.DueRow) -> dict[str, Any]:
    view, today = row.view, local_date(now(), the_app().settings.zone)
    return {
        "asset": row.asset.code,
        "class": row.asset.equipment_class.code,
        "unit": row.asset.unit.code,
        "plan": view.plan.id,
        "name": view.plan.name,
        "kind": view.plan.kind,
        "standing": view.standing.value,
        "valid_until": care.date_json(view.valid_until),
        "days_left": (view.valid_until - today).days if view.valid_until else None,
        "due_at_meter": care.number(view.due_at_meter),
        "meter_left": care.number(view.meter_left),
        "record": view.record_id,
    }


@api.get("/calibration/due")
@needs(Permission.CALIBRATION_READ)
def due(query: DueQuery) -> Any:
    """What failed, was never done, is out of date or will be within so many days, most urgent first."""
    args = query.model_dump(by_alias=True)
    wanted = page(args)
    with reading() as session:
        narrowed = care.care_filter(session, args)
        rows = queries.due_rows(
            session, actor(), now(), within_days=narrowed.within_days, unit_id=narrowed.unit_id,
            class_id=narrowed.class_id, limit=wanted.limit + 1, after=care.cursor_key(wanted.after, 2),
        )  # fmt: skip
        items = [_due_json(row) for row in rows[: wanted.limit]]
    more = len(rows) > wanted.limit
    return jsonify({"items": items, "next": encode_cursor(rows[wanted.limit - 1].key) if more else None})


@api.get("/calibrations")
@needs(Permission.CALIBRATION_READ)
def list_records(query: RecordsQuery) -> Any:
    """Records, the newest entry first."""
    wanted = page(query.model_dump())
    with reading() as session:
        asset_id = None
        if query.asset:
            asset_id = asset_by_code(session, actor(), read_code(query.asset, field="asset")).id
        after = care.cursor_key(wanted.after, 1)
        found = queries.records(session, actor(), asset_id=asset_id, limit=wanted.limit + 1, after=after)
        items = [record_json(made, full=False) for made in found[: wanted.limit]]
    more = len(found) > wanted.limit
    return jsonify({"items": items, "next": encode_cursor((items[-1]["id"],)) if more else None})


@api.get("/calibrations/<int:id>")
@needs(Permission.CALIBRATION_READ)
def get_record(path: RecordPath) -> Any:
    """One record; `corrected_by` names the one that stands in for it."""
    with reading() as session:
        made = queries.record_by_id(session, actor(), path.id)
        return jsonify(record_json(made, corrected_by=queries.correction_of(session, made.id)))


@api.post("/calibrations")
@needs(Permission.CALIBRATION_WRITE)
def add_record(body: NewRecord) -> Any:
    """Record a calibration, verification or check; the plan's rule decides the result."""
    with writing() as session:
        code = read_code(body.asset, field="asset")
        asset = asset_by_code(session, actor(), code, Permission.CALIBRATION_WRITE)
        plan = _plan(session, asset, body.plan)
        corrects = queries.record_by_id(session, actor(), body.corrects) if body.corrects else None
        points = [Point(**point.model_dump()) for point in body.points]
        done = performed(session, body.model_dump())
        made = service.record_calibration(session, actor(), plan, done, points, now(), corrects=corrects)
        return jsonify(record_json(made)), 201


def performed(session: Session, values: dict[str, Any]) -> service.Performed:
    """What was said about a calibration; today without an hour means now."""
    moment = care.optional_moment(values, "performed_at")
    day = care.optional_moment(values, "performed_on")
    zone = the_app().settings.zone
    if moment is None and day is not None:
        moment = now() if local_date(day, zone) == local_date(now(), zone) else day
    workshop = (values.get("workshop") or "").strip()
    return service.Performed(
        performed_at=moment or now(),
        standard=values.get("standard") or "",
        standard_valid_until=care.optional_date(values, "standard_valid_until"),
        environment=values.get("environment") or "",
        adjusted=bool(values.get("adjusted")),
        workshop=organisation_by_code(session, workshop, "workshop") if workshop else None,
        meter=values.get("meter"),
        note=values.get("note") or "",
    )


def _plan(session: Session, asset: Asset, plan_id: int | None) -> CalibrationPlan:
    if plan_id is not None:
        plan = queries.plan_by_id(session, actor(), plan_id, Permission.CALIBRATION_WRITE)
        if plan.asset_id != asset.id:
            raise invalid("plan", msg("This plan belongs to another item."))
        return plan
    views = queries.views_for(session, [asset.id], now()).get(asset.id, [])
    if len(views) != 1:
        names = ", ".join(f"{view.plan.id} ({view.plan.name})" for view in views) or "–"
        raise invalid("plan", msg("Say which plan this is for: %(plans)s.", plans=names), code="required")
    return views[0].plan
