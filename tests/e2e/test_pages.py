"""Every page of the running demonstration: usable by everyone, without an error, without sideways scroll."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from assets.demo.programme import PASSWORD
from tests.e2e.conftest import DESKTOP, Site, sign_in
from tests.e2e.pages import FOUND_AT, PAGES

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("demo")]
AXE = next((Path(__file__).parent / "vendor").glob("axe-core-*/axe.min.js"))
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def looking(demo: Site, browser: Browser) -> Iterator[Any]:
    """Gives a context signed in as a login, in light or dark; sign-ins are kept for the module."""
    contexts: dict[tuple[str, str], BrowserContext] = {}

    def as_login(login: str, scheme: str) -> BrowserContext:
        key = (login, scheme)
        if key not in contexts:
            context = browser.new_context(viewport=DESKTOP, color_scheme=scheme)  # type: ignore[arg-type]  # light or dark
            if login:
                page = context.new_page()
                sign_in(page, demo.address, login, PASSWORD)
                page.close()
            contexts[key] = context
        return contexts[key]

    yield as_login
    for context in contexts.values():
        context.close()


def filled(address: str, context: BrowserContext, site: Site) -> str:
    """The address of a page with the code or number of something that the running demonstration has."""
    names = re.findall(r"{(\w+)}", address)
    if not names:
        return address
    page = context.new_page()
    values = {name: _value(page, site, name) for name in names}
    page.close()
    return address.format(**values)


def _value(page: Page, site: Site, name: str) -> str:
    if name == "reconciliation":
        return _reconciled(page, site)
    place, selector = FOUND_AT[name]
    page.goto(f"{site.address}{place}")
    link = page.locator(selector).first.get_attribute("href") or ""
    return link.partition("?")[0].rstrip("/").rsplit("/", 1)[-1]


def _reconciled(page: Page, site: Site) -> str:
    """A paper list of a team held against the register: one item that it lacks, one under another name, all others."""
    page.goto(f"{site.address}/assets?class=ident.raman")
    code = (page.locator("a.row-link").first.get_attribute("href") or "").rsplit("/", 1)[-1]
    paper = f"code,class,unit,condition\n{code},ident.raman,IMT-SU,D\n,ident.xrf,IMT-SU,\n"
    page.goto(f"{site.address}/reconcile")
    page.set_input_files("[name=table]", {"name": "paper.csv", "mimeType": "text/csv", "buffer": paper.encode()})
    page.click("main form button.primary")
    page.wait_for_url(re.compile(r"/reconcile/[0-9a-f-]{36}"))
    return page.url.partition("?")[0].rsplit("/", 1)[-1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "address", "login"), PAGES, ids=str)
def test_page_is_usable_by_everyone(name: str, address: str, login: str, scheme: str, demo: Site, looking: Any) -> None:
    context = looking(login, scheme)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    answer = page.goto(f"{demo.address}{filled(address, context, demo)}")
    page.wait_for_load_state("load")
    found = page.evaluate(f"{AXE.read_text()}; axe.run(document, {{resultTypes: ['violations']}})")
    wide = [_overflow(page, width) for width in (390, 360)]
    page.close()
    assert answer is not None
    assert answer.status == (404 if name == "missing" else 200)
    serious = [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found["violations"] if v["impact"] in SERIOUS]
    assert not serious
    assert wide == [0, 0], "it scrolls sideways on a phone"
    assert not [text for text in problems if name != "missing"]


def _overflow(page: Page, width: int) -> int:
    page.set_viewport_size({"width": width, "height": 800})
    script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return max(0, int(page.evaluate(script)))
