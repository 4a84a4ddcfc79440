"""A summary beside another: each value, its change and its target, and nothing that cannot be said."""

from __future__ import annotations

from typing import Any

import pytest

from assets.reports.render.words import DEFINITIONS
from tests.web.reports.released.markup import Clients, numbers, percent, plain, tables, text_of


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
