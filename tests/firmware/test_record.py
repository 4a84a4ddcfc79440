"""A packed sample says on the wire what was measured, digit for digit, and hides where it was when it must."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.fleet.record import RecordFile, read
from firmware_stubs.tracker import record, varint
from firmware_stubs.tracker.record import EVENTS, Sample

NUMBER = st.floats(0, 500).map(lambda value: round(value, 1))


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Anything that a board may measure."""
    one = Sample(draw(st.integers(0, 2**45)), draw(st.none() | st.integers(0, 2**33)))
    one.ignition = draw(st.sampled_from([None, True, False]))
    one.receiver = draw(st.booleans())
    if draw(st.booleans()):
        one.lat_e7 = draw(st.integers(-900_000_000, 900_000_000))
        one.lon_e7 = draw(st.integers(-1_800_000_000, 1_800_000_000))
        one.mode = draw(st.sampled_from([2, 3]))
        keys = draw(st.sets(st.sampled_from(["alt", "spd", "hdop"])))
        one.facts = {key: draw(NUMBER) for key in keys}
        one.facts["hdg"] = draw(st.none() | st.floats(-1, 400))
    one.odo_mm, one.eng_ms = draw(st.integers(0, 2**50)), draw(st.integers(0, 2**50))
    one.health = draw(st.dictionaries(st.sampled_from(["vext", "vbat", "tmp", "oil"]), NUMBER))
    one.events = draw(st.lists(st.sampled_from([*EVENTS, "door_open", "left_depot"]), unique=True))
    return one


@given(samples())
def test_what_was_measured_comes_out(sample: Sample) -> None:
    said = json.loads(record.text(record.pack(sample)))
    assert said["up"] == sample.up_ms // 100 / 10
    assert said.get("t") == sample.t
    assert said.get("ign") == sample.ignition
    assert said["odo"] == sample.odo_mm // 100 / 10
    assert said["eng"] == sample.eng_ms // 1000
    assert set(said.get("ev", [])) == set(sample.events)
    if sample.lat_e7 is not None:
        assert (said["lat"], said["lon"]) == (sample.lat_e7 / 1e7, sample.lon_e7 / 1e7)
        assert said["fix"] == sample.mode
        for key in ("alt", "spd", "hdop"):
            assert said.get(key) == sample.facts.get(key)
        heading = sample.facts["hdg"]
        assert said.get("hdg") == (int(heading) if heading is not None and 0 <= heading < 360 else None)
    else:
        assert ("fix" in said) is sample.receiver
    for key, value in sample.health.items():
        assert said[key] == value


@given(samples())
def test_hidden_a_sample_says_all_but_where(sample: Sample) -> None:
    packed = record.pack(sample)
    open_, hidden = json.loads(record.text(packed)), json.loads(record.text(packed, True))
    assert hidden == {
        key: value
        for key, value in open_.items()
        if key not in ("lat", "lon", "alt", "spd", "hdg", "sat", "hdop", "fix")
    }


@given(samples())
def test_alarms_and_events_are_known_without_unpacking_all(sample: Sample) -> None:
    packed = record.pack(sample)
    assert record.eventful(packed) == bool(sample.events)
    assert record.alarming(packed) == bool(
        {"power_cut", "tamper", "sos", "tow", "crash", "low_battery"} & set(sample.events)
    )
    assert record.time_of(packed) == sample.t
    assert packed[-1] < 128, "erased flash must not look like the end of a record"


@given(st.integers(0, 2**70))
def test_whole_numbers_of_any_size_come_back(value: int) -> None:
    for signed in (value, -value):
        out = bytearray(b"x")
        varint.put_signed(out, signed)
        assert varint.take_signed(bytes(out), 1) == (signed, len(out))


def test_a_vehicles_record_is_read_again_and_a_cut_line_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "T-1.txt"
    one = RecordFile(path)
    for seq in range(3):
        one.took("0badcafe", 1, seq)
    one.erased("0badcafe", 1, 0)
    one.gave_up("0badcafe", 1, 1)
    one.close()
    with path.open("a") as file:
        file.write("T 0badcafe 2 1")
    found = read(path)
    assert found.taken == {("0badcafe", 1, seq) for seq in range(3)}
    assert (found.erased, found.given_up) == ({("0badcafe", 1, 0)}, {("0badcafe", 1, 1)})
