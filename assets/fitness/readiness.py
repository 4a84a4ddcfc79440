"""What readiness says of many items at once: counts by unit and class, and what stands behind them. Pure.

An item is away when it has not come yet, is on its way, or when another unit or somebody of it has it; issued within
its own unit it counts by its fitness, and the number issued is told beside it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from assets.core.i18n import Message, msg
from assets.fitness.rules import AWAY, BLOCKED, DUE, READY, UNKNOWN, Fitness, Reason

# As they are told: first what can be used, then what must be looked after.
STATES = (READY, DUE, BLOCKED, UNKNOWN, AWAY)
# Why an item is not ready, in general; what is wrong with one item says its own reason.
REASON_NAMES: dict[str, Message] = {
    "life_expected": msg("not arrived yet"),
    "life_received": msg("received and not yet put into service"),
    "life_withdrawn": msg("withdrawn from service"),
    "life_lost": msg("lost"),
    "fault_critical": msg("a fault that makes it dangerous"),
    "fault_major": msg("a fault that forbids its use"),
    "fault_minor": msg("a minor fault"),
    "condition_unusable": msg("condition D: unusable"),
    "condition_needs_repair": msg("condition C: needs repair"),
    "condition_unknown": msg("condition never judged"),
    "never_calibrated": msg("never calibrated or verified"),
    "calibration_failed": msg("calibration, verification or check failed"),
    "calibration_overdue": msg("calibration or verification out of date"),
    "calibration_soon": msg("calibration, verification or check ends within 30 days"),
    "check_due": msg("functional check due"),
    "check_failed": msg("check before use not passed"),
    "kit_incomplete": msg("kit not complete"),
    "kit_part_unfit": msg("a part of the kit is not fit"),
    "kit_lot_expired": msg("consumables in the kit expired or recalled"),
    "kit_to_mend": msg("something lacks in the kit that it can do without"),
    "kit_never_checked": msg("kit never checked for completeness"),
    "service_overdue": msg("service overdue beyond its grace"),
    "service_due": msg("service due"),
    "meter_unknown": msg("a meter that its service counts on is not known"),
    "elsewhere": msg("with somebody of another unit"),
    "in_transit": msg("on its way to another unit"),
    "lent": msg("lent to another unit"),
}
ELSEWHERE = Reason("elsewhere", msg("Somebody of another unit has it."))
MOVED: dict[str, Reason] = {
    "in_transit": Reason("in_transit", msg("It is on its way to another unit.")),
    "lent": Reason("lent", msg("It is lent to another unit.")),
}


class Item(NamedTuple):
    """One asset as readiness sees it. `unit` is the unit that it belongs to, wherever it is.

    `moved`: 'in_transit' or 'lent' where a transfer took it away from there.
    """

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
    moved: str = ""

    @property
    def state(self) -> str:
        """One of the five states: away where it is not with its unit, else its fitness."""
        return AWAY if self.elsewhere or self.moved else self.fitness.state

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why it is not simply ready, worst first."""
        if self.moved:
            return (MOVED[self.moved], *self.fitness.reasons)
        return (ELSEWHERE, *self.fitness.reasons) if self.elsewhere else self.fitness.reasons

    @property
    def why(self) -> str:
        """The code of the reason that it is counted under; empty when it is ready."""
        return "" if self.state == READY else self.reasons[0].code


@dataclass
class Cell:
    """How many items of a kind are in each state, how many are issued, and why they are not ready.

    What is due can be used: it is not "not ready", and what falls due is told apart (`soon`).
    """

    counts: Counter[str] = field(default_factory=Counter)
    issued: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    soon: Counter[str] = field(default_factory=Counter)

    def add(self, state: str, why: str, count: int, *, issued: bool) -> None:
        """Count so many alike items more; of their reasons the worst (`why`, empty when ready) stands for them."""
        self.counts[state] += count
        if issued:
            self.issued += count
        if why and state == DUE:
            self.soon[why] += count
        elif why:
            self.reasons[why] += count

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def ready(self) -> int:
        return self.counts[READY]

    @property
    def not_ready(self) -> int:
        """Those that cannot be used here and now: blocked, of unknown state, or away."""
        return self.total - self.ready - self.due

    @property
    def due(self) -> int:
        """Those that can be used and are due for care."""
        return self.counts[DUE]

    def why(self) -> list[tuple[str, int]]:
        """The codes of the worst reasons of those not ready, with how many have each: the commonest first."""
        return _commonest_first(self.reasons)

    def falls_due(self) -> list[tuple[str, int]]:
        """The codes of what falls due of those that can be used, the commonest first."""
        return _commonest_first(self.soon)

    def states(self) -> list[tuple[str, int]]:
        """The states that occur, with their counts."""
        return [(state, self.counts[state]) for state in STATES if self.counts[state]]


def _commonest_first(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


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
    # Alike items are tallied first: there are thousands of items and far fewer kinds of them.
    kinds: Counter[tuple[str, str, str, str, bool]] = Counter()
    names: dict[str, str] = {}
    for item in items:
        names[item.unit] = item.unit_name
        kinds[item.unit, item.class_code, item.state, item.why, item.issued] += 1
    cells: dict[tuple[str, str], Cell] = defaultdict(Cell)
    by_unit: dict[str, Cell] = defaultdict(Cell)
    by_class: dict[str, Cell] = defaultdict(Cell)
    total = Cell()
    for (unit, class_code, state, why, issued), count in kinds.items():
        for cell in (cells[unit, class_code], by_unit[unit], by_class[class_code], total):
            cell.add(state, why, count, issued=issued)
    return Matrix(list(names.items()), sorted(by_class), dict(cells), dict(by_unit), dict(by_class), total)


def worst(cells: dict[str, Cell], limit: int) -> list[tuple[str, Cell]]:
    """The units or classes with the largest share of items that are not ready, worst first; those without any out."""

    def rank(pair: tuple[str, Cell]) -> tuple[float, int, str]:
        key, cell = pair
        return (-cell.not_ready / max(1, cell.total), -cell.not_ready, key)

    return sorted((pair for pair in cells.items() if pair[1].not_ready), key=rank)[:limit]
