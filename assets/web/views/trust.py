"""Trusting the office's own authority: why and how, the authority itself, and a check that it worked.

The only page that is shown in plain HTTP by a server that speaks HTTPS (`assets.cli.plain_door`): it takes no cookie,
and what it shows is public.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, render_template, request

from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.core.tls import authority as authorities
from assets.core.tls.authority import Authority
from assets.core.tls.profile import mobileconfig
from assets.web import CONTENT_SECURITY_POLICY
from assets.web.auth import public
from assets.web.context import the_app, words

pages = Blueprint("trust", __name__)
DEVICES = (("android", "Android"), ("iphone", "iPhone"), ("iphone", "iPad"), ("windows", "Windows"))


@pages.get("/trust")
@public
def page() -> Any:
    """The page. `?lang=` chooses the language, since plain HTTP keeps none in a cookie."""
    app = the_app()
    if request.args.get("lang") in app.settings.languages:
        g.locale = request.args["lang"]
    own = authorities.load(app.settings.data_dir) if app.settings.own_authority else None
    https = request.environ.get("assets.https", "")
    answer = Response(render_template("trust/page.html", own=own, https=https, device=_device()))
    if https:
        # The check asks the same server over HTTPS, which is another origin for a page in plain HTTP.
        allowed = CONTENT_SECURITY_POLICY.replace("connect-src 'self'", f"connect-src 'self' {https}")
        answer.headers["Content-Security-Policy"] = allowed
    return answer


@pages.get("/trust/check")
@public
def check() -> Response:
    """What the page asks for over HTTPS: that it arrives is the answer. Any page may ask; it says nothing."""
    return Response(status=204, headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"})


@pages.get("/trust/assets-authority.crt")
@public
def certificate() -> Response:
    """The authority for Android and Windows (DER)."""
    return _file(_own().der, "application/x-x509-ca-cert", "assets-authority.crt")


@pages.get("/trust/assets-authority.pem")
@public
def certificate_as_text() -> Response:
    """The authority for Linux and for programs (PEM)."""
    return _file(_own().pem, "application/x-pem-file", "assets-authority.pem")


@pages.get("/trust/assets.mobileconfig")
@public
def profile() -> Response:
    """The authority for iPhones and iPads."""
    own = _own()
    why = msg("Lets this device reach the office's own server. It can vouch for no other site.")
    return _file(mobileconfig(own, own.name, words(why)), "application/x-apple-aspen-config", "assets.mobileconfig")


def _own() -> Authority:
    settings = the_app().settings
    own = authorities.load(settings.data_dir) if settings.own_authority else None
    if own is None:
        raise NotFound(msg("This office has no authority of its own."))
    return own


def _device() -> str:
    agent = request.headers.get("User-Agent", "")
    return next((device for device, sign in DEVICES if sign in agent), "")


def _file(content: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, content_type=kind, headers=headers)
