"""The flash of a simulated tracker: in memory for history and tests, in a directory for a live fleet."""

from collections.abc import Mapping
from pathlib import Path

from firmware_stubs.tracker.ports import Flash

BYTES = "latin-1"  # every byte is one character of it


class MemoryFlash(Flash):
    """Files in a dictionary; `snapshot` gives them as JSON-able text, one character a byte."""

    def __init__(self, files: Mapping[str, str] | None = None) -> None:
        self.files: dict[str, bytearray] = {name: bytearray(text.encode(BYTES)) for name, text in (files or {}).items()}

    def names(self) -> list[str]:
        return list(self.files)

    def read(self, name: str) -> bytes:
        return bytes(self.files.get(name, b""))

    def append(self, name: str, data: bytes) -> None:
        self.files.setdefault(name, bytearray()).extend(data)

    def write(self, name: str, data: bytes) -> None:
        self.files[name] = bytearray(data)

    def remove(self, name: str) -> None:
        self.files.pop(name, None)

    def snapshot(self) -> dict[str, str]:
        return {name: data.decode(BYTES) for name, data in self.files.items()}


class FileFlash(Flash):
    """Files in one directory, which is made if it is missing. OSError from the disk goes through to the firmware."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        return [path.name for path in self._directory.iterdir()]

    def read(self, name: str) -> bytes:
        try:
            return (self._directory / name).read_bytes()
        except FileNotFoundError:
            return b""

    def append(self, name: str, data: bytes) -> None:
        with (self._directory / name).open("ab") as file:
            file.write(data)

    def write(self, name: str, data: bytes) -> None:
        (self._directory / name).write_bytes(data)

    def remove(self, name: str) -> None:
        (self._directory / name).unlink(missing_ok=True)
