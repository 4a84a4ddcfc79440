"""What may be entered of a vehicle: fuel, dated papers, accidents; each field read, wrong ones named. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.registry.rules.meters import MAX_VALUE
from assets.registry.rules.values import (
    Reader,
    read_boolean,
    read_choice,
    read_currency,
    read_date,
    read_decimal,
    read_fields,
    text_field,
)

MAX_LITRES = Decimal(300)
"""More than any vehicle of the programme holds, lorries with two tanks included."""
MAX_COST = Decimal("9999999999.99")
MAX_REASON = 500
EARLIEST_YEAR = 2000
NOT_DRIVEN = frozenset({"expected", "disposed", "lost"})


class PaperKind(StrEnum):
    """The dated papers and safety items of a vehicle."""

    INSURANCE = "insurance"
    INSPECTION = "inspection"
    EXTINGUISHER = "extinguisher"
    FIRST_AID = "first_aid"


PAPER_NAMES: Mapping[str, Message] = {
    PaperKind.INSURANCE: msg("Insurance"),
    PaperKind.INSPECTION: msg("Technical inspection"),
    PaperKind.EXTINGUISHER: msg("Fire extinguisher"),
    PaperKind.FIRST_AID: msg("First aid kit"),
}


def _read_cost(value: object) -> Decimal:
    return read_decimal(value, 2, MAX_COST)


_COST = {"cost": Reader(_read_cost), "currency": Reader(read_currency, blank="UZS")}
FILL_FIELDS: dict[str, Reader] = {
    "litres": Reader(lambda value: read_decimal(value, 2, MAX_LITRES), required=True),
    "is_full": Reader(read_boolean, required=True),
    "odometer_km": Reader(lambda value: read_decimal(value, 3, MAX_VALUE)),
    "station": text_field(120),
    **_COST,
}
PAPER_FIELDS: dict[str, Reader] = {
    "kind": Reader(lambda value: read_choice(value, tuple(PaperKind)), required=True),
    "number": text_field(80),
    "issuer": text_field(120),
    "valid_from": Reader(read_date, required=True),
    "valid_until": Reader(read_date, required=True),
    **_COST,
}
ACCIDENT_FIELDS: dict[str, Reader] = {
    "place": text_field(200),
    "what": text_field(4000, required=True, lines=True),
    "injured": Reader(read_boolean, required=True),
    "other_party": text_field(500, lines=True),
    "damage": text_field(2000, lines=True),
    "police_number": text_field(80),
}


@dataclass(frozen=True)
class FillGiven:
    """A fuel fill as it was given: when, how much, was the tank full then, its cost, what the odometer shows."""

    at: datetime
    litres: Decimal
    is_full: bool
    odometer_km: Decimal | None = None
    cost: Decimal | None = None
    currency: str = "UZS"
    station: str = ""


@dataclass(frozen=True)
class PaperGiven:
    """A dated paper as it was given; it is valid on both of its days."""

    kind: str
    valid_from: date
    valid_until: date
    number: str = ""
    issuer: str = ""
    cost: Decimal | None = None
    currency: str = "UZS"


@dataclass(frozen=True)
class AccidentGiven:
    """An accident as it was told."""

    at: datetime
    what: str
    injured: bool
    place: str = ""
    other_party: str = ""
    damage: str = ""
    police_number: str = ""


def parse_fill(values: Mapping[str, object], at: datetime | None) -> FillGiven:
    """Read a fill; `InvalidInput` names every field that is wrong."""
    given = FillGiven(at=_given_at(at), **read_fields(FILL_FIELDS, values))
    if given.litres <= 0:
        raise invalid("litres", msg("Say how many litres: more than nothing."), code="out_of_range")
    return given


def parse_paper(values: Mapping[str, object]) -> PaperGiven:
    """Read a paper; `InvalidInput` names every field that is wrong, and an end before its beginning."""
    given = PaperGiven(**read_fields(PAPER_FIELDS, values))
    if given.valid_until < given.valid_from:
        raise invalid("valid_until", msg("It must be valid at least to the day from which it is valid."))
    return given


def parse_accident(values: Mapping[str, object], at: datetime | None) -> AccidentGiven:
    """Read an accident; `InvalidInput` names every field that is wrong."""
    return AccidentGiven(at=_given_at(at), **read_fields(ACCIDENT_FIELDS, values))


def _given_at(at: datetime | None) -> datetime:
    if at is None:
        raise invalid("at", msg("This must be filled in."), code="required")
    return at


def check_when(at: datetime, now: datetime) -> None:
    """`InvalidInput` for a moment in the future or before any vehicle of ours."""
    if at > now:
        raise invalid("at", msg("This lies in the future."), code="in_the_future")
    if at.year < EARLIEST_YEAR:
        raise invalid("at", msg("The year %(year)s cannot be right.", year=at.year), code="out_of_range")


def check_vehicle(*, is_vehicle: bool, life: str) -> None:
    """`RuleViolation` for what is no vehicle, or cannot be driven because it is not there (any more)."""
    if not is_vehicle:
        raise RuleViolation(msg("This item is no vehicle."), code="not_a_vehicle")
    if life in NOT_DRIVEN:
        raise RuleViolation(
            msg("Nothing is entered of a vehicle while its life is '%(life)s'.", life=life), code="life"
        )


def check_reason(reason: str) -> str:
    """Why an entry is corrected, in a few words; `InvalidInput` otherwise."""
    reason = " ".join(reason.split())
    if len(reason) < 5:
        raise invalid("reason", msg("Say the reason in a few words."), code="reason_required")
    if len(reason) > MAX_REASON:
        raise invalid("reason", msg("The reason is too long: at most %(n)s characters.", n=MAX_REASON), code="too_long")
    return reason
