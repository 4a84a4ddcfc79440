"""Whether an instrument passed, how long that holds, and where its plan stands. Pure.

Words (domain, section 3): calibration relates an instrument to a reference with uncertainty; verification and
functional check give evidence that stated requirements are met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from assets.core.errors import FieldError, InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg

SOON_DAYS = 30
MAX_POINTS = 60
MAX_MAGNITUDE = Decimal(10) ** 11


class Kind(StrEnum):
    """What is done to the instrument."""

    CALIBRATION = "calibration"
    VERIFICATION = "verification"
    FUNCTIONAL_CHECK = "functional_check"


class DecisionRule(StrEnum):
    """How a measured value is judged against its tolerance; kept on the plan, copied to each record."""

    SIMPLE = "simple"


class Standing(StrEnum):
    """Where a plan stands."""

    NEVER = "never"
    VALID = "valid"
    SOON = "soon"
    OVERDUE = "overdue"
    FAILED = "failed"


KIND_NAMES: dict[Kind, Message] = {
    Kind.CALIBRATION: msg("Calibration"),
    Kind.VERIFICATION: msg("Verification"),
    Kind.FUNCTIONAL_CHECK: msg("Functional check"),
}
STANDING_NAMES: dict[Standing, Message] = {
    Standing.NEVER: msg("never done"),
    Standing.VALID: msg("valid"),
    Standing.SOON: msg("ends soon"),
    Standing.OVERDUE: msg("out of date"),
    Standing.FAILED: msg("failed"),
}
# Without one of these in date, an instrument's result proves nothing; a functional check is care.
BINDING = frozenset({Kind.CALIBRATION, Kind.VERIFICATION})


@dataclass(frozen=True)
class Point:
    """One measured point or one item of a checklist.

    A measured point has at least one tolerance limit (`tolerance_low`, `tolerance_high`: limits of the reading, in
    `unit`) and a reading before (`as_found`) or after adjustment (`as_left`). A checklist item has `ok`.
    """

    name: str
    nominal: Decimal | None = None
    tolerance_low: Decimal | None = None
    tolerance_high: Decimal | None = None
    unit: str = ""
    as_found: Decimal | None = None
    as_left: Decimal | None = None
    ok: bool | None = None
    note: str = ""

    @property
    def is_check(self) -> bool:
        return self.ok is not None


@dataclass(frozen=True)
class Decision:
    """Passed or not, as found (None: nothing was read before adjustment), as left, and in the end."""

    as_found: bool | None
    as_left: bool | None
    passed: bool


def decide(rule: DecisionRule, points: Sequence[Point], *, adjusted: bool) -> Decision:
    """Judge the points by the plan's rule.

    Simple acceptance (ILAC-G8:09/2019, w = 0): a reading passes when it lies inside its tolerance, limits included. In
    the end counts what was left: the last reading of each point. `InvalidInput` names what is missing.
    """
    check_points(points, adjusted=adjusted)
    found = [_inside(rule, point, point.as_found) for point in points if point.as_found is not None]
    left = [_inside(rule, point, point.as_left) for point in points if point.as_left is not None]
    checks = [bool(point.ok) for point in points if point.is_check]
    measured = [point for point in points if not point.is_check]
    last = [_inside(rule, point, point.as_found if point.as_left is None else point.as_left) for point in measured]
    complete = len(found) == len(measured)
    return Decision(
        as_found=all(found) and all(checks) if complete else None,
        as_left=all(last) and all(checks) if left else None,
        passed=all(last) and all(checks),
    )


def check_points(points: Sequence[Point], *, adjusted: bool) -> None:
    """`InvalidInput` naming each point that cannot be judged."""
    if not points:
        raise invalid("points", msg("Enter at least one point or one item of the checklist."), code="required")
    if len(points) > MAX_POINTS:
        raise invalid("points", msg("At most %(n)s points.", n=MAX_POINTS))
    wrong: list[FieldError] = []
    names: set[str] = set()
    for number, point in enumerate(points, start=1):
        words = _fault(point, adjusted=adjusted)
        if words is None and point.name.casefold() in names:
            words = msg("This name stands here twice.")
        names.add(point.name.casefold())
        if words is not None:
            wrong.append(FieldError(f"points.{number}", msg("Point %(n)s: %(what)s", n=number, what=words)))
    if wrong:
        raise InvalidInput(msg("Some points are not right."), fields=wrong)


def check_standard(kind: Kind, name: str, valid_until: date | None, performed_on: date, *, passed: bool) -> None:
    """Refuse a pass that rests on a standard out of date, and a calibration that names none."""
    if kind is Kind.CALIBRATION and not name:
        raise invalid("standard", msg("A calibration names the standard that was used."), code="required")
    if not name:
        return
    if valid_until is None:
        raise invalid("standard_valid_until", msg("Say until when the standard is valid."), code="required")
    if passed and valid_until < performed_on:
        raise RuleViolation(
            msg(
                "The standard %(name)s was valid until %(day)s: nothing measured with it can pass. "
                "Measure again with a standard in date.",
                name=name,
                day=valid_until.isoformat(),
            ),
            code="standard_out_of_date",
            fields=[FieldError("standard_valid_until", msg("The standard was out of date."), "standard_out_of_date")],
        )


def check_performed_at(performed_at: datetime, now: datetime) -> None:
    """`InvalidInput` for a record from the future."""
    if performed_at > now:
        raise invalid("performed_at", msg("This cannot have been done in the future."))


def valid_until(performed_on: date, interval_days: int | None, *, passed: bool) -> date | None:
    """The last day on which the result holds; None when it failed or the plan has no calendar interval."""
    if not passed or interval_days is None:
        return None
    return performed_on + timedelta(days=interval_days)


def standing(
    result: str, until: date | None, meter_left: Decimal | None, today: date, *, soon_days: int = SOON_DAYS
) -> Standing:
    """Where a plan stands from its last record: `result` is 'pass', 'fail' or '' (none). There is no grace."""
    if not result:
        return Standing.NEVER
    if result != "pass":
        return Standing.FAILED
    if (until is not None and today > until) or (meter_left is not None and meter_left <= 0):
        return Standing.OVERDUE
    if until is not None and (until - today).days <= soon_days:
        return Standing.SOON
    return Standing.VALID


def _inside(_rule: DecisionRule, point: Point, value: Decimal | None) -> bool:
    # One rule for now; guarded and non-binary rules judge the same value against narrowed limits.
    if value is None:
        return False
    above = point.tolerance_low is None or value >= point.tolerance_low
    below = point.tolerance_high is None or value <= point.tolerance_high
    return above and below


def _fault(point: Point, *, adjusted: bool) -> Message | None:
    if not point.name.strip():
        return msg("it needs a name.")
    if len(point.name) > 120 or len(point.note) > 300 or len(point.unit) > 20:
        return msg("a text in it is too long.")
    numbers = (point.nominal, point.tolerance_low, point.tolerance_high, point.as_found, point.as_left)
    if any(n is not None and (not n.is_finite() or abs(n) >= MAX_MAGNITUDE) for n in numbers):
        return msg("a number in it cannot be.")
    if point.is_check:
        return None
    return _measure_fault(point, adjusted=adjusted)


def _measure_fault(point: Point, *, adjusted: bool) -> Message | None:
    low, high = point.tolerance_low, point.tolerance_high
    if low is None and high is None:
        return msg("it needs a tolerance limit.")
    if low is not None and high is not None and low > high:
        return msg("its lower limit lies above its upper limit.")
    if point.as_found is None and point.as_left is None:
        return msg("it needs a reading, as found or as left.")
    if point.as_left is not None and not adjusted:
        return msg("a reading as left goes with an adjustment: tick that one was made.")
    if adjusted and point.as_left is None:
        return msg("after an adjustment each point is read again: enter it as left.")
    return None
