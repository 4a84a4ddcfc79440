"""The first administrator: a person of a unit, and the account."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from assets.cli.output import command_line_actor
from assets.core.app import App
from assets.people import queries, service
from assets.people.models import Account, Person, Unit
from assets.people.rules import Role, check_login


@dataclass(frozen=True)
class Administrator:
    """Who is to administer. `number` is the person's service number; without units there is an account only."""

    login: str
    password: str
    number: str
    name: str = ""
    email: str = ""
    unit: str = ""


def administrators(app: App) -> list[str]:
    """The logins of open accounts with the role."""
    with app.reading() as session:
        if not queries.role_counts(session, app.clock()).get(Role.ADMINISTRATOR):
            return []
        accounts = session.scalars(select(Account).where(Account.active).order_by(Account.login))
        return [a.login for a in accounts if any(grant.role == Role.ADMINISTRATOR for grant in a.grants)]


def has_login(app: App, login: str) -> bool:
    """Whether somebody is called so already."""
    with app.reading() as session:
        return session.scalar(select(Account.id).where(Account.login == check_login(login))) is not None


def unit_codes(app: App) -> list[str]:
    """The units to choose from, the coordination team first: an administrator usually sits there."""
    with app.reading() as session:
        return [
            u.code for u in session.scalars(select(Unit).where(Unit.active).order_by(Unit.kind != "oct", Unit.code))
        ]


def add_administrator(app: App, wanted: Administrator) -> str:
    """Add person and account in one transaction; answers what was added."""
    actor, now = command_line_actor(), app.clock()
    codes = unit_codes(app)
    with app.transaction(actor, now) as session:
        person = None
        if codes:
            person = session.scalar(select(Person).where(Person.number == wanted.number))
            person = person or service.add_person(
                session, actor, number=wanted.number, unit=queries.unit_by_code(session, wanted.unit or codes[0]),
                name=wanted.name, email=wanted.email,
            )  # fmt: skip
        service.add_account(
            session, actor, login=wanted.login, password=wanted.password, role=Role.ADMINISTRATOR,
            scope=service.Scope(), now=now, person=person, email=wanted.email, locale=app.settings.languages[0],
        )  # fmt: skip
    who = f", person {wanted.number}" if person is not None else ", without a person, since there is no unit yet"
    return f"administrator {check_login(wanted.login)} added{who}"
