"""What people do with people: add organisations, units, persons and accounts; sign in and out; tokens."""

from __future__ import annotations

import re
import secrets
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from assets.core import journal
from assets.core.actor import Actor
from assets.core.errors import Conflict, NotAllowed, RuleViolation, invalid
from assets.core.i18n import LOCALES, msg
from assets.people import queries
from assets.people.models import Account, ApiToken, LoginFailure, Organisation, Person, Region, RoleGrant, SignIn, Unit
from assets.people.rules import (
    Permission,
    Reach,
    Role,
    check_grant,
    check_login,
    check_password,
    reach,
    require,
)

SESSION_LENGTH = timedelta(hours=12)
LOCKOUT_AFTER = 8
ADDRESS_LOCKOUT_AFTER = 60
LOCKOUT_TIME = timedelta(minutes=15)
ORGANISATION_KINDS = ("agency", "donor", "implementing_agency", "workshop")
UNIT_KINDS = ("imt", "oct", "blo", "workshop", "store")

_hasher = PasswordHasher()
# A hash takes 64 MiB and a fifth of a second: this many at once, the rest wait.
_hashing = threading.BoundedSemaphore(2)
_UNKNOWN_HASH = _hasher.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True)
class Scope:
    """For what a role is granted: one of the three, or none of them for everything."""

    unit: Unit | None = None
    region: Region | None = None
    donor: Organisation | None = None

    @property
    def kind(self) -> str:
        return "unit" if self.unit else "region" if self.region else "donor" if self.donor else "everything"


def add_organisation(session: Session, actor: Actor, *, code: str, kind: str, name: str) -> Organisation:
    """A new agency, donor, implementing agency or workshop."""
    require(actor, Permission.ORGANISATION_WRITE)
    code, name = _code(code), _filled("name", name)
    if kind not in ORGANISATION_KINDS:
        raise invalid("kind", msg("The kind is one of: %(kinds)s.", kinds=", ".join(ORGANISATION_KINDS)))
    if session.scalar(select(Organisation.id).where(Organisation.code == code)):
        raise Conflict(msg("The code %(code)s is taken.", code=code), code="code_taken")
    organisation = Organisation(code=code, kind=kind, name=name)
    session.add(organisation)
    session.flush()
    return organisation


def add_region(session: Session, actor: Actor, **values: object) -> Region:
    """A territorial unit; the same code again changes nothing and gives the known one."""
    require(actor, Permission.ORGANISATION_WRITE)
    known = session.scalar(select(Region).where(Region.code == values["code"]))
    if known is not None:
        return known
    region = Region(**values)
    session.add(region)
    session.flush()
    return region


def add_unit(session: Session, actor: Actor, *, code: str, name: str, region: Region, kind: str = "imt") -> Unit:
    """A new unit in a region."""
    require(actor, Permission.ORGANISATION_WRITE)
    code, name = _code(code), _filled("name", name)
    if kind not in UNIT_KINDS:
        raise invalid("kind", msg("The kind is one of: %(kinds)s.", kinds=", ".join(UNIT_KINDS)))
    if session.scalar(select(Unit.id).where(Unit.code == code)):
        raise Conflict(msg("The code %(code)s is taken.", code=code), code="code_taken")
    unit = Unit(code=code, name=name, kind=kind, region=region)
    session.add(unit)
    session.flush()
    return unit


def _check_unit(within: Reach, unit: Unit) -> None:
    if not (within.everything or unit.id in within.unit_ids or unit.region_id in within.region_ids):
        raise NotAllowed


