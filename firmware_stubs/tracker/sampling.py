"""Decides when a sample is taken: by time, by distance, at a turn, rarely while parked, at once on an event."""

# For each setting its default, the smallest and the largest value.
LIMITS = {
    "moving_s": (10, 0, 3600),  # 0: every fix
    "idle_s": (60, 0, 3600),  # at rest with the ignition on
    "parked_s": (900, 10, 86400),  # and under silent
    "distance_m": (0, 0, 100000),  # also after so many metres; 0: not used
    "turn_deg": (30, 0, 180),  # also when the course has changed by so much; 0: not used
    "report_s": (0, 0, 3600),  # how long a sample without an alarm may wait for company; 0: sent at once
}
TURN_KMH = 10  # a slower receiver does not know its course
TURN_MS = 2000  # one bend is one sample, or a few


def defaults() -> "dict[str, int]":
    return {key: LIMITS[key][0] for key in LIMITS}


def fault(changes: "object") -> "str | None":
    """Why these settings are refused, in words; None if all of them may be applied."""
    if not isinstance(changes, dict) or not changes:
        return "no settings given"
    for key in changes:
        value = changes[key]
        if key not in LIMITS:
            return "unknown setting: " + str(key)[:40]
        _, smallest, largest = LIMITS[key]
        if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
            return "%s must be a whole number from %d to %d" % (key, smallest, largest)
    return None


def known(config: "object") -> "dict[str, int]":
    """The defaults with what is valid of a kept configuration: one of another version may hold other keys."""
    found = defaults()
    if isinstance(config, dict):
        for key in config:
            if fault({key: config[key]}) is None:
                found[key] = config[key]
    return found


class Sampling:
    """Remembers the last sample and says when the next is due."""

    def __init__(self, config: "dict[str, int]") -> None:
        self.config = config
        self._last_ms: "int | None" = None
        self._last_mm = 0
        self._course: "float | None" = None  # at the last sample

    def due(
        self,
        up_ms: int,
        odo_mm: int,
        moving: bool,
        ignition: "bool | None",
        course: "tuple[float | None, float | None]" = (None, None),
        at_once: bool = False,
        silent: bool = False,
    ) -> bool:
        """True if a sample is to be taken now; the caller then takes it, so the clock starts again.

        `course`: heading and km/h; `at_once`: an event, or somebody asks.
        """
        config = self.config
        if silent or not (moving or ignition):
            wait_s = config["parked_s"]
        else:
            wait_s = config["moving_s"] if moving else config["idle_s"]
        due = at_once or self._last_ms is None or up_ms - self._last_ms >= wait_s * 1000
        if not due and not silent:
            due = self._far(odo_mm) or self._turned(up_ms, moving, course)
        if due:
            self._last_ms = up_ms
            self._last_mm = odo_mm
            self._course = course[0] if _sure(course) else None
        elif self._course is None and _sure(course):
            self._course = course[0]
        return due

    def _far(self, odo_mm: int) -> bool:
        every_m = self.config["distance_m"]
        return every_m > 0 and odo_mm - self._last_mm >= every_m * 1000

    def _turned(self, up_ms: int, moving: bool, course: "tuple[float | None, float | None]") -> bool:
        least = self.config["turn_deg"]
        if not least or not moving or self._course is None or self._last_ms is None or not _sure(course):
            return False
        change = abs(course[0] - self._course) % 360  # type: ignore[operator]  # _sure() has checked it
        return min(change, 360 - change) >= least and up_ms - self._last_ms >= TURN_MS


def _sure(course: "tuple[float | None, float | None]") -> bool:
    return course[0] is not None and course[1] is not None and course[1] >= TURN_KMH
