"""The made-up places, and one vehicle whose tracker told of trouble and then fell silent: what alarms look like."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from assets.core.actor import Actor
from assets.core.app import App
from assets.demo.setting import SETUP, Setting, moment
from assets.demo.vehicles import tracker_id
from assets.people.models import Unit
from assets.registry.models import Asset
from assets.telemetry.alarms import contact, service, watch
from assets.telemetry.days import to_ms
from assets.telemetry.ingest import Ingest
from assets.telemetry.messages import Envelope
from assets.telemetry.models import Alarm
from assets.telemetry.places import visits
from assets.telemetry.places.rules import BORDER_POST, DEPOT, WORKSHOP, PlaceGiven
from assets.telemetry.places.service import add_place
from assets.telemetry.places.shapes import read_circle, read_outline
from assets.telemetry.provisioning import add_tracker

LIFE = "5c1e0d42"
YARD_M = 350.0
# Days ago, hour, word, and how many hours it took until it was heard.
STORY: tuple[tuple[int, int, str, int], ...] = (
    (9, 9, "power_cut", 0), (9, 11, "power_back", 0), (6, 15, "tamper", 0), (5, 8, "crash", 5), (3, 14, "tow", 0),
    (2, 20, "low_battery", 0),
)  # fmt: skip
OUTLINE = "{s} {w}\n{n} {w}\n{n} {e}\n{s} {e}"


def make_watching(app: App, made: Setting, on_road: Sequence[Asset], spare: Asset | None, now: datetime) -> str:
    """Draw the yards of the units whose vehicles are tracked, and tell the story of one more; answers a line."""
    places = _places(app, made, on_road, now)
    if spare is not None:
        _story(app, spare, len(on_road) + 1, now)
        _handle(app, made.actors["coordinator"], now)
    contact.judge(app, now)
    visits.derive_changed(app, now)
    with app.reading() as session:
        alarms = len(session.scalars(select(Alarm.id)).all())
    return f"{places} places and {alarms} alarms"


def _places(app: App, made: Setting, on_road: Sequence[Asset], now: datetime) -> int:
    """A yard for each unit, where its first vehicle has its simulated depot; a workshop and a border post."""
    who, at = made.actors["coordinator"], moment(app, now, 20)
    yards: dict[str, tuple[float, float]] = {}
    for number, vehicle in enumerate(on_road, start=1):
        region = vehicle.unit.region
        # As the simulated vehicles are told where they are at home.
        yards.setdefault(vehicle.unit.code, (region.lat + number % 7 / 200, region.lon + number % 5 / 200))
    with app.transaction(who, at) as session:
        for code, (lat, lon) in yards.items():
            unit = session.get_one(Unit, made.units[code].id)
            given = PlaceGiven(f"Yard, {unit.region.name_en}", DEPOT, read_circle(lat, lon, YARD_M))
            add_place(session, who, given, unit)
        tashkent, south = made.regions["UZ-TK"], made.regions["UZ-SU"]
        workshop = {"s": tashkent.lat, "n": tashkent.lat + 0.002, "w": tashkent.lon, "e": tashkent.lon + 0.003}
        for given in (
            PlaceGiven("Vehicle workshop (made up)", WORKSHOP, read_outline(OUTLINE.format(**workshop)), dwell_s=600),
            PlaceGiven("River crossing (made up)", BORDER_POST, read_circle(south.lat + 0.01, south.lon, 600)),
        ):
            add_place(session, who, given, None)
    return len(yards) + 2


def _story(app: App, vehicle: Asset, number: int, now: datetime) -> None:
    """What the tracker of one more vehicle told in these days, as ingest heard it."""
    begin = moment(app, now, 12)
    with app.transaction(SETUP, begin) as session:
        add_tracker(session, tracker_id(number), session.get_one(Asset, vehicle.id), begin)
    region, ingest = vehicle.unit.region, Ingest(app)
    for seq, (days_ago, hour, word, hours_late) in enumerate(STORY):
        at = moment(app, now, days_ago, hour)
        heard = at + timedelta(hours=hours_late, seconds=2)
        sample = {
            "t": at.timestamp(), "up": round((at - begin).total_seconds()) + 100, "lat": region.lat, "lon": region.lon,
            "fix": 3, "ign": False, "vext": 0.0 if word == "power_cut" else 12.4, "ev": [word],
        }  # fmt: skip
        body = {"v": 1, "life": LIFE, "boot": 1, "seq": seq, "samples": [sample]}
        topic = f"imt/v1/{tracker_id(number)}/report"
        ingest.receive([Envelope(topic, json.dumps(body).encode(), to_ms(heard))], heard)
    while watch.look(app, now):
        pass


def _handle(app: App, who: Actor, now: datetime) -> None:
    """What was done about it: one is closed with words, one is taken on."""
    with app.reading() as session:
        ids = {alarm.kind: alarm.id for alarm in session.scalars(select(Alarm))}
    at = moment(app, now, 1, 9)
    with app.transaction(who, at) as session:
        service.close(session, who, ids["tamper"], "The cover was opened to read the SIM number", at)
        service.acknowledge(session, who, ids["tow"], at)
