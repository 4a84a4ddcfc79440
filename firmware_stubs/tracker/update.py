"""Judges an update before anything is written, and goes back if the new firmware does not reach the server.

A manifest is text that was signed as it stands, so that nothing depends on how JSON is written:

    {"v":1,"hw":"esp32-sim7600","version":"1.2.0","size":912384,"sha256":"...","expires":1798115945}

Fetching the image and writing it is the board's (`Board.install`); no board here does it yet.
"""

import binascii
import hashlib
import json

from firmware_stubs.tracker import wire
from firmware_stubs.tracker.ports import Board
from firmware_stubs.tracker.state import State

LONGEST = 1024
SIZE_MOST = 4 * 1024 * 1024
TRIAL_MS = 600000  # how long a new firmware has to bring a receipt home
STARTS = 3  # how often it may start without one


def numbers(version: object) -> "list[int]":
    """`1.12.0` as [1, 12, 0]; empty if it is no version."""
    if not isinstance(version, str):
        return []
    parts = version.split(".")
    return [int(part) for part in parts] if len(parts) == 3 and all(_plain(part) for part in parts) else []


def _plain(part: str) -> bool:
    return part.isdigit() and len(part) <= 6


class Manifest:
    """What a verified manifest says of the image."""

    def __init__(self, facts: "dict[str, object]") -> None:
        self.version = str(facts["version"])
        self.size = int(facts["size"])  # type: ignore[call-overload]
        self.sha256 = str(facts["sha256"])

    def fits(self, image: bytes) -> bool:
        """Whether this is the image that was signed; to be asked before the board starts from it."""
        return len(image) == self.size and binascii.hexlify(hashlib.sha256(image).digest()).decode() == self.sha256


def fault(facts: object, hw: str, running: str, t: "int | None") -> str:
    """Why an update with these facts is refused; empty if it may be installed. The signature is judged apart."""
    if not isinstance(facts, dict) or facts.get("v") != 1:
        return "the manifest is not of version 1"
    if facts.get("hw") != hw:
        return "the update is for other hardware"
    size, digest, expires = facts.get("size"), facts.get("sha256"), facts.get("expires")
    if not wire.whole(size) or not 0 < size <= SIZE_MOST:  # type: ignore[operator]  # whole() has checked it
        return "size must be a number of bytes up to %d" % SIZE_MOST
    if not isinstance(digest, str) or len(digest) != 64 or not all(char in "0123456789abcdef" for char in digest):
        return "sha256 must be 64 hexadecimal digits"
    offered = numbers(facts.get("version"))
    if not offered or offered <= numbers(running):
        return "the version must be higher than " + running
    if not wire.whole(expires):
        return "the manifest must expire"
    if t is None:
        return "the time is not known, so its expiry cannot be judged"
    return "the manifest has expired" if t > expires else ""  # type: ignore[operator]  # whole() has checked it


class Updater:
    """Verifies, hands over to the board, and watches the first minutes of a new firmware."""

    def __init__(self, state: State, board: Board, running: str, key: bytes) -> None:
        self._state = state
        self._board = board
        self._running = running
        self._key = key
        self._offered: "Manifest | None" = None

    def start(self) -> None:
        """Called at each start of the device: a new firmware that keeps restarting is given up."""
        image = self._state.image
        if image is None:
            return
        if image["version"] != self._running:  # the bootloader went back by itself, or never started the new one
            self._state.image = None
            self._state.save()
            return
        image["starts"] = int(image["starts"]) + 1  # type: ignore[call-overload]
        self._state.save()
        if int(image["starts"]) > STARTS:  # type: ignore[call-overload]
            self._give_up()

    def step(self, up_ms: int) -> None:
        if self._state.image is not None and up_ms >= TRIAL_MS:
            self._give_up()

    def proved(self) -> None:
        """A receipt came: the new firmware stays."""
        if self._state.image is not None:
            self._state.image = None
            self._state.save()
            self._board.confirm()

    def _give_up(self) -> None:
        self._state.image = None
        self._state.save()
        self._board.roll_back()

    def fault(self, args: object, t: "int | None") -> str:
        """Why this order (`manifest`, `signature` in hexadecimal digits) is refused; empty if `begin` may follow."""
        self._offered = None
        if not isinstance(args, dict):
            return "update needs manifest and signature"
        text, signature = args.get("manifest"), args.get("signature")
        if not isinstance(text, str) or not isinstance(signature, str) or len(text) > LONGEST:
            return "update needs manifest and signature"
        if len(self._key) != 32:
            return "this tracker has no key to check updates with"
        from firmware_stubs.tracker import ed25519  # its tables cost time and memory that a start should not pay

        try:
            good = ed25519.verify(self._key, text.encode(), binascii.unhexlify(signature))
            facts = json.loads(text) if good else None
        except ValueError:
            return "the manifest cannot be read"
        if not good:
            return "the signature is wrong"
        why = fault(facts, self._board.hw, self._running, t)
        if why == "":
            self._offered = Manifest(facts)  # type: ignore[arg-type]
            why = self._board.can_install(self._offered.size)
        return why

    def begin(self) -> None:
        """Kept before the board acts: whatever happens then, the next start knows that the firmware is on trial."""
        if self._offered is not None:
            self._state.image = {"version": self._offered.version, "starts": 0}
            self._state.save()
            self._board.install(self._offered.version, self._offered.size, self._offered.sha256)
