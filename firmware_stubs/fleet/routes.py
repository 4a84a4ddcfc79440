"""Made-up roads around a place: a turned, slightly crooked street grid with faster main roads, and routes along it."""

import math
import random
from dataclasses import dataclass

BLOCK_M = 260.0
MAIN_EVERY = 4
METRES_PER_DEGREE = 111_195.0

Node = tuple[int, int]


class Plane:
    """Metres east and north of an origin, and the degrees that belong to them (good within some tens of km)."""

    def __init__(self, lat: float, lon: float) -> None:
        if not (-80.0 <= lat <= 80.0 and -180.0 <= lon <= 180.0):
            raise ValueError(f"no place for a vehicle: lat {lat}, lon {lon}")
        self._lat = lat
        self._lon = lon
        self._east = METRES_PER_DEGREE * math.cos(math.radians(lat))

    def degrees(self, x_m: float, y_m: float) -> tuple[float, float]:
        """(latitude, longitude) of a point."""
        return self._lat + y_m / METRES_PER_DEGREE, self._lon + x_m / self._east


@dataclass(frozen=True, slots=True)
class Leg:
    """One straight piece of road, and how long the vehicle must wait at its end."""

    x_m: float
    y_m: float
    dx: float  # unit vector of the direction
    dy: float
    length_m: float
    heading: float
    cruise_ms: float
    wait_s: float


class Roads:
    """The street grid of one town; the same seed gives the same town. Node (0, 0) is the depot at the origin."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        turn = random.Random(f"roads/{seed}").uniform(0.0, math.pi / 2)
        self._cos, self._sin = math.cos(turn), math.sin(turn)

    def place(self, node: Node) -> tuple[float, float]:
        """(x, y) in metres: the grid point, shifted by up to 20 % of a block so that no street is quite straight."""
        if node == (0, 0):
            return 0.0, 0.0
        i, j = node
        mixed = (i * 73_856_093 ^ j * 19_349_663 ^ self._seed * 83_492_791) & 0xFFFFFFFF
        mixed = (mixed * 2_654_435_761) & 0xFFFFFFFF
        u = (i + ((mixed & 0xFFFF) / 65_536 - 0.5) * 0.4) * BLOCK_M
        v = (j + ((mixed >> 16) / 65_536 - 0.5) * 0.4) * BLOCK_M
        return u * self._cos - v * self._sin, u * self._sin + v * self._cos

    def destination(self, start: Node, chance: random.Random, reach: int) -> Node:
        """Another node within `reach` blocks of the depot, some way off."""
        while True:
            node = (chance.randint(-reach, reach), chance.randint(-reach, reach))
            if abs(node[0] - start[0]) + abs(node[1] - start[1]) >= reach // 2:
                return node

    def route(self, start: Node, goal: Node, chance: random.Random) -> list[Leg]:
        """Legs from start to goal: some blocks one way, some the other, with traffic lights at main roads."""
        legs: list[Leg] = []
        at = start
        along_i = chance.random() < 0.5
        while at != goal:
            left = (goal[0] - at[0]) if along_i else (goal[1] - at[1])
            for _ in range(min(abs(left), chance.randint(2, 7))):
                step = 1 if left > 0 else -1
                following = (at[0] + step, at[1]) if along_i else (at[0], at[1] + step)
                legs.append(self._leg(at, following, along_i, chance))
                at = following
            along_i = not along_i
        return legs

    def _leg(self, start: Node, end: Node, along_i: bool, chance: random.Random) -> Leg:
        x, y = self.place(start)
        to_x, to_y = self.place(end)
        length_m = math.hypot(to_x - x, to_y - y)
        main = (start[1] if along_i else start[0]) % MAIN_EVERY == 0
        crossing = (end[0] if along_i else end[1]) % MAIN_EVERY == 0
        wait_s = chance.uniform(5.0, 45.0) if crossing and chance.random() < 0.4 else 0.0
        cruise_kmh = chance.uniform(42.0, 58.0) if main else chance.uniform(22.0, 38.0)
        dx, dy = (to_x - x) / length_m, (to_y - y) / length_m
        heading = math.degrees(math.atan2(dx, dy)) % 360.0
        return Leg(x, y, dx, dy, length_m, heading, cruise_kmh / 3.6, wait_s)
