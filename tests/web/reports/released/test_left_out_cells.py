"""No count that was left out of a summary follows from those that are shown."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.web.reports.released.markup import Clients


class Unknowns:
    """A reader's linear equations: which sums of unknown counts he can work out exactly (over the rationals)."""

    def __init__(self) -> None:
        self.rows: list[tuple[frozenset[Any], int]] = []
        self.hidden: list[frozenset[Any]] = []

    def know(self, cells: list[Any], total: int | None) -> None:
        """These unknowns add up to this; None: their sum was left out."""
        if total is None:
            self.hidden.append(frozenset(cells))
        else:
            self.rows.append((frozenset(cells), total))

    def solved(self) -> list[frozenset[Any]]:
        """The left-out sums that follow from the known ones."""
        basis: dict[Any, dict[Any, Fraction]] = {}
        for cells, _ in self.rows:
            rest = _reduced({cell: Fraction(1) for cell in cells}, basis)
            if rest:
                first = min(rest)
                basis[first] = {cell: factor / rest[first] for cell, factor in rest.items()}
        return [cells for cells in self.hidden if not _reduced({cell: Fraction(1) for cell in cells}, basis)]


def _reduced(row: dict[Any, Fraction], basis: dict[Any, dict[Any, Fraction]]) -> dict[Any, Fraction]:
    """What is left of an equation after those of the basis are taken out of it."""
    rest, done = dict(row), set()
    while True:
        pivot = min((cell for cell in rest if cell in basis and cell not in done), default=None)
        if pivot is None:
            return {cell: factor for cell, factor in rest.items() if factor}
        factor = rest[pivot]
        for cell, weight in basis[pivot].items():
            rest[cell] = rest.get(cell, Fraction(0)) - factor * weight
        rest = {cell: factor for cell, factor in rest.items() if factor}
        done.add(pivot)


def test_no_cell_that_was_left_out_follows_from_those_that_are_shown(released: int, api: Clients) -> None:
    figures = api("donor").get(f"/summaries/{released}").get_json()["figures"]
    states, classes = figures["states"], figures["classes"]
    crossed = Unknowns()
    for i, line in enumerate(states["lines"]):
        for j in range(5):
            crossed.know([(i, j, f) for f in range(5)], line["condition"][j])
            crossed.know([(i, f, j) for f in range(5)], line["frequency"][j])
        crossed.know([(i, j, f) for j in range(5) for f in range(5)], line["items"])
    rows = range(len(states["lines"]))
    for j in range(5):
        crossed.know([(i, j, f) for i in rows for f in range(5)], states["condition"][j])
        crossed.know([(i, f, j) for i in rows for f in range(5)], states["frequency"][j])
        for f in range(5):
            crossed.know([(i, j, f) for i in rows], states["matrix"][j][f] if states["matrix"] else None)
    where = Unknowns()
    columns = ("verified", "not_verified", "off_register")
    for i, line in enumerate(classes):
        where.know([(i, column) for column in columns], line["handed_over"])
        # The tables of condition and use say of each class how many are on the register.
        where.know([(i, column) for column in columns[:2]], states["lines"][i]["items"])
        for column in columns:
            where.know([(i, column)], line[column])
    for column in columns[:2]:
        where.know([(i, column) for i in range(len(classes))], figures["whereabouts"][column])
    assert len(crossed.hidden) + len(where.hidden) > 10
    assert crossed.solved() == []
    assert where.solved() == []
    shown = [n for line in states["lines"] for n in (*line["condition"], *line["frequency"])]
    # What is off the register is the difference of two exact sums: told, and not pretended to be hidden.
    shown += [line[column] for line in classes for column in columns[:2]]
    assert not {1, 2} & set(shown)
