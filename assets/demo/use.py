"""Fifteen months of issues, returns and sightings of the made-up equipment, in the order in which they happened."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.app import App
from assets.core.clock import local_date
from assets.core.errors import RuleViolation
from assets.custody.service import field, handover
from assets.custody.service.use import UseGiven
from assets.demo.operations import Diary
from assets.demo.setting import SETUP, Setting, logistics_actor
from assets.people.models import Person, Unit
from assets.registry.models import Asset
from assets.registry.service.timeline import Occurrence

# How often an item of a class goes out in a month, and how much it is used each time.
RHYTHM: dict[str, tuple[float, int]] = {
    "search.density_meter": (0.7, 14),
    "search.videoscope": (0.56, 9),
    "search.fiberscope": (0.35, 5),
    "ident.raman": (0.77, 18),
    "ident.ftir": (0.42, 8),
    "ident.ims_trace": (0.7, 30),
    "ident.xrf": (0.21, 4),
    "search.xray": (0.56, 12),
    "search.backscatter": (0.56, 20),
    "search.gas_probe": (0.35, 10),
    "radiation.prd": (0.28, 40),
    "search.mirror_uvss": (0.24, 25),
    "kit": (0.42, 6),
}
SIGHTINGS_A_YEAR = 2.2
NAMES_OPERATION = 0.55


@dataclass(frozen=True)
class Step:
    """One thing that happens to one asset."""

    at: datetime
    asset_id: int
    kind: str
    amount: int = 0
    began: datetime | None = None


def make_use(
    app: App,
    made: Setting,
    assets: Sequence[Asset],
    since: datetime,
    until: datetime,
    leaving: Mapping[int, datetime],
    diary: Diary,
    rng: random.Random,
) -> int:
    """Carry out every step until an asset leaves through the custody services; answers how many were carried out.

    Of what comes back, about half was used in an operation of the team's `diary`, where there was one in those days.
    """
    steps = sorted(
        (step for asset in assets for step in _steps(asset, since, leaving.get(asset.id, until), rng)),
        key=lambda s: (s.at, s.asset_id),
    )
    done = 0
    for _, month in groupby(steps, key=lambda step: (step.at.year, step.at.month, step.at.day // 8)):
        part = list(month)
        with app.transaction(SETUP, part[-1].at) as session:
            done += _carry_out(session, app, made, part, diary, rng)
    return done


def _steps(asset: Asset, since: datetime, until: datetime, rng: random.Random) -> Iterator[Step]:
    code = asset.equipment_class.code
    span_days = (until - since).days
    for _ in range(rng.choices((1, 2, 3, 4), (1, 4, 3, 1))[0]):
        if rng.random() < SIGHTINGS_A_YEAR / 2.4:
            at = since + timedelta(days=rng.uniform(5, span_days), hours=rng.uniform(0, 3))
            yield Step(min(at, until - timedelta(hours=3)), asset.id, "sighting")
    if code not in RHYTHM:
        return
    a_month, usual = RHYTHM[code]
    at = since + timedelta(days=rng.expovariate(a_month / 30))
    # Some items hardly move, as in every store: a summary must be able to show it.
    slow = 6.0 if rng.random() < 0.08 else 1.0
    while True:
        at = at.replace(hour=3, minute=rng.randrange(60), second=0, microsecond=0)
        back = at + timedelta(days=rng.choice((1, 2, 3, 5, 8, 12)), hours=9)
        if at >= until - timedelta(hours=1):
            return
        yield Step(at, asset.id, "issue")
        if back < until - timedelta(hours=1):
            yield Step(back, asset.id, "return", max(1, int(rng.gauss(usual, usual / 3))), at)
        at = back + timedelta(days=slow * rng.expovariate(a_month / 22))


def _carry_out(
    session: Session, app: App, made: Setting, steps: Sequence[Step], diary: Diary, rng: random.Random
) -> int:
    wanted = {step.asset_id for step in steps}
    assets = {
        asset.id: asset
        for asset in session.scalars(
            select(Asset)
            .options(joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class))
            .where(Asset.id.in_(wanted))
        )
    }
    everybody = session.scalars(select(Person).options(joinedload(Person.unit)).order_by(Person.id)).unique().all()
    persons = {code: [p for p in everybody if p.unit.code == code] for code in made.units}
    done = 0
    for step in steps:
        try:
            with session.begin_nested():
                _do(session, app, made, assets[step.asset_id], step, persons, diary, rng)
            done += 1
        except RuleViolation:
            continue  # what may not be issued on that day (out of calibration, in repair) stays in the store
    return done


def _do(
    session: Session,
    app: App,
    made: Setting,
    asset: Asset,
    step: Step,
    persons: dict[str, list[Person]],
    diary: Diary,
    rng: random.Random,
) -> None:
    occurrence = Occurrence(step.at, step.at)
    if step.kind == "sighting":
        condition = rng.choices("ABC", (60, 34, 6))[0]
        field.sight(session, made.actors["monitor"], asset, occurrence, condition=condition)
        return
    actor = logistics_actor(made, asset.unit)
    if step.kind == "issue":
        person = rng.choice(persons[asset.unit.code])
        handover.issue(session, actor, asset, person, occurrence, app.settings.zone)
        return
    hours = asset.equipment_class.usage_meter in {"hours", "engine_h"}
    contribution = rng.choices(("none", "supported", "decisive"), (80, 17, 3))[0]
    operation = ""
    if step.began is not None and rng.random() < NAMES_OPERATION:
        zone = app.settings.zone
        operation = diary.operation(asset.unit.code, local_date(step.began, zone), local_date(step.at, zone))
    use = UseGiven(
        count=None if hours else step.amount,
        hours=Decimal(step.amount) if hours else None,
        operation=operation,
        contribution=contribution,
    )
    condition = rng.choices("ABC", (62, 34, 4))[0]
    handover.return_asset(session, actor, asset, occurrence, condition=condition, use=use)
