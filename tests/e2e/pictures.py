"""Takes the pictures of the main pages for the docs: `python -m tests.e2e.pictures FOLDER [--address URL]`.

Without an address it makes and starts a demonstration of its own.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

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
from tests.e2e.pages import MAIN_PAGES, MORE_PAGES
from tests.e2e.test_pages import filled

SIZES = {"phone": PHONE, "desktop": DESKTOP}
COLOURS = 128


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every picture was taken."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--address", help="of a running demonstration")
    parser.add_argument("--all", action="store_true", help="every page, in light and dark")
    chosen = parser.parse_args(arguments)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    if chosen.address:
        _take(Site(chosen.address, Path()), chosen.folder, everything=chosen.all)
        return 0
    with tempfile.TemporaryDirectory() as data_dir:
        port = free_port()
        command = [sys.executable, "-m", "assets", "demo", "--port", str(port), "--data-dir", data_dir]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            await_health(process, f"http://127.0.0.1:{port}", DEMO_START_S)
            _take(Site(f"http://127.0.0.1:{port}", Path(data_dir)), chosen.folder, everything=chosen.all)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)
    return 0


def _take(site: Site, folder: Path, *, everything: bool) -> None:
    pages = [*MAIN_PAGES, *MORE_PAGES] if everything else MAIN_PAGES
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        for scheme in ("light", "dark") if everything else ("light",):
            for login in dict.fromkeys(login for _, _, login in pages):
                _as(browser, site, folder, login, scheme, [p for p in pages if p[2] == login])
        browser.close()


def _as(
    browser: Browser, site: Site, folder: Path, login: str, scheme: str, pages: Sequence[tuple[str, str, str]]
) -> None:
    context = browser.new_context(color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]  # light or dark
    page = context.new_page()
    if login:
        sign_in(page, site.address, login, PASSWORD)
    for name, address, _ in pages:
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)  # type: ignore[arg-type]  # a width and a height
            page.goto(f"{site.address}{filled(address, context, site)}")
            page.wait_for_load_state("networkidle")
            if name == "scan":
                _open_by_code(page, context, site)
            target = folder / f"{name}-{size}{'' if scheme == 'light' else '-dark'}.png"
            page.screenshot(path=target)
            # Few colours: the pictures are part of the repository.
            Image.open(target).convert("RGB").quantize(COLOURS).save(target, optimize=True)
    context.close()


def _open_by_code(page: Page, context: BrowserContext, site: Site) -> None:
    """No camera here: the code is typed, as on a phone whose camera is broken."""
    page.fill("[data-testid=scan-code]", filled("{asset}", context, site))
    page.press("[data-testid=scan-code]", "Enter")
    page.wait_for_selector("[data-testid^=action-]")


if __name__ == "__main__":
    sys.exit(main())
