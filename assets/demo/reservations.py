"""The made-up reservations of the one forensic van."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from assets.core.app import App
from assets.core.clock import day_start, local_date
from assets.demo.setting import Setting, logistics_actor
from assets.people.models import Unit
from assets.registry.models import Asset
from assets.reservations import service
from assets.reservations.queries import reservation_by_id
from assets.reservations.rules import SHARED_BY_DEFAULT
from assets.reservations.service.asking import Wish


@dataclass(frozen=True)
class Asked:
    """What a unit asked for: from which day ahead, so many hours from an hour on, and what became of it."""

    unit: str
    days_ahead: int
    hour: int
    hours: int
    purpose: str
    answer: str


ASKED = (
    Asked("IMT-FA", 1, 0, 48, "Two scenes in the valley, samples to be sealed on the spot", "approve"),
    Asked("IMT-SU", 4, 8, 10, "Training of the new crew at the river crossing", ""),
    Asked("OCT", 6, 9, 4, "Yearly check of the laboratory's fittings", ""),
    Asked("IMT-TK", 8, 0, 24, "Stands in reserve for the weekend", "decline"),
    Asked("IMT-SA", 11, 0, 72, "Joint checkpoint on the western road", ""),
)


def make_reservations(app: App, made: Setting, assets: Sequence[Asset], now: datetime) -> int:
    """Ask for the van as in `ASKED` and answer some; answers how many."""
    van = next(asset for asset in assets if asset.equipment_class.code in SHARED_BY_DEFAULT)
    today, zone = local_date(now, app.settings.zone), app.settings.zone
    keeper = logistics_actor(made, made.units[van.unit.code])
    for asked in ASKED:
        unit = made.units[asked.unit]
        start = day_start(today + timedelta(days=asked.days_ahead), zone) + timedelta(hours=asked.hour)
        wish = Wish(start, start + timedelta(hours=asked.hours), asked.purpose)
        actor = logistics_actor(made, unit)
        with app.transaction(actor, now) as session:
            made_id = service.ask(session, actor, van.code, session.get_one(Unit, unit.id), wish, now).id
        with app.transaction(keeper, now) as session:
            found = reservation_by_id(session, keeper, made_id, lock=True)
            if asked.answer == "approve":
                service.approve(session, keeper, found, now)
            elif asked.answer == "decline":
                service.decline(session, keeper, found, "The laboratory is being refitted that day", now)
    return len(ASKED)
