"""The service worker as it is served: its version, that all it keeps is there, and pages without anybody's words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from assets.web.views.service_worker import OFFLINE_PAGES
from tests.support.engines import ON_ONE_ENGINE
from tests.web.conftest import Browser

pytestmark = ON_ONE_ENGINE


def offline(text: str) -> dict[str, Any]:
    found = re.search(r"^self\.OFFLINE = \{ \.\.\.(.*), send: \w+ \};$", text, re.MULTILINE)
    assert found
    told: dict[str, Any] = json.loads(found.group(1))
    return told


def test_worker_is_for_the_whole_site_and_asked_for_anew(web: Flask) -> None:
    answer = web.test_client().get("/sw.js")
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert (answer.headers["Cache-Control"], answer.headers["Service-Worker-Allowed"]) == ("no-cache", "/")


def test_browsers_without_modules_in_workers_get_one_that_imports_nothing(web: Flask) -> None:
    client = web.test_client()
    whole, plain = (client.get(path).get_data(as_text=True) for path in ("/sw.js", "/sw.js?plain"))
    assert whole.startswith("import {")
    assert "send: sendInBackground" in whole
    assert not re.search(r"^import|^export", plain, re.MULTILINE)
    assert "send: null" in plain


def test_everything_that_it_keeps_is_there(web: Flask, client_for: Callable[[str], Browser]) -> None:
    client = web.test_client()
    told = offline(client.get("/sw.js").get_data(as_text=True))
    joined = [address for addresses in told["joined"].values() for address in addresses]
    for address in [*told["shell"], *told["reader"], *joined]:
        answer = client.get(address)
        assert (address, answer.status_code) == (address, 200)
        assert "immutable" in answer.headers["Cache-Control"]
        answer.close()
    assert told["pages"] == list(OFFLINE_PAGES)
    browser = client_for("logistics_officer")
    for path in told["pages"]:
        assert (path, browser.get(path).status_code) == (path, 200)


@pytest.mark.parametrize("path", ["/scan", "/offline"])
def test_kept_page_takes_no_word_that_waits_for_its_person(path: str, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    with browser.client.session_transaction() as session:
        session["_flashes"] = [("ready", "Said once")]
    kept = browser.get(path, headers={"X-Kept-Page": "1"}).get_data(as_text=True)
    assert "Said once" not in kept
    assert "Said once" in browser.get(path).get_data(as_text=True)
