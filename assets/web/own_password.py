"""The password that is asked for again before something of one's own account changes, guessed only a few times."""

from __future__ import annotations

from flask import g

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.people import service
from assets.web.context import now, reading, writing


def require_own_password(typed: str) -> None:
    """`InvalidInput` for `current` unless this is the password of who is signed in; wrong ones lock the login."""
    with reading() as session:
        matched = service.matching_account(session, g.account.login, typed) is not None
    # Counted in a transaction of its own: what follows may fail, and the count must stay.
    with writing() as session:
        holds = service.own_password_holds(session, g.account.login, matched=matched, now=now())
    if not holds:
        raise invalid("current", msg("The present password is not right, or there were too many attempts."))
