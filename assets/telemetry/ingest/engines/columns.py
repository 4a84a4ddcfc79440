"""What the statements of ingest read and write: columns by table, the same for both engines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from assets.telemetry.ingest.boots import BOOT_COLUMNS
from assets.telemetry.ingest.devices import DEVICE_COLUMNS
from assets.telemetry.ingest.rows import Row

Rows = Sequence[tuple[Any, ...]]

DEVICE = ("id", "tracker_id", "version", *DEVICE_COLUMNS)
BOOT = ("id", "device_id", "life", "boot", *BOOT_COLUMNS)
FRESH_BOOT = ("device_id", "life", "boot", "first_heard_ms")
ASIDE = (
    "digest", "received_at", "last_received_at", "tracker_id", "topic", "reason", "life", "boot", "seq", "times", "raw",
)  # fmt: skip
OCCURRENCE = ("device_id", "boot_id", "seq", "word", "event_ms", "dated", "received_ms")
RESULT = ("device_id", "command_id", "ok", "why", "received_ms")

ASIDE_AGAIN = (
    " ON CONFLICT (digest) DO UPDATE SET times = set_aside.times + excluded.times,"
    " last_received_at = excluded.last_received_at"
)


class Engine(Protocol):
    """What ingest asks of a database, inside one transaction."""

    def lock(self, trackers: list[str]) -> Rows:
        """(tracker, version) of the devices that exist; nobody else changes them until the commit."""

    def devices(self, trackers: list[str]) -> Rows:
        """Rows of (id, tracker_id, version, *DEVICE_COLUMNS), made where they are missing."""

    def boots(self, keys: Rows, now_ms: int) -> Rows:
        """Rows of (id, device_id, life, boot, *BOOT_COLUMNS) for (device_id, life, boot), made where missing."""

    def boots_of_life(self, device_id: int, life: str, boot: int) -> Rows:
        """The same of the known boots of a life up to and with `boot`, oldest first."""

    def samples(self, keys: Rows) -> Rows:
        """Stored rows, in `SAMPLE_COLUMNS`, for (boot_id, seq)."""

    def add_samples(self, rows: Sequence[Row]) -> None:
        """Stores rows in `SAMPLE_COLUMNS`; one that is there already stays as it is."""

    def put_devices(self, rows: Rows) -> None:
        """Writes (id, *DEVICE_COLUMNS), and counts their versions up."""

    def put_boots(self, rows: Rows) -> None:
        """Writes (id, *BOOT_COLUMNS)."""

    def set_aside(self, rows: Rows) -> None:
        """Writes what is set aside; the same again only counts."""

    def add_occurrences(self, rows: Rows) -> None:
        """Writes (device_id, boot_id, seq, word, event_ms, dated, received_ms)."""

    def add_results(self, rows: Rows) -> None:
        """Writes (device_id, command_id, ok, why, received_ms); the first word on a command stands."""


def names(columns: Iterable[str]) -> str:
    """The columns as a statement lists them."""
    return ", ".join(f'"{column}"' for column in columns)


def marks(columns: Sequence[str], mark: str) -> str:
    """A place for each column's value."""
    return ", ".join([mark] * len(columns))
