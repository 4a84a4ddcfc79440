"""The child process that fills the queue: reports of many trackers in turn over one connection, QoS 1."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from assets.bench.children import PATIENCE_S, tracker_name

SECONDS_APART = 10
LIFE = "9f3a01c7"


def payload(seq: int, samples: int, began_s: int) -> bytes:
    """A report: `samples` samples from number `seq` on, of a boot from `began_s` on; with one, about 213 bytes."""
    body = {"v": 1, "life": LIFE, "boot": 1, "seq": seq, "samples": [_sample(seq + n, began_s) for n in range(samples)]}
    return json.dumps(body, separators=(",", ":")).encode()


def _sample(seq: int, began_s: int) -> dict[str, object]:
    up = 60 + seq * SECONDS_APART
    return {
        "t": began_s + up, "up": up, "lat": round(41.311081 + seq * 1e-4 % 0.5, 6),
        "lon": round(69.240562 + seq * 1e-4 % 0.5, 6), "alt": 455.2, "spd": 42.5, "hdg": 43.7, "sat": 11, "hdop": 0.9,
        "ign": True, "odo": round(12.5 * seq, 1), "vext": 13.9, "gsm": -71,
    }  # fmt: skip


def main(port: int, user: str, messages: int, samples: int, trackers: int, until_s: int) -> None:
    """Publish everything and wait until the broker has acknowledged the last of it."""
    left = messages
    done = threading.Event()
    rounds = -(-messages // trackers)
    began_s = until_s - 120 - rounds * samples * SECONDS_APART

    def published(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bench-publisher")
    client.username_pw_set(user, os.environ["BENCH_SECRET"])
    client.max_inflight_messages_set(1000)
    client.on_publish = published
    client.connect("127.0.0.1", port)
    client.loop_start()
    for number in range(messages):
        turn, tracker = divmod(number, trackers)
        client.publish(f"imt/v1/{tracker_name(tracker)}/report", payload(turn * samples, samples, began_s), qos=1)
    if not done.wait(PATIENCE_S + messages / 500):
        raise OSError(f"{left} of {messages} messages were not acknowledged")
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], *(int(text) for text in sys.argv[3:]))
