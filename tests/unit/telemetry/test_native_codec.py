"""The wire, version 1: what can be read is read, what cannot is said, and nothing is ever raised."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.telemetry import topics
from assets.telemetry.codecs import CODECS, codec_for, native
from assets.telemetry.messages import Bye, Hello, Report, Result, Undecodable

HEAD = {"v": 1, "life": "9f3a01c7", "boot": 17, "seq": 5}
FULL = {
    "t": 1_798_112_345,
    "up": 3.5,
    "lat": 41.3,
    "lon": 69.2,
    "alt": 455.5,
    "spd": 42.5,
    "hdg": 180,
    "sat": 9,
    "hdop": 0.9,
    "fix": 3,
    "ign": True,
    "odo": 1234.5,
    "eng": 99,
    "vext": 12.6,
    "vbat": 4.1,
    "gsm": -71,
    "tmp": 31,
    "ev": ["moving", "ignition_on"],
    "can": {"odo": 120_345.6, "fuel": 12, "level": 55, "rpm": 1800, "dtc": ["P0300"]},
}


def _report(*samples: Any, **head: Any) -> Report:
    found = native.decode("report", json.dumps({**HEAD, "samples": list(samples), **head}).encode())
    assert isinstance(found, Report), found
    return found


def _numbers(report: Report) -> list[int]:
    return [seq for seq, reading in enumerate(report.readings, report.first_seq) if reading is not None]


def test_every_field_of_a_sample_arrives() -> None:
    report = _report(FULL, live=True, gone=[[0, 3]])
    (reading,) = report.readings
    assert reading is not None
    assert (report.first_seq, report.live, report.gone) == (5, True, ((0, 3),))
    assert (reading.up_s, reading.device_t) == (3.5, 1_798_112_345)
    assert (reading.lat, reading.lon, reading.alt_m, reading.speed_kmh) == (41.3, 69.2, 455.5, 42.5)
    assert (reading.heading_deg, reading.satellites, reading.hdop, reading.fix) == (180, 9, 0.9, 3)
    assert (reading.ignition, reading.odometer_m, reading.engine_s) == (True, 1234.5, 99)
    assert (reading.vehicle_v, reading.battery_v, reading.signal_dbm, reading.temperature_c) == (12.6, 4.1, -71, 31)
    assert reading.events == ("moving", "ignition_on")
    assert reading.can is not None
    assert (reading.can.odo_km, reading.can.dtc) == (120_345.6, ("P0300",))


def test_samples_are_numbered_from_the_first() -> None:
    report = _report({"up": 1}, {"up": 2}, {"up": "bad"}, {"up": 4})
    assert _numbers(report) == [5, 6, 8]
    assert [bad.seq for bad in report.bad] == [7]


def test_unknown_keys_are_ignored_and_unknown_versions_are_not() -> None:
    assert len(_report({"up": 1, "later": {"x": [1]}}, more=1).readings) == 1
    found = native.decode("report", json.dumps({**HEAD, "v": 2, "samples": []}).encode())
    assert isinstance(found, Undecodable)
    assert "version 2" in found.reason


def test_same_content_is_the_same_reading_however_it_is_spelled() -> None:
    one = native.decode("report", json.dumps({**HEAD, "samples": [{"up": 1, "spd": 5.0}]}).encode())
    other = native.decode(
        "report", b'{"samples":[ {"spd":5,"new":1,"up":1.0} ],"seq":5,"boot":17,"life":"9f3a01c7","v":1}'
    )
    assert isinstance(one, Report)
    assert isinstance(other, Report)
    assert one.readings == other.readings != _report({"up": 1, "spd": 6}).readings


def test_sample_reads_the_same_beside_a_bad_one() -> None:
    alone, beside = _report(FULL, {"up": 4}), _report(FULL, {"up": 4}, {"up": "bad"})
    assert [*alone.readings, None] == beside.readings


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lat", 90.1),
        ("lat", True),
        ("lat", None),
        ("lon", 180.5),
        ("spd", -1),
        ("hdg", 360.5),
        ("sat", 2.5),
        ("fix", 1),
        ("ign", 1),
        ("ign", "on"),
        ("ev", ["two words"]),
        ("ev", ["nul\0"]),
        ("ev", ["x"] * 17),
        ("odo", -0.5),
        ("up", -1),
        ("up", None),
        ("t", "2026-11-21"),
        ("can", {"dtc": ["\0"]}),
        ("vbat", 1000),
    ],
)
def test_impossible_value_costs_its_sample_and_no_other(field: str, value: Any) -> None:
    report = _report({"up": 1}, {**FULL, field: value}, {"up": 3})
    assert (_numbers(report), [b.seq for b in report.bad]) == ([5, 7], [6])
    assert json.loads(report.bad[0].raw)["hdop"] == 0.9


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"v":1}',
        b'{"v":1,"life":"9f3a01c7","boot":1,"seq":0,"samples":[{"up":NaN}]}',
        b'{"v":1,"life":"9f3a01c7","boot":1,"seq":0,"samples":[{"up":Infinity}]}',
        b'{"v":1,"life":"9f3a01c7","boot":1,"seq":0,"samples":[{"up":1,"x":"\\ud800"}]}',
        b'{"v":1,"life":"9f3a01c7","boot":1,"seq":0,"samples":[{"up":1,"x":"\xff"}]}',
        b'{"v":1,"life":"9f3a01c7\\n","boot":1,"seq":0}',
        b'{"v":1,"life":"9f3a01c7","boot":-1,"seq":0}',
        b'{"v":1,"life":"9f3a01c7","boot":1,"seq":9007199254740991,"samples":[{"up":1},{"up":2}]}',
        b'{"v":1,"life":"9f3a01c7","boot":1,"seq":0,"gone":[[5,3]]}',
        b"[" * 4096,
        b'{"v":1,"x":' + b"[" * 2000 + b"]" * 2000 + b"}",
        '{"v":1}'.encode("utf-16"),
        b'\xef\xbb\xbf{"v":1}',
    ],
)
def test_unreadable_message_is_one_entry(payload: bytes) -> None:
    found = native.decode("report", payload)
    assert isinstance(found, Undecodable)
    assert (found.seq, found.raw) == (None, payload)
    assert found.reason


def test_reasons_show_nothing_of_the_content() -> None:
    report = _report({"up": 1, "lat": 41.987654, "lon": 690.123456})
    assert "690" not in report.bad[0].reason


def test_hello_bye_and_result_are_read() -> None:
    hello = native.decode(
        "hello",
        b'{"v":1,"life":"9f3a01c7","boot":17,"conn":9,"fw":"1.2.0","hw":"x","t":1798112345,"up":3.2,'
        b'"oldest":[16,3800],"newest":[17,12],"reset":"power_on"}',
    )
    assert isinstance(hello, Hello)
    assert (hello.oldest, hello.newest, hello.firmware) == ((16, 3800), (17, 12), "1.2.0")
    assert native.decode("bye", b'{"v":1,"life":"9f3a01c7","boot":17,"conn":9}') == Bye("9f3a01c7", 17, 9)
    assert native.decode("result", b'{"v":1,"id":"a","ok":false,"why":"no"}') == Result("a", ok=False, why="no")
    assert isinstance(
        native.decode("hello", b'{"v":1,"life":"9f3a01c7","boot":1,"conn":1,"up":1,"fw":"\\u0000"}'), Undecodable
    )


@given(st.sampled_from(["report", "hello", "bye", "result", "other"]), st.binary(max_size=200))
def test_no_bytes_raise(kind: str, payload: bytes) -> None:
    native.decode(kind, payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FULL, "x"]), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=4), st.dictionaries(st.sampled_from(["live", "gone", "boot", "x"]), JSON, max_size=2))
def test_every_sample_of_a_readable_report_is_a_reading_or_set_aside(samples: list[Any], more: dict[str, Any]) -> None:
    found = native.decode("report", json.dumps({**HEAD, "samples": samples, **more}).encode("utf-8", "surrogatepass"))
    if isinstance(found, Report):
        numbers = sorted(_numbers(found) + [bad.seq or 0 for bad in found.bad])
        assert numbers == list(range(5, 5 + len(samples)))
    else:
        assert isinstance(found, Undecodable)


def test_codecs_are_found_by_kind() -> None:
    assert codec_for("native") is CODECS["native"]
    assert codec_for("unheard of") is None


@pytest.mark.parametrize("name", ["a", "IMT-01_x", "9" * 64])
def test_topic_of_a_tracker_is_understood(name: str) -> None:
    assert topics.parse(f"imt/v1/{name}/report") == topics.Address(name, "report")


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "imt/v1/a",
        "imt/v1/a/report/x",
        "imt/v2/a/report",
        "imt/v1//report",
        "imt/v1/a b/report",
        "imt/v1/a/receipt",
        "imt/v1/" + "a" * 65 + "/report",
        "imt/v1/a\n/report",
        "/imt/v1/a/report",
    ],
)
def test_other_topics_are_not(topic: str) -> None:
    assert isinstance(topics.parse(topic), str)
