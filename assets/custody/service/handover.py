"""Issue to a person and return; who has the asset follows from the entries alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.i18n import Message
from assets.custody import queries, rules
from assets.custody.models import CustodyEntry
from assets.custody.rules import CurrentCustody, IssueFacts
from assets.custody.service.along import in_reach, not_entered, parts_along, with_kit
from assets.custody.service.conflicts import follow_conflicts
from assets.custody.service.field import check_grade
from assets.custody.service.text import plain_text
from assets.custody.service.transit import refuse_where_it_is_not, was_elsewhere
from assets.custody.service.use import MeterShown, UseGiven, credit_use, read_meter
from assets.fitness.queries import fitness_of, judged_assets
from assets.fitness.rules import Reason
from assets.kits.rules.completeness import PART_UNFIT, unfit_words
from assets.people.models import Person
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import reaches_asset, require_asset, require_unit
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
    shift_id: str = "",
) -> AssetEvent:
    """Give the asset to a person, perhaps until a day; `rules.decide_issue` says when not and why.

    The actor must hold the right for the asset's unit and the person's. What is not fit goes out only with a stated
    reason, which is kept in the event. One of a while ago that contradicts a sending or a loan says so ('conflict').
    The parts of a kit go with it, each judged like the kit: with a part that is not fit it goes out only with a reason.
    Of a part that another unit has by now nothing is entered, and the kit's event names it.
    """
    require_asset(actor, Permission.CUSTODY_ACT, asset)
    require_unit(actor, Permission.CUSTODY_ACT, person.unit)
    lock(session, asset)
    rules.check_until(until, occurrence.occurred_at)
    fresh = rules.is_fresh(occurrence.occurred_at, occurrence.received_at)
    if fresh:
        refuse_where_it_is_not(session, actor, asset)
    elsewhere = not fresh and was_elsewhere(session, actor, asset, occurrence)
    override_reason = plain_text("override_reason", override_reason, MAX_REASON)
    along, others = in_reach(actor, parts_along(session, asset, occurrence))
    unfit = _unfit(session, [asset, *along], occurrence)
    decision = rules.decide_issue(
        IssueFacts(
            life=asset.life,
            holder=custody_at(session, asset, occurrence),
            person_id=person.id,
            person_left_on=person.left_on,
            on=local_date(occurrence.occurred_at, zone),
            is_fresh=fresh,
            reasons=_reasons(asset, along, unfit),
            override_reason=override_reason,
            may_override=all(
                reaches_asset(actor, Permission.CUSTODY_OVERRIDE, each)
                for each in (asset, *(part for part in along if part.id in unfit))
            ),
        )
    )
    data: dict[str, object] = {"person_id": person.id, **not_entered(others)}
    if shift_id:
        data["shift"] = shift_id
    if until is not None:
        data["until"] = until.isoformat()
    if decision.overridden:
        data.update(override_reason=override_reason, overridden=list(decision.overridden))
    if decision.conflict or elsewhere:
        data["conflict"] = True
    event = record(session, actor, asset, "issue", occurrence, data, seen=True)
    session.add(
        CustodyEntry(
            event_id=event.id, asset_id=asset.id, kind=rules.ISSUE, at=event.occurred_at, n=event.n,
            person_id=person.id, unit_id=person.unit_id, until=until,
            override_reason=override_reason if decision.overridden else "",
        )
    )  # fmt: skip
    follow_entries(session, asset, event)
    told: dict[str, object] = {key: data[key] for key in ("person_id", "until", "conflict") if key in data}
    for part in along:
        why = {}
        if part.id in unfit:
            why = {"override_reason": override_reason, "overridden": [reason.code for reason in unfit[part.id]]}
        entry = CustodyEntry(
            kind=rules.ISSUE, person_id=person.id, unit_id=person.unit_id, until=until,
            override_reason=override_reason if why else "",
        )  # fmt: skip
        _goes_along(session, actor, asset, part, occurrence, entry, {**told, **why})
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
    shift_id: str = "",
) -> AssetEvent:
    """Take the asset back into the store of its unit, with its condition, and perhaps its meter and its use.

    The use is credited to whoever had it, from the issue to the return. The parts of a kit come back with it, but for
    those that another unit has by now: the event names them.
    """
    require_asset(actor, Permission.CUSTODY_ACT, asset)
    lock(session, asset)
    holder = custody_at(session, asset, occurrence)
    rules.decide_return(holder, is_fresh=rules.is_fresh(occurrence.occurred_at, occurrence.received_at))
    along, others = in_reach(actor, parts_along(session, asset, occurrence))
    data: dict[str, object] = {"person_id": holder.person_id, **not_entered(others)}
    if shift_id:
        data["shift"] = shift_id
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
            person_id=holder.person_id, unit_id=asset.holding_unit_id or asset.unit_id,
        )
    )  # fmt: skip
    follow_entries(session, asset, event)
    for part in along:
        entry = CustodyEntry(
            kind=rules.RETURN, person_id=holder.person_id, unit_id=part.holding_unit_id or part.unit_id
        )  # fmt: skip
        _goes_along(session, actor, asset, part, occurrence, entry, {"person_id": holder.person_id})
    if use is not None:
        credit_use(session, asset, event, use, holder, started_at=holder.since, ended_at=event.occurred_at)
    if meter is not None:
        read_meter(session, asset, meter, event, source="return")
    return event


def _goes_along(
    session: Session,
    actor: Actor,
    kit: Asset,
    part: Asset,
    occurrence: Occurrence,
    entry: CustodyEntry,
    told: Mapping[str, object],
) -> None:
    """Enter of a part what was done with its kit. Nobody looked at it by itself: it is no sighting."""
    kind = "issue" if entry.kind == rules.ISSUE else "return"
    event = record(session, actor, part, kind, with_kit(occurrence, part), {**told, "kit": kit.code})
    entry.event_id, entry.asset_id, entry.at, entry.n = event.id, part.id, event.occurred_at, event.n
    session.add(entry)
    follow_entries(session, part, event)


def lock(session: Session, asset: Asset) -> None:
    """Hold the asset against a second handover until the transaction ends: the later one sees what the first did."""
    read = [
        "life", "unit_id", "version", "holding_unit_id", "lent_until", "transit_unit_id", "transit_since",
        "transfer_unclear",
    ]  # fmt: skip
    session.refresh(asset, read, with_for_update={"of": Asset})


def custody_at(session: Session, asset: Asset, occurrence: Occurrence) -> CurrentCustody:
    """Who had the asset when something happened to it."""
    known = queries.entries(session, [asset.id])[asset.id]
    return rules.fold_before(known, occurrence.occurred_at, occurrence.n)


def follow_entries(session: Session, asset: Asset, cause: AssetEvent) -> CurrentCustody:
    """Bring the asset's caches of custody and its conflict cases in line with its entries, the last by `cause`.

    A late entry may change nothing of today.
    """
    session.flush()
    known = queries.entries(session, [asset.id])[asset.id]
    current = rules.fold(known)
    follow_conflicts(session, asset, known, cause)
    asset.custodian_person_id = current.person_id
    asset.custody_since = current.since
    asset.custody_until = current.until
    return current


def why_not_fit(session: Session, asset: Asset, now: datetime) -> list[tuple[str, Message | str]]:
    """Why the asset, or something in it, may not be used now: (code, words); empty when all is fit."""
    judged = judged_assets(session, [asset], now)
    fitness = judged.fitness[asset.id]
    own = [] if fitness.fit else fitness.reasons
    inside = judged.kits[asset.id].unfit_inside() if asset.id in judged.kits else []
    return _together(own, [unfit_words(part.name, part.code, part.why) for part in inside])


def _unfit(session: Session, assets: Sequence[Asset], occurrence: Occurrence) -> dict[int, tuple[Reason, ...]]:
    """The reasons of those that are not fit, by asset id.

    Checks before use count as they stood at the moment of the occurrence, however late they were heard.
    """
    upto = (occurrence.occurred_at, occurrence.n)
    judged = fitness_of(session, assets, occurrence.received_at, checks_upto=upto)
    return {asset.id: judged[asset.id].reasons for asset in assets if not judged[asset.id].fit}


def _reasons(
    asset: Asset, along: Sequence[Asset], unfit: Mapping[int, tuple[Reason, ...]]
) -> list[tuple[str, Message | str]]:
    """Why an asset, with what goes along, is not to be handed out: its own reasons, and one for each unfit part."""
    inside = [
        unfit_words(
            part.model.full_name if part.model is not None else CLASSES[part.equipment_class.code].title,
            part.code, unfit[part.id][0].message,
        )
        for part in along
        if part.id in unfit
    ]  # fmt: skip
    return _together(unfit.get(asset.id, ()), inside)


def _together(own: Sequence[Reason], inside: Sequence[Message]) -> list[tuple[str, Message | str]]:
    # What a kit's list says of a part in the same words is said once.
    told = [reason.message for reason in own]
    return [
        *((reason.code, reason.message) for reason in own),
        *((PART_UNFIT, words) for words in inside if words not in told),
    ]
