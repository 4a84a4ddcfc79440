"""What a donor reads of a released summary: each figure with its making, hash, comparison, workbook, grey print."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from PIL import Image

from assets.core.app import App
from assets.registry.models import Asset
from assets.reports import release
from assets.reports.render.words import DEFINITIONS, FORMULAS
from tests.db.metrics.days import FIRST, SETUP, local, roll_up
from tests.db.reports.given import AFTER, DAYS, UNTIL, give
from tests.support.world import Clock, World

LATER = local(DAYS + 91 + 91, 9)
LATER_UNTIL = UNTIL + timedelta(days=90)
Clients = Callable[[str], Any]


@pytest.fixture
def two(sqlite_app: App, world: World, clock: Clock) -> tuple[int, int]:
    """Two released summaries of quarters that follow each other; in the second much is lost and little is known."""
    give(sqlite_app, world)
    first = _released(sqlite_app, world, clock, AFTER, (FIRST, UNTIL))
    with sqlite_app.transaction(SETUP, LATER) as session:
        for asset in session.query(Asset).order_by(Asset.id).limit(20):
            asset.life = "lost"
    roll_up(sqlite_app, LATER)
    return first, _released(sqlite_app, world, clock, LATER, (UNTIL, LATER_UNTIL))


@pytest.fixture
def app(sqlite_app: App) -> App:
    """What is read does not depend on the engine: the figures are frozen."""
    return sqlite_app


def _released(app: App, world: World, clock: Clock, now: datetime, period: tuple[date, date]) -> int:
    clock.now = now
    drafter, approver = world.actors["coordinator"], world.actors["approver"]
    with app.transaction(drafter, now) as session:
        made = release.draft_summary(session, drafter, donor_code="JPN", first=period[0], until=period[1], now=now)
    with app.transaction(approver, now) as session:
        release.approve_summary(session, approver, made.id, now, shown_sha256=made.sha256)
    return made.id


def text_of(browser: Any, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return unescape(str(answer.get_data(as_text=True)))


def plain(markup: str) -> str:
    """The words of a piece of a page, without what opens on demand."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"</?summary>|<p>.*?</dl>", "", markup, flags=re.DOTALL)).split())


