"""Writes the plain fields of a draft into an asset, and turns what only the database can notice into words."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from assets.core.errors import Conflict
from assets.core.i18n import msg
from assets.registry.models import Asset
from assets.registry.rules.asset_fields import AssetDraft
from assets.registry.rules.folding import fold_identifier
from assets.registry.service.duplicates import duplicate

# Written as they were given; the others need a look-up, a rule or an event.
PLAIN = (
    "serial_number", "vin", "plate", "inventory_number", "exemption_reason", "waiver_ref", "note", "value",
    "received_on", "in_service_on", "warranty_until",
)  # fmt: skip
NEVER_EMPTY = ("currency", "visibility_mark", "title_status", "attractive")
# What an asset is before anything is said of it.
AT_FIRST: dict[str, object] = {
    "serial_number": "", "vin": "", "plate": "", "inventory_number": "", "exemption_reason": "", "waiver_ref": "",
    "note": "", "value": None, "received_on": None, "in_service_on": None, "warranty_until": None, "currency": "USD",
    "visibility_mark": "missing", "title_status": "title_transferred",
}  # fmt: skip


def write_plain(asset: Asset, draft: AssetDraft) -> None:
    """Put the fields that the draft gives into the asset, with what is folded from them."""
    for key in PLAIN:
        if key in draft:
            setattr(asset, key, getattr(draft, key))
    for key in NEVER_EMPTY:
        value = getattr(draft, key)
        if value is not None:
            setattr(asset, key, value)
    if draft.visibility_mark not in {None, "exempt"} and "exemption_reason" not in draft:
        asset.exemption_reason = ""
    asset.serial_folded = fold_identifier(asset.serial_number or "") or None
    asset.vin_folded = fold_identifier(asset.vin or "") or None


def flush_checked(session: Session) -> None:
    """Write, and turn what only the database can notice (two at once) into a refusal with words."""
    try:
        session.flush()
    except IntegrityError as error:
        text = str(error.orig)
        for field, marks in (("serial_number", ("serial_folded", "uq_asset_class_serial")), ("vin", ("vin_folded",))):
            if any(mark in text for mark in marks):
                raise duplicate(field, None) from error
        raise
    except StaleDataError as error:
        raise Conflict(
            msg("Somebody else changed this item at the same moment. Look at it again."), code="changed_meanwhile"
        ) from error
