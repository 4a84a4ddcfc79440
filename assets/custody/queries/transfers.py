"""Reads of transfers between units: steps and chains of assets, pages of transfers, one transfer and its sheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.custody.models import Transfer, TransferStep
from assets.custody.rules.transfers import (
    ASSIGN,
    ONCE_OPEN,
    QUESTION,
    UNCLEAR,
    UNSENT,
    Step,
    Stretch,
    Whereabouts,
    whereabouts,
)
from assets.people.models import Unit
from assets.people.rules import Permission, reach
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import reaches_asset, sees_identity, units_within

SHOWS = ("", "incoming", "outgoing", "lent", "borrowed", "overdue", "questions")
QUESTIONS = (QUESTION, UNCLEAR, UNSENT)


@dataclass(frozen=True)
class Journey:
    """The steps of an asset and the unit that it began with: what the fold needs."""

    steps: list[Step]
    first_unit: int

    def where(self) -> Whereabouts:
        """Where it is after all of them."""
        return whereabouts(self.steps, self.first_unit)


def journeys(session: Session, asset_ids: Collection[int]) -> dict[int, Journey]:
    """The journey of each asset that was ever sent; the others have none. At most two queries."""
    found: dict[int, Journey] = {}
    rows = session.execute(
        select(
            TransferStep.asset_id, TransferStep.event_id, TransferStep.kind, TransferStep.at, TransferStep.n,
            TransferStep.unit_id, TransferStep.from_unit_id, TransferStep.until, TransferStep.target_id,
            TransferStep.outcome, AssetEvent.received_at, TransferStep.first_unit_id,
        )
        .join(AssetEvent, AssetEvent.id == TransferStep.event_id)
        .where(TransferStep.asset_id.in_(asset_ids))
    )  # fmt: skip
    for asset_id, *step, first_unit in rows:
        found.setdefault(asset_id, Journey([], first_unit)).steps.append(Step(*step))
    if found:
        for asset_id, steps in _assignments(session, list(found)).items():
            found[asset_id].steps.extend(step for _, step in steps)
    return found


def _assignments(session: Session, asset_ids: Collection[int]) -> dict[int, list[tuple[int, Step]]]:
    """Corrections of the register by asset, oldest first: each with the unit that it had before."""
    found: dict[int, list[tuple[int, Step]]] = defaultdict(list)
    rows = session.execute(
        select(AssetEvent.asset_id, AssetEvent.id, AssetEvent.occurred_at, AssetEvent.n, AssetEvent.data)
        .where(AssetEvent.asset_id.in_(asset_ids), AssetEvent.kind == "assigned")
        .order_by(AssetEvent.occurred_at, AssetEvent.n, AssetEvent.id)
    ).all()
    if not rows:
        return found
    ids = {row.code: row.id for row in session.execute(select(Unit.code, Unit.id))}
    for asset_id, event_id, at, n, data in rows:
        found[asset_id].append((ids[data["from"]], Step(event_id, ASSIGN, at, n, ids[data["to"]])))
    return found


def journey_of(session: Session, asset: Asset) -> Journey:
    """The asset's journey, also where it was never sent before."""
    known = journeys(session, [asset.id]).get(asset.id)
    if known is not None:
        return known
    corrections = _assignments(session, [asset.id]).get(asset.id, [])
    first_unit = corrections[0][0] if corrections else asset.unit_id
    return Journey([step for _, step in corrections], first_unit)


def unit_chains(session: Session, asset_ids: Collection[int]) -> dict[int, tuple[Stretch, ...]]:
    """Which unit answered for each asset that was ever sent, from when: without gap or overlap."""
    return {asset_id: journey.where().chain for asset_id, journey in journeys(session, asset_ids).items()}


def using_unit(session: Session, asset: Asset, at: datetime) -> int:
    """The unit that had the asset at that moment, on loan or as its own."""
    known = journeys(session, [asset.id]).get(asset.id)
    return asset.unit_id if known is None else known.where().unit_at(at)


@dataclass(frozen=True)
class TransferFilter:
    """What a list of transfers is narrowed to: one of `SHOWS`, the ids of a unit at either end and of an asset."""

    show: str = ""
    unit_id: int | None = None
    asset_id: int | None = None


def is_shown(actor: Actor, transfer: Transfer) -> bool:
    """Whether more than its code is told of the item: it was once on its way, or the actor may see it anyhow.

    Who only says that he sent or received something learns nothing of it, whatever became of what he said.
    """
    return transfer.state in ONCE_OPEN or reaches_asset(actor, Permission.ASSET_READ, transfer.asset)


def shows_identity(actor: Actor, transfer: Transfer) -> bool:
    """Whether the item's serial number or VIN may be told beside the transfer."""
    if not sees_identity(actor):
        return False
    return transfer.state in ONCE_OPEN or reaches_asset(actor, Permission.ASSET_IDENTITY, transfer.asset)


def transfers_for(actor: Actor, permission: Permission = Permission.CUSTODY_SEE) -> ColumnElement[bool]:
    """A condition on `Transfer` joined with `Asset`: what left or reached the actor's units, or is of their items."""
    within = reach(actor, permission)
    ends = (Transfer.to_unit_id, func.coalesce(Transfer.from_unit_id, -1), Asset.unit_id)
    return and_(Asset.annulled_at.is_(None), or_(*(units_within(within, unit_id) for unit_id in ends)))


