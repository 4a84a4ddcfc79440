"""The tables of the full export that tell of the work: rounds, care, calibration, operations, cases, stock."""

from __future__ import annotations

from sqlalchemy import select

from assets.calibration.models import CalibrationPlan, CalibrationPoint, CalibrationRecord
from assets.core.actor import Actor
from assets.disposal.models import DisposalCase, LossCase
from assets.disposal.queries.cases import CASE_READ
from assets.exchange.whole.sheets import Agency, Sheet, Statement, columns, of_asset
from assets.handover.models import HandoverCount, HandoverItem, HandoverLine
from assets.maintenance.models import Downtime, MaintenancePlan, WorkOrder
from assets.operations.models import EquipmentContribution, Operation, Seizure, SeizureItem
from assets.operations.queries import known_to
from assets.people.models import Person, Region, Unit
from assets.people.rules import Permission, reach
from assets.registry.models import (
    Asset,
    EquipmentClass,
    EquipmentModel,
    HandoverBatch,
    StockIssue,
    StockLot,
    StockMovement,
    StockPack,
    StockPackEntry,
)
from assets.registry.scope import assets_for, units_within


def _round_lines(actor: Actor) -> Statement:
    return (
        select(
            HandoverBatch.number.label("batch"), HandoverLine.number.label("line"), EquipmentClass.code.label("class"),
            EquipmentModel.maker.label("maker"), EquipmentModel.name.label("model"), Unit.code.label("unit"),
            Agency.code.label("agency"), *columns(HandoverLine, "quantity unit_value"),
        )
        .join(HandoverBatch, HandoverBatch.id == HandoverLine.batch_id)
        .join(EquipmentClass, EquipmentClass.id == HandoverLine.class_id)
        .join(EquipmentModel, EquipmentModel.id == HandoverLine.model_id, isouter=True)
        .join(Unit, Unit.id == HandoverLine.unit_id)
        .join(Agency, Agency.id == HandoverLine.agency_id, isouter=True)
        .where(units_within(reach(actor, Permission.ASSET_IDENTITY), HandoverLine.unit_id))
        .order_by(HandoverLine.id)
    )  # fmt: skip


def _round_items(actor: Actor) -> Statement:
    return (
        select(
            HandoverBatch.number.label("batch"), HandoverLine.number.label("line"), HandoverItem.number.label("item"),
            Asset.code.label("asset"), *columns(HandoverItem, "serial_on_paper outcome counted_at"),
        )
        .join(HandoverLine, HandoverLine.id == HandoverItem.line_id)
        .join(HandoverBatch, HandoverBatch.id == HandoverLine.batch_id)
        .join(Asset, Asset.id == HandoverItem.asset_id)
        .where(units_within(reach(actor, Permission.ASSET_IDENTITY), HandoverLine.unit_id))
        .order_by(HandoverItem.id)
    )  # fmt: skip


def _round_counts(actor: Actor) -> Statement:
    return (
        select(
            HandoverBatch.number.label("batch"), HandoverLine.number.label("line"), HandoverItem.number.label("item"),
            *columns(HandoverCount, "outcome serial_found note at actor_name"),
        )
        .join(HandoverItem, HandoverItem.id == HandoverCount.item_id)
        .join(HandoverLine, HandoverLine.id == HandoverItem.line_id)
        .join(HandoverBatch, HandoverBatch.id == HandoverLine.batch_id)
        .where(units_within(reach(actor, Permission.ASSET_IDENTITY), HandoverLine.unit_id))
        .order_by(HandoverCount.id)
    )  # fmt: skip


def _points(actor: Actor) -> Statement:
    own = "position name nominal tolerance_low tolerance_high unit as_found as_left ok note"
    return (
        select(
            Asset.code.label("asset"), CalibrationPoint.record_id.label("calibration"), *columns(CalibrationPoint, own)
        )
        .join(CalibrationRecord, CalibrationRecord.id == CalibrationPoint.record_id)
        .join(Asset, Asset.id == CalibrationRecord.asset_id)
        .where(assets_for(actor, Permission.CALIBRATION_READ))
        .order_by(CalibrationPoint.record_id, CalibrationPoint.position)
    )


