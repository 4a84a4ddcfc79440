"""The server process as it runs in an office, over a real socket: slow clients, headers of no proxy, the debugger."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from assets.cli.webserver import THREADS, run_web
from assets.settings import Settings, SettingsError
from tests.e2e.conftest import await_health

FORM = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
ROOT = Path(__file__).resolve().parents[2]
Address = tuple[str, int]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """One web process of an empty office, with one worker."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = free.getsockname()[:2]
    environment = {**os.environ, "ASSETS_DATA_DIR": str(tmp_path_factory.mktemp("office"))}
    assets = [sys.executable, "-m", "assets"]
    subprocess.run([*assets, "db", "upgrade"], cwd=ROOT, env=environment, check=True, capture_output=True)
    command = [*assets, "web", "--listen", f"{place[0]}:{place[1]}", "--workers", "1"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        await_health(process, f"http://{place[0]}:{place[1]}", 60)
        yield place
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def answered(place: Address, within_s: float = 30) -> float:
    """Seconds until the server says that it is well."""
    began = time.monotonic()
    with urlopen(f"http://{place[0]}:{place[1]}/health", timeout=within_s) as answer:
        assert answer.status == 200
    return time.monotonic() - began


def said(place: Address, request: bytes) -> str:
    """The head of the answer to bytes as they are."""
    with socket.create_connection(place, timeout=30) as client:
        client.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer and (piece := client.recv(65536)):
            answer += piece
    return answer.decode("latin-1")


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /login HTTP/1.1\r\nHost: x\r\n",
        FORM + b"Content-Length: 1000\r\n\r\na",
        FORM + b"Content-Length: 2000000\r\n\r\na",
        FORM + b"Transfer-Encoding: chunked\r\n\r\n5\r\na",
    ],
    ids=["nothing", "half a head", "half a body", "large body", "body without end"],
)
def test_clients_that_stop_in_the_middle_do_not_stop_the_others(address: Address, begun: bytes) -> None:
    clients = [socket.create_connection(address) for _ in range(2 * THREADS)]
    try:
        for client in clients:
            client.sendall(begun)
        assert answered(address) < 2
    finally:
        for client in clients:
            client.close()


def test_request_that_comes_in_pieces_is_answered_once_it_is_whole(address: Address) -> None:
    with socket.create_connection(address, timeout=30) as client:
        for piece in (b"GET /hea", b"lth HTTP/1.1\r\nHost: x\r\n", b"Connection: close\r\n", b"\r\n"):
            client.sendall(piece)
            time.sleep(0.05)  # nothing tells when the server has read a piece; were two read as one, less were tried
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def test_large_body_is_refused_within_a_second_before_it_is_sent(address: Address) -> None:
    began = time.monotonic()
    head = said(address, FORM + b"Content-Length: 4000000000\r\n\r\n")
    assert head.startswith("HTTP/1.1 413")
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "header", ["SCRIPT_NAME: /login", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example"]
)
def test_headers_of_a_proxy_are_believed_from_nobody_by_default(address: Address, header: str) -> None:
    head = said(address, f"GET /login HTTP/1.1\r\nHost: x\r\n{header}\r\nConnection: close\r\n\r\n".encode())
    assert head.startswith("HTTP/1.1 200"), head
    assert "Strict-Transport-Security" not in head
    assert "Secure" not in head


def test_server_refuses_to_start_with_the_debugger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    with pytest.raises(SettingsError, match="FLASK_DEBUG"):
        run_web(Settings(data_dir=tmp_path), "127.0.0.1:0", workers=1)
