"""What belongs in kits and what is in them, in two queries however many they are, and as a condition for filters."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Date, Numeric, Select, String, and_, cast, false, func, null, or_, select
from sqlalchemy import union_all as together
from sqlalchemy.orm import Session, aliased

from assets.core.db import UtcDateTime
from assets.kits.models import Kit, KitCount, KitEntry, KitLine, KitPart
from assets.kits.rules.completeness import Contents, Counted, Line, Part
from assets.kits.rules.ledger import PartEntry, stay_at
from assets.registry.models import Asset, EquipmentClass, EquipmentModel, StockLot
from assets.registry.queries.stock import barred
from assets.registry.rules.stock import Standing, standing_of

_BARS = frozenset({Standing.EXPIRED, Standing.RECALLED, Standing.SUSPECT})


def contents(session: Session, which: ColumnElement[bool], today: date) -> dict[int, Contents]:
    """The contents of the kits that fit `which`, a condition on `Kit` or `Asset`, by asset id.

    Two queries, one for none. Whether a part is fit is not known here: `Part.fit` says yes.
    """
    heads: dict[int, datetime | None] = {}
    lines: dict[int, list[Line]] = defaultdict(list)
    rows = session.execute(
        select(
            Kit.asset_id, Kit.checked_at, KitLine.class_id, EquipmentClass.code, KitLine.number, KitLine.required,
            KitLine.model_id, EquipmentModel.maker, EquipmentModel.name, KitLine.item,
        )
        .join(Asset, Asset.id == Kit.asset_id)
        .outerjoin(KitLine, and_(KitLine.kit_id == Kit.asset_id, KitLine.active))
        .outerjoin(EquipmentClass, EquipmentClass.id == KitLine.class_id)
        .outerjoin(EquipmentModel, EquipmentModel.id == KitLine.model_id)
        .where(which)
        .order_by(Kit.asset_id, KitLine.position, KitLine.id)
    )  # fmt: skip
    for kit_id, checked_at, class_id, class_code, number, required, model_id, maker, model, item in rows:
        heads[kit_id] = checked_at
        if class_id is not None:
            lines[kit_id].append(
                Line(class_id, class_code, number, required, model_id, f"{maker or ''} {model or ''}".strip(), item)
            )
    parts: dict[int, list[Part]] = defaultdict(list)
    counted: dict[int, list[Counted]] = defaultdict(list)
    if heads:
        for row in session.execute(_in_kits(which)):
            if row.code is not None:
                parts[row.kit_id].append(_part(row))
            else:
                counted[row.kit_id].append(_counted(row, today))
    return {
        kit_id: Contents(tuple(lines[kit_id]), tuple(parts[kit_id]), tuple(counted[kit_id]), checked_at)
        for kit_id, checked_at in heads.items()
    }


def _in_kits(which: ColumnElement[bool]) -> Any:
    """Parts and counted items of kits, as rows of one statement: what a row does not have is empty."""
    kits = select(Kit.asset_id).join(Asset, Asset.id == Kit.asset_id).where(which)
    part, kit = aliased(Asset), aliased(Asset)
    no_text, no_day, no_time, no_number = (
        cast(null(), kind).label(None) for kind in (String, Date, UtcDateTime, Numeric(14, 3))
    )
    parts = (
        select(
            KitPart.kit_id.label("kit_id"), part.id.label("id"), part.code.label("code"),
            part.class_id.label("class_id"), EquipmentClass.code.label("class_code"), part.life.label("life"),
            part.condition.label("condition"), part.model_id.label("model_id"), EquipmentModel.maker.label("maker"),
            EquipmentModel.name.label("model"), KitPart.since.label("since"),
            KitPart.missing_since.label("missing_since"), _away(part, kit).label("away"),
            EquipmentClass.subject_to_calibration.label("calibrated"),
            no_number.label("quantity"), no_number.label("short"), no_day.label("expires_on"),
            no_day.label("recalled_on"), no_time.label("suspect_since"), no_text.label("lot_number"),
            no_text.label("item"), no_text.label("counted_in"),
        )
        .join(part, part.id == KitPart.asset_id)
        .join(kit, kit.id == KitPart.kit_id)
        .join(EquipmentClass, EquipmentClass.id == part.class_id)
        .outerjoin(EquipmentModel, EquipmentModel.id == part.model_id)
        .where(KitPart.kit_id.in_(kits), part.annulled_at.is_(None))
    )  # fmt: skip
    lots = (
        select(
            KitCount.kit_id, StockLot.id, no_text, StockLot.class_id, EquipmentClass.code, no_text, no_text,
            StockLot.model_id, no_text, no_text, no_time, no_time, StockLot.annulled_at.is_not(None),
            EquipmentClass.subject_to_calibration,
            KitCount.quantity, KitCount.short, StockLot.expires_on, StockLot.recalled_on, StockLot.suspect_since,
            StockLot.lot_number, StockLot.item, StockLot.counted_in,
        )
        .join(StockLot, StockLot.id == KitCount.lot_id)
        .join(EquipmentClass, EquipmentClass.id == StockLot.class_id)
        .where(KitCount.kit_id.in_(kits), or_(KitCount.quantity > 0, KitCount.short > 0))
    )  # fmt: skip
    both = together(parts, lots).subquery()
    return select(both).order_by(both.c.kit_id, both.c.expires_on, both.c.code, both.c.id)


def _away(part: type[Asset], kit: type[Asset]) -> ColumnElement[bool]:
    """A condition on a part: it is not where its kit is, with another unit or person or on another way."""
    return or_(
        part.unit_id != kit.unit_id,
        part.custodian_person_id.is_distinct_from(kit.custodian_person_id),
        part.holding_unit_id.is_distinct_from(kit.holding_unit_id),
        part.transit_unit_id.is_distinct_from(kit.transit_unit_id),
    )


def _part(row: Any) -> Part:
    return Part(
        row.id, row.code, row.class_id, row.class_code, row.life, row.condition, row.since, row.model_id,
        f"{row.maker or ''} {row.model or ''}".strip(), row.missing_since, bool(row.away), bool(row.calibrated),
    )  # fmt: skip


def _counted(row: Any, today: date) -> Counted:
    standing = standing_of(row.expires_on, row.recalled_on, today, is_suspect=row.suspect_since is not None)
    return Counted(
        row.id, row.class_id, row.class_code, row.item, row.lot_number, row.counted_in, _amount(row.quantity),
        standing.value if standing in _BARS else "", _amount(row.short),
    )  # fmt: skip


def _amount(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.001"))


def blocking_condition(unfit_parts: Select[int], today: date) -> ColumnElement[bool]:
    """A condition on `Asset`: a kit that lacks what its list requires, as `Contents.findings` would say 'blocked'.

    `unfit_parts` selects the ids of all assets that are not fit.
    """
    kit, part, other = aliased(Asset), aliased(Asset), aliased(KitLine)
    has_own_line = (
        select(other.id)
        .where(other.kit_id == KitLine.kit_id, other.active, other.model_id == part.model_id)
        .correlate(KitLine, part)
        .exists()
    )
    usable_parts = (
        select(func.count())
        .select_from(KitPart)
        .join(part, part.id == KitPart.asset_id)
        .join(kit, kit.id == KitPart.kit_id)
        .where(
            KitPart.kit_id == KitLine.kit_id, part.class_id == KitLine.class_id, part.annulled_at.is_(None),
            or_(KitLine.model_id == part.model_id, and_(KitLine.model_id.is_(None), ~has_own_line)),
            KitPart.missing_since.is_(None), ~_away(part, kit), part.id.not_in(unfit_parts),
        )
        .correlate(KitLine)
        .scalar_subquery()
    )  # fmt: skip
    held = (
        select(func.coalesce(func.sum(KitCount.quantity), 0))
        .join(StockLot, StockLot.id == KitCount.lot_id)
        .where(
            KitCount.kit_id == KitLine.kit_id, StockLot.class_id == KitLine.class_id, StockLot.item == KitLine.item,
            ~func.coalesce(barred(today), false()),
        )
        .correlate(KitLine)
        .scalar_subquery()
    )  # fmt: skip
    bad_lot = (
        select(KitCount.lot_id)
        .join(StockLot, StockLot.id == KitCount.lot_id)
        .where(
            KitCount.kit_id == KitLine.kit_id, StockLot.class_id == KitLine.class_id, StockLot.item == KitLine.item,
            KitCount.quantity > 0, barred(today),
        )
        .correlate(KitLine)
        .exists()
    )  # fmt: skip
    lacking = select(KitLine.kit_id).where(
        KitLine.active, KitLine.required,
        or_(
            and_(KitLine.item == "", usable_parts < KitLine.number),
            and_(KitLine.item != "", or_(held < KitLine.number, bad_lot)),
        ),
    )  # fmt: skip
    return Asset.id.in_(lacking)


def parts_at(session: Session, kit_id: int, at: datetime, n: int, *, missed: bool = False) -> list[int]:
    """The ids of the parts that were in a kit when something happened to it at `at`; `missed`: also those not found."""
    ever = select(KitEntry.part_id).where(KitEntry.kit_id == kit_id, KitEntry.part_id.is_not(None))
    entries: dict[int, list[PartEntry]] = defaultdict(list)
    for entry in session.scalars(select(KitEntry).where(KitEntry.part_id.in_(ever))):
        if entry.part_id is not None:
            entries[entry.part_id].append(PartEntry(entry.event_id, entry.kit_id, entry.kind, entry.at, entry.n))
    found = []
    for part_id, known in entries.items():
        stay = stay_at(known, at, n)
        if stay is not None and stay.kit_id == kit_id and (missed or stay.missing_since is None):
            found.append(part_id)
    return sorted(found)
