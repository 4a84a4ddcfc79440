"""The child process to compare with: paho with a callback that does nothing, acknowledging by itself."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from assets.bench.children import PATIENCE_S, TOPIC


def main(port: int, user: str, messages: int) -> None:
    """Subscribe, say so, take `messages` messages, and print when the last one came (UNIX seconds)."""
    heard = 0
    done = threading.Event()

    def on_message(*_: Any) -> None:
        nonlocal heard
        heard += 1
        if heard == messages:
            print(time.time(), flush=True)
            done.set()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bench-paho")
    client.username_pw_set(user, os.environ["BENCH_SECRET"])
    client.max_inflight_messages_set(1000)
    client.on_connect = lambda connected, *_: connected.subscribe(TOPIC, 1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_start()
    if not done.wait(PATIENCE_S + messages / 500):
        raise OSError(f"{heard} of {messages} messages came")
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
