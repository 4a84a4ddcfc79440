"""Which unit an actor sends for, and which he receives for."""

from __future__ import annotations

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import NotAllowed, NotFound, invalid
from assets.core.i18n import msg
from assets.custody.rules.transfers import Whereabouts
from assets.people.models import Unit
from assets.people.rules import Permission, reach
from assets.registry.scope import reaches_unit, require_unit


def sender_for(session: Session, actor: Actor, where: Whereabouts, *, knows: bool) -> Unit:
    """The unit that the actor sends for: his only one, else the one that has the asset."""
    own = _only_unit(session, actor)
    if own is not None:
        return own
    present = session.get_one(Unit, where.unit)
    if reaches_unit(actor, Permission.CUSTODY_ACT, present):
        return present
    if knows:
        raise NotAllowed
    raise NotFound(msg("There is no such item, or it is not yours to see."))


def receiver_for(session: Session, actor: Actor, where: Whereabouts, named: Unit | None) -> Unit:
    """The unit that the actor receives for: the named one, else his only one, else the one it was sent to."""
    if named is not None:
        require_unit(actor, Permission.CUSTODY_ACT, named)
        return named
    own = _only_unit(session, actor)
    if own is not None:
        return own
    if where.open is not None:
        addressee = session.get_one(Unit, where.open.to_unit)
        if reaches_unit(actor, Permission.CUSTODY_ACT, addressee):
            return addressee
    raise invalid("to_unit", msg("Name the unit that received it."), code="required")


def _only_unit(session: Session, actor: Actor) -> Unit | None:
    within = reach(actor, Permission.CUSTODY_ACT)
    if within.everything or within.region_ids or len(within.unit_ids) != 1:
        return None
    return session.get_one(Unit, next(iter(within.unit_ids)))
