"""From a command's shape to the service function that does it; one entry per kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.i18n import Message, msg
from assets.custody import queries
from assets.custody.rules import is_fresh
from assets.custody.rules.decisions import joined
from assets.custody.service import confirmation, field, handover, labels, signatures, transfers, use
from assets.custody.service.text import required_text
from assets.custody.service.use import MeterShown, UseGiven
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.operations.queries import operation_for_use
from assets.people.models import Person
from assets.people.queries import unit_by_code
from assets.people.rules import Permission
from assets.people.service.pins import Verdict
from assets.registry.models import Asset, AssetEvent
from assets.registry.queries.stock import lot_by_code
from assets.registry.scope import asset_by_code, require_unit
from assets.registry.service.issuing import issue_stock, recipient_named
from assets.registry.service.timeline import Occurrence
from assets.shifts.service import note_issue, start_shift
from assets.web import kit_commands
from assets.web.label_codes import read_code
from assets.web.views.commands import shapes
from assets.web.views.commands.pins import NOT_CONFIRMED, ShownPin
from assets.web.views.commands.shapes import Shape, end_of

RECORDED = ("recorded", msg("Recorded."))
FOREIGN_BLANK = ("recorded", msg("Recorded. The label had been made for another unit; the timeline says so."))
IN_CONFLICT = ("in_conflict", msg("Recorded. Somebody else had it at that time; both are kept, see its page."))
WAITS = (
    "waits_for_sending", msg("Recorded. Its sending has not been heard of yet; once it is, the two are joined."),
)  # fmt: skip
UNCLEAR = (
    "in_conflict", msg("Recorded. It contradicts another entry; both are kept, see the list of transfers."),
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One command to be done: who, on what, when; `own_bases` are the label addresses that count as ours.

    `clock_off` is how far the device's clock was behind ours: other times in the command are by that clock, too.
    """

    session: Session
    actor: Actor
    code: str
    occurrence: Occurrence
    zone: ZoneInfo
    own_bases: tuple[str, ...]
    clock_off: timedelta = timedelta(0)
    pin: ShownPin | None = None

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
        until=_end(task, data.until), override_reason=data.override_reason,
        shift_id=str(data.shift) if data.shift else "",
    )  # fmt: skip
    if data.shift is not None:
        note_issue(task.session, task.actor, event, str(data.shift))
    _signed(task, event, data)
    answer = IN_CONFLICT if event.data.get("conflict") else RECORDED
    return answer if task.pin is None else _confirmed(task, task.pin, event, person, answer)


def _end(task: Task, until: str) -> datetime | None:
    """Until when: a day is a day, a moment is by the device's clock as all its times are."""
    end = end_of(until, task.zone)
    return end if end is None or len(until) == 10 else end + task.clock_off


def _shift_start(task: Task, data: shapes.ShiftStart) -> Answer:
    asset = task.asset(Permission.CUSTODY_ACT)
    vehicle = None
    if data.vehicle:
        code = read_code(data.vehicle, task.own_bases, "vehicle")
        vehicle = asset_by_code(task.session, task.actor, code, Permission.CUSTODY_ACT, lock=True)
    start_shift(
        task.session, task.actor, asset, task.occurrence, task.zone, shift_id=str(data.id), crew=data.crew,
        ends_at=_end(task, data.ends_at), vehicle=vehicle, note=data.note,
    )  # fmt: skip
    return RECORDED


def _confirmed(task: Task, pin: ShownPin, event: AssetEvent, person: Person, answer: Answer) -> Answer:
    """The answer to an issue with a PIN: it happened all the same where the PIN does not confirm it."""
    if pin.unseen is not None:
        code, words = pin.unseen
    else:
        verdict = confirmation.confirm_by_pin(task.session, task.actor, event, person, matched=pin.matched)
        if verdict is Verdict.RIGHT:
            return answer
        code, words = "not_confirmed", NOT_CONFIRMED[verdict]
    return (code, words) if answer is RECORDED else (answer[0], joined([answer[1], words]))


def _signed(task: Task, event: AssetEvent, data: shapes.Signed) -> None:
    signature_id = str(data.signature) if data.signature is not None else None
    signatures.sign_event(task.session, task.actor, event, signature_id, on_paper=data.signed_on_paper)


def _confirm(task: Task, data: shapes.Confirm) -> Answer:
    confirmation.confirm(
        task.session, task.actor, str(data.event), task.occurrence, has_it=data.has_it, note=data.note,
        code=read_code(task.code, task.own_bases),
    )  # fmt: skip
    return RECORDED


def _return(task: Task, data: shapes.Return) -> Answer:
    asset = task.asset(Permission.CUSTODY_ACT)
    told = data.use
    given = None
    if told is not None:
        operation = operation_for_use(task.session, task.actor, told.operation, "use.operation")
        given = UseGiven(told.count, told.hours, operation, told.contribution)
    event = handover.return_asset(
        task.session, task.actor, asset, task.occurrence,
        condition=data.condition, meter=_shown(data.meter), use=given, note=data.note,
        shift_id=str(data.shift) if data.shift else "",
    )  # fmt: skip
    _signed(task, event, data)
    return RECORDED