def tables(page: str) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Caption, heads and rows of each table, the cells as markup."""
    for table in re.findall(r"<table.*?</table>", page, re.DOTALL):
        caption = plain(re.findall(r"<caption[^>]*>(.*?)</caption>", table, re.DOTALL)[0])
        head, *rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
        cells = [[cell for _, cell in re.findall(r"<(th|td)\b[^>]*>(.*?)</\1>", row, re.DOTALL)] for row in rows]
        yield caption, [plain(cell) for _, cell in re.findall(r"<(th|td)\b[^>]*>(.*?)</\1>", head, re.DOTALL)], cells


def explanations(markup: str) -> list[dict[str, str]]:
    """What opens beside figures: their definition and facts by label."""
    found = []
    for block in re.findall(r'<details class="explained">(.*?)</details>', markup, re.DOTALL):
        facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", block, re.DOTALL))
        definition, formula = re.findall(r"<p>(.*?) <em>(.*?)</em></p>", block, re.DOTALL)[0]
        found.append({"definition": definition, "formula": formula, **facts})
    return found


def numbers(text: str) -> list[float]:
    """The numbers in words of a page; a minus may be the typographical one."""
    return [float(n.replace(",", "")) for n in re.findall(r"-?\d[\d,]*\.?\d*", text.replace("−", "-"))]


def percent(share: float | None) -> str:
    return "–" if share is None else f"{round(round(share, 3) * 100, 1):g} %"


def made_of_is(measure: dict[str, Any], words: str) -> bool:
    """Whether the words give numerator and denominator, or say that there are too few to give them."""
    if measure["hidden"]:
        return words == "fewer than 3 items or cases"
    return {measure["numerator"], measure["denominator"]} <= set(numbers(words))


def test_every_figure_of_a_summary_opens_to_definition_numerator_denominator_and_coverage(
    two: tuple[int, int], client_for: Clients, api: Clients
) -> None:
    donor, program = client_for("donor"), api("donor")
    for summary in two:
        measures = {m["code"]: m for m in program.get(f"/summaries/{summary}").get_json()["figures"]["measures"]}
        page = text_of(donor, f"/summaries/{summary}")
        beside = explanations(page)
        by_definition = {str(DEFINITIONS[code][1]): code for code in measures}
        for found in beside:
            code = by_definition[found["definition"]]
            assert found["formula"] == str(FORMULAS[code])
            assert made_of_is(measures[code], found["Made of"]), (code, found)
            assert found["Data cover"] == percent(measures[code]["coverage"]), code
        # A measure that stands in no table of its own has its row in Annex B, which every reader gets.
        annex = next(table for table in tables(page) if table[1][1:3] == ["Definition", "Formula"])
        rows = {plain(row[0]): [plain(cell) for cell in row] for row in annex[2]}
        for code, measure in measures.items():
            name, definition, formula, made_of, cover = rows[str(DEFINITIONS[code][0])]
            assert (definition, formula) == (str(DEFINITIONS[code][1]), str(FORMULAS[code])), name
            assert made_of_is(measure, made_of), name
            assert cover == percent(measure["coverage"]), name


def test_no_figure_stands_on_the_page_without_its_explanation_beside_it(
    two: tuple[int, int], client_for: Clients
) -> None:
    page = text_of(client_for("donor"), f"/summaries/{two[0]}")
    measured = [
        row for _, heads, rows in tables(page) if heads[:3] == ["Measure", "This period", "Made of"] for row in rows
    ]
    assert len(measured) >= 10
    assert all(len(explanations(row[0])) == 1 for row in measured)
    answers = {plain(a[0]): a[1] for a in re.findall(r"<article>\s*(<h3>.*?</h3>)(.*?)</article>", page, re.DOTALL)}
    assert len(answers) == 7
    told = {question: len(explanations(body)) for question, body in answers.items() if 'class="figure"' in body}
    # Results are counts of operations, no measure: their line says of how many they are, and section 8 has each.
    assert told.pop("What were the results?") == 0
    assert "seizures in 22 closed operations" in answers["What were the results?"]
    assert len(told) == 4
    assert all(told.values())


def test_comparison_says_value_change_and_target_of_every_measure(
    two: tuple[int, int], client_for: Clients, api: Clients
) -> None:
    first, second = two
    donor, program = client_for("donor"), api("donor")
    figures = {n: program.get(f"/summaries/{n}").get_json()["figures"] for n in two}
    seen = set()
    for now, past, address in (
        (second, first, f"/summaries/{second}/compare"),
        (second, first, f"/summaries/{second}/compare?with={first}"),
        (first, second, f"/summaries/{first}/compare?with={second}"),
    ):
        ((_, heads, rows),) = tables(text_of(donor, address))
        assert [heads[n] for n in (0, 1, 3, 4)] == ["Measure", "This period", "Difference", "Plan"]
        told = {plain(row[0]): [plain(cell) for cell in row[1:]] for row in rows}
        before = {m["code"]: m for m in figures[past]["measures"]}
        plans = {p["code"]: p["value"] for p in figures[now]["plans"] if not p["class_name"]}
        assert len(told) == len(before) == len(figures[now]["measures"])
        for measure in figures[now]["measures"]:
            shown, other, change, plan = told[str(DEFINITIONS[measure["code"]][0])]
            seen.add(change[0])
            _is_value(shown, measure)
            _is_value(other, before[measure["code"]])
            _is_change(change, before[measure["code"]], measure)
            target = plans.get(measure["code"])
            assert plan == percent(target), measure["code"]
            if target is not None:
                assert measure["unit"] == "share"
    assert seen == {"+", "−", "±", "–"}, "more, less, the same, and not to be said"


def _is_value(words: str, measure: dict[str, Any]) -> None:
    value = measure["value"]
    if measure["hidden"] or value is None:
        assert not numbers(words), words
    else:
        assert numbers(words)[0] == pytest.approx(value * (100 if measure["unit"] == "share" else 1), abs=0.051), words


def _is_change(words: str, past: dict[str, Any], now: dict[str, Any]) -> None:
    if past["value"] is None or now["value"] is None:
        assert words == "–"
        return
    step = (now["value"] - past["value"]) * (100 if now["unit"] == "share" else 1)
    assert numbers(words.replace("−", "-").replace("+", "").replace("±", ""))[0] == pytest.approx(step, abs=0.051)
    assert words.endswith(" points") == (now["unit"] == "share")


def test_first_summary_says_that_there_is_nothing_to_compare_with(two: tuple[int, int], client_for: Clients) -> None:
    page = text_of(client_for("donor"), f"/summaries/{two[0]}/compare")
    assert "Nothing to compare with" in page
    assert list(tables(page)) == []
    assert client_for("donor").get(f"/summaries/{two[0]}/compare?with=9999").status_code == 400


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
            printed = _pages_of(answer.get_data())
            assert len(printed) >= 6
            assert all(sha256[:16] in words for words in printed), lang
            # That of the file itself goes with it, and is another.
            assert re.fullmatch("[0-9a-f]{64}", answer.headers["X-Content-SHA256"])
            assert answer.headers["X-Content-SHA256"] != sha256


def _pages_of(pdf: bytes) -> list[str]:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode().split("\f")[:-1]


def test_hash_on_the_page_changes_with_each_word(app: App, world: World, clock: Clock, client_for: Clients) -> None:
    clock.now = AFTER
    give(app, world)
    drafter = world.actors["coordinator"]
    with app.transaction(drafter, AFTER) as session:
        made = release.draft_summary(session, drafter, donor_code="JPN", first=FIRST, until=UNTIL, now=AFTER)
    browser, found = client_for("coordinator"), []
    for words in ("Tyres are worn.", "Tyres are worn!"):
        page = text_of(browser, f"/summaries/{made.id}").replace("<wbr>", "")
        found += re.findall(r"<code>([0-9a-f]{64})</code>", page)
        browser.post(f"/summaries/{made.id}/words", {"shown": found[-1], "problems": words})
    page = text_of(browser, f"/summaries/{made.id}").replace("<wbr>", "")
    found += re.findall(r"<code>([0-9a-f]{64})</code>", page)
    assert len(set(found)) == 3


BOX = re.compile(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>')
DOTS_PER_INCH = 200
# WCAG AA for text; of what is printed grey only lightness is left.
READABLE = 4.5


def test_every_word_of_the_print_is_readable_in_grey(two: tuple[int, int], client_for: Clients, tmp_path: Path) -> None:
    pdf = tmp_path / "summary.pdf"
    pdf.write_bytes(client_for("donor").get(f"/summaries/{two[0]}/file.pdf").get_data())
    subprocess.run(["pdftoppm", "-gray", "-r", str(DOTS_PER_INCH), pdf, tmp_path / "page"], check=True)
    done = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, check=True)
    boxes = [BOX.findall(page) for page in done.stdout.decode().split("<page ")[1:]]
    pictures = [Image.open(path) for path in sorted(tmp_path.glob("page*.pgm"))]
    assert len(pictures) == len(boxes) >= 6
    assert all(picture.mode == "L" for picture in pictures)
    seen, faint = 0, []
    for picture, words in zip(pictures, boxes, strict=True):
        for *corners, word in words:
            if not re.search(r"\w", word):
                continue
            lowest, highest = picture.crop(_on_paper(corners)).getextrema()
            seen += 1
            if (_lightness(highest) + 0.05) / (_lightness(lowest) + 0.05) < READABLE:
                faint.append(word)
    assert seen > 1000
    assert faint == []


def _on_paper(corners: list[str]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (float(part) * DOTS_PER_INCH / 72 for part in corners)
    return int(left), int(top), round(right + 1), round(bottom + 1)


def _lightness(grey: Any) -> float:
    part = float(grey) / 255
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def test_state_against_the_plan_is_printed_as_words_and_not_as_a_colour(
    two: tuple[int, int], client_for: Clients, api: Clients
) -> None:
    donor = client_for("donor")
    page = text_of(donor, f"/summaries/{two[0]}")
    marks = [plain(mark) for mark in re.findall(r'<span class="state \w+">(.*?)</span>', page, re.DOTALL)]
    bands = {"80 % of plan or more", "50 to 80 % of plan", "below 50 % of plan", "unknown"}
    against = [mark for mark in marks if mark in bands]
    assert len(against) == 4
    printed = " ".join(_pages_of(donor.get(f"/summaries/{two[0]}/file.pdf").get_data())[0].split())
    # The key under the answers names each band once more.
    for band in bands - {"unknown"}:
        assert printed.count(band.removesuffix(" of plan")) == against.count(band) + 1, band
