"""Counts metres and engine seconds on the device and decides whether the vehicle moves, without being fooled by drift.

The counter steps from anchor to anchor: while moving, the anchor follows once the fix is `STEP_M` away and the chord is
counted. After `REST_S` within `REST_M` the vehicle is at rest, and only a fix `LEAVE_M` away (twice running, or with a
plain speed) ends that; the chord from the old anchor is counted then, so creeping in a queue is kept and the drift of a
parked receiver is not.
"""

import math

from firmware_stubs.tracker.nmea import Fix

STEP_M = 4.0
REST_S = 60
REST_M = 15.0
LEAVE_M = 20.0
TOW_M = 60.0  # with the ignition off it takes more, three times running
PLAIN_KMH = 8.0
JUMP_M_PER_S = 70.0
JUMP_M = 100.0
JUMPS_BELIEVED = 5  # a receiver that stays at the new place so often has moved (or was wrong before)
GAP_S = 60  # over a longer silence the road taken is unknown: nothing is counted, the server estimates it
GAP_M = 50.0


class Ruler:
    """Distances on the WGS 84 ellipsoid in a plane that touches it nearby: exact to 1e-5 over some kilometres."""

    def __init__(self) -> None:
        self._lat_e7: "int | None" = None
        self._north = 0.0
        self._east = 0.0

    def metres(self, a: Fix, b: Fix) -> float:
        # series of the meridian and parallel arc length of a degree (NIMA TM8358.2)
        if self._lat_e7 is None or abs(a.lat_e7 - self._lat_e7) > 50000:
            self._lat_e7 = a.lat_e7
            phi = math.radians(a.lat_e7 / 1e7)
            self._north = (111132.954 - 559.822 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi)) * 1e-7
            self._east = (111412.84 * math.cos(phi) - 93.5 * math.cos(3 * phi)) * 1e-7
        east = b.lon_e7 - a.lon_e7
        if east > 1800000000:
            east -= 3600000000
        elif east < -1800000000:
            east += 3600000000
        x = east * self._east
        y = (b.lat_e7 - a.lat_e7) * self._north
        return math.sqrt(x * x + y * y)


class Motion:
    """Odometer (mm), engine time (ms) and the state moving or at rest; all since this boot, never falling."""

    def __init__(self) -> None:
        self.odo_mm = 0
        self.eng_ms = 0
        self.moving = False
        self._ruler = Ruler()
        self._ignition: "bool | None" = None
        self._seen_ms: "int | None" = None
        self._anchor: "Fix | None" = None  # up to here the distance is counted
        self._last: "Fix | None" = None  # the newest believed fix
        self._fresh_ms = 0  # when the position last changed: a receiver may freeze in a tunnel
        self._pivot: "Fix | None" = None
        self._pivot_ms = 0
        self._outside = 0
        self._jumps = 0

    def update(self, up_ms: int, fix: "Fix | None", ignition: "bool | None") -> "list[str]":
        """Takes one second's fix (or None) and ignition; returns the events that it means, in order."""
        events = self._ignite(up_ms, ignition)
        if fix is not None:
            if self._anchor is None:
                self._settle(fix, up_ms)
            elif self._believed(fix, up_ms) and self._advance(fix, self._anchor, up_ms):
                events.append("moving" if ignition is not False else "tow")
            if self._rests(fix, up_ms):
                self.moving = False
                events.append("stopped")
        return events

    def _rests(self, fix: Fix, up_ms: int) -> bool:
        """Only a fix can say so: no fix at all may be a tunnel, and a frozen one with a plain speed too."""
        if not self.moving or (fix.spd_kmh is not None and fix.spd_kmh >= PLAIN_KMH):
            return False
        return up_ms - self._pivot_ms >= REST_S * 1000

    def _ignite(self, up_ms: int, ignition: "bool | None") -> "list[str]":
        events: "list[str]" = []
        first = self._seen_ms is None  # how it was before this boot is not known: no event
        if self._ignition and self._seen_ms is not None:
            self.eng_ms += up_ms - self._seen_ms
        self._seen_ms = up_ms
        if ignition is not None and ignition is not self._ignition and not first:
            if ignition:
                events.append("ignition_on")
            elif self._ignition:
                events.append("ignition_off")
                if self.moving:
                    self.moving = False
                    events.append("stopped")
        self._ignition = ignition
        return events

    def _settle(self, fix: Fix, up_ms: int) -> None:
        """Starts again from this fix without counting the way to it."""
        self._anchor = self._last = self._pivot = fix
        self._fresh_ms = self._pivot_ms = up_ms
        self._outside = self._jumps = 0

    def _believed(self, fix: Fix, up_ms: int) -> bool:
        """False if the fix says nothing new, is an impossible jump, or follows a gap (then the count starts anew)."""
        last = self._last
        if last is None or (fix.lat_e7 == last.lat_e7 and fix.lon_e7 == last.lon_e7):
            return False
        step = self._ruler.metres(last, fix)
        quiet_s = (up_ms - self._fresh_ms) / 1000
        if step > JUMP_M and step > JUMP_M_PER_S * quiet_s:
            self._jumps += 1
            if self._jumps >= JUMPS_BELIEVED:
                self._settle(fix, up_ms)
            return False
        if quiet_s > GAP_S and step > GAP_M:
            self._settle(fix, up_ms)
            return False
        self._jumps = 0
        self._last = fix
        self._fresh_ms = up_ms
        return True

    def _advance(self, fix: Fix, anchor: Fix, up_ms: int) -> bool:
        """Counts distance; True if the vehicle has just started to move."""
        metres = self._ruler.metres
        reach = metres(anchor, fix)
        if self.moving:
            if reach >= STEP_M:
                self._count(fix, reach)
            if self._pivot is None or metres(self._pivot, fix) >= REST_M:
                self._pivot = fix
                self._pivot_ms = up_ms
            return False
        driven = self._ignition is not False
        if reach < (LEAVE_M if driven else TOW_M):
            self._outside = 0
            return False
        self._outside += 1
        plain = driven and fix.spd_kmh is not None and fix.spd_kmh >= PLAIN_KMH
        if not plain and self._outside < (2 if driven else 3):
            return False
        self._count(fix, reach)
        self._pivot = fix
        self._pivot_ms = up_ms
        self._outside = 0
        self.moving = True
        return True

    def _count(self, fix: Fix, metres: float) -> None:
        self.odo_mm += int(metres * 1000 + 0.5)
        self._anchor = fix
