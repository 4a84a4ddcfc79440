"""Which lot goes first, how much may leave at a moment, what an opened pack holds, and how long stock lasts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.registry.rules.stock import plain

COVER_DAYS = 90
MAX_NOTE = 300
CONTROLLED_CLASSES = frozenset({"ident.test_kit"})
"""Classes whose packs are opened with a positive control: a known sample that must show."""
CONTROLS: dict[str, Message] = {"passed": msg("passed"), "failed": msg("failed")}
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Moved:
    """A movement of a lot: when, of which kind, and by how much the stock changed."""

    at: datetime
    kind: str
    quantity: Decimal


@dataclass(frozen=True)
class PackEntry:
    """What happened to an opened pack: see `PACK_ENTRIES`; `count` is by how much its tests changed."""

    kind: str
    at: datetime
    count: int | None = None


@dataclass(frozen=True)
class Pack:
    """An opened pack as its entries leave it; `tests_left` None: its tests are not counted."""

    id: int
    opened_at: datetime
    use_by: date | None
    tests_left: int | None
    is_out: bool = False
    is_closed: bool = False
    stirred_at: datetime | None = None
    """When it last went out, came back or was closed."""

    def may_be_used(self, day: date) -> bool:
        """Whether it may still be used on that day: not closed, something left, and not open for too long."""
        return not self.is_closed and self.tests_left != 0 and (self.use_by is None or day <= self.use_by)

    def is_in_store(self) -> bool:
        return not self.is_out and not self.is_closed


@dataclass(frozen=True)
class Candidate:
    """A lot of an item that could be issued: what of it is sealed, its packs open in store, and its last day."""

    lot_id: int
    expires_on: date | None
    sealed: Decimal
    packs: tuple[Pack, ...] = ()
    is_barred: bool = False
    """Recalled, or suspect since a positive control failed."""

    def open_packs(self, day: date) -> list[Pack]:
        """Its opened packs that may go out that day, the first to end first."""
        usable = [pack for pack in self.packs if pack.is_in_store() and pack.may_be_used(day)]
        return sorted(usable, key=lambda pack: (pack.use_by or date.max, pack.opened_at, pack.id))

    def is_usable(self, day: date) -> bool:
        """Whether anything of it may be issued that day; it may be on the very day that it expires."""
        if self.is_barred or (self.expires_on is not None and self.expires_on < day):
            return False
        return self.sealed > 0 or bool(self.open_packs(day))

    def turn(self, day: date) -> tuple[bool, date]:
        """Its place in the order: lots with an opened pack first, then by the day that it can be used until."""
        opened = self.open_packs(day)
        until = self.expires_on or date.max
        return (False, min(until, opened[0].use_by or date.max)) if opened else (True, until)


def first_expired_first_out(candidates: Iterable[Candidate], day: date) -> list[Candidate]:
    """The lots that may be issued that day, in the order in which they should go."""
    return sorted((c for c in candidates if c.is_usable(day)), key=lambda c: (c.turn(day), c.lot_id))


def room_at(moves: Sequence[Moved], at: datetime) -> tuple[Decimal, datetime | None]:
    """How much may leave at `at` so that the stock is at no moment below zero, and the count that comes after it.

    Only the moments up to the next count matter: whoever counted found what was there by then, so what is heard of
    after the count had left before it. None: nobody has counted since.
    """
    counted_at = min((move.at for move in moves if move.kind == "counted" and move.at > at), default=None)
    balances: dict[datetime, Decimal] = {at: _ZERO}
    for move in moves:
        balances[move.at] = balances.get(move.at, _ZERO) + move.quantity
    total, lowest = _ZERO, None
    for moment in sorted(balances):
        if counted_at is not None and moment >= counted_at:
            break
        total += balances[moment]
        if moment >= at and (lowest is None or total < lowest):
            lowest = total
    return max(lowest or _ZERO, _ZERO), counted_at


def fold_pack(pack: Pack, entries: Iterable[PackEntry]) -> Pack:
    """The pack as its entries leave it, in the order in which they were recorded; `pack` is as it was opened."""
    left, is_out, is_closed, stirred = pack.tests_left, False, False, None
    for entry in entries:
        if entry.count is not None and left is not None:
            left = max(left + entry.count, 0)
        if entry.kind in {"went_out", "came_back", "closed"}:
            stirred = entry.at
            is_out = entry.kind == "went_out" if entry.kind != "closed" else is_out
            is_closed = is_closed or entry.kind == "closed"
    return Pack(pack.id, pack.opened_at, pack.use_by, left, is_out, is_closed, stirred)


def use_by(opened_on: date, use_within_days: int | None, expires_on: date | None) -> date | None:
    """The last day on which a pack opened on that day may be used: its own clock, and never after the lot expires."""
    ends = [] if use_within_days is None else [opened_on + timedelta(days=use_within_days)]
    if expires_on is not None:
        ends.append(expires_on)
    return min(ends, default=None)


def cover_days(usable: Decimal, issued: Decimal) -> Decimal | None:
    """For how many days the usable stock lasts at the mean daily issue of the last 90 days, to one decimal.

    None when nothing was issued on balance: then nothing can be said. Formula: stock / (issued / 90), domain KPI X1.
    """
    if issued <= 0:
        return None
    return (usable * COVER_DAYS / issued).quantize(Decimal("0.1"), ROUND_HALF_UP)


def check_issued(quantity: Decimal, *, in_packs: bool) -> None:
    """`InvalidInput` unless it is more than nothing, and whole packs where packs are counted."""
    if quantity <= 0:
        raise invalid("quantity", msg("Say how much it is: more than nothing."), code="out_of_range")
    if in_packs and quantity % 1:
        raise invalid("quantity", msg("This lot is counted in packs: give a whole number."), code="not_whole")


def check_control(class_code: str, control: str | None) -> None:
    """`InvalidInput` when the result of the positive control is missing, or given where there is none to make."""
    if class_code in CONTROLLED_CLASSES:
        if control not in CONTROLS:
            words = msg("Test a sample that is known to be positive, and say whether the test showed it.")
            raise invalid("control", words, code="required")
    elif control is not None:
        raise invalid("control", msg("Packs of this class are opened without a positive control."))


def check_tests(pack: Pack, tests: int) -> None:
    """`RuleViolation` or `InvalidInput` unless so many tests can be counted off the pack."""
    if pack.is_closed:
        raise RuleViolation(msg("This pack is closed: nothing of it is left to be used."), code="pack_closed")
    if pack.tests_left is None:
        raise RuleViolation(msg("The tests of this lot are not counted."), code="not_counted")
    if tests <= 0:
        raise invalid("tests", msg("Say how many tests: more than none."), code="out_of_range")
    if tests > pack.tests_left:
        raise invalid("tests", msg("Only %(n)s tests are left in this pack.", n=pack.tests_left), code="out_of_range")


def not_enough(room: Decimal, unit: str) -> RuleViolation:
    """What is said when more would leave than there was."""
    if room <= 0:
        return RuleViolation(
            msg("Nothing of this lot is left to be issued. Count it, or issue another."), code="not_enough"
        )
    return RuleViolation(
        msg("Only %(n)s %(unit)s of this lot can be issued. Count it, or issue less.", n=plain(room), unit=unit),
        code="not_enough",
    )
