"""What goes over the line is compressed for those who take it, says the same, and tells nothing by its length."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

from flask import Flask, Response

from assets.web.compression import compress_page
from tests.web.conftest import Browser

TAKES = {"Accept-Encoding": "gzip, deflate, br"}


def test_page_is_the_same_compressed_and_not(client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    plain, packed = browser.get("/account"), browser.get("/account", headers=TAKES)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert without_tokens(gzip.decompress(packed.data)) == without_tokens(plain.data)
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2
    assert all("Accept-Encoding" in answer.headers["Vary"] for answer in (plain, packed))


def without_tokens(page: bytes) -> bytes:
    """A page without what the second in which it was made has put into it."""
    return re.sub(rb'(csrf[-_]token" (?:content|value)=")[^"]+', rb"\1", page)


def test_length_of_a_page_differs_without_cause(web: Flask) -> None:
    page = "<!doctype html>" + "<p>The same words.</p>" * 500
    with web.test_request_context(headers=TAKES):
        answers = [compress_page(Response(page, mimetype="text/html")).get_data() for _ in range(30)]
    assert {gzip.decompress(answer) for answer in answers} == {page.encode()}
    assert len({len(answer) for answer in answers}) > 5


def test_files_that_are_handed_out_stay_as_they_are(client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    for path in ("/import/template?kind=assets&format=csv", "/api/v1/assets"):
        answer = browser.get(path, headers=TAKES)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers


def test_joined_files_are_kept_for_good_and_unknown_ones_are_not_there(
    web: Flask, client_for: Callable[[str], Browser]
) -> None:
    browser, version = client_for("logistics_officer"), web.extensions["static_version"]
    for name, kind in (("joined/en/scan/scan.js", "text/javascript"), ("joined/css/tokens+base.css", "text/css")):
        plain = browser.get(f"/static/{version}/{name}")
        packed = browser.get(f"/static/{version}/{name}", headers=TAKES)
        assert (plain.mimetype, packed.mimetype) == (kind, kind)
        assert "immutable" in packed.headers["Cache-Control"]
        assert packed.headers["X-Content-Type-Options"] == "nosniff"
        assert gzip.decompress(packed.data) == plain.data
        assert browser.get(f"/static/of-another-version/{name}").headers["Cache-Control"] == "no-cache"
    for name in ("joined/en/app.js", "joined/fr/scan/scan.js", "joined/css/none.css", "joined/"):
        assert browser.get(f"/static/{version}/{name}").status_code == 404
