"""Whether an item may be used, from what its life, condition, faults, care and calibration say. Pure.

Custody is another axis: an item that somebody holds is as fit as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from assets.core.i18n import Message, msg
from assets.kits.rules.completeness import Finding as KitFinding
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.plan_titles import plan_title

READY, DUE, BLOCKED, UNKNOWN, AWAY = "ready", "due", "blocked", "unknown", "away"
# The worst decides; on the way is said of what has not come yet.
_ORDER = (READY, UNKNOWN, DUE, BLOCKED, AWAY)


@dataclass(frozen=True)
class Reason:
    """Why an item is not simply ready: a stable code and words."""

    code: str
    message: Message


@dataclass(frozen=True)
class Fitness:
    """May it be used (`fit`), which of the five states it is shown in, and the reasons, worst first."""

    fit: bool
    state: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class CareFact:
    """One maintenance plan: its name, standing ('fine', 'soon', 'due', 'overdue'), and whether its meter is unknown."""

    name: str
    standing: str
    days_left: int | None = None
    meter_left: Decimal | None = None
    meter_unknown: bool = False


@dataclass(frozen=True)
class CalibrationFact:
    """One calibration plan: its name, whether use depends on it, and its standing.

    `binding`: a calibration or verification, without which a result proves nothing; a functional check is care.
    """

    name: str
    binding: bool
    standing: str


@dataclass(frozen=True)
class CheckFact:
    """A check before use that was not passed and still stands: the asset's class and the points not in order."""

    class_code: str
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """All that fitness is judged by. `fault_severities` are those of open repairs, `kit` what a kit lacks."""

    life: str = "in_service"
    condition: str | None = None
    fault_severities: tuple[str, ...] = ()
    care: tuple[CareFact, ...] = ()
    subject_to_calibration: bool = False
    calibrations: tuple[CalibrationFact, ...] = ()
    failed_check: CheckFact | None = None
    kit: tuple[KitFinding, ...] = ()


_LIFE_WORDS: dict[str, Message] = {
    "expected": msg("It has not arrived yet."),
    "received": msg("It is received and not yet put into service."),
    "withdrawn": msg("It is withdrawn from service."),
    "disposed": msg("It is disposed of."),
    "lost": msg("It is lost."),
}
_CALIBRATION_BLOCKS: dict[str, tuple[str, Message]] = {
    "never": ("never_calibrated", msg("%(plan)s: never done.")),
    "overdue": ("calibration_overdue", msg("%(plan)s: out of date.")),
}

Finding = tuple[str, Reason]


def judge(facts: Facts) -> Fitness:
    """The fitness that these facts make: blocked by the first thing that forbids use, else due, unknown or ready."""
    found = [finding for part in _PARTS for finding in part(facts)]
    found.sort(key=lambda finding: -_ORDER.index(finding[0]))
    state = found[0][0] if found else READY
    return Fitness(fit=state not in {BLOCKED, AWAY}, state=state, reasons=tuple(reason for _, reason in found))


def _of_life(facts: Facts) -> Iterator[Finding]:
    if facts.life == "in_service":
        return
    words = _LIFE_WORDS.get(facts.life, msg("It is not in service."))
    yield AWAY if facts.life == "expected" else BLOCKED, Reason(f"life_{facts.life}", words)


def _of_check(facts: Facts) -> Iterator[Finding]:
    if facts.failed_check is None:
        return
    names = points(facts.failed_check.class_code, facts.failed_check.failed)
    if not names:
        yield BLOCKED, Reason("check_failed", msg("The check before use was not passed. Repair it, or check it again."))
        return
    words = names[-1]
    for name in reversed(names[:-1]):
        words = msg("%(first)s; %(others)s", first=name, others=words)
    yield (
        BLOCKED,
        Reason(
            "check_failed",
            msg("Not in order at the check before use: %(points)s. Repair it, or check it again.", points=words),
        ),
    )


def points(class_code: str, codes: Iterable[str]) -> list[Message]:
    """The points of a check in words: those of the class by their titles, others as somebody named them."""
    titles = {item.code: item.title for item in CLASSES[class_code].checks} if class_code in CLASSES else {}
    return [titles.get(code, msg("%(what)s", what=code)) for code in codes]


def _of_faults(facts: Facts) -> Iterator[Finding]:
    if "critical" in facts.fault_severities:
        yield BLOCKED, Reason("fault_critical", msg("An open fault makes it dangerous to use."))
    elif "major" in facts.fault_severities:
        yield BLOCKED, Reason("fault_major", msg("An open fault forbids its use."))
    elif facts.fault_severities:
        yield DUE, Reason("fault_minor", msg("It has an open minor fault."))


def _of_condition(facts: Facts) -> Iterator[Finding]:
    if facts.condition == "D":
        yield BLOCKED, Reason("condition_unusable", msg("Its condition is D: unusable."))
    elif facts.condition == "C":
        yield DUE, Reason("condition_needs_repair", msg("Its condition is C: needs repair."))
    elif facts.condition is None:
        yield UNKNOWN, Reason("condition_unknown", msg("Its condition has not been judged yet."))


def _of_calibration(facts: Facts) -> Iterator[Finding]:
    binding = [fact for fact in facts.calibrations if fact.binding]
    if facts.subject_to_calibration and not binding:
        yield BLOCKED, Reason("never_calibrated", msg("It must be calibrated or verified, and has no plan for it."))
    for fact in facts.calibrations:
        plan = plan_title(fact.name)
        if fact.standing == "failed":
            yield BLOCKED, Reason("calibration_failed", msg("%(plan)s: failed.", plan=plan))
        elif fact.standing in _CALIBRATION_BLOCKS:
            code, words = _CALIBRATION_BLOCKS[fact.standing]
            reason = Reason(code if fact.binding else "check_due", msg(words.text, plan=plan))
            yield BLOCKED if fact.binding else DUE, reason
        elif fact.standing == "soon":
            yield DUE, Reason("calibration_soon", msg("%(plan)s: ends within 30 days.", plan=plan))


def _of_care(facts: Facts) -> Iterator[Finding]:
    for fact in facts.care:
        plan = plan_title(fact.name)
        if fact.standing == "overdue":
            yield BLOCKED, Reason("service_overdue", msg("%(plan)s: overdue beyond its grace.", plan=plan))
        elif fact.standing == "due":
            yield DUE, Reason("service_due", msg("%(plan)s: due.", plan=plan))
        elif fact.meter_unknown:
            yield UNKNOWN, Reason("meter_unknown", msg("%(plan)s: its meter is not known.", plan=plan))


def _of_kit(facts: Facts) -> Iterator[Finding]:
    for found in facts.kit:
        yield found.state, Reason(found.code, found.message)


# In the order in which they are told where they weigh the same.
_PARTS = (_of_life, _of_check, _of_faults, _of_condition, _of_calibration, _of_kit, _of_care)
