"""Backups for the administrator: which were made, whether each was proven, and one to be made now."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request

from assets.core.i18n import msg
from assets.people.rules import Permission
from assets.safekeeping import keys, log, nightly, retention
from assets.safekeeping.log import Made
from assets.settings import Settings
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, the_app, writing
from assets.web.parsing import Page, encode_cursor, page

pages = Blueprint("backups", __name__)


def shown(wanted: Page) -> tuple[list[Made], str | None]:
    """The wanted page of backups, newest first, and the cursor of the next."""
    made = log.entries(the_app().settings.data_dir)
    if wanted.after is not None:
        made = [one for one in made if one.made_at.isoformat() < str(wanted.after[0])]
    following = encode_cursor((made[wanted.limit - 1].made_at.isoformat(),)) if len(made) > wanted.limit else None
    return made[: wanted.limit], following


def _replaced(settings: Settings) -> set[str]:
    """The files that went for newer ones by the rule of what is kept; what else is gone was not removed by us."""
    keep = retention.parse(settings.backup_keep)
    return {made.file for made in retention.to_remove(log.routine(settings), keep, settings.zone)}


@pages.get("/admin/backups")
@needs(Permission.BACKUP_MANAGE)
def show() -> str:
    settings = the_app().settings
    made, following = shown(page(request.args))
    proven = log.last_proven(settings.data_dir)
    return render_template(
        "backups/list.html", made=made, following=following, proven=proven, has_key=keys.has_key(settings.data_dir),
        asked=nightly.wanted_file(settings).exists(), keep=settings.backup_keep, replaced=_replaced(settings),
        age_h=None if proven is None else int((now() - proven).total_seconds() // 3600),
        first_page=not request.args.get("cursor"),
    )  # fmt: skip


@pages.post("/admin/backups")
@needs(Permission.BACKUP_MANAGE)
def ask() -> Any:
    """Ask for a backup; the scheduler makes it, so that no page waits for it."""
    with writing() as session:
        new = nightly.ask(session, actor(), the_app().settings)
    flash_words(
        msg("A backup begins within a minute. Look here again in a few minutes.")
        if new
        else msg("A backup was asked for already and begins within a minute.")
    )
    return redirect("/admin/backups", 303)
