"""Claiming a blank label for an asset in hand: the new label is the asset's code, the old one leads on to it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, NotFound
from assets.core.i18n import msg
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent, Label
from assets.registry.scope import require_asset
from assets.registry.service.searching import refresh_search
from assets.registry.service.timeline import Occurrence, record


def claim_label(session: Session, actor: Actor, code: str, asset: Asset, occurrence: Occurrence) -> AssetEvent:
    """Stick the blank label `code` on the asset: it becomes its code, and the labels before it become void.

    A void label still leads to its asset, so that a found old one is recognised. `Conflict` when the label is on an
    item already; what that item is, is not told.
    """
    require_asset(actor, Permission.LABEL_PRINT, asset)
    label = session.scalar(select(Label).where(Label.code == code).with_for_update())
    if label is None:
        raise NotFound(msg("No blank label has this code."))
    if label.state != "blank":
        raise Conflict(msg("This label is on an item already."), code="label_taken")
    replaced = asset.code
    for old in session.scalars(select(Label).where(Label.asset_id == asset.id, Label.state == "active")):
        old.state = "void"
    label.state, label.asset = "active", asset
    asset.code = code
    asset.version += 1
    refresh_search(asset)
    return record(session, actor, asset, "labelled", occurrence, {"code": code, "replaced": replaced}, seen=True)
