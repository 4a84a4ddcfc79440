"""Places for people: the list, one with who was there, drawing and changing one, taking it out of use and back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation
from assets.core.i18n import Message, msg
from assets.labels.token import format_code
from assets.people.models import Unit
from assets.people.queries import unit_by_code
from assets.people.rules import Permission, reach
from assets.registry.models import Asset
from assets.telemetry import access
from assets.telemetry.geofence import Circle
from assets.telemetry.models import Place, PlaceVisit
from assets.telemetry.places import queries, service
from assets.telemetry.places.rules import (
    DRAWN_KINDS,
    KIND_NAMES,
    LONGEST_DWELL_S,
    REGION,
    USUAL_DWELL_S,
    USUAL_MARGIN_M,
    PlaceGiven,
)
from assets.telemetry.places.shapes import outline_text, read_circle, read_outline, shape_of
from assets.vehicles.queries.tracks import tracks_within
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, locale, now, reading, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.parsing import encode_cursor, page, parse_decimal

pages = Blueprint("places", __name__)

VISITS_READ, VISITS_SHOWN = 300, 50
_FORMS: dict[str, Message] = {"circle": msg("Circle"), "outline": msg("Outline")}


@pages.get("/places")
@needs(Permission.POSITION_READ)
def list_places() -> Any:
    """Places that the viewer may see, by name."""
    wanted = page(request.args)
    with reading() as session:
        narrowed = queries.PlaceFilter(
            request.args.get("kind", ""), care.unit_id(session, request.args), request.args.get("archived") == "1"
        )
        found = queries.places_page(session, actor(), narrowed, limit=wanted.limit + 1, after=wanted.after)
        options = {
            **care.choices(session, Permission.POSITION_READ),
            "kinds": [(kind, words(name)) for kind, name in KIND_NAMES.items()],
        }
        rows = [place_cells(place) for place in found[: wanted.limit]]
    following = encode_cursor(queries.place_key(found[wanted.limit - 1])) if len(found) > wanted.limit else ""
    shows = [
        {"label": words(title), "current": narrowed.archived == archived,
         "href": care.address_without("archived", "cursor", **({"archived": "1"} if archived else {}))}
        for archived, title in ((False, msg("in use")), (True, msg("out of use")))
    ]  # fmt: skip
    return render_template(
        "places/list.html", rows=rows, options=options, shows=shows, archived=narrowed.archived,
        active=care.chosen(options, {"kind": "kinds", "unit": "units"}),
        after=care.address_without("cursor", cursor=following) if following else "",
    )  # fmt: skip


def place_cells(place: Place) -> dict[str, Any]:
    """A place as lists and its page show it."""
    shape = shape_of(place.shape)
    return {
        "id": place.id,
        "name": _name(place),
        "kind": words(KIND_NAMES[place.kind]),
        "unit": place.unit.name if place.unit is not None else "",
        "radius_m": shape.radius_m if isinstance(shape, Circle) else None,
        "margin_m": place.margin_m,
        "dwell_s": place.dwell_s,
        "active_from": place.active_from,
        "active_until": place.active_until,
        "archived_at": place.archived_at,
        "is_deriving": place.archived_at is None and place.derived < place.drawn,
        "may_change": _may_change(place),
        "shape": place.shape,
    }


def _name(place: Place) -> str:
    """A region in the reader's language, any other place as it was called."""
    if place.region is None:
        return place.name
    return {"ru": place.region.name_ru, "uz": place.region.name_uz}.get(locale(), place.region.name_en)


def _may_change(place: Place) -> bool:
    if place.kind == REGION:
        return False
    within = reach(actor(), Permission.PLACE_WRITE)
    return within.everything or (
        place.unit is not None and (place.unit.id in within.unit_ids or place.unit.region_id in within.region_ids)
    )


@pages.get("/places/new")
@needs(Permission.PLACE_WRITE)
def new() -> Any:
    first = {"form": "circle", "radius_m": "200", "margin_m": f"{USUAL_MARGIN_M:g}", "dwell_s": str(USUAL_DWELL_S)}
    return _form(None, first)


@pages.post("/places/new")
@needs(Permission.PLACE_WRITE)
def create() -> Any:
    """A new place."""
    values = typed()
    try:
        with writing() as session:
            place = service.add_place(session, actor(), _given(values), _unit(session, values))
    except (InvalidInput, RuleViolation) as error:
        return _form(None, values, error)
    flash_words(msg("Saved. Who was there is worked out within some minutes."), "success")
    return redirect(f"/places/{place.id}", 303)


@pages.get("/places/<int:place_id>")
@needs(Permission.POSITION_READ)
def show(place_id: int) -> Any:
    """A place and who was there lately; the look at positions is journalled for each vehicle that is shown."""
    with writing() as session:
        place = queries.place_by_id(session, actor(), place_id)
        visits = _visits(session, place) if place.kind != REGION else []
        access.record_looks(session, actor(), sorted({v["tracker"] for v in visits}), now(), f"place {place.id}")
        return render_template("places/item.html", place=place_cells(place), visits=visits)


