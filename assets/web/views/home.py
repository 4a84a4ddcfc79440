"""The first page: what the person who signed in has to do today."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from assets.web.auth import signed_in

pages = Blueprint("home", __name__)


@pages.get("/")
@signed_in
def home() -> Any:
    return render_template("home.html")
