"""Checking a kit: which of its parts are there, and how much of what is counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import msg
from assets.kits.models import KitCheck, KitEntry, KitPart
from assets.kits.queries import parts_at
from assets.kits.rules.ledger import COUNTED, FOUND, MISSING, Balance, CountEntry, balance, stay_at
from assets.kits.service.entering import (
    beside,
    check_new,
    enter,
    follow_count,
    follow_part,
    hold,
    kit_row,
    part_entries,
)
from assets.kits.service.parts import is_part
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent, Label, StockLot
from assets.registry.rules.stock import MAX_QUANTITY
from assets.registry.scope import assets_for, require_asset
from assets.registry.service.timeline import Occurrence, record

MAX_CHECKED = 300


@dataclass(frozen=True)
class Checked:
    """What a check found: its row, the parts that were missed, and codes found in it that are not its parts.

    `skipped`: what was in the kit then and was not looked for, parts by printed code, lots by name. With any the check
    says what it says, and does not count as one of the whole kit.
    """

    check: KitCheck
    missing: list[Asset]
    extras: list[str]
    skipped: list[str]


def check_kit(
    session: Session,
    actor: Actor,
    kit: Asset,
    occurrence: Occurrence,
    *,
    parts: Mapping[str, bool],
    counted: Mapping[int, Decimal] | None = None,
    note: str = "",
) -> Checked:
    """Enter which parts, by canonical label code, are in the kit (True) or not, and how much of which lots, by id.

    What is not found is missing from that time on, until it is found or put in again. What is found and belongs
    elsewhere is told (`extras`) and stays where it is known to be: to put it in is another act. Only a check that names
    all that was in the kit then makes it a checked one.
    """
    require_asset(actor, Permission.FIELD_REPORT, kit)
    check_new(session, occurrence)
    counts = dict(counted or {})
    if len(parts) + len(counts) > MAX_CHECKED:
        raise invalid("parts", msg("A check names at most %(n)s things.", n=MAX_CHECKED), code="too_long")
    if any(not 0 <= quantity <= MAX_QUANTITY for quantity in counts.values()):
        raise invalid("counted", msg("An amount is nothing or more."), code="out_of_range")
    hold(session, kit)
    if is_part(session, kit):
        raise RuleViolation(msg("It is a part of a kit, so it is none itself."), code="kit_in_kit")
    row, behind = kit_row(session, kit), _assets(session, actor, kit, parts)
    known = {asset.id: asset for asset in behind.values() if asset.id != kit.id}
    hold(session, *(known[asset_id] for asset_id in sorted(known)))
    lots = _lots(session, kit, counts)
    # Scanned by two of its labels, it is there if either was.
    seen = {asset.id for code, asset in behind.items() if parts[code]}
    here = {asset.id for asset in known.values() if _is_here(session, kit, asset, occurrence)}
    extras = [
        code
        for code, present in parts.items()
        if present and (code not in behind or behind[code].id not in {*here, kit.id})
    ]
    missing = [known[asset_id] for asset_id in sorted(here - seen)]
    skipped = _skipped(session, kit, parts, counts, occurrence)
    data: dict[str, object] = {"found": len(here) - len(missing), "missing": [asset.code for asset in missing]}
    if extras:
        data["extras"] = extras
    if skipped:
        data["skipped"] = skipped
    if note := note.strip()[:500]:
        data["note"] = note
    event = record(session, actor, kit, "kit_check", occurrence, data, seen=True)
    check = KitCheck(
        event_id=event.id, kit_id=kit.id, at=event.occurred_at, n=event.n, recorded_at=occurrence.received_at,
        account_id=actor.account_id, actor_name=actor.name, found=len(here) - len(missing), missing=len(missing),
        extras=extras, note=note,
    )  # fmt: skip
    session.add(check)
    for asset_id in sorted(known):
        _enter_part(session, actor, kit, known[asset_id], occurrence, event, present=asset_id in seen)
    for lot in lots:
        enter(session, actor, kit, lot, COUNTED, occurrence, event, quantity=counts[lot.id])
    follow_count(session, kit, [lot.id for lot in lots])
    if not skipped and (row.checked_at is None or row.checked_at < occurrence.occurred_at):
        row.checked_at = occurrence.occurred_at
    session.flush()
    return Checked(check, missing, extras, skipped)


def missing_words(checked: Checked) -> str:
    """The codes of what was not found, as printed on the labels."""
    return ", ".join(format_code(asset.code) for asset in checked.missing)


def _skipped(
    session: Session, kit: Asset, parts: Mapping[str, bool], counts: Mapping[int, Decimal], occurrence: Occurrence
) -> list[str]:
    """What was in the kit at the moment of the check, as far as was heard of it, and is not named by it."""
    at, n = occurrence.occurred_at, occurrence.n
    inside = parts_at(session, kit.id, at, n, missed=True)
    named = select(Label.asset_id).where(Label.code.in_(parts), Label.asset_id.in_(inside))
    codes = session.scalars(
        select(Asset.code)
        .where(Asset.id.in_(inside), Asset.id.not_in(named), Asset.annulled_at.is_(None))
        .order_by(Asset.code)
    )
    entries: dict[int, list[CountEntry]] = defaultdict(list)
    for row in session.scalars(select(KitEntry).where(KitEntry.kit_id == kit.id, KitEntry.lot_id.is_not(None))):
        if row.lot_id is not None and row.lot_id not in counts and (row.at, row.n) <= (at, n):
            entries[row.lot_id].append(CountEntry(row.event_id, row.kind, row.at, row.quantity or Decimal(0), row.n))
    left = [lot_id for lot_id, known in entries.items() if balance(known) != Balance()]
    lots = session.scalars(select(StockLot).where(StockLot.id.in_(left)).order_by(StockLot.id))
    return [*map(format_code, codes), *(f"{lot.item}, {lot.lot_number}" for lot in lots)]


def _enter_part(
    session: Session,
    actor: Actor,
    kit: Asset,
    part: Asset,
    occurrence: Occurrence,
    event: AssetEvent,
    *,
    present: bool,
) -> None:
    # Entered whatever is known of it: that it was put in here may be heard of later.
    told = record(
        session, actor, part, "kit_found" if present else "kit_missing", beside(occurrence, f"part {part.id}"),
        {"kit": kit.code}, seen=present,
    )  # fmt: skip
    enter(session, actor, kit, part, FOUND if present else MISSING, occurrence, told)
    follow_part(session, part.id)


def _is_here(session: Session, kit: Asset, part: Asset, occurrence: Occurrence) -> bool:
    stay = stay_at(part_entries(session, part.id), occurrence.occurred_at, occurrence.n)
    return stay is not None and stay.kit_id == kit.id


def _assets(session: Session, actor: Actor, kit: Asset, parts: Mapping[str, bool]) -> dict[str, Asset]:
    """The assets behind these codes: the kit's parts, and what else the actor may report of."""
    of_kit = Asset.id.in_(select(KitPart.asset_id).where(KitPart.kit_id == kit.id))
    rows = session.execute(
        select(Label.code, Asset)
        .join(Asset, Asset.id == Label.asset_id)
        .where(
            Label.code.in_(parts),
            assets_for(actor, Permission.FIELD_REPORT) | (of_kit & Asset.annulled_at.is_(None)),
        )
    )
    return {row[0]: row[1] for row in rows}


def _lots(session: Session, kit: Asset, counts: Mapping[int, Decimal]) -> list[StockLot]:
    """The lots that were counted: of each something was in the kit at some time. To put it in is another act."""
    if not counts:
        return []
    ever = select(KitEntry.lot_id).where(KitEntry.kit_id == kit.id, KitEntry.lot_id.is_not(None))
    found = session.scalars(
        select(StockLot).where(StockLot.id.in_(counts), StockLot.id.in_(ever)).order_by(StockLot.id)
    ).all()
    if len(found) < len(counts):
        raise invalid(
            "counted", msg("Nothing of this lot was ever put into this kit: put it in first."), code="unknown_lot"
        )
    return list(found)
