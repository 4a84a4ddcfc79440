"""Where assets are by the transfers entered of them: the caches and the list follow the steps, and refusals say it."""

from __future__ import annotations

from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import RuleViolation
from assets.core.i18n import msg
from assets.custody.models import Transfer, TransferStep
from assets.custody.queries.transfers import journey_of
from assets.custody.rules.transfers import RECEIVED, Passage, Whereabouts, whereabouts_before
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import reaches_unit
from assets.registry.service.timeline import Occurrence, record


def refuse_where_it_is_not(session: Session, actor: Actor, asset: Asset) -> None:
    """`RuleViolation` in_transit or lent, when an asset that is on its way or lent out is to be handed to a person."""
    if asset.transit_unit_id is not None:
        raise RuleViolation(
            msg("It is on its way to %(unit)s: it is received first, or its sending is cancelled.",
                unit=session.get_one(Unit, asset.transit_unit_id).name),
            code="in_transit",
        )  # fmt: skip
    if asset.holding_unit_id is not None:
        borrower = session.get_one(Unit, asset.holding_unit_id)
        if not reaches_unit(actor, Permission.CUSTODY_ACT, borrower):
            raise RuleViolation(
                msg("It is lent to %(unit)s, which alone can hand it out.", unit=borrower.name), code="lent"
            )


def was_elsewhere(session: Session, actor: Actor, asset: Asset, occurrence: Occurrence) -> bool:
    """Whether the asset was on its way then, or with a unit on loan that the actor does not act for."""
    journey = journey_of(session, asset)
    where = whereabouts_before(journey.steps, journey.first_unit, occurrence.occurred_at, occurrence.n)
    if where.open is not None:
        return True
    lent_to = where.lent_to
    return lent_to is not None and not reaches_unit(actor, Permission.CUSTODY_ACT, session.get_one(Unit, lent_to))


def follow_steps(session: Session, asset: Asset) -> Whereabouts:
    """Bring the asset's unit, its loan and its way, and the list of its transfers, in line with its steps.

    A late step may change nothing of today. An asset that changed its unit is another version: a form that was opened
    before must not move it back. A receipt that waited and was joined now is a sighting, and its condition counts.
    """
    session.flush()
    where = journey_of(session, asset).where()
    if asset.unit_id != where.owner:
        asset.unit = session.get_one(Unit, where.owner)
        asset.version += 1
    asset.holding_unit_id = where.lent_to
    asset.lent_until = where.until if where.lent_to is not None else None
    asset.transit_unit_id = where.open.to_unit if where.open is not None else None
    asset.transit_since = where.open.sent_at if where.open is not None else None
    asset.transfer_unclear = where.needs_an_answer
    _rewrite_list(session, asset, where)
    _record_found(session, asset, where)
    session.flush()
    return where


def _record_found(session: Session, asset: Asset, where: Whereabouts) -> None:
    # In the name of who received it, at that time: what he told stood in his receipt, and waited.
    receipts = [passage.receipt for passage in where.passages if passage.state == RECEIVED and passage.receipt]
    if not receipts:
        return
    for receipt in session.scalars(
        select(AssetEvent).where(AssetEvent.id.in_(receipts), AssetEvent.grade.is_(None))
    ).all():  # fmt: skip
        grade = receipt.data.get("condition")
        event_id = str(uuid5(UUID(receipt.id), "condition"))
        if grade is None or session.get(AssetEvent, event_id) is not None:
            continue
        receiver = Actor("account", receipt.actor_name, receipt.account_id)
        told = Occurrence(receipt.occurred_at, receipt.received_at, event_id, receipt.n)
        record(session, receiver, asset, "condition", told, {"receipt": receipt.id}, grade=grade, seen=True)


def _rewrite_list(session: Session, asset: Asset, where: Whereabouts) -> None:
    # As it is now: what was read before the asset was held may have been written meanwhile.
    present = select(Transfer).where(Transfer.asset_id == asset.id).execution_options(populate_existing=True)
    known = {row.id: row for row in session.scalars(present)}
    sheets = {
        row.event_id: row.sheet_id
        for row in session.execute(
            select(TransferStep.event_id, TransferStep.sheet_id).where(TransferStep.asset_id == asset.id)
        )
    }
    wanted = {passage.id: passage for passage in where.passages}
    for gone in known.keys() - wanted.keys():
        session.delete(known[gone])
    # What has ended comes first: two of one asset are never open at once, not even in between.
    for open_ones in (False, True):
        for passage in where.passages:
            if passage.is_open is open_ones:
                row = known.get(passage.id)
                if row is None:
                    row = Transfer(id=passage.id, asset_id=asset.id, sheet_id=sheets[passage.id] or passage.id)
                    session.add(row)
                _write(row, passage, lent_now=passage.id == where.loan)
        session.flush()


def _write(row: Transfer, passage: Passage, *, lent_now: bool) -> None:
    row.state, row.is_open = passage.state, passage.is_open
    row.from_unit_id, row.to_unit_id = passage.from_unit, passage.to_unit
    row.begun_at, row.sent_at, row.until = passage.begun_at, passage.sent_at, passage.until
    row.received_at, row.receipt_id = passage.received_at, passage.receipt
    row.closed_by_id, row.outcome, row.lent_now = passage.closed_by, passage.outcome, lent_now
