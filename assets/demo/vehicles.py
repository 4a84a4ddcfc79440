"""Vehicles of the made-up programme: trackers, and fifteen months of days as they are kept after raw data is gone."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.orm import Session

from assets.core.app import App
from assets.core.clock import day_start, days
from assets.demo.setting import SETUP
from assets.registry.models import Asset
from assets.registry.service.meters import Increment, replace_increments
from assets.settings import Settings
from assets.telemetry import broker
from assets.telemetry.models import TrackerDay
from assets.telemetry.provisioning import add_tracker

PIECE = 2000


@dataclass(frozen=True)
class Driven:
    """One vehicle's local day in its history."""

    day: date
    distance_m: float
    estimated_m: float
    engine_s: float
    idle_s: float
    trips: int


def tracker_id(number: int) -> str:
    """The made-up trackers are numbered."""
    return f"TRK-{number:03d}"


def add_trackers(app: App, vehicles: Sequence[Asset], since: datetime, credentials: Path) -> None:
    """A tracker on each vehicle since the beginning; the fleet's credentials go into a file for its owner alone."""
    host, port = broker.public_address(app.settings)
    entries = []
    with app.transaction(SETUP, since) as session:
        for number, vehicle in enumerate(vehicles, start=1):
            credential = add_tracker(session, tracker_id(number), session.get_one(Asset, vehicle.id), since)
            region = vehicle.unit.region
            depot = {"lat": region.lat + number % 7 / 200, "lon": region.lon + number % 5 / 200, "seed": number}
            entries.append({**credential.shown(host, port), **depot})
    credentials.write_text(json.dumps(entries))
    credentials.chmod(0o600)


def point_at_broker(settings: Settings, credentials: Path) -> None:
    """Tell the fleet where the broker listens now."""
    host, port = broker.public_address(settings)
    entries = [{**entry, "host": host, "port": port} for entry in json.loads(credentials.read_text())]
    credentials.write_text(json.dumps(entries))


def make_days(
    app: App, vehicles: Sequence[Asset], first: date, until: date, since: datetime, rng: random.Random
) -> None:
    """Day rows and odometer for the local days `first` to the day before `until`."""
    with app.transaction(SETUP, since) as session:
        for number, vehicle in enumerate(vehicles, start=1):
            _history(session, app, number, session.get_one(Asset, vehicle.id), (first, until), rng)


def _history(
    session: Session, app: App, number: int, vehicle: Asset, span: tuple[date, date], rng: random.Random
) -> None:
    driven = list(_days(vehicle, span, rng))
    rows = [
        {
            "tracker_id": tracker_id(number), "asset_id": vehicle.id, "day": d.day, "distance_m": d.distance_m,
            "estimated_m": d.estimated_m, "moving_s": d.engine_s - d.idle_s, "idle_s": d.idle_s,
            "engine_s": d.engine_s, "unknown_s": 1800.0 if d.estimated_m else 0.0, "trips": d.trips,
            "samples": 24 + d.trips * 30, "revision": 1,
        }
        for d in driven
    ]  # fmt: skip
    session.execute(insert(TrackerDay), rows)
    zone = app.settings.zone
    bounds = (day_start(span[0], zone), day_start(span[1], zone))
    for kind, amounts in (
        ("odometer_km", [(d.day, d.distance_m / 1000) for d in driven]),
        ("engine_h", [(d.day, d.engine_s / 3600) for d in driven]),
    ):
        increments = [
            Increment(day_start(day, zone) + timedelta(hours=18), Decimal(str(round(amount, 3))), f"history:{day}")
            for day, amount in amounts
            if amount
        ]
        replace_increments(session, vehicle, kind, "telemetry", bounds, increments)


def _days(vehicle: Asset, span: tuple[date, date], rng: random.Random) -> Iterator[Driven]:
    """A vehicle's days: busier in autumn, rarer at weekends, with a few weeks in the workshop."""
    usual_km = rng.uniform(35, 95) * (1.3 if vehicle.equipment_class.code == "vehicle.offroad" else 1.0)
    share = rng.uniform(0.62, 0.93)
    off = {span[0] + timedelta(days=rng.randrange(0, 400) + n) for _ in range(2) for n in range(rng.randrange(1, 9))}
    for day in days(*span):
        season = 1 + 0.18 * math.cos((day.timetuple().tm_yday - 290) / 365 * 2 * math.pi)
        chance = share * (1.0 if day.weekday() < 5 else 0.55 if day.weekday() == 5 else 0.3)
        if day in off or rng.random() > chance:
            yield Driven(day, 0.0, 0.0, 0.0, 0.0, 0)
            continue
        km = max(3.0, rng.lognormvariate(math.log(usual_km * season), 0.45))
        driving_s = km / rng.uniform(34, 52) * 3600
        idle_s = driving_s * rng.uniform(0.15, 0.45)
        estimated = km * rng.uniform(0.02, 0.08) if rng.random() < 0.06 else 0.0
        yield Driven(day, km * 1000, estimated * 1000, driving_s + idle_s, idle_s, rng.randrange(2, 8))
