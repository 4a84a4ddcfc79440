"""Access: signing in and out, lockout after wrong passwords, and tokens of programs."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from assets.core import journal
from assets.core.actor import Actor
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.people import queries
from assets.people.models import Account, ApiToken, LoginFailure, SignIn
from assets.people.rules import Permission, require
from assets.people.service.passwords import UNKNOWN_HASH, verify

SESSION_LENGTH = timedelta(hours=12)
LOCKOUT_AFTER = 8
ADDRESS_LOCKOUT_AFTER = 60
LOCKOUT_TIME = timedelta(minutes=15)


def matching_account(session: Session, login: str, password: str) -> int | None:
    """The id of the open account that this login and password fit, or None.

    Takes the same time for an unknown login. It only reads, so that no write lock waits for the hashing.
    """
    account = session.scalar(select(Account).where(Account.login == _login(login)))
    good = verify(account.password_hash if account else UNKNOWN_HASH, password[:1024])
    return account.id if account is not None and good and account.active else None


def own_password_holds(session: Session, login: str, *, matched: bool, now: datetime) -> bool:
    """Whether a password counts that somebody signed in typed again; wrong ones are counted as at signing in.

    `matched`: whether `matching_account` found it right. After too many wrong ones the right one counts for nothing
    until the lockout has passed.
    """
    subject = f"login:{_login(login)}"
    locked = _locked(session, subject, LOCKOUT_AFTER, now)
    if matched and not locked:
        session.execute(delete(LoginFailure).where(LoginFailure.subject == subject))
        return True
    _count_failure(session, subject, now)
    journal.note(session, "login", _login(login), "refused", locked=locked)
    return False


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


def sign_out(session: Session, secret: str, now: datetime) -> None:
    """End a sign-in on the server."""
    session.execute(
        update(SignIn)
        .where(SignIn.secret_hash == queries.secret_hash(secret), SignIn.ended_at.is_(None))
        .values(ended_at=now)
    )


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


def _login(login: str) -> str:
    return login.strip().lower()[:64]


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
