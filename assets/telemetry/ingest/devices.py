"""What is known of one tracker: its latest state by event time, its present connection, its boots."""

from __future__ import annotations

from dataclasses import dataclass, field

from assets.telemetry.ingest.boots import BootState
from assets.telemetry.messages import Bye, Hello, Reading

DEVICE_COLUMNS = (
    "stored", "set_aside", "heard_ms", "hello_ms", "event_ms", "ignition", "speed_kmh", "heading_deg", "vehicle_v",
    "battery_v", "signal_dbm", "position_ms", "lat", "lon", "life", "boot", "conn", "online", "reset", "firmware",
    "hardware",
)  # fmt: skip
"""What a transaction may change, in the order of `DeviceState.values`."""

BootName = tuple[str, int]
"""(life, boot)."""


@dataclass(slots=True)
class DeviceState:
    """A row of `device` opened up, with those of its boots that were asked for so far."""

    id: int
    tracker: str
    version: int
    stored: int
    set_aside: int
    heard_ms: int | None
    hello_ms: int | None
    event_ms: int | None
    ignition: bool | None
    speed_kmh: float | None
    heading_deg: float | None
    vehicle_v: float | None
    battery_v: float | None
    signal_dbm: float | None
    position_ms: int | None
    lat: float | None
    lon: float | None
    life: str | None
    boot: int | None
    conn: int | None
    online: bool | None
    reset: str | None
    firmware: str | None
    hardware: str | None
    boots: dict[BootName, BootState] = field(default_factory=dict)

    def hear(self, at_ms: int) -> None:
        """Notes that something came."""
        if self.heard_ms is None or at_ms > self.heard_ms:
            self.heard_ms = at_ms

    def bring_up_to_date(self, reading: Reading, event_ms: int, *, placed: bool) -> None:
        """Takes over what a reading says; a late one changes only what nothing newer has told."""
        if self.event_ms is None or event_ms >= self.event_ms:
            self.event_ms = event_ms
            self.ignition = reading.ignition
            self.speed_kmh = reading.speed_kmh
            self.heading_deg = reading.heading_deg if placed else None
            self.vehicle_v = reading.vehicle_v
            self.battery_v = reading.battery_v
            self.signal_dbm = reading.signal_dbm
        if placed and (self.position_ms is None or event_ms >= self.position_ms):
            self.position_ms, self.lat, self.lon = event_ms, reading.lat, reading.lon

    def greet(self, hello: Hello, received_ms: int) -> None:
        """Takes over who the tracker says it is, unless an earlier connection's hello comes late."""
        if self.life != hello.life or (hello.boot, hello.conn) >= (self.boot or 0, self.conn or 0):
            self.life, self.boot, self.conn, self.online = hello.life, hello.boot, hello.conn, True
            self.firmware, self.hardware, self.reset = hello.firmware, hello.hardware, hello.reset
            self.hello_ms = received_ms

    def part(self, bye: Bye) -> None:
        """Notes that the present connection ended; the word on an older one is ignored."""
        if self.life == bye.life and (self.boot, self.conn) == (bye.boot, bye.conn):
            self.online = False

    def lose(self, began_s: int) -> None:
        """Notes that a guest's connection of then ended; a will that was retained is told again and again."""
        if self.conn is None or began_s > self.conn:
            self.conn, self.online = began_s, False

    def come_back(self) -> None:
        """Notes that a guest speaks: only a will that comes after this says that it is gone."""
        if self.online is False:
            self.online = True

    def values(self) -> tuple[object, ...]:
        """The columns to write back, in the order of `DEVICE_COLUMNS`."""
        return (
            self.stored, self.set_aside, self.heard_ms, self.hello_ms, self.event_ms, self.ignition, self.speed_kmh,
            self.heading_deg, self.vehicle_v, self.battery_v, self.signal_dbm, self.position_ms, self.lat, self.lon,
            self.life, self.boot, self.conn, self.online, self.reset, self.firmware, self.hardware,
        )  # fmt: skip