def add_person(
    session: Session,
    actor: Actor,
    *,
    number: str,
    unit: Unit,
    name: str = "",
    organisation: Organisation | None = None,
    email: str = "",
    phone: str = "",
) -> Person:
    """A new person of a unit within the actor's scope; the service number is unique."""
    _check_unit(reach(actor, Permission.PERSON_WRITE), unit)
    number = _limited("number", _filled("number", number), 32)
    texts = {"name": name, "email": email, "phone": phone}
    if session.scalar(select(Person.id).where(Person.number == number)):
        raise Conflict(msg("The number %(number)s is taken.", number=number), code="number_taken")
    person = Person(number=number, unit=unit, organisation=organisation, **_person_texts(texts))
    session.add(person)
    session.flush()
    return person


def change_person(
    session: Session,
    actor: Actor,
    person: Person,
    *,
    unit: Unit | None = None,
    organisation: Organisation | None = None,
    left_on: date | None = None,
    **words: str,
) -> Person:
    """Change a person's unit, agency, names or leaving day; the scope is checked on the old and the new unit."""
    within = reach(actor, Permission.PERSON_WRITE)
    _check_unit(within, person.unit)
    if unit is not None:
        _check_unit(within, unit)
        person.unit = unit
    if organisation is not None:
        person.organisation = organisation
    if left_on is not None:
        person.left_on = left_on
    for key, text in _person_texts(words).items():
        setattr(person, key, text)
    session.flush()
    return person


def come_back(session: Session, actor: Actor, person: Person) -> None:
    """Let a person who had left be of his unit again."""
    _check_unit(reach(actor, Permission.PERSON_WRITE), person.unit)
    person.left_on = None
    session.flush()


_PERSON_LIMITS = {"name": 200, "email": 254, "phone": 40}


def _person_texts(given: Mapping[str, str]) -> dict[str, str]:
    """The texts of a person that were given, without outer spaces; `InvalidInput` for what cannot be kept."""
    found = {key: _limited(key, given[key].strip(), limit) for key, limit in _PERSON_LIMITS.items() if key in given}
    if found.get("email") and not re.fullmatch(r"[^@\s]+@[^@\s]+", found["email"]):
        raise invalid("email", msg("This is not a mail address."))
    return found


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
        password_hash=_hash(password),
        person=person,
        email=_person_texts({"email": email})["email"],
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
    """Grant a role for a scope between two moments; sign-ins of the account end, so that it takes effect."""
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
    account.password_hash = _hash(password)
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


def _not_oneself() -> RuleViolation:
    # The last administrator could shut everybody out, himself too.
    return RuleViolation(msg("Another administrator must do this to your own account."), code="own_account")


def reopen_account(session: Session, actor: Actor, account: Account) -> None:
    """Open a closed account again."""
    require(actor, Permission.ACCOUNT_MANAGE)
    account.active = True
    session.flush()


def _end_access(session: Session, account: Account, now: datetime) -> None:
    session.execute(
        update(SignIn).where(SignIn.account_id == account.id, SignIn.ended_at.is_(None)).values(ended_at=now)
    )
    for token in session.scalars(
        select(ApiToken).where(ApiToken.account_id == account.id, ApiToken.ended_at.is_(None))
    ):
        token.ended_at = now


def matching_account(session: Session, login: str, password: str) -> int | None:
    """The id of the open account that this login and password fit, or None.

    Takes the same time for an unknown login. It only reads, so that no write lock waits for the hashing.
    """
    account = session.scalar(select(Account).where(Account.login == _login(login)))
    good = _verify(account.password_hash if account else _UNKNOWN_HASH, password[:1024])
    return account.id if account is not None and good and account.active else None


