"""The manual in the product: one's own role first, in one's own language; what it names is there and may be opened."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from assets.people.rules import ROLE_NAMES, Permission, Role, may
from assets.web import manual
from assets.web.auth import declared
from tests.support.manual import addresses
from tests.support.world import World
from tests.web.conftest import Browser

# The head of a picture of 390 by 844.
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x86\x00\x00\x03\x4c\x08\x03\x00\x00\x00"


def rights_of(web: Flask, address: str) -> tuple[Permission, ...] | None:
    """The rights of which one opens the page; () for everybody; None when there is no such page."""
    try:
        endpoint, _ = web.url_map.bind("").match(address, method="GET")
    except HTTPException:
        return None
    return declared(web.view_functions[endpoint])[1] or ()


@pytest.mark.parametrize("name", manual.NAMES)
def test_every_page_that_the_manual_names_is_a_page_of_the_product(name: str, web: Flask) -> None:
    found = addresses(manual.source("en", name) or "")
    assert found
    assert [address for address in found if rights_of(web, address) is None] == []


@pytest.mark.parametrize("role", list(Role))
def test_page_of_a_role_names_no_page_that_the_role_may_not_open(role: Role, web: Flask, world: World) -> None:
    actor = world.actors[role.value]
    shut = []
    for address in addresses(manual.source("en", manual.PAGE_OF[role.value]) or ""):
        rights = rights_of(web, address)
        if rights and not any(may(actor, right) for right in rights):
            shut.append(address)
    assert shut == []


def test_each_step_of_the_walk_is_done_by_a_role_that_may_open_its_pages(web: Flask, world: World) -> None:
    roles = {name.text: role for role, name in ROLE_NAMES.items()}
    steps = re.split(r"^## \d+\. ", manual.source("en", manual.GOING_LIVE) or "", flags=re.MULTILINE)[1:]
    assert len(steps) > 15
    shut = []
    for step in steps:
        actor = world.actors[roles[step.partition(":")[0]]]
        text = step.partition("\n## ")[0]
        for address in addresses(text):
            rights = rights_of(web, address)
            if rights and not any(may(actor, right) for right in rights):
                shut.append((step.partition("\n")[0], address))
    assert shut == []


@pytest.mark.parametrize("role", list(Role))
def test_help_begins_with_the_page_of_ones_own_role(role: Role, client_for: Callable[[str], Browser]) -> None:
    answer = client_for(role.value).get("/help")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert f"<h1>{ROLE_NAMES[role.value].text}</h1>" in text
    listed = re.findall(r'href="/help/([a-z-]+)"', text[text.index('id="manual"') :])
    assert listed[0] == manual.PAGE_OF[role.value]
    assert sorted(listed) == sorted(manual.NAMES)


@pytest.mark.parametrize(("language", "title"), [("ru", "Командир"), ("uz", "Komandir")])
def test_help_is_in_the_readers_language(language: str, title: str, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("commander")
    browser.post("/language", {"locale": language, "next": "/help"})
    assert f"<h1>{title}</h1>" in browser.get("/help").get_data(as_text=True)


@pytest.mark.parametrize("name", manual.NAMES)
def test_every_page_is_shown_and_nothing_of_its_markdown_is_left(
    name: str, client_for: Callable[[str], Browser]
) -> None:
    text = client_for("coordinator").get(f"/help/{name}").get_data(as_text=True)
    body = text[text.index("manual-text") : text.index('id="manual"')]
    assert "<p>" in body
    assert [left for left in ("**", "](", ".md", "../pictures", "# ") if left in body] == []


def test_there_is_no_other_page(client_for: Callable[[str], Browser]) -> None:
    browser = client_for("officer")
    for path in ("/help/nobody", "/help/..%2f..%2fREADME", "/help/pictures/nothing.png", "/help/pictures/..%2fx.png"):
        assert browser.get(path).status_code == 404, path


def test_help_is_for_those_who_signed_in(web: Flask) -> None:
    for path in ("/help", "/help/officer", "/help/pictures/fault-en.png"):
        assert "/login" in web.test_client().get(path).headers["Location"], path


def test_menu_leads_to_help(client_for: Callable[[str], Browser]) -> None:
    assert re.search(
        r'<nav class="nav".*href="/help"', client_for("donor").get("/summaries").get_data(as_text=True), re.S
    )


def test_address_is_a_link_only_for_whoever_may_open_it(client_for: Callable[[str], Browser]) -> None:
    link = '<a href="/map"><code>/map</code></a>'
    assert link in client_for("commander").get("/help/commander").get_data(as_text=True)
    shown = client_for("officer").get("/help/commander").get_data(as_text=True)
    assert "<code>/map</code>" in shown
    assert link not in shown


def test_pictures_are_served(client_for: Callable[[str], Browser]) -> None:
    browser = client_for("officer")
    there = sorted(manual.PICTURES.glob("*.png"))
    if not there:
        pytest.skip("`make docs` has not taken the pictures yet")
    with browser.get(f"/help/pictures/{there[0].name}") as answer:
        assert (answer.status_code, answer.data, answer.mimetype) == (200, there[0].read_bytes(), "image/png")


def test_picture_stands_in_its_size_and_its_words_where_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "fault-en.png").write_bytes(PNG)
    page = manual.page_of("en", "officer", lambda _: False, tmp_path)
    assert page is not None
    shown = re.findall(r"<img [^>]*>", page.body)
    assert len(shown) == 1
    assert {'src="/help/pictures/fault-en.png"', 'width="390"', 'height="844"', 'class="phone"'} <= set(
        shown[0].split()
    )
    assert "(Today, on the phone)" in page.body


def test_html_in_a_page_stays_text() -> None:
    tokens = manual.parsed("A <script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1))")
    html = manual._MARKDOWN.renderer.render(tokens, manual._MARKDOWN.options, {})
    assert "<script" not in html
    assert "<img" not in html
    assert "href" not in html
