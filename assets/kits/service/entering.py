"""What every entry of a kit has in common: the kit is held, the entry written, and the current rows follow."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict
from assets.core.i18n import msg
from assets.kits.models import Kit, KitCount, KitEntry, KitPart
from assets.kits.rules.ledger import CountEntry, PartEntry, Stay, balance, current_stay
from assets.registry.models import Asset, AssetEvent, StockLot
from assets.registry.service.timeline import Occurrence

MAX_NOTE = 300


def hold(session: Session, *assets: Asset) -> None:
    """Hold these assets against others until the transaction ends: kits first and then parts, each by id."""
    for asset in assets:
        session.refresh(
            asset, ["life", "unit_id", "version", "holding_unit_id", "transit_unit_id", "custodian_person_id"],
            with_for_update={"of": Asset},
        )  # fmt: skip


def kit_row(session: Session, asset: Asset) -> Kit:
    """The kit that the asset is, made at first need."""
    kit = session.get(Kit, asset.id)
    if kit is None:
        kit = Kit(asset_id=asset.id, version=0)
        session.add(kit)
        asset.is_kit = True
        session.flush()
    return kit


def check_new(session: Session, occurrence: Occurrence) -> None:
    """`Conflict` when an entry with this id was recorded: what is sent twice is done once."""
    if session.get(AssetEvent, occurrence.id) is not None:
        raise Conflict(msg("This was sent before: it was recorded once, and nothing was added."), code="sent_before")


def beside(occurrence: Occurrence, what: str) -> Occurrence:
    """An event of another asset that tells the same: its id follows from the first one's."""
    return Occurrence(
        occurrence.occurred_at, occurrence.received_at, str(uuid5(UUID(occurrence.id), what)), occurrence.n,
        occurrence.noted,
    )  # fmt: skip


def enter(
    session: Session,
    actor: Actor,
    kit: Asset,
    what: Asset | StockLot,
    kind: str,
    occurrence: Occurrence,
    event: AssetEvent,
    *,
    quantity: Decimal | None = None,
    note: str = "",
) -> KitEntry:
    """Write an entry of a kit; the caller brings the current rows in line (`follow_part`, `follow_count`)."""
    entry = KitEntry(
        event_id=event.id, kit_id=kit.id, part_id=what.id if isinstance(what, Asset) else None,
        lot_id=what.id if isinstance(what, StockLot) else None, kind=kind, quantity=quantity,
        at=occurrence.occurred_at, n=occurrence.n, recorded_at=occurrence.received_at, account_id=actor.account_id,
        actor_name=actor.name, note=note,
    )  # fmt: skip
    session.add(entry)
    return entry


def part_entries(session: Session, part_id: int) -> list[PartEntry]:
    """All entries of a part, whatever the kit."""
    rows = session.scalars(select(KitEntry).where(KitEntry.part_id == part_id))
    return [PartEntry(row.event_id, row.kit_id, row.kind, row.at, row.n) for row in rows]


def count_entries(session: Session, kit: Asset, lot_id: int) -> list[CountEntry]:
    """All entries of a lot in a kit."""
    rows = session.scalars(select(KitEntry).where(KitEntry.kit_id == kit.id, KitEntry.lot_id == lot_id))
    return [CountEntry(row.event_id, row.kind, row.at, row.quantity or Decimal(0), row.n) for row in rows]


def follow_part(session: Session, part_id: int) -> Stay | None:
    """Bring what says in which kit a part is in line with its entries; a late one may change nothing."""
    session.flush()
    stay = current_stay(part_entries(session, part_id))
    row = session.get(KitPart, part_id, populate_existing=True)
    if stay is None:
        if row is not None:
            session.delete(row)
    else:
        if row is None:
            row = KitPart(asset_id=part_id)
            session.add(row)
        row.kit_id, row.since, row.missing_since = stay.kit_id, stay.since, stay.missing_since
    session.get_one(Asset, part_id).in_kit_id = stay.kit_id if stay is not None else None
    session.flush()
    return stay


def follow_count(session: Session, kit: Asset, lot_ids: Sequence[int]) -> None:
    """Bring the rows that say how much of these lots is in the kit in line with its entries."""
    session.flush()
    for lot_id in lot_ids:
        now_there = balance(count_entries(session, kit, lot_id))
        row = session.get(KitCount, (kit.id, lot_id), populate_existing=True)
        if row is None:
            row = KitCount(kit_id=kit.id, lot_id=lot_id)
            session.add(row)
        row.quantity, row.short = now_there.quantity, now_there.short
    session.flush()


def plain_note(note: str) -> str:
    """A short note on one line."""
    return " ".join(note.replace("\x00", "").split())[:MAX_NOTE]
