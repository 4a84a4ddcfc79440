"""Several items in one transfer: sent together, and received item by item; all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, DomainError, FieldError, InvalidInput, RuleViolation, invalid
from assets.core.i18n import msg
from assets.custody.models import Transfer, TransferStep
from assets.custody.rules.transfers import DAMAGED, MISSING, WRONG_ITEM
from assets.custody.service.transfers import Difference, receive, send
from assets.labels.token import format_code
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent, Label
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence

MAX_ITEMS = 200


@dataclass(frozen=True)
class Found:
    """How one item came: 'good', 'damaged', 'missing' or 'wrong_item', its condition, and in words."""

    outcome: str
    condition: str = ""
    note: str = ""


def send_together(
    session: Session,
    actor: Actor,
    codes: Sequence[str],
    to_unit: Unit,
    now: datetime,
    sheet_id: str,
    *,
    until: datetime | None = None,
    note: str = "",
) -> bool:
    """Send these assets (by canonical label code) from one unit to another, on one sheet.

    `InvalidInput` for `items` names each that cannot be sent, and why; then none is. False when all of it was sent on
    this sheet before: nothing is done twice. `Conflict` when only some was, or the sheet is another's.
    """
    _check_number(codes)
    if _were_sent(session, actor, set(codes), sheet_id):
        return False
    wrong: list[FieldError] = []
    units: set[int] = set()
    for code in dict.fromkeys(codes):
        try:
            asset = asset_by_code(session, actor, code, Permission.CUSTODY_ACT, lock=True)
            units.add(asset.holding_unit_id or asset.unit_id)
            if len(units) > 1:
                raise RuleViolation(
                    msg("It is with another unit than the items before it: send it on a sheet of its own.")
                )  # fmt: skip
            send(
                session, actor, asset, to_unit, Occurrence(now, now, step_id(sheet_id, asset, "send")), until=until,
                note=note, sheet_id=sheet_id,
            )  # fmt: skip
        except Conflict:
            raise  # of the whole sheet
        except InvalidInput as error:
            if any(each.field != "items" for each in error.fields):
                raise  # of the whole sheet: the unit or the day
            wrong.append(_about(code, error))
        except DomainError as error:
            wrong.append(_about(code, error))
    if wrong:
        raise InvalidInput(msg("Some items cannot be sent; nothing was."), fields=wrong)
    return True


def _check_number(codes: Sequence[str]) -> None:
    if not codes:
        raise invalid("items", msg("Name at least one item."), code="required")
    if len(codes) > MAX_ITEMS:
        raise invalid("items", msg("At most %(n)s items go on one sheet.", n=MAX_ITEMS), code="too_many")


def _were_sent(session: Session, actor: Actor, codes: set[str], sheet_id: str) -> bool:
    """Whether the actor sent all of these on this sheet before; `Conflict` sheet_changed when he sent only some.

    The items are held first, so that of two equal forms at once the second sees what the first did.
    """
    labelled = select(Label.asset_id).where(Label.code.in_(codes))
    session.execute(select(Asset.id).where(Asset.id.in_(labelled)).order_by(Asset.id).with_for_update())
    sent = set(
        session.scalars(
            select(Label.code)
            .join(TransferStep, TransferStep.asset_id == Label.asset_id)
            .join(AssetEvent, AssetEvent.id == TransferStep.event_id)
            .where(
                TransferStep.sheet_id == sheet_id, AssetEvent.account_id == actor.account_id, Label.code.in_(codes)
            )
        )
    )  # fmt: skip
    if sent and sent != codes:
        raise Conflict(
            msg("Some of this was sent on this sheet before, and some was not. Nothing was added: send the rest anew."),
            code="sheet_changed",
        )
    return bool(sent)


def _about(code: str, error: DomainError) -> FieldError:
    return FieldError("items", msg("%(code)s: %(why)s", code=format_code(code), why=error.message), error.code)


def receive_together(
    session: Session,
    actor: Actor,
    transfers: Sequence[Transfer],
    found: Mapping[str, Found],
    now: datetime,
    form_id: str,
) -> int:
    """Take in what came of a sheet, item by item (`found` by transfer id); answers how many were recorded.

    Items that nothing is said of wait on. `InvalidInput` names the field of the item that is wrong; then none is taken
    in. What this form recorded before is left as it is.
    """
    recorded = 0
    wrong: list[FieldError] = []
    for transfer in transfers:
        told = found.get(transfer.id)
        if told is None:
            continue
        occurrence = Occurrence(now, now, step_id(form_id, transfer.asset, "receive"))
        if session.get(AssetEvent, occurrence.id) is not None:
            continue
        differences = [Difference(told.outcome)] if told.outcome in {DAMAGED, MISSING, WRONG_ITEM} else []
        try:
            receive(
                session, actor, transfer.asset, occurrence, condition=told.condition or None,
                differences=differences, note=told.note, unit=transfer.to_unit,
            )  # fmt: skip
        except InvalidInput as error:
            wrong += [
                FieldError(f"{each.field}_{transfer.id}", each.message, each.code) for each in error.fields
            ]  # fmt: skip
        recorded += 1
    if wrong:
        raise InvalidInput(msg("Something is missing; nothing was recorded."), fields=wrong)
    return recorded


def step_id(sheet_id: str, asset: Asset, step: str) -> str:
    """The id of an item's event ('send' or 'receive') on this sheet or form: sent twice, it makes the same."""
    return str(uuid5(UUID(sheet_id), f"{asset.id}/{step}"))
