"""HTTPS as an office speaks it: `assets serve --tls` with its own authority, over real sockets and in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import Playwright, expect

from assets.cli.webserver import THREADS
from tests.e2e.conftest import CHROMIUM, CHROMIUM_FLAGS, free_port
from tests.support.certificates import given_files

ROOT = Path(__file__).resolve().parents[2]
START_S = 120
HELLO = bytes.fromhex("160301020001000001fc0303")
"""The first bytes of a TLS client, of 512 that it promises."""


@dataclass(frozen=True)
class Office:
    """An office that speaks HTTPS at `port`, and shows /trust in plain HTTP at `trust_port` as well."""

    port: int
    trust_port: int
    data_dir: Path

    @property
    def authority(self) -> Path:
        return self.data_dir / "secrets" / "tls-authority.pem"

    def trusting(self) -> ssl.SSLContext:
        """As a phone that trusts the office's authority."""
        return ssl.create_default_context(cafile=str(self.authority))

    def over_tls(self, name: str = "localhost") -> ssl.SSLSocket:
        """A connection to `name`, at this machine."""
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        return self.trusting().wrap_socket(raw, server_hostname=name)

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPSConnection("localhost", self.port, context=self.trusting(), timeout=30)
        return _got(connection, "GET", path)

    def plain(self, path: str, method: str = "GET", port: int = 0) -> tuple[int, dict[str, str], bytes]:
        return _got(HTTPConnection("127.0.0.1", port or self.port, timeout=30), method, path)


def _got(connection: HTTPConnection, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    try:
        connection.request(method, path, body=b"x=y" if method == "POST" else None)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def environment(data_dir: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ASSETS_")}
    return kept | {
        "ASSETS_DATA_DIR": str(data_dir), "ASSETS_MQTT_LISTEN": "127.0.0.1:0",
        "ASSETS_TLS_NAMES": "idora.local 10.4.3.2",
    }  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """`assets serve --tls` in an empty place."""
    found = Office(free_port(), free_port(), tmp_path_factory.mktemp("https") / "data")
    command = [
        sys.executable, "-m", "assets", "serve", "--tls", "--listen", f"127.0.0.1:{found.port}",
        "--trust-listen", f"127.0.0.1:{found.trust_port}",
    ]  # fmt: skip
    with (found.data_dir.parent / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(found.data_dir), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_S
        while True:
            assert process.poll() is None, (found.data_dir.parent / "serve.log").read_text()
            try:
                if found.get("/health")[0] == 200:
                    break
            except OSError:
                assert time.monotonic() < deadline, "no answer over HTTPS"
                time.sleep(0.3)  # nothing tells over this door when it opens but asking
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


# -- what a phone sees ----------------------------------------------------------------------------


def test_phone_that_trusts_the_authority_is_answered_and_told_to_keep_its_cookie_to_https(office: Office) -> None:
    status, headers, _ = office.get("/login")
    assert status == 200
    assert headers["Set-Cookie"].startswith("__Host-session=")
    assert "Secure" in headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in headers


def test_phone_that_does_not_trust_it_is_warned(office: Office) -> None:
    raw = socket.create_connection(("127.0.0.1", office.port), timeout=30)
    with pytest.raises(ssl.SSLCertVerificationError), raw:
        ssl.create_default_context().wrap_socket(raw, server_hostname="localhost")


@pytest.mark.parametrize("name", ["idora.local", "10.4.3.2", "localhost", "127.0.0.1"])
def test_chosen_names_and_this_machine_are_in_the_certificate(name: str, office: Office) -> None:
    with office.over_tls(name) as client:
        found = client.getpeercert()
    assert found is not None
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)
    begins = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notBefore"])), UTC)
    assert ends - begins <= timedelta(days=397)


@pytest.mark.parametrize("name", ["other.local", "10.4.3.3", "bank.uz"])
def test_every_other_name_is_refused(name: str, office: Office) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"mismatch|not valid for"):
        office.over_tls(name)


def test_old_tls_is_refused(office: Office) -> None:
    old = office.trusting()
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    raw = socket.create_connection(("127.0.0.1", office.port), timeout=30)
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"), raw:
        old.wrap_socket(raw, server_hostname="localhost")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_present_tls_serves_request_after_request_on_one_connection(version: ssl.TLSVersion, office: Office) -> None:
    context = office.trusting()
    context.minimum_version = context.maximum_version = version
    connection = HTTPSConnection("localhost", office.port, context=context, timeout=30)
    for path in ("/health", "/login", "/static/x/app.js", "/health"):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, path
    connection.close()


def test_two_requests_in_one_piece_are_both_answered(office: Office) -> None:
    one = b"GET /trust/check HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with office.over_tls() as client:
        client.sendall(one + last)
        come = b""
        while piece := client.recv(65536):
            come += piece
    assert come.count(b"HTTP/1.1 204") == 2


def test_body_that_comes_in_pieces_is_whole(office: Office) -> None:
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 40000\r\n\r\n"
    with office.over_tls() as client:
        for piece in (head[:30], head[30:], b"a" * 20_000, b"a" * 20_000):
            client.sendall(piece)
        assert client.recv(100).startswith(b"HTTP/1.1 400"), "a form without its token: it was read"


# -- clients that stop in the middle ----------------------------------------------------------------


def test_clients_that_stop_in_the_middle_do_not_stop_the_others(office: Office) -> None:
    with ExitStack() as kept:
        for begun in (b"", HELLO[:1], HELLO, HELLO + b"\0" * 100):
            for _ in range(2 * 2 * THREADS):  # twice the threads of two workers
                client = kept.enter_context(socket.create_connection(("127.0.0.1", office.port), timeout=30))
                client.sendall(begun)
        for _ in range(2 * 2 * THREADS):  # a whole handshake, and half a request
            kept.enter_context(office.over_tls()).sendall(b"GET /login HTTP/1.1\r\nHost: x\r\n")
        began = time.monotonic()
        assert office.get("/health")[0] == 200
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "rubbish",
    [b"\x16\x03\x01\x00\x05hello", b"\x80\x2e\x01\x00\x02", b"\0" * 600, b"SSH-2.0-x\r\n\r\n"],
    ids=["no hello", "SSL 2", "zeros", "SSH"],
)
def test_what_is_neither_tls_nor_http_ends_with_its_own_connection(rubbish: bytes, office: Office) -> None:
    with socket.create_connection(("127.0.0.1", office.port), timeout=30) as client:
        client.sendall(rubbish)
        with suppress(OSError):  # it may be gone by then
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
    assert office.get("/health")[0] == 200


