"""Refining: doubtful readings are flagged and kept; coordinates do not outlive a silent window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assets.telemetry.messages import Reading
from assets.telemetry.pipeline import Context, Refused, SilentWindow, refine

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NOW_S = NOW.timestamp()


def _refined(offset_ms: int | None = None, silent: tuple[SilentWindow, ...] = (), **values: Any) -> Reading:
    reading = Reading(**{"seq": 1, "up_s": 100.0, "digest": 7, "device_t": NOW_S - 10, **values})
    refined = refine(reading, Context(NOW, offset_ms, silent))
    assert isinstance(refined, Reading)
    return refined


def test_usable_clock_gives_the_event_time() -> None:
    assert _refined().event_ms == round((NOW_S - 10) * 1000)


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
    refined = _refined(device_t=device_t)
    assert refined.flags == flags
    assert (refined.event_ms is None) == (bool(flags) or device_t is None)
    assert _refined(offset_ms=1_000, device_t=device_t).event_ms is not None


def test_up_time_dates_what_has_no_usable_clock() -> None:
    assert _refined(offset_ms=5_000, device_t=None).event_ms == 105_000
    assert _refined(offset_ms=5_000).event_ms != 105_000


@pytest.mark.parametrize(("seq", "refused"), [(2000, False), (2001, True)])
def test_number_above_ten_times_up_plus_thousand_is_refused(seq: int, refused: bool) -> None:
    outcome = refine(Reading(seq=seq, up_s=100.0, digest=0), Context(NOW))
    assert isinstance(outcome, Refused) == refused


@pytest.mark.parametrize(
    ("values", "flag"),
    [
        ({"lat": 41.3, "lon": 69.2, "fix": 0}, "no_fix"),
        ({"lat": 41.3, "lon": 69.2, "satellites": 0}, "no_fix"),
        ({"lat": 0.0, "lon": 0.0}, "null_island"),
        ({"lat": 41.3, "lon": 69.2, "hdop": 25.0}, "weak_fix"),
        ({"lat": 41.3, "lon": 69.2, "speed_kmh": 900.0}, "impossible_speed"),
    ],
)
def test_doubtful_position_is_flagged_and_kept(values: dict[str, Any], flag: str) -> None:
    refined = _refined(**values)
    assert refined.flags == (flag,)
    assert refined.lat == values["lat"]


def test_silent_window_takes_coordinates_out_by_event_time_and_leaves_the_counters() -> None:
    window = SilentWindow(NOW - timedelta(hours=1), NOW - timedelta(minutes=30))
    inside: dict[str, Any] = {"device_t": NOW_S - 1801, "lat": 41.3, "lon": 69.2, "alt_m": 400.0, "heading_deg": 9.0}
    kept = _refined(silent=(window,), **inside, odometer_m=12.0, engine_s=3.0)
    assert (kept.lat, kept.lon, kept.alt_m, kept.heading_deg) == (None, None, None, None)
    assert (kept.odometer_m, kept.engine_s, kept.flags) == (12.0, 3.0, ("silent",))
    assert kept.digest == _refined(silent=(window,), **{**inside, "lat": 10.0, "digest": 99}).digest
    after = _refined(silent=(window,), device_t=NOW_S - 1800, lat=41.3, lon=69.2)
    assert after.lat == 41.3


def test_undatable_sample_is_silent_while_a_window_is_open() -> None:
    opened = SilentWindow(NOW - timedelta(hours=1), None)
    assert _refined(silent=(opened,), device_t=None, lat=41.3, lon=69.2).lat is None
    over = SilentWindow(NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    assert _refined(silent=(over,), device_t=None, lat=41.3, lon=69.2).lat == 41.3
