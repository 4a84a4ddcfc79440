"""A small world for tests: three regions, four units, two agencies, a donor, persons and an account for each role."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from assets.core.actor import Actor, system_actor
from assets.core.app import App
from assets.people import service
from assets.people.models import Account, Organisation, Person, Region, Unit
from assets.people.queries import actor_of
from assets.people.rules import Role
from assets.registry.models import EquipmentClass
from assets.registry.rules.classes import CLASSES
from tests.support.snapshots import Snapshot, snapshot_of

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
PASSWORD = "Sinov-parol-2026"
SETUP = system_actor("tests")


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, step: timedelta) -> datetime:
        self.now += step
        return self.now


@dataclass
class World:
    """What was made: by code, number and login. Logins are role names; `officer2` and `logistics2` belong to FA."""

    regions: dict[str, Region] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    classes: dict[str, EquipmentClass] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)


def build_world(app: App, now: datetime) -> World:
    """Seed the world in one transaction."""
    world = World()
    with app.transaction(SETUP, now) as session:
        _places(session, world)
        _accounts(session, world, now)
        for code, defaults in CLASSES.items():
            world.classes[code] = EquipmentClass(
                code=code, name=defaults.name, usage_meter=defaults.usage_meter or "", is_vehicle=defaults.is_vehicle
            )
            session.add(world.classes[code])
        session.flush()
        for login, account in world.accounts.items():
            world.actors[login] = actor_of(account, now, "tests")
    return world


class KeptWorld:
    """The world is made once on each engine by the services; a later test gets its rows, and objects of its own."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Snapshot, bytes]] = {}

    def put_into(self, app: App, now: datetime) -> World:
        """The world in an application without rows."""
        if now != START:
            return build_world(app, now)
        if app.main.dialect not in self._kept:
            world = build_world(app, now)
            self._kept[app.main.dialect] = snapshot_of(app), pickle.dumps(world)
            return world
        rows, objects = self._kept[app.main.dialect]
        rows.put_into(app)
        kept: World = pickle.loads(objects)  # noqa: S301  # made above
        return kept


def _places(session: Session, world: World) -> None:
    for code, name, lat, lon in (
        ("UZ-TK", "Tashkent City", 41.26465, 69.21627),
        ("UZ-FA", "Fergana", 40.38421, 71.78432),
        ("UZ-SU", "Surkhandarya", 37.22417, 67.27833),
    ):
        world.regions[code] = service.add_region(
            session, SETUP, code=code, name_en=name, name_uz=name, name_ru=name, lat=lat, lon=lon
        )
    for code, name, region, kind in (
        ("OCT", "Operational coordination team", "UZ-TK", "oct"),
        ("IMT-TK", "Toshkent shahri guruhi", "UZ-TK", "imt"),
        ("IMT-FA", "Fargʻona viloyati guruhi", "UZ-FA", "imt"),
        ("IMT-SU", "Сурхандарьинская межведомственная мобильная группа", "UZ-SU", "imt"),
    ):
        world.units[code] = service.add_unit(
            session, SETUP, code=code, name=name, region=world.regions[region], kind=kind
        )
    for code, kind, name in (
        ("CUSTOMS", "agency", "Customs committee"),
        ("MIA", "agency", "Ministry of internal affairs"),
        ("JPN", "donor", "Government of Japan"),
        ("OTHER", "donor", "Another donor"),
        ("UNODC", "implementing_agency", "UNODC"),
        ("CALLAB", "workshop", "Calibration laboratory"),
    ):
        world.organisations[code] = service.add_organisation(session, SETUP, code=code, kind=kind, name=name)
    for number, unit, name in (
        ("P-001", "IMT-TK", "Karimov Sardor Baxtiyor oʻgʻli"),
        ("P-002", "IMT-TK", "Юлдашева Гульчехра Абдурахмановна"),
        ("P-101", "IMT-FA", "Gʻaniyeva Oʻgʻiloy"),
    ):
        world.persons[number] = service.add_person(
            session, SETUP, number=number, unit=world.units[unit], name=name, organisation=world.organisations["MIA"]
        )


def _accounts(session: Session, world: World, now: datetime) -> None:
    everything, tashkent = service.Scope(), service.Scope(unit=world.units["IMT-TK"])
    fergana, japan = service.Scope(unit=world.units["IMT-FA"]), service.Scope(donor=world.organisations["JPN"])
    rows: tuple[tuple[str, Role, service.Scope, str | None], ...] = (
        ("administrator", Role.ADMINISTRATOR, everything, None),
        ("coordinator", Role.COORDINATOR, everything, None),
        ("approver", Role.APPROVER, everything, None),
        ("commander", Role.COMMANDER, tashkent, None),
        ("logistics_officer", Role.LOGISTICS_OFFICER, tashkent, "P-001"),
        ("officer", Role.OFFICER, tashkent, "P-002"),
        ("technician", Role.TECHNICIAN, everything, None),
        ("monitor", Role.MONITOR, everything, None),
        ("donor", Role.DONOR, japan, None),
        ("auditor", Role.AUDITOR, everything, None),
        ("logistics2", Role.LOGISTICS_OFFICER, fergana, "P-101"),
        ("officer2", Role.OFFICER, fergana, "P-101"),
    )
    # A cheap hash, made once: the real one takes a fifth of a second for each account.
    password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    for login, role, scope, person in rows:
        account = Account(
            login=login,
            password_hash=password_hash,
            person=world.persons[person] if person else None,
            email=f"{login}@example.org",
            created_at=now,
        )
        session.add(account)
        service.grant_role(session, SETUP, account, role=role, scope=scope, now=now)
        world.accounts[login] = account
