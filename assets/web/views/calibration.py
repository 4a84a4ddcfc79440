"""Pages of calibration: what is due, records, a new record with its points, certificates, and plans."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.calibration import queries, service
from assets.calibration.models import CalibrationPlan, CalibrationRecord
from assets.calibration.rules import KIND_NAMES, MAX_POINTS, STANDING_NAMES, Kind, Point
from assets.core import files
from assets.core.clock import local_date
from assets.core.errors import Conflict, InvalidInput, NotAllowed, RuleViolation, invalid
from assets.core.i18n import msg
from assets.labels.token import format_code
from assets.people.models import Organisation
from assets.people.rules import Permission
from assets.registry.scope import require_asset
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.forms import field_errors, typed
from assets.web.papers import papers_of
from assets.web.parsing import encode_cursor, page, parse_decimal
from assets.web.views.api_calibration import performed

pages = Blueprint("calibration", __name__)

STANDING_STATE = {"valid": "ready", "soon": "due"}
HORIZONS = (0, 30, 90)
FIRST_ROWS, ROWS, MORE_ROWS = 2, 6, 6
MEASURES = ("nominal", "tolerance_low", "tolerance_high", "as_found", "as_left")
EXTENSIONS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


def _tabs(current: str) -> list[dict[str, Any]]:
    places = (("due", "/calibration", msg("Due")), ("records", "/calibration/records", msg("Records")))
    return [{"label": words(label), "href": href, "current": key == current} for key, href, label in places]


def _state_of(row: queries.DueRow) -> str:
    binding = row.view.plan.kind != Kind.FUNCTIONAL_CHECK
    if row.view.standing.value in {"never", "overdue"} and not binding:
        return "due"
    return STANDING_STATE.get(row.view.standing.value, "blocked")


@pages.get("/calibration")
@needs(Permission.CALIBRATION_READ)
def due_list() -> Any:
    """What failed, was never done, is out of date or will be, most urgent first."""
    wanted = page(request.args)
    today = local_date(now(), the_app().settings.zone)
    with reading() as session:
        narrowed = care.care_filter(session, request.args)
        key: dict[str, Any] = {
            "within_days": narrowed.within_days, "unit_id": narrowed.unit_id, "class_id": narrowed.class_id
        }  # fmt: skip
        after = care.cursor_key(wanted.after, 2)
        rows = queries.due_rows(session, actor(), now(), **key, limit=wanted.limit + 1, after=after)
        total = queries.due_count(session, actor(), now(), **key)
        options = care.choices(session, Permission.CALIBRATION_READ)
        shown = [
            {
                "asset": row.asset,
                "title": care.asset_title(row.asset),
                "code": format_code(row.asset.code),
                "plan": row.view.plan,
                "kind": words(KIND_NAMES[Kind(row.view.plan.kind)]),
                "standing": words(STANDING_NAMES[row.view.standing]),
                "state": _state_of(row),
                "valid_until": row.view.valid_until,
                "days": (row.view.valid_until - today).days if row.view.valid_until else None,
                "record_id": row.view.record_id,
            }
            for row in rows[: wanted.limit]
        ]
        cursor = encode_cursor(rows[wanted.limit - 1].key) if len(rows) > wanted.limit else None
        return render_template(
            "calibration/due.html",
            rows=shown,
            total=total,
            within_days=narrowed.within_days,
            horizons=[
                {
                    "label": words(msg("out of date now") if n == 0 else msg("within %(n)s days", n=n)),
                    "href": care.address_without("cursor", within_days=str(n)),
                    "current": n == narrowed.within_days,
                }
                for n in HORIZONS
            ],
            tabs_items=_tabs("due"),
            active=care.chosen(options, {"unit": "units", "class": "classes"}),
            after=care.address_without(cursor=cursor) if cursor else "",
            is_empty=not shown,
            **options,
        )


@pages.get("/calibration/records")
@needs(Permission.CALIBRATION_READ)
def records() -> Any:
    """Every record, the newest entry first."""
    wanted = page(request.args)
    with reading() as session:
        after = care.cursor_key(wanted.after, 1)
        found = queries.records(session, actor(), limit=wanted.limit + 1, after=after)
        shown = found[: wanted.limit]
        corrected = queries.corrected_among(session, [made.id for made in shown])
        cursor = encode_cursor((shown[-1].id,)) if len(found) > wanted.limit else None
        return render_template(
            "calibration/records.html",
            rows=[
                {
                    "record": made,
                    "title": care.asset_title(made.asset),
                    "code": format_code(made.asset.code),
                    "kind": words(KIND_NAMES[Kind(made.kind)]),
                    "corrected": made.id in corrected,
                }
                for made in shown
            ],
            tabs_items=_tabs("records"),
            after=care.address_without(cursor=cursor) if cursor else "",
            is_empty=not shown,
        )


@pages.get("/calibration/records/<int:record_id>")
@needs(Permission.CALIBRATION_READ)
def record_page(record_id: int) -> Any:
    with reading() as session:
        made = queries.record_by_id(session, actor(), record_id)
        return render_template(
            "calibration/record.html",
            record=made,
            title=care.asset_title(made.asset),
            printed=format_code(made.asset.code),
            kind=words(KIND_NAMES[Kind(made.kind)]),
            corrected_by=queries.correction_of(session, made.id),
            writable=_may_write(made),
            measured=[point for point in made.points if point.ok is None],
            checks=[point for point in made.points if point.ok is not None],
            plain=care.plain,
            **papers_of(session, "calibration", made.id),
        )


def _may_write(made: CalibrationRecord) -> bool:
    try:
        require_asset(actor(), Permission.CALIBRATION_WRITE, made.asset)
    except NotAllowed:
        return False
    return True


@pages.get("/calibration/plans/<int:plan_id>/record")
@needs(Permission.CALIBRATION_WRITE)
def new_record_form(plan_id: int) -> Any:
    """A new record; its points and checks start as in the record that it follows, without readings or answers."""
    with reading() as session:
        plan = queries.plan_by_id(session, actor(), plan_id, Permission.CALIBRATION_WRITE)
        followed = queries.record_to_follow(session, actor(), plan)
        values = {"follows": _follows(plan, followed), **_points_to_read(followed)}
        return _form(session, plan, {**values, **request.args.to_dict()}, {})


def _follows(plan: CalibrationPlan, followed: CalibrationRecord | None) -> str:
    if followed is None:
        return ""
    return "item" if followed.plan_id == plan.id else "model"


def _points_to_read(followed: CalibrationRecord | None) -> dict[str, str]:
    if followed is None:
        return {"rows": str(FIRST_ROWS)}
    values: dict[str, str] = {}
    measured = [point for point in followed.points if point.ok is None]
    checks = [point for point in followed.points if point.ok is not None]
    for number, point in enumerate(measured, start=1):
        values |= {f"p{number}-name": point.name, f"p{number}-unit": point.unit}
        for field in MEASURES[:3]:
            limit = getattr(point, field)
            values[f"p{number}-{field}"] = f"{limit.normalize():f}" if limit is not None else ""
    for number, point in enumerate(checks, start=1):
        values[f"c{number}-name"] = point.name
    values["rows"] = str(min(MAX_POINTS, max(len(measured), len(checks)) + 1))
    return values


def _form(session: Session, plan: CalibrationPlan, values: dict[str, str], errors: dict[str, str]) -> str:
    workshops = session.query(Organisation).where(Organisation.kind == "workshop", Organisation.active)
    kind = plan.meter_kind or plan.asset.equipment_class.usage_meter
    return render_template(
        "calibration/new_record.html",
        plan=plan,
        asset=plan.asset,
        title=care.asset_title(plan.asset),
        printed=format_code(plan.asset.code),
        kind=words(KIND_NAMES[Kind(plan.kind)]),
        workshops=[(o.code, o.name) for o in workshops.order_by(Organisation.name)],
        meter=care.meter_name(kind) if kind else "",
        meter_unit=care.meter_unit(kind),
        count=_count(values),
        values=values,
        errors=errors,
    )


def _count(values: dict[str, str]) -> int:
    text = values.get("rows", "")
    count = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else ROWS
    return min(MAX_POINTS, max(1, count))


def _points(values: dict[str, str]) -> list[Point]:
    count = _count(values)
    points = [_measured(values, f"p{n}") for n in range(1, count + 1) if _filled(values, f"p{n}")]
    return points + [_checked(values, f"c{n}") for n in range(1, count + 1) if values.get(f"c{n}-name", "").strip()]


def _filled(values: dict[str, str], row: str) -> bool:
    # Limits alone are what the last record proposed; a row counts once something was read.
    return any(values.get(f"{row}-{field}", "").strip() for field in ("as_found", "as_left"))


def _measured(values: dict[str, str], row: str) -> Point:
    numbers: dict[str, Any] = {}
    for field in MEASURES:
        text = values.get(f"{row}-{field}", "")
        numbers[field] = parse_decimal(text, f"{row}-{field}") if text.strip() else None
    return Point(name=values.get(f"{row}-name", ""), unit=values.get(f"{row}-unit", "").strip(), **numbers)


def _checked(values: dict[str, str], row: str) -> Point:
    answer = values.get(f"{row}-ok", "")
    if answer not in {"yes", "no"}:
        raise invalid(f"{row}-ok", msg("Say whether %(name)s is right.", name=values[f"{row}-name"]), code="required")
    return Point(name=values[f"{row}-name"], ok=answer == "yes", note=values.get(f"{row}-note", ""))


def _given(values: dict[str, str]) -> dict[str, Any]:
    meter = values.get("meter", "")
    return {**values, "meter": parse_decimal(meter, "meter") if meter.strip() else None}


@pages.post("/calibration/plans/<int:plan_id>/record")
@needs(Permission.CALIBRATION_WRITE)
def new_record(plan_id: int) -> Any:
    """Record it, or show more rows; a certificate sent with it is kept with the record."""
    values = typed()
    if values.get("more"):
        with reading() as session:
            plan = queries.plan_by_id(session, actor(), plan_id, Permission.CALIBRATION_WRITE)
            return _form(session, plan, {**values, "rows": str(_count(values) + MORE_ROWS)}, {})
    try:
        with writing() as session:
            plan = queries.plan_by_id(session, actor(), plan_id, Permission.CALIBRATION_WRITE)
            corrects = values.get("corrects", "")
            old = queries.record_by_id(session, actor(), int(corrects)) if corrects.isdecimal() else None
            done = performed(session, _given(values))
            made = service.record_calibration(session, actor(), plan, done, _points(values), now(), corrects=old)
            _keep_upload(session, made)
            record_id, passed = made.id, made.result == "pass"
    except (InvalidInput, RuleViolation, Conflict) as error:
        with reading() as session:
            plan = queries.plan_by_id(session, actor(), plan_id, Permission.CALIBRATION_WRITE)
            return _form(session, plan, values, field_errors(error)), 400
    if passed:
        flash_words(msg("Recorded: it passed."), "success")
    else:
        flash_words(msg("Recorded: it failed. The item must not be used until a later pass."), "warning")
    return redirect(f"/calibration/records/{record_id}", 303)


def _keep_upload(session: Session, made: CalibrationRecord) -> None:
    sent = request.files.get("certificate")
    content = sent.read() if sent is not None else b""
    if not content:
        return
    try:
        service.attach_certificate(session, actor(), made, _folder(), content, now())
    except InvalidInput as error:
        raise invalid("certificate", error.message, code=error.code) from error


def _folder() -> Any:
    return the_app().settings.data_dir / "files"


@pages.get("/calibration/certificates/<int:certificate_id>")
@needs(Permission.CALIBRATION_READ)
def certificate(certificate_id: int) -> Response:
    """The file, to be saved: never shown inside our pages."""
    with reading() as session:
        row = queries.certificate_by_id(session, actor(), certificate_id)
        content = files.read(_folder(), row.file_key)
    response = Response(content, content_type=row.content_type)
    name = f"certificate-{row.record_id}-{row.id}.{EXTENSIONS.get(row.content_type, 'bin')}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@pages.get("/calibration/plans/<int:plan_id>/change")
@needs(Permission.PLAN_WRITE)
def change_plan_form(plan_id: int) -> Any:
    with reading() as session:
        plan = queries.plan_by_id(session, actor(), plan_id, Permission.PLAN_WRITE)
        return _change_form(plan, {"interval_days": str(plan.interval_days or "")}, {})


def _change_form(plan: CalibrationPlan, values: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "calibration/change_plan.html",
        plan=plan,
        asset=plan.asset,
        title=care.asset_title(plan.asset),
        printed=format_code(plan.asset.code),
        values=values,
        errors=errors,
    )


@pages.post("/calibration/plans/<int:plan_id>/change")
@needs(Permission.PLAN_WRITE)
def change_plan(plan_id: int) -> Any:
    """Another interval, or the end of the plan, with its reason."""
    values = typed()
    try:
        with writing() as session:
            plan = queries.plan_by_id(session, actor(), plan_id, Permission.PLAN_WRITE)
            code, reason, days = plan.asset.code, values.get("reason", ""), values.get("interval_days", "").strip()
            if values.get("retire"):
                service.retire_plan(session, actor(), plan, reason=reason, now=now())
            elif days and not (days.isascii() and days.isdigit() and len(days) <= 6):
                raise invalid("interval_days", msg("The interval is a whole number of days."))
            else:
                interval = int(days) if days else None
                service.change_plan(session, actor(), plan, interval_days=interval, reason=reason, now=now())
    except (InvalidInput, RuleViolation) as error:
        with reading() as session:
            plan = queries.plan_by_id(session, actor(), plan_id, Permission.PLAN_WRITE)
            return _change_form(plan, values, field_errors(error)), 400
    flash_words(msg("The plan is changed; the reason stands in the history."), "success")
    return redirect(f"/assets/{code}/plans", 303)
