"""Uses and readings: what was done with an asset, credited to whoever had it and to its usage meter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.custody import queries, rules
from assets.custody.models import UseSession
from assets.custody.queries.transfers import using_unit
from assets.custody.rules import CONTRIBUTIONS, CurrentCustody
from assets.custody.service.text import plain_text
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent, Meter, MeterIncrement
from assets.registry.rules.meters import METER_KINDS, check_kind
from assets.registry.scope import require_asset
from assets.registry.service.meters import Increment, add_increment, record_reading, refresh
from assets.registry.service.timeline import Occurrence, record

SOURCE = "use"


@dataclass(frozen=True)
class MeterShown:
    """What a meter showed: its kind ('' for the asset's usual one) and value in that meter's unit."""

    value: Decimal
    kind: str = ""


@dataclass(frozen=True)
class UseGiven:
    """How much something was used, as told: times or hours, for which operation, to what effect."""

    count: int | None = None
    hours: Decimal | None = None
    operation: str = ""
    contribution: str = "none"

    def described(self) -> dict[str, object]:
        """The parts that were told, for the event's data."""
        told = {
            "count": self.count,
            "hours": None if self.hours is None else str(self.hours),
            "operation": self.operation or None,
            "contribution": self.contribution,
        }
        return {key: value for key, value in told.items() if value is not None}


def usual_meter(asset: Asset) -> str:
    """The meter that a reading without a name is of: the odometer of a vehicle, else the class's usage meter."""
    kind = "odometer_km" if asset.equipment_class.is_vehicle else asset.equipment_class.usage_meter
    if kind not in METER_KINDS:
        raise invalid("meter", msg("This kind of equipment has no meter."), code="no_meter")
    return kind


def record_meter_reading(
    session: Session, actor: Actor, asset: Asset, shown: MeterShown, occurrence: Occurrence
) -> AssetEvent:
    """A reading of one of the asset's meters; it must fit between the readings before and after it."""
    require_asset(actor, Permission.FIELD_REPORT, asset)
    kind = check_kind(shown.kind) if shown.kind else usual_meter(asset)
    event = record(session, actor, asset, "reading", occurrence, {"meter": kind, "value": str(shown.value)})
    read_meter(session, asset, MeterShown(shown.value, kind), event, source="manual")
    return event


def read_meter(session: Session, asset: Asset, shown: MeterShown, event: AssetEvent, *, source: str) -> None:
    """Enter the reading that came with an event. The caller has checked the right to do so."""
    record_reading(
        session, asset, shown.kind or usual_meter(asset), shown.value, event.occurred_at, event.received_at,
        source=source, event_id=event.id,
    )  # fmt: skip


def record_use(
    session: Session,
    actor: Actor,
    asset: Asset,
    occurrence: Occurrence,
    *,
    started_at: datetime,
    ended_at: datetime | None = None,
    given: UseGiven | None = None,
) -> AssetEvent:
    """A use on its own, told by whoever had it: when it began and perhaps ended, and how much it was.

    Without a count or hours it is one use, and as many hours as lie between its beginning and end.
    """
    require_asset(actor, Permission.FIELD_REPORT, asset)
    given = given or UseGiven()
    if given.count is None and given.hours is None:
        lasted = None if ended_at is None else _hours(ended_at - started_at)
        given = UseGiven(1, lasted, given.operation, given.contribution)
    rules.check_use(given.count, given.hours, started_at, ended_at, occurrence.received_at)
    holder = rules.fold_before(queries.entries(session, [asset.id])[asset.id], started_at, occurrence.n)
    data = {"started_at": started_at.isoformat(), **given.described()}
    if ended_at is not None:
        data["ended_at"] = ended_at.isoformat()
    event = record(session, actor, asset, "use", occurrence, data)
    credit_use(session, asset, event, given, holder, started_at=started_at, ended_at=ended_at)
    return event


def _hours(lasted: timedelta) -> Decimal | None:
    seconds = Decimal(int(lasted.total_seconds()))
    return (seconds / 3600).quantize(Decimal("0.001")) or None


def credit_use(
    session: Session,
    asset: Asset,
    event: AssetEvent,
    given: UseGiven,
    holder: CurrentCustody,
    *,
    started_at: datetime | None,
    ended_at: datetime | None,
) -> UseSession:
    """Write the use session of an event, and add it to the class's usage meter.

    It is credited to the person and the unit that had the asset, else to the unit that had it then: the borrower of
    what is lent.
    """
    if given.contribution not in CONTRIBUTIONS:
        raise invalid("contribution", msg("The contribution is one of: none, supported, decisive."))
    rules.check_use(given.count, given.hours, started_at, ended_at, event.received_at)
    at = ended_at or started_at or event.occurred_at
    use = UseSession(
        event_id=event.id, asset_id=asset.id, person_id=holder.person_id,
        unit_id=(None if holder.is_free else holder.unit_id) or using_unit(session, asset, at), at=at,
        started_at=started_at, ended_at=ended_at, count=given.count, hours=given.hours,
        contribution=given.contribution, operation=plain_text("operation", given.operation, 64),
    )  # fmt: skip
    session.add(use)
    credited = rules.credit(asset.equipment_class.usage_meter, given.count, given.hours)
    if credited is not None:
        add_increment(session, asset, credited[0], SOURCE, Increment(at, credited[1], event.id))
    return use


def take_back_use(session: Session, event_id: str) -> None:
    """Take what a corrected use had added off its meter; the use session stays and no longer counts."""
    meters = session.scalars(
        select(Meter)
        .join(MeterIncrement, MeterIncrement.meter_id == Meter.id)
        .where(MeterIncrement.source == SOURCE, MeterIncrement.source_key == event_id)
    ).all()
    session.execute(
        delete(MeterIncrement).where(MeterIncrement.source == SOURCE, MeterIncrement.source_key == event_id)
    )
    for meter in meters:
        refresh(session, meter)
