"""What a phone has recorded and not sent yet: its page, and who it is signed in as."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, render_template
from flask_wtf.csrf import generate_csrf

from assets.web.auth import signed_in
from assets.web.context import actor, words
from assets.web.phone_words import KINDS

pages = Blueprint("unsent", __name__)


@pages.get("/unsent")
@signed_in
def unsent() -> str:
    """Drawn on the phone from what it keeps."""
    return render_template("unsent.html", kinds={kind: words(name) for kind, name in KINDS.items()})


@pages.get("/scan/session")
@signed_in
def session() -> Any:
    """Who is signed in on this device now, and the token that goes with what it sends."""
    return jsonify({"account": actor().name, "csrf": generate_csrf()})
