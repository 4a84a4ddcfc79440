"""Each figure of a summary opens to its making, beside it, and to its days for those who may see them."""

from __future__ import annotations

import re
from typing import Any

from assets.reports.render.words import DEFINITIONS, FORMULAS
from tests.db.metrics.days import FIRST
from tests.db.reports.given import UNTIL
from tests.web.reports.released.markup import Clients, explanations, numbers, percent, plain, tables, text_of


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


def test_figure_opens_to_its_making_and_to_its_days_for_those_who_may_see_them(
    released: int, client_for: Clients
) -> None:
    donor = client_for("donor").get(f"/summaries/{released}").get_data(as_text=True)
    assert "days used / days with data that were not off the road" in donor
    assert "/utilisation/days" not in donor
    approver = client_for("approver")
    days = f"/utilisation/days?kind=used&amp;from={FIRST}&amp;to={UNTIL}"
    assert days in approver.get(f"/summaries/{released}").get_data(as_text=True)
    assert approver.get(days.replace("&amp;", "&")).status_code == 200
