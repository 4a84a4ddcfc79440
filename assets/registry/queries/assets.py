"""Lists of assets: filters, search, sorting and keyset paging that stay fast with 50,000 of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from assets.core.actor import Actor
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import (
    Asset,
    Grant,
    HandoverBatch,
    Label,
    Meter,
)
from assets.registry.queries.filters import AssetFilters, asset_conditions
from assets.registry.scope import assets_for

EXPORT_CHUNK = 1000
COUNT_LIMIT = 10_000


@dataclass(frozen=True)
class AssetPage:
    """One page: the assets with what they refer to, the number of the first, and the keys of the pages around it."""

    assets: list[Asset]
    first: int
    before: tuple[object, ...] | None
    after: tuple[object, ...] | None
    total: int
    total_is_more: bool = False  # the search finds more than `total`: counting them all would take too long


# A sort key and its column; where it may be empty, empty comes first, as SQLite's indexes have it.
SORTS: dict[str, InstrumentedAttribute[Any]] = {
    "code": Asset.code,
    "class": Asset.class_id,
    "unit": Asset.unit_id,
    "life": Asset.life,
    "condition": Asset.condition,
    "value": Asset.value,
    "registered": Asset.registered_at,
    "seen": Asset.last_seen_at,
}
DEFAULT_SORT = "code"
_WITH_REFERENCES: tuple[ORMOption, ...] = (
    joinedload(Asset.equipment_class),
    joinedload(Asset.model),
    joinedload(Asset.unit).joinedload(Unit.region),
    joinedload(Asset.batch).joinedload(HandoverBatch.grant).joinedload(Grant.donor),
    joinedload(Asset.custodian_org),
    joinedload(Asset.custodian_person),
)


def asset_page(
    session: Session,
    actor: Actor,
    filters: AssetFilters,
    *,
    sort: str = DEFAULT_SORT,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
    extra: ColumnElement[bool] | None = None,
) -> AssetPage:
    """A page of the assets that `actor` may read, by `sort` (a key of `SORTS`, '-' before it for descending).

    `after` is a key that an earlier page gave. `extra` is a condition on `Asset` from a slice above the registry.
    One query, two more for a search. `InvalidInput` for sort keys, filters and keys that are not ours.
    """
    key, descending = _sort(sort)
    column = SORTS[key]
    backwards, value, last_id, first = _position(after, key)
    conditions = asset_conditions(session, actor, filters, extra)
    down = descending != backwards
    capped = bool(filters.query.strip())
    total = _counting(conditions, COUNT_LIMIT + 1 if capped else None)
    chosen = select(Asset.id.label("id"), column.label("key"), total.scalar_subquery().label("total")).where(
        *conditions
    )
    if after is not None:
        chosen = chosen.where(_beyond(column, value, last_id, down=down))
    order = _order(column, Asset.id, nullable=_nullable(column), down=down)
    page = chosen.order_by(*order).limit(limit + 1).subquery()
    # The page is chosen from narrow index rows; only its rows are then read with all that they refer to.
    statement = select(Asset, page.c.key, page.c.total).join(page, page.c.id == Asset.id).options(*_WITH_REFERENCES)
    outer = _order(page.c.key, page.c.id, nullable=_nullable(column), down=down)
    found = session.execute(statement.order_by(*outer)).all()
    more, rows = len(found) > limit, list(found[:limit])
    if backwards:
        rows.reverse()
        first = max(1, first - len(rows))
    has_before, has_after = (more, True) if backwards else (after is not None, more)
    before = ("<", _plain(rows[0].key), rows[0].Asset.id, first) if rows and has_before else None
    following = (">", _plain(rows[-1].key), rows[-1].Asset.id, first + len(rows)) if rows and has_after else None
    count = found[0].total if found else (session.scalar(total) or 0) if after is not None else 0
    shown = min(count, COUNT_LIMIT) if capped else count
    return AssetPage([row.Asset for row in rows], first, before, following, shown, shown < count)


def asset_count(
    session: Session, actor: Actor, filters: AssetFilters, *, extra: ColumnElement[bool] | None = None
) -> int:
    """How many assets the same filters find."""
    return session.scalar(_counting(asset_conditions(session, actor, filters, extra), None)) or 0


def _counting(conditions: Sequence[ColumnElement[bool]], limit: int | None) -> Select[int]:
    if limit is None:
        return select(func.count()).select_from(Asset).where(*conditions)
    return select(func.count()).select_from(select(Asset.id).where(*conditions).limit(limit).subquery())


def all_assets(
    session: Session, actor: Actor, filters: AssetFilters, *, extra: ColumnElement[bool] | None = None
) -> Iterator[Asset]:
    """Every asset that the filters find, by code, a thousand at a time: memory does not grow with them."""
    conditions = asset_conditions(session, actor, filters, extra)
    last = ""
    while True:
        chunk = select(Asset.id, Asset.code).where(*conditions, Asset.code > last).order_by(Asset.code)
        rows = session.execute(chunk.limit(EXPORT_CHUNK)).all()
        yield from assets_by_id(session, [row.id for row in rows])
        if len(rows) < EXPORT_CHUNK:
            return
        last = rows[-1].code
        session.expunge_all()


def assets_by_id(session: Session, ids: Sequence[int]) -> list[Asset]:
    """These assets in this order, with class, model, unit, batch, donor and custodian loaded."""
    if not ids:
        return []
    found = session.scalars(select(Asset).options(*_WITH_REFERENCES).where(Asset.id.in_(ids)))
    by_id = {asset.id: asset for asset in found}
    return [by_id[asset_id] for asset_id in ids]


def asset_view(session: Session, actor: Actor, code: str) -> Asset | None:
    """The asset that a canonical label code leads to, with all that its page shows; None when it is not to be seen."""
    statement = (
        select(Asset)
        .join(Label, Label.asset_id == Asset.id)
        .options(*_WITH_REFERENCES, joinedload(Asset.meters))
        .where(Label.code == code, assets_for(actor, Permission.ASSET_READ))
    )
    return session.scalars(statement).unique().first()


def meters_of(session: Session, asset_ids: Sequence[int]) -> dict[int, list[Meter]]:
    """The meters of these assets, by asset."""
    found: dict[int, list[Meter]] = {asset_id: [] for asset_id in asset_ids}
    if asset_ids:
        for meter in session.scalars(select(Meter).where(Meter.asset_id.in_(asset_ids)).order_by(Meter.kind)):
            found[meter.asset_id].append(meter)
    return found


def labels_of(session: Session, asset: Asset) -> list[Label]:
    """All labels that lead to the asset, the newest first."""
    return list(
        session.scalars(select(Label).where(Label.asset_id == asset.id).order_by(Label.created_at.desc(), Label.code))
    )


def _sort(sort: str) -> tuple[str, bool]:
    key = sort.removeprefix("-")
    if key not in SORTS:
        raise invalid(
            "sort", msg("The list is sorted by one of: %(keys)s.", keys=", ".join(SORTS)), code="unknown_word"
        )
    return key, sort.startswith("-")


def _position(after: tuple[object, ...] | None, key: str) -> tuple[bool, object, int, int]:
    """(backwards, sort value, id, number of the first row) out of a key of ours."""
    if after is None:
        return False, None, 0, 1
    try:
        direction, value, last_id, first = after
        if direction not in {"<", ">"} or not isinstance(last_id, int) or not isinstance(first, int):
            raise ValueError
        return direction == "<", _typed(key, value), last_id, max(1, first)
    except (ValueError, TypeError, InvalidOperation, OverflowError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error


def _typed(key: str, value: object) -> object:
    if value is None and _nullable(SORTS[key]):
        return None
    if key in {"registered", "seen"}:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise ValueError
        return moment
    if key == "value":
        number = Decimal(str(value))
        if not number.is_finite():
            raise ValueError
        return number
    if not isinstance(value, int if key in {"class", "unit"} else str) or "\x00" in str(value):
        raise ValueError
    return value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _nullable(column: InstrumentedAttribute[Any]) -> bool:
    return bool(column.property.columns[0].nullable)


def _order(
    key: ColumnElement[Any] | InstrumentedAttribute[Any],
    row_id: ColumnElement[int] | InstrumentedAttribute[int],
    *,
    nullable: bool,
    down: bool,
) -> tuple[ColumnElement[Any], ColumnElement[int]]:
    ordered = key.desc() if down else key.asc()
    if nullable:
        ordered = ordered.nulls_last() if down else ordered.nulls_first()
    return ordered, row_id.desc() if down else row_id.asc()


def _beyond(column: InstrumentedAttribute[Any], value: object, last_id: int, *, down: bool) -> ColumnElement[bool]:
    """The rows after (value, id) in the order of the list."""
    if value is None:
        same = and_(column.is_(None), Asset.id < last_id if down else Asset.id > last_id)
        return same if down else or_(same, column.is_not(None))
    here, there = tuple_(column, Asset.id), tuple_(literal(value, column.type), last_id)
    found = here < there if down else here > there
    return or_(found, column.is_(None)) if down and _nullable(column) else found
