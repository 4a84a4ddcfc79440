"""What a simulated vehicle truly does: shifts by local day, drives, stops, waits at lights; its state is JSON-able."""

import random
from dataclasses import dataclass

from firmware_stubs.fleet.routes import Leg, Node, Roads

DAY_S = 86_400
TASHKENT_S = 5 * 3_600  # UTC+5 all year
FINE_S = 2.0  # steps up to this long show acceleration and braking; longer ones go at cruising speed
ACCELERATION = 1.6  # m/s2


@dataclass(frozen=True, slots=True)
class VehicleSpec:
    """One vehicle: its tracker, its depot, and how it is used. Everything else follows from `seed`."""

    tracker: str
    lat: float
    lon: float
    seed: int = 0
    reach_blocks: int = 16  # how far it drives from its depot, in street blocks of 260 m
    night: bool | None = None  # None: one vehicle in five works nights
    workdays_share: float = 0.9  # of Mondays to Fridays; Saturdays 60 %, Sundays 40 % of it

    @property
    def works_nights(self) -> bool:
        return self.seed % 5 == 4 if self.night is None else self.night


def shift(spec: VehicleSpec, day: int) -> tuple[float, float] | None:
    """Start and end (UNIX s) of the shift that begins on local day `day` (days since 1970), or None on a day off."""
    chance = random.Random(f"shift/{spec.seed}/{day}")
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    share = spec.workdays_share * (1.0 if weekday < 5 else 0.6 if weekday == 5 else 0.4)
    if chance.random() >= share:
        return None
    start_h = chance.gauss(20.0, 0.6) if spec.works_nights else chance.gauss(8.0, 0.7)
    start_s = day * DAY_S - TASHKENT_S + start_h * 3_600
    return start_s, start_s + chance.uniform(8.0, 10.5) * 3_600


