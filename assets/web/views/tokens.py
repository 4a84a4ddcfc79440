"""Everybody's own API tokens."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, url_for

from assets.core.errors import InvalidInput, NotAllowed, NotFound
from assets.core.i18n import msg
from assets.people import queries, service
from assets.people.models import Account, ApiToken
from assets.web.auth import signed_in
from assets.web.care import optional_moment
from assets.web.context import actor, flash_words, now, reading, writing
from assets.web.forms import field_errors, typed

pages = Blueprint("tokens", __name__)


@pages.get("/account/tokens")
@signed_in
def list_tokens() -> str:
    return _tokens_page(None, {})


def _tokens_page(secret: str | None, errors: dict[str, str]) -> str:
    with reading() as session:
        tokens = queries.tokens_of(session, g.account.id)
    return render_template("admin/tokens.html", tokens=tokens, secret=secret, errors=errors, now=now())


@pages.post("/account/tokens")
@signed_in
def add_token() -> Any:
    """Make a token and show it in this one answer; it is kept as a hash only.

    Only for who signed in: a token that gave out others would outlive its own end.
    """
    if g.by_token:
        raise NotAllowed
    try:
        expires = optional_moment(typed(), "expires")
        with writing() as session:
            account = session.get_one(Account, g.account.id)
            secret = service.add_token(session, actor(), account, now=now(), expires_at=expires)
    except InvalidInput as error:
        return _tokens_page(None, field_errors(error)), 400
    return _tokens_page(secret, {})


@pages.post("/account/tokens/<int:token_id>/end")
@signed_in
def end_token(token_id: int) -> Any:
    with writing() as session:
        token = session.get(ApiToken, token_id)
        if token is None or token.account_id != g.account.id:
            raise NotFound(msg("There is no such token of yours."))
        service.end_token(session, actor(), token, now())
    flash_words(msg("The token has ended."))
    return redirect(url_for("tokens.list_tokens"), 303)
