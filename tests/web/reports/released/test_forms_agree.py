"""Page, workbook, file and print of a summary say the same, under one hash."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from assets.core.app import App
from assets.reports import release
from tests.db.reports.given import AFTER, give
from tests.support.world import Clock, World
from tests.web.reports.conftest import drafted
from tests.web.reports.released.markup import Clients, numbers, pages_of, plain, tables, text_of


def test_workbook_opens_and_its_numbers_are_those_of_the_page(two: tuple[int, int], client_for: Clients) -> None:
    donor = client_for("donor")
    for summary in two:
        book = load_workbook(BytesIO(donor.get(f"/summaries/{summary}/file.xlsx").get_data()))
        sheets = {sheet["A1"].value: sheet for sheet in book.worksheets}
        page, compared = text_of(donor, f"/summaries/{summary}"), 0
        for caption, heads, rows in tables(page):
            sheet = sheets[caption]
            lines = [list(line[: len(heads)]) for line in sheet.iter_rows(min_row=4, max_row=4 + len(rows))]
            assert [cell.value for cell in lines[0]] == heads, caption
            assert sheet.max_row == 4 + len(rows), caption
            for shown, line in zip(rows, lines[1:], strict=True):
                for markup, cell in zip(shown, line, strict=True):
                    compared += _agree(plain(markup), cell.value, cell.number_format)
        assert compared > 90
        questions = {sheet_row[0].value: sheet_row[1].value for sheet_row in book.worksheets[0].iter_rows()}
        for question, body in re.findall(r"<article>\s*<h3>(.*?)</h3>(.*?)</article>", page, re.DOTALL):
            figure = re.findall(r'class="figure">(.*?)</div>', body)
            form = "0.0%" if figure and "%" in figure[0] else "General"
            _agree(figure[0] if figure else "", questions[question], form)


def _agree(shown: str, value: Any, form: str) -> int:
    """Whether a cell of the workbook says what the page says; 1 for a number, 0 for words."""
    if isinstance(value, int | float):
        (number,) = numbers(shown)
        # Within half of the last digit that the page shows.
        digits = len(re.findall(r"\.(\d+)", shown)[0]) if "." in shown else 0
        assert value * (100 if "%" in form else 1) == pytest.approx(number, abs=0.5 * 10**-digits + 1e-9), shown
        return 1
    assert " ".join(str(value or "").split()) == ("" if shown == "–" and not value else shown)
    return 0


def test_hash_of_the_figures_stands_on_the_page_in_the_file_and_on_every_printed_page(
    two: tuple[int, int], client_for: Clients, api: Clients
) -> None:
    donor, program = client_for("donor"), api("donor")
    hashes = {n: program.get(f"/summaries/{n}").get_json()["sha256"] for n in two}
    assert len(set(hashes.values())) == 2
    for summary, sha256 in hashes.items():
        assert re.fullmatch("[0-9a-f]{64}", sha256)
        page = text_of(donor, f"/summaries/{summary}").replace("<wbr>", "")
        assert f"Hash of the frozen figures (SHA-256): <code>{sha256}</code>" in page
        assert json.loads(donor.get(f"/summaries/{summary}/file.json").get_data())["sha256"] == sha256
        for lang in release.LANGUAGES:
            answer = donor.get(f"/summaries/{summary}/file.pdf?lang={lang}")
            printed = pages_of(answer.get_data())
            assert len(printed) >= 6
            assert all(sha256[:16] in words for words in printed), lang
            # That of the file itself goes with it, and is another.
            assert re.fullmatch("[0-9a-f]{64}", answer.headers["X-Content-SHA256"])
            assert answer.headers["X-Content-SHA256"] != sha256


def test_hash_on_the_page_changes_with_each_word(app: App, world: World, clock: Clock, client_for: Clients) -> None:
    clock.now = AFTER
    give(app, world)
    number = drafted(app, world)
    browser, found = client_for("coordinator"), []
    for words in ("Tyres are worn.", "Tyres are worn!"):
        page = text_of(browser, f"/summaries/{number}").replace("<wbr>", "")
        found += re.findall(r"<code>([0-9a-f]{64})</code>", page)
        browser.post(f"/summaries/{number}/words", {"shown": found[-1], "problems": words})
    page = text_of(browser, f"/summaries/{number}").replace("<wbr>", "")
    found += re.findall(r"<code>([0-9a-f]{64})</code>", page)
    assert len(set(found)) == 3
