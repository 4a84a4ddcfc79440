"""A new label for an asset in hand: it is the asset's code from then on, and the old ones lead on to it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, NotFound, invalid
from assets.core.i18n import msg
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent, Label
from assets.registry.queries.labels import other_unit_of
from assets.registry.scope import require_asset
from assets.registry.service.labels import free_codes
from assets.registry.service.searching import refresh_search
from assets.registry.service.timeline import Occurrence, record

MAX_REASON = 300


def claim_label(
    session: Session, actor: Actor, code: str, asset: Asset, occurrence: Occurrence, reason: str = ""
) -> AssetEvent:
    """Stick the blank label `code` on the asset: it becomes its code, and the labels before it become void.

    A void label still leads to its asset, so that a found old one is recognised. `Conflict` when the label is on an
    item already; what that item is, is not told. One that was made for another unit may be used, it was found in the
    field: the event says so (`blank_of`).
    """
    require_asset(actor, Permission.LABEL_PRINT, asset)
    label = session.scalar(select(Label).where(Label.code == code).with_for_update())
    if label is None:
        raise NotFound(msg("No blank label has this code."))
    if label.state != "blank":
        raise Conflict(msg("This label is on an item already."), code="label_taken")
    found = other_unit_of(session, actor, label)
    return _put_on(session, actor, label, asset, occurrence, reason, seen=True, blank_of=found.code if found else "")


def replace_label(
    session: Session, actor: Actor, asset: Asset, occurrence: Occurrence, reason: str, code: str = ""
) -> AssetEvent:
    """A new label with the reason for it: the blank one `code` that was stuck on, or without it a new code to print.

    `InvalidInput` for `reason` when there is none; refuses as `claim_label` does.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise invalid("reason", msg("Say why it needs a new label."), code="required")
    if len(reason) > MAX_REASON:
        raise invalid("reason", msg("This is too long: at most %(n)s characters.", n=MAX_REASON), code="too_long")
    if code:
        return claim_label(session, actor, code, asset, occurrence, reason)
    require_asset(actor, Permission.LABEL_PRINT, asset)
    label = Label(code=free_codes(session, 1)[0], state="active", created_at=occurrence.received_at)
    session.add(label)
    return _put_on(session, actor, label, asset, occurrence, reason, seen=False)


def _put_on(
    session: Session,
    actor: Actor,
    label: Label,
    asset: Asset,
    occurrence: Occurrence,
    reason: str,
    *,
    seen: bool,
    blank_of: str = "",
) -> AssetEvent:
    replaced = asset.code
    for old in session.scalars(select(Label).where(Label.asset_id == asset.id, Label.state == "active")):
        old.state = "void"
    label.state, label.asset = "active", asset
    asset.code = label.code
    asset.version += 1
    refresh_search(asset)
    data = {"code": label.code, "replaced": replaced} | ({"reason": reason} if reason else {})
    if blank_of:
        data["blank_of"] = blank_of
    return record(session, actor, asset, "labelled", occurrence, data, seen=seen)
