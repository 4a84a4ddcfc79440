"""Who has an asset and who had it: a fold of its entries by event time. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

ISSUE, RETURN, ASSIGN, VOID = "issue", "return", "assign", "void"


@dataclass(frozen=True)
class Entry:
    """One custody entry: at event time `at` (ties by `n`, then `id`) the asset went to `person_id`, or came back.

    `kind`: 'issue' and 'assign' give it to a person, 'return' brings it back to the store of `unit_id`, 'void' says
    nothing of its own. With `corrects` the named entry no longer counts and this one stands in its place.
    """

    id: str
    kind: str
    at: datetime
    n: int = 0
    person_id: int | None = None
    unit_id: int | None = None
    until: datetime | None = None
    corrects: str | None = None

    @property
    def order(self) -> tuple[datetime, int, str]:
        return (self.at, self.n, self.id)


@dataclass(frozen=True)
class Holding:
    """A half-open stretch [`since`, `ended`) in which one person, or the store (`person_id` None), had the asset.

    `conflict`: somebody else had it and had not given it back when it began, so that one of the two entries is wrong
    or a return is missing.
    """

    entry_id: str
    person_id: int | None
    unit_id: int | None
    since: datetime
    ended: datetime | None = None
    until: datetime | None = None
    conflict: bool = False


@dataclass(frozen=True)
class CurrentCustody:
    """Who has the asset now: `person_id` None means that it is in the store, or was never issued (`since` None)."""

    person_id: int | None = None
    unit_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    conflict: bool = False

    @property
    def is_free(self) -> bool:
        return self.person_id is None


def standing(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that count, in event order: without those that a standing entry corrects."""
    known = {entry.id: entry for entry in entries}
    correctors: dict[str, list[Entry]] = defaultdict(list)
    for entry in known.values():
        if entry.corrects is not None:
            correctors[entry.corrects].append(entry)

    def counts(entry: Entry) -> bool:
        return not any(counts(corrector) for corrector in correctors[entry.id])

    return sorted((e for e in known.values() if counts(e) and e.kind != VOID), key=lambda e: e.order)


def holdings(entries: Iterable[Entry]) -> list[Holding]:
    """The chain of custody from the first entry on, oldest first, without gap or overlap.

    It depends on the entries alone, never on the order in which they were heard of. An issue again to the person who
    has it begins no new stretch; it sets until when. A return to the store of what is there changes nothing.
    """
    chain: list[Holding] = []
    for entry in standing(entries):
        person = entry.person_id if entry.kind in {ISSUE, ASSIGN} else None
        last = chain[-1] if chain else None
        if last is not None and last.person_id == person:
            chain[-1] = _replace(last, until=entry.until if person is not None else None)
            continue
        if last is not None:
            chain[-1] = _replace(last, ended=entry.at)
        unreturned = last is not None and last.person_id is not None and person is not None
        chain.append(
            Holding(entry.id, person, entry.unit_id, entry.at, until=entry.until, conflict=unreturned)
        )  # fmt: skip
    return chain


def _replace(holding: Holding, *, ended: datetime | None = None, until: datetime | None = None) -> Holding:
    return Holding(
        holding.entry_id, holding.person_id, holding.unit_id, holding.since,
        ended=ended, until=until if ended is None else holding.until, conflict=holding.conflict,
    )  # fmt: skip


def fold(entries: Iterable[Entry]) -> CurrentCustody:
    """Who has the asset after all entries, by event time: the later issue wins, with `conflict` set."""
    chain = holdings(entries)
    if not chain:
        return CurrentCustody()
    last = chain[-1]
    return CurrentCustody(last.person_id, last.unit_id, last.since, last.until, last.conflict)


def fold_before(entries: Iterable[Entry], at: datetime, n: int) -> CurrentCustody:
    """Who had the asset when something else happened at `at` with the phone's counter `n`."""
    known = list(entries)
    gone = {entry.id for entry in known} - {entry.id for entry in standing(known)}
    return fold(entry for entry in known if entry.id not in gone and (entry.at, entry.n) <= (at, n))
