"""A reader who knows every shown cell and every sum, and tries all tables of counts that agree with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sum:
    """What the reader knows: these unknown counts add up to this."""

    places: tuple[int, ...]
    total: int


def possible(unknowns: int, sums: Sequence[Sum]) -> Iterator[list[int]]:
    """Every assignment of counts (0 and up) that agrees with all sums. Each unknown stands in at least one of them."""
    of = [[n for n, known in enumerate(sums) if place in known.places] for place in range(unknowns)]
    last = [max(known.places) for known in sums]
    left = [known.total for known in sums]
    chosen = [0] * unknowns

    def fill(place: int) -> Iterator[list[int]]:
        if place == unknowns:
            yield list(chosen)
            return
        for value in range(min(left[n] for n in of[place]) + 1):
            if any(last[n] == place and left[n] != value for n in of[place]):
                continue
            for n in of[place]:
                left[n] -= value
            chosen[place] = value
            yield from fill(place + 1)
            for n in of[place]:
                left[n] += value

    yield from fill(0)


def values_seen(
    unknowns: int, sums: Sequence[Sum], watched: Sequence[tuple[int, ...]], needed: Sequence[int]
) -> list[set[int]]:
    """The values that each watched sum of unknowns takes, until each has taken as many as `needed`."""
    seen: list[set[int]] = [set() for _ in watched]
    for found in possible(unknowns, sums):
        for n, places in enumerate(watched):
            seen[n].add(sum(found[place] for place in places))
        if all(len(values) >= enough for values, enough in zip(seen, needed, strict=True)):
            break
    return seen
