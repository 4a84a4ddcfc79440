"""Administration: organisations and units."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, url_for

from assets.core.errors import DomainError
from assets.core.i18n import msg
from assets.people import queries, service
from assets.people.rules import Permission
from assets.web.auth import needs
from assets.web.context import actor, flash_words, reading, words, writing
from assets.web.errors import status_of
from assets.web.filters import show_region_name
from assets.web.forms import typed
from assets.web.views.admin import errors_of

pages = Blueprint("admin_places", __name__)

KIND_NAMES = {
    "agency": msg("agency"),
    "donor": msg("donor"),
    "implementing_agency": msg("implementing agency"),
    "workshop": msg("workshop"),
    "imt": msg("mobile team"),
    "oct": msg("coordination team"),
    "blo": msg("border liaison office"),
    "store": msg("store"),
}


@pages.get("/admin/organisations")
@needs(Permission.ORGANISATION_WRITE)
def list_organisations() -> str:
    return _organisations_page({}, {})


def _organisations_page(values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        found = queries.organisations(session)
    kinds = [(kind, words(KIND_NAMES[kind])) for kind in service.ORGANISATION_KINDS]
    return render_template(
        "admin/organisations.html", organisations=found, kinds=kinds, names=dict(kinds), values=values, errors=errors
    )  # fmt: skip


@pages.post("/admin/organisations")
@needs(Permission.ORGANISATION_WRITE)
def add_organisation() -> Any:
    values = typed()
    try:
        with writing() as session:
            service.add_organisation(session, actor(), **{key: values.get(key, "") for key in ("code", "kind", "name")})
    except DomainError as error:
        return _organisations_page(values, errors_of(error)), status_of(error)
    flash_words(msg("%(code)s is added.", code=values["code"]))
    return redirect(url_for("admin_places.list_organisations"), 303)


@pages.get("/admin/units")
@needs(Permission.ORGANISATION_WRITE)
def list_units() -> str:
    return _units_page({}, {})


def _units_page(values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        found, regions = queries.units(session), queries.regions(session)
    kinds = [(kind, words(KIND_NAMES[kind])) for kind in service.UNIT_KINDS]
    return render_template(
        "admin/units.html", units=found, regions=[(region.code, show_region_name(region)) for region in regions],
        kinds=kinds, names=dict(kinds), values=values, errors=errors,
    )  # fmt: skip


@pages.post("/admin/units")
@needs(Permission.ORGANISATION_WRITE)
def add_unit() -> Any:
    values = typed()
    try:
        with writing() as session:
            region = queries.region_by_code(session, values.get("region", ""))
            service.add_unit(
                session, actor(), code=values.get("code", ""), name=values.get("name", ""), region=region,
                kind=values.get("kind", ""),
            )  # fmt: skip
    except DomainError as error:
        return _units_page(values, errors_of(error)), status_of(error)
    flash_words(msg("%(code)s is added.", code=values["code"]))
    return redirect(url_for("admin_places.list_units"), 303)
