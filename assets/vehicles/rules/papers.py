"""When the dated papers of a vehicle are due. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from assets.core.i18n import Message, msg
from assets.vehicles.rules.entries import PaperKind

SOON_DAYS, VERY_SOON_DAYS = 30, 7
# The class's care plan that asks for the same thing: who enters the paper has done it.
PLAN_OF_PAPER: Mapping[str, str] = {
    PaperKind.INSURANCE: "insurance",
    PaperKind.INSPECTION: "state_inspection",
    PaperKind.EXTINGUISHER: "extinguisher",
}


class Standing(StrEnum):
    """How a vehicle stands with one kind of paper."""

    OVERDUE = "overdue"
    WITHIN_7 = "within_7"
    WITHIN_30 = "within_30"
    VALID = "valid"
    MISSING = "missing"


STANDING_NAMES: Mapping[Standing, Message] = {
    Standing.OVERDUE: msg("not valid today"),
    Standing.WITHIN_7: msg("ends within 7 days"),
    Standing.WITHIN_30: msg("ends within 30 days"),
    Standing.VALID: msg("valid"),
    Standing.MISSING: msg("not entered"),
}


@dataclass(frozen=True)
class Validity:
    """One paper's days; it is valid on both of them."""

    valid_from: date
    valid_until: date

    def covers(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_until


def current(papers: Iterable[Validity], today: date) -> Validity | None:
    """The newest that is valid today: the one that is valid longest; None when none is."""
    return max((paper for paper in papers if paper.covers(today)), key=lambda p: p.valid_until, default=None)


def standing(papers: Iterable[Validity], today: date) -> Standing:
    """How a vehicle stands: not valid when no paper is for today, soon when none is for the day 7 or 30 days ahead.

    So a paper that was renewed in time, with the next one entered before the first ends, is not due.
    """
    known = list(papers)
    if not known:
        return Standing.MISSING
    for days, found in ((0, Standing.OVERDUE), (VERY_SOON_DAYS, Standing.WITHIN_7), (SOON_DAYS, Standing.WITHIN_30)):
        if current(known, today + timedelta(days=days)) is None:
            return found
    return Standing.VALID
