"""Counts items in: each count is kept, the newest holds, and the asset follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import Conflict, DomainError, FieldError, NotFound, RuleViolation
from assets.core.i18n import msg
from assets.handover.models import HandoverCount, HandoverItem
from assets.handover.queries import count_with_uid, items_of, outcome_at
from assets.handover.rules import FOUND, Count, check_count, check_number, check_still_open, newest
from assets.people.rules import Permission, require
from assets.registry.models import Asset, AssetEvent, HandoverBatch
from assets.registry.rules.asset_fields import ASSET_FIELDS, parse_asset
from assets.registry.rules.values import ValueRefused
from assets.registry.service.assets import change_asset
from assets.registry.service.timeline import Occurrence, rebuild_condition, record


@dataclass(frozen=True)
class CountResult:
    """What became of one count: accepted, repeated (it was recorded before) or refused, with the reason.

    `outcome` is what holds of the item now ('' when it was refused), `asset` the item's, where the count was accepted.
    """

    id: str
    item_id: int
    status: str
    outcome: str = ""
    error: DomainError | None = None
    asset: Asset | None = None


def count_items(
    session: Session, actor: Actor, batch: HandoverBatch, counts: Sequence[Count], now: datetime
) -> list[CountResult]:
    """Record counts of this round, each for itself: one that is refused costs the others nothing.

    Answers in the order sent. Items outside the actor's reach look like items that are not there.
    """
    items = _begin(session, actor, batch, [count.item_id for count in counts])
    results = []
    for count in counts:
        try:
            with session.begin_nested():
                results.append(_count(session, actor, batch, items, count, now))
        except DomainError as error:
            results.append(CountResult(count.id, count.item_id, "refused", error=error))
    return results


def count_item(session: Session, actor: Actor, batch: HandoverBatch, count: Count, now: datetime) -> CountResult:
    """Record one count; what is wrong is raised: `NotFound`, `InvalidInput`, `Conflict` or `RuleViolation`."""
    return _count(session, actor, batch, _begin(session, actor, batch, [count.item_id]), count, now)


def _begin(session: Session, actor: Actor, batch: HandoverBatch, item_ids: Sequence[int]) -> dict[int, HandoverItem]:
    require(actor, Permission.BATCH_WRITE)
    # Shared: others count on, and nobody closes the round in between.
    session.refresh(batch, ["closed_at"], with_for_update={"read": True})
    return items_of(session, actor, batch, item_ids, Permission.BATCH_WRITE, lock=True)


def _count(
    session: Session, actor: Actor, batch: HandoverBatch, items: dict[int, HandoverItem], count: Count, now: datetime
) -> CountResult:
    item = items.get(count.item_id)
    if item is None:
        raise NotFound(msg("There is no such item in this round, or it is not yours to count."))
    check_count(count)
    known = count_with_uid(session, count.id)
    if known is not None:
        told = (known.item_id, known.outcome, known.serial_found, known.note, known.grade)
        if told != (item.id, count.outcome, count.serial.strip(), count.note.strip(), count.grade):
            raise _id_reused()
        return CountResult(count.id, item.id, "repeated", item.outcome)
    if session.get(AssetEvent, count.id) is not None:
        raise _id_reused()
    check_number(count, item.serial_on_paper)
    at_closing = outcome_at(item, batch.closed_at) if batch.closed_at is not None else ""
    check_still_open(batch.closed_at, at_closing)
    before = newest(item.counts)
    row = HandoverCount(
        uid=count.id, item=item, outcome=count.outcome, serial_found=count.serial.strip(), note=count.note.strip(),
        grade=count.grade, at=min(count.at or now, now), recorded_at=now, account_id=actor.account_id,
        actor_name=actor.name,
    )  # fmt: skip
    session.add(row)
    session.flush()
    holds = newest([row, *([before] if before is not None else [])]) is row
    if holds:
        _follow(session, actor, item, before, row, now)
    _tell(session, actor, batch, row, before if holds else None, count, holds=holds)
    session.flush()
    return CountResult(count.id, item.id, "accepted", item.outcome, asset=item.asset)


def _id_reused() -> Conflict:
    return Conflict(msg("This id was used before for something else."), code="id_reused")


def _follow(
    session: Session, actor: Actor, item: HandoverItem, before: HandoverCount | None, row: HandoverCount, now: datetime
) -> None:
    """Bring item and asset to what this count says, which is the newest."""
    asset, here = item.asset, row.outcome in FOUND
    if not here and asset.life not in {"expected", "received"}:
        raise RuleViolation(
            msg("It is in use already: it cannot be counted as missing. Report it lost instead."), code="in_use"
        )
    if not here and asset.custodian_person_id is not None:
        raise RuleViolation(msg("It is issued to a person: return it first."), code="still_issued")
    asset.annulled_at = now if row.outcome == "not_delivered" else None
    if here and asset.life == "expected":
        _change(session, actor, item, {"life": "received"}, now)
        asset.received_on = local_date(row.at, zone_of(session))
    elif not here and asset.life == "received":
        _take_back(session, actor, item, now)
    _take_number(session, actor, item, before, row, now)
    item.outcome, item.counted_at = row.outcome, row.at
    session.flush()


def _take_back(session: Session, actor: Actor, item: HandoverItem, now: datetime) -> None:
    # No move of a life leads back to 'expected': it was never received, the count that said so was wrong.
    asset = item.asset
    asset.life, asset.received_on = "expected", None
    asset.version += 1
    session.flush()
    record(session, actor, asset, "life", Occurrence(now, now), {"from": "received", "to": "expected"})


def _take_number(
    session: Session, actor: Actor, item: HandoverItem, before: HandoverCount | None, row: HandoverCount, now: datetime
) -> None:
    """The number that was found, or the paper's, in place of the one that an earlier count gave it."""
    wanted = row.serial_found or item.serial_on_paper
    present = (before.serial_found if before is not None else "") or item.serial_on_paper
    if wanted == present:
        return
    field = "vin" if item.asset.equipment_class.is_vehicle else "serial_number"
    try:
        ASSET_FIELDS[field].read(wanted)
    except ValueRefused as error:
        found = error.for_field("serial")
        raise RuleViolation(found.message, code=found.code, fields=[found]) from error
    try:
        _change(session, actor, item, {field: wanted}, now)
    except Conflict as error:
        words = msg("%(why)s If that one is of this round, count it instead.", why=error.message)
        raise Conflict(words, code=error.code, fields=[FieldError("serial", words, error.code)]) from error


def _change(session: Session, actor: Actor, item: HandoverItem, values: dict[str, object], now: datetime) -> None:
    change_asset(session, actor, item.asset, parse_asset(values, partial=True), now)


def _tell(
    session: Session,
    actor: Actor,
    batch: HandoverBatch,
    row: HandoverCount,
    before: HandoverCount | None,
    count: Count,
    *,
    holds: bool,
) -> None:
    """The count as an event of the asset; one that took the place of another sighting corrects it.

    The number that was found stands in no event: who may see it sees it at the item.
    """
    asset = row.item.asset
    data = {"outcome": row.outcome, "batch": batch.number, "item": row.item_id}
    if row.note:
        data["note"] = row.note
    corrected = before.uid if before is not None and before.outcome in FOUND else None
    occurrence = Occurrence(row.at, row.recorded_at, row.uid, noted=count.noted)
    # A count that comes late, after a newer one, is history: it neither judges the item nor sees it.
    record(
        session, actor, asset, "counted", occurrence, data, grade=row.grade if holds else None,
        seen=holds and row.outcome in FOUND, corrects_id=corrected,
    )  # fmt: skip
    if corrected is not None:
        rebuild_condition(session, asset)
