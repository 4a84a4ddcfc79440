"""Pages of use, state and care: headline figures, charts, a table by group, and the days they were made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, stream_with_context

from assets.core import journal
from assets.core.clock import local_date
from assets.core.errors import invalid
from assets.core.i18n import Message, msg
from assets.exchange.tables import CSV_TYPE, XLSX_TYPE, write_csv, write_xlsx
from assets.labels.token import format_code
from assets.metrics.models import AssetDay
from assets.metrics.queries.days import DAY_KINDS, asset_days, count_days
from assets.metrics.queries.extent import By
from assets.metrics.queries.revisions import Revised, revised_months
from assets.metrics.rules.kpi import Kpi, by_code
from assets.metrics.utilisation import Group, page_of, utilisation_of
from assets.people.rules import Permission
from assets.registry.rules.classes import CLASSES
from assets.reports.render.charts import NARROW, WIDE, Bar, Look, Point, bars, line
from assets.reports.render.words import DEFINITIONS, Voice
from assets.web import care
from assets.web.auth import needs
from assets.web.context import locale, now, reading, the_app, words, writing
from assets.web.parsing import encode_cursor, page
from assets.web.revision_words import revised_words
from assets.web.views.api_utilisation import GROUPINGS, extent_of, grouping, month_number

pages = Blueprint("utilisation", __name__)

BY_NAMES: dict[str, Message] = {
    "class": msg("Class"), "unit": msg("Unit"), "asset": msg("Item"), "month": msg("Month"),
}  # fmt: skip
KIND_NAMES: dict[str, Message] = {
    "all": msg("all days"),
    "used": msg("days of use"),
    "unknown": msg("days without data"),
    "off_road": msg("days off the road"),
    "seen": msg("days on which it was seen"),
    "out_of_calibration": msg("days out of calibration"),
}
# The headline figures, and the kind of days that each opens.
TILES = (
    ("utilisation_days_rate", "used"), ("availability_rate", "off_road"), ("distance_per_vehicle_month", "used"),
    ("uses_per_asset_month", "used"), ("verification_rate", "seen"), ("in_calibration_rate", "out_of_calibration"),
    ("pm_compliance", ""), ("tracker_coverage", "unknown"),
)  # fmt: skip
COLUMNS: dict[str, Message] = {
    "distance_per_vehicle_month": msg("Distance a month"),
    "utilisation_days_rate": msg("Days used"),
    "availability_rate": msg("Available"),
    "uses_per_asset_month": msg("Uses a month"),
    "verification_rate": msg("Seen"),
    "in_calibration_rate": msg("In calibration"),
    "pm_compliance": msg("Care on time"),
}
EXPORT_COLUMNS = ("key", "kpi", "value", "numerator", "denominator", "unit", "coverage", "low", "high")
KEPT = ("from", "to", "class", "unit", "by")


@pages.get("/utilisation")
@needs(Permission.UTILISATION_READ)
def overview() -> Any:
    """What was used how much, and what it stood on."""
    by, extent = grouping(request.args.get("by") or "class"), extent_of(request.args)
    zone = the_app().settings.zone
    wanted = page(request.args)
    after = wanted.after[0] if wanted.after else None
    if after is not None and not isinstance(after, str):
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    with reading() as session:
        use = utilisation_of(session, extent, now(), zone)
        national = use.overall()
        found, following = page_of(use.groups(session, by), after, wanted.limit)
        revised = revised_months(session, extent) if by == "month" else {}
        options = care.choices(session, Permission.UTILISATION_READ)
    cursor = encode_cursor((following,)) if following is not None else ""
    return render_template(
        "utilisation/overview.html",
        tiles=[_tile(national[code], kind) for code, kind in TILES if national[code].denominator],
        is_empty=not found,
        rows=[_row(group, by, revised) for group in found],
        columns=[words(label) for label in COLUMNS.values()],
        by=by,
        by_name=words(BY_NAMES[by]),
        groupings=[
            {
                "label": words(BY_NAMES[word]),
                "href": care.address_without("cursor", by=word),
                "current": word == by,
            }
            for word in GROUPINGS
        ],
        charts=_charts(found, by),
        first=extent.first,
        last=extent.until - timedelta(days=1),
        until=extent.until,
        built_until=use.days.last,
        active=care.chosen(options, {"unit": "units", "class": "classes"}),
        export=_address("/utilisation/export", {}),
        after=care.address_without(cursor=cursor) if cursor else "",
        **options,
    )


def _address(path: str, more: dict[str, str]) -> str:
    kept = {key: value for key, value in request.args.items() if value and key in KEPT}
    return f"{path}?{urlencode(kept | more)}"


def shown_value(kpi: Kpi) -> tuple[float | None, str, int]:
    """The value as shown, its unit and decimals: shares in percent."""
    if kpi.value is None:
        return None, "", 0
    if kpi.unit == "share":
        return kpi.value * 100, "%", 1
    return kpi.value, {"uses": "", "items": ""}.get(kpi.unit, kpi.unit), 0 if kpi.unit in {"km", "items"} else 1


def _tile(kpi: Kpi, kind: str) -> dict[str, Any]:
    value, unit, decimals = shown_value(kpi)
    return {
        "label": words(DEFINITIONS[kpi.code][0]),
        "value": value,
        "unit": unit,
        "decimals": decimals,
        "coverage": kpi.coverage,
        "made_of": Voice(locale()).made_of(kpi.code, kpi.numerator, kpi.denominator),
        "definition": words(DEFINITIONS[kpi.code][1]),
        "href": _address("/utilisation/days", {"kind": kind}) if kind else "/maintenance",
    }


def _row(group: Group, by: By, revised: Mapping[int, Revised]) -> dict[str, Any]:
    figures = by_code(group.kpis)
    cells = []
    for code in COLUMNS:
        value, unit, decimals = shown_value(figures[code])
        cells.append({"value": value, "unit": unit, "decimals": decimals, "kpi": figures[code]})
    more: dict[str, str] = {str(by): group.key} if by in {"class", "unit", "asset"} else _month(group.key)
    return {
        "name": _name(group, by),
        "sub": format_code(group.key) if by == "asset" else _revision(group.key, revised),
        "href": _address("/utilisation/days", {"kind": "all", **more}),
        "cells": cells,
    }


def _revision(key: str, revised: Mapping[int, Revised]) -> str:
    """What changed of a month after it was over, in words."""
    found = revised.get(month_number(key)) if revised else None
    return "" if found is None else revised_words(found)


def _name(group: Group, by: By) -> str:
    if by == "class" and group.key in CLASSES:
        return words(CLASSES[group.key].title)
    return group.name


def _month(text: str) -> dict[str, str]:
    first = date(int(text[:4]), int(text[5:]), 1)
    return {"from": first.isoformat(), "to": (first + timedelta(days=31)).replace(day=1).isoformat()}


def _charts(found: list[Group], by: By) -> list[dict[str, str]]:
    """Pictures of the groups; items are too many for one."""
    if by == "asset" or not found:
        return []
    charts = []
    for code in ("utilisation_days_rate", "uses_per_asset_month", "distance_per_vehicle_month"):
        figures = [(group, by_code(group.kpis)[code]) for group in found]
        figures = [(group, kpi) for group, kpi in figures if kpi.denominator]
        if len(figures) > 1:
            charts.append(_chart(code, figures, by))
    return charts


def _chart(code: str, figures: list[tuple[Group, Kpi]], by: By) -> dict[str, str]:
    label, definition = words(DEFINITIONS[code][0]), words(DEFINITIONS[code][1])
    factor, unit = (100, "%") if figures[0][1].unit == "share" else (1, shown_value(figures[0][1])[1])
    decimals = 0 if unit == "km" else 1

    def drawn(width: int) -> str:
        look = Look(label, definition, width, missing=words(msg("no data")))
        if by == "month":
            return line([Point(group.key, _times(kpi.value, factor)) for group, kpi in figures], look, unit=unit)
        rows = [
            Bar(_name(group, by), _times(kpi.value, factor), f"{_times(kpi.value, factor):.{decimals}f} {unit}".strip())
            for group, kpi in figures
            if kpi.value is not None
        ]
        return bars(sorted(rows, key=lambda row: -(row.value or 0)), look)

    most, kpi = max(figures, key=lambda pair: pair[1].value or 0)
    value = f"{_times(kpi.value, factor):.{decimals}f} {unit}".strip()
    title = words(msg("%(what)s: most in %(name)s, %(value)s", what=label, name=_name(most, by), value=value))
    return {"title": title, "subtitle": definition, "wide": drawn(WIDE), "narrow": drawn(NARROW)}


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


@pages.get("/utilisation/days")
@needs(Permission.UTILISATION_READ)
def days() -> Any:
    """The days that figures were made of, newest first."""
    kind = request.args.get("kind") or "all"
    if kind not in DAY_KINDS:
        raise invalid("kind", msg("This is one of: %(known)s.", known=", ".join(DAY_KINDS)), code="unknown_word")
    wanted, extent = page(request.args), extent_of(request.args)
    with reading() as session:
        found = asset_days(session, extent, kind, _after_day(wanted.after), wanted.limit + 1)
        total = count_days(session, extent, kind)
        options = care.choices(session, Permission.UTILISATION_READ)
    shown = [_day(row) for row in found[: wanted.limit]]
    cursor = ""
    if len(found) > wanted.limit:
        last: AssetDay = found[wanted.limit - 1][0]
        cursor = encode_cursor((last.day.isoformat(), last.asset_id)) or ""
    return render_template(
        "utilisation/days.html",
        rows=shown,
        is_empty=not shown,
        total=total,
        kind=kind,
        kind_name=words(KIND_NAMES[kind]),
        kinds=[
            {"label": words(name), "href": care.address_without("cursor", kind=word), "current": word == kind}
            for word, name in KIND_NAMES.items()
        ],
        first=extent.first,
        last=extent.until - timedelta(days=1),
        until=extent.until,
        asset=request.args.get("asset", ""),
        active=care.chosen(options, {"unit": "units", "class": "classes"}),
        after=care.address_without(cursor=cursor) if cursor else "",
        **options,
    )


def _after_day(key: tuple[object, ...] | None) -> tuple[date, int] | None:
    if key is None:
        return None
    if len(key) != 2 or not isinstance(key[0], str) or not isinstance(key[1], int):
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    try:
        return date.fromisoformat(key[0]), key[1]
    except ValueError as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error


def _day(row: Any) -> dict[str, Any]:
    day: AssetDay = row[0]
    until = day.day + timedelta(days=1)
    return {
        "day": day,
        "code": row[1],
        "printed": format_code(row[1]),
        "class_name": words(CLASSES[row[2]].title),
        "unit": row[3],
        "km": day.measured_m / 1000 if day.measured_m is not None else None,
        "estimated_km": day.estimated_m / 1000 if day.estimated_m else None,
        "down_h": day.down_s / 3600,
        "state": "unknown" if not day.known else "ready" if day.used else "away",
        "until": until,
    }


@pages.get("/utilisation/export")
@needs(Permission.UTILISATION_READ)
def export() -> Any:
    """Every figure of the page's groups as CSV or XLSX. That it was given out stands in the journal."""
    form = request.args.get("format", "csv")
    if form not in {"csv", "xlsx"}:
        raise invalid("format", msg("This is one of: %(known)s.", known="csv, xlsx"), code="unknown_word")
    by, extent = grouping(request.args.get("by") or "class"), extent_of(request.args)
    with writing() as session:
        use = utilisation_of(session, extent, now(), the_app().settings.zone)
        rows = list(_export_rows(use.groups(session, by)))
        journal.note(session, "utilisation", form, "exported", by=by, span=[str(extent.first), str(extent.until)])
    name = f"utilisation-{local_date(now(), the_app().settings.zone).isoformat()}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "xlsx":
        return Response(write_xlsx(EXPORT_COLUMNS, rows, sheet="Utilisation"), mimetype=XLSX_TYPE, headers=headers)
    return Response(stream_with_context(write_csv(EXPORT_COLUMNS, rows)), content_type=CSV_TYPE, headers=headers)


def _export_rows(found: list[Group]) -> Iterator[tuple[object, ...]]:
    for group in found:
        for kpi in group.kpis:
            yield (
                group.key, kpi.code, kpi.value, kpi.numerator, kpi.denominator, kpi.unit, kpi.coverage, kpi.low,
                kpi.high,
            )  # fmt: skip
