"""What phones tell of kits: a part put in or taken out, and the check of completeness; answers words to be said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.i18n import Message, msg
from assets.kits.service import check_kit, put_part, take_part
from assets.kits.service.checking import missing_words
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from assets.web.label_codes import read_code

Told = Message | None


def put(
    session: Session, actor: Actor, part_code: str, kit_code: str, note: str, bases: tuple[str, ...], at: Occurrence
) -> Told:
    """A part was put into a kit; says so when it was moved out of another, or when something later overtook it."""
    part = asset_by_code(session, actor, read_code(part_code, bases), Permission.CUSTODY_ACT)
    kit = asset_by_code(session, actor, read_code(kit_code, bases, "kit"), Permission.CUSTODY_ACT)
    moved = put_part(session, actor, kit, part, at, note=note)
    if not moved.is_there:
        return msg("Recorded. Since then it was put elsewhere or taken out, so it is not in this kit now.")
    if moved.from_kit is not None:
        return msg("Recorded. It was moved out of kit %(code)s.", code=format_code(moved.from_kit.code))
    return None


def take(
    session: Session, actor: Actor, part_code: str, kit_code: str, note: str, bases: tuple[str, ...], at: Occurrence
) -> Told:
    """A part was taken out of a kit."""
    part = asset_by_code(session, actor, read_code(part_code, bases), Permission.CUSTODY_ACT)
    kit = asset_by_code(session, actor, read_code(kit_code, bases, "kit"), Permission.CUSTODY_ACT)
    take_part(session, actor, kit, part, at, note=note)
    return None


def check(
    session: Session,
    actor: Actor,
    kit_code: str,
    parts: Iterable[tuple[str, bool]],
    counted: Mapping[int, Decimal],
    note: str,
    bases: tuple[str, ...],
    at: Occurrence,
) -> Told:
    """A kit was checked; says what was not looked for or not found, and what in it is not its part."""
    kit = asset_by_code(session, actor, read_code(kit_code, bases), Permission.FIELD_REPORT)
    seen: dict[str, bool] = {}
    for code, present in parts:
        canonical = read_code(code, bases, "parts")
        seen[canonical] = seen.get(canonical, False) or present
    checked = check_kit(session, actor, kit, at, parts=seen, counted=counted, note=note)
    if checked.skipped:
        return msg("Recorded, and not a check of the whole kit: %(what)s was not looked for.",
                   what=", ".join(checked.skipped))  # fmt: skip
    missing, extras = missing_words(checked), ", ".join(format_code(code) for code in checked.extras)
    if missing and extras:
        return msg("Recorded. Not found: %(codes)s. Not parts of this kit: %(extras)s.", codes=missing, extras=extras)
    if missing:
        return msg("Recorded. Not found: %(codes)s.", codes=missing)
    if extras:
        return msg("Recorded. Not parts of this kit: %(extras)s. Put them in, or put them where they belong.",
                   extras=extras)  # fmt: skip
    return None
