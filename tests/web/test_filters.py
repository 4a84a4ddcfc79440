"""The filters above lists: a browser sends them however few of their fields are filled in."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

from flask import Flask

from tests.web.conftest import Browser


class Filters(HTMLParser):
    """How many filters a page has, and which of their fields a browser would insist on."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found, self.demanded = 0, list[str]()
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._inside = "filters" in (given.get("class") or "").split()
            self.found += self._inside
        elif self._inside and tag in {"input", "select"} and "required" in given:
            self.demanded.append(str(given.get("name")))

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"


def test_no_filter_demands_anything(web: Flask, client_for: Callable[[str], Browser]) -> None:
    demanded, seen = {}, 0
    for role in ("coordinator", "administrator", "approver"):
        browser = client_for(role)
        for rule in web.url_map.iter_rules():
            if "GET" not in (rule.methods or set()) or rule.arguments or rule.rule.startswith("/api/"):
                continue
            answer = browser.get(rule.rule)
            if answer.mimetype == "text/html" and answer.status_code == 200:
                filters = Filters(answer.get_data(as_text=True))
                seen += filters.found
                if filters.demanded:
                    demanded[rule.rule] = filters.demanded
    assert seen > 20
    assert not demanded
