"""Out of service and back: both with a reason, and neither with an item that somebody holds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, RuleViolation
from assets.core.i18n import msg
from assets.custody.service.handover import lock
from assets.disposal import queries
from assets.disposal.rules.cases import check_words
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import require_asset
from assets.registry.service.life import move_life
from assets.registry.service.timeline import happening_now

MAX_REASON = 500


def withdraw(session: Session, actor: Actor, asset: Asset, reason: str, now: datetime) -> AssetEvent:
    """Take the asset out of service; what is issued must be returned first."""
    require_asset(actor, Permission.DISPOSAL_PROPOSE, asset)
    reason = check_words("reason", reason, MAX_REASON)
    lock(session, asset)
    if asset.life == "withdrawn":
        raise RuleViolation(msg("It is withdrawn already."), code="already_withdrawn")
    if asset.life == "lost":
        raise RuleViolation(msg("It is lost: enter in its loss case that it was found."), code="life_by_case")
    return move_life(session, actor, asset, "withdrawn", happening_now(now), {"reason": reason})


def put_back(session: Session, actor: Actor, asset: Asset, reason: str, now: datetime) -> AssetEvent:
    """Bring a withdrawn asset back to the life that it had before; not while a disposal is under way."""
    require_asset(actor, Permission.DISPOSAL_PROPOSE, asset)
    reason = check_words("reason", reason, MAX_REASON)
    lock(session, asset)
    if asset.life != "withdrawn":
        raise RuleViolation(msg("It is not withdrawn."), code="not_withdrawn")
    case = queries.open_disposal_of(session, asset.id)
    if case is not None:
        raise Conflict(
            msg("Its disposal is under way: that case must be rejected or its decision reversed first."),
            code="disposal_open",
            data={"disposal": case.id},
        )
    life = _life_before_withdrawal(session, asset)
    return move_life(session, actor, asset, life, happening_now(now), {"reason": reason})


def _life_before_withdrawal(session: Session, asset: Asset) -> str:
    newest = session.scalar(
        select(AssetEvent)
        .where(AssetEvent.asset_id == asset.id, AssetEvent.kind == "life")
        .order_by(AssetEvent.occurred_at.desc(), AssetEvent.n.desc(), AssetEvent.received_at.desc())
        .limit(1)
    )
    return "received" if newest is not None and newest.data.get("from") == "received" else "in_service"
