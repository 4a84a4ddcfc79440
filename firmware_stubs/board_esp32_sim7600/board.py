"""The inputs of the board: ignition wire, supply, clock and chance, each given as a small object by `main`."""

from firmware_stubs.tracker.ports import Board
from firmware_stubs.tracker.uptime import Uptime

DIVIDER = 16  # 30 V at the vehicle's side are 1.9 V at the pin: 150 kOhm over 10 kOhm
DEBOUNCE_MS = 500
POWER_CUT_MV = 6000
POWER_BACK_MV = 8000
LOW_BATTERY_MV = 3500
BATTERY_MV = 3700
DIVIDER_BATTERY = 2


class Esp32Board(Board):
    """`pins`: ignition, supply, battery, tamper, sos, as far as there are; an analogue one has `read_uv()`."""

    hw = "esp32-sim7600"

    def __init__(self, pins: "dict[str, object]", ticks, chance, restart, feed, reset: str) -> None:
        self.reset = reset
        self.signal: "int | None" = None
        self._pins = pins
        self._ticks = ticks
        self._uptime = Uptime(ticks())
        self._chance = chance
        self._restart = restart
        self._feed = feed
        self._ignited: "bool | None" = None
        self._seen: "bool | None" = None
        self._seen_ms = 0
        self._powered: "bool | None" = None
        self._low = False
        self._pressed: "dict[str, bool]" = {}

    def up_ms(self) -> int:
        return self._uptime.at(self._ticks())

    def ignition(self) -> "bool | None":
        """The wire, once it has stood still for half a second: a starter makes it jump."""
        pin = self._pins.get("ignition")
        if pin is None:
            return None
        now = bool(pin.value())  # type: ignore[attr-defined]
        up_ms = self.up_ms()
        if now is not self._seen:
            self._seen, self._seen_ms = now, up_ms
        if self._ignited is None or up_ms - self._seen_ms >= DEBOUNCE_MS:
            self._ignited = now
        return self._ignited

    def _millivolts(self, name: str, divider: int) -> "int | None":
        pin = self._pins.get(name)
        return None if pin is None else pin.read_uv() * divider // 1000  # type: ignore[attr-defined]

    def health(self) -> "dict[str, int | float]":
        found: "dict[str, int | float]" = {}
        supply, battery = self._millivolts("supply", DIVIDER), self._millivolts("battery", DIVIDER_BATTERY)
        if supply is not None:
            found["vext"] = supply / 1000
        if battery is not None:
            found["vbat"] = battery / 1000
        if self.signal is not None:
            found["gsm"] = self.signal
        return found

    def alarms(self) -> "list[str]":
        """What has newly happened at the inputs; with a dead band each, so that a flicker is one alarm."""
        found = self._supply_alarms() + self._battery_alarms()
        for word in ("tamper", "sos"):
            pin = self._pins.get(word)
            pressed = pin is not None and bool(pin.value())  # type: ignore[attr-defined]
            if pressed and not self._pressed.get(word, False):
                found.append(word)
            self._pressed[word] = pressed
        return found

    def _supply_alarms(self) -> "list[str]":
        supply = self._millivolts("supply", DIVIDER)
        before = self._powered
        if supply is not None and supply < POWER_CUT_MV:
            self._powered = False
        elif supply is not None and supply > POWER_BACK_MV:
            self._powered = True
        if before is None or before is self._powered:
            return []
        return ["power_back" if self._powered else "power_cut"]

    def _battery_alarms(self) -> "list[str]":
        battery = self._millivolts("battery", DIVIDER_BATTERY)
        before = self._low
        if battery is not None and battery < LOW_BATTERY_MV:
            self._low = True
        elif battery is not None and battery > BATTERY_MV:
            self._low = False
        return ["low_battery"] if self._low and not before else []

    def entropy(self, count: int) -> bytes:
        return bytes(self._chance(count))

    def reboot(self) -> None:
        self._restart()

    def alive(self) -> None:
        self._feed()


class PowerKey:
    """The modem's power key is a toggle: a pulse of one second switches on, one of three seconds off."""

    def __init__(self, pin, clock) -> None:
        self._pin = pin
        self._clock = clock
        self._until_ms: "int | None" = None

    def switch(self, on: bool) -> None:
        self._pin.value(1)
        self._until_ms = self._clock() + (1000 if on else 3000)

    def step(self) -> None:
        if self._until_ms is not None and self._clock() >= self._until_ms:
            self._pin.value(0)
            self._until_ms = None
