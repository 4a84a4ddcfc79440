"""Work orders: which moves are allowed, what stops an item from being used, and which cause a standstill has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg

Choice = TypeVar("Choice", bound=StrEnum)


class Kind(StrEnum):
    """Why work is done."""

    PREVENTIVE = "preventive"
    CORRECTIVE = "corrective"
    INSPECTION = "inspection"


class State(StrEnum):
    """Where a work order stands; the last two are final."""

    REQUESTED = "requested"
    PLANNED = "planned"
    READY = "ready"
    IN_PROGRESS = "in_progress"
    WAITING_PARTS = "waiting_parts"
    DONE = "done"
    CANCELLED = "cancelled"


class Severity(StrEnum):
    """How bad a fault is: from major on the item must not be used."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class Cause(StrEnum):
    """Why an item stands still."""

    FAILURE = "failure"
    WAITING_PARTS = "waiting_parts"
    WAITING_TECHNICIAN = "waiting_technician"
    WAITING_BUDGET = "waiting_budget"
    SCHEDULED = "scheduled"
    ACCIDENT = "accident"
    OTHER = "other"


class Payer(StrEnum):
    """Out of whose money the work is paid."""

    DONOR = "donor"
    RECIPIENT_BUDGET = "recipient_budget"


FINAL = frozenset({State.DONE, State.CANCELLED})
OPEN = tuple(state for state in State if state not in FINAL)
STOPPING = frozenset({Severity.MAJOR, Severity.CRITICAL})
WAITING = frozenset({Cause.WAITING_PARTS, Cause.WAITING_TECHNICIAN, Cause.WAITING_BUDGET})
FAULT_CAUSES = frozenset({Cause.FAILURE, Cause.ACCIDENT, Cause.OTHER})

# A small job may be recorded as done from any open state; what is final stays so.
MOVES: dict[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.PLANNED, State.READY, State.IN_PROGRESS, State.DONE, State.CANCELLED}),
    State.PLANNED: frozenset({State.READY, State.IN_PROGRESS, State.WAITING_PARTS, State.DONE, State.CANCELLED}),
    State.READY: frozenset({State.PLANNED, State.IN_PROGRESS, State.WAITING_PARTS, State.DONE, State.CANCELLED}),
    State.IN_PROGRESS: frozenset({State.WAITING_PARTS, State.READY, State.DONE, State.CANCELLED}),
    State.WAITING_PARTS: frozenset({State.READY, State.IN_PROGRESS, State.DONE, State.CANCELLED}),
    State.DONE: frozenset(),
    State.CANCELLED: frozenset(),
}

STATE_NAMES: dict[State, Message] = {
    State.REQUESTED: msg("Requested"),
    State.PLANNED: msg("Planned"),
    State.READY: msg("Ready to start"),
    State.IN_PROGRESS: msg("In progress"),
    State.WAITING_PARTS: msg("Waiting"),
    State.DONE: msg("Done"),
    State.CANCELLED: msg("Cancelled"),
}
KIND_NAMES: dict[Kind, Message] = {
    Kind.PREVENTIVE: msg("Planned care"),
    Kind.CORRECTIVE: msg("Repair"),
    Kind.INSPECTION: msg("Inspection"),
}
SEVERITY_NAMES: dict[Severity, Message] = {
    Severity.MINOR: msg("Minor: still usable"),
    Severity.MAJOR: msg("Major: must not be used"),
    Severity.CRITICAL: msg("Critical: dangerous"),
}
CAUSE_NAMES: dict[Cause, Message] = {
    Cause.FAILURE: msg("failure"),
    Cause.WAITING_PARTS: msg("waiting for parts"),
    Cause.WAITING_TECHNICIAN: msg("waiting for a technician"),
    Cause.WAITING_BUDGET: msg("waiting for budget"),
    Cause.SCHEDULED: msg("scheduled work"),
    Cause.ACCIDENT: msg("accident"),
    Cause.OTHER: msg("other"),
}
PAYER_NAMES: dict[Payer, Message] = {
    Payer.DONOR: msg("Donor"),
    Payer.RECIPIENT_BUDGET: msg("Recipient's budget"),
}


def one_of(choices: type[Choice], text: str, field: str) -> Choice:
    """The member that `text` names, or `InvalidInput` listing what there is."""
    try:
        return choices(text.strip())
    except ValueError as error:
        raise invalid(field, msg("This is one of: %(choices)s.", choices=", ".join(choices))) from error


def check_move(state: State, target: State) -> None:
    """`RuleViolation` unless a work order may go from `state` to `target`."""
    if target in MOVES[state]:
        return
    if state in FINAL:
        words = msg("This work order is closed (%(state)s). Open a new one.", state=STATE_NAMES[state])
    else:
        words = msg(
            "A work order cannot go from %(state)s to %(target)s.",
            state=STATE_NAMES[state],
            target=STATE_NAMES[target],
        )
    raise RuleViolation(words, code="state_move", data={"from": state.value, "to": target.value})


def check_cost(cost: Decimal | None, currency: str, payer: Payer | None) -> str:
    """The currency in capitals; `InvalidInput` for amounts that cannot be, or that nobody pays."""
    currency = currency.strip().upper() or "USD"
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
        raise invalid("currency", msg("The currency is a code of three letters, as USD or UZS."))
    if cost is None:
        return currency
    if not cost.is_finite() or cost < 0 or cost >= Decimal(10) ** 14:
        raise invalid("cost", msg("The cost is an amount from 0."))
    if cost != cost.quantize(Decimal("0.01")):
        raise invalid("cost", msg("The cost has at most two decimals."))
    if cost > 0 and payer is None:
        raise invalid("payer", msg("Say who pays: the donor or the recipient's budget."))
    return currency


def check_done_at(done_at: datetime, now: datetime) -> None:
    """`InvalidInput` when work is said to be done in the future."""
    if done_at > now:
        raise invalid("done_at", msg("The work cannot be done in the future."))


def standstill_cause(
    kind: Kind, severity: Severity | None, fault_cause: Cause, state: State, waiting_for: Cause = Cause.WAITING_PARTS
) -> Cause | None:
    """Why the item stands still in this state of its work order; None while it may be used.

    A major or critical fault stops it from the report on; other work stops it only while it is worked on or waited for.
    """
    if state in FINAL:
        return None
    if state is State.WAITING_PARTS:
        return waiting_for
    if kind is Kind.CORRECTIVE:
        stopped = severity in STOPPING or state is State.IN_PROGRESS
        return fault_cause if stopped else None
    return Cause.SCHEDULED if state is State.IN_PROGRESS else None


def merged(intervals: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Half-open intervals without overlaps, in order: two orders on one item do not double its downtime."""
    result: list[tuple[datetime, datetime]] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def total(intervals: Sequence[tuple[datetime, datetime]]) -> timedelta:
    """The time that the intervals cover together."""
    return sum((end - start for start, end in merged(intervals)), timedelta())
