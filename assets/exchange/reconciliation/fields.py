"""Which fields of a paper row and an item are compared, and what each side says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from assets.exchange.reconciliation.result import Difference
from assets.registry.models import Asset
from assets.registry.rules.folding import fold_identifier, fold_text

# How the register says each field. What goes on by itself (odometer, last service, notes) is compared with no paper.
_REGISTER: Mapping[str, Callable[[Asset], Any]] = {
    "class": lambda asset: asset.equipment_class.code,
    "unit": lambda asset: asset.unit.code,
    "model": lambda asset: asset.model.full_name if asset.model else "",
    "serial_number": lambda asset: asset.serial_number,
    "vin": lambda asset: asset.vin,
    "plate": lambda asset: asset.plate,
    "inventory_number": lambda asset: asset.inventory_number,
    "batch": lambda asset: asset.batch.number if asset.batch else "",
    "agency": lambda asset: asset.custodian_org.code if asset.custodian_org else "",
    "holder": lambda asset: asset.custodian_person.number if asset.custodian_person else "",
    "value": lambda asset: asset.value,
    "currency": lambda asset: asset.currency,
    "condition": lambda asset: asset.condition,
    "life": lambda asset: asset.life,
    "title_status": lambda asset: asset.title_status,
    "visibility_mark": lambda asset: asset.visibility_mark,
    "exemption_reason": lambda asset: asset.exemption_reason,
    "attractive": lambda asset: asset.attractive,
    "received_on": lambda asset: asset.received_on,
    "in_service_on": lambda asset: asset.in_service_on,
    "warranty_until": lambda asset: asset.warranty_until,
}
_NUMBERS = frozenset({"serial_number", "vin", "plate", "inventory_number"})


def differences_of(values: Mapping[str, Any], asset: Asset) -> Iterator[Difference]:
    """The fields that the paper gives and the register says otherwise; look-alike letters are the same."""
    for name, recorded in _REGISTER.items():
        given = values.get(name)
        if given is None or given == "":
            continue
        there = recorded(asset)
        if not _same(name, given, there, asset):
            yield Difference(name, _said(given), _said(there))


def _same(name: str, given: Any, there: Any, asset: Asset) -> bool:
    if name in _NUMBERS:
        return fold_identifier(str(given)) == fold_identifier(str(there or ""))
    if name == "model":
        # "DP4400" on paper is the Motorola DP4400 of the register.
        names = {fold_text(asset.model.full_name), fold_text(asset.model.name)} if asset.model else {""}
        return fold_text(str(given)) in names
    return bool(given == there)


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)
