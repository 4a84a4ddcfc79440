"""What a list of assets is narrowed to: scope, filters and the folded search, as conditions on `Asset`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from assets.core.actor import Actor
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.people.models import Region, Unit
from assets.people.rules import Permission
from assets.registry.models import (
    GRADES,
    LIVES,
    TITLE_STATUSES,
    VISIBILITY_MARKS,
    Asset,
    EquipmentClass,
    Grant,
    HandoverBatch,
)
from assets.registry.queries.search import search_condition
from assets.registry.scope import assets_for


@dataclass(frozen=True)
class AssetFilters:
    """What a list is narrowed to; empty means not narrowed. `condition` 'unknown' means never graded.

    `custody` 'overdue' means not back at `now` although agreed: among those of which the asker may see who has them.
    """

    query: str = ""
    class_code: str = ""
    unit: str = ""
    region: str = ""
    life: str = ""
    condition: str = ""
    custody: str = ""  # 'held' by a person, 'free', or 'overdue', which needs `now`
    grant: str = ""
    batch: str = ""
    visibility_mark: str = ""
    title_status: str = ""
    now: datetime | None = None


def asset_conditions(
    session: Session, actor: Actor, filters: AssetFilters, extra: ColumnElement[bool] | None = None
) -> list[ColumnElement[bool]]:
    """The conditions on `Asset` of a list: what the actor may read, the filters, the search."""
    _check_words(filters)
    chosen: tuple[tuple[str, ColumnElement[bool]], ...] = (
        (filters.class_code, Asset.class_id == _id(EquipmentClass.id, EquipmentClass.code, filters.class_code)),
        (filters.unit, Asset.unit_id == _id(Unit.id, Unit.code, filters.unit)),
        (filters.region, Asset.unit_id.in_(select(Unit.id).join(Region).where(Region.code == filters.region))),
        (filters.life, Asset.life == filters.life),
        (filters.condition, _graded(filters.condition)),
        (filters.custody, _held(actor, filters)),
        (filters.grant, Asset.batch_id.in_(select(HandoverBatch.id).join(Grant).where(Grant.code == filters.grant))),
        (filters.batch, Asset.batch_id == _id(HandoverBatch.id, HandoverBatch.number, filters.batch)),
        (filters.visibility_mark, Asset.visibility_mark == filters.visibility_mark),
        (filters.title_status, Asset.title_status == filters.title_status),
    )
    conditions = [assets_for(actor, Permission.ASSET_READ)]
    conditions += [condition for value, condition in chosen if value]
    if extra is not None:
        conditions.append(extra)
    if filters.query.strip():
        conditions.append(search_condition(session, actor, filters.query))
    return conditions


def _id(column: InstrumentedAttribute[int], by: InstrumentedAttribute[str], code: str) -> ScalarSelect[int]:
    # Equal to one id, not among some: an index that begins with it then gives the rows in the order of the list.
    return select(column).where(by == code).scalar_subquery()


def _graded(condition: str) -> ColumnElement[bool]:
    return Asset.condition.is_(None) if condition == "unknown" else Asset.condition == condition


def _held(actor: Actor, filters: AssetFilters) -> ColumnElement[bool]:
    if filters.custody == "overdue":
        return (Asset.custody_until < filters.now) & assets_for(actor, Permission.CUSTODY_SEE)
    held = Asset.custodian_person_id.is_not(None)
    return held if filters.custody == "held" else ~held


def _check_words(filters: AssetFilters) -> None:
    allowed = {
        "life": LIVES,
        "condition": (*GRADES, "unknown"),
        "custody": ("held", "free", "overdue"),
        "visibility_mark": VISIBILITY_MARKS,
        "title_status": TITLE_STATUSES,
    }
    for field, known in allowed.items():
        value = getattr(filters, field)
        if value and value not in known:
            raise invalid(field, msg("This is one of: %(known)s.", known=", ".join(known)), code="unknown_word")
    for field, value in vars(filters).items():
        if not isinstance(value, str):
            continue
        if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise invalid(field, msg("This contains characters that cannot be searched for."))
