"""The made-up paper of the vehicles: dated papers, three months of fuel, and one accident."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.app import App
from assets.core.clock import local_date
from assets.demo.setting import Setting, logistics_actor, moment
from assets.maintenance.rules.orders import Severity
from assets.people.models import Unit
from assets.registry.models import Asset, EquipmentClass
from assets.registry.service.meters import meter_of, value_at
from assets.registry.service.timeline import Occurrence, happening_now
from assets.telemetry.models import TrackerDay
from assets.vehicles.rules.entries import AccidentGiven, FillGiven, PaperGiven, PaperKind
from assets.vehicles.service.accidents import report_accident
from assets.vehicles.service.fuel import enter_fill
from assets.vehicles.service.papers import enter_paper

SEED = 95
HOME = "IMT-SU"
ISSUERS = {
    PaperKind.INSURANCE: ("Insurer (made up)", Decimal(384_000)),
    PaperKind.INSPECTION: ("Inspection point 4 (made up)", Decimal(92_000)),
    PaperKind.EXTINGUISHER: ("Fire service of the region (made up)", Decimal(45_000)),
}
YEAR_DAYS = 365
# Of the team at home: which vehicle (by its place), which paper, and how many days are left.
SOON, OVER = (0, PaperKind.INSURANCE, 20), (1, PaperKind.INSPECTION, -6)
FUELLED, FUEL_DAYS, BETWEEN_FILLS_DAYS = 6, 90, 6
LITRE_UZS = Decimal(12_300)
STATIONS = ("Fuel station 12 (made up)", "Fuel station 7 (made up)", "Depot of the region")


def make_driving(app: App, made: Setting, now: datetime) -> tuple[int, int]:
    """Enter papers of every vehicle in use, fills of a few, and an accident; answers how many papers and fills."""
    rng = random.Random(SEED)
    with app.reading() as session:
        vehicles = _in_use(session)
        tracked = set(session.scalars(select(TrackerDay.asset_id).distinct()))
    home = [vehicle for vehicle in vehicles if vehicle.unit.code == HOME]
    left = {(home[place].id, kind): days for place, kind, days in (SOON, OVER) if place < len(home)}
    papers = sum(_papers(app, made, unit, vehicles, left, now) for unit in made.units)
    others = [vehicle for vehicle in vehicles if vehicle.id in tracked and vehicle.unit.code != HOME]
    fills = sum(_fills(app, made, vehicle, now, rng) for vehicle in [*home[:3], *others][:FUELLED])
    if home:
        _accident(app, made, home[len(home) // 2], now)
    return papers, fills


def _in_use(session: Session) -> list[Asset]:
    statement = (
        select(Asset)
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .options(joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class))
        .where(EquipmentClass.is_vehicle, Asset.life == "in_service", Asset.annulled_at.is_(None))
        .order_by(Asset.code)
    )
    return list(session.scalars(statement))


def _papers(
    app: App, made: Setting, unit: str, vehicles: Sequence[Asset], left: dict[tuple[int, PaperKind], int], now: datetime
) -> int:
    """The papers of a team's vehicles, as its logistics officer entered them all on one day."""
    actor, at = logistics_actor(made, made.units[unit]), moment(app, now, 8, hour=15)
    today = local_date(now, app.settings.zone)
    mine = [vehicle for vehicle in vehicles if vehicle.unit.code == unit]
    with app.transaction(actor, at) as session:
        for vehicle in mine:
            for place, (kind, (issuer, cost)) in enumerate(ISSUERS.items()):
                # Spread over the year, as they were bought; all but the named ones last more than a month yet.
                days = left.get((vehicle.id, kind), 40 + (vehicle.id * 53 + place * 97) % 300)
                until = today + timedelta(days=days)
                given = PaperGiven(
                    kind.value, until - timedelta(days=YEAR_DAYS - 1), until, f"{26 - place}-{vehicle.id:04d}{place}",
                    issuer, cost,
                )  # fmt: skip
                enter_paper(session, actor, session.get_one(Asset, vehicle.id), given, happening_now(at), at)
    return len(mine) * len(ISSUERS)


def _fills(app: App, made: Setting, vehicle: Asset, now: datetime, rng: random.Random) -> int:
    """Fills of one vehicle: what its odometer shows is what telemetry counted, or what such a vehicle drives."""
    actor, entered = logistics_actor(made, vehicle.unit), 0
    before: Decimal | None = None
    usual = Decimal(rng.randrange(88, 135)) / 1000
    for days_ago in range(FUEL_DAYS, 0, -BETWEEN_FILLS_DAYS):
        at = moment(app, now, days_ago, hour=rng.randrange(8, 19))
        with app.transaction(actor, at) as session:
            asset = session.get_one(Asset, vehicle.id)
            shown = value_at(session, meter_of(session, asset, "odometer_km"), at) or Decimal(0)
            shown = shown.quantize(Decimal(1), ROUND_CEILING)
            if before is not None and shown - before < 1:
                shown = before + rng.randrange(190, 290)
            used = Decimal(32) if before is None else (shown - before) * usual * rng.randrange(93, 108) / 100
            litres = used.quantize(Decimal("0.1"))
            if litres >= 2:
                given = FillGiven(
                    at, min(litres, Decimal(140)), is_full=True, odometer_km=shown,
                    cost=(litres * LITRE_UZS).quantize(Decimal(1)), station=rng.choice(STATIONS),
                )  # fmt: skip
                enter_fill(session, actor, asset, given, happening_now(at), at)
                before, entered = shown, entered + 1
    return entered


def _accident(app: App, made: Setting, vehicle: Asset, now: datetime) -> None:
    happened, told = moment(app, now, 17, hour=7), moment(app, now, 17, hour=9)
    given = AccidentGiven(
        happened,
        "A tractor without lights pulled out of a field road; braked, and touched its trailer with the right wing.",
        injured=False, place="Road to the river crossing, kilometre 31", other_party="Driver of a farm tractor",
        damage="Right front wing dented, indicator broken", police_number="Protocol 26-1184 (made up)",
    )  # fmt: skip
    actor = made.actors["officer"]
    with app.transaction(actor, told) as session:
        asset = session.get_one(Asset, vehicle.id)
        report_accident(session, actor, asset, given, Occurrence(told, told), told, fault=Severity.MINOR)
