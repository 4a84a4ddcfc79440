"""The page that shows every building part of the pages, for whoever writes or reviews one."""

from __future__ import annotations

from flask import Blueprint, render_template

from assets.people.rules import Permission
from assets.reports.render.charts.examples import examples
from assets.web.auth import needs

pages = Blueprint("parts", __name__)


@pages.get("/admin/parts")
@needs(Permission.PARTS_READ)
def show_parts() -> str:
    return render_template("admin/parts.html", charts=examples())
