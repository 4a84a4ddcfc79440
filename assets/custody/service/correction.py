"""Correcting a mistake: an event that says so; nothing recorded is changed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, NotFound, RuleViolation
from assets.core.i18n import msg
from assets.custody import rules
from assets.custody.models import CustodyEntry
from assets.custody.service.along import (
    event_with_kit,
    in_reach,
    not_entered,
    parts_ever_in,
    with_kit,
)
from assets.custody.service.handover import follow_entries, lock
from assets.custody.service.text import required_text
from assets.custody.service.use import take_back_use
from assets.people.models import Person
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import require_asset, require_unit
from assets.registry.service.timeline import Occurrence, rebuild_condition, record

CORRECTABLE = frozenset({"issue", "return", "sighting", "condition", "use", "check"})
MAX_REASON = 500


def correct_entry(
    session: Session,
    actor: Actor,
    asset: Asset,
    event_id: str,
    occurrence: Occurrence,
    *,
    reason: str,
    person: Person | None = None,
) -> AssetEvent:
    """Say that something recorded about the asset was a mistake, and why; answers the correcting event.

    Custody, condition, sighting and use of the named event no longer count. For an issue, `person` is who really got
    it; without one nobody did. Parts that went with a kit are corrected with it; the event names those that another
    unit has by now, and that stay as they were. A meter reading is corrected by a reading with its reason, a fault by
    its work order.
    """
    require_asset(actor, Permission.CUSTODY_ACT, asset)
    reason = required_text("reason", reason, MAX_REASON)
    lock(session, asset)
    wrong = _event_to_correct(session, asset, event_id)
    if person is not None:
        require_unit(actor, Permission.CUSTODY_ACT, person.unit)
        if wrong.kind != "issue":
            raise RuleViolation(msg("Only an issue has a person to correct."), code="no_person_here")
    along, others = _along(session, actor, asset, wrong)
    data: dict[str, object] = {"reason": reason, "kind": wrong.kind, **not_entered(others)}
    if person is not None:
        data["person_id"] = person.id
    event = record(session, actor, asset, "correction", occurrence, data, corrects_id=wrong.id)
    entry = session.get(CustodyEntry, wrong.id)
    if entry is not None:
        session.add(_in_its_place(event, entry, person))
        follow_entries(session, asset, event)
    take_back_use(session, wrong.id)
    rebuild_condition(session, asset)
    for part in along:
        own, with_it = with_kit(occurrence, part), event_with_kit(wrong.id, part)
        correct_entry(session, actor, part, with_it, own, reason=reason, person=person)
    return event


def _along(session: Session, actor: Actor, kit: Asset, wrong: AssetEvent) -> tuple[list[Asset], list[Asset]]:
    """The parts whose entry is corrected with their kit's, unless it was by itself before; and those out of reach."""
    if wrong.kind not in {"issue", "return"}:
        return [], []
    entered = []
    for part in parts_ever_in(session, kit):
        event_id = event_with_kit(wrong.id, part)
        if session.get(AssetEvent, event_id) is not None and not _is_corrected(session, event_id):
            entered.append(part)
    return in_reach(actor, entered)


def _event_to_correct(session: Session, asset: Asset, event_id: str) -> AssetEvent:
    wrong = session.scalar(select(AssetEvent).where(AssetEvent.id == event_id, AssetEvent.asset_id == asset.id))
    if wrong is None:
        raise NotFound(msg("There is no such entry of this item."))
    if wrong.kind not in CORRECTABLE:
        raise RuleViolation(msg("An entry of this kind is not corrected here."), code="not_correctable")
    if _is_corrected(session, event_id):
        raise Conflict(msg("This entry was corrected before."), code="already_corrected")
    return wrong


def _is_corrected(session: Session, event_id: str) -> bool:
    return session.scalar(select(AssetEvent.id).where(AssetEvent.corrects_id == event_id)) is not None


def _in_its_place(event: AssetEvent, wrong: CustodyEntry, person: Person | None) -> CustodyEntry:
    # It stands at the moment of the wrong entry, so that the chain of custody stays without a gap.
    return CustodyEntry(
        event_id=event.id, asset_id=wrong.asset_id, kind=rules.VOID if person is None else rules.ISSUE,
        at=wrong.at, n=wrong.n, person_id=person.id if person else None, unit_id=person.unit_id if person else None,
        until=wrong.until if person else None, corrects_id=wrong.event_id,
    )  # fmt: skip
