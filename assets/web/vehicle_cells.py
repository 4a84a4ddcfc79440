"""What the pages of vehicles share: entries, papers and figures as they are shown."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from assets.core.clock import day_span, local_date
from assets.core.i18n import msg
from assets.labels.token import format_code
from assets.people.rules import Permission, may
from assets.registry.models import Asset
from assets.vehicles.models import Accident, FuelFill, VehiclePaper
from assets.vehicles.queries.costs import Figures, Span
from assets.vehicles.queries.entries import sees_closely, sees_number
from assets.vehicles.queries.papers import PaperLine
from assets.vehicles.rules.drift import Drift
from assets.vehicles.rules.entries import PAPER_NAMES
from assets.vehicles.rules.papers import STANDING_NAMES, Standing
from assets.web import care
from assets.web.context import actor, now, the_app, words
from assets.web.filters import show_date, show_datetime, show_money, show_number

STATES: dict[Standing, str] = {
    Standing.OVERDUE: "blocked",
    Standing.WITHIN_7: "due",
    Standing.WITHIN_30: "due",
    Standing.VALID: "ready",
    Standing.MISSING: "unknown",
}
YEAR_DAYS = 365


def today() -> date:
    """The local day of this request."""
    return local_date(now(), the_app().settings.zone)


def local_day(at: datetime) -> date:
    """The local day of a moment."""
    return local_date(at, the_app().settings.zone)


def when(entry: FuelFill | Accident) -> str:
    """When it happened: the moment for who sees it closely, its day for others."""
    return show_datetime(entry.at) if sees_closely(actor(), entry) else show_date(local_day(entry.at))


def last_year() -> Span:
    """The 365 local days that end today."""
    until = today() + timedelta(days=1)
    return day_span(until - timedelta(days=YEAR_DAYS), until, the_app().settings.zone)


def tabs(current: str) -> list[dict[str, Any]]:
    """The lists of vehicles that the viewer may open."""
    shown = [
        ("vehicles", msg("Use and cost"), "/vehicles"),
        ("papers", msg("Vehicle papers"), "/vehicles/papers"),
        ("fuel", msg("Fuel"), "/vehicles/fuel"),
    ]
    if may(actor(), Permission.WORK_READ):
        shown.append(("accidents", msg("Accidents"), "/vehicles/accidents"))
    return [{"label": words(label), "href": href, "current": key == current} for key, label, href in shown]


def about(asset: Asset) -> dict[str, Any]:
    """What a page says of the vehicle that an entry is about."""
    return {
        "asset": asset,
        "title": care.asset_title(asset),
        "printed": format_code(asset.code),
        "unit": asset.unit.name,
    }


def fill_cells(fill: FuelFill) -> dict[str, Any]:
    """A fuel fill as lists show it."""
    return {
        "fill": fill,
        "when": when(fill),
        "litres": plain(fill.litres, 2),
        "tank": words(msg("full tank")) if fill.is_full else words(msg("partial")),
        "odometer": plain(fill.odometer_km, 3),
        "cost": show_money(fill.cost, fill.currency) if fill.cost is not None else None,
    }


def paper_cells(line: PaperLine) -> dict[str, Any]:
    """A vehicle and a kind of paper as lists show it."""
    paper = line.paper
    days = (paper.valid_until - today()).days if paper is not None else None
    return {
        **about(line.asset),
        "kind": line.kind,
        "kind_name": words(PAPER_NAMES[line.kind]),
        "paper": paper,
        "state": STATES[line.standing],
        "standing": words(STANDING_NAMES[line.standing]),
        "number": paper.number if paper is not None and sees_number(actor(), line.asset) else "",
        "until": show_date(paper.valid_until) if paper is not None else "–",
        "days": days,
    }


def figure_cells(figures: Figures) -> dict[str, Any]:
    """Use and cost of one vehicle in words and numbers; what is not known is None, never 0."""
    used, driven = figures.consumption, figures.driven
    return {
        "per_100km": show_number(used.per_100km, 1) if used is not None else None,
        "stretches": used.stretches if used is not None else 0,
        "km": show_number(driven.km) if driven is not None else None,
        "since": show_date(driven.since) if driven is not None else "",
        "costs": [
            {
                "currency": cost.currency,
                "per_km": None if (each := cost.per_km(figures.km)) is None else money_per_km(each, cost.currency),
                "total": show_money(cost.total, cost.currency),
                "fuel": show_money(cost.fuel, cost.currency),
                "maintenance": show_money(cost.maintenance, cost.currency),
                "insurance": show_money(cost.insurance, cost.currency),
            }
            for cost in figures.costs.listed
        ],
        "unknown": figures.costs.unknown,
    }


def drift_cells(each: Drift) -> dict[str, Any]:
    """The tracker beside the dashboard between two readings; the state says whether somebody should look."""
    share = each.share
    return {
        "span": f"{show_date(local_day(each.start))} – {show_date(local_day(each.end))}",
        "dashboard": show_number(each.dashboard_km),
        "tracker": show_number(each.tracker_km, 1),
        "estimated": show_number(each.estimated_km, 1),
        "drift": "–" if share is None else f"{show_number(share * 100, 1)} %",
        "state": "unknown" if share is None else "due" if each.is_doubtful else "ready",
        "verdict": words(
            msg("too few km") if share is None else msg("look at it") if each.is_doubtful else msg("fits")
        ),
    }


def money_per_km(value: Decimal, currency: str) -> str:
    """A small amount: with cents, in whatever currency."""
    return f"{show_number(value, 0 if value >= 100 else 2)}\u00a0{currency}"


def plain(value: Decimal | None, places: int) -> str | None:
    """A number with the decimals that it was given, at most `places`; None stays None."""
    if value is None:
        return None
    shown = value.quantize(Decimal(1).scaleb(-places)).normalize()
    exponent = shown.as_tuple().exponent
    return show_number(value, max(0, -exponent if isinstance(exponent, int) else 0))


def accident_cells(accident: Accident) -> dict[str, Any]:
    """An accident as lists show it."""
    first = accident.what.splitlines()[0]
    return {
        "accident": accident,
        "when": when(accident),
        "what": first if len(first) <= 120 else f"{first[:119]}…",
        "hurt": words(msg("yes")) if accident.injured else words(msg("no")),
    }


def values_of_fill(fill: FuelFill) -> dict[str, str]:
    """A fill as its form holds it."""
    return {
        "at": local_input(fill.at),
        "litres": _typed(fill.litres),
        "is_full": "yes" if fill.is_full else "no",
        "odometer_km": _typed(fill.odometer_km),
        "cost": _typed(fill.cost),
        "currency": fill.currency,
        "station": fill.station,
    }


def values_of_paper(paper: VehiclePaper) -> dict[str, str]:
    """A paper as its form holds it."""
    return {
        "kind": paper.kind,
        "number": paper.number,
        "issuer": paper.issuer,
        "valid_from": paper.valid_from.isoformat(),
        "valid_until": paper.valid_until.isoformat(),
        "cost": _typed(paper.cost),
        "currency": paper.currency,
    }


def values_of_accident(accident: Accident) -> dict[str, str]:
    """An accident as its form holds it."""
    return {
        "at": local_input(accident.at),
        "injured": "yes" if accident.injured else "no",
        **{
            key: getattr(accident, key) for key in ("what", "place", "other_party", "damage", "police_number")
        },
    }  # fmt: skip


def local_input(at: Any) -> str:
    """A moment as a field of date and time holds it: local, to the minute."""
    return str(at.astimezone(the_app().settings.zone).strftime("%Y-%m-%dT%H:%M"))


def _typed(value: Decimal | None) -> str:
    """A number as people type it, without needless zeros."""
    if value is None:
        return ""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def facts_of(entry: FuelFill | VehiclePaper | Accident) -> list[tuple[str, Any]]:
    """What an entry says, for its page; of what the viewer does not see closely, neither hour, place nor persons."""
    sees = sees_closely(actor(), entry)
    if isinstance(entry, FuelFill):
        cells = fill_cells(entry)
        return [
            (words(msg("When")), when(entry)), (words(msg("Litres")), cells["litres"]),
            (words(msg("Tank")), cells["tank"]), (words(msg("Odometer, km")), cells["odometer"]),
            (words(msg("Cost")), cells["cost"]), (words(msg("Station")), entry.station if sees else None),
        ]  # fmt: skip
    if isinstance(entry, VehiclePaper):
        number = entry.number if sees_number(actor(), entry.asset) else None
        return [
            (words(msg("Paper")), words(PAPER_NAMES[entry.kind])), (words(msg("Number")), number),
            (words(msg("Issuer")), entry.issuer), (words(msg("Valid from")), show_date(entry.valid_from)),
            (words(msg("Valid until")), show_date(entry.valid_until)),
            (words(msg("Cost")), show_money(entry.cost, entry.currency) if entry.cost is not None else None),
        ]  # fmt: skip
    return [
        (words(msg("When")), when(entry)), (words(msg("Place")), entry.place if sees else None),
        (words(msg("Was anybody hurt?")), accident_cells(entry)["hurt"]),
        (words(msg("Other party")), entry.other_party if sees else None), (words(msg("Damage")), entry.damage),
        (words(msg("Number of the police report")), entry.police_number if sees else None),
    ]  # fmt: skip
