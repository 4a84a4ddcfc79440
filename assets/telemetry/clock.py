"""The clock model, pure: when a boot began, by what its fixes say."""

from __future__ import annotations

from collections.abc import Sequence

CLOCK_FIXES = 301
"""So many fixes, those with the lowest numbers, tell when a boot began; whatever comes later cannot move it."""


def beginning_ms(fixes: Sequence[tuple[int, int]]) -> int | None:
    """When a boot began (UNIX milliseconds): the median of event time less up time over its fixes; None without any.

    `fixes` are (event_ms, up_ms) of the samples with the lowest numbers whose own clock can be right, at most
    `CLOCK_FIXES`. The lower one of two middle values, so that it is whole and one that occurred.
    """
    if not fixes:
        return None
    began = sorted(event_ms - up_ms for event_ms, up_ms in fixes)
    return began[(len(began) - 1) // 2]
