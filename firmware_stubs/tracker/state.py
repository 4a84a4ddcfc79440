"""Keeps the few facts that outlive a restart: life, boot, settings, servers, silences, answered commands, the image.

Two slots take turns, so that a power cut while one is written leaves the other. Certificates have files of their own,
named by their checksum: two of them would not fit into one block of a flash beside the rest.
"""

import binascii
import json

from firmware_stubs.tracker import sampling
from firmware_stubs.tracker.ports import Board, Flash

SLOTS = ("state.0", "state.1")
PEM = "pem."
REMEMBERED = 16  # commands whose outcome is kept to answer a repeat


class State:
    """Reads the newer valid slot, or starts a new life. `start` must be called once at each start of the device."""

    def __init__(self, flash: Flash, board: Board) -> None:
        self._flash = flash
        self._turn = 0
        self._before: "list[str]" = []  # certificates that the other slot names
        self.life = ""
        self.boot = 0
        self.config = sampling.defaults()
        self.done: "list[list[object]]" = []  # [id, ok, why]; ok None: begun, its outcome is still to come
        self.silent: "list[list[int]]" = []
        self.server: "dict[str, object] | None" = None  # None: the one that the device was made with
        self.trial: "dict[str, object] | None" = None  # a server that must show itself first
        self.image: "dict[str, object] | None" = None  # an update that must show itself first
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
        kept: "list[str]" = []
        server = self._apart(self.server, kept)
        trial = self.trial
        if trial is not None:
            trial = dict(trial)
            trial["facts"] = self._apart(trial["facts"], kept)  # type: ignore[arg-type]  # a dictionary, by `servers`
        facts = {
            "turn": self._turn,
            "life": self.life,
            "boot": self.boot,
            "config": self.config,
            "done": self.done,
            "silent": self.silent,
            "server": server,
            "trial": trial,
            "image": self.image,
        }
        text = json.dumps(facts).encode()
        self._flash.write(SLOTS[self._turn % 2], b"%08x " % binascii.crc32(text) + text)
        for name in self._flash.names():
            if name.startswith(PEM) and name not in kept and name not in self._before:
                self._flash.remove(name)
        self._before = kept

    def _apart(self, facts: "dict[str, object] | None", kept: "list[str]") -> "dict[str, object] | None":
        """The facts with the name of a file in the place of the certificate, which is written first."""
        if facts is None or not isinstance(facts.get("authority"), str):
            return facts
        text = str(facts["authority"]).encode()
        name = PEM + "%08x" % binascii.crc32(text)
        if self._flash.read(name) != text:
            self._flash.write(name, text)
        kept.append(name)
        facts = dict(facts)
        facts["authority"] = name
        return facts

    def _together(self, facts: "dict[str, object] | None") -> "dict[str, object] | None":
        if facts is not None and isinstance(facts.get("authority"), str):
            name = str(facts["authority"])
            self._before.append(name)
            facts["authority"] = self._flash.read(name).decode()
        return facts

    def remember(self, order_id: str, ok: "bool | None", why: str) -> None:
        """Keeps the outcome of a command, before it takes effect; OSError if the flash takes nothing."""
        before = self.done
        done = [entry for entry in before if entry[0] != order_id]
        done.append([order_id, ok, why])
        self.done = done[-REMEMBERED:]
        try:
            self.save()
        except OSError:
            self.done = before
            raise

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
        self.config = sampling.known(facts["config"])
        self.silent = facts.get("silent", [])
        self.server = self._together(facts.get("server"))
        self.trial = facts.get("trial")
        if self.trial is not None:
            self.trial["facts"] = self._together(self.trial["facts"])  # type: ignore[arg-type]  # as it was saved
        self.image = facts.get("image")
