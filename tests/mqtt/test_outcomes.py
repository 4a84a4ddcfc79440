"""The three outcomes of a message at the real broker: stored, set aside, or left at the broker for another time."""

from __future__ import annotations

import json
import sqlite3
import threading
import time

import pytest

from assets.telemetry import broker, queries
from assets.telemetry.messages import Envelope
from assets.telemetry.mqtt import Gateway
from tests.mqtt.conftest import LIFE, Site, Tracker, until


def _connected(site: Site, name: str) -> Tracker:
    tracker = site.tracker(name)
    assert tracker.connected.wait(10)
    return tracker


def test_stored_samples_are_receipted_after_the_commit(site: Site) -> None:
    tracker = _connected(site, "t1")
    tracker.report(0, 5)
    receipt = tracker.receipt()
    assert (receipt["life"], receipt["boot"], receipt["upto"]) == (LIFE, 1, 4)
    assert site.stored() == 5


def test_hello_is_answered_at_once_and_receipts_come_at_most_once_a_second(site: Site) -> None:
    tracker = _connected(site, "t1")
    hello = {"v": 1, "life": LIFE, "boot": 1, "conn": 1, "up": 3, "oldest": None, "newest": None}
    tracker.publish("hello", json.dumps(hello).encode())
    assert tracker.receipt()["upto"] == -1
    began = time.monotonic()
    for seq in range(20):
        tracker.report(seq)
    count = 0
    while tracker.receipt()["upto"] < 19:
        count += 1
    assert count <= time.monotonic() - began + 1


def test_bad_message_is_set_aside_and_good_ones_get_through(site: Site) -> None:
    tracker = _connected(site, "t1")
    for payload in (b"", b"[" * 4000, b"\xff", b"{}", b"x" * 5000):
        tracker.publish("report", payload)
    tracker.report(0)
    assert tracker.receipt()["upto"] == 0
    assert len(site.asides()) == 5


def test_message_is_kept_at_the_broker_while_the_database_cannot_take_it(site: Site) -> None:
    tracker = _connected(site, "t1")
    tracker.report(0)
    assert tracker.receipt()["upto"] == 0
    database = site.app.settings.telemetry_url.removeprefix("sqlite:///")
    with sqlite3.connect(database) as connection:
        connection.execute("ALTER TABLE boot RENAME TO away")
    connection.close()
    for seq in range(1, 200):
        tracker.report(seq)
    assert site.stored() == 1
    connection = sqlite3.connect(database)
    connection.execute("ALTER TABLE away RENAME TO boot")
    connection.close()
    until(lambda: site.stored() == 200, "the broker to send again what was not acknowledged")
    assert site.asides() == []


def test_messages_that_came_while_ingest_was_away_are_stored_afterwards(site: Site) -> None:
    tracker = _connected(site, "t1")
    tracker.report(0)
    assert tracker.receipt()["upto"] == 0
    site.stop_ingest()
    for seq in range(1, 1500):
        tracker.client.publish("imt/v1/t1/report", _body(seq), qos=1)
    until(lambda: not tracker.client.want_write() and tracker.client._out_messages == {}, "the broker to take all")
    site.start_ingest()
    until(lambda: site.stored() == 1500, "all messages to be stored")


def test_broker_restart_needs_nobody(site: Site) -> None:
    tracker = _connected(site, "t1")
    tracker.report(0)
    assert tracker.receipt()["upto"] == 0
    site.stop_broker(kill=True)
    site.start_broker()
    tracker.connected.clear()
    assert tracker.connected.wait(10)
    tracker.report(1)
    until(lambda: site.stored() == 2, "ingest to find the broker again")


def test_retained_message_is_taken_as_any_other(site: Site) -> None:
    tracker = _connected(site, "t1")
    tracker.publish("report", _body(0), retain=True)
    until(lambda: site.stored() == 1, "the message")
    site.stop_ingest()
    site.start_ingest()
    tracker.report(1)
    until(lambda: site.stored() == 2, "the second message")
    assert site.asides() == []


def test_pulse_shows_the_last_commit(site: Site) -> None:
    tracker = _connected(site, "t1")
    tracker.report(0)

    def committed() -> bool:
        with site.app.telemetry.reading() as session:
            status = queries.ingest_status(session)
        return status is not None and status.last_commit_at is not None and status.messages > 0

    until(committed, "the pulse")


def test_error_in_the_clock_does_not_end_the_gateway(site: Site) -> None:
    """An error that reached paho would end its thread without a sign; what came is sent again instead."""
    site.stop_ingest()
    endpoint = broker.ingest_endpoint(site.app.settings)
    assert endpoint is not None
    failures = iter([RecursionError("deep"), ValueError("bad")])
    failed = threading.Event()

    def clock() -> object:
        for failure in failures:
            failed.set()
            raise failure
        return site.app.clock()

    gateway = Gateway(endpoint, clock, lambda: None)  # type: ignore[arg-type]  # a clock that fails on purpose
    gateway.start()
    tracker = _connected(site, "t1")
    taken: list[Envelope] = []
    try:
        for seq in range(3):
            tracker.report(seq)

        def arrived() -> bool:
            taken.extend(gateway.take(10, 0.1, 0.0).envelopes)
            return len(taken) >= 3

        until(arrived, "all three messages")
        assert failed.is_set()
    finally:
        gateway.stop()


def _body(seq: int) -> bytes:
    sample = {"up": 1000 + seq, "t": time.time(), "lat": 41.3, "lon": 69.2}
    return json.dumps({"v": 1, "life": LIFE, "boot": 1, "seq": seq, "samples": [sample]}).encode()


@pytest.mark.parametrize("size", [5 * 1024 * 1024, 70_000])
def test_huge_message_neither_reaches_ingest_nor_stops_the_broker(site: Site, size: int) -> None:
    bully, tracker = _connected(site, "t2"), _connected(site, "t1")
    bully.client.publish("imt/v1/t2/report", b"x" * size, qos=1)
    assert bully.disconnected.wait(10)
    tracker.report(0)
    assert tracker.receipt()["upto"] == 0
    assert site.asides() == []
