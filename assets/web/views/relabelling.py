"""A new label for an item whose old one is torn, faded or lost: the old code is void and still leads to the item."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, redirect, render_template

from assets.core.errors import Conflict, DomainError, InvalidInput, NotFound, invalid
from assets.core.i18n import msg
from assets.custody.service.labels import MAX_REASON, replace_label
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.registry.models import AssetEvent
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.views.assets import title_of

pages = Blueprint("relabelling", __name__)


@pages.get("/assets/<code>/new-label")
@needs(Permission.LABEL_PRINT)
def new_label(code: str) -> Any:
    return _form(code, {"choice": "print"})


@pages.post("/assets/<code>/new-label")
@needs(Permission.LABEL_PRINT)
def put_on(code: str) -> Any:
    """Give the item its new label; a form sent twice does it once."""
    values = typed()
    try:
        blank = _blank(values)
        with writing() as session:
            asset = asset_by_code(session, actor(), read_code(code), Permission.LABEL_PRINT, lock=True)
            happening = Occurrence(now(), now(), _own_id(values))
            is_foreign, is_repeated = False, session.get(AssetEvent, happening.id) is not None
            if not is_repeated:
                try:
                    event = replace_label(session, actor(), asset, happening, values.get("reason", ""), blank)
                    is_foreign = "blank_of" in event.data
                except NotFound as error:
                    raise invalid("code", error.message, code="no_blank_label") from error
            present = asset.code
    except (InvalidInput, Conflict) as error:
        return _form(code, values, error)
    done = msg("Its label code is %(code)s now. The old label leads here, too.", code=format_code(present))
    flash_words(done, "success")
    if is_foreign:
        flash_words(msg("The blank label had been made for another unit; the timeline says so."), "warning")
    return redirect(f"/assets/{present}", 303)


def _blank(values: dict[str, str]) -> str:
    """The code of the blank label that was stuck on; '' for a new one to be printed."""
    if values.get("choice") == "print":
        return ""
    return read_code(values.get("code", ""), the_app().settings.own_label_bases)


def _own_id(values: dict[str, str]) -> str:
    try:
        return str(UUID(values.get("event_id", "")))
    except ValueError:
        return str(uuid4())


def _form(code: str, values: dict[str, str], error: DomainError | None = None) -> Any:
    with reading() as session:
        asset = asset_by_code(session, actor(), read_code(code), Permission.LABEL_PRINT)
        title = title_of(asset)
    errors = field_errors(error) if error is not None else {}
    if isinstance(error, Conflict):
        errors = {"code": errors.pop("", "")} | errors
    answer = render_template(
        "labels/new_label.html", asset=asset, title=title, printed=format_code(asset.code), errors=errors,
        values={"event_id": str(uuid4()), **values}, longest=MAX_REASON,
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200
