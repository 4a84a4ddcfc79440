"""What a phone needs to put the product on its home screen: name, icons, and where it begins."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, json, request

from assets.core.i18n import msg, say
from assets.web.auth import public
from assets.web.context import locale, the_app

pages = Blueprint("app_manifest", __name__)
ACCENT = "#123f86"


@pages.get("/manifest.webmanifest")
@public
def manifest() -> Response:
    """The manifest in the language of the page that names it: browsers ask for it without cookies."""
    asked = request.args.get("lang", "")
    lang = asked if asked in the_app().settings.languages else locale()
    name = say(msg("Assets"), lang)
    content = {
        "id": "/", "name": name, "short_name": name, "lang": lang, "dir": "ltr",
        "description": say(msg("Scan, issue, return and look after equipment."), lang),
        "start_url": "/scan", "scope": "/", "display": "standalone", "orientation": "any",
        "background_color": ACCENT, "theme_color": ACCENT,
        "icons": [_icon(192, "any"), _icon(512, "any"), _icon(192, "maskable"), _icon(512, "maskable")],
        "shortcuts": [{"name": say(msg("Today"), lang), "url": "/"}],
    }  # fmt: skip
    text = json.dumps(content, ensure_ascii=False)
    return Response(
        text, content_type="application/manifest+json; charset=utf-8", headers={"Cache-Control": "no-cache"}
    )


def _icon(size: int, purpose: str) -> dict[str, str]:
    version = current_app.extensions["static_version"]
    return {
        "src": f"/static/{version}/app-icons/{purpose}-{size}.png", "sizes": f"{size}x{size}", "type": "image/png",
        "purpose": purpose,
    }  # fmt: skip
