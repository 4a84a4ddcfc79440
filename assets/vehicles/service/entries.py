"""What entering and correcting has in common, whatever is entered: who may, of what, and the event that says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, NotAllowed
from assets.core.i18n import msg
from assets.custody.service.handover import lock
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import reaches_asset, require_asset
from assets.registry.service.timeline import Occurrence, record
from assets.vehicles.models import Accident, FuelFill, VehiclePaper
from assets.vehicles.queries.entries import E, correction_of
from assets.vehicles.rules.entries import check_reason, check_vehicle

WRITE: dict[type[FuelFill] | type[VehiclePaper] | type[Accident], Permission] = {
    FuelFill: Permission.VEHICLE_REPORT,
    VehiclePaper: Permission.ASSET_WRITE,
    Accident: Permission.VEHICLE_REPORT,
}
# Who corrects what others entered: as with entries of custody.
CORRECT: dict[type[FuelFill] | type[VehiclePaper] | type[Accident], Permission] = {
    FuelFill: Permission.CUSTODY_ACT,
    VehiclePaper: Permission.ASSET_WRITE,
    Accident: Permission.CUSTODY_ACT,
}


@dataclass(frozen=True)
class Correction:
    """Why an entry was wrong, and whether it is void: a mistake for which nothing is put in its place."""

    reason: str
    void: bool = False


def begin(session: Session, actor: Actor, kind: type[E], asset: Asset, occurrence: Occurrence) -> None:
    """Hold the vehicle for an entry of this kind; refuses who may not, what is no vehicle, and what was sent before."""
    require_asset(actor, WRITE[kind], asset)
    lock(session, asset)
    check_vehicle(is_vehicle=asset.equipment_class.is_vehicle, life=asset.life)
    _check_new(session, occurrence)


def may_correct(actor: Actor, entry: FuelFill | VehiclePaper | Accident) -> bool:
    """Whether `actor` may correct it: what he entered himself, or what others did where he has the right to that."""
    kind = type(entry)
    own = entry.account_id is not None and entry.account_id == actor.account_id
    return reaches_asset(actor, CORRECT[kind], entry.asset) or (own and reaches_asset(actor, WRITE[kind], entry.asset))


def begin_correction(
    session: Session, actor: Actor, wrong: E, why: Correction, occurrence: Occurrence, event: str
) -> AssetEvent:
    """The event that says that an entry was wrong; `Conflict` when it was corrected before."""
    if not may_correct(actor, wrong):
        raise NotAllowed
    reason = check_reason(why.reason)
    lock(session, wrong.asset)
    _check_new(session, occurrence)
    if wrong.void or correction_of(session, wrong) is not None:
        raise Conflict(msg("This entry was corrected before."), code="already_corrected")
    data: dict[str, object] = {"reason": reason, "entry": wrong.id}
    return record(session, actor, wrong.asset, event, occurrence, data, corrects_id=wrong.event_id)


def add(session: Session, actor: Actor, entry: E, event: AssetEvent, now: datetime) -> E:
    """Keep an entry with its event and who entered it when."""
    entry.event_id, entry.entered_at = event.id, now
    entry.account_id, entry.actor_name = actor.account_id, actor.name
    session.add(entry)
    session.flush()
    return entry


def in_its_place(entry: E, wrong: E, why: Correction) -> E:
    """The entry as the one that corrects `wrong`."""
    entry.corrects_id, entry.void, entry.reason = wrong.id, why.void, check_reason(why.reason)
    return entry


def _check_new(session: Session, occurrence: Occurrence) -> None:
    if session.get(AssetEvent, occurrence.id) is not None:
        raise Conflict(msg("This was sent before: it was recorded once, and nothing was added."), code="sent_before")
