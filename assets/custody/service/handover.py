"""Issue to a person and return; who has the asset follows from the entries alone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.i18n import Message
from assets.custody import queries, rules
from assets.custody.models import CustodyEntry
from assets.custody.rules import CurrentCustody, IssueFacts
from assets.custody.service.field import check_grade
from assets.custody.service.text import plain_text
from assets.custody.service.use import MeterShown, UseGiven, credit_use, read_meter
from assets.fitness.queries import fitness_of
from assets.people.models import Person
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import reaches_unit, require_asset, require_unit
from assets.registry.service.timeline import Occurrence, record

MAX_REASON = 500


def issue(
    session: Session,
    actor: Actor,
    asset: Asset,
    person: Person,
    occurrence: Occurrence,
    zone: ZoneInfo,
    *,
    until: datetime | None = None,
    override_reason: str = "",
) -> AssetEvent:
    """Give the asset to a person, perhaps until a day; `rules.decide_issue` says when not and why.

    The actor must hold the right for the asset's unit and the person's. What is not fit goes out only with a stated
    reason, which is kept in the event.
    """
    require_asset(actor, Permission.CUSTODY_ACT, asset)
    require_unit(actor, Permission.CUSTODY_ACT, person.unit)
    lock(session, asset)
    rules.check_until(until, occurrence.occurred_at)
    override_reason = plain_text("override_reason", override_reason, MAX_REASON)
    decision = rules.decide_issue(
        IssueFacts(
            life=asset.life,
            holder=custody_at(session, asset, occurrence),
            person_id=person.id,
            person_left_on=person.left_on,
            on=local_date(occurrence.occurred_at, zone),
            is_fresh=rules.is_fresh(occurrence.occurred_at, occurrence.received_at),
            reasons=why_not_fit(session, asset, occurrence.received_at),
            override_reason=override_reason,
            may_override=reaches_unit(actor, Permission.CUSTODY_OVERRIDE, asset.unit),
        )
    )
    data: dict[str, object] = {"person_id": person.id}
    if until is not None:
        data["until"] = until.isoformat()
    if decision.overridden:
        data.update(override_reason=override_reason, overridden=list(decision.overridden))
    if decision.conflict:
        data["conflict"] = True
    event = record(session, actor, asset, "issue", occurrence, data, seen=True)
    session.add(
        CustodyEntry(
            event_id=event.id, asset_id=asset.id, kind=rules.ISSUE, at=event.occurred_at, n=event.n,
            person_id=person.id, unit_id=person.unit_id, until=until,
            override_reason=override_reason if decision.overridden else "",
        )
    )  # fmt: skip
    follow_entries(session, asset)
    return event


def return_asset(
    session: Session,
    actor: Actor,
    asset: Asset,
    occurrence: Occurrence,
    *,
    condition: str,
    meter: MeterShown | None = None,
    use: UseGiven | None = None,
    note: str = "",
) -> AssetEvent:
    """Take the asset back into the store of its unit, with its condition, and perhaps its meter and its use.

    The use is credited to whoever had it, from the issue to the return.
    """
    require_asset(actor, Permission.CUSTODY_ACT, asset)
    lock(session, asset)
    holder = custody_at(session, asset, occurrence)
    rules.decide_return(holder, is_fresh=rules.is_fresh(occurrence.occurred_at, occurrence.received_at))
    data: dict[str, object] = {"person_id": holder.person_id}
    if note := plain_text("note", note):
        data["note"] = note
    if meter is not None:
        data["meter"] = {"meter": meter.kind, "value": str(meter.value)}
    if use is not None:
        data["use"] = use.described()
    event = record(session, actor, asset, "return", occurrence, data, grade=check_grade(condition), seen=True)
    session.add(
        CustodyEntry(
            event_id=event.id, asset_id=asset.id, kind=rules.RETURN, at=event.occurred_at, n=event.n,
            person_id=holder.person_id, unit_id=asset.unit_id,
        )
    )  # fmt: skip
    follow_entries(session, asset)
    if use is not None:
        credit_use(session, asset, event, use, holder, started_at=holder.since, ended_at=event.occurred_at)
    if meter is not None:
        read_meter(session, asset, meter, event, source="return")
    return event


def lock(session: Session, asset: Asset) -> None:
    """Hold the asset against a second handover until the transaction ends: the later one sees what the first did."""
    session.refresh(asset, ["life", "unit_id", "version"], with_for_update={"of": Asset})


def custody_at(session: Session, asset: Asset, occurrence: Occurrence) -> CurrentCustody:
    """Who had the asset when something happened to it."""
    known = queries.entries(session, [asset.id])[asset.id]
    return rules.fold_before(known, occurrence.occurred_at, occurrence.n)


def follow_entries(session: Session, asset: Asset) -> CurrentCustody:
    """Bring the asset's caches of custody in line with its entries; a late entry may change nothing of today."""
    session.flush()
    current = queries.current_custody(session, asset.id)
    asset.custodian_person_id = current.person_id
    asset.custody_since = current.since
    asset.custody_until = current.until
    session.flush()
    return current


def why_not_fit(session: Session, asset: Asset, now: datetime) -> list[tuple[str, Message | str]]:
    """Why the asset may not be used now: (code, words); empty when it is fit."""
    fitness = fitness_of(session, [asset], now)[asset.id]
    return [] if fitness.fit else [(reason.code, reason.message) for reason in fitness.reasons]