def _visits(session: Session, place: Place) -> list[dict[str, Any]]:
    """The newest visits of vehicles that were the viewer's to see then."""
    found = queries.visits_of_place(session, place, limit=VISITS_READ)
    parts = _seen_parts(session, found)
    shown = [v for v in found if any(start <= v.entered_at < end for start, end in parts[v.tracker_id])]
    ids = {v.asset_id for v in shown if v.asset_id is not None}
    assets = {asset.id: asset for asset in session.scalars(select(Asset).where(Asset.id.in_(ids)))}
    return [_visit_cells(v, assets.get(v.asset_id or 0)) for v in shown[:VISITS_SHOWN]]


def _seen_parts(session: Session, found: Any) -> dict[str, Any]:
    if not found:
        return {}
    start = min(v.entered_at for v in found)
    return {
        tracker: tracks_within(session, actor(), tracker, Permission.POSITION_READ, start, now())
        for tracker in {v.tracker_id for v in found}
    }


def _visit_cells(visit: PlaceVisit, asset: Asset | None) -> dict[str, Any]:
    return {
        "tracker": visit.tracker_id,
        "title": care.asset_title(asset) if asset is not None else words(msg("no vehicle")),
        "code": asset.code if asset is not None else "",
        "printed": format_code(asset.code) if asset is not None else "",
        "entered_at": visit.entered_at,
        "left_at": visit.left_at,
        "seen_at": visit.seen_at,
        "minutes": visit.stayed_s // 60,
    }


@pages.get("/places/<int:place_id>/edit")
@needs(Permission.PLACE_WRITE)
def edit(place_id: int) -> Any:
    with reading() as session:
        place = queries.place_by_id(session, actor(), place_id, Permission.PLACE_WRITE)
        values = _values(place)
    return _form(place_id, values)


@pages.post("/places/<int:place_id>/edit")
@needs(Permission.PLACE_WRITE)
def change(place_id: int) -> Any:
    """The place as it is said to be now."""
    values = typed()
    try:
        with writing() as session:
            service.change_place(session, actor(), place_id, _given(values), _unit(session, values))
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _form(place_id, values, error)
    flash_words(msg("Saved. Who was there is worked out within some minutes."), "success")
    return redirect(f"/places/{place_id}", 303)


@pages.post("/places/<int:place_id>/archive")
@needs(Permission.PLACE_WRITE)
def archive(place_id: int) -> Any:
    """It counts no more."""
    with writing() as session:
        service.archive_place(session, actor(), place_id, now())
    flash_words(msg("Out of use. Its visits are kept."), "success")
    return redirect(f"/places/{place_id}", 303)


@pages.post("/places/<int:place_id>/restore")
@needs(Permission.PLACE_WRITE)
def restore(place_id: int) -> Any:
    """It counts again."""
    with writing() as session:
        service.restore_place(session, actor(), place_id)
    flash_words(msg("In use again. Who was there is worked out within some minutes."), "success")
    return redirect(f"/places/{place_id}", 303)


def _values(place: Place) -> dict[str, str]:
    shape = shape_of(place.shape)
    drawn = (
        {"form": "circle", "lat": str(shape.lat), "lon": str(shape.lon), "radius_m": f"{shape.radius_m:g}"}
        if isinstance(shape, Circle)
        else {"form": "outline", "points": outline_text(place.shape), "radius_m": "200"}
    )
    return drawn | {
        "name": place.name, "kind": place.kind, "unit": place.unit.code if place.unit is not None else "",
        "margin_m": f"{place.margin_m:g}", "dwell_s": str(place.dwell_s),
        "active_from": place.active_from.isoformat() if place.active_from else "",
        "active_until": place.active_until.isoformat() if place.active_until else "",
    }  # fmt: skip


def _given(values: dict[str, str]) -> PlaceGiven:
    """What was typed as a place; `InvalidInput` names the field."""
    if values.get("form") == "outline":
        shape = read_outline(values.get("points", ""))
    else:
        shape = read_circle(*(float(parse_decimal(values.get(key, ""), key)) for key in ("lat", "lon", "radius_m")))
    dwell_s = float(parse_decimal(values.get("dwell_s", ""), "dwell_s"))
    return PlaceGiven(
        values.get("name", ""), values.get("kind", ""), shape,
        float(parse_decimal(values.get("margin_m", ""), "margin_m")),
        # What is no sensible time is refused with words, like a negative one.
        round(dwell_s) if abs(dwell_s) <= LONGEST_DWELL_S else -1,
        care.optional_date(values, "active_from"), care.optional_date(values, "active_until"),
    )  # fmt: skip


def _unit(session: Session, values: dict[str, str]) -> Unit | None:
    code = values.get("unit", "").strip()
    return unit_by_code(session, code, "unit") if code else None


def _form(place_id: int | None, values: dict[str, str], error: DomainError | None = None) -> Any:
    with reading() as session:
        units = care.choices(session, Permission.PLACE_WRITE)["units"]
    answer = render_template(
        "places/form.html", values=values, place_id=place_id, units=units,
        anywhere=reach(actor(), Permission.PLACE_WRITE).everything,
        kinds=[(kind, words(KIND_NAMES[kind])) for kind in DRAWN_KINDS],
        forms=[(form, words(name)) for form, name in _FORMS.items()],
        errors=field_errors(error) if error is not None else {},
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200
