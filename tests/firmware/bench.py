"""A test bench for the firmware: a board with a hand-set clock, a transport with switches."""

from __future__ import annotations

import json
import random
from typing import Any

from firmware_stubs.fleet.flash import MemoryFlash
from firmware_stubs.tracker.client import Client
from firmware_stubs.tracker.nmea import Fix
from firmware_stubs.tracker.ports import Board, Transport, Witness
from firmware_stubs.tracker.ring import BLOCKS

TRACKER = "T-1"
T0 = 1_798_112_345


class BenchBoard(Board):
    """Time stands still until `ms` is set."""

    hw = "bench"

    def __init__(self, seed: int = 1) -> None:
        self.ms = 0
        self.ignited: bool | None = True
        self.reboots = 0
        self._chance = random.Random(seed)

    def up_ms(self) -> int:
        return self.ms

    def ignition(self) -> bool | None:
        return self.ignited

    def entropy(self, count: int) -> bytes:
        return self._chance.randbytes(count)

    def reboot(self) -> None:
        self.reboots += 1


class BenchTransport(Transport):
    """`reachable`: connecting works. `open_`: publishing works. What was sent is in `sent`; fill `inbox` to answer."""

    def __init__(self) -> None:
        self.reachable = True
        self.sent: list[tuple[str, bytes]] = []
        self.inbox: list[tuple[str, bytes]] = []
        self.wills: list[tuple[str, dict[str, Any]]] = []
        self.attempts: list[int] = []
        self.board: BenchBoard | None = None

    def connect(self, will_topic: str, will_payload: bytes, subscriptions: list[tuple[str, int]]) -> None:
        self.wills.append((will_topic, json.loads(will_payload)))
        if self.board is not None:
            self.attempts.append(self.board.ms)
        self.connected = self.reachable

    def publish(self, topic: str, payload: bytes) -> bool:
        if self.connected:
            self.sent.append((topic, payload))
        return self.connected

    def poll(self) -> list[tuple[str, bytes]]:
        arrived, self.inbox = self.inbox, []
        return arrived

    def disconnect(self) -> None:
        self.connected = False

    def take(self, kind: str) -> list[dict[str, Any]]:
        """Removes what was sent of this kind and returns it decoded."""
        found = [json.loads(body) for topic, body in self.sent if topic == f"imt/v1/{TRACKER}/{kind}"]
        self.sent = [entry for entry in self.sent if entry[0] != f"imt/v1/{TRACKER}/{kind}"]
        return found


class Bench:
    """One tracker on the bench."""

    def __init__(
        self,
        flash: MemoryFlash | None = None,
        seed: int = 1,
        *,
        blocks: int = BLOCKS,
        witness: Witness | None = None,
        **settings: int,
    ) -> None:
        self.blocks = blocks
        self.witness = witness
        self.flash = MemoryFlash() if flash is None else flash
        self.board = BenchBoard(seed)
        self.transport = BenchTransport()
        self.transport.board = self.board
        self.client = Client(
            TRACKER,
            self.board,
            self.flash,
            self.transport,
            settings=settings or None,
            blocks=blocks,
            witness=witness,
        )

    def restart(self, seed: int = 2) -> Bench:
        """The power fails and comes back: same flash, everything else new."""
        return Bench(self.flash, seed, blocks=self.blocks, witness=self.witness)

    def connect(self) -> None:
        self.client.step()
        self.client.step()

    def pass_s(self, seconds: float, steps: int = 1) -> None:
        for _ in range(steps):
            self.board.ms += int(seconds * 1000 / steps)
            self.client.step()

    def sample(self, count: int = 1) -> None:
        """Takes samples without sending: a second passes before each, and each has a time of its own."""
        for _ in range(count):
            self.board.ms += 1000
            self.client.commands.locate = True
            self.client.observe(fix_at(self.board.ms // 1000))

    def receipt(self, upto: object, got: object = (), want: object = (), **other: object) -> None:
        """The server's answer arrives; `other` overrides any key."""
        body = {"v": 1, "life": self.client.state.life, "boot": self.client.state.boot, "upto": upto}
        body |= {"got": got, "want": want} | other
        self.transport.inbox.append((f"imt/v1/{TRACKER}/receipt", json.dumps(body).encode()))
        self.client.step()

    def command(self, name: str, order_id: str, **more: object) -> list[dict[str, Any]]:
        """Gives a command and returns the results that came."""
        body = json.dumps({"v": 1, "id": order_id, "cmd": name} | more).encode()
        self.transport.inbox.append((f"imt/v1/{TRACKER}/command", body))
        self.client.step()
        return self.transport.take("result")

    def held(self) -> list[tuple[int, int]]:
        """(boot, seq) of every sample that the store has not given up."""
        return [(boot, seq) for _, boot, seq in self.client.store.held()]


def fix_at(second: int, north_m: float = 0.0, east_m: float = 0.0, kmh: float | None = 0.0) -> Fix:
    """A fix near Tashkent, so many metres off."""
    fix = Fix(T0 + second, 412646500 + round(north_m * 90.06), 692162700 + round(east_m * 119.5))
    fix.spd_kmh = kmh
    return fix
