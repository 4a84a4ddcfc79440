"""The form of an asset: the one list of writable fields, in sections, with what was typed and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assets.core.i18n import Message, msg
from assets.registry.models import Asset
from assets.registry.queries.catalogue import Choices
from assets.registry.rules.asset_fields import ASSET_FIELDS, AssetField
from assets.registry.rules.life import AT_REGISTRATION, choices_from
from assets.web.context import words

SECTIONS: tuple[tuple[Message, tuple[str, ...]], ...] = (
    (msg("What it is and where it belongs"), ("class", "model", "unit", "agency", "batch")),
    (msg("Identity"), ("serial_number", "vin", "plate", "inventory_number", "code")),
    (msg("State"), ("life", "condition", "odometer_km", "engine_h", "received_on", "in_service_on", "warranty_until")),
    (msg("Value and title"), ("value", "currency", "title_status", "attractive")),
    (msg("Donor's mark"), ("visibility_mark", "exemption_reason", "waiver_ref")),
    (msg("Note"), ("note",)),
)
_OFFERED = {"unit": "units", "batch": "batches", "agency": "agencies"}
_COMMON_CURRENCIES = ("USD", "JPY", "EUR", "UZS")


@dataclass(frozen=True)
class FieldView:
    """One field as the template draws it."""

    key: str
    label: str
    kind: str
    value: str
    hint: str = ""
    required: bool = False
    options: list[tuple[str, str]] = field(default_factory=list)
    attrs: dict[str, Any] = field(default_factory=dict)


def form_sections(
    choices: Choices, values: Mapping[str, str], asset: Asset | None, *, compare: bool = False
) -> list[tuple[str, list[FieldView]]]:
    """The sections of the form; for a change (`asset` given) without what belongs to a new item only.

    `compare`: somebody changed the asset meanwhile; each field that differs says what stands there now.
    """
    now_there = values_of(asset) if asset is not None and compare else {}
    shown = []
    for title, keys in SECTIONS:
        fields = [
            _view(ASSET_FIELDS[key], choices, values.get(key, ""), asset, now_there.get(key))
            for key in keys
            if asset is None or not ASSET_FIELDS[key].only_new
        ]
        shown.append((words(title), fields))
    return shown


def _view(spec: AssetField, choices: Choices, value: str, asset: Asset | None, now_there: str | None) -> FieldView:
    hint = words(spec.hint) if spec.hint is not None else ""
    if now_there is not None and now_there != value:
        hint = words(msg("It now says: %(value)s", value=now_there or "–"))
    attrs: dict[str, Any] = {}
    if spec.max_length is not None:
        attrs["maxlength"] = spec.max_length
    if spec.kind == "number":
        attrs["inputmode"] = "decimal"
    if spec.kind == "model":
        attrs["list"] = "models"
    options = _options(spec, choices, asset)
    if value and options and value not in dict(options):
        options = [*options, (value, value)]
    return FieldView(spec.key, words(spec.title), spec.kind, value, hint, spec.required, options, attrs)


def _options(spec: AssetField, choices: Choices, asset: Asset | None) -> list[tuple[str, str]]:
    if spec.key in _OFFERED:
        offered: list[tuple[str, str]] = getattr(choices, _OFFERED[spec.key])
        return offered
    if spec.kind == "currency":
        return [(code, code) for code in _COMMON_CURRENCIES]
    if spec.choices is None:
        return []
    keys = list(spec.choices)
    if spec.key == "life":
        keys = list(choices_from(asset.life)) if asset is not None else [k for k in keys if k in AT_REGISTRATION]
    return [(key, words(spec.choices[key])) for key in keys]


def first_values() -> dict[str, str]:
    """What a new form holds."""
    return {"life": "received", "currency": "USD", "title_status": "title_transferred", "visibility_mark": "missing"}


def values_of(asset: Asset) -> dict[str, str]:
    """The present values as the form shows them."""
    texts: dict[str, object] = {
        "class": asset.equipment_class.code,
        "model": asset.model.full_name if asset.model is not None else "",
        "unit": asset.unit.code,
        "agency": asset.custodian_org.code if asset.custodian_org is not None else "",
        "batch": asset.batch.number if asset.batch is not None else "",
        "attractive": "yes" if asset.attractive else "no",
    }
    for key in ASSET_FIELDS:
        if key not in texts and not ASSET_FIELDS[key].only_new:
            value = getattr(asset, key)
            texts[key] = "" if value is None else value
    return {key: str(value) for key, value in texts.items()}
