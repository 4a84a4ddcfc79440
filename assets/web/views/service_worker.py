"""The service worker at the root of the site, where it may answer for every page, and the page for "no connection"."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flask import Blueprint, Response, current_app, json, render_template, request

from assets.web.auth import public, signed_in
from assets.web.joining import LANGUAGES, chunk_names

pages = Blueprint("service_worker", __name__)

OFFLINE_PAGES = ("/scan", "/unsent", "/shifts/new", "/shifts/return", "/confirmations", "/offline")
"""Pages that open without a connection. Their files lie in `_FOLDERS`, and what they know comes from static/known."""
_FOLDERS = ("confirmations", "css", "known", "outbox", "scan", "shifts", "vendor/idb-8.0.3")
_READER = ("vendor/zxing-wasm-3.1.4/reader.js", "vendor/zxing-wasm-3.1.4/zxing_reader.wasm")
_KINDS = {".js", ".css", ".svg"}
_STATIC = Path(__file__).parents[1] / "static"


@pages.get("/sw.js")
@public
def service_worker() -> Response:
    """The worker of this version; with `?plain` for browsers that know no modules in workers."""
    version = current_app.extensions["static_version"]
    send, first = "null", ""
    if "plain" not in request.args:
        send, first = "sendInBackground", f'import {{ sendInBackground }} from "/static/{version}/outbox/sending.js";\n'
    offline = json.dumps(
        {
            "version": version,
            "shell": [f"/static/{version}/{name}" for name in _shell()],
            "joined": {
                language: [f"/static/{version}/{name}" for name in chunk_names(language)] for language in LANGUAGES
            },
            "reader": [f"/static/{version}/{name}" for name in _READER],
            "pages": [path for path in OFFLINE_PAGES if _is_there(path)],
        }
    )
    body = (_STATIC / "sw" / "worker.js").read_text(encoding="utf-8")
    text = f"{first}self.OFFLINE = {{ ...{offline}, send: {send} }};\n{body}"
    return Response(
        text,
        content_type="text/javascript; charset=utf-8",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"},
    )


@pages.get("/offline")
@signed_in
def offline() -> str:
    """What a phone shows in place of a page that does not open without a connection."""
    return render_template("offline.html")


@cache
def _shell() -> list[str]:
    """What lies directly in the folder of static files, and all of the folders of these pages."""
    found = [*_STATIC.iterdir(), *(path for name in _FOLDERS for path in (_STATIC / name).rglob("*"))]
    return sorted(path.relative_to(_STATIC).as_posix() for path in found if path.is_file() and path.suffix in _KINDS)


def _is_there(path: str) -> bool:
    return any(rule.rule == path for rule in current_app.url_map.iter_rules())
