"""The PIN that came sealed with an issue: opened and compared before the transaction, which it would hold up."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g
from sqlalchemy.orm import Session

from assets.core import sealing
from assets.core.errors import DomainError
from assets.core.i18n import Message, msg
from assets.custody.queries import person_to_hold
from assets.custody.rules.confirming import pin_for
from assets.people.models import Person
from assets.people.rules import Permission, may
from assets.people.service.pins import Verdict, pin_matches
from assets.registry.models import AssetEvent
from assets.registry.scope import asset_by_code
from assets.web.context import actor, now, reading, the_app
from assets.web.label_codes import read_code
from assets.web.views.commands.shapes import Command, Issue, Shape

NOT_CONFIRMED: dict[Verdict, Message] = {
    Verdict.WRONG: msg("Recorded, but not confirmed: wrong PIN."),
    Verdict.LOCKED: msg("Recorded, but not confirmed: the PIN is locked after too many wrong tries."),
    Verdict.NONE: msg("Recorded, but not confirmed: this person has set no PIN."),
}
UNREADABLE = msg("Recorded, but not confirmed: the PIN was not sealed for this issue.")
TOO_MANY = msg("Recorded, but not confirmed: too many different PINs were sent at once.")
MOST_PINS = 10
"""How many different PINs one request may have compared: each takes a fifth of a second. Phones send no more."""


@dataclass(frozen=True)
class ShownPin:
    """A PIN that was given with an issue: `matched` when it is the right one, `unseen` (code, words) when not compared.

    `pin_unreadable` is the code of what this server's key does not open: the phone then asks for the key again.
    """

    matched: bool = False
    unseen: tuple[str, Message] | None = None


def shown_pin(command: Command, shape: Shape) -> ShownPin | None:
    """What came with this command; None where nothing did, or where it is known already and nothing is done again."""
    if not isinstance(shape, Issue) or shape.confirmed is None or not may(actor(), Permission.CUSTODY_ACT):
        return None
    opened = sealing.opened(the_app().settings.data_dir, shape.confirmed.sealed)
    pin = pin_for(
        opened, command_id=str(command.id), number=shape.to, code=command.code, occurred_at=command.occurred_at
    )
    if pin is None:
        return ShownPin(unseen=("not_confirmed" if opened is not None else "pin_unreadable", UNREADABLE))
    # The same PIN for a whole basket is compared once: it takes a fifth of a second, on purpose.
    compared: dict[tuple[str, str], bool] = g.setdefault("compared_pins", {})
    key = (shape.to, pin)
    if key not in compared:
        with reading() as session:
            if session.get(AssetEvent, str(command.id)) is not None:
                return None
            person = _receiver(session, command, shape)
            if person is None:  # It will be refused; should it be his after all in a moment, it is not confirmed.
                return ShownPin(unseen=("not_confirmed", UNREADABLE))
            if len(compared) >= MOST_PINS:
                return ShownPin(unseen=("not_confirmed", TOO_MANY))
            compared[key] = pin_matches(session, person.id, pin, now())
    return ShownPin(matched=compared[key])


def _receiver(session: Session, command: Command, shape: Issue) -> Person | None:
    """Who gets it; None where the actor does not reach him or the item, and nothing of a PIN is to be found out."""
    try:
        code = read_code(command.code, the_app().settings.own_label_bases)
        asset_by_code(session, actor(), code, Permission.CUSTODY_ACT)
        return person_to_hold(session, actor(), shape.to)
    except DomainError:
        return None
