"""What is seized: the register of substances, the units they are weighed or counted in, and their kilogrammes.

Families follow UNODC's annual report questionnaire (ARQ). What was weighed or counted stays as it was told; the
kilogrammes beside it follow from the table of `CONVERSION_VERSION`. A mass converts exactly. A volume or a number of
tablets, ampoules, plants or pieces has no declared mass here, so its kilogrammes are unknown (None), never 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from assets.core.i18n import Message, msg
from assets.registry.rules.values import ValueRefused, is_blank, read_choice, read_decimal

CONVERSION_VERSION = "2026-1"
MAX_QUANTITY = Decimal(9_999_999)
KG_PLACES = Decimal("0.000001")

FAMILIES: dict[str, Message] = {
    "opiates": msg("Opiates"),
    "cannabis": msg("Cannabis"),
    "cocaine": msg("Cocaine"),
    "ats": msg("Amphetamine-type stimulants"),
    "nps": msg("New psychoactive substances"),
    "pharmaceuticals": msg("Pharmaceuticals"),
    "precursors": msg("Precursors"),
    "other": msg("Other"),
}


@dataclass(frozen=True)
class Substance:
    """One substance by its code, its family in the ARQ, and its name."""

    code: str
    family: str
    name: Message


_REGISTER = (
    Substance("heroin", "opiates", msg("Heroin")),
    Substance("opium", "opiates", msg("Opium")),
    Substance("morphine", "opiates", msg("Morphine")),
    Substance("poppy_straw", "opiates", msg("Poppy straw")),
    Substance("opiates_other", "opiates", msg("Other opiates")),
    Substance("cannabis_herb", "cannabis", msg("Cannabis herb")),
    Substance("cannabis_resin", "cannabis", msg("Cannabis resin (hashish)")),
    Substance("cannabis_plant", "cannabis", msg("Cannabis plants")),
    Substance("cannabis_oil", "cannabis", msg("Cannabis oil")),
    Substance("cocaine", "cocaine", msg("Cocaine")),
    Substance("amphetamine", "ats", msg("Amphetamine")),
    Substance("methamphetamine", "ats", msg("Methamphetamine")),
    Substance("mdma", "ats", msg("MDMA (ecstasy)")),
    Substance("ats_other", "ats", msg("Other amphetamine-type stimulants")),
    Substance("synthetic_cathinones", "nps", msg("Synthetic cathinones")),
    Substance("synthetic_cannabinoids", "nps", msg("Synthetic cannabinoids")),
    Substance("nps_other", "nps", msg("Other new psychoactive substances")),
    Substance("tropicamide", "pharmaceuticals", msg("Tropicamide")),
    Substance("pregabalin", "pharmaceuticals", msg("Pregabalin")),
    Substance("tramadol", "pharmaceuticals", msg("Tramadol")),
    Substance("pharmaceuticals_other", "pharmaceuticals", msg("Other pharmaceuticals")),
    Substance("acetic_anhydride", "precursors", msg("Acetic anhydride")),
    Substance("ephedrine", "precursors", msg("Ephedrine and pseudoephedrine")),
    Substance("precursors_other", "precursors", msg("Other precursors")),
    Substance("other", "other", msg("Another substance")),
)
SUBSTANCES: dict[str, Substance] = {substance.code: substance for substance in _REGISTER}
SUBSTANCE_NAMES: dict[str, Message] = {code: substance.name for code, substance in SUBSTANCES.items()}
# What people write in their lists for the same thing.
ALSO_CALLED: dict[str, str] = {
    "hashish": "cannabis_resin",
    "marijuana": "cannabis_herb",
    "cannabis": "cannabis_herb",
    "ats": "ats_other",
    "nps": "nps_other",
    "ecstasy": "mdma",
    "pharmaceuticals": "pharmaceuticals_other",
    "precursors": "precursors_other",
    "pseudoephedrine": "ephedrine",
}

UNIT_NAMES: dict[str, Message] = {
    "g": msg("g"),
    "kg": msg("kg"),
    "ml": msg("ml"),
    "l": msg("l"),
    "tablets": msg("tablets"),
    "ampoules": msg("ampoules"),
    "plants": msg("plants"),
    "pieces": msg("pieces"),
}
# A milligramme and a microlitre are the finest that is kept; what is counted is whole.
UNIT_PLACES: dict[str, int] = {"g": 3, "kg": 6, "ml": 3, "l": 6}
KG_OF_ONE: dict[str, Decimal] = {"kg": Decimal(1), "g": Decimal("0.001")}
_SHORT_UNITS = {"gr": "g", "gram": "g", "grams": "g", "tablet": "tablets", "tab": "tablets", "ampoule": "ampoules",
                "plant": "plants", "piece": "pieces", "pcs": "pieces", "litre": "l", "litres": "l"}  # fmt: skip
_AMOUNT = re.compile(r"\s*(?P<number>[0-9][0-9.,\s\u00a0\u202f]*?)\s*(?P<unit>[A-Za-z]+)\s*")


def kilogrammes(quantity: Decimal, unit: str) -> Decimal | None:
    """The mass in kg by the table of `CONVERSION_VERSION`; None where the unit is none of mass."""
    factor = KG_OF_ONE.get(unit)
    return None if factor is None else (quantity * factor).quantize(KG_PLACES)


def read_substance(value: object) -> str:
    """The code of a substance of the register; common other names are understood."""
    text = str(value).strip().casefold().replace(" ", "_")
    return read_choice(ALSO_CALLED.get(text, text), SUBSTANCE_NAMES)


def read_unit(value: object) -> str:
    """The code of a unit."""
    text = str(value).strip().casefold()
    return read_choice(_SHORT_UNITS.get(text, text), UNIT_NAMES)


def read_amount(quantity: object, unit: object = "") -> tuple[Decimal, str]:
    """Quantity and unit: a number with its unit beside it, or together as people say it ("1 kg 681 g").

    Kilogrammes and grammes said together become grammes, to the milligramme.
    """
    if is_blank(quantity):
        raise ValueRefused(msg("Say how much it was."), "required")
    if isinstance(quantity, str) and (parts := _said_together(quantity)):
        if not is_blank(unit) and len(parts) == 1 and read_unit(unit) != parts[0][1]:
            raise ValueRefused(msg("The quantity names another unit than the one chosen beside it."), "two_units")
        return _joined(parts)
    if is_blank(unit):
        raise ValueRefused(msg("Say the unit: %(known)s.", known=", ".join(UNIT_NAMES)), "unit_required")
    return _counted(quantity, read_unit(unit))


def _said_together(text: str) -> list[tuple[str, str]]:
    parts, at = [], 0
    while at < len(text):
        found = _AMOUNT.match(text, at)
        if found is None:
            return []
        parts.append((found["number"], found["unit"]))
        at = found.end()
    return [(number, read_unit(unit)) for number, unit in parts]


def _joined(parts: list[tuple[str, str]]) -> tuple[Decimal, str]:
    if len(parts) == 1:
        return _counted(*parts[0])
    if [unit for _, unit in parts] != ["kg", "g"]:
        raise ValueRefused(msg("Write it as 1 kg 681 g, or as one number with its unit."), "not_an_amount")
    (kg_text, _), (g_text, _) = parts
    whole = read_decimal(kg_text, UNIT_PLACES["kg"], MAX_QUANTITY)
    rest = read_decimal(g_text, UNIT_PLACES["g"], MAX_QUANTITY)
    if whole % 1 or rest >= 1000:
        raise ValueRefused(msg("Write whole kilogrammes and then less than 1000 g."), "not_an_amount")
    return _counted(whole * 1000 + rest, "g", MAX_QUANTITY * 1000)


def _counted(quantity: object, unit: str, maximum: Decimal = MAX_QUANTITY) -> tuple[Decimal, str]:
    number = read_decimal(quantity, UNIT_PLACES.get(unit, 0), maximum)
    if not number:
        raise ValueRefused(msg("The quantity must be more than 0."), "out_of_range")
    return number, unit
