"""What becomes of what went out with a shift, in whichever order its entries are heard of; when a shift is late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import InvalidInput
from assets.custody.rules import Entry
from assets.shifts import rules

START = datetime(2026, 11, 2, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def entry(name: str, kind: str, hours: float, person: int | None = None, corrects: str | None = None) -> Entry:
    return Entry(name, kind, START + hours * HOUR, person_id=person, corrects=corrects)


ISSUED = entry("i", "issue", 0, 7)
STORIES = {
    "nothing more": ([], rules.Fate("out", 7)),
    "returned": ([entry("r", "return", 3, 7)], rules.Fate("back", 7, START + 3 * HOUR)),
    "a mistaken return": ([entry("r", "return", 3, 7), entry("v", "void", 3, None, "r")], rules.Fate("out", 7)),
    "given to somebody else": ([entry("o", "issue", 2, 8)], rules.Fate("passed_on", 7, START + 2 * HOUR)),
    "issued again to the same": ([entry("a", "issue", 2, 7)], rules.Fate("out", 7)),
    "issued by mistake": ([entry("v", "void", 0, None, "i")], rules.Fate("annulled", None)),
    "it was somebody else": ([entry("c", "issue", 0, 9, "i")], rules.Fate("out", 9)),
    "returned and issued anew": (
        [entry("r", "return", 3, 7), entry("z", "issue", 5, 7)],
        rules.Fate("back", 7, START + 3 * HOUR),
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
@given(data=st.data())
def test_what_became_of_an_item_does_not_depend_on_the_order_of_hearing(story: str, data: st.DataObject) -> None:
    later, expected = STORIES[story]
    heard = data.draw(st.permutations([entry("b", "return", -5, 7), ISSUED, *later]))
    assert rules.fate("i", START, heard) == expected


def test_item_that_its_holder_took_on_the_next_shift_is_of_that_shift() -> None:
    entries = [ISSUED, entry("n", "issue", 24, 7)]
    assert rules.fate("i", START, entries, START + 24 * HOUR) == rules.Fate("passed_on", 7, START + 24 * HOUR)
    assert rules.fate("n", START + 24 * HOUR, entries) == rules.Fate("out", 7)


def test_what_was_returned_before_it_went_out_again_is_back() -> None:
    entries = [ISSUED, entry("r", "return", 8, 7), entry("n", "issue", 24, 7)]
    assert rules.fate("i", START, entries, START + 24 * HOUR).state == "back"


@pytest.mark.parametrize(
    ("hours", "out", "closed", "expected"),
    [(1, 2, None, "out"), (9, 2, None, "late"), (9, 0, None, "back"), (9, 0, START, "closed"), (9, 1, START, "late")],
)
def test_shift_is_late_only_while_something_is_out_after_its_end(
    hours: int, out: int, closed: datetime | None, expected: str
) -> None:
    assert rules.state(START + 8 * HOUR, out, closed, START + hours * HOUR) == expected


def test_shift_without_a_known_end_is_not_late() -> None:
    assert rules.state(None, 3, None, START + 900 * HOUR) == "out"


@pytest.mark.parametrize("hours", [0, -1, 24 * 15])
def test_shift_that_ends_before_it_begins_or_never_is_refused(hours: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.check_times(START, START + hours * HOUR)
    assert caught.value.fields[0].field == "ends_at"


def test_crew_is_each_person_once_and_somebody() -> None:
    assert rules.check_crew([" P-1 ", "P-2", "P-1", ""]) == ["P-1", "P-2"]
    for wrong in ([], ["  "], [f"P-{n}" for n in range(21)]):
        with pytest.raises(InvalidInput):
            rules.check_crew(wrong)
