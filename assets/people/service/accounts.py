"""Accounts with their roles: opened, granted, changed, closed. Nothing is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, RuleViolation, invalid
from assets.core.i18n import LOCALES, msg
from assets.people.models import Account, ApiToken, Organisation, Person, Region, RoleGrant, SignIn, Unit
from assets.people.rules import Permission, Role, check_grant, check_login, check_password, require
from assets.people.service.passwords import hash_password
from assets.people.service.texts import person_texts


@dataclass(frozen=True)
class Scope:
    """For what a role is granted: one of the three, or none of them for everything."""

    unit: Unit | None = None
    region: Region | None = None
    donor: Organisation | None = None

    @property
    def kind(self) -> str:
        return "unit" if self.unit else "region" if self.region else "donor" if self.donor else "everything"


def add_account(
    session: Session,
    actor: Actor,
    *,
    login: str,
    password: str,
    role: Role,
    scope: Scope,
    now: datetime,
    person: Person | None = None,
    email: str = "",
    locale: str = "en",
) -> Account:
    """A new account with its first role."""
    require(actor, Permission.ACCOUNT_MANAGE)
    login = check_login(login)
    check_password(password, login)
    check_grant(role, scope.kind)
    if session.scalar(select(Account.id).where(Account.login == login)):
        raise Conflict(msg("The login %(login)s is taken.", login=login), code="login_taken")
    if locale not in dict(LOCALES):
        raise invalid("locale", msg("This language is not offered."))
    account = Account(
        login=login,
        password_hash=hash_password(password),
        person=person,
        email=person_texts({"email": email})["email"],
        locale=locale,
        created_at=now,
        active=True,
    )
    session.add(account)
    session.flush()
    grant_role(session, actor, account, role=role, scope=scope, now=now)
    return account


def grant_role(
    session: Session,
    actor: Actor,
    account: Account,
    *,
    role: Role,
    scope: Scope,
    now: datetime,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> RoleGrant:
    """Grant a role for a scope between two moments; what the account may do changes with its next request."""
    require(actor, Permission.ACCOUNT_MANAGE)
    check_grant(role, scope.kind)
    grant = RoleGrant(
        account=account,
        role=role.value,
        unit=scope.unit,
        region=scope.region,
        donor=scope.donor,
        valid_from=valid_from or now,
        valid_until=valid_until,
    )
    if grant.valid_until is not None and grant.valid_until <= grant.valid_from:
        raise invalid("valid_until", msg("The role must end after it begins."))
    session.add(grant)
    session.flush()
    return grant


def end_role(session: Session, actor: Actor, grant: RoleGrant, now: datetime) -> None:
    """End a role now; what the account may do changes with its next request."""
    require(actor, Permission.ACCOUNT_MANAGE)
    if grant.account_id == actor.account_id and grant.role == Role.ADMINISTRATOR:
        raise _not_oneself()
    grant.valid_until = max(now, grant.valid_from + timedelta(microseconds=1))
    session.flush()


def set_password(session: Session, actor: Actor, account: Account, password: str, now: datetime) -> None:
    """Change a password (one's own, or as administrator); every sign-in and token of the account ends."""
    if actor.account_id != account.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    check_password(password, account.login)
    account.password_hash = hash_password(password)
    _end_access(session, account, now)
    session.flush()


def end_account(session: Session, actor: Actor, account: Account, now: datetime) -> None:
    """Close an account: nothing is deleted, every sign-in and token ends at once."""
    require(actor, Permission.ACCOUNT_MANAGE)
    if account.id == actor.account_id:
        raise _not_oneself()
    account.active = False
    _end_access(session, account, now)
    session.flush()


def reopen_account(session: Session, actor: Actor, account: Account) -> None:
    """Open a closed account again."""
    require(actor, Permission.ACCOUNT_MANAGE)
    account.active = True
    session.flush()


def set_locale(session: Session, account: Account, locale: str) -> None:
    """Remember the language that an account chose."""
    if locale not in dict(LOCALES):
        raise invalid("locale", msg("This language is not offered."))
    account.locale = locale
    session.flush()


def _not_oneself() -> RuleViolation:
    # The last administrator could shut everybody out, himself too.
    return RuleViolation(msg("Another administrator must do this to your own account."), code="own_account")


def _end_access(session: Session, account: Account, now: datetime) -> None:
    session.execute(
        update(SignIn).where(SignIn.account_id == account.id, SignIn.ended_at.is_(None)).values(ended_at=now)
    )
    for token in session.scalars(
        select(ApiToken).where(ApiToken.account_id == account.id, ApiToken.ended_at.is_(None))
    ):
        token.ended_at = now
