"""Reads of people's tables."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from assets.core.actor import Actor
from assets.core.errors import InvalidInput, invalid
from assets.core.i18n import msg
from assets.people.models import Account, ApiToken, Organisation, Person, Region, RoleGrant, SignIn, Unit
from assets.people.rules import Role, granted


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
    return session.scalar(
        select(Account)
        .join(SignIn, SignIn.account_id == Account.id)
        .options(selectinload(Account.grants), joinedload(Account.person))
        .where(
            SignIn.secret_hash == secret_hash(secret),
            SignIn.ended_at.is_(None),
            SignIn.expires_at > now,
            Account.active,
        )
    )


def token_account(session: Session, secret: str, now: datetime) -> Account | None:
    """The account of a token that is valid, with its grants."""
    return session.scalar(
        select(Account)
        .join(ApiToken, ApiToken.account_id == Account.id)
        .options(selectinload(Account.grants), joinedload(Account.person))
        .where(
            ApiToken.secret_hash == secret_hash(secret),
            ApiToken.ended_at.is_(None),
            ApiToken.expires_at.is_(None) | (ApiToken.expires_at > now),
            Account.active,
        )
    )


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
