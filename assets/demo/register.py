"""The made-up register: grants, rounds, and each item of them with a label, as it was taken over."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from assets.core.app import App
from assets.demo.programme import FIRST_TEAMS, GRANTS, MODELS, PROMISES, ROUNDS, Model, Round
from assets.demo.setting import AGENCIES, SETUP, Setting, unit_code
from assets.people.models import Unit
from assets.registry.models import Asset, HandoverBatch
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.service.assets import register_asset
from assets.registry.service.catalogue import BatchDraft, GrantDraft, add_batch, add_grant
from assets.registry.service.targets import TargetDraft, set_target

UNMARKED = ("vehicle.investigation",)
ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ"


def make_register(app: App, made: Setting, now: datetime, rng: random.Random) -> list[Asset]:
    """Register every item as at `now`, with conditions and meters as they were found then."""
    assets: list[Asset] = []
    with app.transaction(SETUP, now) as session:
        batches = _batches(session, made, now)
    for batch, planned in batches:
        with app.transaction(SETUP, now) as session:
            for number, (class_code, unit, model) in enumerate(_items(made, planned)):
                assets.append(_register(session, made, batch, (class_code, unit, model), number, now, rng))
    return assets


def _batches(session: Session, made: Setting, now: datetime) -> list[tuple[HandoverBatch, Round]]:
    donor, agency = made.organisations["JPN"], made.organisations["UNODC"]
    grants = {
        g.code: add_grant(
            session,
            SETUP,
            GrantDraft(
                g.code, g.title, donor, agency, g.en_number, g.ga_number, g.signed, g.signed, amount=g.amount,
                currency=g.currency,
            ),
        )
        for g in GRANTS
    }  # fmt: skip
    for grant in grants.values():
        for promise in PROMISES:
            draft = TargetDraft(promise.kpi, Decimal(promise.value), promise.class_code, promise.note)
            set_target(session, SETUP, grant, draft, now)
    recipients = [made.organisations[code] for code, _ in AGENCIES]
    batches = []
    for planned in ROUNDS:
        value = sum(count * MODELS[code][0].price for code, count in planned.items)
        head = BatchDraft(
            planned.number, grants[planned.grant], planned.on, planned.place, Decimal(value), recipients=recipients
        )
        batches.append((add_batch(session, SETUP, head), planned))
    return batches


def _items(made: Setting, planned: Round) -> Iterator[tuple[str, Unit, Model]]:
    """Each item of a round with its team: the first rounds went to the first six teams, the van to OCT."""
    teams = made.teams
    if planned.on < date(2020, 1, 1):
        teams = [made.units[unit_code(code)] for code in FIRST_TEAMS] * 2 + teams
    turn = 0
    for class_code, count in planned.items:
        models = MODELS[class_code]
        for n in range(count):
            unit = made.units["OCT"] if class_code == "vehicle.forensic_van" else teams[turn % len(teams)]
            turn += 1
            yield class_code, unit, models[n % len(models)]


def _register(
    session: Session,
    made: Setting,
    batch: HandoverBatch,
    item: tuple[str, Unit, Model],
    number: int,
    now: datetime,
    rng: random.Random,
) -> Asset:
    class_code, unit, model = item
    vehicle = class_code.startswith("vehicle.")
    exempt = class_code in UNMARKED
    values: dict[str, object] = {
        "class": class_code,
        "unit": unit.code,
        "model": f"{model.maker} {model.name}",
        "batch": batch.number,
        "agency": AGENCIES[number % len(AGENCIES)][0],
        "serial_number": f"{class_code[-3:].upper()}{batch.handed_over_on:%y}{number:04d}{rng.randrange(100, 999)}",
        "value": str(model.price),
        "currency": "USD",
        "life": "in_service",
        "condition": rng.choices("ABC", (55, 35, 10))[0],
        "title_status": "title_transferred",
        "visibility_mark": "exempt" if exempt else rng.choices(("applied", "missing", "damaged"), (90, 7, 3))[0],
        "received_on": batch.handed_over_on.isoformat(),
        "in_service_on": (batch.handed_over_on + timedelta(days=rng.randrange(3, 30))).isoformat(),
    }
    if exempt:
        values["exemption_reason"] = "covert_use"
    if vehicle:
        years = (now.date() - batch.handed_over_on).days / 365.25
        values["vin"] = f"XWB{''.join(rng.choices(ALPHABET, k=5))}{rng.randrange(10**8, 10**9)}"
        values["plate"] = _plate(unit, rng)
        values["odometer_km"] = str(int(years * rng.uniform(13_000, 24_000)))
        values["engine_h"] = str(int(years * rng.uniform(450, 900)))
    return register_asset(session, SETUP, parse_asset(values), now)


def _plate(unit: Unit, rng: random.Random) -> str:
    first = 10 + unit.id % 85
    return f"{first:02d} {rng.randrange(100, 1000)} {''.join(rng.choices(ALPHABET, k=3))}"
