"""What waits for somebody today, by subject: counted, with the first three of each, all in one query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Date, Float, Integer, Select, String, cast, func, literal, null, select, union_all
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.db import UtcDateTime
from assets.people.rules import Permission, Role
from assets.registry.models import Asset, EquipmentClass, EquipmentModel
from assets.registry.scope import assets_for
from assets.web.home_cards.field import field_cards
from assets.web.home_cards.shapes import SHOWN, Asked, Card, Line
from assets.web.home_cards.upkeep import upkeep_cards

__all__ = ["Card", "Line", "cards", "in_order"]

# Fewer days left than this stand for what failed or was never done.
_NO_DAYS = -100_000.0

# What a role looks at first; the rest follows by urgency.
FIRST_FOR: Mapping[str, tuple[str, ...]] = {
    Role.COORDINATOR: ("alarms", "conflicts", "losses", "proposed", "reservations"),
    Role.COMMANDER: ("alarms", "conflicts", "shifts_late", "not_back"),
    Role.LOGISTICS_OFFICER: ("transfers_incoming", "shifts_late", "not_back", "reservations", "lots_barred"),
    Role.OFFICER: ("to_confirm",),
    Role.TECHNICIAN: ("calibration_due", "care_due", "orders"),
    Role.APPROVER: ("summaries",),
    Role.ADMINISTRATOR: ("setup",),
}
_URGENCY = ("blocked", "due", "away", "unknown")


def cards(session: Session, who: Actor, today: date, now: datetime) -> tuple[list[Card], dict[str, int]]:
    """What waits, in the order in which it matters to `who`, and how many items there are in all and in service.

    One query, whatever there is. What he has no right to is not asked for.
    """
    asked = [*field_cards(who, today, now), *upkeep_cards(who, today)]
    items = select(func.count()).select_from(Asset).where(assets_for(who, Permission.ASSET_READ))
    totals = {"total": items, "in_service": items.where(Asset.life == "in_service")}
    found, firsts = _read(session, totals, asked)
    for each in asked:
        each.card.count = found[each.card.name] - found.get(each.less, 0)
        each.card.first = [_line(row, each.line) for row in firsts.get(each.card.name, [])]
    waiting = [each.card for each in asked if each.card.count > 0]
    return in_order(who, waiting), {name: found[name] for name in totals}


def in_order(who: Actor, waiting: Iterable[Card]) -> list[Card]:
    """First what the roles of `who` look at first, then by urgency."""
    first = [name for role in sorted(who.roles) for name in FIRST_FOR.get(role, ())]

    def place(card: Card) -> tuple[int, int]:
        return (first.index(card.name) if card.name in first else len(first), _URGENCY.index(card.kind))

    return sorted(waiting, key=place)


def _read(
    session: Session, totals: Mapping[str, Select[Any]], asked: list[Asked]
) -> tuple[dict[str, int], dict[str, list[Any]]]:
    """Every count, and the rows of the first of each, by card."""
    parts = [_counted(name, counting) for name, counting in totals.items()]
    parts += [_counted(each.card.name, each.counting) for each in asked]
    parts += [_firsts(each.card.name, each.first) for each in asked if each.first is not None]
    rows = union_all(*parts).subquery()
    statement = (
        select(rows, Asset.code, EquipmentClass.code.label("class_code"), EquipmentModel)
        .outerjoin(Asset, Asset.id == rows.c.asset_id)
        .outerjoin(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .outerjoin(EquipmentModel, EquipmentModel.id == Asset.model_id)
        .order_by(rows.c.card, rows.c.place)
    )
    counts: dict[str, int] = {}
    firsts: dict[str, list[Any]] = {}
    for row in session.execute(statement):
        if row.place == 0:
            counts[row.card] = row.counted
        else:
            firsts.setdefault(row.card, []).append(row)
    return counts, firsts


def _counted(name: str, counting: Select[Any]) -> Select[Any]:
    # The first part of a union gives its columns their types.
    return select(
        literal(name, String).label("card"), literal(0, Integer).label("place"),
        counting.scalar_subquery().label("counted"), *_columns({}),
    )  # fmt: skip


def _firsts(name: str, first: Select[Any]) -> Select[Any]:
    few = first.limit(SHOWN).subquery()
    place = func.row_number().over(order_by=few.c.place)
    return select(
        literal(name, String), place, cast(null(), Integer),
        *_columns({column.name: column for column in few.c}),
    )  # fmt: skip


def _columns(given: Mapping[str, Any]) -> Iterator[Any]:
    for name, kind in (
        ("asset_id", Integer), ("key", String), ("said", String), ("days", Float), ("at", UtcDateTime), ("day", Date),
    ):  # fmt: skip
        yield given[name] if name in given else cast(null(), kind).label(name)


def _line(row: Any, address: str) -> Line:
    days = row.days if row.days is not None and row.days > _NO_DAYS else None
    model: EquipmentModel | None = row.EquipmentModel
    href = address.format(key=quote(row.key or "", safe="-."), code=row.code)
    return Line(
        href, row.said or "", model.full_name if model is not None else "", row.class_code or "", row.code or "",
        row.at, row.day, days,
    )  # fmt: skip
