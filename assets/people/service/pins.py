"""PINs by which persons confirm on somebody else's phone: chosen with one's password, guessed only a few times."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import NotAllowed, RuleViolation, invalid
from assets.core.i18n import msg
from assets.people.models import Account, PersonPin
from assets.people.service.passwords import UNKNOWN_HASH, hash_password, verify

PIN_LENGTH = 6
LOCKED_AFTER = 5
LOCKED_FOR = timedelta(minutes=15)
# So many wrong ones since the last right one end it: a million PINs stand against them, however long somebody tries.
ENDED_AFTER = 20
_KNOWN_BY_ALL = frozenset({"159753", "147258", "789456", "456123", "258369", "159357", "741852"})


class Standing(StrEnum):
    """Whether a person can confirm by PIN now."""

    NONE = "none"
    OPEN = "open"
    LOCKED = "locked"
    ENDED = "ended"


class Verdict(StrEnum):
    """What became of a PIN that was given."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"
    NONE = "none"


def check_pin(pin: str, number: str = "") -> str:
    """The PIN; `InvalidInput` for what is not six digits, or is among the first that anybody tries."""
    if not (len(pin) == PIN_LENGTH and pin.isascii() and pin.isdigit()):
        raise invalid("pin", msg("A PIN has six digits."))
    steps = {(int(one) - int(before)) % 10 for before, one in pairwise(pin)}
    pairs = pin[0] == pin[1] and pin[2] == pin[3] and pin[4] == pin[5]
    ones_own = pin in "".join(letter for letter in number if letter.isdigit())
    if len(steps) == 1 or len(set(pin)) < 3 or pin[:3] == pin[3:] or pairs or ones_own or pin in _KNOWN_BY_ALL:
        raise invalid("pin", msg("This PIN is too easy to guess."), code="too_easy")
    return pin


def standing_of(pin: PersonPin | None, now: datetime) -> Standing:
    """Whether this PIN opens anything now."""
    if pin is None or not pin.pin_hash:
        return Standing.NONE
    if pin.wrong >= ENDED_AFTER:
        return Standing.ENDED
    if pin.wrong and pin.wrong % LOCKED_AFTER == 0 and pin.wrong_at is not None and now < pin.wrong_at + LOCKED_FOR:
        return Standing.LOCKED
    return Standing.OPEN


def set_pin(session: Session, actor: Actor, account: Account, pin: str, now: datetime) -> None:
    """Choose one's own PIN, or another in its place; the door has asked for the password.

    `NotAllowed` for somebody else's, `RuleViolation` for an account that is no person's.
    """
    if actor.account_id != account.id:
        raise NotAllowed
    if account.person_id is None or account.person is None:
        raise RuleViolation(msg("This account is nobody's: no person is entered with it."), code="no_person")
    pin_hash = hash_password(check_pin(pin, account.person.number))
    kept = session.get(PersonPin, account.person_id, with_for_update=True)
    if kept is None:
        kept = PersonPin(person_id=account.person_id)
        session.add(kept)
    kept.pin_hash, kept.set_at, kept.wrong, kept.wrong_at = pin_hash, now, 0, None
    session.flush()


def remove_pin(session: Session, actor: Actor, account: Account) -> None:
    """Take one's own PIN away; the door has asked for the password."""
    if actor.account_id != account.id:
        raise NotAllowed
    kept = session.get(PersonPin, account.person_id, with_for_update=True) if account.person_id is not None else None
    if kept is not None:
        kept.pin_hash = ""
        session.flush()


def pin_matches(session: Session, person_id: int | None, pin: str, now: datetime) -> bool:
    """Whether it is the person's PIN; it only reads, so that no write lock waits for the hashing.

    Takes the same time for who has none. The answer counts only through `count_try`.
    """
    kept = session.get(PersonPin, person_id) if person_id is not None else None
    if standing_of(kept, now) in {Standing.LOCKED, Standing.ENDED}:
        return False
    good = verify(kept.pin_hash if kept is not None and kept.pin_hash else UNKNOWN_HASH, pin[:PIN_LENGTH])
    return good and kept is not None and bool(kept.pin_hash)


def count_try(session: Session, person_id: int, now: datetime, *, matched: bool) -> Verdict:
    """What a try comes to, counted: wrong ones lock the PIN for a while, and end it when they go on.

    A PIN of whom no open account is left is none. While it is locked nothing is looked at, nor counted.
    """
    kept = session.get(PersonPin, person_id, with_for_update=True, populate_existing=True)
    standing = standing_of(kept, now)
    has_account = session.scalar(select(exists().where(Account.person_id == person_id, Account.active)))
    if kept is None or standing is Standing.NONE or not has_account:
        return Verdict.NONE
    if standing is not Standing.OPEN:
        return Verdict.LOCKED
    if matched:
        kept.wrong, kept.wrong_at = 0, None
        verdict = Verdict.RIGHT
    else:
        kept.wrong, kept.wrong_at = kept.wrong + 1, now
        verdict = Verdict.WRONG
    session.flush()
    return verdict
