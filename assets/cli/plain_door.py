"""What somebody gets who speaks plain HTTP to a server that speaks HTTPS: the page on trust, and the way to HTTPS.

A phone that does not trust the office's authority yet must be able to fetch it without a warning, and nothing else may
pass in plain text: no cookie, no token and no form is taken here, and none is given.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from assets.core.tls.names import first_name, https_address, trust_address, wanted_names
from assets.settings import Settings

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
OPEN = ("/trust/", "/static/")
SECRET_HEADERS = ("HTTP_COOKIE", "HTTP_AUTHORIZATION")
WORDS = "This address speaks HTTPS: {address}\nA phone that warns of it trusts this office first: {trust}\n"


KEPT_S = 60.0
"""As often as the server looks at its certificate: this machine's names hardly change, and to find them takes files."""


@dataclass(frozen=True)
class Known:
    """This machine's names, the one to tell people, and where its page on trust is; until when that is believed."""

    names: frozenset[str]
    first: str
    trust: str
    until_s: float


class PlainDoor:
    """Stands before the pages; requests that came over TLS pass it untouched."""

    def __init__(
        self, inside: Application, settings: Settings, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._inside = inside
        self._settings = settings
        self._seconds = seconds
        self._last: Known | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The answer."""
        if isinstance(environ["gunicorn.socket"], ssl.SSLSocket):
            return self._inside(environ, start_response)
        reading = environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        if reading and f"{environ['PATH_INFO']}/".startswith(OPEN):
            return self._shown(environ, start_response)
        return self._led_away(environ, start_response, reading)

    def _shown(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        for header in SECRET_HEADERS:
            environ.pop(header, None)
        environ["wsgi.url_scheme"] = "http"
        environ["assets.https"] = self._address(environ)

        def without_cookies(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            kept = [(name, value) for name, value in headers if name.lower() != "set-cookie"]
            return start_response(status, kept, *more)

        return self._inside(environ, without_cookies)

    def _led_away(self, environ: dict[str, Any], start_response: Callable[..., Any], reading: bool) -> Iterable[bytes]:
        address = self._address(environ)
        target = quote(environ["PATH_INFO"].encode("latin-1"), safe="/") if reading else "/"
        query = f"?{environ['QUERY_STRING']}" if reading and environ["QUERY_STRING"] else ""
        words = WORDS.format(address=address, trust=self._known().trust).encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(words))),
            ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
        ]  # fmt: skip
        if reading:
            # Not for good: browsers would keep it, also after this office went back to plain HTTP.
            headers.append(("Location", f"{address}/{target.lstrip('/')}{query}"))
        # What somebody posts in plain text is lost; it must not be sent again by itself, as a redirect would.
        start_response("302 Found" if reading else "403 Forbidden", headers)
        return [words]

    def _address(self, environ: dict[str, Any]) -> str:
        """Ours over HTTPS: as it was typed when the certificate is for that name, never as any `Host` says."""
        typed = str(environ.get("HTTP_HOST", "")).lower()
        name = typed[1:].split("]")[0] if typed.startswith("[") else typed.split(":")[0]
        known = self._known()
        return https_address(self._settings, name if name in known.names else known.first)

    def _known(self) -> Known:
        known = self._last
        if known is None or self._seconds() >= known.until_s:
            settings = self._settings
            names, first, trust = frozenset(wanted_names(settings)), first_name(settings), trust_address(settings)
            known = self._last = Known(names, first, trust, self._seconds() + KEPT_S)
        return known
