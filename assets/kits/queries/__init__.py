"""Reads of kits: contents for a page or a register at once, a page of kits, and the story of one."""

from assets.kits.queries.contents import blocking_condition, contents, parts_at
from assets.kits.queries.pages import (
    KitFilter,
    Row,
    checks_of,
    kit_codes_of,
    kit_of_part,
    kits_page,
    lots_for_kit,
)

__all__ = [
    "KitFilter",
    "Row",
    "blocking_condition",
    "checks_of",
    "contents",
    "kit_codes_of",
    "kit_of_part",
    "kits_page",
    "lots_for_kit",
    "parts_at",
]
