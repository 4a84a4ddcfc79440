"""What people report about an asset before them: seen, its condition, a check before use, a fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.custody.service.text import plain_text, required_text
from assets.custody.service.use import MeterShown, read_meter
from assets.fitness.service import keep_check
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.people.rules import Permission
from assets.registry.models import GRADES, Asset, AssetEvent
from assets.registry.scope import require_asset
from assets.registry.service.timeline import Occurrence, record

MAX_CHECK_ITEMS = 60


@dataclass(frozen=True)
class FaultTold:
    """A fault that was reported with a check."""

    severity: Severity
    text: str


def check_grade(grade: str, field: str = "condition") -> str:
    """The condition grade, or `InvalidInput`."""
    if grade not in GRADES:
        raise invalid(field, msg("The condition is A, B, C or D."))
    return grade


def sight(
    session: Session,
    actor: Actor,
    asset: Asset,
    occurrence: Occurrence,
    *,
    condition: str | None = None,
    note: str = "",
    mission: str = "",
) -> AssetEvent:
    """A person has the asset before them, and perhaps judges its condition."""
    require_asset(actor, Permission.FIELD_REPORT, asset)
    told = {"note": plain_text("note", note), "mission": plain_text("mission", mission, 64)}
    data = {key: value for key, value in told.items() if value}
    grade = None if condition is None else check_grade(condition)
    return record(session, actor, asset, "sighting", occurrence, data, grade=grade, seen=True)


def record_condition(
    session: Session, actor: Actor, asset: Asset, occurrence: Occurrence, *, grade: str, note: str = ""
) -> AssetEvent:
    """Somebody judges the condition of the asset before them."""
    require_asset(actor, Permission.FIELD_REPORT, asset)
    note = plain_text("note", note)
    data = {"note": note} if note else {}
    return record(session, actor, asset, "condition", occurrence, data, grade=check_grade(grade, "grade"), seen=True)


def check(
    session: Session,
    actor: Actor,
    asset: Asset,
    occurrence: Occurrence,
    *,
    items: Mapping[str, bool],
    passed: bool,
    reading: MeterShown | None = None,
    note: str = "",
    fault: FaultTold | None = None,
) -> AssetEvent:
    """A check before use or at the start of a shift.

    One that is not passed makes the asset unfit until a later one is passed or a repair is closed. What was not in
    order is also reported as a minor fault, so that somebody looks at it; `fault` says it in other words, or is worse.
    """
    require_asset(actor, Permission.FIELD_REPORT, asset)
    if len(items) > MAX_CHECK_ITEMS:
        raise invalid("items", msg("A check has at most %(n)s items.", n=MAX_CHECK_ITEMS), code="too_long")
    clean = {required_text("items", name, 80): is_ok for name, is_ok in items.items()}
    failed = [name for name, is_ok in clean.items() if not is_ok]
    data: dict[str, object] = {"items": {name: "ok" if ok else "not" for name, ok in clean.items()}, "passed": passed}
    if reading is not None:
        data["reading"] = {"meter": reading.kind, "value": str(reading.value)}
    if note := plain_text("note", note):
        data["note"] = note
    event = record(session, actor, asset, "check", occurrence, data, seen=True)
    keep_check(session, event, failed, passed=passed)
    if reading is not None:
        read_meter(session, asset, reading, event, source="manual")
    if failed or not passed or fault is not None:
        _report_failed(session, actor, asset, occurrence, failed, fault)
    return event


def _report_failed(
    session: Session, actor: Actor, asset: Asset, occurrence: Occurrence, failed: list[str], fault: FaultTold | None
) -> None:
    text = msg("Not in order at the check: %(items)s", items=", ".join(failed)) if failed else msg("Check not passed")
    told = fault or FaultTold(Severity.MINOR, str(text))
    # The check has the command's own id; the fault that follows from it is an event with an id of its own.
    followed = Occurrence(occurrence.occurred_at, occurrence.received_at, n=occurrence.n, noted=occurrence.noted)
    report_fault(session, actor, asset, told.severity, required_text("fault", told.text), followed)
