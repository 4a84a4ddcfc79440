"""Two years of made-up operations: what the teams did, what they found, and what the equipment had to do with it.

Seizures are heavy-tailed as in the field: most weigh some hundred grammes, a few outweigh all the others of a year.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.clock import local_date
from assets.demo.setting import AGENCIES, SETUP, Setting, logistics_actor
from assets.operations.models import Operation
from assets.operations.rules.fields import parse_operation
from assets.operations.service import annul_operation, close_operation, correct_operation, record_operation
from assets.people.models import Unit
from assets.registry.models import Asset

SEED = 263
DAYS = 730
# A month of a usual team; those on the border and on the main roads are busier.
A_MONTH = 1.7
BUSIER: dict[str, float] = {"IMT-SU": 2.1, "IMT-TK": 1.6, "IMT-SI": 1.5, "IMT-FA": 1.3, "IMT-QA": 1.3, "IMT-BU": 1.2}
STILL_OPEN_DAYS = 9
KINDS: dict[str, tuple[int, tuple[int, int], float]] = {
    # weight, days that it takes, how often something is found
    "patrol": (30, (0, 0), 0.35),
    "checkpoint": (26, (0, 1), 0.5),
    "search": (20, (0, 0), 0.62),
    "joint_operation": (19, (0, 3), 0.72),
    "controlled_delivery": (5, (2, 9), 0.9),
}
# Weight, and how it is weighed or counted: a median mass in kg with its spread, or a usual count of a unit.
SUBSTANCES: dict[str, tuple[int, float, str]] = {
    "opium": (27, 0.42, "kg"),
    "cannabis_resin": (23, 0.55, "kg"),
    "heroin": (16, 0.24, "kg"),
    "cannabis_herb": (15, 0.3, "kg"),
    "pregabalin": (6, 420, "tablets"),
    "tropicamide": (4, 60, "ampoules"),
    "methamphetamine": (4, 0.09, "kg"),
    "synthetic_cathinones": (3, 0.06, "kg"),
    "cannabis_plant": (2, 35, "plants"),
    "acetic_anhydride": (1, 18, "l"),
}
SPREAD, MOST_KG = 1.75, 160.0
PLACES_TO_HIDE = ("spare wheel", "fuel tank", "door panel", "luggage", "load of fruit", "on the body", "")
HELPERS = ("search.", "ident.", "vehicle.", "kit", "radiation.")


@dataclass(frozen=True)
class Plan:
    """One operation that is to be recorded: by whom and when, and what becomes of it."""

    values: dict[str, Any]
    unit: Unit
    recorded_at: datetime
    fate: str = "closed"


@dataclass(frozen=True)
class Held:
    """An operation as uses name it: its code, its days, and the units that took part."""

    code: str
    first: date
    last: date
    units: frozenset[str]
    counts: bool


class Diary:
    """What each team was at on which day, for the uses that name an operation."""

    def __init__(self, held: Sequence[Held]) -> None:
        self.count = len(held)
        self._of_unit: dict[str, list[Held]] = defaultdict(list)
        for each in held:
            for unit in each.units:
                self._of_unit[unit].append(each)

    def operation(self, unit: str, first: date, last: date) -> str:
        """The code of an operation of the unit within these days; '' when there was none."""
        return next((each.code for each in self._of_unit[unit] if each.first <= last and each.last >= first), "")


def make_operations(app: App, made: Setting, assets: Sequence[Asset], since: datetime, now: datetime) -> Diary:
    """Record, close and here and there correct two years of operations.

    What lies before `since`, when the product began, was taken over from paper.
    """
    rng = random.Random(SEED)
    today = local_date(now, app.settings.zone)
    plans = sorted(_plans(app, made, assets, since, now, rng), key=lambda plan: plan.recorded_at)
    held: list[Held] = []
    for _, month in groupby(plans, key=lambda plan: (plan.recorded_at.year, plan.recorded_at.month)):
        part = list(month)
        with app.transaction(SETUP, part[-1].recorded_at) as session:
            held += [_carry_out(session, made, plan, now, today) for plan in part]
    return Diary([each for each in held if each.counts])


def _plans(
    app: App, made: Setting, assets: Sequence[Asset], since: datetime, now: datetime, rng: random.Random
) -> Iterator[Plan]:
    zone = app.settings.zone
    today = local_date(now, zone)
    classes: dict[int, list[str]] = defaultdict(list)
    for asset in assets:
        code = asset.equipment_class.code
        if code.startswith(HELPERS) and code not in classes[asset.unit_id]:
            classes[asset.unit_id].append(code)
    for unit in made.teams:
        rate = A_MONTH * BUSIER.get(unit.code, 1.0) * rng.uniform(0.75, 1.25)
        day = today - timedelta(days=DAYS)
        while (day := day + timedelta(days=math.ceil(rng.expovariate(rate / 30)))) < today:
            values = _values(made, unit, day, today, sorted(classes[unit.id]), rng)
            ended = date.fromisoformat(values["ends_on"])
            evening = datetime.combine(ended, time(19, rng.randrange(60)), tzinfo=zone)
            written = max(evening, since + timedelta(hours=3))
            fate = "open" if (today - ended).days < STILL_OPEN_DAYS and rng.random() < 0.5 else "closed"
            if fate == "closed" and rng.random() < 0.02:
                fate = rng.choice(("corrected", "corrected", "annulled"))
            if fate == "open":
                values.pop("ends_on")
            yield Plan(values, unit, min(written, now - timedelta(hours=1)), fate)
        # Each team is at something now, so that what comes back can name it.
        going_on = _values(made, unit, today - timedelta(days=1), today, sorted(classes[unit.id]), rng)
        going_on.pop("ends_on")
        yield Plan(going_on, unit, now - timedelta(hours=1), "open")


def _values(
    made: Setting, unit: Unit, day: date, today: date, classes: Sequence[str], rng: random.Random
) -> dict[str, Any]:
    kind = rng.choices(list(KINDS), [weight for weight, _, _ in KINDS.values()])[0]
    _, (shortest, longest), finds_something = KINDS[kind]
    ends_on = min(day + timedelta(days=rng.randint(shortest, longest)), today - timedelta(days=1))
    ends_on = max(day, ends_on)
    found = rng.random() < finds_something
    agencies = [code for code, _ in AGENCIES]
    values: dict[str, Any] = {
        "kind": kind,
        "unit": unit.code,
        "starts_on": day.isoformat(),
        "ends_on": ends_on.isoformat(),
        "agencies": rng.sample(agencies, rng.choice((2, 2, 3)) if kind == "joint_operation" else 1),
        "arrests": rng.choices((0, 1, 2, 3, 5), (46, 33, 14, 5, 2))[0] if found else 0,
    }
    if kind == "controlled_delivery":
        values["delivery"] = "international" if rng.random() < 0.3 else "internal"
    if kind == "joint_operation" and rng.random() < 0.3:
        values["units"] = [rng.choice([other.code for other in made.teams if other.code != unit.code])]
    if kind in {"checkpoint", "search"}:
        values["searches"] = rng.randint(4, 60) if kind == "checkpoint" else rng.randint(1, 9)
        values["finds"] = min(values["searches"], rng.choice((1, 1, 2))) if found else 0
    if found:
        values["seizures"] = [_seizure(day, ends_on, rng) for _ in range(rng.choice((1, 1, 1, 2)))]
    values["contributions"] = {
        code: rng.choices(("none", "supported", "decisive"), (40, 45, 15) if found else (80, 20, 0))[0]
        for code in rng.sample(classes, min(len(classes), rng.choice((0, 1, 2, 2, 3))))
    }
    return values


def _seizure(first: date, last: date, rng: random.Random) -> dict[str, Any]:
    chosen = dict.fromkeys(
        rng.choices(list(SUBSTANCES), [weight for weight, _, _ in SUBSTANCES.values()], k=rng.choice((1, 1, 1, 2)))
    )
    return {
        "seized_on": (first + timedelta(days=rng.randint(0, (last - first).days))).isoformat(),
        "concealment": rng.choice(PLACES_TO_HIDE),
        "items": [_item(substance, rng) for substance in chosen],
    }


def _item(substance: str, rng: random.Random) -> dict[str, Any]:
    _, usual, unit = SUBSTANCES[substance]
    if unit != "kg":
        return {"substance": substance, "quantity": max(1, round(usual * rng.lognormvariate(0, 0.7))), "unit": unit}
    grammes = round(min(MOST_KG, usual * rng.lognormvariate(0, SPREAD)) * 1000, 1 if usual < 0.1 else 0)
    if grammes >= 1000:
        whole, rest = divmod(int(grammes), 1000)
        return {"substance": substance, "quantity": f"{whole} kg {rest} g"}
    return {"substance": substance, "quantity": Decimal(str(max(0.5, grammes))), "unit": "g"}


def _carry_out(session: Session, made: Setting, plan: Plan, now: datetime, today: date) -> Held:
    officer, coordinator = logistics_actor(made, plan.unit), made.actors["coordinator"]
    operation = record_operation(session, officer, parse_operation(plan.values), plan.recorded_at)
    if plan.fate != "open":
        later = min(now, plan.recorded_at + timedelta(days=2))
        close_operation(session, coordinator, operation, later)
        _afterwards(session, coordinator, operation, plan.fate, min(now, later + timedelta(days=3)))
    first = date.fromisoformat(plan.values["starts_on"])
    units = frozenset({plan.unit.code, *plan.values.get("units", ())})
    return Held(operation.code, first, operation.ends_on or today, units, plan.fate != "annulled")


def _afterwards(session: Session, coordinator: Actor, operation: Operation, fate: str, at: datetime) -> None:
    if fate == "corrected":
        change = parse_operation({"arrests": operation.arrests + 1}, partial=True)
        correct_operation(session, coordinator, operation, change, "One more arrest, by the protocol of the court", at)
    elif fate == "annulled":
        annul_operation(session, coordinator, operation, "Recorded twice, by both teams", at)
