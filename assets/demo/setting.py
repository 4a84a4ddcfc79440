"""The setting of the made-up programme: regions, teams, organisations, numbered persons, an account for each role."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from assets.core.actor import Actor, system_actor
from assets.core.app import App
from assets.core.clock import day_start, local_date
from assets.demo.programme import PASSWORD, ROLES
from assets.people import service
from assets.people.models import Account, Organisation, Person, Region, Unit
from assets.people.queries import actor_of
from assets.people.rules import Role
from assets.registry.service.catalogue import ensure_classes

SETUP = system_actor("demonstration")
PERSONS_PER_UNIT = 6
AGENCIES = (
    ("MIA", "Ministry of Internal Affairs"),
    ("SSS", "State Security Service"),
    ("CUSTOMS", "Customs Committee"),
)


@dataclass
class Setting:
    """What was made, by code; `actors` by login, and one logistics officer for each unit by the unit's code."""

    regions: dict[str, Region] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    persons: dict[str, list[Person]] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)

    @property
    def teams(self) -> list[Unit]:
        """The 14 teams, by code."""
        return [self.units[code] for code in sorted(self.units) if code != "OCT"]


def unit_code(region_code: str) -> str:
    """The team of a region: UZ-FA has IMT-FA."""
    return f"IMT-{region_code.removeprefix('UZ-')}"


def make_setting(app: App, now: datetime) -> Setting:
    """Make everything but equipment, as it stood at `now`."""
    made = Setting()
    with app.transaction(SETUP, now) as session:
        ensure_classes(session, SETUP)
        _places(session, made)
        _organisations(session, made)
        _persons(session, made)
        _accounts(session, made, now)
    with app.reading() as session:
        accounts = session.scalars(select(Account).options(selectinload(Account.grants)))
        made.actors.update({a.login: actor_of(a, now, "demonstration") for a in accounts})
    return made


def _places(session: Session, made: Setting) -> None:
    text = resources.files("assets.people").joinpath("data/regions.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        code = row.pop("iso_3166_2")
        region = service.add_region(
            session, SETUP, **{**row, "code": code, "lat": float(row["lat"]), "lon": float(row["lon"])}
        )
        made.regions[code] = region
        name = f"Interagency mobile team, {region.name_en}"
        made.units[unit_code(code)] = service.add_unit(session, SETUP, code=unit_code(code), name=name, region=region)
    made.units["OCT"] = service.add_unit(
        session, SETUP, code="OCT", name="Operational coordination team", region=made.regions["UZ-TK"], kind="oct"
    )


def _organisations(session: Session, made: Setting) -> None:
    rows = [(code, "agency", name) for code, name in AGENCIES]
    rows += [
        ("JPN", "donor", "Government of Japan"),
        ("UNODC", "implementing_agency", "United Nations Office on Drugs and Crime"),
        ("STANDART", "workshop", "State metrology laboratory (made up)"),
        ("SERVIS", "workshop", "Vehicle workshop (made up)"),
    ]
    for code, kind, name in rows:
        made.organisations[code] = service.add_organisation(session, SETUP, code=code, kind=kind, name=name)


def _persons(session: Session, made: Setting) -> None:
    agencies = [made.organisations[code] for code, _ in AGENCIES]
    for unit in made.units.values():
        short = unit.code.removeprefix("IMT-")
        made.persons[unit.code] = [
            service.add_person(
                session,
                SETUP,
                number=f"{short}-{n:02d}",
                unit=unit,
                name=f"Officer {short}-{n:02d}",
                organisation=agencies[n % len(agencies)],
            )
            for n in range(1, PERSONS_PER_UNIT + 1)
        ]


def _accounts(session: Session, made: Setting, now: datetime) -> None:
    first: Account | None = None
    for number, (login, role, place) in enumerate(ROLES):
        unit = made.units.get(unit_code(place)) if place.startswith("UZ-") else None
        scope = service.Scope(unit=unit, donor=made.organisations[place] if place and unit is None else None)
        account = service.add_account(
            session, SETUP, login=login, password=PASSWORD, role=Role(role), scope=scope, now=now,
            person=made.persons[unit.code][number % PERSONS_PER_UNIT] if unit else None,
            email=f"{login}@example.org",
        )  # fmt: skip
        first = first or account
    # One logistics officer for each other team, with the same password; hashing it once each would only cost time.
    for unit in made.teams:
        if unit.code != unit_code("UZ-SU") and first is not None:
            login = f"logistics-{unit.code.removeprefix('IMT-').lower()}"
            account = Account(
                login=login,
                password_hash=first.password_hash,
                person=made.persons[unit.code][0],
                email=f"{login}@example.org",
                created_at=now,
            )
            session.add(account)
            service.grant_role(
                session, SETUP, account, role=Role.LOGISTICS_OFFICER, scope=service.Scope(unit=unit), now=now
            )


def logistics_actor(made: Setting, unit: Unit) -> Actor:
    """The logistics officer of a team; OCT's things are handled by the coordinator."""
    if unit.code == "OCT":
        return made.actors["coordinator"]
    short = unit.code.removeprefix("IMT-").lower()
    return made.actors.get(f"logistics-{short}", made.actors["logistics"])


def moment(app: App, now: datetime, days_ago: int, hour: int = 10) -> datetime:
    """An hour of the local day so many days ago; never later than an hour before now."""
    zone = app.settings.zone
    begin = day_start(local_date(now, zone) - timedelta(days=days_ago), zone)
    return min(begin + timedelta(hours=hour), now - timedelta(hours=1))
