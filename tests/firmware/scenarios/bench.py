"""The smallest board, flash and transport, in the subset of Python that MicroPython knows."""

import json

from firmware_stubs.tracker.client import Client
from firmware_stubs.tracker.nmea import Fix
from firmware_stubs.tracker.ports import Board, Flash, Transport

T0 = 1798112345


class PlainFlash(Flash):
    """Files in a dictionary, and a log of what was done to them."""

    def __init__(self) -> None:
        self.files: "dict[str, bytes]" = {}
        self.log: "list[tuple[str, str, bytes]]" = []

    def names(self) -> "list[str]":
        return list(self.files)

    def read(self, name: str) -> bytes:
        return self.files.get(name, b"")

    def append(self, name: str, data: bytes) -> None:
        self.log.append(("append", name, data))
        self.files[name] = self.files.get(name, b"") + data

    def write(self, name: str, data: bytes) -> None:
        self.log.append(("write", name, data))
        self.files[name] = data

    def remove(self, name: str) -> None:
        if name in self.files:
            self.log.append(("remove", name, b""))
            del self.files[name]


class PlainBoard(Board):
    """A clock set by hand."""

    hw = "scenario"

    def __init__(self, chance: int = 1) -> None:
        self.ms = 0
        self.ignited: "bool | None" = True
        self.reboots = 0
        self._chance = chance

    def up_ms(self) -> int:
        return self.ms

    def ignition(self) -> "bool | None":
        return self.ignited

    def health(self) -> "dict[str, int | float]":
        return {"vext": 13.9, "vbat": 4.1, "gsm": -81}

    def entropy(self, count: int) -> bytes:
        found = bytearray()
        for _ in range(count):
            self._chance = (self._chance * 1103515245 + 12345) & 0x7FFFFFFF
            found.append(self._chance >> 16 & 255)
        return bytes(found)

    def reboot(self) -> None:
        self.reboots += 1


class PlainTransport(Transport):
    """A connection that always works; what is sent lies in `sent`, what lies in `inbox` arrives."""

    def __init__(self) -> None:
        self.sent: "list[tuple[str, bytes]]" = []
        self.inbox: "list[tuple[str, bytes]]" = []
        self.reachable = True

    def connect(self, will_topic: str, will_payload: bytes, subscriptions: "list[tuple[str, int]]") -> None:
        self.connected = self.reachable

    def publish(self, topic: str, payload: bytes) -> bool:
        if self.connected:
            self.sent.append((topic, payload))
        return self.connected

    def poll(self) -> "list[tuple[str, bytes]]":
        arrived = self.inbox
        self.inbox = []
        return arrived

    def disconnect(self) -> None:
        self.connected = False


class Device:
    """One tracker with all of that, and a server that says what it is told to."""

    def __init__(self, flash: "PlainFlash | None" = None, chance: int = 1) -> None:
        self.flash = PlainFlash() if flash is None else flash
        self.board = PlainBoard(chance)
        self.transport = PlainTransport()
        self.client = Client("T-1", self.board, self.flash, self.transport)

    def second(self, fix: "Fix | None") -> None:
        self.board.ms += 1000
        self.client.observe(fix)
        self.client.step()

    def receipt(self, upto: int) -> None:
        state = self.client.state
        body = {"v": 1, "life": state.life, "boot": state.boot, "upto": upto, "got": [], "want": []}
        self.transport.inbox.append(("imt/v1/T-1/receipt", json.dumps(body).encode()))
        self.client.step()

    def order(self, name: str, order_id: str, args: object) -> None:
        body = {"v": 1, "id": order_id, "cmd": name, "args": args, "expires": T0 + 100000}
        self.transport.inbox.append(("imt/v1/T-1/command", json.dumps(body).encode()))
        self.client.step()

    def take(self) -> "list[tuple[str, bytes]]":
        sent = self.transport.sent
        self.transport.sent = []
        return sent


def fix_at(second: int, north_m: int, kmh: int = 36, heading: int = 0) -> Fix:
    """A fix so many metres north of a place near Tashkent."""
    fix = Fix(T0 + second, 412646500 + north_m * 90, 692162700)
    fix.spd_kmh, fix.hdg, fix.sat, fix.mode = kmh, heading, 9, 3
    return fix
