"""Reporting accidents; the damage becomes a fault through maintenance where that is asked for."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.maintenance.rules.orders import Cause, Severity
from assets.maintenance.service import report_fault
from assets.registry.models import Asset
from assets.registry.service.timeline import Occurrence, record
from assets.vehicles.models import Accident
from assets.vehicles.rules.entries import AccidentGiven, check_when
from assets.vehicles.service.entries import Correction, add, begin, begin_correction, in_its_place


def report_accident(
    session: Session,
    actor: Actor,
    asset: Asset,
    given: AccidentGiven,
    occurrence: Occurrence,
    now: datetime,
    *,
    fault: Severity | None = None,
) -> Accident:
    """Report an accident; with `fault` its damage is reported as a fault so severe, caused by an accident."""
    begin(session, actor, Accident, asset, occurrence)
    check_when(given.at, now)
    event = record(session, actor, asset, "accident", occurrence, {"injured": given.injured})
    accident = Accident(asset=asset, **asdict(given))
    if fault is not None:
        happened = Occurrence(given.at, now)
        order = report_fault(session, actor, asset, fault, _damage(given), happened, cause=Cause.ACCIDENT)
        accident.work_order_id = order.id
    return add(session, actor, accident, event, now)


def correct_accident(
    session: Session, actor: Actor, wrong: Accident, given: AccidentGiven | None, why: Correction, now: datetime
) -> Accident:
    """Put `given` in the place of a wrong report, or nothing when it is void; its work order stays what it is."""
    if given is not None:
        check_when(given.at, now)
    event = begin_correction(session, actor, wrong, why, Occurrence(now, now), "accident_corrected")
    values = asdict(given) if given is not None else _values(wrong)
    accident = in_its_place(Accident(asset=wrong.asset, **values), wrong, why)
    accident.work_order_id = wrong.work_order_id
    return add(session, actor, accident, event, now)


def _damage(given: AccidentGiven) -> str:
    return (given.damage or given.what)[:2000]


def _values(accident: Accident) -> dict[str, object]:
    return asdict(
        AccidentGiven(
            accident.at, accident.what, accident.injured, accident.place, accident.other_party, accident.damage,
            accident.police_number,
        )
    )  # fmt: skip
