"""What a label leads to when it is on a box of consumables: the lot, as the scan page shows it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy.orm import Session

from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.people.rules import Permission, may
from assets.registry.models import StockLot
from assets.registry.queries.stock import LotFilters, LotRow, codes_of, lot_by_code, lots_page
from assets.registry.queries.stock_issues import item_of
from assets.registry.queries.stock_packs import candidates, proposal
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.issuing import Candidate, first_expired_first_out
from assets.registry.rules.stock import STANDING_NAMES, Standing, plain
from assets.registry.scope import reaches_unit
from assets.web.context import actor, words
from assets.web.filters import show_date
from assets.web.lot_page import STATES, cover_words, today

ISSUE = msg("Issue from this lot")


def lot_behind(session: Session, code: str) -> StockLot | None:
    """The lot that a canonical code leads to; None for none, and for one out of sight."""
    row = _row(session, code)
    return row.lot if row is not None else None


def scanned_lot(session: Session, code: str) -> dict[str, Any] | None:
    """What the scan page shows of the lot with this code; None for none, and for one out of sight."""
    row = _row(session, code)
    if row is None:
        return None
    order = proposal(session, row.lot, today())
    first = session.get_one(StockLot, order[0].lot_id) if order else None
    cover = item_of(session, row.lot, today())
    lasts = (words(msg("Stock lasts for")), cover_words(cover.cover, cover.issued, cover.counted_in))
    told = _shown(code, row, order, first)
    return {**told, "facts": [*told["facts"], lasts]}


def lots_in_reach(session: Session, most: int) -> list[dict[str, Any]]:
    """What the scan page shows of every lot within reach of which anything is left, but for how long stock lasts.

    At most `most`, the first to expire first; with `ends`, the last day of its use, where it has one. Five queries.
    """
    if not may(actor(), Permission.STOCK_READ):
        return []
    rows = lots_page(session, actor(), LotFilters(), today(), limit=most)
    if not rows:
        return []
    codes = codes_of(session, [row.lot.id for row in rows])
    lots = {row.lot.id: row.lot for row in rows}
    of_item: dict[tuple[int, int, str], list[Candidate]] = defaultdict(list)
    for candidate in candidates(session, list(lots.values())):
        of_item[_item_key(lots[candidate.lot_id])].append(candidate)
    orders = {key: first_expired_first_out(found, today()) for key, found in of_item.items()}
    found = []
    for row in rows:
        if (code := codes.get(row.lot.id)) is None:
            continue
        order = orders[_item_key(row.lot)]
        told = _shown(code, row, order, lots[order[0].lot_id] if order else None)
        found.append({**told, "actions": [each["kind"] for each in told["actions"]], **_ends(row.lot)})
    return found


def _item_key(lot: StockLot) -> tuple[int, int, str]:
    return lot.unit_id, lot.class_id, lot.item.casefold()


def _ends(lot: StockLot) -> dict[str, Any]:
    if lot.expires_on is None:
        return {}
    return {"ends": (lot.expires_on.isoformat(), Standing.EXPIRED.value, words(STANDING_NAMES[Standing.EXPIRED]))}


def _shown(code: str, row: LotRow, order: list[Candidate], first: StockLot | None) -> dict[str, Any]:
    lot = row.lot
    reasons = list(_reasons(row, order, first))
    is_usable = lot.id in {candidate.lot_id for candidate in order}
    # Whom to issue it to is asked of those alone who hand things over.
    needed = (Permission.STOCK_WRITE, Permission.CUSTODY_ACT)
    may_issue = is_usable and all(reaches_unit(actor(), permission, lot.unit) for permission in needed)
    return {
        "code": code,
        "title": lot.item,
        "class": words(CLASSES[lot.equipment_class.code].title),
        "state": {"kind": STATES[row.standing], "text": words(STANDING_NAMES[row.standing])},
        "fit": {"ok": is_usable, "reasons": reasons},
        "custodian": None,
        "unit": lot.unit.name,
        "meters": [],
        "usual_use": None,
        "operations": None,
        "facts": _facts(row),
        "counted_in": lot.counted_in,
        "first_out": is_usable and not reasons,
        "actions": [{"kind": "stock_issue", "label": words(ISSUE), "primary": True}] if may_issue else [],
    }


def _row(session: Session, code: str) -> LotRow | None:
    if not may(actor(), Permission.STOCK_READ):
        return None
    try:
        return lot_by_code(session, actor(), code, today())
    except NotFound:
        return None


def _reasons(row: LotRow, order: list[Candidate], first: StockLot | None) -> Any:
    """Why it cannot be issued, and what should go before it."""
    lot = row.lot
    if row.standing in {Standing.RECALLED, Standing.EXPIRED, Standing.SUSPECT}:
        yield {"code": row.standing.value, "text": words(STANDING_NAMES[row.standing])}
    elif row.on_hand <= 0:
        yield {"code": "used_up", "text": words(msg("Nothing of it is left."))}
    turns = {candidate.lot_id: candidate.turn(today()) for candidate in order}
    if first is not None and (lot.id not in turns or turns[lot.id] > order[0].turn(today())):
        text = msg("Lot %(lot)s goes first.", lot=first.lot_number)
        yield {"code": "not_first_expired", "text": words(text)}


def _facts(row: LotRow) -> list[tuple[str, str]]:
    lot = row.lot
    return [
        (words(msg("Lot number")), lot.lot_number),
        (words(msg("There")), f"{plain(row.on_hand)} {lot.counted_in}"),
        (words(msg("Expires")), show_date(lot.expires_on) if lot.expires_on else words(msg("never"))),
    ]
