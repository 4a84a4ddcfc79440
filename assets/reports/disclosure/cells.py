"""Which cells of a table of counts are left out, so that no small one can be worked back from what is shown. Pure.

Totals over everything are always shown: the donor is owed the exact number of what was seen, lost or disposed of in
the country. What they are broken down into is small from 1 to K - 1. A small cell is left out, and with it three
others that form a rectangle (complementary suppression): counts can be moved around the rectangle without changing
anything that is shown, so whoever knows all of that still holds K values possible. Where the totals alone allow fewer
values than K, as many as they allow.

Each function proves what it does by such a movement within the true counts; nothing rests on the reader not trying.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

K = 3

Grid = Sequence[Sequence[int]]
Cube = Sequence[Sequence[Sequence[int]]]
Place = tuple[int, int]
# How far counts can be moved around the rectangle of two places: down and up at the first of them.
Room = Callable[[Place, Place], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Faces:
    """What is left out of the three tables that a cube is shown as; `cross` None: that table is not shown at all."""

    by_second: frozenset[Place]
    by_third: frozenset[Place]
    cross: frozenset[Place] | None


def is_small(count: int) -> bool:
    """Whether a count points at so few items that it is not shown in a breakdown."""
    return 0 < count < K


def hidden_in_line(counts: Sequence[int]) -> frozenset[int]:
    """Positions to leave out of one line of counts whose sum is shown."""
    hidden = {n for n, count in enumerate(counts) if is_small(count)}
    if not hidden or len(counts) == 1:
        return frozenset()
    rest = sorted(set(range(len(counts))) - hidden, key=lambda n: (counts[n] == 0, counts[n], n))
    # Two small ones, or a small one and the next that is not none, leave K values; with nothing else, the sum tells it.
    if len(hidden) < 2:
        hidden.add(rest[0])
    return frozenset(hidden)


def hidden_in_table(counts: Grid) -> frozenset[Place]:
    """Places (row, column) to leave out of a table whose sums of rows and columns are shown.

    Every table with the same sums that agrees with what is shown is possible for the reader; among those a small cell
    takes at least K values, or as many as the sums allow.
    """

    def room(one: Place, other: Place) -> tuple[int, int]:
        (i, j), (i2, j2) = one, other
        return min(counts[i][j], counts[i2][j2]), min(counts[i][j2], counts[i2][j])

    found = _hidden(counts, room)
    return _everywhere(counts) if found is None else found


def hidden_in_faces(cube: Cube) -> Faces:
    """What to leave out when a cube of counts is shown as three tables, each over one of its directions.

    The tables know of each other (the sums of one are the cells' sums of the next), so a rectangle in one of them must
    be movable without changing the other two: at one and the same position of the third direction. Where that cannot
    be had, the table over the first direction is not shown; the other two then share nothing but the sums of the
    first direction, and are independent of each other.
    """
    seconds, thirds = range(len(cube[0]) if cube else 0), range(len(cube[0][0]) if cube and cube[0] else 0)
    firsts = range(len(cube))
    by_second = [[sum(cube[i][j]) for j in seconds] for i in firsts]
    by_third = [[sum(cube[i][j][f] for j in seconds) for f in thirds] for i in firsts]
    cross = [[sum(cube[i][j][f] for i in firsts) for f in thirds] for j in seconds]

    def room(at: Callable[[Place, int], int], depth: range) -> Room:
        def moves(one: Place, other: Place) -> tuple[int, int]:
            (a, b), (a2, b2) = one, other
            down = sum(min(at((a, b), d), at((a2, b2), d)) for d in depth)
            up = sum(min(at((a, b2), d), at((a2, b), d)) for d in depth)
            return down, up

        return moves

    linked = (
        _hidden(by_second, room(lambda p, f: cube[p[0]][p[1]][f], thirds)),
        _hidden(by_third, room(lambda p, j: cube[p[0]][j][p[1]], seconds)),
        _hidden(cross, room(lambda p, i: cube[i][p[0]][p[1]], firsts)),
    )
    if linked[0] is not None and linked[1] is not None and linked[2] is not None:
        return Faces(linked[0], linked[1], linked[2])
    return Faces(hidden_in_table(by_second), hidden_in_table(by_third), None)


def _hidden(counts: Grid, room: Room) -> frozenset[Place] | None:
    """The places to leave out; None when a small cell cannot be hidden among others by such movements."""
    if len(counts) < 2 or len(counts[0]) < 2:
        return frozenset()
    needed = _needed(counts)
    hidden: set[Place] = set()
    small = [place for place in _places(counts) if is_small(counts[place[0]][place[1]]) and needed(place) > 1]
    for place in small:
        covers = _covers(counts, place, needed(place), room)
        best = min(covers, key=lambda cover: _price(counts, cover - hidden), default=None)
        if best is None:
            return None
        hidden |= best
    return frozenset(hidden)


def _covers(counts: Grid, place: Place, needed: int, room: Room) -> list[frozenset[Place]]:
    """Sets of cells that, left out together, leave the count at `place` at least `needed` values."""
    rooms = {other: room(place, other) for other in _places(counts) if other[0] != place[0] and other[1] != place[1]}
    found = [_rectangle(place, other) for other, (down, up) in rooms.items() if 1 + down + up >= needed]
    if found or not rooms:
        return found
    # One rectangle to move down in and another to move up in serve as well.
    lowest = max(rooms, key=lambda other: rooms[other][0])
    highest = max(rooms, key=lambda other: rooms[other][1])
    if 1 + rooms[lowest][0] + rooms[highest][1] >= needed:
        return [_rectangle(place, lowest) | _rectangle(place, highest)]
    return []


def _rectangle(one: Place, other: Place) -> frozenset[Place]:
    (i, j), (i2, j2) = one, other
    return frozenset({(i, j), (i, j2), (i2, j), (i2, j2)})


def _price(counts: Grid, places: frozenset[Place]) -> tuple[int, int, list[Place]]:
    return len(places), sum(counts[i][j] for i, j in places), sorted(places)


def _needed(counts: Grid) -> Callable[[Place], int]:
    """How many values must stay possible at a place: K, or what the sums of its row and column allow."""
    rows = [sum(row) for row in counts]
    columns = [sum(row[j] for row in counts) for j in range(len(counts[0]))]
    whole = sum(rows)

    def needed(place: Place) -> int:
        row, column = rows[place[0]], columns[place[1]]
        return min(K, min(row, column) - max(0, row + column - whole) + 1)

    return needed


def _places(counts: Grid) -> Iterator[Place]:
    return ((i, j) for i in range(len(counts)) for j in range(len(counts[0])))


def _everywhere(counts: Grid) -> frozenset[Place]:
    return frozenset(_places(counts))
