"""What comes in plain HTTP to a server that speaks HTTPS: the page on trust is shown, all else is led to HTTPS."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from assets.cli.plain_door import PlainDoor
from assets.settings import Settings

SETTINGS = Settings(tls="yes", tls_names=("idora.local", "10.0.0.5", "fd00::7"), listen="0.0.0.0:8443")


class Inside:
    """The pages: note what they are asked, and answer with a cookie."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append(environ)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "session=x")])
        return [b"shown"]


def asked(
    path: str,
    method: str = "GET",
    host: str = "idora.local:8443",
    settings: Settings = SETTINGS,
    query: str = "",
    door: PlainDoor | None = None,
) -> tuple[str, dict[str, str], Inside]:
    inside = Inside()
    door = door or PlainDoor(inside, settings)
    answer: dict[str, str] = {}

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        answer.update(dict(headers), status=status)

    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": host,
        "HTTP_COOKIE": "session=secret", "HTTP_AUTHORIZATION": "Bearer secret",
        "wsgi.url_scheme": "https", "gunicorn.socket": object(),
    }  # fmt: skip
    list(door(environ, start_response))
    return answer.pop("status"), answer, inside


@pytest.mark.parametrize("path", ["/trust", "/trust/assets-authority.crt", "/trust/check", "/static/v/trust/trust.js"])
def test_page_on_trust_is_shown_without_any_secret_going_in_or_out(path: str) -> None:
    status, headers, inside = asked(path)
    assert status == "200 OK"
    assert "Set-Cookie" not in headers
    environ = inside.asked[0]
    assert "HTTP_COOKIE" not in environ
    assert "HTTP_AUTHORIZATION" not in environ
    assert environ["wsgi.url_scheme"] == "http", "the pages must not take it for HTTPS"
    assert environ["assets.https"] == "https://idora.local:8443"


@pytest.mark.parametrize(
    "path", ["/", "/login", "/a/ABC123", "/trustworthy", "/statics", "/api/v1/assets", "/../trust"]
)
def test_nothing_else_is_shown_in_plain_text(path: str) -> None:
    status, headers, inside = asked(path)
    assert status == "302 Found"
    assert headers["Location"].startswith("https://idora.local:8443/")
    assert not inside.asked


def test_way_to_https_keeps_path_and_query() -> None:
    _, headers, _ = asked("/a/ABC", query="x=1&y=%2F")
    assert headers["Location"] == "https://idora.local:8443/a/ABC?x=1&y=%2F"


@pytest.mark.parametrize("path", ["/login", "/trust", "/api/v1/commands", "/static/x"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_what_is_sent_in_plain_text_is_refused_and_not_sent_on(path: str, method: str) -> None:
    status, headers, inside = asked(path, method)
    assert status == "403 Forbidden"
    assert "Location" not in headers
    assert not inside.asked


@pytest.mark.parametrize(
    ("host", "leads_to"),
    [
        ("idora.local:8443", "idora.local"),
        ("10.0.0.5", "10.0.0.5"),
        ("[fd00::7]:8443", "[fd00::7]"),
        ("evil.example", "idora.local"),
        ("idora.local@evil.example", "idora.local"),
        ("idora.local\r\nX: y", "idora.local"),
        ("", "idora.local"),
    ],
)
def test_way_leads_to_names_of_the_certificate_only(host: str, leads_to: str) -> None:
    assert asked("/login", host=host)[1]["Location"] == f"https://{leads_to}:8443/login"


def test_path_of_two_slashes_leads_to_no_other_host() -> None:
    assert asked("//evil.example/x")[1]["Location"] == "https://idora.local:8443/evil.example/x"


def test_names_of_the_machine_are_looked_up_once_a_minute_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    name = "idora"

    def current() -> str:
        looked.append(name)
        return name

    monkeypatch.setattr(socket, "gethostname", current)
    time_s = 1000.0
    door = PlainDoor(Inside(), Settings(tls="yes", listen="0.0.0.0:8443"), seconds=lambda: time_s)
    asked("/login", door=door)
    at_first = len(looked)
    assert at_first
    for host in ("idora.local", "evil.example", "", "[fd00::7]"):
        asked("/login", host=host, door=door)
        asked("/trust", host=host, door=door)
    time_s += 59
    asked("/login", door=door)
    assert len(looked) == at_first
    name, time_s = "moved", time_s + 2
    _, headers, _ = asked("/login", host="evil.example", door=door)
    assert headers["Location"] == "https://moved.local:8443/login"
