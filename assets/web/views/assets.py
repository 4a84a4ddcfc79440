"""The register for people: the list, one item, where a label leads, and the forms to register and change."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, DomainError, InvalidInput, NotFound, RuleViolation
from assets.core.i18n import msg
from assets.fitness.queries import fitness_of, judged_assets
from assets.fitness.service import take_into_care
from assets.labels.token import format_code
from assets.people.rules import Permission, may
from assets.registry.models import Asset
from assets.registry.queries.assets import DEFAULT_SORT, SORTS, asset_view, labels_of
from assets.registry.queries.assets import asset_page as page_of_assets
from assets.registry.queries.catalogue import asset_choices, model_names
from assets.registry.queries.labels import replaced_label
from assets.registry.rules.asset_fields import (
    CONDITION_NAMES,
    EXEMPTION_NAMES,
    TITLE_NAMES,
    VISIBILITY_NAMES,
    parse_asset,
)
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.life import LIFE_NAMES
from assets.registry.rules.meters import METER_KINDS
from assets.registry.scope import asset_by_code, reaches_asset, sees_identity
from assets.registry.service.assets import change_asset, register_asset
from assets.web.asset_forms import first_values, form_sections, values_of
from assets.web.asset_lists import DUE_NAMES, FILTER_KEYS, due_condition, filters_of
from assets.web.auth import needs
from assets.web.check_cells import check_cells
from assets.web.context import actor, flash_words, locale, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.guessing import check_guessing, note_unknown_code
from assets.web.kit_cells import is_kit
from assets.web.label_codes import read_code
from assets.web.lot_scan import lot_behind
from assets.web.papers import papers_of
from assets.web.parsing import encode_cursor, page
from assets.web.silence_words import banner
from assets.web.transfer_words import place_lines, place_of
from assets.web.views import asset_page

pages = Blueprint("assets", __name__)

NAMES = {
    "class": {code: defaults.title for code, defaults in CLASSES.items()},
    "life": LIFE_NAMES,
    "condition": {**CONDITION_NAMES, "unknown": msg("never judged")},
    "custody": {"held": msg("issued to a person"), "free": msg("in the store"), "overdue": msg("not back when agreed")},
    "mark": VISIBILITY_NAMES,
    "title": TITLE_NAMES,
    "due": DUE_NAMES,
}


@pages.get("/assets")
@needs(Permission.ASSET_READ)
def list_assets() -> Any:
    """The list, narrowed and sorted by what stands in the address."""
    wanted, sort = page(request.args), request.args.get("sort") or DEFAULT_SORT
    with reading() as session:
        found = page_of_assets(
            session, actor(), filters_of(request.args), sort=sort, limit=wanted.limit, after=wanted.after,
            extra=due_condition(request.args),
        )  # fmt: skip
        fitness = fitness_of(session, found.assets, now())
        places = {asset.id: place_of(asset) for asset in found.assets}
        choices = asset_choices(session, actor(), Permission.ASSET_READ, language=locale())
    options = {name: [(key, words(text)) for key, text in table.items()] for name, table in NAMES.items()}
    sees = may(actor(), Permission.CUSTODY_SEE)
    if not sees:
        options["custody"] = [(key, text) for key, text in options["custody"] if key != "overdue"]
    options |= {
        "unit": choices.units, "region": choices.regions, "grant": choices.grants, "batch": choices.batches,
    }  # fmt: skip
    return render_template(
        "assets/list.html", found=found, fitness=fitness, places=places, options=options, sort=sort, sorts=list(SORTS),
        active=_chips(options), kept=[("sort", sort)] if sort != DEFAULT_SORT else [],
        before=_beside(encode_cursor(found.before)), after=_beside(encode_cursor(found.after)),
        export=_address("/assets/export", {}), printed=format_code, class_names=NAMES["class"], words=words,
        life_names=LIFE_NAMES, sees_custody=[
            asset.id for asset in found.assets if reaches_asset(actor(), Permission.CUSTODY_SEE, asset)
        ],
        identity=sees_identity(actor()),
    )  # fmt: skip


def _address(path: str, more: dict[str, str], without: tuple[str, ...] = ()) -> str:
    from urllib.parse import urlencode

    kept = {key: value for key, value in request.args.items() if value and key not in {"cursor", *without}}
    pairs = urlencode(kept | more)
    return f"{path}?{pairs}" if pairs else path


def _beside(cursor: str | None) -> str:
    return _address(request.path, {"cursor": cursor}) if cursor else ""


def _chips(options: dict[str, list[tuple[str, str]]]) -> list[dict[str, str]]:
    chips = []
    for key in (*FILTER_KEYS, "due"):
        value = request.args.get(key, "").strip()
        if value:
            label = dict(options.get(key, [])).get(value, value)
            chips.append({"label": label, "href": _address(request.path, {}, (key,))})
    return chips


@pages.get("/a")
@needs(Permission.ASSET_READ)
def type_label() -> Any:
    """Where the code entry leads without script."""
    return _follow(request.args.get("code", ""))


@pages.get("/a/<code>")
@pages.get("/A/<code>")
@needs(Permission.ASSET_READ)
def follow_label(code: str) -> Any:
    """Where a label leads: to its item, however the code is typed."""
    return _follow(code)


def _follow(text: str) -> Any:
    check_guessing()
    try:
        code = read_code(text, the_app().settings.own_label_bases)
    except InvalidInput as error:
        return render_template("assets/mistyped.html", typed=text[:60], problem=words(error.message)), 400
    with reading() as session:
        lot = lot_behind(session, code)
        if lot is not None:
            return redirect(f"/lots/{lot.id}", 303)
        _seen(session, code)
    # A void code keeps its own address, so that the page can say that its label was replaced.
    return redirect(f"/assets/{code}", 303)


def _seen(session: Session, code: str) -> Asset:
    """The item behind a code; one that leads nowhere is counted against who asked."""
    asset = asset_view(session, actor(), code)
    if asset is None:
        note_unknown_code()
        raise NotFound(msg("There is no such item, or it is not yours to see."))
    return asset


@pages.get("/assets/<code>")
@needs(Permission.ASSET_READ)
def show_asset(code: str) -> Any:
    """One item: what it is, its four axes, and by tab the details, its care, or its labels."""
    tab, wanted, viewer = request.args.get("tab", "overview"), page(request.args), actor()
    check_guessing()
    canonical = read_code(code)
    with reading() as session:
        asset = _seen(session, canonical)
        judged = judged_assets(session, [asset], now())
        fitness, inside = judged.fitness[asset.id], judged.kits.get(asset.id)
        shown_tabs = asset_page.tabs_of(viewer, asset, is_kit=is_kit(asset, inside))
        if tab not in shown_tabs:
            raise NotFound
        shown: dict[str, Any] = {"place": place_of(asset), "place_lines": place_lines(asset, now())}
        if tab == "overview":
            shown |= asset_page.overview(session, viewer, asset, wanted)
            shown["checked"] = check_cells(asset, judged.checks.get(asset.id))
            shown["older"] = _beside(encode_cursor(shown.pop("following")))
        elif tab == "kit":
            shown |= asset_page.kit_inside(session, viewer, asset, inside)
        elif tab == "care":
            shown |= asset_page.care(session, viewer, asset)
        elif tab == "tracker":
            shown |= asset_page.trackers(session, asset)
            shown["silence"] = banner(session, asset)
        elif tab == "papers":
            shown |= papers_of(session, "asset", asset.id)
        else:
            shown["labels"] = labels_of(session, asset)
        shown["replaced"] = replaced_label(session, asset, canonical)
    return render_template(
        "assets/item.html", asset=asset, fitness=fitness, tab=tab, tabs_shown=shown_tabs, printed=format_code,
        title=title_of(asset), class_name=words(NAMES["class"][asset.equipment_class.code]), words=words,
        names={key: {k: words(v) for k, v in table.items()} for key, table in NAMES.items()},
        exemption=words(EXEMPTION_NAMES[asset.exemption_reason]) if asset.exemption_reason else "",
        meter_names=METER_KINDS, identity=sees_identity(viewer), holder=asset.custodian_person, now=now(),
        sees_custody=reaches_asset(viewer, Permission.CUSTODY_SEE, asset),
        actions=asset_page.actions(viewer, asset, fit=fitness.fit), **shown,
    )  # fmt: skip


def title_of(asset: Asset) -> str:
    """What an item is called: its model, or its class where the model is unknown."""
    return asset.model.full_name if asset.model is not None else words(NAMES["class"][asset.equipment_class.code])


@pages.get("/assets/new")
@needs(Permission.ASSET_WRITE)
def new_asset() -> Any:
    return _form(None, first_values())


@pages.post("/assets/new")
@needs(Permission.ASSET_WRITE)
def create_asset() -> Any:
    """Register what the form says."""
    values = {"attractive": "no", **typed()}
    try:
        draft = parse_asset(values)
        with writing() as session:
            asset = register_asset(session, actor(), draft, now())
            take_into_care(session, [asset], now())
    except (InvalidInput, Conflict, RuleViolation) as error:
        return _form(None, values, error)
    flash_words(msg("Registered. Its label code is %(code)s.", code=format_code(asset.code)), "success")
    return redirect(f"/assets/{asset.code}", 303)


@pages.get("/assets/<code>/edit")
@needs(Permission.ASSET_WRITE)
def edit_asset(code: str) -> Any:
    canonical = read_code(code)
    with reading() as session:
        asset_by_code(session, actor(), canonical, Permission.ASSET_WRITE)
        asset = _seen(session, canonical)
    return _form(asset, values_of(asset))


@pages.post("/assets/<code>/edit")
@needs(Permission.ASSET_WRITE)
def save_asset(code: str) -> Any:
    """Change the item to what the form says; what others changed meanwhile is shown, not overwritten."""
    canonical, values = read_code(code), {"attractive": "no", **typed()}
    version = values.pop("version", "")
    try:
        draft = parse_asset(values, partial=True)
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise InvalidInput(msg("The page is out of date. Load it again."), code="no_version")
        with writing() as session:
            asset = asset_by_code(session, actor(), canonical, Permission.ASSET_WRITE, lock=True)
            before = (asset.equipment_class.code, asset.life)
            change_asset(session, actor(), asset, draft, now(), int(version))
            if (asset.equipment_class.code, asset.life) != before:
                take_into_care(session, [asset], now())
    except (InvalidInput, Conflict, RuleViolation) as error:
        with reading() as session:
            asset_by_code(session, actor(), canonical, Permission.ASSET_WRITE)
            present = _seen(session, canonical)
        return _form(present, values, error)
    flash_words(msg("Saved."), "success")
    return redirect(f"/assets/{asset.code}", 303)


def _form(asset: Asset | None, values: dict[str, str], error: DomainError | None = None) -> Any:
    with reading() as session:
        choices = asset_choices(session, actor(), Permission.ASSET_WRITE)
        models = model_names(session)
    compare = error is not None and error.code == "changed_meanwhile"
    answer = render_template(
        "assets/form.html", asset=asset, values=values, models=models,
        sections=form_sections(choices, values, asset, compare=compare),
        errors=field_errors(error) if error is not None else {},
        title=title_of(asset) if asset is not None else "", printed=format_code,
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200
