"""Whole processes: the demonstration as a person starts it, and a browser that looks at it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize, expect, sync_playwright

from tests.support.office import PASSWORD, Office, open_office

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
DEMO_START_S = 900


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """A running demonstration: its address and data directory."""

    def __init__(self, address: str, data_dir: Path) -> None:
        self.address = address
        self.data_dir = data_dir


def await_health(process: subprocess.Popen[bytes], address: str, within_s: float) -> None:
    """Return when the pages answer; fail when the process ends first or the time is over."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        assert process.poll() is None, f"it ended with {process.returncode}"
        try:
            with urlopen(f"{address}/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"no answer at {address} within {within_s} s")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demonstration with 6 live vehicles, started as `assets demo`; tests that use it run in one worker.

    With DEMO_ADDRESS set, the one that runs there is looked at instead.
    """
    if running := os.environ.get("DEMO_ADDRESS"):
        yield Site(running, Path())
        return
    data_dir = tmp_path_factory.mktemp("demo")
    port = free_port()
    command = [
        sys.executable, "-m", "assets", "demo", "--port", str(port), "--data-dir", str(data_dir), "--vehicles", "6",
    ]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ASSETS_")}
    address = f"http://127.0.0.1:{port}"
    with (data_dir.parent / "demo.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        await_health(process, address, DEMO_START_S)
        yield Site(address, data_dir)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The one driver of browsers of a worker: it cannot be started twice."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    running = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
    yield running
    running.close()


def sign_in(page: Page, address: str, login: str, password: str) -> None:
    """Sign in as a person would."""
    page.goto(f"{address}/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", password)
    page.click("main button.primary")
    page.wait_for_url(lambda url: "/login" not in url)


def expect_all_sent(page: Page) -> None:
    """Open the page of what is not sent yet and await that nothing is left.

    The strip on other pages is hidden too while a page has not looked yet: after opening a page it says nothing.
    """
    page.goto("/unsent")
    expect(page.get_by_text("Everything is sent")).to_be_visible(timeout=30_000)


STORY_OFFICERS = {"logistics": "IMT-SI", "neighbour": "IMT-SU", "storekeeper": "IMT-NG"}


@pytest.fixture(scope="session")
def story_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for all stories of a worker (xdist_group("stories")): a logistics officer in each of three units.

    Each story uses classes and numbers of its own, so that none finds what another has left.
    """
    with open_office(tmp_path_factory.mktemp("stories") / "data", free_port()) as office:
        for login, unit in STORY_OFFICERS.items():
            office.add_account(login, "logistics_officer", "--unit", unit, "--email", f"{login}@example.org")
        yield office


@pytest.fixture(scope="session")
def officers(story_office: Office, browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    """The officers' phones by login, signed in."""
    phones = {}
    for login in STORY_OFFICERS:
        phones[login] = browser.new_context(viewport=PHONE, locale="en-GB", base_url=story_office.address)
        page = phones[login].new_page()
        sign_in(page, story_office.address, login, PASSWORD)
        page.close()
    yield phones
    for phone in phones.values():
        phone.close()
