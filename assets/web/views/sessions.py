"""Signing in and out, the language, and one's own account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, session

from assets.core.actor import system_actor
from assets.core.errors import InvalidInput, invalid
from assets.core.i18n import msg
from assets.people import service
from assets.people.models import Account
from assets.web.auth import COOKIE_FIELD, public, safe_next, signed_in
from assets.web.context import flash_words, maybe_actor, now, reading, the_app, words, writing
from assets.web.forms import field_errors
from assets.web.own_password import require_own_password

pages = Blueprint("sessions", __name__)


@pages.get("/login")
@public
def login() -> Any:
    if maybe_actor() is not None:
        return redirect(safe_next(request.args.get("next")))
    return render_template("sessions/login.html", next=safe_next(request.args.get("next")), errors={}, login="")


@pages.post("/login")
@public
def sign_in() -> Any:
    app = the_app()
    typed_login = request.form.get("login", "")
    with reading() as db:
        account_id = service.matching_account(db, typed_login, request.form.get("password", ""))
    actor = system_actor("sign-in")
    with app.transaction(actor, now()) as db:
        opened = service.sign_in(
            db, login=typed_login, account_id=account_id, address=request.remote_addr or "", now=now()
        )
        if opened is not None:
            # Whoever was signed in on this device before is not any more, even if the old cookie was copied.
            service.sign_out(db, str(session.get(COOKIE_FIELD, "")), now())
    target = safe_next(request.form.get("next"))
    if opened is None:
        error = words(
            msg(
                "The login or the password is not right, or there were too many attempts. "
                "Wait 15 minutes and try again."
            )
        )
        page = render_template("sessions/login.html", next=target, errors={"": error}, login=typed_login)
        return page, 401
    account, secret = opened
    locale = session.get("locale")
    session.clear()
    session[COOKIE_FIELD] = secret
    if locale and locale != account.locale:
        session["locale"] = locale
    return redirect(target, 303)


@pages.post("/logout")
@signed_in
def logout() -> Any:
    secret = session.get(COOKIE_FIELD, "")
    with writing() as db:
        service.sign_out(db, str(secret), now())
    session.clear()
    flash_words(msg("You are signed out."))
    return redirect("/login", 303)


@pages.post("/language")
@public
def choose_language() -> Any:
    """Change the language and stay on the page."""
    chosen = request.form.get("locale", "")
    if chosen not in the_app().settings.languages:
        raise invalid("locale", msg("This language is not offered."))
    session["locale"] = chosen
    if g.account is not None:
        with writing() as db:
            service.set_locale(db, db.get_one(Account, g.account.id), chosen)
    return redirect(safe_next(request.form.get("next")), 303)


@pages.get("/account")
@signed_in
def account() -> str:
    return render_template("sessions/account.html", account=g.account, errors={})


@pages.post("/account/password")
@signed_in
def change_password() -> Any:
    """Change one's own password; every sign-in and token ends, this one too."""
    form = request.form
    try:
        require_own_password(form.get("current", ""))
        if form.get("password", "") != form.get("again", ""):
            raise invalid("again", msg("The two new passwords differ."))
        with writing() as db:
            service.set_password(db, g.actor, db.get_one(Account, g.account.id), form.get("password", ""), now())
    except InvalidInput as error:
        return render_template("sessions/account.html", account=g.account, errors=field_errors(error)), 400
    session.clear()
    flash_words(msg("The password is changed. Sign in again; other sign-ins and tokens have ended."))
    return redirect("/login", 303)
