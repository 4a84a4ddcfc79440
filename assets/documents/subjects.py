"""What documents belong to: the one table of subjects, how each is found within scope, and who reads and writes there.

A document has no rights of its own: who sees its subject sees it, who may write there may add to it. `SUBJECTS` gives
for each kind the ids that an actor reaches; lists and single documents are both judged by it and cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, literal_column, not_, or_, select, union_all
from sqlalchemy.orm import Session

from assets.calibration.models import CalibrationPlan, CalibrationRecord
from assets.core.actor import Actor
from assets.core.errors import NotAllowed, NotFound
from assets.core.i18n import msg
from assets.disposal.models import DisposalCase, LossCase
from assets.disposal.queries.cases import CASE_READ
from assets.documents.models import Document
from assets.documents.rules import SubjectName
from assets.handover.models import HandoverItem, HandoverLine
from assets.maintenance.models import WorkOrder
from assets.operations.models import Operation
from assets.operations.queries import known_to
from assets.people.rules import Permission, may, reach
from assets.registry.models import Asset, EquipmentModel, Grant, HandoverBatch
from assets.registry.scope import assets_for, units_within
from assets.vehicles.models import Accident, FuelFill, VehiclePaper

Ids = Select[int]
Called = Select[int, str, str]
NOT_THERE = msg("There is no such paper, or it is not yours to see.")


@dataclass(frozen=True)
class Subject:
    """What documents belong to, as `actor` was found to see it: `code` and `title` name it for people."""

    name: SubjectName
    id: int
    code: str
    title: str
    may_write: bool

    @property
    def is_of_an_asset(self) -> bool:
        """Whether `code` is the code of the asset that it belongs to."""
        return self.name in OF_AN_ASSET

    @property
    def key(self) -> str:
        """`kind:id`, as an address names it."""
        return f"{self.name}:{self.id}"


@dataclass(frozen=True)
class SubjectKind:
    """One kind: who reads and who writes its documents, which of them an actor reaches, and what they are called.

    `reached(actor, permission)` selects ids; what may be written must be readable as well. `called` selects (id, code,
    title). Where several rights write, any of them does.
    """

    read: Permission
    write: tuple[Permission, ...]
    reached: Callable[[Actor, Permission], Ids]
    called: Callable[[], Called]


def _everywhere(column: Any) -> Callable[[Actor, Permission], Ids]:
    """Subjects that are the same for everyone who holds the right anywhere: grants and models."""

    def reached(actor: Actor, permission: Permission) -> Ids:
        return select(column).where(literal(may(actor, permission)))

    return reached


def _batches(actor: Actor, permission: Permission) -> Ids:
    """Batches of which the actor reaches every unit: an act names the numbers of all items and is signed for all.

    A unit counts that a line of the deed is for, or that an item has which came without a line. A batch without items
    yet is for those who may write batches.
    """
    within = reach(actor, permission)
    if within.everything:
        return select(HandoverBatch.id)
    of_deed = select(HandoverLine.id).where(HandoverLine.batch_id == HandoverBatch.id)
    in_batch = select(Asset.id).where(Asset.batch_id == HandoverBatch.id, Asset.annulled_at.is_(None))
    without_line = in_batch.where(~select(HandoverItem.id).where(HandoverItem.asset_id == Asset.id).exists())
    none_of_others = and_(
        ~of_deed.where(not_(units_within(within, HandoverLine.unit_id))).exists(),
        ~without_line.where(not_(units_within(within, Asset.unit_id))).exists(),
    )
    any_of_them = or_(of_deed.exists(), in_batch.where(assets_for(actor, permission)).exists())
    if may(actor, Permission.BATCH_WRITE):
        any_of_them = or_(any_of_them, ~in_batch.exists())
    return select(HandoverBatch.id).where(none_of_others, any_of_them)


def _assets(actor: Actor, permission: Permission) -> Ids:
    return select(Asset.id).where(assets_for(actor, permission))


def _of_asset(model: Any) -> Callable[[Actor, Permission], Ids]:
    """Subjects that belong to an asset and have its scope."""

    def reached(actor: Actor, permission: Permission) -> Ids:
        return select(model.id).join(Asset, Asset.id == model.asset_id).where(assets_for(actor, permission))

    return reached


def _operations(actor: Actor, permission: Permission) -> Ids:
    """Operations that the actor may know of; those he may write for by the unit that leads."""
    found = select(Operation.id).where(known_to(actor))
    if permission is Permission.OPERATION_READ:
        return found
    return found.where(units_within(reach(actor, permission), Operation.unit_id))


def _named(subject_id: Any, code: Any, title: Any) -> Called:
    return select(subject_id.label("id"), code.label("code"), title.label("title"))


def _with_code(model: Any, code: Any, title: Any) -> Callable[[], Called]:
    def called() -> Called:
        return _named(model.id, code, title)

    return called


def _by_asset(model: Any, title: Any) -> Callable[[], Called]:
    """Called by the asset's code."""

    def called() -> Called:
        return _named(model.id, Asset.code, title).join(Asset, Asset.id == model.asset_id)

    return called


def _assets_called() -> Called:
    name = func.coalesce(func.trim(EquipmentModel.maker + " " + EquipmentModel.name), "")
    return _named(Asset.id, Asset.code, name).join(EquipmentModel, EquipmentModel.id == Asset.model_id, isouter=True)


def _calibrations_called() -> Called:
    return _by_asset(CalibrationRecord, CalibrationPlan.name)().join(
        CalibrationPlan, CalibrationPlan.id == CalibrationRecord.plan_id
    )