class Driver:
    """The true movement. `advance` may take any step; `calm_s` says how long nothing changes."""

    def __init__(self, spec: VehicleSpec, now_s: float, state: dict[str, object] | None = None) -> None:
        self.spec = spec
        self.roads = Roads(spec.seed)
        self.now_s = now_s
        self.mode = "parked"  # parked, idling, driving
        self.until_s = now_s  # end of a stop
        self.node: Node = (0, 0)
        self.goal: Node = (0, 0)
        self.trip = 0
        self.driven_m = 0.0  # true odometer, for ever
        self.speed_ms = 0.0
        self.heading = 0.0
        self._legs: list[Leg] = []
        self._leg = 0
        self._along_m = 0.0
        self._wait_s = 0.0
        if state is not None:
            self._restore(state)

    @property
    def ignition(self) -> bool:
        return self.mode != "parked"

    @property
    def place(self) -> tuple[float, float]:
        """Metres east and north of the depot."""
        if self.mode != "driving":
            return self.roads.place(self.node)
        leg = self._legs[self._leg]
        return leg.x_m + leg.dx * self._along_m, leg.y_m + leg.dy * self._along_m

    def calm_s(self) -> float:
        """Seconds until the next thing that a coarse step must not jump over."""
        if self.mode != "driving":
            return max(1.0, self.until_s - self.now_s)
        if self._wait_s > 0:
            return max(1.0, self._wait_s)
        leg = self._legs[self._leg]
        return max(1.0, (leg.length_m - self._along_m) / leg.cruise_ms)

    def advance(self, step_s: float) -> None:
        """Moves on by `step_s` seconds."""
        self.now_s += step_s
        if self.mode != "driving":
            if self.now_s >= self.until_s:
                self._set_out()
            return
        left_s = step_s
        while left_s > 1e-6 and self.mode == "driving":
            left_s -= self._move(left_s)

    def _move(self, most_s: float) -> float:
        """Waits at a light or drives to the end of the leg at most; returns the seconds used."""
        leg = self._legs[self._leg]
        if self._wait_s > 0:
            used_s = min(most_s, self._wait_s)
            self._wait_s -= used_s
            self.speed_ms = 0.0
            if self._wait_s <= 1e-6:
                self._next_leg()
            return used_s
        left_m = leg.length_m - self._along_m
        self.speed_ms = self._speed(leg, left_m, most_s)
        used_s = min(most_s, left_m / self.speed_ms)
        self._along_m += self.speed_ms * used_s
        self.driven_m += self.speed_ms * used_s
        self.heading = leg.heading
        if leg.length_m - self._along_m < 0.01:
            self._wait_s = leg.wait_s
            if self._wait_s <= 0:
                self._next_leg()
        return used_s

    def _speed(self, leg: Leg, left_m: float, step_s: float) -> float:
        if step_s > FINE_S:
            return leg.cruise_ms
        target = leg.cruise_ms
        if leg.wait_s > 0 or self._leg == len(self._legs) - 1:
            target = min(target, (2 * ACCELERATION * left_m) ** 0.5)
        return max(1.0, min(target, self.speed_ms + ACCELERATION * step_s))

    def _next_leg(self) -> None:
        self._wait_s = 0.0
        self._along_m = 0.0
        self._leg += 1
        if self._leg >= len(self._legs):
            self._arrive()

    def _set_out(self) -> None:
        """The end of a stop: on to the next place, home after the shift, or wait at the depot for the next shift."""
        start_s, end_s = self._shift()
        if start_s <= self.now_s < end_s:
            chance = random.Random(f"goal/{self.spec.seed}/{self.trip}")
            goal = self.roads.destination(self.node, chance, self.spec.reach_blocks)
        elif self.node != (0, 0):
            goal = (0, 0)
        else:
            self.mode = "parked"
            self.until_s = start_s
            return
        self.goal = goal
        self.mode = "driving"
        self.speed_ms = 0.0
        self._load_route()

    def _load_route(self) -> None:
        chance = random.Random(f"route/{self.spec.seed}/{self.trip}")
        self._legs = self.roads.route(self.node, self.goal, chance)
        self._leg = 0
        self._along_m = 0.0
        self._wait_s = 0.0

    def _arrive(self) -> None:
        chance = random.Random(f"stop/{self.spec.seed}/{self.trip}")
        self.node = self.goal
        self.trip += 1
        self._legs = []
        self.speed_ms = 0.0
        if chance.random() < 0.25:
            self.mode = "idling"
            self.until_s = self.now_s + chance.uniform(120.0, 600.0)
        else:
            self.mode = "parked"
            self.until_s = self.now_s + chance.uniform(300.0, 2_700.0)

    def _shift(self) -> tuple[float, float]:
        """The shift going on, or the next one."""
        day = int((self.now_s + TASHKENT_S) // DAY_S)
        for candidate in range(day - 1, day + 60):
            times = shift(self.spec, candidate)
            if times is not None and times[1] > self.now_s:
                return times
        return self.now_s + 60 * DAY_S, self.now_s + 61 * DAY_S

    def state(self) -> dict[str, object]:
        """Enough to go on from here: JSON-able."""
        return {
            "mode": self.mode,
            "until_s": self.until_s,
            "node": list(self.node),
            "goal": list(self.goal),
            "trip": self.trip,
            "driven_m": self.driven_m,
            "leg": self._leg,
            "along_m": self._along_m,
            "wait_s": self._wait_s,
        }

    def _restore(self, state: dict[str, object]) -> None:
        def value(key: str) -> float:
            found = state[key]
            if not isinstance(found, int | float):
                raise ValueError(f"vehicle state: {key} is not a number")
            return found

        def node(key: str) -> Node:
            found = state[key]
            if not isinstance(found, list) or len(found) != 2:
                raise ValueError(f"vehicle state: {key} is not a pair")
            return int(found[0]), int(found[1])

        self.until_s = value("until_s")
        self.node, self.goal = node("node"), node("goal")
        self.trip = int(value("trip"))
        self.driven_m = value("driven_m")
        if state["mode"] == "driving":
            self._load_route()
            self._leg = min(int(value("leg")), len(self._legs) - 1)
            self._along_m = min(value("along_m"), self._legs[self._leg].length_m)
            self._wait_s = value("wait_s")
            self.mode = "driving"
        elif state["mode"] == "idling":
            self.mode = "idling"
