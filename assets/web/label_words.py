"""What label layouts are called, and how they are offered in a form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from assets.core.i18n import Message, msg
from assets.exchange.label_sheets import BARE_REASONS, label_base
from assets.labels.layouts import LAYOUTS, LETTER_MM, TOO_SMALL, Layout
from assets.registry.queries.labels import every_layout
from assets.registry.rules.label_layouts import symbol_holds
from assets.web.context import the_app, words

LAYOUT_NAMES: dict[str, Message] = {
    "plain-a4": msg("Plain A4 paper with cut lines"),
    "L7160": msg("Avery L7160"),
    "L7161": msg("Avery L7161"),
    "L7159": msg("Avery L7159"),
    "L7162": msg("Avery L7162"),
    "L7163": msg("Avery L7163"),
    "L7651": msg("Avery L7651, small"),
    "L7636": msg("Avery L7636, small"),
    "L4736": msg("Avery L4736, small, can be taken off again"),
    "3490": msg("Avery Zweckform 3490"),
    "5160": msg("Avery 5160, US Letter"),
    "5163": msg("Avery 5163, US Letter"),
    "5267": msg("Avery 5267, US Letter, very small: for light surfaces"),
    "dk-29": msg("Brother DK roll, 29 mm"),
    "dk-62": msg("Brother DK roll, 62 mm"),
    "tape-24": msg("Brother TZe tape, 24 mm"),
    "tape-12": msg("Brother tape, 12 mm"),
    "dymo-99012": msg("Dymo 99012"),
    "dymo-11354": msg("Dymo 11354"),
    "roll-53": msg("Roll, 53 mm"),
}
_GROUPS: dict[str, Message] = {
    "a4": msg("A4 sheets"),
    "letter": msg("US Letter sheets"),
    "roll": msg("Rolls and tapes"),
    "own": msg("Own layouts"),
}


@dataclass(frozen=True)
class Offered:
    """A layout as a form offers it; `bare`: why its symbols hold the code alone, or ''."""

    layout: Layout
    title: str
    bare: str


def layout_title(layout: Layout) -> str:
    """What people call it; an own one has its own name."""
    return words(LAYOUT_NAMES[layout.name]) if layout.name in {**LAYOUTS, **TOO_SMALL} else layout.name


def file_name(layout: str, labels: int) -> str:
    """What the PDF is saved as: the layout's name, as far as it can stand in a file name, and how many labels."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", layout).strip("-")
    return f"labels-{plain}-{labels}.pdf" if plain else f"labels-{labels}.pdf"


def built_in_choices() -> list[tuple[str, str]]:
    """As `layout_choices`, without the office's own layouts and without a query."""
    return [(layout.name, layout_title(layout)) for layout in LAYOUTS.values()]


def layout_choices(session: Session) -> list[tuple[str, str]]:
    """(name, what people call it) of every layout, for a form. One query."""
    return [(layout.name, layout_title(layout)) for layout in every_layout(session)]


def offered_layouts(session: Session) -> list[tuple[str, list[Offered]]]:
    """Every layout by group, for the form that prints. One query."""
    groups: dict[str, list[Offered]] = {name: [] for name in _GROUPS}
    for layout in every_layout(session):
        groups[_group(layout)].append(Offered(layout, layout_title(layout), why_bare(layout)))
    return [(words(_GROUPS[name]), found) for name, found in groups.items() if found]


def _group(layout: Layout) -> str:
    if layout.name not in LAYOUTS:
        return "own"
    if layout.media == "roll":
        return "roll"
    return "letter" if layout.page_mm == LETTER_MM else "a4"


def why_bare(layout: Layout) -> str:
    """Why the symbols of this layout will hold the code alone, in words; empty when they hold the address."""
    reason = symbol_holds(layout, label_base(the_app().settings))
    return words(BARE_REASONS[reason]) if reason else ""
