"""From a command's shape to the service function that does it; one entry per kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.i18n import Message, msg
from assets.custody import queries
from assets.custody.service import field, handover, labels, use
from assets.custody.service.text import required_text
from assets.custody.service.use import MeterShown, UseGiven
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.operations.queries import operation_for_use
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from assets.web.label_codes import read_code
from assets.web.views.commands import shapes
from assets.web.views.commands.shapes import Shape, end_of

RECORDED = ("recorded", msg("Recorded."))
IN_CONFLICT = ("in_conflict", msg("Recorded. Somebody else had it at that time; both are kept, see its page."))


@dataclass(frozen=True)
class Task:
    """One command to be done: who, on what, when; `own_bases` are the label addresses that count as ours."""

    session: Session
    actor: Actor
    code: str
    occurrence: Occurrence
    zone: ZoneInfo
    own_bases: tuple[str, ...]

    def asset(self, permission: Permission) -> Asset:
        """The asset of the command's code, held until the transaction ends."""
        return asset_by_code(
            self.session, self.actor, read_code(self.code, self.own_bases), permission, lock=True
        )  # fmt: skip


Answer = tuple[str, Message]


def do(task: Task, shape: Shape) -> Answer:
    """Do what the command asks for; answers its code and words. Refusals are raised."""
    return _DOERS[type(shape)](task, shape)


def _sighting(task: Task, data: shapes.Sighting) -> Answer:
    asset = task.asset(Permission.FIELD_REPORT)
    field.sight(
        task.session, task.actor, asset, task.occurrence, condition=data.condition, note=data.note, mission=data.mission
    )
    return RECORDED


def _issue(task: Task, data: shapes.Issue) -> Answer:
    asset = task.asset(Permission.CUSTODY_ACT)
    person = queries.person_to_hold(task.session, task.actor, data.to)
    event = handover.issue(
        task.session, task.actor, asset, person, task.occurrence, task.zone,
        until=end_of(data.until, task.zone), override_reason=data.override_reason,
    )  # fmt: skip
    return IN_CONFLICT if event.data.get("conflict") else RECORDED


def _return(task: Task, data: shapes.Return) -> Answer:
    asset = task.asset(Permission.CUSTODY_ACT)
    told = data.use
    given = None
    if told is not None:
        operation = operation_for_use(task.session, task.actor, told.operation, "use.operation")
        given = UseGiven(told.count, told.hours, operation, told.contribution)
    handover.return_asset(
        task.session, task.actor, asset, task.occurrence,
        condition=data.condition, meter=_shown(data.meter), use=given, note=data.note,
    )  # fmt: skip
    return RECORDED


def _condition(task: Task, data: shapes.Condition) -> Answer:
    asset = task.asset(Permission.FIELD_REPORT)
    field.record_condition(task.session, task.actor, asset, task.occurrence, grade=data.grade, note=data.note)
    return RECORDED


def _fault(task: Task, data: shapes.Fault) -> Answer:
    asset = task.asset(Permission.FIELD_REPORT)
    report_fault(
        task.session, task.actor, asset, Severity(data.severity), required_text("text", data.text), task.occurrence
    )  # fmt: skip
    return RECORDED


def _reading(task: Task, data: shapes.Reading) -> Answer:
    asset = task.asset(Permission.FIELD_REPORT)
    use.record_meter_reading(
        task.session, task.actor, asset, MeterShown(data.value, data.meter), task.occurrence
    )  # fmt: skip
    return RECORDED


def _use(task: Task, data: shapes.UseAlone) -> Answer:
    asset = task.asset(Permission.FIELD_REPORT)
    operation = operation_for_use(task.session, task.actor, data.operation)
    given = None if data.count is None and not operation else UseGiven(data.count, None, operation)
    use.record_use(
        task.session, task.actor, asset, task.occurrence,
        started_at=data.started_at, ended_at=data.ended_at, given=given,
    )  # fmt: skip
    return RECORDED


def _check(task: Task, data: shapes.Check) -> Answer:
    asset = task.asset(Permission.FIELD_REPORT)
    items = {name: value is True or value == "ok" for name, value in data.items.items()}
    field.check(
        task.session, task.actor, asset, task.occurrence,
        items=items, passed=data.passed, reading=_shown(data.reading),
    )  # fmt: skip
    return RECORDED


def _claim_label(task: Task, data: shapes.ClaimLabel) -> Answer:
    asset = asset_by_code(
        task.session, task.actor, read_code(data.asset, task.own_bases, "asset"), Permission.LABEL_PRINT, lock=True
    )
    blank = read_code(task.code, task.own_bases)
    labels.claim_label(task.session, task.actor, blank, asset, task.occurrence)
    return RECORDED


def _shown(reading: Decimal | shapes.Reading | None) -> MeterShown | None:
    if reading is None:
        return None
    return MeterShown(reading.value, reading.meter) if isinstance(reading, shapes.Reading) else MeterShown(reading)


_DOERS: dict[type[Shape], Callable[[Task, Any], Answer]] = {
    shapes.Sighting: _sighting,
    shapes.Issue: _issue,
    shapes.Return: _return,
    shapes.Condition: _condition,
    shapes.Fault: _fault,
    shapes.Reading: _reading,
    shapes.UseAlone: _use,
    shapes.Check: _check,
    shapes.ClaimLabel: _claim_label,
}
