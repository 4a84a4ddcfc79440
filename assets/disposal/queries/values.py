"""Memo values of assets, one by one and by class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.disposal.models import DisposalCase
from assets.disposal.queries.cases import CASE_READ
from assets.disposal.rules.depreciation import MemoValue, life_years, memo_value
from assets.people.models import Unit
from assets.registry.models import Asset, EquipmentClass, EquipmentModel
from assets.registry.scope import assets_for

CHUNK = 1000


@dataclass(frozen=True)
class MemoRow:
    """One asset of the list of values; `memo` is None where its cost or its first day of use is not known."""

    code: str
    class_code: str
    model: str
    unit: str
    life: str
    title_status: str
    currency: str
    available_on: date | None
    disposed_on: date | None
    life_years: int
    cost: Decimal | None
    memo: MemoValue | None


@dataclass(frozen=True)
class ClassValue:
    """A class in one currency: items with a value, items without, and their sums."""

    class_code: str
    currency: str
    items: int
    unknown: int
    cost: Decimal
    annual: Decimal
    value: Decimal


def disposal_day(session: Session, asset: Asset) -> date | None:
    """The day on which the asset was disposed of; None while it was not."""
    if asset.life != "disposed":
        return None
    return session.scalar(
        select(DisposalCase.carried_out_on).where(
            DisposalCase.asset_id == asset.id, DisposalCase.state == "carried_out"
        )
    )


def asset_memo(session: Session, asset: Asset, on: date) -> MemoValue | None:
    """The memo value of one asset on a day."""
    return memo_value(
        asset.value, available_on(asset.in_service_on, asset.received_on),
        life_years(asset.equipment_class.code), on, disposal_day(session, asset),
    )  # fmt: skip


def available_on(in_service_on: date | None, received_on: date | None) -> date | None:
    """When an asset became available for use: its day in service, or of receipt where that is not known."""
    return in_service_on or received_on


def memo_rows(
    session: Session, actor: Actor, on: date, *, unit_id: int | None = None, class_id: int | None = None
) -> Iterator[MemoRow]:
    """Every asset of the actor with its memo value on a day, by label code, a thousand at a time."""
    statement = (
        select(
            Asset.code, EquipmentClass.code.label("class_code"), EquipmentModel.maker, EquipmentModel.name,
            Unit.code.label("unit"), Asset.life, Asset.title_status, Asset.currency, Asset.value,
            Asset.in_service_on, Asset.received_on, DisposalCase.carried_out_on,
        )
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .join(Unit, Unit.id == Asset.unit_id)
        .outerjoin(EquipmentModel, EquipmentModel.id == Asset.model_id)
        .outerjoin(DisposalCase, (DisposalCase.asset_id == Asset.id) & (DisposalCase.state == "carried_out"))
        .where(assets_for(actor, CASE_READ))
    )  # fmt: skip
    if unit_id is not None:
        statement = statement.where(Asset.unit_id == unit_id)
    if class_id is not None:
        statement = statement.where(Asset.class_id == class_id)
    last = ""
    while rows := session.execute(statement.where(Asset.code > last).order_by(Asset.code).limit(CHUNK)).all():
        for row in rows:
            years, start = life_years(row.class_code), available_on(row.in_service_on, row.received_on)
            yield MemoRow(
                row.code, row.class_code, f"{row.maker or ''} {row.name or ''}".strip(), row.unit, row.life,
                row.title_status, row.currency, start, row.carried_out_on, years, row.value,
                memo_value(row.value, start, years, on, row.carried_out_on),
            )  # fmt: skip
        last = rows[-1].code


def memo_totals(rows: Iterable[MemoRow]) -> list[ClassValue]:
    """The sums by class and currency of what came and is not disposed of; currencies are never added up."""
    groups: dict[tuple[str, str], list[MemoRow]] = defaultdict(list)
    for row in rows:
        if row.life not in {"disposed", "expected"}:
            groups[row.class_code, row.currency].append(row)
    totals = []
    for (class_code, currency), members in sorted(groups.items()):
        known = [row.memo for row in members if row.memo is not None]
        totals.append(
            ClassValue(
                class_code, currency, len(known), len(members) - len(known),
                sum((memo.cost for memo in known), Decimal(0)),
                sum((memo.annual for memo in known), Decimal(0)),
                sum((memo.value for memo in known), Decimal(0)),
            )
        )  # fmt: skip
    return totals


def by_currency(totals: Iterable[ClassValue]) -> list[ClassValue]:
    """The sums of all classes, one line for each currency."""
    groups: dict[str, list[ClassValue]] = defaultdict(list)
    for total in totals:
        groups[total.currency].append(total)
    return [
        ClassValue(
            "", currency, sum(t.items for t in members), sum(t.unknown for t in members),
            sum((t.cost for t in members), Decimal(0)), sum((t.annual for t in members), Decimal(0)),
            sum((t.value for t in members), Decimal(0)),
        )
        for currency, members in sorted(groups.items())
    ]  # fmt: skip
