"""Which backups are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.safekeeping.log import Made
from assets.safekeeping.retention import Keep, parse, to_remove
from assets.settings import SettingsError

START = datetime(2026, 1, 1, 21, tzinfo=UTC)
TASHKENT = ZoneInfo("Asia/Tashkent")


def _made(hours: int, *, proven: bool = True, kind: str = "nightly") -> Made:
    at = START + timedelta(hours=hours)
    return Made(f"/b/{hours}-{kind}", kind, at, 1, "", 1.0, at if proven else None, "", 1, ("0002", "0001"))


def _kept(made: list[Made], keep: Keep) -> list[Made]:
    gone = to_remove(made, keep, TASHKENT)
    return [one for one in made if one not in gone]


def test_newest_of_each_day_and_of_each_week_stays() -> None:
    made = [_made(24 * day) for day in range(40)]
    kept = _kept(made, Keep(7, 4))
    assert [one.file for one in kept[-7:]] == [one.file for one in made[-7:]]
    assert len(kept) in {7 + 2, 7 + 3}, "the newest of one or two of the four weeks are among the seven days"
    assert kept[0].made_at >= made[-1].made_at - timedelta(weeks=4)


def test_backups_before_upgrades_outlive_the_routine_ones() -> None:
    before = [_made(1, kind="before-upgrade"), _made(2, kind="before-upgrade"), _made(3, kind="before-upgrade")]
    kept = _kept([*before, *(_made(24 * day) for day in range(5, 60))], Keep(2, 1))
    assert before[1:] == kept[:2]


backups = st.lists(
    st.builds(
        _made,
        st.integers(0, 24 * 100),
        proven=st.booleans(),
        kind=st.sampled_from(["nightly", "asked", "before-upgrade"]),
    ),
    unique_by=lambda one: one.file,
    max_size=40,
)


@given(backups, st.integers(1, 20), st.integers(0, 10))
def test_last_proven_one_never_goes_nor_anything_newer(made: list[Made], days: int, weeks: int) -> None:
    kept = _kept(made, Keep(days, weeks))
    proven = [one for one in made if one.proven_at]
    if not proven:
        assert kept == made, "without a proven one every attempt is kept"
        return
    last = max(one.made_at for one in proven)
    assert all(one in kept for one in made if one.made_at >= last)
    assert _kept(kept, Keep(days, weeks)) == kept, "doing it twice removes no more"


@pytest.mark.parametrize(("words", "keep"), [("14d 8w", Keep(14, 8)), (" 1d ", Keep(1, 0)), ("3d   0w", Keep(3, 0))])
def test_setting_is_days_and_weeks(words: str, keep: Keep) -> None:
    assert parse(words) == keep


@pytest.mark.parametrize("words", ["", "0d", "8w", "d", "-1d", "14", "14d 8", "99999d"])
def test_setting_that_would_keep_nothing_or_says_nothing_is_refused(words: str) -> None:
    with pytest.raises(SettingsError, match="ASSETS_BACKUP_KEEP"):
        parse(words)
