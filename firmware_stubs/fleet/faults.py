"""What goes wrong in the field, by option and by chance that a seed fixes: no network, no power, a wrong clock."""

import argparse
import random
from dataclasses import dataclass

from firmware_stubs.fleet.mqtt_transport import MqttTransport
from firmware_stubs.fleet.vehicle import SimulatedVehicle

CLOCK_WRONG_S = 90.0
CLOCKS = ("unset", "rollover", "ahead")


@dataclass(frozen=True, slots=True)
class Faults:
    """Mean seconds between faults of one vehicle; 0: none. `copies`: each message goes out so many times more."""

    dead_every_s: float = 0.0
    dead_for_s: float = 0.0
    reboot_every_s: float = 0.0
    wipe_every_s: float = 0.0
    clock_every_s: float = 0.0
    copies: int = 0


def add_options(parser: argparse.ArgumentParser) -> None:
    """The fleet's options for faults."""
    faults = parser.add_argument_group("faults, of each vehicle, by chance")
    faults.add_argument(
        "--dead-zones", metavar="EVERY/FOR", help="no network about every EVERY seconds, about FOR seconds long"
    )
    faults.add_argument("--reboots", type=float, default=0.0, metavar="EVERY", help="the power fails and comes back")
    faults.add_argument(
        "--wipes", type=float, default=0.0, metavar="EVERY", help="the flash is lost as well: a new life"
    )
    faults.add_argument(
        "--clock-resets", type=float, default=0.0, metavar="EVERY", help="the receiver tells a wrong time for a while"
    )
    faults.add_argument("--duplicates", type=int, default=0, metavar="N", help="each message is sent N times more")
    faults.add_argument(
        "--theft",
        metavar="TRACKER@SECONDS",
        help="after so long another device with the tracker's secret drives 200 km away",
    )


def of_options(options: argparse.Namespace) -> Faults:
    """Reads the options; ValueError says what is wrong with them."""
    dead_every_s = dead_for_s = 0.0
    if options.dead_zones is not None:
        every, _, lasting = str(options.dead_zones).partition("/")
        try:
            dead_every_s, dead_for_s = float(every), float(lasting)
        except ValueError as error:
            raise ValueError("--dead-zones needs two numbers, as 600/120") from error
    values = (dead_every_s, dead_for_s, options.reboots, options.wipes, options.clock_resets, options.duplicates)
    if min(values) < 0:
        raise ValueError("faults happen at intervals above 0")
    return Faults(dead_every_s, dead_for_s, options.reboots, options.wipes, options.clock_resets, options.duplicates)


def theft_of(options: argparse.Namespace) -> tuple[str, float] | None:
    """Which tracker's secret is stolen, and after how many seconds."""
    if options.theft is None:
        return None
    tracker, _, after = str(options.theft).rpartition("@")
    try:
        return tracker, float(after)
    except ValueError as error:
        raise ValueError("--theft needs a tracker and seconds, as TRK-1@300") from error


class Mishaps:
    """Lets one vehicle's faults happen as time goes on."""

    def __init__(self, faults: Faults, vehicle: SimulatedVehicle, transport: MqttTransport, now_s: float) -> None:
        self._faults = faults
        self._vehicle = vehicle
        self._transport = transport
        self._chance = random.Random(f"faults/{vehicle.spec.tracker}/{vehicle.spec.seed}")
        self._dead_s = self._next(faults.dead_every_s, now_s)
        self._alive_s = now_s
        self._reboot_s = self._next(faults.reboot_every_s, now_s)
        self._wipe_s = self._next(faults.wipe_every_s, now_s)
        self._clock_s = self._next(faults.clock_every_s, now_s)
        self._right_s = now_s

    def _next(self, mean_s: float, now_s: float) -> float:
        return now_s + self._chance.expovariate(1 / mean_s) if mean_s > 0 else float("inf")

    def happen(self, now_s: float) -> None:
        """Everything that is due at this moment (real seconds, any origin)."""
        faults = self._faults
        if self._transport.cut and now_s >= self._alive_s:
            self._transport.cut = False
            self._dead_s = self._next(faults.dead_every_s, now_s)
        elif not self._transport.cut and now_s >= self._dead_s:
            self._transport.cut = True
            self._transport.lose()
            self._alive_s = self._next(faults.dead_for_s, now_s)
        if now_s >= self._wipe_s:
            self._wipe_s = self._next(faults.wipe_every_s, now_s)
            self._vehicle.wipe()
            self._fail()
        if now_s >= self._reboot_s:
            self._reboot_s = self._next(faults.reboot_every_s, now_s)
            self._fail()
        self._clocks(now_s)

    def _fail(self) -> None:
        self._transport.lose()
        self._vehicle.restart("brownout")

    def _clocks(self, now_s: float) -> None:
        if self._vehicle.wrong_clock is not None and now_s >= self._right_s:
            self._vehicle.wrong_clock = None
        if now_s >= self._clock_s:
            self._clock_s = self._next(self._faults.clock_every_s, now_s)
            self._right_s = now_s + CLOCK_WRONG_S
            self._vehicle.wrong_clock = self._chance.choice(CLOCKS)
