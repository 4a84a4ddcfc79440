"""What the forms of kits share: the kit and the part that are meant, and doing what a form asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import redirect
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation
from assets.core.i18n import Message
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from assets.web.context import actor, flash_words, now, the_app, writing
from assets.web.forms import typed
from assets.web.label_codes import read_code

Act = Callable[[Session, dict[str, str]], Message]
Form = Callable[[str, dict[str, str], DomainError | None], Any]


def kit_for(session: Session, code: str, permission: Permission, *, lock: bool = False) -> Asset:
    """The asset of a code in an address, for which the actor must hold the right."""
    return asset_by_code(session, actor(), read_code(code), permission, lock=lock)


def part_for(session: Session, text: str, field: str = "part") -> Asset:
    """The part whose code was typed or scanned."""
    canonical = read_code(text, the_app().settings.own_label_bases, field)
    return asset_by_code(session, actor(), canonical, Permission.CUSTODY_ACT)


def back_to(kit: str) -> str:
    """Where what is in a kit is shown."""
    return f"/assets/{kit}?tab=kit"


def occurrence_of(values: Mapping[str, str]) -> Occurrence:
    """What is done now, by the form's own id: sent twice it is done once."""
    try:
        return Occurrence(now(), now(), str(UUID(values.get("event_id", ""))))
    except ValueError:
        return Occurrence(now(), now())


def done(code: str, act: Act, form: Form | None = None) -> Any:
    """Do what a form asks for and go back to the kit; what is refused is told on the form, or on the kit's page."""
    values = typed()
    try:
        with writing() as session:
            said = act(session, values)
    except (InvalidInput, RuleViolation, Conflict) as error:
        if error.code == "sent_before":
            flash_words(error.message, "warning")
        elif form is not None:
            return form(code, values, error)
        else:
            flash_words(error.message, "error")
    else:
        flash_words(said, "success")
    return redirect(back_to(read_code(code)), 303)
