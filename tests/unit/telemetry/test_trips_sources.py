"""Who measured a distance, why it was only estimated, and which samples their neighbours contradict."""

from __future__ import annotations

import pytest

from assets.telemetry.trips import Doubt, Point, Reason, Segments, segment

METRE = 1 / 111_195
SPEED_MS = 12.0


def _drive(seconds: int = 1200, *, start_s: int = 0, first_seq: int = 0, boot: int = 1) -> list[Point]:
    """A drive to the east at 12 m/s, a sample each 10 s, by positions alone."""
    return [
        Point(
            (start_s + number * 10) * 1000,
            "aaaaaaaa",
            boot,
            first_seq + number,
            up_s=start_s + number * 10,
            lat=0.5,
            lon=60 + SPEED_MS * (start_s + number * 10) * METRE,
            ignition=True,
        )
        for number in range(seconds // 10 + 1)
    ]


def _with_odometer(drive: list[Point], factor: float = 1.0) -> list[Point]:
    return [p._replace(odometer_m=factor * SPEED_MS * p.event_ms / 1000) for p in drive]


def _with_dashboard(drive: list[Point], step_km: float, factor: float = 1.0) -> list[Point]:
    """What a dashboard shows that counts in steps."""
    return [
        p._replace(can_km=1000 + round(factor * SPEED_MS * p.event_ms / 1e6 // step_km * step_km, 3)) for p in drive
    ]


def _metres(segments: Segments) -> float:
    return sum(trip.totals.distance_mm for trip in segments.trips) / 1000


def _doubts(segments: Segments, doubt: Doubt) -> list[int]:
    return [each.seq for each in segments.doubts if each.doubt is doubt]


def test_dashboard_counts_before_the_devices_counter_and_that_before_positions() -> None:
    by_device = segment(_with_odometer(_drive(), 1.01)).trips[0]
    assert (by_device.totals.distance_mm, by_device.source) == (14_544_000, "device")
    by_bus = segment(_with_dashboard(_with_odometer(_drive(), 1.01), 0.001, 1.02)).trips[0]
    assert by_bus.totals.distance_mm / 1000 == pytest.approx(14_400 * 1.02, rel=0.001)
    assert by_bus.source == "can"
    assert by_bus.totals.device_mm < 130_000  # the first step, before the dashboard changed for the first time


@pytest.mark.parametrize("step_km", [0.1, 1.0])
def test_dashboard_in_coarse_steps_measures_between_its_changes(step_km: float) -> None:
    (trip,) = segment(_with_dashboard(_drive(3600), step_km, 1.02)).trips
    assert trip.totals.distance_mm / 1000 == pytest.approx(43_200 * 1.02, abs=150)
    assert trip.source == "can"
    assert trip.totals.moving_ms == 3_600_000


def test_dashboard_measures_across_a_gap() -> None:
    drive = _with_dashboard(_drive(3600), 0.1)
    (trip,) = segment([p for p in drive if not 600_000 < p.event_ms < 2_400_000]).trips
    assert trip.totals.distance_mm / 1000 == pytest.approx(43_200, abs=250)
    assert trip.totals.estimated_mm == 0
    assert trip.totals.unknown_ms == 1_800_000


def test_dashboard_alone_counts_where_places_are_silent() -> None:
    silent = [p._replace(lat=None, lon=None) for p in _with_dashboard(_drive(3600), 0.1)]
    (trip,) = segment(silent).trips
    assert trip.totals.can_mm / 1000 == pytest.approx(43_200, abs=250)


def test_dashboard_that_falls_is_doubted_and_the_rest_measured_otherwise() -> None:
    drive = _with_dashboard(_drive(), 0.001)
    drive[60] = drive[60]._replace(can_km=12.0)
    segments = segment(drive)
    assert _doubts(segments, Doubt.REPLAYED) == [60]
    assert _metres(segments) == pytest.approx(14_400, rel=0.002)


def test_counter_that_is_sent_rarely_counts_each_metre_once() -> None:
    drive = [p if p.seq % 7 == 0 else p._replace(odometer_m=None) for p in _with_odometer(_drive(1190), 1.01)]
    (trip,) = segment(drive).trips
    assert trip.totals.distance_mm == 1190 * SPEED_MS * 1010
    assert trip.source == "device"


def test_replayed_counter_is_flagged_and_counts_no_metre_twice() -> None:
    drive = _with_odometer(_drive())
    drive[60] = drive[60]._replace(odometer_m=drive[10].odometer_m)
    segments = segment(drive)
    assert _doubts(segments, Doubt.REPLAYED) == [60]
    assert _metres(segments) == pytest.approx(14_400, rel=0.001)


def test_counter_that_began_anew_within_a_boot_counts_from_there() -> None:
    drive = _with_odometer(_drive())
    drive[60:] = [p._replace(odometer_m=p.odometer_m - 5000) for p in drive[60:] if p.odometer_m is not None]
    segments = segment(drive)
    assert _doubts(segments, Doubt.REPLAYED) == [60]
    assert _metres(segments) == pytest.approx(14_400, rel=0.002)


def test_counter_that_stands_still_while_positions_move_is_not_believed() -> None:
    drive = _with_odometer(_drive())
    drive[40:81] = [p._replace(odometer_m=drive[40].odometer_m) for p in drive[40:81]]
    segments = segment(drive[:81])
    assert _doubts(segments, Doubt.REPLAYED) == list(range(41, 81))
    assert _metres(segments) == pytest.approx(800 * SPEED_MS, rel=0.01)


def test_counter_of_a_parked_vehicle_may_stand_still() -> None:
    parked = [
        Point(at * 10_000, "aaaaaaaa", 1, at, lat=0.5, lon=60 + at % 7 * METRE, odometer_m=77.0) for at in range(900)
    ]
    assert segment(parked).doubts == []


def test_frozen_receiver_is_flagged_and_what_the_device_counted_stands() -> None:
    drive = _with_odometer(_drive())
    drive[40:80] = [p._replace(lat=drive[40].lat, lon=drive[40].lon) for p in drive[40:80]]
    segments = segment(drive)
    assert _doubts(segments, Doubt.FROZEN) == list(range(41, 80))
    assert _metres(segments) == 14_400


def test_position_repeated_at_speed_is_frozen_without_a_counter_too() -> None:
    drive = [p._replace(speed_kmh=43.0) for p in _drive()]
    drive[40:60] = [p._replace(lat=drive[40].lat, lon=drive[40].lon) for p in drive[40:60]]
    assert _doubts(segment(drive), Doubt.FROZEN) == list(range(41, 60))


def test_position_repeated_at_rest_is_no_doubt() -> None:
    parked = [Point(at * 10_000, "aaaaaaaa", 1, at, lat=0.5, lon=60.0, speed_kmh=0.0) for at in range(900)]
    assert segment(parked).doubts == []


def test_jump_is_flagged_and_counts_again_when_a_person_says_that_it_was_genuine() -> None:
    drive = _drive()
    drive[60] = drive[60]._replace(lat=0.6)
    doubted = segment(drive)
    assert _doubts(doubted, Doubt.JUMP) == [60]
    drive[60] = drive[60]._replace(genuine=frozenset({"jump"}))
    lifted = segment(drive)
    assert lifted.doubts == []
    assert _metres(lifted) > _metres(doubted) + 20_000


def test_estimate_across_a_silence_says_why() -> None:
    drive = _drive(3600)
    before, after = drive[:61], drive[180:]
    cases = {
        Reason.NO_NETWORK: after,
        Reason.ASLEEP: [p._replace(seq=p.seq - 119) for p in after],
        Reason.NO_POWER: [p._replace(boot=2, seq=p.seq - 180, up_s=p.up_s - 1800) for p in after],
    }
    for reason, rest in cases.items():
        (trip,) = segment([*before, *rest]).trips
        assert trip.totals.gaps == {reason: (trip.totals.estimated_mm, 1_200_000)}
        assert trip.totals.estimated_mm / 1000 == pytest.approx(14_400, rel=0.01)
        assert trip.totals.distance_mm / 1000 == pytest.approx(28_800, rel=0.01)


def test_silence_after_a_power_cut_is_no_power_even_within_a_boot() -> None:
    drive = _drive(3600)
    drive[60] = drive[60]._replace(events="stopped,power_cut")
    (trip,) = segment([*drive[:61], *drive[180:]]).trips
    assert set(trip.totals.gaps) == {Reason.NO_POWER}


def test_time_without_a_fix_is_estimated_as_such() -> None:
    drive = _drive(3600)
    drive[61:180] = [p._replace(lat=None, lon=None) for p in drive[61:180]]
    (trip,) = segment(drive).trips
    assert trip.totals.gaps == {Reason.NO_FIX: (trip.totals.estimated_mm, 1_200_000)}
    assert trip.totals.estimated_mm > 0


def test_engine_and_idle_time_do_not_count_across_unknown_time() -> None:
    drive = _drive(3600)
    (trip,) = segment([*drive[:61], *drive[180:]]).trips
    totals = trip.totals
    assert totals.engine_ms == totals.moving_ms + totals.idle_ms == 2_400_000
    assert totals.unknown_ms == 1_200_000


def test_engine_counter_counts_through_a_silence_and_idle_does_not() -> None:
    drive = [p._replace(engine_s=p.event_ms / 1000) for p in _drive(3600)]
    (trip,) = segment([*drive[:61], *drive[180:]]).trips
    assert (trip.totals.engine_ms, trip.totals.idle_ms, trip.totals.unknown_ms) == (3_600_000, 0, 1_200_000)
