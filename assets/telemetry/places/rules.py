"""What a place is, and which of what is said of one can be. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.core.errors import invalid
from assets.core.i18n import Message, msg

DEPOT, WORKSHOP, BORDER_POST, REGION, OTHER = "depot", "workshop", "border_post", "region", "other"
KINDS = (DEPOT, WORKSHOP, BORDER_POST, REGION, OTHER)
KIND_NAMES: Mapping[str, Message] = {
    DEPOT: msg("Depot or yard"),
    WORKSHOP: msg("Workshop"),
    BORDER_POST: msg("Border post"),
    REGION: msg("Region"),
    OTHER: msg("Other place"),
}
DRAWN_KINDS = (DEPOT, WORKSHOP, BORDER_POST, OTHER)
"""Regions come with the product's boundaries; people draw the others."""
LONGEST_NAME = 120
USUAL_MARGIN_M, MOST_MARGIN_M = 50.0, 20_000.0
USUAL_DWELL_S, LONGEST_DWELL_S = 60, 86_400
REGION_MARGIN_M = 2000.0
"""The boundaries that come with the product are true to some hundred metres, in places to a kilometre."""
REGION_DWELL_S = 300


@dataclass(frozen=True)
class PlaceGiven:
    """What is said of a place; `shape` as `shapes` reads it."""

    name: str
    kind: str
    shape: Mapping[str, Any]
    margin_m: float = USUAL_MARGIN_M
    dwell_s: int = USUAL_DWELL_S
    active_from: date | None = None
    active_until: date | None = None

    def checked(self) -> PlaceGiven:
        """The same with a tidy name; `InvalidInput` names the field that cannot be."""
        name = " ".join(self.name.split())
        if not 2 <= len(name) <= LONGEST_NAME:
            raise invalid("name", msg("A name has 2 to %(n)d characters.", n=LONGEST_NAME))
        if self.kind not in DRAWN_KINDS:
            raise invalid("kind", msg("This is one of: %(known)s.", known=", ".join(DRAWN_KINDS)), code="unknown_word")
        if not 0 <= self.margin_m <= MOST_MARGIN_M:
            raise invalid("margin_m", msg("A margin of 0 to %(n)d m.", n=int(MOST_MARGIN_M)))
        if not 0 <= self.dwell_s <= LONGEST_DWELL_S:
            raise invalid("dwell_s", msg("A time of 0 to %(n)d s.", n=LONGEST_DWELL_S))
        if self.active_from is not None and self.active_until is not None and self.active_until <= self.active_from:
            raise invalid("active_until", msg("The end must lie after the beginning."))
        return PlaceGiven(
            name, self.kind, self.shape, self.margin_m, self.dwell_s, self.active_from, self.active_until
        )  # fmt: skip
