"""Pages of an asset's plans: care with its due dates, calibration, and their changes with a reason."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template
from sqlalchemy.orm import Session

from assets.calibration import queries as calibration
from assets.calibration.rules import KIND_NAMES as CALIBRATION_KINDS
from assets.calibration.rules import STANDING_NAMES
from assets.core.errors import InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.labels.token import format_code
from assets.maintenance import queries, service
from assets.maintenance.rules.due import LastDone, Standing, Terms
from assets.people.rules import Permission, may
from assets.registry.models import Asset
from assets.registry.rules.classes import INTERVALS_TO_CONFIRM
from assets.registry.rules.meters import METER_KINDS
from assets.registry.scope import asset_by_code
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.parsing import parse_decimal

pages = Blueprint("plans", __name__)

STANDING_KIND = {Standing.FINE: "ready", Standing.SOON: "due", Standing.DUE: "due", Standing.OVERDUE: "blocked"}
STANDING_WORDS: dict[Standing, Message] = {
    Standing.FINE: msg("not due"),
    Standing.SOON: msg("due soon"),
    Standing.DUE: msg("due"),
    Standing.OVERDUE: msg("overdue beyond grace"),
}


def due_cells(view: queries.PlanView | queries.DueRow) -> dict[str, Any]:
    """A plan's due date in words, for a row."""
    due, plan = view.due, view.plan
    return {
        "plan": plan,
        "due": due,
        "state": STANDING_KIND[due.standing],
        "state_words": words(STANDING_WORDS[due.standing]),
        "meter": care.meter_name(plan.meter_kind) if plan.meter_kind else "",
        "meter_unit": care.meter_unit(plan.meter_kind),
        "assumption": words(due.assumption),
        "order_id": view.open_order_id,
    }


@pages.get("/assets/<code>/plans")
@needs(Permission.WORK_READ)
def plans(code: str) -> Any:
    return _plans(code, {}, {})


def _plans(code: str, values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        asset = asset_by_code(session, actor(), read_code(code))
        calibrations = calibration.views_for(session, [asset.id], now()).get(asset.id, [])
        return render_template(
            "maintenance/plans.html",
            asset=asset,
            title=care.asset_title(asset),
            printed=format_code(asset.code),
            rows=[due_cells(view) for view in queries.plan_views(session, asset, now(), with_retired=True)],
            calibrations=[
                {
                    "view": view,
                    "kind": words(next(name for kind, name in CALIBRATION_KINDS.items() if kind == view.plan.kind)),
                    "standing": words(STANDING_NAMES[view.standing]),
                    "state": {"valid": "ready", "soon": "due"}.get(view.standing.value, "blocked"),
                }
                for view in calibrations
                if may(actor(), Permission.CALIBRATION_READ)
            ],
            confirm=words(INTERVALS_TO_CONFIRM),
            meters=[(kind, words(name)) for kind, name in METER_KINDS.items()],
            values=values,
            errors=errors,
        )


def _terms(values: dict[str, str]) -> Terms:
    days, interval = values.get("interval_days", "").strip(), values.get("meter_interval", "").strip()
    if days and not (days.isascii() and days.isdigit() and len(days) <= 6):
        raise invalid("interval_days", msg("The interval is a whole number of days."))
    meter_interval = parse_decimal(interval, "meter_interval") if interval else None
    kind = values.get("meter_kind", "") if meter_interval is not None else ""
    return Terms(int(days) if days else None, kind, meter_interval)


def _last_done(values: dict[str, str]) -> LastDone | None:
    day = care.optional_date(values, "last_done_on")
    meter = values.get("last_done_meter", "").strip()
    return LastDone(day, parse_decimal(meter, "last_done_meter") if meter else None) if day else None


@pages.post("/assets/<code>/plans")
@needs(Permission.PLAN_WRITE)
def add_plan(code: str) -> Any:
    """A plan of the asset's own."""
    values = typed()
    try:
        with writing() as session:
            asset = asset_by_code(session, actor(), read_code(code), Permission.PLAN_WRITE)
            service.add_plan(
                session, actor(), asset, name=values.get("name", ""), terms=_terms(values),
                reason=values.get("reason", ""), now=now(), last_done=_last_done(values),
            )  # fmt: skip
    except (InvalidInput, RuleViolation) as error:
        return _plans(code, values, field_errors(error)), 400
    flash_words(msg("The plan is added."), "success")
    return redirect(f"/assets/{asset.code}/plans", 303)


@pages.get("/maintenance/plans/<int:plan_id>/change")
@needs(Permission.PLAN_WRITE)
def change_plan_form(plan_id: int) -> Any:
    with reading() as session:
        plan = queries.plan_by_id(session, actor(), plan_id, Permission.PLAN_WRITE)
        values = {
            "interval_days": str(plan.interval_days or ""),
            "meter_kind": plan.meter_kind or plan.asset.equipment_class.usage_meter,
            "meter_interval": f"{plan.meter_interval.normalize():f}" if plan.meter_interval else "",
        }
        return _change_plan(session, plan.asset, plan_id, values, {})


def _change_plan(session: Session, asset: Asset, plan_id: int, values: dict[str, str], errors: dict[str, str]) -> str:
    plan = queries.plan_by_id(session, actor(), plan_id, Permission.PLAN_WRITE)
    return render_template(
        "maintenance/change_plan.html",
        plan=plan,
        asset=asset,
        printed=format_code(asset.code),
        title=care.asset_title(asset),
        meters=[(kind, words(name)) for kind, name in METER_KINDS.items()],
        values=values,
        errors=errors,
    )


@pages.post("/maintenance/plans/<int:plan_id>/change")
@needs(Permission.PLAN_WRITE)
def change_plan(plan_id: int) -> Any:
    """Other intervals, another last completion, or the end of the plan: each with its reason."""
    values = typed()
    try:
        with writing() as session:
            plan = queries.plan_by_id(session, actor(), plan_id, Permission.PLAN_WRITE)
            code, reason = plan.asset.code, values.get("reason", "")
            if values.get("retire"):
                service.retire_plan(session, actor(), plan, reason=reason, now=now())
            else:
                service.change_plan(
                    session, actor(), plan, terms=_terms(values), reason=reason, now=now(),
                    last_done=_last_done(values),
                )  # fmt: skip
    except (InvalidInput, RuleViolation) as error:
        with reading() as session:
            asset = queries.plan_by_id(session, actor(), plan_id, Permission.PLAN_WRITE).asset
            return _change_plan(session, asset, plan_id, values, field_errors(error)), 400
    flash_words(msg("The plan is changed; the reason stands in the history."), "success")
    return redirect(f"/assets/{code}/plans", 303)
