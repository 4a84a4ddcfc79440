"""Which papers of which vehicles are due: every vehicle with every kind of paper, and how it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, func, literal, or_, select, true, union_all
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass
from assets.registry.scope import assets_for
from assets.vehicles.models import VehiclePaper
from assets.vehicles.queries.entries import counts
from assets.vehicles.rules.entries import PaperKind
from assets.vehicles.rules.papers import SOON_DAYS, VERY_SOON_DAYS, Standing, Validity, current, standing

# What is withdrawn or still to come is not driven: its papers may lapse.
DRIVEN = ("received", "in_service")
_NEVER = date(9999, 12, 31)


@dataclass(frozen=True)
class PaperFilter:
    """Which lines the list shows; None or empty does not filter. `due`: all that is not valid or ends soon."""

    standing: Standing | None = None
    due: bool = False
    kind: str = ""
    unit_id: int | None = None


@dataclass(frozen=True)
class PaperLine:
    """One vehicle and one kind of paper: how it stands, and the paper that is valid today or was the last."""

    asset: Asset
    kind: str
    standing: Standing
    paper: VehiclePaper | None
    key: tuple[object, ...] = ()


def paper_lines(
    session: Session,
    actor: Actor,
    wanted: PaperFilter,
    today: date,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[PaperLine]:
    """Lines by the day on which the last paper ends, those without any at the end; `after` is a line's key.

    Two queries.
    """
    kinds = _kinds()
    until = func.coalesce(_until(kinds.c.kind), literal(_NEVER, VehiclePaper.valid_until.type))
    place = (until, Asset.code, kinds.c.kind)
    found = _standing(kinds.c.kind, today)
    statement = (
        _lines(actor, wanted, kinds, found)
        .with_only_columns(Asset, kinds.c.kind, found, until)
        .options(
            joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class), joinedload(Asset.model)
        )
    )
    if after is not None:
        day, code, kind = date.fromisoformat(str(after[0])), str(after[1]), str(after[2])
        statement = statement.where(
            or_(place[0] > day, and_(place[0] == day, or_(place[1] > code, and_(place[1] == code, place[2] > kind))))
        )
    rows = session.execute(statement.order_by(*place).limit(limit)).all()
    papers = papers_of(session, {row[0].id for row in rows})
    return [
        PaperLine(
            asset, kind, Standing(stands), _shown(papers[asset.id, kind], today), (day.isoformat(), asset.code, kind)
        )
        for asset, kind, stands, day in rows
    ]


def papers_due(actor: Actor, today: date, *standings: Standing) -> Select[int]:
    """How many lines stand so, as a statement for a page that asks many counts in one query."""
    kinds = _kinds()
    found = _standing(kinds.c.kind, today)
    lines = _lines(actor, PaperFilter(), kinds, found)
    return lines.with_only_columns(func.count()).where(found.in_(standings))


def lines_of(asset: Asset, papers: Mapping[str, Sequence[VehiclePaper]], today: date) -> list[PaperLine]:
    """The line of each kind of paper of one vehicle, from its papers that count."""
    return [
        PaperLine(
            asset, kind.value, standing([_validity(paper) for paper in papers.get(kind, ())], today),
            _shown(papers.get(kind, ()), today),
        )
        for kind in PaperKind
    ]  # fmt: skip


def papers_of(session: Session, asset_ids: Collection[int]) -> defaultdict[tuple[int, str], list[VehiclePaper]]:
    """The papers that count of these vehicles, by (asset id, kind)."""
    found: defaultdict[tuple[int, str], list[VehiclePaper]] = defaultdict(list)
    rows = session.scalars(
        select(VehiclePaper).where(VehiclePaper.asset_id.in_(asset_ids), counts(VehiclePaper)).order_by(VehiclePaper.id)
    )
    for paper in rows:
        found[paper.asset_id, paper.kind].append(paper)
    return found


def _kinds() -> Any:
    """The kinds of papers as rows: a vehicle has a line for each, whether a paper is there or not."""
    return union_all(*(select(literal(kind.value, String).label("kind")) for kind in PaperKind)).subquery("paper_kind")


def _lines(actor: Actor, wanted: PaperFilter, kinds: Any, found: ColumnElement[str]) -> Select[Any]:
    statement = (
        select(Asset.id)
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .join(kinds, true())
        .where(assets_for(actor, Permission.ASSET_READ), EquipmentClass.is_vehicle, Asset.life.in_(DRIVEN))
    )
    if wanted.standing is not None:
        statement = statement.where(found == wanted.standing)
    if wanted.due:
        statement = statement.where(found.in_((Standing.OVERDUE, Standing.WITHIN_7, Standing.WITHIN_30)))
    if wanted.kind:
        statement = statement.where(kinds.c.kind == wanted.kind)
    if wanted.unit_id is not None:
        statement = statement.where(Asset.unit_id == wanted.unit_id)
    return statement


def _mine(kind: ColumnElement[str]) -> tuple[ColumnElement[bool], ...]:
    return VehiclePaper.asset_id == Asset.id, VehiclePaper.kind == kind, counts(VehiclePaper)


def _until(kind: ColumnElement[str]) -> Any:
    """The last day of the paper that is valid longest."""
    return select(func.max(VehiclePaper.valid_until)).where(*_mine(kind)).correlate(Asset, kind.table).scalar_subquery()


def _standing(kind: ColumnElement[str], today: date) -> ColumnElement[str]:
    """`rules.papers.standing` in SQL; a test holds the two together."""

    def covered(days: int) -> ColumnElement[bool]:
        day = today + timedelta(days=days)
        return _exists(kind, VehiclePaper.valid_from <= day, VehiclePaper.valid_until >= day)

    return case(
        (~_exists(kind), Standing.MISSING.value),
        (~covered(0), Standing.OVERDUE.value),
        (~covered(VERY_SOON_DAYS), Standing.WITHIN_7.value),
        (~covered(SOON_DAYS), Standing.WITHIN_30.value),
        else_=Standing.VALID.value,
    )


def _exists(kind: ColumnElement[str], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(VehiclePaper.id).where(*_mine(kind), *conditions).correlate(Asset, kind.table).exists()


def _validity(paper: VehiclePaper) -> Validity:
    return Validity(paper.valid_from, paper.valid_until)


def _shown(papers: Sequence[VehiclePaper], today: date) -> VehiclePaper | None:
    """The current paper, or else the one that ends last."""
    valid = current([_validity(paper) for paper in papers], today)
    if valid is not None:
        return next(paper for paper in reversed(papers) if _validity(paper) == valid)
    return max(papers, key=lambda paper: (paper.valid_until, paper.id), default=None)
