"""A message that no batch can be stored with: found, set aside, and its neighbours stored at once."""

from __future__ import annotations

import json
import sqlite3
import time

from tests.mqtt.conftest import LIFE, Site, until

POISON = 77
PATIENCE_S = 15.0


def _body(seq: int) -> bytes:
    body = {"v": 1, "life": LIFE, "boot": 1, "seq": seq, "samples": [{"t": time.time() - 300 + seq, "up": seq + 1}]}
    return json.dumps(body).encode()


def test_poison_is_set_aside_and_its_neighbours_are_stored(site: Site) -> None:
    tracker = site.tracker("t1")
    assert tracker.connected.wait(PATIENCE_S)
    database = site.app.settings.data_dir / "telemetry.db"
    with sqlite3.connect(database) as connection:
        connection.execute(
            f"CREATE TRIGGER poison BEFORE INSERT ON sample WHEN new.seq = {POISON}"
            " BEGIN SELECT RAISE(ABORT, 'whatever the database cannot take'); END"
        )
    connection.close()
    site.stop_ingest()
    for seq in range(200):
        tracker.client.publish("imt/v1/t1/report", _body(seq), qos=1)
    until(lambda: tracker.client._out_messages == {}, "the broker to take all")
    site.start_ingest()
    until(lambda: site.stored() == 199, "all but one to be stored")
    until(lambda: len(site.asides()) == 1, "the one to be set aside")
    (aside,) = site.asides()
    assert json.loads(aside.raw)["seq"] == POISON
    assert aside.reason.startswith("could not be stored")
    assert POISON not in {row.seq for row in site.samples()}
    # A receipt never names it: the tracker keeps it, and is asked for it.
    hello = {"v": 1, "life": LIFE, "boot": 1, "conn": 2, "up": 300, "oldest": [1, 0], "newest": [1, 199]}
    tracker.publish("hello", json.dumps(hello).encode())
    receipt = tracker.receipt()
    while receipt["got"] != [[POISON + 1, 199]]:
        receipt = tracker.receipt()
    assert receipt["upto"] == POISON - 1
