"""The one list of the fields of an operation that people and programs may write, and how each is read.

The form, the API, the import and the phone all end in `parse_operation`: what is not in `OPERATION_FIELDS` cannot be
set from outside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import Message, msg
from assets.operations.rules import DELIVERY_NAMES, KIND_NAMES
from assets.operations.rules.parts import (
    MAX_PARTS,
    ContributionDraft,
    ItemDraft,
    PartsRefused,
    SeizureDraft,
    read_contribution,
    read_contributions,
    read_item,
    read_seizure,
    read_seizures,
)
from assets.registry.rules.values import (
    ValueRefused,
    is_blank,
    read_boolean,
    read_choice,
    read_date,
    read_decimal,
    read_text,
)

Part = TypeVar("Part")

MAX_COUNT = 10_000
CODE_LENGTH, NOTE_LENGTH = 32, 4000
_CODE = re.compile(r"[^\W_][\w./-]*")
_BETWEEN = re.compile(r"[;,\n]")


@dataclass(frozen=True)
class OperationDraft:
    """What was given for an operation, read field by field; `given` names the keys that were sent.

    A field that was sent empty is in `given` with its empty value: it is to be cleared. `units` are participating units
    besides the lead.
    """

    given: frozenset[str]
    code: str = ""
    kind: str = ""
    delivery: str = ""
    unit: str = ""
    units: tuple[str, ...] = ()
    region: str = ""
    agencies: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    arrests: int = 0
    searches: int | None = None
    finds: int | None = None
    note: str = ""
    seizures: tuple[SeizureDraft, ...] = ()
    contributions: tuple[ContributionDraft, ...] = ()
    closed: bool = False

    def __contains__(self, key: str) -> bool:
        return key in self.given


@dataclass(frozen=True)
class OperationField:
    """One writable field: its key as in the API, its name for people, and how it is read."""

    key: str
    title: Message
    read: Callable[[object], object]
    required: bool = False
    only_new: bool = False


def _read_code(value: object) -> str:
    text = read_text(value, CODE_LENGTH)
    if not _CODE.fullmatch(text):
        raise ValueRefused(msg("A code is made of letters, digits, hyphen, dot and slash, without spaces."))
    return text


def _read_codes(value: object) -> tuple[str, ...]:
    parts = value if isinstance(value, list | tuple) else _BETWEEN.split(str(value))
    codes = tuple(dict.fromkeys(read_text(part, 32) for part in parts if not is_blank(part)))
    if len(codes) > MAX_PARTS:
        raise ValueRefused(msg("At most %(n)s can be given at once.", n=MAX_PARTS), "too_many")
    return codes


def _read_count(value: object) -> int:
    return int(read_decimal(value, 0, Decimal(MAX_COUNT)))


_FIELDS = (
    OperationField("code", msg("Code"), _read_code, only_new=True),
    OperationField("kind", msg("Kind"), lambda v: read_choice(v, KIND_NAMES), required=True),
    OperationField("delivery", msg("Type of controlled delivery"), lambda v: read_choice(v, DELIVERY_NAMES)),
    OperationField("unit", msg("Leading unit"), lambda v: read_text(v, 32), required=True),
    OperationField("units", msg("Other units that took part"), _read_codes),
    OperationField("region", msg("Region"), lambda v: read_text(v, 16)),
    OperationField("agencies", msg("Agencies"), _read_codes),
    OperationField("starts_on", msg("First day"), read_date, required=True),
    OperationField("ends_on", msg("Last day"), read_date),
    OperationField("arrests", msg("Arrests"), _read_count),
    OperationField("searches", msg("Searches"), _read_count),
    OperationField("finds", msg("Searches with a find"), _read_count),
    OperationField("note", msg("Note"), lambda v: read_text(v, NOTE_LENGTH, lines=True)),
    OperationField("seizures", msg("Seizures"), read_seizures, only_new=True),
    OperationField("contributions", msg("What the equipment did"), read_contributions),
    OperationField("closed", msg("It is over and complete"), read_boolean, only_new=True),
)
OPERATION_FIELDS: dict[str, OperationField] = {field.key: field for field in _FIELDS}


def parse_operation(values: Mapping[str, object], *, partial: bool = False) -> OperationDraft:
    """Read what was sent for an operation; `InvalidInput` names every field that is wrong, all at once.

    `partial`: a change, where nothing is required and what belongs to a new operation only is refused.
    """
    unknown = msg("This field is not known here.")
    errors = [FieldError(key, unknown, "unknown_field") for key in values if key not in OPERATION_FIELDS]
    found: dict[str, Any] = {}
    for field in _FIELDS:
        if field.key not in values and (partial or not field.required):
            continue
        try:
            value = _read(field, values.get(field.key), partial=partial)
            if value is not None:
                found[field.key] = value
        except PartsRefused as error:
            errors += error.errors
        except ValueRefused as error:
            errors.append(error.for_field(field.key))
    if errors:
        raise InvalidInput(errors[0].message, fields=errors)
    return OperationDraft(given=frozenset(key for key in values if key in OPERATION_FIELDS), **found)


def parse_seizure(values: Mapping[str, object]) -> SeizureDraft:
    """Read one more seizure: `items`, `seized_on`, `concealment`; `InvalidInput` names every part that is wrong."""
    return _alone(values, read_seizure)


def parse_item(values: Mapping[str, object]) -> ItemDraft:
    """Read one more substance: `substance`, `quantity`, `unit`; `InvalidInput` names every part that is wrong."""
    return _alone(values, read_item)


def parse_contribution(values: Mapping[str, object]) -> ContributionDraft:
    """Read what one class did: `class`, `contribution`, `note`; `InvalidInput` names every part that is wrong."""
    return _alone(values, read_contribution)


def _alone(values: Mapping[str, object], read: Callable[[object, str], Part]) -> Part:
    try:
        return read(values, "it")
    except PartsRefused as error:
        fields = [FieldError(e.field.removeprefix("it."), e.message, e.code) for e in error.errors]
        raise InvalidInput(fields[0].message, fields=fields) from error


def _read(field: OperationField, value: object, *, partial: bool) -> object:
    if is_blank(value):
        if field.required:
            raise ValueRefused(msg("This must be filled in."), "required")
        return None
    if partial and field.only_new:
        raise ValueRefused(msg("This is given when an operation is recorded, not changed later."), "only_new")
    return field.read(value)
