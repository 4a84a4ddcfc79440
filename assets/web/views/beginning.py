"""Setting up: the list that ticks itself off, and what the doctor finds."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request

from assets.core.errors import InvalidInput, RuleViolation
from assets.core.i18n import msg
from assets.people.rules import Permission
from assets.safekeeping import beginning
from assets.safekeeping.doctor import Level, Site, examine_database, examine_machine
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing

pages = Blueprint("beginning", __name__)

KINDS = {Level.WELL: "ready", Level.LOOK: "due", Level.MEND: "blocked"}
SAID = {Level.WELL: msg("well"), Level.LOOK: msg("look"), Level.MEND: msg("mend")}


@pages.get("/admin/setup")
@needs(Permission.ACCOUNT_MANAGE)
def show_steps() -> str:
    settings = the_app().settings
    with reading() as session:
        found = beginning.steps(session, settings, now())
        test_mail = beginning.last_test_mail(session)
    return render_template(
        "beginning/steps.html", steps=found, test_mail=test_mail, words=words,
        done=sum(state.done for state in found), skipped=sum(bool(state.skipped) for state in found),
        open_steps=sum(state.is_open for state in found), has_mail_server=bool(settings.smtp_url),
    )  # fmt: skip


@pages.post("/admin/setup/steps/<step>")
@needs(Permission.ACCOUNT_MANAGE)
def skip_step(step: str) -> Any:
    """A step is not needed here, with the reason; or it is needed after all."""
    needed = bool(request.form.get("needed"))
    reason = "" if needed else request.form.get("reason", "").strip()
    if not needed and not reason:
        flash_words(msg("Nothing was changed: say in a few words why the step is not needed here."), "blocked")
        return redirect(f"/admin/setup#{step}", 303)
    try:
        with writing() as session:
            beginning.skip(session, actor(), step, reason, now())
    except (InvalidInput, RuleViolation) as error:
        flash_words(error.message, "blocked")
        return redirect("/admin/setup", 303)
    flash_words(msg("The step is needed after all.") if needed else msg("The step is left out; the reason is kept."))
    return redirect(f"/admin/setup#{step}", 303)


@pages.post("/admin/setup/mail")
@needs(Permission.ACCOUNT_MANAGE)
def send_test_mail() -> Any:
    """A test mail to one's own address; the scheduler sends it within a minute, and this page says how it went."""
    try:
        with writing() as session:
            address = beginning.queue_test_mail(session, actor(), the_app().settings, now())
    except InvalidInput as error:
        flash_words(error.message, "blocked")
        return redirect("/admin/setup#mail", 303)
    flash_words(msg("A test mail to %(address)s waits; it leaves within a minute. Look again then.", address=address))
    return redirect("/admin/setup#mail", 303)


@pages.get("/admin/doctor")
@needs(Permission.ACCOUNT_MANAGE, Permission.JOB_RUN)
def show_doctor() -> str:
    """What `assets doctor --quick` finds; reading whole databases is left to the command line."""
    app = the_app()
    site = Site(app.settings, now(), app, thorough=False)
    order = list(reversed(Level))
    found = sorted([*examine_machine(site), *examine_database(site)], key=lambda finding: order.index(finding.level))
    return render_template(
        "beginning/doctor.html", findings=found, kinds=KINDS, said={level: words(text) for level, text in SAID.items()},
        words=words, mends=sum(not finding.ok for finding in found),
        settings=[(*row, app.settings.source(row[0])) for row in app.settings.described()],
    )  # fmt: skip
