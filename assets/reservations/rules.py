"""When an asset can be reserved, how the time of a reservation is cut into hours, and what its state allows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from assets.core.clock import day_start, local_date
from assets.core.errors import Conflict, RuleViolation, invalid
from assets.core.i18n import Message, msg

MAX_DAYS = 31
"""The longest time of one reservation; for longer an asset is lent or given over."""
MAX_AHEAD_DAYS = 400
HOUR_S = 3600
SHARED_BY_DEFAULT = frozenset({"vehicle.forensic_van"})
"""Classes that every unit may ask for unless their owner says otherwise."""
RESERVABLE_LIVES = frozenset({"received", "in_service"})


class State(StrEnum):
    """What became of a request."""

    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"


HOLDING = (State.ASKED, State.APPROVED)
"""States in which a reservation keeps its time from others: who asked first is answered first."""
STATE_NAMES: Mapping[str, Message] = {
    State.ASKED: msg("asked for"),
    State.APPROVED: msg("reserved"),
    State.DECLINED: msg("declined"),
    State.CANCELLED: msg("cancelled"),
}


def hours(start: datetime, end: datetime, zone: ZoneInfo) -> range:
    """The numbers of the local clock hours that the half-open time from `start` to `end` touches.

    Two times that share no moment and begin and end at full local hours share no number; of two that overlap, some
    number is in both.
    """
    offset = zone.utcoffset(start) or timedelta(0)
    shift = int(offset.total_seconds()) % HOUR_S
    first = (int(start.timestamp()) + shift) // HOUR_S
    until = -(-(int(end.timestamp()) + shift) // HOUR_S)
    return range(first, until)


def check_time(start: datetime, end: datetime, now: datetime, zone: ZoneInfo) -> None:
    """`InvalidInput` for `from` or `to` unless the time can be reserved: full local hours, ahead, not endless."""
    for field, moment in (("from", start), ("to", end)):
        local = moment.astimezone(zone)
        if local.minute or local.second or local.microsecond:
            raise invalid(field, msg("Reservations begin and end at a full hour."), code="not_a_full_hour")
    if end <= start:
        raise invalid("to", msg("The end must lie after the beginning."))
    if end <= now or start < day_start(local_date(now, zone), zone):
        raise invalid("from", msg("This time has passed: reserve from today on."), code="passed")
    if end - start > timedelta(days=MAX_DAYS):
        raise invalid("to", msg("At most %(n)s days: for longer it is lent.", n=MAX_DAYS), code="too_long")
    if start > now + timedelta(days=MAX_AHEAD_DAYS):
        raise invalid("from", msg("At most %(n)s days ahead.", n=MAX_AHEAD_DAYS), code="too_far")


def check_asset(life: str, *, is_own: bool, is_shared: bool) -> None:
    """`RuleViolation` when nobody can reserve such an asset, or only its own unit."""
    if life not in RESERVABLE_LIVES:
        raise RuleViolation(
            msg("It is not in use (withdrawn, lost, disposed of or still expected): it cannot be reserved."),
            code="not_reservable",
        )
    if not (is_own or is_shared):
        raise RuleViolation(
            msg("Its unit does not share it with others: ask the unit to share it first."), code="not_shared"
        )


def shared(flag: bool | None, class_code: str) -> bool:
    """Whether other units may ask for an asset: what its owner said, else what is usual for the class."""
    return class_code in SHARED_BY_DEFAULT if flag is None else flag


def first_state(*, is_own: bool) -> State:
    """What a new request is: of a unit's own asset it needs nobody's answer."""
    return State.APPROVED if is_own else State.ASKED


def check_answer(state: str, ends_at: datetime, now: datetime) -> None:
    """`Conflict` answered when somebody answered or cancelled it before, `RuleViolation` passed when it is too late."""
    if state != State.ASKED:
        raise Conflict(
            msg("This request was answered meanwhile: it is %(state)s.", state=STATE_NAMES[state]), code="answered"
        )
    if ends_at <= now:
        raise RuleViolation(msg("The time that it was asked for has passed."), code="passed")


def check_open(state: str, ends_at: datetime, now: datetime) -> None:
    """`Conflict` ended when a reservation can be neither cancelled nor changed any more."""
    if state not in HOLDING:
        raise Conflict(msg("This reservation has ended: it is %(state)s.", state=STATE_NAMES[state]), code="ended")
    if ends_at <= now:
        raise Conflict(msg("Its time has passed: it stays as it was."), code="ended")


@dataclass(frozen=True)
class Taken:
    """A time in which an asset is not free: `kind` is 'asked', 'reserved' or 'lent'; what is told of it in `text`."""

    start: datetime
    end: datetime | None
    kind: str
    text: str = ""
    reservation_id: int | None = None


@dataclass(frozen=True)
class DayCell:
    """One local day of one asset: what is taken of it (none: free), each clipped to the day."""

    day: date
    is_past: bool
    taken: tuple[Taken, ...]

    @property
    def kind(self) -> str:
        """'free', 'passed', or the strongest of what takes it."""
        if not self.taken:
            return "passed" if self.is_past else "free"
        return next(kind for kind in ("lent", "reserved", "asked") if any(t.kind == kind for t in self.taken))


def day_cells(days: Sequence[date], taken: Iterable[Taken], today: date, zone: ZoneInfo) -> list[DayCell]:
    """One cell for each of these local days, with what touches it in the order of time."""
    known = sorted(taken, key=lambda each: each.start)
    found = []
    for day in days:
        start, end = day_start(day, zone), day_start(day + timedelta(days=1), zone)
        within = tuple(
            Taken(max(each.start, start), end if each.end is None else min(each.end, end), each.kind, each.text,
                  each.reservation_id)
            for each in known
            if each.start < end and (each.end is None or each.end > start)
        )  # fmt: skip
        found.append(DayCell(day, day < today, within))
    return found
