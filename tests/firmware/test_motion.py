"""The odometer on the device: real drives keep their length, standing and drifting adds none."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from firmware_stubs.fleet.nmea_out import sentences
from firmware_stubs.fleet.receiver import Receiver
from firmware_stubs.fleet.replay import fixes, read_drive
from firmware_stubs.fleet.routes import Plane
from firmware_stubs.tracker.motion import Motion
from firmware_stubs.tracker.nmea import Parser
from tests.firmware.bench import fix_at

TRACES = Path(__file__).resolve().parents[3] / "shared" / "data" / "traces"


def driven_m(name: str, ignition: bool | None) -> float:
    motion, parser = Motion(), Parser()
    drive = fixes(read_drive(TRACES / name))
    for fix in drive:
        for heard in parser.feed(sentences(fix)):
            motion.update(((fix.t or 0) - (drive[0].t or 0)) * 1000, heard, ignition)
    return motion.odo_mm / 1000


@pytest.mark.parametrize("ignition", [True, None])
def test_bus_with_stop_and_go_keeps_its_length(ignition: bool | None) -> None:
    assert 13_870 <= driven_m("bus-304.gpx", ignition) <= 14_290


@pytest.mark.parametrize("ignition", [True, None])
def test_munich_drive_is_within_half_a_percent(ignition: bool | None) -> None:
    assert driven_m("munich-x0001-001.json", ignition) == pytest.approx(13_673.5, rel=0.005)


def test_creeping_in_a_queue_is_counted() -> None:
    motion = Motion()
    for second in range(3600):
        motion.update(second * 1000, fix_at(second, north_m=0.2 * second, kmh=0.7), True)
    assert motion.odo_mm / 1000 == pytest.approx(0.2 * 3599, abs=25)


def test_walking_pace_is_movement_and_is_not_chopped_into_stops() -> None:
    motion = Motion()
    events = [w for s in range(900) for w in motion.update(s * 1000, fix_at(s, north_m=1.0 * s, kmh=3.6), True)]
    assert events == ["moving"]
    assert motion.odo_mm / 1000 == pytest.approx(899, abs=5)


@pytest.mark.parametrize(("ignition", "most_m"), [(False, 0.0), (True, 300.0), (None, 300.0)])
def test_parked_drift_of_a_day_adds_next_to_nothing(ignition: bool | None, most_m: float) -> None:
    motion = Motion()
    receiver = Receiver(Plane(41.3, 69.2), "drift", sigma_m=3.0)
    for second in range(0, 86_400, 2):
        fix = receiver.observe(1_798_000_000 + second, 0.0, 0.0, 0.0, 0.0)
        motion.update(second * 1000, fix, ignition)
    assert motion.odo_mm / 1000 <= most_m


def test_white_noise_every_ten_seconds_with_the_ignition_off_adds_nothing() -> None:
    motion, chance = Motion(), random.Random(5)
    for second in range(0, 86_400, 10):
        fix = fix_at(second, chance.gauss(0, 3), chance.gauss(0, 3), kmh=0.5)
        motion.update(second * 1000, fix, False)
    assert motion.odo_mm == 0


def test_a_leap_and_back_adds_nothing() -> None:
    motion = Motion()
    for second in range(600):
        motion.update(second * 1000, fix_at(second, north_m=5000 if 300 <= second < 303 else 0, kmh=0), True)
    assert motion.odo_mm == 0


def test_a_receiver_frozen_in_a_tunnel_is_believed_when_it_comes_back() -> None:
    motion = Motion()
    for second in range(100):
        north_m = 20.0 * (second if second < 40 or second >= 65 else 39)
        motion.update(second * 1000, fix_at(second, north_m=north_m, kmh=72), True)
    assert motion.odo_mm / 1000 == pytest.approx(20.0 * 99, abs=5)


def test_a_gap_is_left_to_be_estimated() -> None:
    motion = Motion()
    for second in range(300):
        inside = 100 <= second < 200
        motion.update(second * 1000, None if inside else fix_at(second, north_m=20.0 * second, kmh=72), True)
    assert motion.odo_mm / 1000 == pytest.approx(20.0 * 198, abs=30)


def test_towing_with_the_ignition_off_is_an_event() -> None:
    motion = Motion()
    events = [word for s in range(120) for word in motion.update(s * 1000, fix_at(s, north_m=8.0 * s, kmh=29), False)]
    assert events == ["tow"]


def test_a_drive_is_told_as_events_in_order() -> None:
    motion, events, north_m = Motion(), [], 0.0
    for second in range(400):
        ignition = 10 <= second < 390
        north_m += 10.0 if 60 <= second < 200 else 0.0
        kmh = 36.0 if 60 <= second < 200 else 0.0
        events += motion.update(second * 1000, fix_at(second, north_m=north_m, kmh=kmh), ignition)
    assert events == ["ignition_on", "moving", "stopped", "ignition_off"]
    assert motion.eng_ms == 380_000


def test_counters_never_fall() -> None:
    motion, chance, before = Motion(), random.Random(9), (0, 0)
    for second in range(5000):
        fix = None if chance.random() < 0.1 else fix_at(second, chance.gauss(0, 200), chance.gauss(0, 200), None)
        motion.update(second * 1000, fix, chance.choice([True, False, None]))
        assert motion.odo_mm >= before[0]
        assert motion.eng_ms >= before[1]
        before = (motion.odo_mm, motion.eng_ms)
