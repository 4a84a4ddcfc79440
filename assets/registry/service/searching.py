"""Keeps the folded identity that the search looks through in step with what it is made from."""

from __future__ import annotations

from assets.registry.models import Asset
from assets.registry.rules.folding import fold_identifier

MAX_LENGTH = 300


def refresh_search(asset: Asset) -> None:
    """Bring the asset's folded serial number, VIN, plate and inventory number up to date; call after changing one.

    Names of class, model, unit, batch and agency are not kept here: the search finds those in their own tables.
    """
    parts = (asset.serial_number, asset.vin, asset.plate, asset.inventory_number)
    # Before the first flush a text that was not given is still None.
    folded = dict.fromkeys(fold_identifier(part or "") for part in parts)
    asset.identity_text = " ".join(filter(None, folded))[:MAX_LENGTH]