def sign_in(
    session: Session, *, login: str, account_id: int | None, address: str, now: datetime
) -> tuple[Account, str] | None:
    """Open a sign-in for the account that `matching_account` found; answers it with the session's secret.

    Unknown login, wrong password, closed account and lockout all answer None, so that the words cannot tell which.
    """
    login = _login(login)
    subjects = (f"login:{login}", f"address:{address}")
    locked = _locked(session, subjects[0], LOCKOUT_AFTER, now) or _locked(
        session, subjects[1], ADDRESS_LOCKOUT_AFTER, now
    )
    if account_id is None or locked:
        for subject in subjects:
            _count_failure(session, subject, now)
        # A password typed into the wrong field must not stand in the journal for ever.
        known = session.scalar(select(Account.id).where(Account.login == login)) is not None
        journal.note(session, "login", login if known else "unknown", "refused", address=address, locked=locked)
        return None
    account = session.get_one(Account, account_id)
    session.execute(delete(LoginFailure).where(LoginFailure.subject == subjects[0]))
    secret = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            secret_hash=queries.secret_hash(secret),
            account_id=account.id,
            created_at=now,
            expires_at=now + SESSION_LENGTH,
        )
    )
    journal.note(session, "login", login, "signed_in", address=address)
    return account, secret


def _login(login: str) -> str:
    return login.strip().lower()[:64]


def sign_out(session: Session, secret: str, now: datetime) -> None:
    """End a sign-in on the server."""
    session.execute(
        update(SignIn)
        .where(SignIn.secret_hash == queries.secret_hash(secret), SignIn.ended_at.is_(None))
        .values(ended_at=now)
    )


def verify_password(account: Account, password: str) -> bool:
    """Whether this is the account's password (command line)."""
    return account.active and _verify(account.password_hash, password)


def add_token(session: Session, actor: Actor, account: Account, *, now: datetime, expires_at: datetime | None) -> str:
    """A new API token of an account (one's own, or as administrator): shown once, kept as a hash."""
    if actor.account_id != account.id:
        require(actor, Permission.ACCOUNT_MANAGE)
    if expires_at is not None and expires_at <= now:
        raise invalid("expires", msg("The token would have ended already."))
    secret = f"as_{secrets.token_urlsafe(32)}"
    session.add(
        ApiToken(secret_hash=queries.secret_hash(secret), account_id=account.id, created_at=now, expires_at=expires_at)
    )
    session.flush()
    return secret


def end_token(session: Session, actor: Actor, token: ApiToken, now: datetime) -> None:
    """End a token (one's own, or as administrator)."""
    if actor.account_id != token.account_id:
        require(actor, Permission.ACCOUNT_MANAGE)
    token.ended_at = token.ended_at or now
    session.flush()


def set_locale(session: Session, account: Account, locale: str) -> None:
    """Remember the language that an account chose."""
    if locale not in dict(LOCALES):
        raise invalid("locale", msg("This language is not offered."))
    account.locale = locale
    session.flush()


def _locked(session: Session, subject: str, after: int, now: datetime) -> bool:
    failure = session.scalar(select(LoginFailure).where(LoginFailure.subject == subject))
    return failure is not None and failure.count >= after and now < failure.last_at + LOCKOUT_TIME


def _count_failure(session: Session, subject: str, now: datetime) -> None:
    failure = session.scalar(select(LoginFailure).where(LoginFailure.subject == subject))
    if failure is None:
        session.add(LoginFailure(subject=subject, count=1, last_at=now))
    else:
        failure.count = 1 if now >= failure.last_at + LOCKOUT_TIME else failure.count + 1
        failure.last_at = now
    session.flush()


def _hash(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def _verify(password_hash: str, password: str) -> bool:
    with _hashing:
        try:
            return _hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _code(code: str) -> str:
    code = code.strip()
    if not code or len(code) > 32 or not all(c.isalnum() or c in "-_." for c in code):
        raise invalid("code", msg("A code has 1 to 32 letters, digits, dots, hyphens or underscores."))
    return code


def _filled(field: str, text: str) -> str:
    text = text.strip()
    if not text:
        raise invalid(field, msg("This must be filled in."), code="required")
    return _limited(field, text, 200)


def _limited(field: str, text: str, limit: int) -> str:
    if len(text) > limit:
        raise invalid(field, msg("This is too long: at most %(n)s characters.", n=limit), code="too_long")
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        words = msg("This holds characters that cannot be kept (control characters).")
        raise invalid(field, words, code="control_characters")
    return text
