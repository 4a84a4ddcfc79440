"""Replays a recorded drive through the firmware as NMEA: GPX, or JSON points with WKT and time as in data/traces."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

from firmware_stubs.fleet.board import SimBoard
from firmware_stubs.fleet.nmea_out import sentences
from firmware_stubs.tracker.client import Client
from firmware_stubs.tracker.nmea import Fix
from firmware_stubs.tracker.ports import Flash, Transport

EVERY_FIX = {"moving_s": 0, "idle_s": 0, "turn_deg": 0}
_POINT = re.compile(r"\s*POINT\s*\(\s*(-?[0-9.]+)\s+(-?[0-9.]+)\s*\)\s*")


@dataclass(frozen=True, slots=True)
class Point:
    """One recorded position."""

    unix_s: int
    lat: float
    lon: float
    alt_m: float | None = None


def read_drive(path: Path) -> list[Point]:
    """The points of a recorded drive in time order, one per second at most. ValueError says what cannot be read."""
    points = _gpx(path) if path.suffix.lower() == ".gpx" else _json(path)
    points.sort(key=lambda point: point.unix_s)
    drive: list[Point] = []
    for point in points:
        if not (math.isfinite(point.lat) and abs(point.lat) <= 90 and abs(point.lon) <= 180):
            raise ValueError(f"{path}: {point.lat}, {point.lon} is no place on Earth")
        if not drive or point.unix_s > drive[-1].unix_s:
            drive.append(point)
    if not drive:
        raise ValueError(f"{path}: no point with a time in it")
    return drive


def _gpx(path: Path) -> list[Point]:
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314  a drive is a file that the operator chose
    except ElementTree.ParseError as error:
        raise ValueError(f"{path}: not readable as GPX: {error}") from error
    points = []
    for node in root.iter():
        if not node.tag.endswith("trkpt"):
            continue
        times = [child.text for child in node if child.tag.endswith("time")]
        heights = [child.text for child in node if child.tag.endswith("ele")]
        if not times or not times[0]:
            continue
        alt_m = float(heights[0]) if heights and heights[0] else None
        points.append(Point(_unix(times[0]), float(node.get("lat", "nan")), float(node.get("lon", "nan")), alt_m))
    return points


def _json(path: Path) -> list[Point]:
    try:
        entries = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path}: not readable as JSON: {error}") from error
    points = []
    for number, entry in enumerate(entries if isinstance(entries, list) else [None]):
        place = _POINT.fullmatch(str(entry.get("point"))) if isinstance(entry, dict) else None
        if place is None:
            raise ValueError(f'{path}: entry {number} is not {{"point": "POINT(lon lat)", "time": ...}}')
        points.append(Point(_unix(str(entry.get("time"))), float(place[2]), float(place[1])))
    return points


def _unix(text: str) -> int:
    moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"{text}: a time without its zone")
    return int(moment.timestamp())


def fixes(drive: list[Point]) -> list[Fix]:
    """The drive as a receiver would have given it, with speed and course since the position last changed.

    A position held for a while, as in a tunnel, is so followed by the speed that the vehicle had, not by a leap.
    """
    found = []
    before = drive[0]
    for point in drive:
        fix = Fix(point.unix_s, round(point.lat * 1e7), round(point.lon * 1e7))
        north_m = (point.lat - before.lat) * 111_195.0
        east_m = (point.lon - before.lon) * 111_195.0 * math.cos(math.radians(point.lat))
        fix.spd_kmh = math.hypot(north_m, east_m) / max(1, point.unix_s - before.unix_s) * 3.6
        fix.hdg = math.degrees(math.atan2(east_m, north_m)) % 360.0 if fix.spd_kmh > 3.6 else None
        fix.alt_m = point.alt_m
        fix.sat, fix.hdop = 9, 0.9
        found.append(fix)
        if (point.lat, point.lon) != (before.lat, before.lon):
            before = point
    return found


class Replay:
    """A tracker whose receiver and ignition are those of a recorded drive; its network runs in real time."""

    def __init__(
        self,
        tracker: str,
        drive: list[Point],
        flash: Flash,
        transport: Transport,
        *,
        settings: dict[str, int] | None = None,
    ) -> None:
        self._fixes = fixes(drive)
        self._next = 0
        self.board = SimBoard(drive[0].unix_s, f"replay/{tracker}/{drive[0].unix_s}", real_link=True)
        self.board.ignited = True
        self.client = Client(tracker, self.board, flash, transport, settings=settings or EVERY_FIX)

    @property
    def left(self) -> int:
        """How many fixes are still to come."""
        return len(self._fixes) - self._next

    def play(self, until_s: float) -> None:
        """Feeds every fix up to this time of the drive to the firmware, as NMEA."""
        while self.left and (self._fixes[self._next].t or 0) <= until_s:
            fix = self._fixes[self._next]
            self._next += 1
            self.board.now_s = float(fix.t or 0)
            self.client.receive(sentences(fix))

    def run(self, rate: float, pause: Callable[[float], bool], clock_s: Callable[[], float], patience_s: float) -> bool:
        """Plays the drive `rate` times as fast as it was and then waits until every sample is receipted.

        `pause` waits and returns True to stop. False: stopped, or `patience_s` passed without the last receipt.
        """
        began_s, first_s = clock_s(), float(self._fixes[0].t or 0)
        while self.left:
            self.play(first_s + (clock_s() - began_s) * rate)
            self.client.step()
            if pause(0.05):
                return False
        ended_s = clock_s()
        while self.client.store.newest() is not None:
            self.client.step()
            if pause(0.05) or clock_s() - ended_s > patience_s:
                return False
        return True
