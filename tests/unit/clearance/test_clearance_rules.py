"""When somebody can be entered as gone, and when his clearance ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from assets.clearance.rules import MUST_END, Kind, check_close, is_overridden
from assets.core.errors import RuleViolation

TODAY = date(2026, 11, 2)


@pytest.mark.parametrize("days", [0, -1, -30])
def test_who_still_has_something_is_not_gone_without_a_reason(days: int) -> None:
    left_on = TODAY + timedelta(days=days)
    with pytest.raises(RuleViolation) as caught:
        is_overridden(left_on, TODAY, 2, "")
    assert caught.value.code == "still_holds"
    assert [each.field for each in caught.value.fields] == ["override_reason"]
    assert is_overridden(left_on, TODAY, 2, "Dismissed; the rest is searched for")


def test_a_day_ahead_is_announced_whatever_he_holds() -> None:
    assert not is_overridden(TODAY + timedelta(days=1), TODAY, 5, "")


def test_who_has_nothing_needs_no_reason_and_none_counts() -> None:
    assert not is_overridden(TODAY, TODAY, 0, "Because")
    check_close(0)


def test_a_clearance_ends_only_when_nothing_is_left() -> None:
    with pytest.raises(RuleViolation) as caught:
        check_close(1)
    assert caught.value.code == "still_holds"


def test_a_repair_goes_on_without_who_reported_it() -> None:
    assert set(Kind) - MUST_END == {Kind.WORK_ORDER}