def _operations(actor: Actor) -> Statement:
    own = (
        "kind delivery starts_on ends_on arrests searches finds note recorded_at closed_at annulled_at annulled_reason"
    )
    return (
        select(
            Operation.code.label("operation"), Unit.code.label("unit"), Region.code.label("region"),
            *columns(Operation, own),
        )
        .join(Unit, Unit.id == Operation.unit_id)
        .join(Region, Region.id == Operation.region_id)
        .where(known_to(actor))
        .order_by(Operation.id)
    )  # fmt: skip


def _seizures(actor: Actor) -> Statement:
    return (
        select(
            Operation.code.label("operation"), Seizure.id.label("seizure"),
            *columns(Seizure, "seized_on concealment"), Seizure.struck_out.label("seizure_struck_out"),
            *columns(SeizureItem, "substance quantity unit kg conversion_version struck_out"),
        )
        .join(Operation, Operation.id == Seizure.operation_id)
        .join(SeizureItem, SeizureItem.seizure_id == Seizure.id)
        .where(known_to(actor))
        .order_by(SeizureItem.id)
    )  # fmt: skip


def _contributions(actor: Actor) -> Statement:
    return (
        select(
            Operation.code.label("operation"), EquipmentClass.code.label("class"),
            *columns(EquipmentContribution, "contribution note"),
        )
        .join(Operation, Operation.id == EquipmentContribution.operation_id)
        .join(EquipmentClass, EquipmentClass.id == EquipmentContribution.class_id)
        .where(known_to(actor))
        .order_by(EquipmentContribution.id)
    )  # fmt: skip


def _lots(actor: Actor) -> Statement:
    own = (
        "item lot_number counted_in expires_on received_on opened_on recalled_on recall_reason registered_at "
        "annulled_at recalled_at suspect_since tests_per_pack use_within_days counted_at"
    )
    return (
        select(
            StockLot.id.label("lot"), Unit.code.label("unit"), EquipmentClass.code.label("class"),
            HandoverBatch.number.label("batch"), *columns(StockLot, own),
        )
        .join(Unit, Unit.id == StockLot.unit_id)
        .join(EquipmentClass, EquipmentClass.id == StockLot.class_id)
        .join(HandoverBatch, HandoverBatch.id == StockLot.batch_id, isouter=True)
        .where(units_within(reach(actor, Permission.STOCK_READ), StockLot.unit_id))
        .order_by(StockLot.id)
    )  # fmt: skip


def _movements(actor: Actor) -> Statement:
    return (
        select(
            StockMovement.id.label("movement"), StockMovement.lot_id.label("lot"),
            *columns(StockMovement, "kind quantity at recorded_at actor_name reason"),
        )
        .join(StockLot, StockLot.id == StockMovement.lot_id)
        .where(units_within(reach(actor, Permission.STOCK_READ), StockLot.unit_id))
        .order_by(StockMovement.id)
    )  # fmt: skip


def _lot_issues(actor: Actor) -> Statement:
    return (
        select(
            StockIssue.movement_id.label("movement"), StockIssue.issue_id.label("of_movement"),
            Person.number.label("person"), Unit.code.label("unit"), StockIssue.pack_id.label("pack"),
            *columns(StockIssue, "event_id part out_of_order"),
        )
        .join(StockMovement, StockMovement.id == StockIssue.movement_id)
        .join(StockLot, StockLot.id == StockMovement.lot_id)
        .join(Unit, Unit.id == StockIssue.unit_id)
        .join(Person, Person.id == StockIssue.person_id, isouter=True)
        .where(
            units_within(reach(actor, Permission.STOCK_READ), StockLot.unit_id),
            units_within(reach(actor, Permission.CUSTODY_SEE), StockLot.unit_id),
        )
        .order_by(StockIssue.movement_id)
    )  # fmt: skip