def transfers_page(
    session: Session,
    actor: Actor,
    wanted: TransferFilter,
    now: datetime,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[Transfer]:
    """Transfers within reach, the newest first; `after` is the `transfer_key` of the last one seen."""
    statement = _whole().where(transfers_for(actor), *_narrowed(actor, wanted, now))
    if after is not None:
        at, last = _after(after)
        statement = statement.where(or_(Transfer.begun_at < at, and_(Transfer.begun_at == at, Transfer.id < last)))
    return list(session.scalars(statement.order_by(Transfer.begun_at.desc(), Transfer.id.desc()).limit(limit)))


def transfer_key(transfer: Transfer) -> tuple[str, str]:
    """Where a transfer stands in the list."""
    return transfer.begun_at.isoformat(), transfer.id


def transfer_by_id(session: Session, actor: Actor, transfer_id: str) -> Transfer:
    """The transfer; `NotFound` when it is out of the actor's sight or there is none: both look the same."""
    found = session.scalar(_whole().where(Transfer.id == transfer_id, transfers_for(actor)))
    if found is None:
        raise NotFound(msg("There is no such transfer, or it is not yours to see."))
    return found


def sheet(session: Session, actor: Actor, sheet_id: str, limit: int = 500) -> list[Transfer]:
    """What was sent together, as far as it is within reach, by label code; `NotFound` when nothing is."""
    found = list(
        session.scalars(
            _whole().where(Transfer.sheet_id == sheet_id, transfers_for(actor)).order_by(Asset.code).limit(limit)
        )
    )
    if not found:
        raise NotFound(msg("There is no such transfer, or it is not yours to see."))
    return found


def overdue_loans(session: Session, actor: Actor, now: datetime) -> list[tuple[Unit, list[Transfer]]]:
    """Loans that are not back on the day agreed, by each of their two units, the longest overdue first."""
    statement = _whole().where(transfers_for(actor), *_narrowed(actor, TransferFilter("overdue"), now))
    units: dict[int, Unit] = {}
    found: dict[int, list[Transfer]] = defaultdict(list)
    for transfer in session.scalars(statement.order_by(Asset.lent_until, Transfer.id)):
        for unit in (transfer.asset.unit, transfer.to_unit):
            units[unit.id] = unit
            found[unit.id].append(transfer)
    return [(units[unit_id], rows) for unit_id, rows in sorted(found.items())]


def countings(actor: Actor, now: datetime) -> Iterator[tuple[str, Select[Any]]]:
    """What waits for the actor of transfers, by name: counting statements for the first page."""
    for show in ("incoming", "overdue", "questions"):
        yield (
            f"transfers_{show}",
            select(func.count())
            .select_from(Transfer)
            .join(Asset, Asset.id == Transfer.asset_id)
            .where(transfers_for(actor), *_narrowed(actor, TransferFilter(show), now)),
        )


def notes_of(session: Session, transfers: Collection[Transfer]) -> dict[str, str]:
    """What was noted at each step of these transfers, by event id; those without a note are left out."""
    ids = {event_id for each in transfers for event_id in (each.id, each.receipt_id, each.closed_by_id) if event_id}
    rows = session.execute(select(TransferStep.event_id, TransferStep.note).where(TransferStep.event_id.in_(ids)))
    return {event_id: note for event_id, note in rows if note}


def _whole() -> Select[Transfer]:
    asset = joinedload(Transfer.asset)
    return (
        select(Transfer)
        .join(Asset, Asset.id == Transfer.asset_id)
        .options(
            asset.joinedload(Asset.equipment_class),
            asset.joinedload(Asset.model),
            asset.joinedload(Asset.unit),
            joinedload(Transfer.from_unit),
            joinedload(Transfer.to_unit),
            joinedload(Transfer.sent),
            joinedload(Transfer.receipt),
            joinedload(Transfer.closed_by),
        )
    )


def _narrowed(actor: Actor, wanted: TransferFilter, now: datetime) -> list[ColumnElement[bool]]:
    if wanted.show not in SHOWS:
        raise invalid("show", msg("This is one of: %(known)s.", known=", ".join(SHOWS[1:])), code="unknown_word")
    within = reach(actor, Permission.CUSTODY_SEE)
    came = units_within(within, Transfer.to_unit_id)
    is_open, lent = Transfer.is_open.is_(True), Transfer.lent_now.is_(True)
    shows: dict[str, tuple[ColumnElement[bool], ...]] = {
        "": (),
        "incoming": (is_open, came),
        "outgoing": (is_open, units_within(within, func.coalesce(Transfer.from_unit_id, -1))),
        "lent": (lent, units_within(within, Asset.unit_id)),
        "borrowed": (lent, came),
        "overdue": (lent, Asset.lent_until < now),
        "questions": (Transfer.state.in_(QUESTIONS),),
    }
    found = list(shows[wanted.show])
    if wanted.unit_id is not None:
        found.append(or_(Transfer.from_unit_id == wanted.unit_id, Transfer.to_unit_id == wanted.unit_id))
    if wanted.asset_id is not None:
        found.append(Transfer.asset_id == wanted.asset_id)
    return found


def _after(key: tuple[object, ...]) -> tuple[datetime, str]:
    try:
        at, last = datetime.fromisoformat(str(key[0])), str(key[1])
        if at.tzinfo is None or "\x00" in last:
            raise ValueError
    except (ValueError, IndexError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error
    return at, last
