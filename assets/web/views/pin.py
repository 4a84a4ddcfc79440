"""One's own PIN: chosen, changed and taken away with the password; and the key under which phones seal it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, jsonify, redirect, render_template, request

from assets.core import sealing
from assets.core.errors import InvalidInput, RuleViolation, invalid
from assets.core.i18n import msg
from assets.people import service
from assets.people.models import Account, PersonPin
from assets.people.rules import Permission
from assets.web.auth import needs, signed_in
from assets.web.context import actor, flash_words, now, reading, the_app, writing
from assets.web.forms import field_errors
from assets.web.own_password import require_own_password

pages = Blueprint("pin", __name__)


@pages.get("/account/pin")
@signed_in
def form() -> Any:
    return _form({})


def _form(errors: dict[str, str]) -> str:
    with reading() as session:
        person_id = g.account.person_id
        kept = session.get(PersonPin, person_id) if person_id is not None else None
        standing = service.standing_of(kept, now()).value
    return render_template(
        "confirmations/pin.html", standing=standing, errors=errors, has_person=person_id is not None,
        set_at=kept.set_at if kept is not None and kept.pin_hash else None, length=service.PIN_LENGTH,
    )  # fmt: skip


@pages.post("/account/pin")
@signed_in
def change() -> Any:
    """Choose a PIN, or take it away; either way with the password."""
    sent = request.form
    removes = sent.get("what") == "remove"
    try:
        require_own_password(sent.get("current", ""))
        if not removes and sent.get("pin", "") != sent.get("again", ""):
            raise invalid("again", msg("The two PINs differ."))
        with writing() as session:
            account = session.get_one(Account, g.account.id)
            if removes:
                service.remove_pin(session, actor(), account)
            else:
                service.set_pin(session, actor(), account, sent.get("pin", "").strip(), now())
    except (InvalidInput, RuleViolation) as error:
        return _form(field_errors(error)), 400
    flash_words(msg("The PIN is taken away.") if removes else msg("The PIN is set."), "success")
    return redirect("/account/pin", 303)


@pages.get("/scan/pin-key")
@needs(Permission.CUSTODY_ACT)
def key() -> Any:
    """The public key under which a phone seals a receiver's PIN for this server."""
    return jsonify({"key": sealing.public_key(the_app().settings.data_dir)})
