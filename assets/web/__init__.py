"""The web: pages for people and the JSON API, over the application value that it is given."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Flask, Response, abort, current_app, request, send_from_directory
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from assets.core.app import App
from assets.core.i18n import offered, translations
from assets.people.rules import Permission, may
from assets.web import auth, compression, errors, filters
from assets.web.compression import STATIC, STATIC_ENDINGS
from assets.web.context import locale, maybe_actor, the_app
from assets.web.joining import joined
from assets.web.nav import Viewer, navigation
from assets.web.views import blueprints

MAX_REQUEST_BYTES = 25 * 1024 * 1024
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_app(app: App, *, testing: bool = False) -> Flask:
    """The Flask application of one process."""
    web = OpenAPI(
        __name__,
        info=Info(title="Assets", version="1.0.0"),
        security_schemes={"token": {"type": "http", "scheme": "bearer"}},
        validation_error_status=400,
        validation_error_callback=errors.validation_problem,
        doc_ui=False,
        static_folder=None,
    )
    web.extensions["assets"] = app
    # "/assets//x" would be redirected to "/assets/x" at whatever host the request names.
    web.url_map.merge_slashes = False
    # With TLS of our own all else than /trust is HTTPS, whatever address links were given.
    secure = app.settings.base_url.startswith("https://") or app.settings.speaks_tls
    web.config.update(
        SECRET_KEY=app.secret_key,
        TESTING=testing,
        DEBUG=False,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=2000,
        SESSION_COOKIE_NAME="__Host-session" if secure else "session",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    web.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    if app.settings.trusted_proxies:
        count = app.settings.trusted_proxies
        web.wsgi_app = ProxyFix(web.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]  # Flask's way
    _init_templates(web)
    auth.init_auth(web)
    errors.init_errors(web)
    filters.init_filters(web)
    web.add_url_rule("/static/<version>/<path:name>", "static", _static)
    web.add_url_rule("/api/openapi.json", "openapi", auth.signed_in(_openapi))
    for blueprint in blueprints():
        if hasattr(blueprint, "paths"):
            web.register_api(blueprint)
        else:
            web.register_blueprint(blueprint)
    web.after_request(_harden)
    web.after_request(compression.compress_page)
    return web


def _init_templates(web: Flask) -> None:
    version = _static_version()
    web.extensions["static_version"] = version

    def gettext(text: str) -> str:
        return translations(locale()).gettext(text)

    def ngettext(one: str, many: str, n: int) -> str:
        return translations(locale()).ngettext(one, many, n)

    web.jinja_env.add_extension("jinja2.ext.i18n")
    web.jinja_env.add_extension("jinja2.ext.do")
    web.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]  # by the extension
    web.jinja_env.trim_blocks = web.jinja_env.lstrip_blocks = True
    web.jinja_env.globals["static_url"] = lambda path: f"/static/{version}/{path}"
    web.context_processor(_context)


def _context() -> dict[str, Any]:
    actor = maybe_actor()
    settings = the_app().settings
    return {
        "viewer": Viewer.of(actor) if actor else None,
        "nav": navigation(actor) if actor else [],
        "locale": locale(),
        "locales": offered(settings.languages),
        "demo": (settings.data_dir / "demo").exists(),
        "label_bases": settings.own_label_bases,
        "own_authority": settings.own_authority,
        "Permission": Permission,
        "may": (lambda permission: may(actor, Permission(permission))) if actor else (lambda _permission: False),
    }


def _static_version() -> str:
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _static(version: str, name: str) -> Response:
    if "\\" in name:
        abort(404)
    if name.startswith("joined/"):
        if (text := joined(name)) is None:
            abort(404)
        response = Response(text, mimetype="text/css" if name.endswith(".css") else "text/javascript")
    else:
        response = send_from_directory(STATIC, name, conditional=True)
    if name.endswith(STATIC_ENDINGS) and compression.is_taken() and response.status_code == 200:
        response.close()  # It holds the file open.
        response = Response(
            compression.static_text(name), mimetype=response.mimetype, headers={"Content-Encoding": "gzip"}
        )
    response.headers["Vary"] = "Accept-Encoding"
    current = version == current_app.extensions["static_version"]
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if current else "no-cache"
    return response


def _openapi() -> Any:
    return current_app.api_doc  # type: ignore[attr-defined]  # OpenAPI's own property


def _harden(response: Response) -> Response:
    for header, value in HEADERS.items():
        response.headers.setdefault(header, value)
    # Not with the office's own authority: a browser that was told so would never show /trust in plain HTTP again, nor
    # let anybody past a warning, on the day when the authority is a new one. (docs/adr/0022)
    if request.is_secure and not the_app().settings.own_authority:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return auth.no_store(response)