# -- plain HTTP --------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["port", "trust_port"])
def test_plain_http_shows_the_page_on_trust_and_leads_all_else_to_https(at: str, office: Office) -> None:
    port = int(getattr(office, at))
    status, headers, body = office.plain("/trust", port=port)
    assert status == 200
    assert "Set-Cookie" not in headers
    assert b"data-trust-check" in body
    status, _, der = office.plain("/trust/assets-authority.crt", port=port)
    kept = x509.load_pem_x509_certificates(office.authority.read_bytes())[0]
    assert x509.load_der_x509_certificate(der) == kept
    status, headers, _ = office.plain("/login", port=port)
    assert (status, headers["Location"]) == (302, f"https://127.0.0.1:{office.port}/login")
    assert office.plain("/login", "POST", port)[0] == 403
    assert "Set-Cookie" not in headers


def test_fingerprint_on_the_servers_own_screen_is_the_one_on_the_page(office: Office) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "assets", "tls", "show", "--json"], cwd=ROOT, env=environment(office.data_dir),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    shown = json.loads(done.stdout)
    der = office.plain("/trust/assets-authority.crt")[2]
    assert shown["fingerprint"].replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    assert set(shown["names"]) == {"idora.local", "10.4.3.2", "localhost", "127.0.0.1", "::1"}


# -- a browser ------------------------------------------------------------------------------------------


def trusted_key(office: Office) -> str:
    """The authority's key as Chromium takes it: base64 of the SHA-256 of its public part."""
    authority = x509.load_pem_x509_certificates(office.authority.read_bytes())[0]
    public = authority.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


def test_browser_that_trusts_the_authority_opens_the_pages_and_says_so(office: Office, playwright: Playwright) -> None:
    flags = [*CHROMIUM_FLAGS, f"--ignore-certificate-errors-spki-list={trusted_key(office)}"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
    try:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.goto(f"https://localhost:{office.port}/login")
        assert page.evaluate("isSecureContext && 'mediaDevices' in navigator"), "the scanner gets its camera"
        page.click("a[href='/trust']")
        expect(page.locator("[data-said]")).to_have_text("This browser trusts this office. You can go on.")
        assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
        page.goto(f"http://localhost:{office.port}/trust")
        expect(page.locator("[data-said]")).to_have_text("This browser trusts this office. You can go on.")
        page.click("text=Go on to sign in")
        assert page.url == f"https://localhost:{office.port}/login"
        assert wrong == []
    finally:
        browser.close()


def test_browser_that_does_not_trust_it_says_so_on_the_page_in_plain_http(
    office: Office, playwright: Playwright
) -> None:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
    try:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto(f"http://localhost:{office.port}/trust")
        expect(page.locator("[data-said]")).to_contain_text("does not trust this office yet")
        assert page.locator("[data-again]").is_visible()
        with page.expect_download() as fetched:
            page.click("[data-device=android] a")
        kept = x509.load_pem_x509_certificates(office.authority.read_bytes())[0]
        assert x509.load_der_x509_certificate(fetched.value.path().read_bytes()) == kept
    finally:
        browser.close()


def test_browser_that_went_past_the_warning_is_told_that_this_is_no_trust(
    office: Office, playwright: Playwright
) -> None:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
    try:
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.goto(f"https://localhost:{office.port}/trust")
        expect(page.locator("[data-said]")).to_contain_text("went past a warning")
    finally:
        browser.close()


# -- files that were given --------------------------------------------------------------------------------


def test_given_certificate_that_will_not_do_stops_the_start_with_its_reason(office: Office, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ended = given_files(tmp_path / "ended", "assets.example.uz", now - timedelta(days=90), now - timedelta(days=1))
    good = given_files(tmp_path / "good", "assets.example.uz", now - timedelta(days=1), now + timedelta(days=90))
    for certificate, key, said in (
        (ended[0], ended[1], "ended on"),
        (good[0], ended[1], "is not the key of"),
        ("/no/such.crt", good[1], "cannot be read"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "assets", "web", "--listen", f"127.0.0.1:{free_port()}",
             "--tls-cert", certificate, "--tls-key", key],
            cwd=ROOT, env=environment(office.data_dir), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr
