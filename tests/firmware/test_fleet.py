"""The simulated fleet: history is reproducible and goes on where it ended; bad files are refused in words."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from firmware_stubs.fleet import state_dir
from firmware_stubs.fleet.driver import DAY_S, VehicleSpec, shift
from firmware_stubs.fleet.flash import MemoryFlash
from firmware_stubs.fleet.history import Message, generate, generate_day
from firmware_stubs.fleet.replay import read_drive
from firmware_stubs.fleet.run import read_credentials
from firmware_stubs.fleet.vehicle import SimulatedVehicle
from tests.firmware.bench import BenchTransport

MONDAY = 20_760 * DAY_S - 5 * 3600.0  # a Monday, 00:00 in Tashkent
SPEC = VehicleSpec("V-1", 39.65, 66.96, seed=3, workdays_share=1.0)


def week(state: dict[str, object] | None = None) -> list[Message]:
    return list(generate(SPEC, MONDAY, MONDAY + 7 * DAY_S, {} if state is None else state))


def samples(messages: list[Message]) -> list[dict[str, float]]:
    found = []
    for message in messages:
        if message.topic.endswith("/report"):
            found += json.loads(message.payload)["samples"]
    return found


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert week() == week()
    other = VehicleSpec("V-1", 39.65, 66.96, seed=4)
    assert list(generate(other, MONDAY, MONDAY + DAY_S, {})) != week()[:1]


def test_history_is_numbered_without_a_hole_and_grows_in_time() -> None:
    reports = [json.loads(one.payload) for one in week() if one.topic.endswith("/report")]
    assert {(one["life"], one["boot"]) for one in reports} == {(reports[0]["life"], 1)}
    assert [one["seq"] + len(one["samples"]) for one in reports][:-1] == [one["seq"] for one in reports][1:]
    for before, after in pairwise(samples(week())):
        assert after["t"] >= before["t"]
        assert after["odo"] >= before["odo"]
        assert after["eng"] >= before["eng"]


def test_the_counted_distance_is_the_driven_one_within_two_percent() -> None:
    state: dict[str, object] = {}
    counted_m = samples(week(state))[-1]["odo"]
    sim = state["sim"]
    assert isinstance(sim, dict)
    assert sim["driven_m"] > 100_000
    assert counted_m == pytest.approx(sim["driven_m"], rel=0.02)


def test_a_month_of_sixty_vehicles_stays_under_half_a_million_samples() -> None:
    assert len(samples(week())) / 7 < 270


def test_the_next_call_goes_on_with_the_same_life_and_the_next_boot() -> None:
    state: dict[str, object] = {}
    first = week(state)
    state = json.loads(json.dumps(state))
    second = list(generate(SPEC, MONDAY + 7 * DAY_S, MONDAY + 8 * DAY_S, state))
    hello = json.loads(second[0].payload)
    assert (hello["life"], hello["boot"]) == (json.loads(first[0].payload)["life"], 2)


def test_a_live_vehicle_goes_on_from_history(tmp_path: Path) -> None:
    state: dict[str, object] = {}
    life = json.loads(week(state)[0].payload)["life"]
    state_dir.hand_over(tmp_path, "V-1", state)
    now_s = MONDAY + 7 * DAY_S + 60
    sim = state_dir.load(tmp_path, "V-1")
    vehicle = SimulatedVehicle(SPEC, state_dir.open_flash(tmp_path, "V-1"), BenchTransport(), now_s, state=sim)
    assert (vehicle.client.state.life, vehicle.client.state.boot) == (life, 2)
    assert sim is not None
    assert vehicle.driver.driven_m == sim["driven_m"]


def test_a_days_reports_are_those_of_the_local_day() -> None:
    day = date(1970, 1, 1).fromordinal(date(1970, 1, 1).toordinal() + 20_760)
    times = [one["t"] for payload in generate_day(SPEC, day) for one in json.loads(payload)["samples"]]
    assert min(times) >= MONDAY
    assert max(times) <= MONDAY + DAY_S


def test_about_half_of_the_vehicles_drive_at_a_working_moment() -> None:
    driving = 0
    for seed in range(40):
        spec = VehicleSpec(f"V-{seed}", 41.3, 69.2, seed=seed, night=False, workdays_share=1.0)
        vehicle = SimulatedVehicle(spec, MemoryFlash(), BenchTransport(), MONDAY)
        while vehicle.driver.now_s < MONDAY + 12 * 3600:
            vehicle.leap(MONDAY + 12 * 3600)
        driving += vehicle.driver.mode == "driving"
    assert 10 <= driving <= 30


def test_a_live_vehicle_hears_nmea_and_reports_every_ten_seconds_while_driving() -> None:
    times = shift(SPEC, 20_760)
    assert times is not None
    transport = BenchTransport()
    vehicle = SimulatedVehicle(SPEC, MemoryFlash(), transport, times[0] + 60)
    for second in range(300):
        vehicle.tick(times[0] + 61 + second)
    reports = [json.loads(body) for topic, body in transport.sent if topic.endswith("/report")]
    assert 15 <= len({report["seq"] for report in reports}) <= 40
    assert reports[-1]["samples"][-1]["odo"] > 300


def test_a_vehicle_stopped_in_the_middle_of_a_drive_goes_on_from_there() -> None:
    vehicle = SimulatedVehicle(SPEC, MemoryFlash(), BenchTransport(), MONDAY)
    while vehicle.driver.mode != "driving":
        vehicle.leap(MONDAY + 2 * DAY_S)
    vehicle.leap(MONDAY + 2 * DAY_S)
    saved = json.loads(json.dumps(vehicle.state()))
    again = SimulatedVehicle(SPEC, MemoryFlash(), BenchTransport(), vehicle.driver.now_s + 3600, state=saved)
    assert again.driver.place == pytest.approx(vehicle.driver.place)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not readable as JSON"),
        ("{}", "a list"),
        ("[]", "a list"),
        ("[1]", "entry 1 is not an object"),
        ('[{"tracker":"a"}]', "entry 1: port"),
        ('[{"tracker":"a","username":"a","password":"","host":"h","port":1}]', "entry 1: password"),
        ('[{"tracker":"a","username":"a","password":"p","host":"h","port":1,"lat":"x"}]', "entry 1: lat"),
    ],
)
def test_a_bad_credentials_file_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        read_credentials(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.gpx", "<gpx"),
        ("a.gpx", "<gpx/>"),
        ("a.json", "["),
        ("a.json", "[1]"),
        ("a.json", '[{"point":"POINT(1 91)","time":"2020-01-01T00:00:00Z"}]'),
        ("a.json", '[{"point":"POINT(1 2)","time":"2020-01-01T00:00:00"}]'),
        ("a.json", '[{"point":"POINT(. .)","time":"2020-01-01T00:00:00Z"}]'),
    ],
)
def test_a_bad_drive_is_refused_in_words(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=r"a\.|zone|float"):
        read_drive(path)


@pytest.mark.parametrize("tracker", ["../x", "a/b", "", "a" * 65])
def test_a_tracker_id_is_no_path(tmp_path: Path, tracker: str) -> None:
    with pytest.raises(ValueError, match="no tracker id"):
        state_dir.open_flash(tmp_path, tracker)


def test_history_of_ordinary_driving_has_no_tow() -> None:
    spec = VehicleSpec("TRK-7", 41.3, 69.2, 7, workdays_share=1.0)
    payloads = [json.loads(p) for n in range(3) for p in generate_day(spec, date(2026, 3, 2 + n))]
    events = Counter(e for p in payloads for sample in p["samples"] for e in sample.get("ev", []))
    assert events["ignition_off"] > 10
    assert events["tow"] == 0
