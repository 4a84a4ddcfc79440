"""Label rows: blank ones for sheets that are printed ahead, and the one that an asset carries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import FieldError, InvalidInput, invalid
from assets.core.i18n import msg
from assets.labels.token import format_code, new_code
from assets.people.rules import Permission, reach, require
from assets.registry.models import Asset, Label, StockLot, StockLotLabel
from assets.registry.queries.labels import printing_unit_id
from assets.registry.scope import assets_for, units_within

MAX_BLANKS = 2000


def register_label_blanks(session: Session, actor: Actor, count: int, now: datetime) -> list[Label]:
    """So many new blank labels, to be printed and claimed later; they are the actor's unit's, or of all."""
    require(actor, Permission.LABEL_PRINT)
    if not 1 <= count <= MAX_BLANKS:
        raise invalid("count", msg("Between 1 and %(n)s labels are made at a time.", n=MAX_BLANKS))
    made = {"made_for_unit_id": printing_unit_id(session, actor), "made_by_id": actor.account_id}
    labels = [Label(code=code, state="blank", created_at=now, **made) for code in free_codes(session, count)]
    session.add_all(labels)
    session.flush()
    return labels


def register_label_blank(session: Session, actor: Actor, now: datetime) -> Label:
    """One new blank label."""
    return register_label_blanks(session, actor, 1, now)[0]


def labels_to_print(session: Session, actor: Actor, codes: Sequence[str]) -> list[Label]:
    """The labels of these canonical codes, in their order: blank ones, those of items and of lots, within reach.

    `InvalidInput` for `codes` names each that is unknown or out of reach (both look the same), or void.
    """
    require(actor, Permission.LABEL_PRINT)
    within = reach(actor, Permission.LABEL_PRINT)
    rows = session.execute(
        select(Label)
        .outerjoin(Asset, Label.asset_id == Asset.id)
        .outerjoin(StockLotLabel, StockLotLabel.code == Label.code)
        .outerjoin(StockLot, StockLot.id == StockLotLabel.lot_id)
        .where(
            Label.code.in_(set(codes)),
            or_(
                and_(
                    Label.asset_id.is_(None), StockLotLabel.code.is_(None),
                    or_(
                        Label.made_for_unit_id.is_(None),
                        units_within(within, cast("ColumnElement[int]", Label.made_for_unit_id)),
                    ),
                ),
                and_(Label.asset_id.is_not(None), assets_for(actor, Permission.LABEL_PRINT)),
                units_within(within, StockLot.unit_id) & StockLotLabel.code.is_not(None),
            ),
        )
    ).scalars()  # fmt: skip
    found = {label.code: label for label in rows}
    unknown = msg("No label of yours has the code %(code)s.")
    void = msg("The label %(code)s was replaced by another; print that one.")
    errors = [
        FieldError("codes", msg((void if code in found else unknown).text, code=format_code(code)), "no_label")
        for code in dict.fromkeys(codes)
        if code not in found or found[code].state == "void"
    ]
    if errors:
        raise InvalidInput(errors[0].message, fields=errors, code="no_label")
    return [found[code] for code in codes]


def print_labels(session: Session, actor: Actor, codes: Sequence[str], now: datetime) -> list[Label]:
    """Record that these labels were printed; refuses as `labels_to_print` does."""
    labels = labels_to_print(session, actor, codes)
    for label in labels:
        label.printed_at = now
    session.flush()
    return labels


def free_codes(session: Session, count: int) -> list[str]:
    """So many new codes that no label has."""
    codes: set[str] = set()
    while len(codes) < count:
        fresh = {new_code() for _ in range(count - len(codes))}
        codes |= fresh - set(session.scalars(select(Label.code).where(Label.code.in_(fresh))))
    return sorted(codes)
