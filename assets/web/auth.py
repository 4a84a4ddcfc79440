"""Who asks and whether he may: sessions, API tokens, and the right that each route declares.

Every route is marked `@needs(Permission.…)`, `@signed_in` or `@public`; a route without a mark refuses everyone, and
a test fails. The scope within a right (which unit's assets) is the services' and queries' business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as WerkzeugResponse

from assets.core.actor import Actor
from assets.core.db import Database
from assets.core.errors import DomainError, NotAllowed
from assets.core.i18n import msg
from assets.people.models import Account
from assets.people.queries import actor_of, signed_in_account, token_account
from assets.people.rules import Permission, may
from assets.web.context import now, the_app

View = TypeVar("View", bound=Callable[..., Any])
COOKIE_FIELD = "sign_in"
MAX_STRANGER_BYTES = 64 * 1024
"""What is taken of somebody who has not signed in: a form, a tracker's telemetry, never an upload."""
csrf = CSRFProtect()


class SignInRequired(DomainError):
    """Nobody signed in, or the sign-in has ended."""

    default_code = "sign_in_required"


def require_named_account() -> None:
    """`SignInRequired` when a queue names the account that it is of (`X-Account`) and another one is signed in.

    Pages live longer than sessions: somebody else may have signed in on this device since the queue was looked at.
    """
    named = request.headers.get("X-Account")
    if named is not None and (g.actor is None or unquote(named) != g.actor.name):
        raise SignInRequired(
            msg("Somebody else is signed in on this device now. Sign in as the one who recorded this.")
        )


def needs(*permissions: Permission) -> Callable[[View], View]:
    """The route is for those who hold one of `permissions` anywhere at all."""

    def mark(view: View) -> View:
        view.__dict__["needs"] = permissions
        return view

    return mark


def signed_in(view: View) -> View:
    """The route is for everyone who signed in."""
    view.__dict__["needs"] = ()
    return view


def public(view: View) -> View:
    """The route is for everyone."""
    view.__dict__["public"] = True
    return view


def init_auth(app: Flask) -> None:
    """Find out who asks before each request, and check the route's declared right."""
    csrf.init_app(app)
    app.before_request(_identify)
    app.before_request(_check_csrf)
    app.before_request(_check_right)


def is_api(path: str) -> bool:
    return path.startswith("/api/")


def _database() -> Database:
    return the_app().main


def _identify() -> None:
    g.actor, g.account, g.by_token = None, None, False
    # Static files and the health check need nobody's identity, and must answer without a database.
    if request.endpoint in {None, "static", "health.health"} and not request.headers.get("Authorization"):
        g.locale = _asked_locale()
        return
    account = _account_by_token() or _account_by_cookie()
    g.locale = account.locale if account is not None else _asked_locale()
    if account is None:
        # Before anything of it is read: a thread would wait for as much as a stranger cares to promise.
        request.max_content_length = MAX_STRANGER_BYTES
        if request.content_length is None and "Transfer-Encoding" in request.headers:
            abort(411)
    else:
        g.account = account
        g.actor = actor_of(account, now(), f"web {request.remote_addr or ''}".strip())


def _account_by_token() -> Account | None:
    header = request.headers.get("Authorization", "")
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret:
        return None
    with _database().reading() as db:
        account = token_account(db, secret.strip(), now())
    g.by_token = account is not None
    if account is None:
        raise SignInRequired(msg("This token is unknown or has ended."))
    return account


def _account_by_cookie() -> Account | None:
    secret = session.get(COOKIE_FIELD)
    if not isinstance(secret, str):
        return None
    with _database().reading() as db:
        account = signed_in_account(db, secret, now())
    if account is None:
        session.clear()
    return account


def _asked_locale() -> str:
    chosen = session.get("locale")
    offered = the_app().settings.languages
    if chosen in offered:
        return str(chosen)
    return request.accept_languages.best_match(offered) or offered[0]


def _view() -> Any:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "__wrapped__", view)


def declared(view: Any) -> tuple[bool, tuple[Permission, ...] | None]:
    """(public, permissions or None) as marked on a view function."""
    while view is not None:
        if "public" in view.__dict__:
            return True, None
        if "needs" in view.__dict__:
            return False, view.__dict__["needs"]
        view = view.__dict__.get("__wrapped__")
    return False, None


def _check_right() -> WerkzeugResponse | None:
    if request.endpoint is None or request.endpoint == "static":
        return None
    is_public, permissions = declared(current_app.view_functions.get(request.endpoint))
    if is_public:
        return None
    actor: Actor | None = g.actor
    if actor is None:
        if is_api(request.path) or request.method != "GET":
            raise SignInRequired(msg("Sign in first."))
        return redirect(url_for("sessions.login", next=request.full_path.rstrip("?")))
    if permissions is None:
        raise NotAllowed
    if permissions and not any(may(actor, permission) for permission in permissions):
        raise NotAllowed
    return None


def _check_csrf() -> None:
    # A token in a header cannot be sent by a foreign page; cookies can, so they need the CSRF token.
    if request.method in {"GET", "HEAD", "OPTIONS", "TRACE"} or g.by_token or request.endpoint is None:
        return
    view = current_app.view_functions.get(request.endpoint)
    if getattr(view, "csrf_exempt", False):
        return
    csrf.protect()


def csrf_exempt(view: View) -> View:
    """For calls that carry their own secret instead of a cookie (a tracker's telemetry)."""
    view.__dict__["csrf_exempt"] = True
    return view


def safe_next(target: str | None) -> str:
    """`target` when it is a path of this application, else the home page."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        parts = urlsplit(target)
        if not parts.scheme and not parts.netloc:
            return target
    return "/"


def no_store(response: Response) -> Response:
    """What a signed-in person saw is kept by no cache."""
    if g.get("actor") is not None and request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
