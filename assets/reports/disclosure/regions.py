"""Which bands regions are shown in, so that the exact figures of the country do not turn them into numbers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assets.reports.disclosure.cells import K
from assets.reports.disclosure.groups import MIN_ASSETS, band, count_band

_STEPS = (0, -1, 1, -2, 2)


@dataclass(frozen=True, slots=True)
class RegionCount:
    """A region's items on the register, and those of them that were verified: true numbers, never shown."""

    items: int
    verified: int


@dataclass(frozen=True, slots=True)
class Bands:
    """What is shown of a region; None: not shown."""

    items: str | None
    verified: str | None


def region_bands(counts: Sequence[RegionCount]) -> tuple[Bands, ...]:
    """The bands of each region, coarser or none where the country's exact sums would give a number away.

    Reader's knowledge: the sums over all regions, the bands, and that no region has fewer than three items. With it
    every region must still allow K numbers of items and of verified ones (or as many as the sums allow), by moving
    items from one region to another.
    """
    shapes: tuple[Callable[[RegionCount], Bands], ...] = (
        lambda count: Bands(count_band(count.items), band(count.verified / count.items)),
        lambda count: Bands(None, band(count.verified / count.items)),
        lambda count: Bands(count_band(count.items), None),
    )
    for shape in shapes:
        if len(counts) < 2 or _is_open(counts, shape):
            return tuple(shape(count) for count in counts)
    return tuple(Bands(None, None) for _ in counts)


def _is_open(counts: Sequence[RegionCount], shape: Callable[[RegionCount], Bands]) -> bool:
    items, verified = sum(count.items for count in counts), sum(count.verified for count in counts)
    needed_items = min(K, items - MIN_ASSETS * len(counts) + 1)
    needed_verified = min(K, verified + 1, items - verified + 1)

    def values(n: int, moved: Callable[[RegionCount, int], RegionCount]) -> int:
        return sum(
            any(
                _same(counts[n], moved(counts[n], step), shape) and _same(other, moved(other, -step), shape)
                for m, other in enumerate(counts)
                if m != n
            )
            for step in _STEPS
        )

    return all(
        values(n, _with_items) >= max(2, needed_items) and values(n, _with_verified) >= needed_verified
        for n in range(len(counts))
    )


def _with_items(count: RegionCount, step: int) -> RegionCount:
    return RegionCount(count.items + step, count.verified)


def _with_verified(count: RegionCount, step: int) -> RegionCount:
    return RegionCount(count.items, count.verified + step)


def _same(before: RegionCount, after: RegionCount, shape: Callable[[RegionCount], Bands]) -> bool:
    possible = after.items >= MIN_ASSETS and 0 <= after.verified <= after.items
    return possible and shape(after) == shape(before)
