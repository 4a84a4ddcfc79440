"""A simulated GNSS receiver: slow drift (also while parked), fine noise, and zones where it sees nothing."""

import math
import random
from dataclasses import dataclass

from firmware_stubs.fleet.routes import Plane
from firmware_stubs.tracker.nmea import Fix

FINE_S = 2.0


@dataclass(frozen=True, slots=True)
class DeadZone:
    """A tunnel, a covered market, a deep yard: no fix within `radius_m` of (x_m, y_m)."""

    x_m: float
    y_m: float
    radius_m: float


def dead_zones(seed: int, reach_m: float, count: int = 3) -> tuple[DeadZone, ...]:
    """A few zones of 60-200 m somewhere within reach, not at the depot."""
    chance = random.Random(f"zones/{seed}")
    zones = []
    for _ in range(count):
        away_m, bearing = chance.uniform(800.0, reach_m), chance.uniform(0.0, 2 * math.pi)
        zones.append(DeadZone(away_m * math.cos(bearing), away_m * math.sin(bearing), 60.0 + 140.0 * chance.random()))
    return tuple(zones)


class Receiver:
    """Position error as a first-order Gauss-Markov process (sigma per axis, time constant) plus white noise.

    That is how real receivers err: a parked one wanders by metres over minutes rather than jumping each second.
    """

    def __init__(
        self,
        plane: Plane,
        seed: str,
        *,
        zones: tuple[DeadZone, ...] = (),
        sigma_m: float = 2.5,
        tau_s: float = 180.0,
        white_m: float = 0.2,
    ) -> None:
        self._plane = plane
        self._chance = random.Random(seed)
        self._zones = zones
        self._sigma_m = sigma_m
        self._tau_s = tau_s
        self._white_m = white_m
        self._east_m = self._chance.gauss(0.0, sigma_m)
        self._north_m = self._chance.gauss(0.0, sigma_m)
        self._seen_s: float | None = None

    def observe(self, now_s: float, x_m: float, y_m: float, speed_ms: float, heading: float) -> Fix | None:
        """The fix at UNIX time `now_s` for the true place and speed, or None where there is no reception."""
        gauss, chance = self._chance.gauss, self._chance.random()
        step_s = 1.0 if self._seen_s is None else now_s - self._seen_s
        self._seen_s = now_s
        keep = math.exp(-step_s / self._tau_s)
        fresh = self._sigma_m * math.sqrt(1.0 - keep * keep)
        self._east_m = east_m = self._east_m * keep + gauss(0.0, fresh)
        self._north_m = north_m = self._north_m * keep + gauss(0.0, fresh)
        for zone in self._zones:
            if math.hypot(x_m - zone.x_m, y_m - zone.y_m) < zone.radius_m:
                return None
        if step_s <= FINE_S:  # over longer steps the drift hides it
            east_m += gauss(0.0, self._white_m)
            north_m += gauss(0.0, self._white_m)
        lat, lon = self._plane.degrees(x_m + east_m, y_m + north_m)
        fix = Fix(int(now_s), int(lat * 1e7), int(lon * 1e7))
        fix.spd_kmh = abs(speed_ms + (chance - 0.5) * 0.3) * 3.6
        fix.hdg = heading if speed_ms > 1.0 else None
        fix.alt_m = 420.0 + north_m
        fix.sat = 9 + int(chance * 5)
        fix.hdop = 1.2 - 0.4 * chance
        fix.mode = 3
        return fix
