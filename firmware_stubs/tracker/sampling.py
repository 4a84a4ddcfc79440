"""Decides when a sample is taken: often while moving, rarely while parked, at once on an event."""

# For each setting its default, the smallest and the largest value.
LIMITS = {
    "moving_s": (10, 0, 3600),  # 0: every fix
    "idle_s": (60, 0, 3600),  # at rest with the ignition on
    "parked_s": (900, 10, 86400),
    "distance_m": (0, 0, 100000),  # also after so many metres; 0: not used
    "report_s": (0, 0, 3600),  # how long a sample without an alarm may wait for company; 0: sent at once
}


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


class Sampling:
    """Remembers the last sample and says when the next is due."""

    def __init__(self, config: "dict[str, int]") -> None:
        self.config = config
        self._last_ms: "int | None" = None
        self._last_mm = 0

    def due(self, up_ms: int, odo_mm: int, moving: bool, ignition: "bool | None", events: "list[str]") -> bool:
        """True if a sample is to be taken now; the caller then takes it, so the clock starts again."""
        config = self.config
        if moving:
            wait_s = config["moving_s"]
        elif ignition:
            wait_s = config["idle_s"]
        else:
            wait_s = config["parked_s"]
        far = config["distance_m"] and odo_mm - self._last_mm >= config["distance_m"] * 1000
        if not (events or far or self._last_ms is None or up_ms - self._last_ms >= wait_s * 1000):
            return False
        self._last_ms = up_ms
        self._last_mm = odo_mm
        return True
