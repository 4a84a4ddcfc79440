"""Reads of people's tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from assets.core.actor import Actor
from assets.core.db import Base
from assets.core.errors import InvalidInput, NotAllowed, NotFound, invalid
from assets.core.i18n import msg
from assets.core.journal import NOTED, JournalEntry, is_journalled
from assets.people.models import Account, ApiToken, Organisation, Person, Region, RoleGrant, SignIn, Unit
from assets.people.rules import Permission, Role, granted, reach


def secret_hash(secret: str) -> str:
    """How a session's or token's secret is stored; it is long and random, so one SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def organisation_by_code(session: Session, code: str, field: str = "organisation") -> Organisation:
    """The organisation with this code; `InvalidInput` naming `field` otherwise."""
    found = session.scalar(select(Organisation).where(Organisation.code == code.strip()))
    if found is None:
        raise invalid(field, msg("No organisation has the code %(code)s.", code=code), code="unknown_organisation")
    return found


def unit_by_code(session: Session, code: str, field: str = "unit") -> Unit:
    """The unit with this code; `InvalidInput` naming `field` otherwise."""
    found = session.scalar(select(Unit).options(joinedload(Unit.region)).where(Unit.code == code.strip()))
    if found is None:
        raise invalid(field, msg("No unit has the code %(code)s.", code=code), code="unknown_unit")
    return found


def region_by_code(session: Session, code: str, field: str = "region") -> Region:
    """The region with this ISO 3166-2 code; `InvalidInput` naming `field` otherwise."""
    found = session.scalar(select(Region).where(Region.code == code.strip().upper()))
    if found is None:
        raise invalid(field, msg("No region has the code %(code)s.", code=code), code="unknown_region")
    return found


def person_by_number(session: Session, number: str, field: str = "person") -> Person:
    """The person with this service number; `InvalidInput` naming `field` otherwise."""
    found = session.scalar(select(Person).options(joinedload(Person.unit)).where(Person.number == number.strip()))
    if found is None:
        raise invalid(field, msg("No person has the number %(number)s.", number=number), code="unknown_person")
    return found


def account_by_login(session: Session, login: str) -> Account:
    """The account; `InvalidInput` when there is none."""
    found = session.scalar(select(Account).where(Account.login == login.strip().lower()))
    if found is None:
        raise InvalidInput(msg("No account is called %(login)s.", login=login), code="unknown_account")
    return found


def units(session: Session) -> list[Unit]:
    """Every unit with its region, by name."""
    return list(session.scalars(select(Unit).options(joinedload(Unit.region)).order_by(Unit.name, Unit.id)))


def signed_in_account(session: Session, secret: str, now: datetime) -> Account | None:
    """The account of a sign-in that has not ended, with its grants."""
    return _with_grants(
        session,
        select(Account)
        .join(SignIn, SignIn.account_id == Account.id)
        .where(
            SignIn.secret_hash == secret_hash(secret),
            SignIn.ended_at.is_(None),
            SignIn.expires_at > now,
            Account.active,
        ),
    )


def token_account(session: Session, secret: str, now: datetime) -> Account | None:
    """The account of a token that is valid, with its grants."""
    return _with_grants(
        session,
        select(Account)
        .join(ApiToken, ApiToken.account_id == Account.id)
        .where(
            ApiToken.secret_hash == secret_hash(secret),
            ApiToken.ended_at.is_(None),
            ApiToken.expires_at.is_(None) | (ApiToken.expires_at > now),
            Account.active,
        ),
    )


def _with_grants(session: Session, statement: Select[Account]) -> Account | None:
    """In one query, as each request begins with it."""
    loaded = statement.options(joinedload(Account.grants), joinedload(Account.person))
    return session.scalars(loaded).unique().first()


def actor_of(account: Account, now: datetime, origin: str) -> Actor:
    """The actor that an account is at `now`: with the roles valid then."""
    grants = tuple(
        granted(Role(g.role), *_scope(g))
        for g in account.grants
        if g.valid_from <= now and (g.valid_until is None or now < g.valid_until)
    )
    return Actor(
        kind="account",
        name=account.login,
        account_id=account.id,
        person_id=account.person_id,
        grants=grants,
        origin=origin,
    )


def _scope(grant: RoleGrant) -> tuple[str, int | None]:
    for kind, scope_id in (("unit", grant.unit_id), ("region", grant.region_id), ("donor", grant.donor_id)):
        if scope_id is not None:
            return kind, scope_id
    return "everything", None


def role_holders(session: Session, role: Role, unit: Unit, now: datetime) -> list[Account]:
    """Open accounts that hold `role` now for this unit, its region or everything, with their persons."""
    everywhere = RoleGrant.unit_id.is_(None) & RoleGrant.region_id.is_(None) & RoleGrant.donor_id.is_(None)
    return list(
        session.scalars(
            select(Account)
            .join(RoleGrant, RoleGrant.account_id == Account.id)
            .options(joinedload(Account.person))
            .where(
                Account.active,
                RoleGrant.role == role,
                RoleGrant.valid_from <= now,
                or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > now),
                or_(RoleGrant.unit_id == unit.id, RoleGrant.region_id == unit.region_id, everywhere),
            )
            .distinct()
            .order_by(Account.id)
        )
    )


