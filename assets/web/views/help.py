"""The manual in the product: one's own role first, in one's own language."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, render_template, send_from_directory
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.people.rules import Role, may
from assets.web import manual
from assets.web.auth import declared, signed_in
from assets.web.context import actor, locale

pages = Blueprint("help", __name__)
PICTURE_AGE_S = 3600


@pages.get("/help")
@signed_in
def own_page() -> str:
    """The page of the reader's role; of several the first in the order of roles."""
    mine = _mine()
    return _shown(mine[0] if mine else manual.INDEX)


@pages.get("/help/<name>")
@signed_in
def page(name: str) -> str:
    return _shown(name)


@pages.get("/help/pictures/<name>")
@signed_in
def picture(name: str) -> Response:
    """A picture of the manual."""
    if not manual.PICTURE_NAME.fullmatch(name) or not (manual.PICTURES / name).is_file():
        raise NotFound
    return send_from_directory(manual.PICTURES, name, max_age=PICTURE_AGE_S)


def _mine() -> list[str]:
    """The pages of the reader's roles."""
    return [manual.PAGE_OF[role.value] for role in Role if role.value in actor().roles]


def _language() -> str:
    return locale() if locale() in manual.LANGUAGES else manual.LANGUAGES[0]


def _shown(name: str) -> str:
    lang = _language()
    found = manual.page_of(lang, name, _opens)
    if found is None:
        raise NotFound(msg("There is no such page in the manual."))
    mine = _mine()
    others = [each for each in manual.NAMES if each not in mine]
    listed: list[dict[str, Any]] = [
        {"name": each, "title": manual.title_of(lang, each), "mine": each in mine, "current": each == name}
        for each in [*mine, *others]
    ]
    return render_template("help/page.html", page=found, listed=listed, lang=lang)


def _opens(address: str) -> bool:
    """Whether the reader may open a page of this address that needs nothing more to be known (no code, no number)."""
    try:
        endpoint, values = current_app.url_map.bind("").match(address, method="GET")
    except (HTTPException, RequestRedirect):
        return False
    is_public, permissions = declared(current_app.view_functions[endpoint])
    allowed = is_public or not permissions or any(may(actor(), permission) for permission in permissions)
    return not values and allowed
