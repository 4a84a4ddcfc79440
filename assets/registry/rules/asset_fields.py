"""The one list of the fields of an asset that people and programs may write, and how each is read.

The form, the API, the import and the phone all end here: what is not in `ASSET_FIELDS` cannot be set from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import Message, msg
from assets.labels.token import CodeError, parse_code
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.folding import fold_identifier
from assets.registry.rules.life import LIFE_NAMES
from assets.registry.rules.meters import MAX_VALUE
from assets.registry.rules.values import (
    ValueRefused,
    is_blank,
    read_boolean,
    read_choice,
    read_currency,
    read_date,
    read_decimal,
    read_text,
)

CONDITION_NAMES: dict[str, Message] = {
    "A": msg("A: good"),
    "B": msg("B: usable with a minor fault"),
    "C": msg("C: needs repair"),
    "D": msg("D: unusable or lost"),
}
VISIBILITY_NAMES: dict[str, Message] = {
    "applied": msg("applied"),
    "missing": msg("missing"),
    "damaged": msg("damaged"),
    "exempt": msg("exempt"),
}
EXEMPTION_NAMES: dict[str, Message] = {
    "consumable": msg("consumable"),
    "too_small": msg("too small"),
    "fragile": msg("fragile"),
    "impairs_function": msg("the mark would hinder its function"),
    "covert_use": msg("covert use"),
    "embassy_waiver": msg("waiver by the embassy"),
}
TITLE_NAMES: dict[str, Message] = {
    "retained_by_agency": msg("retained by the implementing agency"),
    "right_of_use": msg("right of use"),
    "conditional_title": msg("conditional title"),
    "title_transferred": msg("title transferred"),
}
MAX_MONEY = Decimal("9999999999999999.99")


@dataclass(frozen=True)
class AssetDraft:
    """What was given for an asset, read and checked field by field; `given` names the keys that were sent.

    A field that was sent empty is in `given` with None (or '' for texts): it is to be cleared.
    """

    given: frozenset[str]
    class_code: str | None = None
    unit: str | None = None
    model: str = ""
    serial_number: str = ""
    vin: str = ""
    plate: str = ""
    inventory_number: str = ""
    batch: str = ""
    agency: str = ""
    value: Decimal | None = None
    currency: str | None = None
    odometer_km: Decimal | None = None
    engine_h: Decimal | None = None
    life: str | None = None
    condition: str | None = None
    visibility_mark: str | None = None
    exemption_reason: str = ""
    waiver_ref: str = ""
    title_status: str | None = None
    attractive: bool | None = None
    note: str = ""
    received_on: date | None = None
    in_service_on: date | None = None
    warranty_until: date | None = None
    code: str | None = None

    def __contains__(self, key: str) -> bool:
        return key in self.given


@dataclass(frozen=True)
class AssetField:
    """One writable field: its key as in the API, its name for people, how it is read, what the form offers."""

    key: str
    title: Message
    read: Callable[[object], object]
    kind: str = "text"
    required: bool = False
    choices: Mapping[str, Message] | None = None
    max_length: int | None = None
    only_new: bool = False
    hint: Message | None = None


def _text(key: str, title: Message, max_length: int, **more: Any) -> AssetField:
    lines = more.get("kind") == "long"
    return AssetField(key, title, lambda v: read_text(v, max_length, lines=lines), max_length=max_length, **more)


def _identifier(key: str, title: Message, max_length: int, **more: Any) -> AssetField:
    def read(value: object) -> str:
        text = read_text(value, max_length)
        if len(fold_identifier(text)) > max_length:
            raise ValueRefused(msg("This is too long: at most %(n)s characters.", n=max_length), "too_long")
        return text

    return AssetField(key, title, read, max_length=max_length, **more)


def _choice(key: str, title: Message, choices: Mapping[str, Message], *, upper: bool = False) -> AssetField:
    return AssetField(
        key, title, lambda v: read_choice(v, choices, upper=upper), kind="choice", choices=choices
    )  # fmt: skip


def _date(key: str, title: Message) -> AssetField:
    return AssetField(key, title, read_date, kind="date")


def _meter(key: str, title: Message) -> AssetField:
    return AssetField(key, title, lambda v: read_decimal(v, 3, MAX_VALUE), kind="number", only_new=True)


def _read_label(value: object) -> str:
    try:
        return parse_code(str(value))
    except CodeError as error:
        if error.reason == "mistyped":
            raise ValueRefused(
                msg("This label code is mistyped: its check character does not fit."), "label_mistyped"
            ) from error
        raise ValueRefused(msg("This is not a label code; it looks like XXXXX-XXXXX."), "not_a_label") from error


_CLASS_NAMES = {code: defaults.title for code, defaults in CLASSES.items()}
_FIELDS = (
    AssetField(
        "class", msg("Class"), lambda v: read_choice(v, _CLASS_NAMES), kind="choice", required=True,
        choices=_CLASS_NAMES,
    ),
    _text("unit", msg("Unit"), 32, kind="unit", required=True),
    _text("model", msg("Maker and model"), 200, kind="model"),
    _identifier("serial_number", msg("Serial number"), 80),
    _identifier("vin", msg("VIN"), 40),
    _text("plate", msg("Plate"), 24),
    _text("inventory_number", msg("Inventory number"), 60),
    _text("batch", msg("Handover batch"), 32, kind="batch"),
    _text("agency", msg("Accountable agency"), 32, kind="agency"),
    AssetField("value", msg("Value"), lambda v: read_decimal(v, 2, MAX_MONEY), kind="number"),
    AssetField("currency", msg("Currency"), read_currency, kind="currency"),
    _meter("odometer_km", msg("Odometer, km")),
    _meter("engine_h", msg("Engine hours")),
    _choice("life", msg("Life"), LIFE_NAMES),
    _choice("condition", msg("Condition"), CONDITION_NAMES, upper=True),
    _choice("visibility_mark", msg("Donor's mark"), VISIBILITY_NAMES),
    _choice("exemption_reason", msg("Reason for exemption"), EXEMPTION_NAMES),
    _text("waiver_ref", msg("Waiver reference"), 80),
    _choice("title_status", msg("Title"), TITLE_NAMES),
    AssetField("attractive", msg("Attractive item"), read_boolean, kind="boolean"),
    _text("note", msg("Note"), 4000, kind="long"),
    _date("received_on", msg("Received on")),
    _date("in_service_on", msg("In service since")),
    _date("warranty_until", msg("Warranty until")),
    AssetField(
        "code", msg("Label code"), _read_label, only_new=True, hint=msg("Of a blank label that is stuck on already."),
    ),
)  # fmt: skip
ASSET_FIELDS: dict[str, AssetField] = {field.key: field for field in _FIELDS}


def parse_asset(values: Mapping[str, object], *, partial: bool = False) -> AssetDraft:
    """Read what was sent for an asset; `InvalidInput` names every field that is wrong, all at once.

    `partial`: a change, where nothing is required and what belongs to a new asset only is refused.
    """
    errors = [
        FieldError(key, msg("This field is not known here."), "unknown_field")
        for key in values
        if key not in ASSET_FIELDS
    ]
    found: dict[str, object] = {}
    for field in _FIELDS:
        if field.key in values:
            try:
                found[_attribute(field.key)] = _read(field, values[field.key], partial=partial)
            except ValueRefused as error:
                errors.append(error.for_field(field.key))
        elif field.required and not partial:
            errors.append(_required(field.key))
    if errors:
        raise InvalidInput(errors[0].message, fields=errors)
    known: dict[str, Any] = {key: value for key, value in found.items() if value is not None}
    return AssetDraft(given=frozenset(key for key in values if key in ASSET_FIELDS), **known)


def _attribute(key: str) -> str:
    return "class_code" if key == "class" else key


def _read(field: AssetField, value: object, *, partial: bool) -> object:
    if is_blank(value):
        if field.required:
            raise ValueRefused(msg("This must be filled in."), "required")
        return None
    if partial and field.only_new:
        raise ValueRefused(msg("This is given when an item is registered, not changed later."), "only_new")
    return field.read(value)


def _required(key: str) -> FieldError:
    return FieldError(key, msg("This must be filled in."), "required")


def check_together(*, visibility_mark: str, exemption_reason: str, waiver_ref: str) -> None:
    """`InvalidInput` unless the mark, the reason for its exemption and the waiver fit each other."""
    if visibility_mark == "exempt" and not exemption_reason:
        words = msg("Say why the item is exempt from the donor's mark.")
        raise InvalidInput(words, fields=[FieldError("exemption_reason", words, "required")])
    if visibility_mark != "exempt" and exemption_reason:
        words = msg("A reason for exemption belongs to items that are exempt.")
        raise InvalidInput(words, fields=[FieldError("exemption_reason", words, "not_exempt")])
    if exemption_reason == "embassy_waiver" and not waiver_ref:
        words = msg("Give the reference of the embassy's waiver.")
        raise InvalidInput(words, fields=[FieldError("waiver_ref", words, "required")])
