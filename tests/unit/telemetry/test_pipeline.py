"""Refining: doubtful readings are flagged and kept; coordinates do not outlive a silent window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assets.telemetry.days import to_ms
from assets.telemetry.messages import Reading
from assets.telemetry.pipeline import OWN_CLOCK, RECEIPT, UP_TIME, Context, SilentWindow, Verdict, refine

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NOW_S = NOW.timestamp()
NOW_MS = to_ms(NOW)
BEGAN_MS = NOW_MS - 100_000


def _refined(
    offset_ms: int | None = None, offset_by: int = UP_TIME, silent: tuple[SilentWindow, ...] = (), **values: Any
) -> Verdict:
    reading = Reading(**{"up_s": 95.0, "device_t": NOW_S - 10, **values})
    verdict = refine(1, reading, Context(NOW_MS, offset_ms, offset_by, silent))
    assert verdict.refused is None
    return verdict


def test_usable_clock_gives_the_event_time() -> None:
    assert (_refined().event_ms, _refined().dated) == (NOW_MS - 10_000, OWN_CLOCK)


@pytest.mark.parametrize(
    ("device_t", "flags"),
    [
        (NOW_S + 299, ()),
        (NOW_S + 301, ("clock_future",)),
        (NOW_S + 366 * 86_400, ("clock_future",)),
        (0.0, ("clock_unset",)),
        (315_964_800.0, ("clock_unset",)),
        (NOW_S - 1024 * 7 * 86_400, ("clock_rollover",)),
        (NOW_S * 1000, ("clock_milliseconds",)),
        (NOW_S - 3 * 365 * 86_400, ()),
        (None, ()),
    ],
)
def test_wrong_clock_is_flagged_and_gives_no_event_time(device_t: float | None, flags: tuple[str, ...]) -> None:
    verdict = _refined(device_t=device_t)
    assert verdict.flags == flags
    assert (verdict.dated == OWN_CLOCK) == (device_t is not None and not flags)
    if device_t is None or flags:
        assert (verdict.event_ms, verdict.dated) == (NOW_MS, RECEIPT)
        assert _refined(BEGAN_MS, device_t=device_t).event_ms == BEGAN_MS + 95_000


def test_up_time_dates_what_has_no_usable_clock_and_nothing_else() -> None:
    dated = _refined(BEGAN_MS, device_t=None)
    assert (dated.event_ms, dated.dated) == (BEGAN_MS + 95_000, UP_TIME)
    assert _refined(BEGAN_MS).event_ms == NOW_MS - 10_000


def test_beginning_by_receipts_alone_leaves_the_sample_dated_by_receipt() -> None:
    dated = _refined(BEGAN_MS, RECEIPT, device_t=None)
    assert (dated.event_ms, dated.dated) == (BEGAN_MS + 95_000, RECEIPT)


@pytest.mark.parametrize("began_ms", [NOW_MS, -5_000_000_000_000])
def test_up_time_that_leads_to_the_future_or_before_all_trackers_is_not_believed(began_ms: int) -> None:
    dated = _refined(began_ms, device_t=None, up_s=700.0)
    assert dated.dated == RECEIPT
    assert dated.event_ms <= NOW_MS


@pytest.mark.parametrize(("seq", "refused"), [(2000, False), (2001, True)])
def test_number_above_ten_times_up_plus_thousand_is_refused(seq: int, refused: bool) -> None:
    assert (refine(seq, Reading(up_s=100.0), Context(NOW_MS)).refused is not None) == refused


@pytest.mark.parametrize(
    ("values", "flag"),
    [
        ({"lat": 41.3, "lon": 69.2, "fix": 0}, "no_fix"),
        ({"lat": 41.3, "lon": 69.2, "satellites": 0}, "no_fix"),
        ({"lat": 0.0, "lon": 0.0}, "null_island"),
        ({"lat": 41.3, "lon": 69.2, "hdop": 25.0}, "weak_fix"),
        ({"lat": 41.3, "lon": 69.2, "satellites": 2}, "low_satellites"),
        ({"lat": 41.3, "lon": 69.2, "speed_kmh": 900.0}, "impossible_speed"),
    ],
)
def test_doubtful_position_is_flagged(values: dict[str, Any], flag: str) -> None:
    assert _refined(**values).flags == (flag,)


def test_silent_window_holds_by_event_time_and_ends_with_it() -> None:
    window = SilentWindow(NOW - timedelta(hours=1), NOW - timedelta(minutes=30))
    inside = _refined(silent=(window,), device_t=NOW_S - 1801, lat=0.0, lon=0.0)
    assert (inside.silent, inside.flags) == (True, ("silent",))
    assert not _refined(silent=(window,), device_t=NOW_S - 1800, lat=41.3, lon=69.2).silent
    assert not _refined(silent=(window,), device_t=NOW_S - 3601, lat=41.3, lon=69.2).silent


def test_sample_dated_by_receipt_alone_is_silent_while_a_window_is_open() -> None:
    opened = SilentWindow(NOW - timedelta(hours=1), None)
    assert _refined(silent=(opened,), device_t=None).silent
    # Also where the earliest that receipts allow lies before the window.
    assert _refined(BEGAN_MS - 7_200_000, RECEIPT, silent=(opened,), device_t=None).silent
    over = SilentWindow(NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    assert not _refined(silent=(over,), device_t=None).silent
