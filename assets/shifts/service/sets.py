"""Standing sets of a unit: made, changed and retired; never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import FieldError, InvalidInput, NotFound, invalid
from assets.core.i18n import msg
from assets.custody.service.text import required_text
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import asset_by_code, require_unit
from assets.shifts.models import StandingSet, StandingSetItem
from assets.shifts.rules import MOST_SET_ITEMS

NAME_LENGTH = 80
MOST_OF_A_CLASS = 50


@dataclass(frozen=True)
class NewItem:
    """One thing of a set: the canonical code of an asset, or a class and how many of it."""

    code: str = ""
    class_code: str = ""
    number: int = 1


def create_set(session: Session, actor: Actor, unit: Unit, name: str, items: Sequence[NewItem]) -> StandingSet:
    """A new set of the unit, under a name that none of its sets in use has."""
    require_unit(actor, Permission.CUSTODY_ACT, unit)
    made = StandingSet(unit=unit, name=_free_name(session, unit, name, None), active=True)
    made.items = _items(session, actor, items)
    session.add(made)
    session.flush()
    return made


def revise_set(
    session: Session, actor: Actor, standing: StandingSet, name: str, items: Sequence[NewItem] | None
) -> StandingSet:
    """Give the set this name, and these things instead of those it had; `items` None leaves them."""
    require_unit(actor, Permission.CUSTODY_ACT, standing.unit)
    standing.name = _free_name(session, standing.unit, name, standing.id)
    if items is not None:
        fresh = _items(session, actor, items)
        standing.items.clear()
        session.flush()
        standing.items.extend(fresh)
    session.flush()
    return standing


def retire_set(session: Session, actor: Actor, standing: StandingSet, *, active: bool = False) -> None:
    """Offer the set no more; with `active` offer it again."""
    require_unit(actor, Permission.CUSTODY_ACT, standing.unit)
    if active:
        _free_name(session, standing.unit, standing.name, standing.id)
    standing.active = active
    session.flush()


def _free_name(session: Session, unit: Unit, name: str, own_id: int | None) -> str:
    name = required_text("name", name, NAME_LENGTH)
    taken = select(StandingSet.id).where(
        StandingSet.unit_id == unit.id, StandingSet.name == name, StandingSet.active,
        StandingSet.id != (own_id if own_id is not None else -1),
    )  # fmt: skip
    if session.scalar(taken) is not None:
        raise invalid("name", msg("This unit has a set of this name."), code="name_taken")
    return name


def _items(session: Session, actor: Actor, items: Sequence[NewItem]) -> list[StandingSetItem]:
    if not items:
        raise invalid("items", msg("A set has at least one thing."), code="required")
    if len(items) > MOST_SET_ITEMS:
        raise invalid("items", msg("A set has at most %(n)s things.", n=MOST_SET_ITEMS), code="too_long")
    found: list[StandingSetItem] = []
    wrong: list[FieldError] = []
    seen: set[str] = set()
    for item in items:
        try:
            made = _item(session, actor, item)
        except InvalidInput as error:
            wrong += error.fields
            continue
        key = item.code or item.class_code
        if key in seen:
            wrong.append(FieldError("items", msg("%(what)s is named twice.", what=key), "named_twice"))
            continue
        seen.add(key)
        made.place = len(found)
        found.append(made)
    if wrong:
        raise InvalidInput(msg("Some things of the set are not right."), fields=wrong)
    return found


def _item(session: Session, actor: Actor, item: NewItem) -> StandingSetItem:
    if bool(item.code) == bool(item.class_code):
        raise invalid("items", msg("Each thing is one item by its code, or a number of a class."))
    if item.code:
        return StandingSetItem(asset_id=_asset(session, actor, item.code).id, number=1)
    if item.class_code not in CLASSES:
        raise invalid("items", msg("No class has the code %(code)s.", code=item.class_code[:40]), code="unknown_class")
    if not 1 <= item.number <= MOST_OF_A_CLASS:
        raise invalid("items", msg("A number from 1 to %(max)s.", max=MOST_OF_A_CLASS))
    class_id = session.scalars(select(EquipmentClass.id).where(EquipmentClass.code == item.class_code)).one()
    return StandingSetItem(class_id=class_id, number=item.number)


def _asset(session: Session, actor: Actor, code: str) -> Asset:
    try:
        return asset_by_code(session, actor, code, Permission.CUSTODY_ACT)
    except NotFound as error:
        raise invalid(
            "items", msg("No item of yours has the code %(code)s.", code=code), code="unknown_item"
        ) from error
