"""What operations came to: counts first, kilogrammes by substance beside them, and what the equipment contributed.

Everything is a sum over operations and seizures, so that the results of disjoint periods or regions add up to those of
the whole (`together`); only the largest single event is a maximum. Kilogrammes are of the masses that are known; what
has none is counted apart, never as 0.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from assets.operations.rules import CONTROLLED_DELIVERY

T = TypeVar("T")


@dataclass(frozen=True)
class SubstanceResult:
    """One substance: in how many seizures, how much where the mass is known, how often it is not, the largest event."""

    seizures: int = 0
    kg: Decimal = Decimal(0)
    seizures_without_kg: int = 0
    largest_kg: Decimal | None = None

    @property
    def kg_without_largest(self) -> Decimal:
        """The kilogrammes without the largest single event (domain.md, section 5, pitfall 7)."""
        return self.kg - (self.largest_kg or Decimal(0))


@dataclass(frozen=True)
class ClassContribution:
    """In how many operations with a seizure a class was said to have supported or decided the result, or not."""

    none: int = 0
    supported: int = 0
    decisive: int = 0


@dataclass(frozen=True)
class Results:
    """What closed operations of a period came to.

    `operations` by kind, `controlled_deliveries` by type. `seizure_operations` is the denominator of the contribution:
    operations with at least one seizure; in `helped` of them a class supported or decided the result, in `decided` of
    them one decided it. `by_class` says the same class by class.
    """

    operations: Mapping[str, int] = field(default_factory=dict)
    controlled_deliveries: Mapping[str, int] = field(default_factory=dict)
    arrests: int = 0
    searches: int = 0
    finds: int = 0
    seizures: int = 0
    substances: Mapping[str, SubstanceResult] = field(default_factory=dict)
    seizure_operations: int = 0
    helped: int = 0
    decided: int = 0
    by_class: Mapping[str, ClassContribution] = field(default_factory=dict)

    @property
    def operations_in_all(self) -> int:
        return sum(self.operations.values())

    @property
    def helped_share(self) -> float | None:
        """Share of operations with a seizure in which equipment supported or decided it; None without any."""
        return self.helped / self.seizure_operations if self.seizure_operations else None


@dataclass(frozen=True)
class OperationFact:
    """One closed operation that counts; `contributions` by class, of the classes that are asked about."""

    kind: str
    delivery: str
    arrests: int
    searches: int | None
    finds: int | None
    has_seizure: bool
    contributions: Mapping[str, str]


@dataclass(frozen=True)
class SeizureFact:
    """One seizure that counts: its substances with their kilogrammes, None where unknown."""

    items: tuple[tuple[str, Decimal | None], ...]


def tally(operations: Iterable[OperationFact], seizures: Iterable[SeizureFact]) -> Results:
    """The results of these operations and these seizures."""
    held, taken = list(operations), list(seizures)
    with_seizure = [each for each in held if each.has_seizure]
    said = [set(each.contributions.values()) for each in with_seizure]
    by_class: dict[str, Counter[str]] = defaultdict(Counter)
    for each in with_seizure:
        for code, contribution in each.contributions.items():
            by_class[code][contribution] += 1
    return Results(
        operations=dict(Counter(each.kind for each in held)),
        controlled_deliveries=dict(Counter(each.delivery for each in held if each.kind == CONTROLLED_DELIVERY)),
        arrests=sum(each.arrests for each in held),
        searches=sum(each.searches or 0 for each in held),
        finds=sum(each.finds or 0 for each in held),
        seizures=len(taken),
        substances=_merged(_of_seizure(each) for each in taken),
        seizure_operations=len(with_seizure),
        helped=sum(bool(words & {"supported", "decisive"}) for words in said),
        decided=sum("decisive" in words for words in said),
        by_class={
            code: ClassContribution(words["none"], words["supported"], words["decisive"])
            for code, words in sorted(by_class.items())
        },
    )


def together(parts: Iterable[Results]) -> Results:
    """The results of disjoint periods or regions as one."""
    listed = list(parts)
    return Results(
        operations=_summed(each.operations for each in listed),
        controlled_deliveries=_summed(each.controlled_deliveries for each in listed),
        arrests=sum(each.arrests for each in listed),
        searches=sum(each.searches for each in listed),
        finds=sum(each.finds for each in listed),
        seizures=sum(each.seizures for each in listed),
        substances=_merged(each.substances for each in listed),
        seizure_operations=sum(each.seizure_operations for each in listed),
        helped=sum(each.helped for each in listed),
        decided=sum(each.decided for each in listed),
        by_class=_each_key((each.by_class for each in listed), _class_sum),
    )


def _of_seizure(seizure: SeizureFact) -> dict[str, SubstanceResult]:
    """One seizure as results: a substance in two packets is one seizure of it, its masses together."""
    masses: dict[str, list[Decimal | None]] = defaultdict(list)
    for substance, kg in seizure.items:
        masses[substance].append(kg)
    found = {}
    for substance, listed in masses.items():
        known = [kg for kg in listed if kg is not None]
        total = sum(known, Decimal(0))
        found[substance] = SubstanceResult(1, total, int(len(known) < len(listed)), total if known else None)
    return found


def _merged(parts: Iterable[Mapping[str, SubstanceResult]]) -> dict[str, SubstanceResult]:
    return _each_key(parts, _substance_sum)


def _substance_sum(listed: list[SubstanceResult]) -> SubstanceResult:
    return SubstanceResult(
        sum(each.seizures for each in listed),
        sum((each.kg for each in listed), Decimal(0)),
        sum(each.seizures_without_kg for each in listed),
        max((each.largest_kg for each in listed if each.largest_kg is not None), default=None),
    )


def _class_sum(listed: list[ClassContribution]) -> ClassContribution:
    return ClassContribution(
        sum(each.none for each in listed), sum(each.supported for each in listed), sum(each.decisive for each in listed)
    )


def _each_key(parts: Iterable[Mapping[str, T]], add: Callable[[list[T]], T]) -> dict[str, T]:
    by_key: dict[str, list[T]] = defaultdict(list)
    for part in parts:
        for key, value in part.items():
            by_key[key].append(value)
    return {key: add(listed) for key, listed in sorted(by_key.items())}


def _summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    return _each_key(parts, sum)
