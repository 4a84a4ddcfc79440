"""The parts of an operation that come in lists, and how each is read: seizures with their substances, contributions.

A call sends lists of objects; a sheet says the same in one cell: seizures as "heroin 20 kg 32 g + opium 940 g;
cannabis_resin 5311 g" (";" between seizures, "+" between the substances of one), contributions as
"search.videoscope=decisive; vehicle.patrol=supported".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from assets.core.errors import FieldError
from assets.core.i18n import msg
from assets.operations.rules import CONTRIBUTION_NAMES
from assets.operations.rules.substances import kilogrammes, read_amount, read_substance
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.values import ValueRefused, is_blank, read_choice, read_date, read_text

MAX_PARTS = 50
CONCEALMENT_LENGTH, CONTRIBUTION_NOTE_LENGTH = 40, 500
_BETWEEN = re.compile(r"[;\n]")


@dataclass(frozen=True)
class ItemDraft:
    """One substance of a seizure as it was weighed or counted."""

    substance: str
    quantity: Decimal
    unit: str

    @property
    def kg(self) -> Decimal | None:
        """Its kilogrammes; None where the conversion table has none."""
        return kilogrammes(self.quantity, self.unit)


@dataclass(frozen=True)
class SeizureDraft:
    """One seizure with its substances; without a day it is of the operation's first."""

    items: tuple[ItemDraft, ...]
    seized_on: date | None = None
    concealment: str = ""


@dataclass(frozen=True)
class ContributionDraft:
    """What one class of equipment did for the result."""

    class_code: str
    contribution: str
    note: str = ""


class PartsRefused(Exception):
    """Parts of one field are wrong; each is named, as in `seizures.0.items.1.quantity`."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors


def read_seizures(value: object, name: str = "seizures") -> tuple[SeizureDraft, ...]:
    """Several seizures; `PartsRefused` names each part that is wrong."""
    return _each(name, _listed(value), read_seizure)


def read_seizure(value: object, name: str) -> SeizureDraft:
    """One seizure: an object with `items`, `seized_on` and `concealment`, or its substances as one text."""
    if isinstance(value, str):
        value = {"items": [part for part in value.split("+") if part.strip()]}
    known, errors = _Known(value, name, ("items", "seized_on", "concealment")), _Errors()
    seized_on = errors.collect(known, "seized_on", read_date)
    concealment = errors.collect(known, "concealment", lambda v: read_text(v, CONCEALMENT_LENGTH))
    items: tuple[ItemDraft, ...] = ()
    try:
        items = _each(f"{name}.items", known.values.get("items") or (), read_item)
        if not items:
            words = msg("Say which substance was seized, and how much.")
            errors.append(FieldError(f"{name}.items", words, "required"))
    except PartsRefused as error:
        errors += error.errors
    errors.refuse()
    return SeizureDraft(items, seized_on, concealment or "")


def read_item(value: object, name: str) -> ItemDraft:
    """One substance: an object with `substance`, `quantity` and `unit`, or a text such as "heroin 1 kg 681 g"."""
    if isinstance(value, str):
        substance, _, amount = value.strip().partition(" ")
        value = {"substance": substance, "quantity": amount}
    known, errors = _Known(value, name, ("substance", "quantity", "unit")), _Errors()
    substance = errors.collect(known, "substance", read_substance, required=True)
    quantity, unit = Decimal(0), ""
    try:
        quantity, unit = read_amount(known.values.get("quantity"), known.values.get("unit"))
    except ValueRefused as error:
        which = "unit" if error.code in {"unit_required", "unknown_word"} else "quantity"
        errors.append(error.for_field(f"{name}.{which}"))
    errors.refuse()
    return ItemDraft(substance, quantity, unit)


def read_contributions(value: object, name: str = "contributions") -> tuple[ContributionDraft, ...]:
    """Contributions as a list of objects or as {class: contribution}; each class once."""
    if isinstance(value, Mapping):
        value = [{"class": key, "contribution": said} for key, said in value.items()]
    found: tuple[ContributionDraft, ...] = _each(name, _listed(value), read_contribution)
    if len({each.class_code for each in found}) < len(found):
        raise ValueRefused(msg("A class is named twice; say once what it did."), "named_twice")
    return found


def read_contribution(value: object, name: str) -> ContributionDraft:
    """One contribution: an object with `class`, `contribution` and `note`, or a text such as "ident.raman=decisive"."""
    if isinstance(value, str):
        class_code, _, said = value.partition("=")
        value = {"class": class_code, "contribution": said}
    known, errors = _Known(value, name, ("class", "contribution", "note")), _Errors()
    class_code = errors.collect(known, "class", lambda v: read_choice(v, CLASSES), required=True)
    said = errors.collect(known, "contribution", lambda v: read_choice(v, CONTRIBUTION_NAMES), required=True)
    note = errors.collect(known, "note", lambda v: read_text(v, CONTRIBUTION_NOTE_LENGTH, lines=True))
    errors.refuse()
    return ContributionDraft(class_code, said, note or "")


class _Known:
    """An object with no keys but these; `PartsRefused` otherwise."""

    def __init__(self, value: object, name: str, keys: tuple[str, ...]) -> None:
        if not isinstance(value, Mapping):
            words = msg("An object with these fields is expected: %(keys)s.", keys=", ".join(keys))
            raise PartsRefused([FieldError(name, words, "not_an_object")])
        unknown = [key for key in value if key not in keys]
        if unknown:
            words = msg("This field is not known here.")
            raise PartsRefused([FieldError(f"{name}.{key}", words, "unknown_field") for key in unknown])
        self.name = name
        self.values: Mapping[str, object] = value


class _Errors(list[FieldError]):
    """What is wrong with the parts of one object, gathered so that all of it is said at once."""

    def collect(self, known: _Known, key: str, read: Callable[[object], Any], *, required: bool = False) -> Any:
        """The value under `key`, read; None when it is blank or wrong."""
        value, name = known.values.get(key), f"{known.name}.{key}"
        if is_blank(value):
            if required:
                self.append(FieldError(name, msg("This must be filled in."), "required"))
            return None
        try:
            return read(value)
        except ValueRefused as error:
            self.append(error.for_field(name))
            return None

    def refuse(self) -> None:
        if self:
            raise PartsRefused(list(self))


def _listed(value: object) -> object:
    return [part for part in _BETWEEN.split(value) if part.strip()] if isinstance(value, str) else value


def _each(name: str, parts: object, read: Callable[[object, str], Any]) -> tuple[Any, ...]:
    if not isinstance(parts, list | tuple):
        raise PartsRefused([FieldError(name, msg("This must be a list."), "not_a_list")])
    if len(parts) > MAX_PARTS:
        words = msg("At most %(n)s can be given at once.", n=MAX_PARTS)
        raise PartsRefused([FieldError(name, words, "too_many")])
    found, errors = [], []
    for place, part in enumerate(parts):
        try:
            found.append(read(part, f"{name}.{place}"))
        except PartsRefused as error:
            errors += error.errors
    if errors:
        raise PartsRefused(errors)
    return tuple(found)
