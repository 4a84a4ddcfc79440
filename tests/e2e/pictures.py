"""Takes the pictures of the docs: `python -m tests.e2e.pictures FOLDER [--manual FOLDER] [--address URL]`.

FOLDER gets each page on phone and desktop, those of `IN_EVERY_LANGUAGE` in each language; the folder of `--manual`
those that the manual links (manual_pictures.py): each in its language, on its screen. Without an address it makes and
starts a demonstration of its own.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from assets.demo.programme import PASSWORD
from tests.e2e.conftest import (
    CHROMIUM,
    CHROMIUM_FLAGS,
    DEMO_START_S,
    DESKTOP,
    PHONE,
    ROOT,
    Site,
    await_health,
    free_port,
    sign_in,
)
from tests.e2e.manual_pictures import LANGUAGES, MANUAL_PICTURES, NOT_COUNTED_YET, ROUND, Picture
from tests.e2e.pages import IN_EVERY_LANGUAGE, PAGES
from tests.e2e.places import Places

SIZES = {"phone": PHONE, "desktop": DESKTOP}
COLOURS = 128


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every picture was taken."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--manual", type=Path, metavar="FOLDER", help="take the pictures of the manual as well")
    parser.add_argument("--address", help="of a running demonstration")
    parser.add_argument("--dark", action="store_true", help="every page in dark as well")
    chosen = parser.parse_args(arguments)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    if chosen.address:
        _take_all(Site(chosen.address, Path()), chosen)
        return 0
    with tempfile.TemporaryDirectory() as data_dir:
        port = free_port()
        command = [sys.executable, "-m", "assets", "demo", "--port", str(port), "--data-dir", data_dir]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            await_health(process, f"http://127.0.0.1:{port}", DEMO_START_S)
            _take_all(Site(f"http://127.0.0.1:{port}", Path(data_dir)), chosen)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)
    return 0


def _take_all(site: Site, chosen: argparse.Namespace) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        _take(browser, site, chosen.folder, dark=chosen.dark)
        if chosen.manual is not None:
            chosen.manual.mkdir(parents=True, exist_ok=True)
            take_manual(browser, site, chosen.manual)
        browser.close()


def _take(browser: Browser, site: Site, folder: Path, *, dark: bool) -> None:
    for scheme in ("light", "dark") if dark else ("light",):
        for login in dict.fromkeys(login for _, _, login in PAGES):
            _as(browser, site, folder, login, scheme, [p for p in PAGES if p[2] == login])


def _as(
    browser: Browser, site: Site, folder: Path, login: str, scheme: str, pages: Sequence[tuple[str, str, str]]
) -> None:
    context = browser.new_context(color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]  # light or dark
    page, places = context.new_page(), Places(site, context)
    if login:
        sign_in(page, site.address, login, PASSWORD)
    for language in (*LANGUAGES[1:], LANGUAGES[0]) if login else LANGUAGES[:1]:
        if login:
            _read_in(page, site, language)
        for name, address, _ in pages:
            ending = "" if language == LANGUAGES[0] else f"-{language}"
            if ending and name not in IN_EVERY_LANGUAGE:
                continue
            for size, viewport in SIZES.items():
                page.set_viewport_size(viewport)
                page.goto(places.filled(address))
                page.wait_for_load_state("networkidle")
                if name == "scan":
                    _open_by_code(page, places.value("asset"))
                _shoot(page, folder / f"{name}-{size}{ending}{'' if scheme == 'light' else '-dark'}.png")
    context.close()


def _shoot(page: Page, target: Path) -> None:
    page.screenshot(path=target)
    # Few colours: the pictures are part of the repository.
    Image.open(target).convert("RGB").quantize(COLOURS).save(target, optimize=True)


def take_manual(browser: Browser, site: Site, folder: Path) -> None:
    """The manual's pictures; afterwards every account reads English again. The round of the walk is counted first."""
    round_id = _counted_round(browser, site)
    for login in dict.fromkeys(picture.login for picture in MANUAL_PICTURES):
        context = browser.new_context(color_scheme="light", locale="en-GB")
        page, places = context.new_page(), Places(site, context)
        sign_in(page, site.address, login, PASSWORD)
        for language in (*LANGUAGES[1:], LANGUAGES[0]):
            _read_in(page, site, language)
            for picture in MANUAL_PICTURES:
                if (picture.login, picture.language) == (login, language):
                    _open(page, places, site, picture, round_id)
                    _shoot(page, folder / f"{picture.name}.png")
        context.close()


def _open(page: Page, places: Places, site: Site, picture: Picture, round_id: int) -> None:
    page.set_viewport_size(SIZES[picture.size])
    page.goto(places.filled(picture.address.replace("{round}", str(round_id))))
    if picture.follow:
        link = page.locator(picture.follow).first.get_attribute("href") or ""
        page.goto(f"{site.address}{link}")
    page.wait_for_load_state("networkidle")
    if picture.scan:
        _open_by_code(page, places.value("asset"))


def _read_in(page: Page, site: Site, language: str) -> None:
    """Choose the language as the menu at the top does."""
    page.goto(f"{site.address}/account")
    with page.expect_navigation():
        page.locator(f"form[action='/language'] button[value='{language}']").evaluate("button => button.click()")
    assert page.locator("html").get_attribute("lang") == language


def _counted_round(browser: Browser, site: Site) -> int:
    """The id of the manual's round in the demonstration: entered and counted in now, unless it is there already."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, site.address, "coordinator", PASSWORD)
    there = [each for each in _called(page, "/batches?limit=200")["items"] if each["number"] == ROUND["number"]]
    batch = there[0] if there else _called(page, "/batches", ROUND)
    if not there:
        items = _called(page, f"/batches/{batch['id']}/items?limit=200")["items"]
        counts = [_count(n, item) for n, item in enumerate(items)][:-NOT_COUNTED_YET]
        _called(page, f"/batches/{batch['id']}/counts", {"counts": counts})
    context.close()
    return int(batch["id"])


def _count(n: int, item: dict[str, Any]) -> dict[str, Any]:
    found = {"id": str(uuid4()), "item": item["id"], "outcome": "received"}
    if n == 1:
        return found | {"outcome": "short"}
    return found | {"outcome": "wrong_serial", "serial": "DP-26-0O9X"} if n == 2 else found


def _called(page: Page, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the API answers to the signed-in page: a question, or a body that is sent."""
    script = """async ([path, body]) => {
      const token = document.querySelector('meta[name="csrf-token"]').content;
      const how = body ? {method: "POST", body: JSON.stringify(body)} : {};
      const headers = {"Content-Type": "application/json", "X-CSRFToken": token};
      const answer = await fetch(`/api/v1${path}`, {...how, headers});
      return [answer.status, await answer.json()];
    }"""
    status, answer = page.evaluate(script, [path, body])
    assert status < 300, (path, status, answer)
    return dict(answer)


def _open_by_code(page: Page, code: str) -> None:
    """No camera here: the code is typed, as on a phone whose camera is broken."""
    page.fill("[data-testid=scan-code]", code)
    page.press("[data-testid=scan-code]", "Enter")
    page.wait_for_selector("[data-testid^=action-]")


if __name__ == "__main__":
    sys.exit(main())
