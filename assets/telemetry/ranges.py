"""Sets of sequence numbers as ranges, and what a receipt says of them: stored, missing, worth asking for again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

Pair = tuple[int, int]

FIRST_PAUSE_S = 60
MAX_ASKS = 5
RANGES_IN_A_RECEIPT = 32


@dataclass(frozen=True, slots=True)
class RangeSet:
    """Whole numbers from 0 as sorted, disjoint, non-touching inclusive ranges; a value, never changed."""

    pairs: tuple[Pair, ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> RangeSet:
        """The set of everything in `pairs`, which may overlap and come in any order."""
        merged: list[Pair] = []
        for first, last in sorted(pairs):
            if merged and first <= merged[-1][1] + 1:
                if last > merged[-1][1]:
                    merged[-1] = (merged[-1][0], last)
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def of_numbers(cls, numbers: Iterable[int]) -> RangeSet:
        """The set of single numbers."""
        listed = sorted(numbers)
        if len(listed) == 1 or (listed and listed[-1] - listed[0] == len(listed) - 1 == len(set(listed)) - 1):
            return cls(((listed[0], listed[-1]),))
        return cls.of((number, number) for number in listed)

    @classmethod
    def loads(cls, text: str) -> RangeSet:
        """A set from the text that `dumps` made."""
        return cls(tuple(msgspec.json.decode(text, type=list[Pair])))

    def dumps(self) -> str:
        """The set as JSON text, `[[a,b],...]`."""
        if len(self.pairs) <= 1:
            return f"[[{self.pairs[0][0]},{self.pairs[0][1]}]]" if self.pairs else "[]"
        return msgspec.json.encode(self.pairs).decode()

    def __or__(self, other: RangeSet) -> RangeSet:
        mine, others = self.pairs, other.pairs
        if not others:
            return self
        if not mine:
            return other
        first, last = others[0]
        if len(others) == 1 and first > mine[-1][0]:
            # Numbers come in order: nearly always the last range grows, or one begins behind it.
            if first > mine[-1][1] + 1:
                return RangeSet((*mine, (first, last)))
            return RangeSet((*mine[:-1], (mine[-1][0], max(last, mine[-1][1]))))
        return RangeSet.of((*mine, *others))

    def __sub__(self, other: RangeSet) -> RangeSet:
        left: list[Pair] = []
        takes = list(other.pairs)
        start = 0
        for first, last in self.pairs:
            while start < len(takes) and takes[start][1] < first:
                start += 1
            at, position = first, start
            while position < len(takes) and takes[position][0] <= last:
                if takes[position][0] > at:
                    left.append((at, takes[position][0] - 1))
                at = max(at, takes[position][1] + 1)
                position += 1
            if at <= last:
                left.append((at, last))
        return RangeSet(tuple(left))

    def __and__(self, other: RangeSet) -> RangeSet:
        return self - (self - other)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int) or not self.pairs:
            return False
        at = bisect_right(self.pairs, (number, float("inf"))) - 1
        return at >= 0 and self.pairs[at][1] >= number

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.pairs)

    @property
    def upto(self) -> int:
        """The largest number below which nothing is missing, -1 if 0 is missing."""
        return self.pairs[0][1] if self.pairs and self.pairs[0][0] == 0 else -1

    @property
    def highest(self) -> int:
        """The largest member, -1 of the empty set."""
        return self.pairs[-1][1] if self.pairs else -1

    def above(self, floor: int) -> RangeSet:
        """The members greater than `floor`."""
        return RangeSet(tuple((max(first, floor + 1), last) for first, last in self.pairs if last > floor))

    def missing_to(self, ceiling: int) -> RangeSet:
        """The numbers 0..`ceiling` that are no members."""
        return RangeSet(((0, ceiling),) if ceiling >= 0 else ()) - self


class Ask(msgspec.Struct, frozen=True, array_like=True):
    """A range asked for `times` times already; the next time not before `next_at` (UNIX seconds)."""

    first: int
    last: int
    times: int
    next_at: float


def ask_again(holes: RangeSet, asked: Iterable[Ask], now_s: float) -> tuple[RangeSet, tuple[Ask, ...], RangeSet]:
    """(what to ask for now, what to remember, what was asked for five times in vain).

    Pauses double from 60 s. What has arrived meanwhile is forgotten.
    """
    want: list[Pair] = []
    kept: list[Ask] = []
    given_up: list[Pair] = []
    fresh = holes
    for ask in asked:
        span = RangeSet(((ask.first, ask.last),))
        for first, last in span & holes:
            if now_s < ask.next_at:
                kept.append(Ask(first, last, ask.times, ask.next_at))
            elif ask.times >= MAX_ASKS:
                given_up.append((first, last))
            else:
                want.append((first, last))
                kept.append(Ask(first, last, ask.times + 1, now_s + FIRST_PAUSE_S * 2**ask.times))
        fresh = fresh - span
    for first, last in fresh:
        want.append((first, last))
        kept.append(Ask(first, last, 1, now_s + FIRST_PAUSE_S))
    kept.sort(key=lambda ask: ask.first)
    return RangeSet.of(want), tuple(kept), RangeSet.of(given_up)
