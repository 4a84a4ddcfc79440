"""What contradicts itself in the custody of an asset: a fold over its entries and its transfers. Pure.

It depends on what was told alone, never on the order in which it was heard: a late return or a correction takes a
contradiction away again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid5

from assets.core.i18n import Message, msg
from assets.custody.rules.chain import Entry, Holding, holdings
from assets.custody.rules.transfers import IN_TRANSIT, QUESTION, RECEIVED, SETTLED_THERE, UNCLEAR, Passage, Whereabouts

TWO_HOLDERS, MOVED_ELSEWHERE, DENIED = "two_holders", "moved_elsewhere", "denied"
KINDS = (TWO_HOLDERS, MOVED_ELSEWHERE, DENIED)
OPEN, SETTLED, MOOT = "open", "settled", "moot"
CASE_STATES = (OPEN, SETTLED, MOOT)
KIND_NAMES: Mapping[str, Message] = {
    TWO_HOLDERS: msg("two persons are said to have had it at once"),
    MOVED_ELSEWHERE: msg("handed to a person while it was sent away"),
    DENIED: msg("the person says that he did not receive it"),
}
# How a case is settled: one of the two entries is right; a return between them was missing; or it is left as it is.
ONE, RETURN_MISSING, LEFT = "one", "return_missing", "left"
OUTCOMES = (ONE, RETURN_MISSING, LEFT)
# Just before the other took it, where nobody knows when the missing return was.
LAST_MOMENT = timedelta(microseconds=1)

_OF_CASES = UUID("3f0f6d0e-0b86-5f4b-9a55-0f2b7c5a4c11")
_LEFT_FOR_GOOD = frozenset({IN_TRANSIT, QUESTION, RECEIVED, SETTLED_THERE, UNCLEAR})


@dataclass(frozen=True)
class Contradiction:
    """Two events that cannot both be the whole truth, the earlier first; corrected ones by the event they stand for."""

    kind: str
    event_ids: tuple[str, str]


def case_id(event_ids: Iterable[str]) -> str:
    """The id of the case of these events: the same events never make two."""
    return str(uuid5(_OF_CASES, " ".join(sorted(set(event_ids)))))


def contradictions(entries: Iterable[Entry], where: Whereabouts | None) -> list[Contradiction]:
    """Every contradiction that stands: two who had it at once, or one who had it while it was sent, or was elsewhere.

    Where one stretch of custody meets several passages, each is one. `where` is None for what was never sent.
    """
    known = list(entries)
    roots = _roots(known)
    chain = holdings(known)
    found = [
        Contradiction(TWO_HOLDERS, (roots[before.entry_id], roots[after.entry_id]))
        for before, after in pairwise(chain)
        if after.conflict
    ]
    if where is not None:
        found += [
            Contradiction(MOVED_ELSEWHERE, _in_order(roots[held.entry_id], held.since, passage))
            for held in chain
            if held.person_id is not None
            for passage in _elsewhere(held, where)
        ]
    # A stretch that was corrected within itself may name the same event twice: it contradicts nobody.
    return [each for each in found if each.event_ids[0] != each.event_ids[1]]


def return_between(first: datetime, second: datetime, at: datetime | None) -> datetime | None:
    """When a missing return is put: at `at`, else just before the second took it; None where it cannot lie between."""
    moment = at or second - LAST_MOMENT
    return moment if first < moment < second else None


def _roots(entries: Sequence[Entry]) -> dict[str, str]:
    """By entry: the one that was told first, which it stands for after however many corrections."""
    corrected = {entry.id: entry.corrects for entry in entries}
    found: dict[str, str] = {}
    for entry in entries:
        root = entry.id
        while (before := corrected.get(root)) is not None:
            root = before
        found[entry.id] = root
    return found


def _elsewhere(held: Holding, where: Whereabouts) -> list[Passage]:
    return [
        passage
        for passage in where.passages
        if passage.state in _LEFT_FOR_GOOD
        and passage.sent_at is not None
        and (
            _left_while_held(held, passage, passage.sent_at, where)
            or _on_its_way(held, passage, passage.sent_at)
            or _was_lent(held, passage, where)
        )
    ]


def _left_while_held(held: Holding, passage: Passage, sent_at: datetime, where: Whereabouts) -> bool:
    # What a stranger says that he sent contradicts no holder: it never was his to send.
    within = held.since < sent_at and (held.ended is None or sent_at < held.ended)
    return within and passage.from_unit == where.unit_at(sent_at)


def _on_its_way(held: Holding, passage: Passage, sent_at: datetime) -> bool:
    if passage.state in {UNCLEAR, SETTLED_THERE}:
        return False
    arrived = passage.received_at if passage.state == RECEIVED else None
    return sent_at <= held.since and (arrived is None or held.since < arrived)


def _was_lent(held: Holding, passage: Passage, where: Whereabouts) -> bool:
    """Whether the lender handed out what the borrower had by this passage."""
    if passage.until is None or passage.state not in {RECEIVED, SETTLED_THERE} or held.unit_id != passage.from_unit:
        return False
    latest = [p for p in where.passages if p.state in {RECEIVED, SETTLED_THERE} and p.begun_at <= held.since]
    return bool(latest) and latest[-1].id == passage.id and where.unit_at(held.since) == passage.to_unit


def _in_order(entry_id: str, since: datetime, passage: Passage) -> tuple[str, str]:
    return (entry_id, passage.id) if since <= passage.begun_at else (passage.id, entry_id)
