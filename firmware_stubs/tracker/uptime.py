"""Milliseconds since this boot without end, from a counter that starts again at 0 every 12.4 days (2**30 ms)."""


def ticks_diff(later: int, earlier: int, period: int = 1 << 30) -> int:
    """As MicroPython's `time.ticks_diff`: how far apart two readings are, right up to half a period."""
    half = period >> 1
    return ((later - earlier + half) & (period - 1)) - half


class Uptime:
    """Must be asked at least once in six days; a reading that seems to lie before the last one adds nothing."""

    def __init__(self, ticks: int) -> None:
        self._last = ticks
        self._total = 0

    def at(self, ticks: int) -> int:
        step = ticks_diff(ticks, self._last)
        if step > 0:
            self._last = ticks
            self._total += step
        return self._total
