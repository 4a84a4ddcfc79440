"""Addresses of the pages of a running demonstration, with the codes and numbers that it has."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, Page

from tests.e2e.conftest import Site
from tests.e2e.pages import FOUND_AT


class Places:
    """The demonstration as one person sees it in a browser; what was looked up once is kept."""

    def __init__(self, site: Site, context: BrowserContext) -> None:
        self.context = context
        self._site = site
        self._values: dict[str, str] = {}

    def filled(self, address: str) -> str:
        """The whole address of a page: what stands in {} is the code or number of something that is there."""
        for name in set(re.findall(r"{(\w+)}", address)) - self._values.keys():
            page = self.context.new_page()
            self._values[name] = _value(page, self._site, name)
            page.close()
        return f"{self._site.address}{address.format(**self._values)}"

    def value(self, name: str) -> str:
        """The code or number alone."""
        return self.filled(f"{{{name}}}").removeprefix(self._site.address)


def _value(page: Page, site: Site, name: str) -> str:
    if name == "reconciliation":
        return _reconciled(page, site)
    place, selector = FOUND_AT[name]
    page.goto(f"{site.address}{place}")
    link = page.locator(selector).first.get_attribute("href") or ""
    return link.partition("?")[0].removesuffix("/clearance").rstrip("/").rsplit("/", 1)[-1]


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
