"""The few facts that must outlive a restart (life, boot, settings, answered commands), in two slots that take turns."""

import binascii
import json

from firmware_stubs.tracker import sampling
from firmware_stubs.tracker.ports import Board, Flash

SLOTS = ("state.0", "state.1")
REMEMBERED = 16  # commands whose outcome is kept to answer a repeat


class State:
    """Reads the newer valid slot, or starts a new life. `start` must be called once at each start of the device."""

    def __init__(self, flash: Flash, board: Board) -> None:
        self._flash = flash
        self._turn = 0
        self.life = ""
        self.boot = 0
        self.config = sampling.defaults()
        self.done: "list[list[object]]" = []  # [id, ok, why]
        for name in SLOTS:
            self._load(flash.read(name))
        if self.life == "":
            self.life = binascii.hexlify(board.entropy(4)).decode()

    def start(self) -> None:
        """Counts this start. Written before anything is numbered with it, so that no number is used twice."""
        self.boot += 1
        self.save()

    def save(self) -> None:
        """Writes the older slot; a power cut meanwhile leaves the other one valid."""
        self._turn += 1
        facts = {
            "turn": self._turn,
            "life": self.life,
            "boot": self.boot,
            "config": self.config,
            "done": self.done,
        }
        text = json.dumps(facts).encode()
        self._flash.write(SLOTS[self._turn % 2], b"%08x " % binascii.crc32(text) + text)

    def remember(self, order_id: str, ok: bool, why: str) -> None:
        """Keeps the outcome of a command, before it takes effect."""
        self.done.append([order_id, ok, why])
        self.done = self.done[-REMEMBERED:]
        self.save()

    def outcome(self, order_id: str) -> "list[object] | None":
        for entry in self.done:
            if entry[0] == order_id:
                return entry
        return None

    def _load(self, raw: bytes) -> None:
        text = raw[9:]
        if len(raw) < 10 or raw[:8] != b"%08x" % binascii.crc32(text):
            return
        facts = json.loads(text)
        if facts["turn"] <= self._turn:
            return
        self._turn = facts["turn"]
        self.life = facts["life"]
        self.boot = facts["boot"]
        self.done = facts["done"]
        if sampling.fault(facts["config"]) is None:  # settings of another version: the defaults
            self.config = sampling.defaults()
            self.config.update(facts["config"])