def _transfer_send(task: Task, data: shapes.TransferSend) -> Answer:
    asset = transfers.asset_to_move(task.session, task.actor, read_code(task.code, task.own_bases))
    entered = transfers.send(
        task.session, task.actor, asset, unit_by_code(task.session, data.to_unit, "to_unit"), task.occurrence,
        until=end_of(data.until, task.zone), note=data.note, sheet_id=str(data.sheet) if data.sheet else "",
    )  # fmt: skip
    _signed(task, entered.event, data)
    return UNCLEAR if entered.is_unclear else RECORDED


def _transfer_receive(task: Task, data: shapes.TransferReceive) -> Answer:
    asset = transfers.asset_to_move(task.session, task.actor, read_code(task.code, task.own_bases))
    entered = transfers.receive(
        task.session, task.actor, asset, task.occurrence, condition=data.condition,
        differences=[transfers.Difference(each.kind, each.note) for each in data.differences], note=data.note,
        unit=unit_by_code(task.session, data.to_unit, "to_unit") if data.to_unit else None,
    )  # fmt: skip
    _signed(task, entered.event, data)
    if entered.is_unclear:
        return UNCLEAR
    return WAITS if entered.waits else RECORDED


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
        started_at=data.started_at + task.clock_off,
        ended_at=data.ended_at + task.clock_off if data.ended_at is not None else None, given=given,
    )  # fmt: skip
    return RECORDED


def _check(task: Task, data: shapes.Check) -> Answer:
    asset = task.asset(Permission.FIELD_REPORT)
    items = {name: value is True or value == "ok" for name, value in data.items.items()}
    field.check(
        task.session, task.actor, asset, task.occurrence,
        items=items, passed=data.passed, reading=_shown(data.reading), note=data.note,
        fault=field.FaultTold(Severity(data.fault.severity), data.fault.text) if data.fault is not None else None,
    )  # fmt: skip
    return RECORDED


def _claim_label(task: Task, data: shapes.ClaimLabel) -> Answer:
    asset = asset_by_code(
        task.session, task.actor, read_code(data.asset, task.own_bases, "asset"), Permission.LABEL_PRINT, lock=True
    )
    blank = read_code(task.code, task.own_bases)
    event = labels.claim_label(task.session, task.actor, blank, asset, task.occurrence)
    return FOREIGN_BLANK if "blank_of" in event.data else RECORDED


def _stock_issue(task: Task, data: shapes.StockIssue) -> Answer:
    occurrence = task.occurrence
    canonical, today = read_code(task.code, task.own_bases), local_date(occurrence.received_at, task.zone)
    lot = lot_by_code(task.session, task.actor, canonical, today).lot
    require_unit(task.actor, Permission.STOCK_WRITE, lot.unit)
    to = recipient_named(task.session, task.actor, data.to)
    issued = issue_stock(
        task.session, task.actor, lot, data.quantity, to, occurrence, reason=data.reason,
        is_late=not is_fresh(occurrence.occurred_at, occurrence.received_at),
    )  # fmt: skip
    return ("recorded", issued.notice) if issued.notice is not None else RECORDED


def _kit_check(task: Task, data: shapes.KitCheck) -> Answer:
    said = kit_commands.check(
        task.session, task.actor, task.code, [(each.code, each.present) for each in data.parts],
        {each.lot: each.quantity for each in data.counted}, data.note, task.own_bases, task.occurrence,
    )  # fmt: skip
    return RECORDED if said is None else ("kit_noted", said)


def _kit_move(task: Task, data: shapes.KitMove) -> Answer:
    move = kit_commands.put if isinstance(data, shapes.KitPut) else kit_commands.take
    said = move(task.session, task.actor, task.code, data.kit, data.note, task.own_bases, task.occurrence)
    return RECORDED if said is None else ("kit_noted", said)


def _shown(reading: Decimal | shapes.Reading | None) -> MeterShown | None:
    if reading is None:
        return None
    return MeterShown(reading.value, reading.meter) if isinstance(reading, shapes.Reading) else MeterShown(reading)


_DOERS: dict[type[Shape], Callable[[Task, Any], Answer]] = {
    shapes.Sighting: _sighting,
    shapes.Issue: _issue,
    shapes.ShiftStart: _shift_start,
    shapes.Return: _return,
    shapes.Confirm: _confirm,
    shapes.TransferSend: _transfer_send,
    shapes.TransferReceive: _transfer_receive,
    shapes.Condition: _condition,
    shapes.Fault: _fault,
    shapes.Reading: _reading,
    shapes.UseAlone: _use,
    shapes.Check: _check,
    shapes.ClaimLabel: _claim_label,
    shapes.StockIssue: _stock_issue,
    shapes.KitCheck: _kit_check,
    shapes.KitPut: _kit_move,
    shapes.KitTake: _kit_move,
}
