"""Pure decisions of shifts: how long one lasts, who belongs to it, and what became of what went out with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from assets.core.errors import invalid
from assets.core.i18n import Message, msg
from assets.custody.rules import Entry, Holding, holdings, standing

LONGEST_SHIFT = timedelta(days=14)
MOST_CREW = 20
MOST_SET_ITEMS = 100

# What a shift's state is called, and which of the five states it is shown in.
LATE, OUT, BACK, CLOSED, UNTOLD = "late", "out", "back", "closed", "untold"
STATE_NAMES: dict[str, tuple[str, Message]] = {
    LATE: ("blocked", msg("not back at its end")),
    OUT: ("due", msg("out")),
    BACK: ("ready", msg("nothing is out any more")),
    CLOSED: ("ready", msg("closed")),
    UNTOLD: ("unknown", msg("nothing recorded yet")),
}
# What became of one item: still out, back, with somebody else since, or never issued after all.
ITEM_OUT, ITEM_BACK, ITEM_PASSED_ON, ITEM_ANNULLED = "out", "back", "passed_on", "annulled"


def check_times(started_at: datetime, ends_at: datetime) -> None:
    """`InvalidInput` unless the shift ends after it begins, within `LONGEST_SHIFT`."""
    if ends_at <= started_at:
        raise invalid("ends_at", msg("The shift must end after it begins."))
    if ends_at - started_at > LONGEST_SHIFT:
        raise invalid("ends_at", msg("A shift lasts at most %(n)s days.", n=LONGEST_SHIFT.days))


def check_crew(numbers: Sequence[str]) -> list[str]:
    """The service numbers, each once; `InvalidInput` when there are none or too many."""
    found = list(dict.fromkeys(number.strip() for number in numbers if number.strip()))
    if not found:
        raise invalid("crew", msg("Name at least one person of the crew."), code="required")
    if len(found) > MOST_CREW:
        raise invalid("crew", msg("A crew has at most %(n)s persons.", n=MOST_CREW), code="too_long")
    return found


def state(ends_at: datetime | None, out: int, closed_at: datetime | None, now: datetime, *, told: bool = True) -> str:
    """How a shift stands: what is still out counts more than that somebody closed it.

    `told`: something is known to have gone out with it; else its issues may still wait on a phone.
    """
    if out:
        return LATE if ends_at is not None and ends_at <= now else OUT
    if closed_at is not None:
        return CLOSED
    return BACK if told else UNTOLD


@dataclass(frozen=True)
class Fate:
    """What became of an item that went out with a shift: its state, with whom it went, and when that ended."""

    state: str
    person_id: int | None
    ended_at: datetime | None = None


def fate(event_id: str, at: datetime, entries: Sequence[Entry], taken_again_at: datetime | None = None) -> Fate:
    """What became of the issue `event_id`, by all the entries of its asset, in whichever order they were heard of.

    `taken_again_at`: the same item went out with a later shift, whose it is from then on.
    """
    return Story(entries).fate(event_id, at, taken_again_at)


class Story:
    """All the entries of one asset, gone through once for whatever is asked of them."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        counting = standing(entries)
        self._chain = holdings(counting)
        self._entries = {entry.id: entry for entry in counting}
        self._instead = {entry.corrects: entry for entry in counting if entry.corrects is not None}

    def fate(self, event_id: str, at: datetime, taken_again_at: datetime | None = None) -> Fate:
        """As the function `fate`."""
        mine = self._entries.get(event_id) or self._instead.get(event_id)
        if mine is None:
            return Fate(ITEM_ANNULLED, None)
        holding = _holding(self._chain, mine, at)
        if holding is None:
            return Fate(ITEM_PASSED_ON, mine.person_id, at)
        if taken_again_at is not None and (holding.ended is None or taken_again_at < holding.ended):
            return Fate(ITEM_PASSED_ON, holding.person_id, taken_again_at)
        if holding.ended is None:
            return Fate(ITEM_OUT, holding.person_id)
        following = self._chain[self._chain.index(holding) + 1]
        return Fate(ITEM_BACK if following.person_id is None else ITEM_PASSED_ON, holding.person_id, holding.ended)


def _holding(chain: Sequence[Holding], mine: Entry, at: datetime) -> Holding | None:
    """The stretch that the issue began, or, issued again to who had it, fell into."""
    for holding in chain:
        if holding.entry_id == mine.id:
            return holding
    fits = [each for each in chain if each.person_id == mine.person_id and each.since <= at]
    return fits[-1] if fits and (fits[-1].ended is None or at <= fits[-1].ended) else None
