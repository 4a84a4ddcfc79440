"""A vehicle's own record of its samples, by which a test judges the server: taken, erased after a receipt, given up.

One line each, `T|E|G life boot seq`, written as it happens. After a kill the flash may hold one sample more than the
record; the next start notes it.
"""

from dataclasses import dataclass, field
from pathlib import Path

from firmware_stubs.tracker.ports import Witness

Key = tuple[str, int, int]  # life, boot, seq


class RecordFile(Witness):
    """Writes one vehicle's record; opened for adding."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", buffering=1)

    def took(self, life: str, boot: int, seq: int) -> None:
        self._file.write(f"T {life} {boot} {seq}\n")

    def erased(self, life: str, boot: int, seq: int) -> None:
        self._file.write(f"E {life} {boot} {seq}\n")

    def gave_up(self, life: str, boot: int, seq: int) -> None:
        self._file.write(f"G {life} {boot} {seq}\n")

    def close(self) -> None:
        self._file.close()


@dataclass(slots=True)
class Record:
    """What a vehicle says of its samples."""

    taken: set[Key] = field(default_factory=set)
    erased: set[Key] = field(default_factory=set)
    given_up: set[Key] = field(default_factory=set)


def read(path: Path) -> Record:
    """The record in a file; a last line that was cut short counts for nothing."""
    record = Record()
    sets = {"T": record.taken, "E": record.erased, "G": record.given_up}
    for line in path.read_text().split("\n")[:-1]:
        kind, life, boot, seq = line.split(" ")
        sets[kind].add((life, int(boot), int(seq)))
    return record
