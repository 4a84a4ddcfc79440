"""The board of a simulated tracker: a clock that the simulation sets, an ignition wire, voltages, seeded chance."""

import random
import time

from firmware_stubs.tracker.ports import Board


class SimBoard(Board):
    """`now_s` is the simulation's UNIX time; the firmware sees only the time since `started_s`."""

    hw = "simulated"

    def __init__(self, started_s: float, seed: str, *, reset: str = "power_on", real_link: bool = False) -> None:
        self.reset = reset
        self.started_s = started_s
        self.now_s = started_s
        self.ignited: bool | None = False
        self.reboot_asked = False
        self._chance = random.Random(seed)
        self._real_link = real_link

    def up_ms(self) -> int:
        return int((self.now_s - self.started_s) * 1000 + 0.5)

    def link_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000 if self._real_link else self.up_ms()

    def ignition(self) -> bool | None:
        return self.ignited

    def health(self) -> dict[str, int | float]:
        chance = self._chance.random()
        volts = 13.9 + 0.4 * chance if self.ignited else 12.4 + 0.3 * chance
        return {"vext": round(volts, 1), "vbat": 4.1, "gsm": -95 + int(30 * chance)}

    def entropy(self, count: int) -> bytes:
        return self._chance.randbytes(count)

    def reboot(self) -> None:
        self.reboot_asked = True
