"""Every page of the running demonstration: usable by everyone, without an error, without sideways scroll."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from assets.demo.programme import PASSWORD
from tests.e2e.conftest import DESKTOP, Site, sign_in
from tests.e2e.pages import PAGES
from tests.e2e.places import Places

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("demo")]
AXE = next((Path(__file__).parent / "vendor").glob("axe-core-*/axe.min.js"))
SERIOUS = {"serious", "critical"}


class Looking:
    """Looks at the running demonstration as its people, each of whom signs in once."""

    def __init__(self, demo: Site, browser: Browser) -> None:
        self._demo = demo
        self._browser = browser
        self._places: dict[str, Places] = {}

    def of(self, login: str) -> Places:
        """The demonstration as this login sees it; as nobody for an empty one."""
        if login not in self._places:
            # A colour that still fades into another would be measured on its way.
            context = self._browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
            self._places[login] = Places(self._demo, context)
            if login:
                page = context.new_page()
                sign_in(page, self._demo.address, login, PASSWORD)
                page.close()
        return self._places[login]

    def close(self) -> None:
        for places in self._places.values():
            places.context.close()


@pytest.fixture(scope="module")
def looking(demo: Site, browser: Browser) -> Iterator[Looking]:
    looking = Looking(demo, browser)
    yield looking
    looking.close()


@pytest.mark.parametrize(("name", "address", "login"), PAGES, ids=str)
def test_page_is_usable_by_everyone(name: str, address: str, login: str, looking: Looking) -> None:
    places = looking.of(login)
    page = places.context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    answer = page.goto(places.filled(address))
    page.wait_for_load_state("load")
    page.evaluate(AXE.read_text())
    serious = _serious(page, "{}")
    page.emulate_media(color_scheme="dark")
    serious += _serious(page, "{runOnly: ['cat.color']}")  # the other rules do not look at colours
    wide = [_overflow(page, width) for width in (390, 360)]
    page.close()
    assert answer is not None
    assert answer.status == (404 if name == "missing" else 200)
    assert not serious
    assert wide == [0, 0], "it scrolls sideways on a phone"
    assert not [text for text in problems if name != "missing"]


def _serious(page: Page, options: str) -> list[str]:
    """What is wrong on the page as it looks now, for some of those who use it."""
    found = page.evaluate(f"axe.run(document, {{resultTypes: ['violations'], ...{options}}})")["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in SERIOUS]


def _overflow(page: Page, width: int) -> int:
    page.set_viewport_size({"width": width, "height": 800})
    script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return max(0, int(page.evaluate(script)))
