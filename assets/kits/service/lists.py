"""The list of a kit: what belongs in it, written as a whole, or copied from another kit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, DomainError, FieldError, InvalidInput, RuleViolation, invalid
from assets.core.i18n import msg
from assets.kits.models import Kit, KitLine
from assets.kits.rules.lists import LineDraft, check_list
from assets.kits.service.entering import hold, kit_row
from assets.kits.service.parts import is_part
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass, EquipmentModel, StockLot
from assets.registry.scope import require_asset
from assets.registry.service.references import class_by_code
from assets.registry.service.timeline import happening_now, record

MAX_ITEM = 120
Key = tuple[int, int | None, str]
Read = tuple[EquipmentClass, EquipmentModel | None, LineDraft]


def set_list(
    session: Session, actor: Actor, kit: Asset, lines: Sequence[LineDraft], now: datetime, *, version: int | None = None
) -> Kit:
    """Write the list of a kit anew: lines that are no longer in it stay, and do not count any more.

    `version`: the one that the writer saw; `Conflict` when it was changed since. `InvalidInput` names each wrong line.
    """
    require_asset(actor, Permission.ASSET_WRITE, kit)
    check_list(lines)
    hold(session, kit)
    if is_part(session, kit):
        raise RuleViolation(msg("It is a part of a kit, so it is none itself."), code="kit_in_kit")
    row = kit_row(session, kit)
    session.refresh(row, ["version"])
    if version is not None and version != row.version:
        raise Conflict(
            msg("The list was changed meanwhile. Load the page again and write it anew."), code="changed_meanwhile"
        )
    _write(session, row, _read(session, lines))
    row.version += 1
    record(session, actor, kit, "kit_list", happening_now(now), {"lines": len(lines)})
    return row


def copy_list(session: Session, actor: Actor, kit: Asset, source: Asset, now: datetime) -> Kit:
    """Give the kit the list of another that the actor may see, in place of its own."""
    require_asset(actor, Permission.ASSET_READ, source)
    lines = lines_of(session, source.id)
    if source.id == kit.id or not lines:
        raise invalid("from", msg("That kit has no list to copy."), code="no_list")
    return set_list(session, actor, kit, [draft_of(line) for line in lines], now)


def lines_of(session: Session, kit_id: int) -> list[KitLine]:
    """The lines of a kit's list that count, in its order."""
    statement = select(KitLine).where(KitLine.kit_id == kit_id, KitLine.active)
    return list(session.scalars(statement.order_by(KitLine.position, KitLine.id)))


def draft_of(line: KitLine) -> LineDraft:
    """A line as it would be written."""
    model = line.model.full_name if line.model is not None else ""
    return LineDraft(line.equipment_class.code, line.number, line.required, model, line.item)


def _read(session: Session, lines: Sequence[LineDraft]) -> list[Read]:
    found, wrong = [], []
    for place, line in enumerate(lines):
        try:
            of_class = class_by_code(session, line.class_code)
            model = _model(session, of_class, line.model) if line.model else None
            if line.item:
                _check_item(session, of_class, line.item)
            found.append((of_class, model, line))
        except DomainError as error:
            wrong += [FieldError(f"lines.{place}.{each.field}", each.message, each.code) for each in error.fields]
    if wrong:
        raise InvalidInput(msg("The list cannot be saved like this."), fields=wrong)
    return found


def _model(session: Session, of_class: EquipmentClass, name: str) -> EquipmentModel:
    for model in session.scalars(select(EquipmentModel).where(EquipmentModel.class_id == of_class.id)):
        if model.full_name.casefold() == name.strip().casefold():
            return model
    raise invalid("model", msg("This class has no model of this name."), code="unknown_model")


def _check_item(session: Session, of_class: EquipmentClass, item: str) -> None:
    if len(item) > MAX_ITEM:
        raise invalid("item", msg("This is too long: at most %(n)s characters.", n=MAX_ITEM), code="too_long")
    known = select(StockLot.id).where(
        StockLot.class_id == of_class.id, StockLot.item == item, StockLot.annulled_at.is_(None)
    )
    if session.scalar(known.limit(1)) is None:
        raise invalid("item", msg("No lot of this class has an item of this name."), code="unknown_item")


def _write(session: Session, kit: Kit, wanted: Sequence[Read]) -> None:
    every = session.scalars(select(KitLine).where(KitLine.kit_id == kit.asset_id)).all()
    known: dict[Key, KitLine] = {(line.class_id, line.model_id, line.item): line for line in every}
    kept = set()
    for position, (of_class, model, draft) in enumerate(wanted):
        key: Key = (of_class.id, model.id if model is not None else None, draft.item)
        line = known.get(key)
        if line is None:
            line = KitLine(kit_id=kit.asset_id, equipment_class=of_class, model=model, item=draft.item)
            session.add(line)
        line.position, line.number, line.required, line.active = position, draft.number, draft.required, True
        kept.add(key)
    for key, line in known.items():
        if key not in kept:
            line.active = False
    session.flush()
