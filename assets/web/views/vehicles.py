"""Vehicles for people: what each takes and costs, one vehicle with its papers, and its trip sheet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session

from assets.core import journal
from assets.core.clock import day_span
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.rules.values import EARLIEST_YEAR, LATEST_YEAR
from assets.registry.scope import asset_by_code, reaches_asset
from assets.vehicles.models import Accident
from assets.vehicles.queries.costs import Figures, Span, figures_of, vehicles_page
from assets.vehicles.queries.drift import drift_of
from assets.vehicles.queries.entries import entries_of
from assets.vehicles.queries.papers import lines_of
from assets.vehicles.rules.entries import NOT_DRIVEN, check_vehicle
from assets.vehicles.trip_sheet import sheet_content, sheet_pdf, trip_sheet
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, locale, now, reading, the_app, words, writing
from assets.web.exports import export_csv, wants_csv
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page, parse_date
from assets.web.vehicle_cells import (
    about,
    accident_cells,
    drift_cells,
    figure_cells,
    fill_cells,
    last_year,
    paper_cells,
    tabs,
    today,
)
from assets.web.views.asset_page import trackers as trackers_on

pages = Blueprint("vehicles", __name__)

COLUMNS = (
    "vehicle", "model", "unit", "from", "until", "km", "litres_per_100km", "currency", "fuel", "maintenance",
    "insurance", "cost_per_km", "bills_without_amount",
)  # fmt: skip
FILTER_KEYS = ("unit", "from", "to")
PIECE = 100
FILLS_SHOWN, ACCIDENTS_SHOWN, DRIFTS_SHOWN = 5, 5, 6
MAX_SPAN_DAYS = 3660
SHEET_NAMES = (("en", "English"), ("ru", "Русский"), ("uz", "Oʻzbekcha"))


def chosen_days() -> tuple[date, date]:
    """The days of the address, half-open; the 365 that end today without any."""
    until = _day("to", today() + timedelta(days=1))
    first = _day("from", until - timedelta(days=365))
    if not 0 < (until - first).days <= MAX_SPAN_DAYS:
        raise invalid("to", msg("The end must lie after the beginning, at most ten years."), code="out_of_range")
    return first, until


def _day(name: str, default: date) -> date:
    """A day of the address within the years that the register knows."""
    if not request.args.get(name):
        return default
    day = parse_date(request.args[name], name)
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise invalid(name, msg("The year %(year)s cannot be right.", year=day.year), code="out_of_range")
    return day


@pages.get("/vehicles")
@needs(Permission.ASSET_READ)
def vehicles() -> Any:
    """Vehicles with litres per 100 km and cost per km, by label code."""
    first, until = chosen_days()
    span = day_span(first, until, the_app().settings.zone)
    if wants_csv():
        with writing() as session:
            unit = care.unit_id(session, request.args)
            return export_csv(session, "vehicles_list", COLUMNS, _rows(unit, span), FILTER_KEYS)
    wanted = page(request.args)
    with reading() as session:
        key = care.code_key(wanted.after)
        found = vehicles_page(
            session, actor(), unit_id=care.unit_id(session, request.args), limit=wanted.limit + 1,
            after=str(key[0]) if key else "",
        )  # fmt: skip
        rows = found[: wanted.limit]
        figures = figures_of(session, rows, span)
        options = care.choices(session, Permission.ASSET_READ)
    cursor = encode_cursor((rows[-1].code,)) if len(found) > wanted.limit else None
    return render_template(
        "vehicles/list.html", rows=[{**about(asset), **figure_cells(figures[asset.id])} for asset in rows],
        is_empty=not rows, tabs_items=tabs("vehicles"), first=first, last=until - timedelta(days=1), until=until,
        active=care.chosen(options, {"unit": "units"}), after=care.address_without(cursor=cursor) if cursor else "",
        export=care.address_without("cursor", format="csv"), **options,
    )  # fmt: skip


def _rows(unit: int | None, span: Span) -> Iterator[tuple[object, ...]]:
    """A line for each vehicle and currency, for amounts of two currencies are never one."""
    app, viewer, after = the_app(), actor(), ""
    with app.reading() as session:
        while found := vehicles_page(session, viewer, unit_id=unit, limit=PIECE, after=after):
            figures = figures_of(session, found, span)
            for asset in found:
                yield from _lines(asset, figures[asset.id], span)
            after = found[-1].code


def _lines(asset: Asset, figures: Figures, span: Span) -> Iterator[tuple[object, ...]]:
    since: Any = figures.driven.since if figures.driven is not None else span[0]
    used = figures.consumption.per_100km if figures.consumption is not None else None
    start = (
        asset.code, care.asset_title(asset), asset.unit.code, since, span[1], figures.km, used,
    )  # fmt: skip
    for cost in figures.costs.listed:
        per_km: Decimal | None = cost.per_km(figures.km)
        amounts = (cost.currency, cost.fuel, cost.maintenance, cost.insurance, per_km)
        yield (*start, *amounts, figures.costs.unknown)
    if not figures.costs.listed:
        yield (*start, *(None,) * 5, figures.costs.unknown)


def _contact(session: Session, asset: Asset) -> dict[str, Any]:
    """Its trackers and how they are heard, and its open alarms, for who may read trackers; no places."""
    if not reaches_asset(actor(), Permission.TRACKER_READ, asset):
        return {"trackers": [], "alarms": []}
    found = trackers_on(session, asset)
    return {key: found[key] for key in ("trackers", "alarms")}


@pages.get("/vehicles/<code>")
@needs(Permission.ASSET_READ)
def vehicle(code: str) -> Any:
    """One vehicle: its papers, fuel, use and cost of the last 365 days, accidents, and its trip sheet."""
    viewer = actor()
    with reading() as session:
        asset = asset_by_code(session, viewer, read_code(code))
        check_vehicle(is_vehicle=asset.equipment_class.is_vehicle, life="")
        figures = figures_of(session, [asset], last_year())[asset.id]
        sees_accidents = reaches_asset(viewer, Permission.WORK_READ, asset)
        accidents = entries_of(session, Accident, asset.id, limit=ACCIDENTS_SHOWN) if sees_accidents else []
        return render_template(
            "vehicles/item.html", **about(asset), **_contact(session, asset), figures=figure_cells(figures),
            sees_accidents=sees_accidents,
            lines=[paper_cells(line) for line in lines_of(asset, figures.papers, today())],
            fills=[fill_cells(fill) for fill in figures.fills[:FILLS_SHOWN]], drift=_drift(session, asset, figures),
            accidents=[accident_cells(row) for row in accidents], actions=_actions(asset),
            may_write=reaches_asset(viewer, Permission.ASSET_WRITE, asset) and asset.life not in NOT_DRIVEN,
            may_sheet=reaches_asset(viewer, Permission.TRIP_READ, asset), languages=SHEET_NAMES, language=locale(),
            sheet_from=today().replace(day=1), sheet_last=today(),
        )  # fmt: skip


def _drift(session: Session, asset: Asset, figures: Figures) -> list[dict[str, Any]]:
    """The tracker beside the dashboard, newest first; nothing for who may not see what trackers say, or without one."""
    if not figures.is_tracked or not reaches_asset(actor(), Permission.TRACKER_READ, asset):
        return []
    return [drift_cells(each) for each in reversed(drift_of(session, asset.id)[-DRIFTS_SHOWN:])]


def _actions(asset: Asset) -> list[dict[str, str]]:
    if asset.life in NOT_DRIVEN:
        return []
    base = f"/vehicles/{asset.code}"
    found = []
    if reaches_asset(actor(), Permission.VEHICLE_REPORT, asset):
        found.append({"label": words(msg("Enter fuel")), "href": f"{base}/fuel/new", "icon": "fuel"})
        found.append({"label": words(msg("Report an accident")), "href": f"{base}/accidents/new", "icon": "warn"})
    if reaches_asset(actor(), Permission.ASSET_WRITE, asset):
        found.append({"label": words(msg("Enter a paper")), "href": f"{base}/papers/new", "icon": "report"})
    return found


@pages.get("/vehicles/<code>/trip-sheet")
@needs(Permission.TRIP_READ)
def sheet(code: str) -> Response:
    """The trip sheet as PDF, for the days `from` to `last`, both included; that it was made is journalled."""
    args, zone = request.args, the_app().settings.zone
    lang = args.get("lang") or locale()
    with reading() as session:
        asset = asset_by_code(session, actor(), read_code(code), Permission.TRIP_READ)
        first = _day("from", today())
        last = _day("last", first)
        made = trip_sheet(session, actor(), asset, first, last + timedelta(days=1), now(), zone)
        sheet_content(made, lang, zone)  # refused before the journal says that it was made
    pdf = sheet_pdf(made, lang, zone)
    with writing() as session:
        told = {"first": first.isoformat(), "last": last.isoformat(), "lang": lang}
        journal.note(session, "trip_sheet", asset.code, "made", **told)
    name = f"trip-sheet-{asset.code}-{first.isoformat()}-{lang}.pdf"
    return Response(pdf, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'})