_NO_TITLE: ColumnElement[str] = literal_column("''")
_CASE_WRITE = (Permission.DISPOSAL_PROPOSE, Permission.DISPOSAL_DECIDE)
SUBJECTS: Mapping[SubjectName, SubjectKind] = {
    SubjectName.GRANT: SubjectKind(
        Permission.ASSET_READ, (Permission.GRANT_WRITE,), _everywhere(Grant.id),
        _with_code(Grant, Grant.code, Grant.title),
    ),
    # Acts and deeds of items show serial numbers and plates: they are for those who may see these.
    SubjectName.BATCH: SubjectKind(
        Permission.ASSET_IDENTITY, (Permission.BATCH_WRITE,), _batches,
        _with_code(HandoverBatch, HandoverBatch.number, HandoverBatch.place),
    ),
    SubjectName.MODEL: SubjectKind(
        Permission.ASSET_READ, (Permission.BATCH_WRITE,), _everywhere(EquipmentModel.id),
        _with_code(EquipmentModel, EquipmentModel.name, EquipmentModel.maker),
    ),
    SubjectName.ASSET: SubjectKind(
        Permission.ASSET_IDENTITY, (Permission.ASSET_WRITE,), _assets, _assets_called
    ),
    SubjectName.CALIBRATION: SubjectKind(
        Permission.CALIBRATION_READ, (Permission.CALIBRATION_WRITE,), _of_asset(CalibrationRecord), _calibrations_called
    ),
    SubjectName.WORK_ORDER: SubjectKind(
        Permission.WORK_READ, (Permission.WORK_WRITE,), _of_asset(WorkOrder), _by_asset(WorkOrder, WorkOrder.title)
    ),
    SubjectName.OPERATION: SubjectKind(
        Permission.OPERATION_READ, (Permission.OPERATION_WRITE,), _operations,
        _with_code(Operation, Operation.code, _NO_TITLE),
    ),
    SubjectName.LOSS: SubjectKind(CASE_READ, _CASE_WRITE, _of_asset(LossCase), _by_asset(LossCase, _NO_TITLE)),
    SubjectName.DISPOSAL: SubjectKind(
        CASE_READ, _CASE_WRITE, _of_asset(DisposalCase), _by_asset(DisposalCase, _NO_TITLE)
    ),
    # Receipts, policies and pictures of an accident show plates.
    SubjectName.FUEL: SubjectKind(
        Permission.ASSET_IDENTITY, (Permission.VEHICLE_REPORT,), _of_asset(FuelFill), _by_asset(FuelFill, _NO_TITLE)
    ),
    SubjectName.VEHICLE_PAPER: SubjectKind(
        Permission.ASSET_IDENTITY, (Permission.ASSET_WRITE,), _of_asset(VehiclePaper),
        _by_asset(VehiclePaper, VehiclePaper.number),
    ),
    SubjectName.ACCIDENT: SubjectKind(
        Permission.ASSET_IDENTITY, (Permission.VEHICLE_REPORT,), _of_asset(Accident), _by_asset(Accident, _NO_TITLE)
    ),
}  # fmt: skip
OF_AN_ASSET = frozenset(
    {
        SubjectName.ASSET, SubjectName.CALIBRATION, SubjectName.WORK_ORDER, SubjectName.LOSS, SubjectName.DISPOSAL,
        SubjectName.FUEL, SubjectName.VEHICLE_PAPER, SubjectName.ACCIDENT,
    }
)  # fmt: skip
READS: tuple[Permission, ...] = tuple(dict.fromkeys(kind.read for kind in SUBJECTS.values()))
WRITES: tuple[Permission, ...] = tuple(dict.fromkeys(right for kind in SUBJECTS.values() for right in kind.write))


def readable(actor: Actor) -> ColumnElement[bool]:
    """A condition on `Document`: those whose subject `actor` may read."""
    conditions = [
        and_(Document.subject_kind == name, Document.subject_id.in_(kind.reached(actor, kind.read)))
        for name, kind in SUBJECTS.items()
        if may(actor, kind.read)
    ]
    return or_(false(), *conditions)


def subject_of(session: Session, actor: Actor, name: SubjectName, subject_id: int) -> Subject:
    """The subject with this id; `NotFound` when there is none or `actor` may not read it: both look the same.

    One query.
    """
    kind = SUBJECTS[name]
    called = kind.called().subquery()
    writes = or_(*(called.c.id.in_(kind.reached(actor, right)) for right in kind.write))
    found = session.execute(
        select(called.c.code, called.c.title, writes).where(
            called.c.id == subject_id, called.c.id.in_(kind.reached(actor, kind.read))
        )
    ).first()
    if found is None:
        raise NotFound(NOT_THERE)
    return Subject(name, subject_id, found[0], found[1], bool(found[2]))


def writable_subject(session: Session, actor: Actor, name: SubjectName, subject_id: int) -> Subject:
    """As `subject_of`; `NotAllowed` when `actor` may look and no more."""
    found = subject_of(session, actor, name, subject_id)
    if not found.may_write:
        raise NotAllowed
    return found


def subjects_called(session: Session, wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], tuple[str, str]]:
    """Code and title of these subjects, which were found to be readable already. One query."""
    parts: list[Select[Any]] = []
    for name, kind in SUBJECTS.items():
        ids = sorted({subject_id for other, subject_id in wanted if other == name})
        if ids:
            called = kind.called().subquery()
            parts.append(
                select(literal(name.value), called.c.id, called.c.code, called.c.title).where(called.c.id.in_(ids))
            )
    if not parts:
        return {}
    return {(row[0], row[1]): (row[2], row[3]) for row in session.execute(union_all(*parts))}
