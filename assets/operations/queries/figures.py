"""Figures of operations for the donor summary and the evaluation: of closed ones that are not annulled, and no others.

They are not within anybody's scope: a door that shows them asks for its own right first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from assets.core.clock import day_span
from assets.core.db import zone_of
from assets.custody.queries import custody_chain
from assets.custody.rules import Holding
from assets.operations.models import EquipmentContribution, Operation, Seizure, SeizureItem, operation_unit
from assets.operations.rules import JOINT
from assets.operations.rules.figures import OperationFact, Results, SeizureFact, tally
from assets.people.models import Region
from assets.registry.models import Asset, EquipmentClass

COUNTS = and_(Operation.closed_at.is_not(None), Operation.annulled_at.is_(None))


@dataclass(frozen=True)
class Deployment:
    """KPI U3: joint operations in which an asset of the classes was issued, of the joint operations held."""

    issued: int
    of: int

    @property
    def rate(self) -> float | None:
        """Between 0 and 1; None when no joint operation was held."""
        return self.issued / self.of if self.of else None


@dataclass(frozen=True)
class _Found:
    """Facts with the region that each belongs to."""

    operations: list[tuple[str, OperationFact]]
    seizures: list[tuple[str, SeizureFact]]


def results(session: Session, first: date, until: date, class_ids: Collection[int] | None = None) -> Results:
    """What closed operations came to in the local days from `first` to before `until`.

    Operations, their arrests, searches and contributions belong to the period of their first day, a seizure to that of
    its own day. `class_ids` restricts the contributions to these classes (the donor's), nothing else.
    """
    found = _found(session, first, until, class_ids)
    return tally((fact for _, fact in found.operations), (fact for _, fact in found.seizures))


def results_by_region(
    session: Session, first: date, until: date, class_ids: Collection[int] | None = None
) -> dict[str, Results]:
    """As `results`, by the code of the region; regions without an operation or seizure are left out."""
    found = _found(session, first, until, class_ids)
    codes = sorted({code for code, _ in found.operations} | {code for code, _ in found.seizures})
    return {
        region: tally(
            [fact for code, fact in found.operations if code == region],
            [fact for code, fact in found.seizures if code == region],
        )
        for region in codes
    }


def deployment(
    session: Session, class_ids: Collection[int], first: date, until: date, *, where: ColumnElement[bool] | None = None
) -> Deployment:
    """`deployment_rate` (domain.md, U3) of these classes over the joint operations that began in the period.

    An asset was issued in one when a unit that took part had it out with a person at some time of its local days.
    `where` may narrow the assets (to one donor's). Assets registered by mistake are left out.
    """
    held = _joint_operations(session, first, until)
    if not held:
        return Deployment(0, 0)
    wanted = select(Asset.id).where(Asset.class_id.in_(class_ids), Asset.annulled_at.is_(None))
    asset_ids = session.scalars(wanted if where is None else wanted.where(where)).all()
    out: dict[int, list[Holding]] = defaultdict(list)
    for chain in custody_chain(session, asset_ids).values():
        for holding in chain:
            if holding.person_id is not None and holding.unit_id is not None:
                out[holding.unit_id].append(holding)
    zone = zone_of(session)
    issued = 0
    for operation in held:
        span = day_span(operation.first, operation.last + timedelta(days=1), zone)
        issued += any(_overlaps(holding, span) for unit_id in operation.unit_ids for holding in out[unit_id])
    return Deployment(issued, len(held))


def _overlaps(holding: Holding, span: tuple[datetime, datetime]) -> bool:
    return holding.since < span[1] and (holding.ended is None or holding.ended > span[0])


@dataclass(frozen=True)
class _Held:
    first: date
    last: date
    unit_ids: list[int]


def _joint_operations(session: Session, first: date, until: date) -> list[_Held]:
    rows = session.execute(
        select(Operation.id, Operation.starts_on, Operation.ends_on, operation_unit.c.unit_id)
        .join(operation_unit, operation_unit.c.operation_id == Operation.id)
        .where(COUNTS, Operation.kind == JOINT, *_begun(first, until))
        .order_by(Operation.id, operation_unit.c.unit_id)
    )
    held: dict[int, _Held] = {}
    for operation_id, starts_on, ends_on, unit_id in rows:
        known = held.setdefault(operation_id, _Held(starts_on, ends_on or starts_on, []))
        known.unit_ids.append(unit_id)
    return list(held.values())


def _begun(first: date, until: date) -> tuple[ColumnElement[bool], ...]:
    return Operation.starts_on >= first, Operation.starts_on < until


def _found(session: Session, first: date, until: date, class_ids: Collection[int] | None) -> _Found:
    begun = (COUNTS, *_begun(first, until))
    said = _contributions(session, begun, class_ids)
    standing = select(SeizureItem.id).where(SeizureItem.seizure_id == Seizure.id, ~SeizureItem.struck_out).exists()
    has_seizure = select(Seizure.id).where(Seizure.operation_id == Operation.id, ~Seizure.struck_out, standing).exists()
    rows = session.execute(
        select(Operation, Region.code, has_seizure)
        .join(Region, Region.id == Operation.region_id)
        .where(*begun)
        .order_by(Operation.id)
    )
    operations = [
        (
            region,
            OperationFact(
                kind=held.kind, delivery=held.delivery, arrests=held.arrests, searches=held.searches, finds=held.finds,
                has_seizure=seized, contributions=said.get(held.id, {}),
            ),
        )
        for held, region, seized in rows
    ]  # fmt: skip
    return _Found(operations, _seizures(session, first, until))


def _contributions(
    session: Session, begun: Iterable[ColumnElement[bool]], class_ids: Collection[int] | None
) -> dict[int, dict[str, str]]:
    statement = (
        select(EquipmentContribution.operation_id, EquipmentClass.code, EquipmentContribution.contribution)
        .join(Operation, Operation.id == EquipmentContribution.operation_id)
        .join(EquipmentClass, EquipmentClass.id == EquipmentContribution.class_id)
        .where(*begun)
    )
    if class_ids is not None:
        statement = statement.where(EquipmentContribution.class_id.in_(class_ids))
    said: dict[int, dict[str, str]] = defaultdict(dict)
    for operation_id, class_code, contribution in session.execute(statement):
        said[operation_id][class_code] = contribution
    return said


def _seizures(session: Session, first: date, until: date) -> list[tuple[str, SeizureFact]]:
    rows = session.execute(
        select(Seizure.id, Region.code, SeizureItem.substance, SeizureItem.kg)
        .join(Operation, Operation.id == Seizure.operation_id)
        .join(Region, Region.id == Operation.region_id)
        .join(SeizureItem, and_(SeizureItem.seizure_id == Seizure.id, ~SeizureItem.struck_out))
        .where(COUNTS, ~Seizure.struck_out, Seizure.seized_on >= first, Seizure.seized_on < until)
        .order_by(Seizure.id, SeizureItem.id)
    )
    regions: dict[int, str] = {}
    items: dict[int, list[tuple[str, Decimal | None]]] = defaultdict(list)
    for seizure_id, region, substance, kg in rows:
        regions[seizure_id] = region
        items[seizure_id].append((substance, kg))
    return [(region, SeizureFact(tuple(items[id_]))) for id_, region in regions.items()]
