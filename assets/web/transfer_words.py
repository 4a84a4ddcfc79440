"""How transfers are said: their states, where an item is by them, and what their pages show of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assets.core.i18n import Message, msg
from assets.custody.models import Transfer
from assets.custody.queries.transfers import is_shown
from assets.custody.rules.sending import OUTCOME_NAMES
from assets.custody.rules.transfers import (
    CANCELLED,
    IN_TRANSIT,
    QUESTION,
    RECEIVED,
    SETTLED_BACK,
    SETTLED_THERE,
    UNCLEAR,
    UNEXPLAINED,
    UNSENT,
)
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import reaches_asset, reaches_unit
from assets.web import care
from assets.web.context import actor, words
from assets.web.filters import show_datetime

STATE_NAMES: dict[str, tuple[str, Message]] = {
    IN_TRANSIT: ("away", msg("on the way")),
    QUESTION: ("blocked", msg("did not come: open question")),
    RECEIVED: ("ready", msg("received")),
    CANCELLED: ("unknown", msg("cancelled")),
    SETTLED_BACK: ("unknown", msg("stays with the sender")),
    SETTLED_THERE: ("ready", msg("is with the addressee")),
    UNCLEAR: ("due", msg("contradicts another entry")),
    UNSENT: ("due", msg("received, sending not heard of")),
}
SHOW_NAMES: dict[str, Message] = {
    "": msg("all"),
    "incoming": msg("to be received"),
    "outgoing": msg("on the way from us"),
    "lent": msg("lent out"),
    "borrowed": msg("borrowed"),
    "overdue": msg("overdue loans"),
    "questions": msg("open questions"),
}


def place_of(asset: Asset) -> dict[str, str] | None:
    """Where an item is that is not in its own unit, as a state with words; None where it is."""
    addressee, borrower = asset.transit_unit, asset.holding_unit
    if addressee is not None:
        return {"kind": "away", "text": words(msg("on its way to %(unit)s", unit=addressee.name))}
    if borrower is not None:
        return {"kind": "away", "text": words(msg("lent to %(unit)s", unit=borrower.name))}
    return None


def place_lines(asset: Asset, now: datetime) -> list[dict[str, str]]:
    """What an item's page says of its way and its loan: words with the kind of message."""
    found = []
    if asset.transit_unit is not None:
        at = show_datetime(asset.transit_since) if asset.transit_since else "–"
        text = msg("It is on its way to %(unit)s since %(at)s.", unit=asset.transit_unit.name, at=at)
        found.append({"kind": "message", "text": words(text)})
    if asset.holding_unit is not None and asset.lent_until is not None:
        text = msg(
            "It is lent to %(unit)s until %(at)s.", unit=asset.holding_unit.name, at=show_datetime(asset.lent_until)
        )
        if asset.lent_until < now:
            text = msg(
                "It is lent to %(unit)s and was to be back by %(at)s.",
                unit=asset.holding_unit.name, at=show_datetime(asset.lent_until),
            )  # fmt: skip
        found.append({"kind": "warning" if asset.lent_until < now else "message", "text": words(text)})
    return found


def transfer_cells(transfer: Transfer, notes: dict[str, str] | None = None) -> dict[str, Any]:
    """A transfer as lists and sheets show it; an item that the viewer may not see by its code alone."""
    asset, kind = transfer.asset, STATE_NAMES[transfer.state]
    sees = is_shown(actor(), transfer)
    notes = notes or {}
    told = [notes[event_id] for event_id in (transfer.receipt_id, transfer.closed_by_id) if event_id in notes]
    return {
        "row": transfer,
        "code": asset.code,
        "printed": format_code(asset.code),
        "title": care.asset_title(asset) if sees else format_code(asset.code),
        "sees": sees,
        "kind": kind[0],
        "state": words(kind[1]),
        "outcome": words(OUTCOME_NAMES[transfer.outcome]) if transfer.outcome not in {"", "good"} else "",
        "told": " · ".join(dict.fromkeys(told)),
        "sent_by": transfer.sent.actor_name if transfer.from_unit is not None else "",
        "received_by": transfer.receipt.actor_name if transfer.receipt is not None else "",
        "not_fit": bool(transfer.sent.data.get("not_fit")),
        **may_do(transfer),
    }


def may_do(transfer: Transfer) -> dict[str, bool]:
    """What the viewer may do about a transfer as it stands."""
    sends = transfer.from_unit is not None and reaches_unit(actor(), Permission.CUSTODY_ACT, transfer.from_unit)
    takes = reaches_unit(actor(), Permission.CUSTODY_ACT, transfer.to_unit)
    # What needs an answer may be ended by who has the item, or nobody could end what others say of it.
    ends = transfer.state in UNEXPLAINED and reaches_asset(actor(), Permission.CUSTODY_ACT, transfer.asset)
    asks = transfer.state == QUESTION
    return {
        "may_receive": transfer.is_open and takes,
        "may_cancel": (
            ends
            or (transfer.state in {IN_TRANSIT, UNCLEAR} and sends)
            or (transfer.state in UNEXPLAINED and transfer.from_unit is None and takes)
        ),
        "may_settle": asks and sends,
        "may_settle_there": asks and sends and takes,
    }
