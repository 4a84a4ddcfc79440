"""A yard with a bad line: the pages over HTTPS behind a server that can lose answers, die and stay away."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from werkzeug.serving import make_server

from assets.core.app import App
from assets.core.clock import system_clock
from assets.web import create_app
from tests.support.certificates import given_files
from tests.support.storms import Killed

HELD_AT_MOST_S = 30


@dataclass
class Held:
    """The first answer from `path`: made, and on its way until `go` is set."""

    path: str
    made: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        if not self.made.is_set():
            self.made.set()
            self.go.wait(HELD_AT_MOST_S)


@dataclass
class Line:
    """What happens between the phone and the application: nothing, until a test says otherwise."""

    is_down: bool = False
    """Nobody answers."""
    answers_to_lose: int = 0
    """So many posts are done, and the line breaks before their answers have come."""
    posted: list[str] = field(default_factory=list)
    """The paths of all posts that reached the application."""
    held: Held | None = None
    """One answer that stays on its way until a test lets it go."""

    def around(self, inner: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        def passed(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            if self.is_down:
                return _cut(environ)
            path, is_post = environ["PATH_INFO"], environ["REQUEST_METHOD"] == "POST"
            if is_post:
                self.posted.append(path)
            try:
                answer = _whole(inner(environ, start))
            except Killed:
                self.is_down = True  # until somebody starts it again
                return _cut(environ)
            if self.held and path == self.held.path:
                self.held.wait()
            if is_post and self.answers_to_lose > 0:
                self.answers_to_lose -= 1
                return _cut(environ)
            return answer

        return passed


def _whole(pieces: Iterable[bytes]) -> list[bytes]:
    try:
        return list(pieces)
    finally:
        if close := getattr(pieces, "close", None):
            close()


def _cut(environ: dict[str, Any]) -> Iterable[bytes]:
    """The connection ends without an answer."""
    with suppress(OSError):  # who asked may be gone already
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


@dataclass(frozen=True)
class Yard:
    """Where the pages are, the line to them, and the key that a browser is told to trust."""

    address: str
    line: Line
    key: str


@contextmanager
def yard(app: App, folder: Path) -> Iterator[Yard]:
    """`app` over HTTPS on a free port while the block runs."""
    now = system_clock()
    certificate, key = given_files(folder, "localhost", now - timedelta(days=1), now + timedelta(days=1))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    web, line = create_app(app), Line()
    server = make_server("127.0.0.1", 0, line.around(web.wsgi_app), threaded=True, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Yard(f"https://localhost:{server.server_port}", line, _trusted(Path(certificate)))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _trusted(certificate: Path) -> str:
    """The certificate's key as Chromium takes it: base64 of the SHA-256 of its public part."""
    public = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    encoded = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(encoded).digest()).decode()