def role_counts(session: Session, now: datetime) -> dict[str, int]:
    """How many open accounts hold each role now, for whatever scope."""
    rows = session.execute(
        select(RoleGrant.role, func.count(RoleGrant.account_id.distinct()))
        .join(Account, Account.id == RoleGrant.account_id)
        .where(
            Account.active,
            RoleGrant.valid_from <= now,
            or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > now),
        )
        .group_by(RoleGrant.role)
    )
    return {row[0]: row[1] for row in rows}


def organisations(session: Session, kind: str | None = None) -> list[Organisation]:
    """Every organisation (of one kind), by kind and name."""
    statement = select(Organisation).order_by(Organisation.kind, Organisation.name, Organisation.id)
    return list(session.scalars(statement.where(Organisation.kind == kind) if kind else statement))


def regions(session: Session) -> list[Region]:
    """Every region, by its English name."""
    return list(session.scalars(select(Region).order_by(Region.name_en)))


def person_page(
    session: Session,
    within: ColumnElement[bool],
    *,
    matches: Callable[[str], bool] | None = None,
    unit: str = "",
    after: str = "",
    limit: int = 50,
) -> list[Person]:
    """Persons within a condition (the scope), by number, from after `after`.

    `matches` is asked about "number name" of each: names are compared folded, which no database does alike.
    """
    statement = select(Person).join(Unit).where(within, Person.number > after).order_by(Person.number)
    if unit:
        statement = statement.where(Unit.code == unit)
    if matches is not None:
        slim = statement.with_only_columns(Person.id, Person.number, Person.name)
        found = [row.id for row in session.execute(slim) if matches(f"{row.number} {row.name}")]
        statement = statement.where(Person.id.in_(found[:limit]))
    loaded = statement.options(joinedload(Person.unit), joinedload(Person.organisation)).limit(limit)
    return list(session.scalars(loaded))


def person_within(session: Session, person_id: int, within: ColumnElement[bool]) -> Person:
    """The person, if within the condition; `NotFound` otherwise."""
    found = session.scalar(
        select(Person)
        .options(joinedload(Person.unit).joinedload(Unit.region), joinedload(Person.organisation))
        .where(Person.id == person_id, within)
    )
    if found is None:
        raise NotFound(msg("There is no such person, or it is not yours to see."))
    return found


def account_page(session: Session, *, query: str = "", after: str = "", limit: int = 50) -> list[Account]:
    """Accounts with their grants, by login, from after `after`."""
    statement = (
        select(Account)
        .options(
            joinedload(Account.person),
            selectinload(Account.grants).joinedload(RoleGrant.unit),
            selectinload(Account.grants).joinedload(RoleGrant.region),
            selectinload(Account.grants).joinedload(RoleGrant.donor),
        )
        .where(Account.login > after)
        .order_by(Account.login)
        .limit(limit)
    )
    if query.strip():
        statement = statement.where(Account.login.contains(query.strip().lower(), autoescape=True))
    return list(session.scalars(statement))


def account_with_grants(session: Session, account_id: int) -> Account:
    """One account with its grants; `NotFound` otherwise."""
    found = session.scalar(
        select(Account)
        .options(
            joinedload(Account.person),
            selectinload(Account.grants).joinedload(RoleGrant.unit),
            selectinload(Account.grants).joinedload(RoleGrant.region),
            selectinload(Account.grants).joinedload(RoleGrant.donor),
        )
        .where(Account.id == account_id)
    )
    if found is None:
        raise NotFound(msg("There is no such account."))
    return found


def tokens_of(session: Session, account_id: int, limit: int = 100) -> list[ApiToken]:
    """The API tokens of an account, the newest first."""
    return list(
        session.scalars(
            select(ApiToken).where(ApiToken.account_id == account_id).order_by(ApiToken.id.desc()).limit(limit)
        )
    )


@dataclass(frozen=True)
class JournalFilter:
    """Which entries of the journal: of an entity and one of its rows, by an account, within a half-open span."""

    entity: str = ""
    entity_id: str = ""
    login: str = ""
    start: datetime | None = None
    end: datetime | None = None


def journal_page(
    session: Session, actor: Actor, wanted: JournalFilter, *, before: int | None = None, limit: int = 50
) -> list[tuple[JournalEntry, str]]:
    """Entries with the login of who made them ('' for the product itself), the newest first.

    The journal speaks of every unit: `NotAllowed` for those who may read it for some units only.
    """
    if not reach(actor, Permission.JOURNAL_READ).everything:
        raise NotAllowed
    statement = select(JournalEntry, Account.login).outerjoin(Account, Account.id == JournalEntry.account_id)
    conditions: list[ColumnElement[bool]] = []
    if wanted.entity:
        conditions.append(JournalEntry.entity == wanted.entity)
    if wanted.entity_id:
        conditions.append(JournalEntry.entity_id == wanted.entity_id)
    if wanted.login:
        conditions.append(Account.login == wanted.login.strip().lower())
    if wanted.start is not None:
        conditions.append(JournalEntry.at >= wanted.start)
    if wanted.end is not None:
        conditions.append(JournalEntry.at < wanted.end)
    if before is not None:
        conditions.append(JournalEntry.seq < before)
    rows = session.execute(statement.where(*conditions).order_by(JournalEntry.seq.desc()).limit(limit))
    return [(entry, login or "") for entry, login in rows]


def journal_entities() -> list[str]:
    """The kinds of thing that the journal speaks of: tables and what it notes besides."""
    tables = {str(mapper.local_table) for mapper in Base.registry.mappers if is_journalled(mapper.class_)}
    return sorted({*tables, *NOTED})
