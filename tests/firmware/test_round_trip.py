"""Encoded by the firmware, decoded by the server: the two share no code, this holds them together."""

from __future__ import annotations

import json

import pytest

from assets.telemetry.codecs import native
from assets.telemetry.messages import Bye, Hello, Report, Result
from firmware_stubs.fleet.driver import VehicleSpec
from firmware_stubs.fleet.history import generate
from firmware_stubs.tracker import wire
from tests.firmware.bench import T0, Bench, fix_at

START = 20_760 * 86_400.0


def test_every_message_of_a_week_is_read_whole() -> None:
    spec = VehicleSpec("V-1", 39.65, 66.96, seed=3, workdays_share=1.0)
    count, expected = 0, {"hello": Hello, "report": Report}
    for message in generate(spec, START, START + 7 * 86_400, {}):
        kind = message.topic.rpartition("/")[2]
        read = native.decode(kind, message.payload)
        assert isinstance(read, expected[kind]), read
        if isinstance(read, Report):
            assert read.bad == ()
            assert read.first_seq == count
            count += len(read.readings)
    assert count > 500


def test_a_sample_says_the_same_on_both_sides() -> None:
    bench = Bench()
    bench.connect()
    fix = fix_at(1, kmh=43.21)
    fix.alt_m, fix.hdg, fix.sat, fix.hdop, fix.mode = 411.5, 271.0, 11, 0.9, 3
    bench.board.ms = 1234
    bench.client.observe(fix)
    bench.client.step()
    (body,) = [body for topic, body in bench.transport.sent if topic.endswith("/report")]
    report = native.decode("report", body)
    assert isinstance(report, Report)
    (reading,) = report.readings
    assert reading is not None
    assert (report.life, report.boot, report.first_seq, report.live) == (bench.client.state.life, 1, 0, False)
    assert (reading.up_s, reading.device_t) == (1.2, T0 + 1)
    assert (reading.lat, reading.lon) == (fix.lat_e7 / 1e7, fix.lon_e7 / 1e7)
    assert reading.speed_kmh == pytest.approx(43.2)
    assert (reading.alt_m, reading.ignition) == (411.5, True)


def test_gone_live_and_a_hello_with_a_backlog_are_understood() -> None:
    report = native.decode("report", wire.report("0badcafe", 7, 5, [b'{"up":1.0}'], True, [[0, 2], [4, 4]]))
    assert isinstance(report, Report)
    assert (report.live, report.gone) == (True, ((0, 2), (4, 4)))
    hello = native.decode("hello", wire.hello("0badcafe", 7, 9, {"fw": "1", "hw": "b", "t": T0}, 3200, (6, 1), (7, 4)))
    assert isinstance(hello, Hello)
    assert (hello.boot, hello.conn, hello.oldest, hello.newest) == (7, 9, (6, 1), (7, 4))


def test_bye_and_result_are_understood() -> None:
    assert native.decode("bye", wire.bye("0badcafe", 7, 9)) == Bye("0badcafe", 7, 9)
    assert native.decode("result", wire.result("x", False, "because")) == Result("x", False, "because")
    assert json.loads(wire.result("x", True, "")) == {"v": 1, "id": "x", "ok": True}
