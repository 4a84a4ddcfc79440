"""Reads of checks before use: which failed ones still stand, the last one, and what was not checked today."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from assets.core.clock import day_start, local_date
from assets.fitness.models import BeforeUseCheck
from assets.fitness.rules import CheckFact
from assets.maintenance.models import WorkOrder
from assets.maintenance.rules.orders import Kind, State
from assets.registry.models import Asset, AssetEvent, EquipmentClass
from assets.registry.rules.classes import CLASSES

Row = TypeVar("Row")
Moment = tuple[datetime, int]


@dataclass(frozen=True)
class LastCheck:
    """The latest check that was not corrected: when, by whom, and the codes of what was not in order.

    `keeps_from_use`: it was not passed, and no closed repair has ended that.
    """

    class_code: str
    at: datetime
    actor: str
    passed: bool
    failed: tuple[str, ...]
    keeps_from_use: bool


def standing_failures() -> ColumnElement[bool]:
    """A condition on `BeforeUseCheck`: it was not passed, and neither a later check nor a closed repair ended that."""
    return and_(BeforeUseCheck.passed.is_(False), _is_latest(None), ~_is_repaired(None))


def _is_latest(upto: Moment | None) -> ColumnElement[bool]:
    """It was not corrected, and no other check of the asset that was not follows it; `upto`: as it was then."""
    later = _other(BeforeUseCheck)
    follows = or_(
        later.at > BeforeUseCheck.at,
        and_(
            later.at == BeforeUseCheck.at,
            or_(
                later.n > BeforeUseCheck.n,
                and_(later.n == BeforeUseCheck.n, later.event_id > BeforeUseCheck.event_id),
            ),
        ),
    )
    superseded = select(later.event_id).where(
        later.asset_id == BeforeUseCheck.asset_id, follows, _counts(later.event_id), *_until(later.at, later.n, upto)
    )
    return and_(
        _counts(BeforeUseCheck.event_id),
        *_until(BeforeUseCheck.at, BeforeUseCheck.n, upto),
        ~superseded.correlate(BeforeUseCheck).exists(),
    )


def _is_repaired(upto: Moment | None) -> ColumnElement[bool]:
    repairs = select(WorkOrder.id).where(
        WorkOrder.asset_id == BeforeUseCheck.asset_id, WorkOrder.kind == Kind.CORRECTIVE.value,
        WorkOrder.state == State.DONE.value, WorkOrder.done_at >= BeforeUseCheck.at,
        *([] if upto is None else [WorkOrder.done_at <= upto[0]]),
    )  # fmt: skip
    return repairs.correlate(BeforeUseCheck).exists()


@cache
def _other(model: type[Row]) -> type[Row]:
    # Making an alias takes as long as the query that it stands in.
    return aliased(model)


def _counts(event_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    corrector = _other(AssetEvent)
    return ~select(corrector.id).where(corrector.corrects_id == event_id).correlate_except(corrector).exists()


def _until(
    at: InstrumentedAttribute[datetime], n: InstrumentedAttribute[int], upto: Moment | None
) -> list[ColumnElement[bool]]:
    return [] if upto is None else [or_(at < upto[0], and_(at == upto[0], n <= upto[1]))]


def last_checks(
    session: Session, chosen: Sequence[ColumnElement[bool]], upto: Moment | None = None
) -> dict[int, LastCheck]:
    """The last check of each asset of the conditions `chosen` that was ever checked. One query.

    `upto` (a moment and the phone's counter): as it was then, by what happened until then.
    """
    rows = session.execute(
        select(
            BeforeUseCheck.asset_id, EquipmentClass.code, BeforeUseCheck.at, AssetEvent.actor_name,
            BeforeUseCheck.passed, BeforeUseCheck.failed,
            and_(BeforeUseCheck.passed.is_(False), ~_is_repaired(upto)).label("keeps_from_use"),
        )
        .join(Asset, Asset.id == BeforeUseCheck.asset_id)
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .join(AssetEvent, AssetEvent.id == BeforeUseCheck.event_id)
        .where(_is_latest(upto), *chosen)
    )  # fmt: skip
    return {
        asset_id: LastCheck(class_code, at, actor, passed, tuple(failed), bool(keeps))
        for asset_id, class_code, at, actor, passed, failed, keeps in rows
    }


def failed_check(last: LastCheck | None) -> CheckFact | None:
    """What `judge` is told of an asset's last check: only one that keeps it from use."""
    return CheckFact(last.class_code, last.failed) if last is not None and last.keeps_from_use else None


def failed_check_condition() -> ColumnElement[bool]:
    """A condition on `Asset`: its last check before use was not passed, and nothing has ended that."""
    return Asset.id.in_(select(BeforeUseCheck.asset_id).where(standing_failures()))


def not_checked_today(session: Session, assets: Collection[Asset], now: datetime, zone: ZoneInfo) -> set[int]:
    """The ids of those of these assets that are verified at each shift and were not on this local day. One query."""
    subject = {asset.id for asset in assets if is_checked_each_shift(asset.equipment_class.code)}
    if not subject:
        return set()
    today = day_start(local_date(now, zone), zone)
    done = session.scalars(
        select(BeforeUseCheck.asset_id).where(
            BeforeUseCheck.asset_id.in_(subject), BeforeUseCheck.at >= today, BeforeUseCheck.at <= now,
            BeforeUseCheck.passed, _counts(BeforeUseCheck.event_id),
        )
    )  # fmt: skip
    return subject - set(done)


def is_checked_each_shift(class_code: str) -> bool:
    """Whether items of the class are verified at the start of each shift."""
    defaults: Any = CLASSES.get(class_code)
    return defaults is not None and defaults.checked_each_shift
