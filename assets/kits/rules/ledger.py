"""What is in a kit: a fold of what was put in, taken out, counted and checked, by event time. Pure.

It depends on the entries alone, never on the order in which they were heard of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

PUT, TAKE, FOUND, MISSING, USED, COUNTED = "put", "take", "found", "missing", "used", "counted"
PART_KINDS = (PUT, TAKE, FOUND, MISSING)
COUNT_KINDS = (PUT, TAKE, USED, COUNTED)
# Of things told for one moment: first what is put in, then what leaves, then what a look finds.
_RANKS = {PUT: 0, TAKE: 1, USED: 1, FOUND: 2, MISSING: 2, COUNTED: 2}
# As with custody: what was done longer ago than this has happened, and is kept whatever else is known.
DONE_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class PartEntry:
    """One entry of one part: at event time `at` (ties by `n`, what was done, then `id`) it was put into `kit_id`,
    taken out of it, or looked for there and found or missed."""

    id: str
    kit_id: int
    kind: str
    at: datetime
    n: int = 0

    @property
    def order(self) -> tuple[datetime, int, int, str, int]:
        return (self.at, self.n, _RANKS[self.kind], self.id, self.kit_id)


@dataclass(frozen=True)
class Stay:
    """A half-open stretch [`since`, `until`) in which a part was in one kit; `missing_since`: it was not found there.

    `moved`: nobody had taken it out of another kit before it was put in here.
    """

    kit_id: int
    since: datetime
    until: datetime | None = None
    missing_since: datetime | None = None
    moved: bool = False


@dataclass(frozen=True)
class CountEntry:
    """One entry of a lot in a kit: so much was put in, taken out or used, or so much was counted in it."""

    id: str
    kind: str
    at: datetime
    quantity: Decimal
    n: int = 0

    @property
    def order(self) -> tuple[datetime, int, int, str]:
        return (self.at, self.n, _RANKS[self.kind], self.id)


@dataclass(frozen=True)
class Balance:
    """How much of a lot is in a kit; `short`: so much more left it since the last count than was known to be there."""

    quantity: Decimal = Decimal(0)
    short: Decimal = Decimal(0)


def stays(entries: Iterable[PartEntry]) -> list[Stay]:
    """In which kits a part was, oldest first, never in two at a time.

    To put it into another kit moves it. What was looked for where it was not, or taken out of there, changes nothing.
    """
    chain: list[Stay] = []
    for entry in sorted(entries, key=lambda each: each.order):
        last = chain[-1] if chain and chain[-1].until is None else None
        if last is not None and last.kit_id == entry.kit_id:
            chain[-1] = _again(last, entry)
        elif entry.kind == PUT:
            if last is not None:
                chain[-1] = replace(last, until=entry.at)
            chain.append(Stay(entry.kit_id, entry.at, moved=last is not None))
    return [stay for stay in chain if stay.until is None or stay.until > stay.since]


def _again(stay: Stay, entry: PartEntry) -> Stay:
    if entry.kind == TAKE:
        return replace(stay, until=entry.at)
    if entry.kind == MISSING:
        return replace(stay, missing_since=stay.missing_since or entry.at)
    return replace(stay, missing_since=None)


def current_stay(entries: Iterable[PartEntry]) -> Stay | None:
    """Where the part is after all of its entries; None: in no kit."""
    chain = stays(entries)
    return chain[-1] if chain and chain[-1].until is None else None


def stay_at(entries: Iterable[PartEntry], at: datetime, n: int) -> Stay | None:
    """Where the part was when something else happened at `at` with the phone's counter `n`."""
    return current_stay(entry for entry in entries if (entry.at, entry.n) <= (at, n))


def balance(entries: Iterable[CountEntry]) -> Balance:
    """How much of a lot is in the kit after these entries: never below nothing, and it says by how much it would be.

    Whoever counts finds what is there, and settles what was short before.
    """
    there, short = Decimal(0), Decimal(0)
    for entry in sorted(entries, key=lambda each: each.order):
        if entry.kind == COUNTED:
            there, short = entry.quantity, Decimal(0)
            continue
        there += entry.quantity if entry.kind == PUT else -entry.quantity
        if there < 0:
            there, short = Decimal(0), short - there
    return Balance(there, short)


def is_late(occurred_at: datetime, received_at: datetime) -> bool:
    """Whether something happened a while ago, so that it is kept and not refused."""
    return received_at - occurred_at >= DONE_AFTER
