"""How confirmations and signatures are said: in lists, and on the timeline of an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from assets.core.i18n import Message, msg
from assets.custody.queries.confirmations import Beside, Issued, Proof, beside
from assets.custody.queries.sight import sees_then
from assets.custody.rules.confirming import METHOD_NAMES
from assets.labels.token import format_code
from assets.people.models import Person
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import reaches_unit
from assets.web import care
from assets.web.context import actor, words
from assets.web.filters import show_datetime

SIGNED_KINDS = frozenset({"issue", "return", "transfer_send", "transfer_receive", "correction"})
STATE_NAMES: Mapping[str, tuple[str, Message]] = {
    "waiting": ("due", msg("not confirmed yet")),
    "confirmed": ("ready", msg("confirmed")),
    "denied": ("blocked", msg("denied: says that he does not have it")),
}
SHOW_NAMES: Mapping[str, Message] = {
    "waiting": msg("not confirmed yet"),
    "denied": msg("denied"),
    "confirmed": msg("confirmed"),
    "all": msg("all"),
}


def person_name(person: Person | None) -> str:
    """A person as lists name him."""
    return "" if person is None else person.name or person.number


def issued_cells(issued: Issued, proofs: Mapping[str, Proof] | None = None) -> dict[str, Any]:
    """A current issue as lists show it."""
    entry, answer = issued.entry, issued.answer
    kind, text = STATE_NAMES[issued.state]
    proof = (proofs or {}).get(entry.event_id)
    return {
        "event": entry.event_id,
        "code": entry.asset.code,
        "printed": format_code(entry.asset.code),
        "title": care.asset_title(entry.asset),
        "unit": entry.asset.unit.name,
        "person": person_name(entry.person),
        "number": entry.person.number if entry.person is not None else "",
        "at": entry.at,
        "until": entry.until,
        "by": entry.event.actor_name,
        "kind": kind,
        "state": words(text),
        "method": words(METHOD_NAMES[answer.method]) if answer is not None else "",
        "answered_at": answer.at if answer is not None else None,
        "note": answer.note if answer is not None else "",
        "signed": proof_words(proof) if proof is not None else "",
        "has_picture": proof is not None and proof.has_picture,
    }


def proof_words(proof: Proof) -> str:
    """How something was signed."""
    if proof.on_paper:
        return words(msg("signed on paper"))
    return words(msg("signed")) if proof.has_picture else words(msg("signed; the picture has not come yet"))


def receipts_of(session: Session, asset: Asset, events: Sequence[AssetEvent]) -> dict[str, dict[str, Any]]:
    """What the timeline says beside these events of signatures and confirmations, by event. At most six queries."""
    told = beside(session, [event.id for event in events if event.kind in SIGNED_KINDS])
    # What stands behind a link is for the units that had the item then: mostly the one that has it still.
    linked = {each.id: each.unit_id for each in events if each.kind == "issue" or each.id in told}
    is_of_unit = reaches_unit(actor(), Permission.CUSTODY_SEE, asset.unit)
    seen = {event_id for event_id, unit_id in linked.items() if is_of_unit and unit_id == asset.unit_id}
    seen |= sees_then(session, actor(), linked.keys() - seen)
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        known = told.get(event.id)
        if known is None and event.kind != "issue":
            continue
        proof = known.proof if known is not None else None
        found[event.id] = {
            "said": _answer_words(event, asset, known),
            "signed": proof_words(proof) if proof is not None else "",
            "href": f"/signatures/{event.id}" if proof is not None and proof.has_picture and event.id in seen else "",
            "sheet": f"/confirmations/{event.id}/sheet.pdf" if event.kind == "issue" and event.id in seen else "",
        }
    return found


def _answer_words(event: AssetEvent, asset: Asset, known: Beside | None) -> str:
    if known is None or known.has_it is None or known.at is None:
        current = (
            event.kind == "issue"
            and asset.custody_since == event.occurred_at
            and asset.custodian_person_id == event.data.get("person_id")
        )
        return words(STATE_NAMES["waiting"][1]) if current else ""
    how, at = words(METHOD_NAMES[known.method]), show_datetime(known.at)
    if known.has_it:
        return words(msg("confirmed by %(who)s %(how)s, %(at)s", who=known.number, how=how, at=at))
    return words(msg("denied by %(who)s, %(at)s", who=known.number, at=at))