def _lot_packs(actor: Actor) -> Statement:
    return (
        select(
            StockPack.id.label("pack"), StockPack.lot_id.label("lot"),
            *columns(StockPack, "opened_at recorded_at actor_name tests use_by control control_note"),
        )
        .join(StockLot, StockLot.id == StockPack.lot_id)
        .where(units_within(reach(actor, Permission.STOCK_READ), StockLot.unit_id))
        .order_by(StockPack.id)
    )  # fmt: skip


def _lot_pack_entries(actor: Actor) -> Statement:
    # Without the operation's code: who reads stock may not know of every operation.
    return (
        select(
            StockPackEntry.pack_id.label("pack"),
            *columns(StockPackEntry, "kind at recorded_at count actor_name reason"),
        )
        .join(StockPack, StockPack.id == StockPackEntry.pack_id)
        .join(StockLot, StockLot.id == StockPack.lot_id)
        .where(units_within(reach(actor, Permission.STOCK_READ), StockLot.unit_id))
        .order_by(StockPackEntry.id)
    )  # fmt: skip


_PLAN = "code name interval_days meter_kind meter_interval source reason active last_done_on last_done_meter created_at"
_ORDER = (
    "kind title description severity fault_cause state opened_at scheduled_on due_on due_at_meter started_at done_at "
    "closed_at fell_due_on on_time done_meter done_text cost currency payer reason"
)
_CALIBRATION_PLAN = (
    "code kind name interval_days meter_kind meter_interval decision_rule source reason active created_at"
)
_CALIBRATION = (
    "kind performed_at recorded_at standard standard_valid_until environment adjusted decision_rule as_found_result "
    "as_left_result result valid_until meter_value note taken_over annulled_at"
)
_LOSS = (
    "state lost_on circumstances reported_at inquiry_by inquiry_opened_on inquiry_result decision decided_on "
    "decision_note recovered_amount currency paper_number"
)
_DISPOSAL = (
    "state trigger assessment proposed_at decision_number decided_on decision_note method carried_out_on recipient "
    "proceeds currency paper_number reversed_at reversal_reason"
)
WORK: tuple[Sheet, ...] = (
    Sheet("round_lines", Permission.ASSET_IDENTITY, _round_lines),
    Sheet("round_items", Permission.ASSET_IDENTITY, _round_items),
    Sheet("round_counts", Permission.ASSET_IDENTITY, _round_counts),
    of_asset("maintenance_plans", Permission.WORK_READ, MaintenancePlan, _PLAN),
    of_asset("work_orders", Permission.WORK_READ, WorkOrder, _ORDER, WorkOrder.id.label("work_order")),
    of_asset("downtimes", Permission.WORK_READ, Downtime, "started_at ended_at cause", Downtime.work_order_id),
    of_asset("calibration_plans", Permission.CALIBRATION_READ, CalibrationPlan, _CALIBRATION_PLAN),
    of_asset(
        "calibrations", Permission.CALIBRATION_READ, CalibrationRecord, _CALIBRATION,
        CalibrationRecord.id.label("calibration"), CalibrationRecord.corrects_id.label("corrects"),
    ),
    Sheet("calibration_points", Permission.CALIBRATION_READ, _points),
    Sheet("operations", Permission.OPERATION_READ, _operations),
    Sheet("seizures", Permission.OPERATION_READ, _seizures),
    Sheet("contributions", Permission.OPERATION_READ, _contributions),
    of_asset("losses", CASE_READ, LossCase, _LOSS, LossCase.id.label("loss")),
    of_asset("disposals", CASE_READ, DisposalCase, _DISPOSAL, DisposalCase.id.label("disposal")),
    Sheet("lots", Permission.STOCK_READ, _lots),
    Sheet("lot_movements", Permission.STOCK_READ, _movements),
    Sheet("lot_issues", Permission.CUSTODY_SEE, _lot_issues),
    Sheet("lot_packs", Permission.STOCK_READ, _lot_packs),
    Sheet("lot_pack_entries", Permission.STOCK_READ, _lot_pack_entries),
)  # fmt: skip
