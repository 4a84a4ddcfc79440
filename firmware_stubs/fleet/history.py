"""Past days of a vehicle as wire messages, without a broker: same firmware, simulated clock, reproducible by seed."""

import json
from collections.abc import Iterator, MutableMapping
from datetime import date
from typing import NamedTuple

from firmware_stubs.fleet.driver import DAY_S, TASHKENT_S, VehicleSpec
from firmware_stubs.fleet.flash import MemoryFlash
from firmware_stubs.fleet.vehicle import SimulatedVehicle
from firmware_stubs.tracker.ports import Transport

# A month of 60 vehicles stays under 500,000 samples; distance and engine time are counted on the device all the same.
# With the coarse steps no two samples while driving or idling are more than five minutes apart.
SAMPLING = {"moving_s": 50, "idle_s": 240, "parked_s": 3600, "turn_deg": 0}
TOGETHER = 24  # samples sent together, or fewer after TOGETHER_S
TOGETHER_S = 3600.0


class Message(NamedTuple):
    """One published message and the UNIX time at which the tracker sent it."""

    sent_s: float
    topic: str
    payload: bytes


class Recorder(Transport):
    """Keeps what the tracker sends, and answers each report with a receipt: who reads the history stores it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self._receipts: list[tuple[str, bytes]] = []
        self._topic = ""

    def connect(self, will_topic: str, will_payload: bytes, subscriptions: list[tuple[str, int]]) -> None:
        self.connected = True
        self._topic = subscriptions[0][0]

    def publish(self, topic: str, payload: bytes) -> bool:
        self.sent.append((topic, payload))
        if topic.endswith("/report"):
            head, _, samples = payload.partition(b',"samples":')
            report = json.loads(head + b"}")
            last = report["seq"] + samples.count(b'{"up":') - 1
            receipt = {"v": 1, "life": report["life"], "boot": report["boot"], "upto": -1}
            receipt["got"] = [[report["seq"], last]]
            self._receipts.append((self._topic, json.dumps(receipt).encode()))
        return True

    def poll(self) -> list[tuple[str, bytes]]:
        receipts, self._receipts = self._receipts, []
        return receipts

    def disconnect(self) -> None:
        self.connected = False


def generate(
    spec: VehicleSpec, since_s: float, until_s: float, state: MutableMapping[str, object]
) -> Iterator[Message]:
    """All messages (hello and report) of a vehicle from one UNIX time to another, in one boot of its tracker.

    `state` is what an earlier call left in it (empty for a new vehicle); it is brought up to date when the last
    message has been taken, and then serves the next call or `state_dir.save`. Same arguments, same bytes.
    """
    flash = MemoryFlash(_texts(state.get("flash")))
    recorder = Recorder()
    vehicle = SimulatedVehicle(spec, flash, recorder, since_s, state=_mapping(state.get("sim")), settings=SAMPLING)
    client, driver = vehicle.client, vehicle.driver
    stepped_s = since_s
    client.step()
    client.step()  # connected, and hello is said, before there is anything to catch up with
    while driver.now_s < until_s - 0.5:
        vehicle.leap(until_s)
        if client.store.next_seq % TOGETHER == 0 or driver.now_s - stepped_s >= TOGETHER_S:
            stepped_s = driver.now_s
            client.step()
        if recorder.sent:
            yield from (Message(driver.now_s, topic, payload) for topic, payload in recorder.sent)
            recorder.sent.clear()
    for _ in range(2):  # sends what is left; takes the receipt
        client.step()
    yield from (Message(driver.now_s, topic, payload) for topic, payload in recorder.sent)
    state["sim"] = vehicle.state()
    state["flash"] = flash.snapshot()


def generate_day(spec: VehicleSpec, day: date, state: MutableMapping[str, object] | None = None) -> Iterator[bytes]:
    """The report payloads of one local day (UTC+5), in the order sent. `state` as in `generate`."""
    start_s = (day - date(1970, 1, 1)).days * DAY_S - TASHKENT_S
    for message in generate(spec, start_s, start_s + DAY_S, {} if state is None else state):
        if message.topic.endswith("/report"):
            yield message.payload


def _mapping(value: object) -> dict[str, object] | None:
    return {str(key): value[key] for key in value} if isinstance(value, dict) else None


def _texts(value: object) -> dict[str, str]:
    return {str(key): str(value[key]) for key in value} if isinstance(value, dict) else {}
