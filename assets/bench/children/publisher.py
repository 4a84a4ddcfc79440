"""The child process that publishes: reports of many trackers in turn over one connection, QoS 1, made beforehand.

A socket of its own: a client library would cost more than everything that is measured.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time

from assets.bench.children import PATIENCE_S, tracker_name

SECONDS_APART = 10
LIFE = "9f3a01c7"
BLOCK = 64
LONGEST_WAIT_S = 1.0


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


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


def _packet(first: int, body: bytes) -> bytes:
    head, length = bytearray([first]), len(body)
    while True:
        length, byte = length >> 7, length & 0x7F
        head.append(byte | 0x80 if length else byte)
        if not length:
            return bytes(head) + body


def connected(port: int, user: str, secret: str, client_id: str) -> socket.socket:
    """A connection on which the broker has said yes."""
    line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    flags = bytes([0xC2, 0, 0])  # user name, password, clean session; no keep-alive
    body = _text("MQTT") + b"\x04" + flags + _text(client_id) + _text(user) + _text(secret)
    line.sendall(_packet(0x10, body))
    answer = line.recv(4)
    if answer != b"\x20\x02\x00\x00":
        raise OSError(f"the broker refused {client_id}: {answer!r}")
    return line


def publication(tracker: int, mid: int, body: bytes) -> bytes:
    """The packet of a report, QoS 1."""
    topic = _text(f"imt/v1/{tracker_name(tracker)}/report")
    return _packet(0x32, topic + mid.to_bytes(2, "big") + body)


def packets(messages: int, samples: int, trackers: int, first_seq: int, until_s: int) -> list[bytes]:
    """All that will be sent, tracker after tracker in turn; each report follows its tracker's last."""
    rounds = -(-messages // trackers)
    began_s = until_s - 120 - (first_seq + rounds * samples) * SECONDS_APART
    made = []
    for number in range(messages):
        turn, tracker = divmod(number, trackers)
        made.append(publication(tracker, 1 + number % 65_535, payload(first_seq + turn * samples, samples, began_s)))
    return made


def send(line: socket.socket, made: list[bytes], rate: float) -> tuple[float, float]:
    """Send everything, at most `rate` messages a second (0: as fast as it goes), until the broker has acknowledged the
    last; (when it began, when it ended), UNIX seconds."""
    line.setblocking(False)
    began_s = time.time()
    acknowledged, at, waiting = 0, 0, b""
    left = 4 * len(made)
    while left:
        if not waiting and at < len(made):
            due = len(made) if not rate else min(len(made), int((time.time() - began_s) * rate) + 1)
            waiting = b"".join(made[at : min(due, at + BLOCK)])
            at = min(due, at + BLOCK) if waiting else at
        pause_s = LONGEST_WAIT_S if waiting or at == len(made) or not rate else max(0.0005, 1 / rate)
        readable, writable, _ = select.select([line], [line] if waiting else [], [], pause_s)
        if readable:
            heard = line.recv(262_144)
            if not heard:
                raise OSError(f"the broker closed the connection after {acknowledged} messages")
            left -= len(heard)
            acknowledged += len(heard) // 4
        if writable:
            waiting = waiting[line.send(waiting) :]
    return began_s, time.time()


def main(port: int, user: str, messages: int, samples: int, trackers: int, first_seq: int, until_s: int) -> None:
    """Make everything, say so, wait for a line with the rate, send, and print when it began and ended."""
    made = packets(messages, samples, trackers, first_seq, until_s)
    line = connected(port, user, os.environ["BENCH_SECRET"], "bench-publisher")
    print("ready", flush=True)
    rate = float(sys.stdin.readline())
    print(*send(line, made, rate), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], *(int(text) for text in sys.argv[3:]))
