"""What readiness says of many items at once: counts by unit and class, and what stands behind them. Pure.

An item is away when it has not come yet, or when somebody of another unit has it; issued within its own unit it counts
by its fitness, and the number issued is told beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from assets.core.i18n import msg
from assets.fitness.rules import AWAY, BLOCKED, DUE, READY, UNKNOWN, Fitness, Reason

# As they are told: first what can be used, then what must be looked after.
STATES = (READY, DUE, BLOCKED, UNKNOWN, AWAY)
ELSEWHERE = Reason("elsewhere", msg("Somebody of another unit has it."))


@dataclass(frozen=True, slots=True)
class Item:
    """One asset as readiness sees it. `unit` is the unit that it belongs to, wherever it is."""

    code: str
    class_code: str
    unit: str
    unit_name: str
    region: str
    maker: str | None
    model: str | None
    life: str
    issued: bool
    elsewhere: bool
    fitness: Fitness

    @property
    def state(self) -> str:
        """One of the five states: away where it is not with its unit, else its fitness."""
        return AWAY if self.elsewhere else self.fitness.state

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why it is not simply ready, worst first."""
        return (ELSEWHERE, *self.fitness.reasons) if self.elsewhere else self.fitness.reasons


@dataclass
class Cell:
    """How many items of a kind are in each state, how many of them are issued, and why they are not ready."""

    counts: Counter[str] = field(default_factory=Counter)
    issued: int = 0
    worst: list[Reason] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Count one item more; of its reasons the worst stands for it."""
        state = item.state
        self.counts[state] += 1
        self.issued += item.issued
        if state != READY and item.reasons:
            self.worst.append(item.reasons[0])

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def ready(self) -> int:
        return self.counts[READY]

    @property
    def not_ready(self) -> int:
        """Those that are with the unit and cannot simply be taken: away is another matter."""
        return self.total - self.ready - self.counts[AWAY]

    def reasons(self) -> list[tuple[Reason, int]]:
        """The worst reasons of its items, with how many have each: the commonest first."""
        tally: Counter[tuple[str, str]] = Counter()
        known: dict[tuple[str, str], Reason] = {}
        for reason in self.worst:
            key = (reason.code, f"{reason.message.text}{reason.message.params}")
            tally[key] += 1
            known[key] = reason
        return [(known[key], count) for key, count in sorted(tally.items(), key=lambda pair: (-pair[1], pair[0]))]

    def states(self) -> list[tuple[str, int]]:
        """The states that occur, with their counts."""
        return [(state, self.counts[state]) for state in STATES if self.counts[state]]


@dataclass(frozen=True)
class Matrix:
    """Units (code, name) and class codes that occur, a cell for each pair that does, and the sums."""

    units: list[tuple[str, str]]
    classes: list[str]
    cells: dict[tuple[str, str], Cell]
    by_unit: dict[str, Cell]
    by_class: dict[str, Cell]
    total: Cell


def is_elsewhere(unit_id: int, holder_unit_id: int | None) -> bool:
    """Whether an item of one unit is with a person of another."""
    return holder_unit_id is not None and holder_unit_id != unit_id


def matrix(items: Iterable[Item]) -> Matrix:
    """The items counted by unit and class, in the order in which the units come."""
    cells: dict[tuple[str, str], Cell] = {}
    by_unit: dict[str, Cell] = {}
    by_class: dict[str, Cell] = {}
    names: dict[str, str] = {}
    total = Cell()
    for item in items:
        names[item.unit] = item.unit_name
        for cell in (
            cells.setdefault((item.unit, item.class_code), Cell()),
            by_unit.setdefault(item.unit, Cell()),
            by_class.setdefault(item.class_code, Cell()),
            total,
        ):
            cell.add(item)
    return Matrix(list(names.items()), sorted(by_class), cells, by_unit, by_class, total)


def worst(cells: dict[str, Cell], limit: int) -> list[tuple[str, Cell]]:
    """The units or classes with the smallest share of ready items among those at hand, worst first; full ones out."""

    def rank(pair: tuple[str, Cell]) -> tuple[float, int, str]:
        key, cell = pair
        return (-cell.not_ready / max(1, cell.ready + cell.not_ready), -cell.not_ready, key)

    return sorted((pair for pair in cells.items() if pair[1].not_ready), key=rank)[:limit]
