"""Codes of hidden operations leave nothing behind, and nothing else is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.operations.rules.masking import MASK, Masking

HIDDEN = ["LOLA-1", "LOLA-1/b", "7", "Zarafshon.9"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"operation": "LOLA-1", "count": 3}, {"operation": MASK, "count": 3}),
        ({"use": {"operation": "lola-1"}}, {"use": {"operation": MASK}}),
        ({"operation": "7", "grade": "7"}, {"operation": MASK, "grade": "7"}),
        ({"operation": ["", "7"]}, {"operation": ["", MASK]}),
        ([[2, "operation", "7"], [3, "lot", "7"]], [[2, "operation", MASK], [3, "lot", "7"]]),
        ("seen in ZARAFSHON.9, twice", f"seen in {MASK}, twice"),
        ("LOLA-1/b.", f"{MASK}."),
        ("LOLA-12 and LOLA-1-2 and XLOLA-1", "LOLA-12 and LOLA-1-2 and XLOLA-1"),
        ("LOLA-1.pdf, scan_lola-1_page.PNG", f"{MASK}.pdf, scan_{MASK}_page.PNG"),
        ("LOLA-1-report and LOLA-1_2", f"{MASK}-report and LOLA-1_2"),
        ({"operation": None, "n": 1.5, "b": True}, {"operation": None, "n": 1.5, "b": True}),
    ],
)
def test_code_is_masked_where_it_stands_for_the_operation(value: Any, shown: Any) -> None:
    assert Masking(HIDDEN).masked(value) == shown


codes = st.text("abcXYZ019-./", min_size=4, max_size=12).filter(lambda code: code[0].isalnum() and code[-1].isalnum())
shapes = st.recursive(
    st.none() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["operation", "use", "n"]), inner),
)


@given(codes, shapes)
def test_no_hidden_code_survives_as_a_word_and_nothing_hidden_changes_nothing(code: str, value: Any) -> None:
    told = {"value": value, "operation": code, "note": f"({code}) {code}", "list": [code, {"x": code}]}
    assert code.casefold() not in json.dumps(Masking([code]).masked(told)["list"]).casefold()
    assert Masking([code]).masked(told)["operation"] == MASK
    assert Masking([code]).masked(told)["note"] == f"({MASK}) {MASK}"
    if code.casefold() not in json.dumps(value, ensure_ascii=False).casefold():
        assert Masking([code]).masked(told)["value"] == value
    assert Masking([]).masked(told) == told
