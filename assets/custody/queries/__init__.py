"""Reads of custody: who has an asset and who had it, uses and sightings within a span, persons to give it to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from statistics import median_low
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, joinedload

from assets.core.actor import Actor
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.custody.models import ConflictCase, CustodyEntry, UseSession
from assets.custody.rules import CurrentCustody, Entry, Holding, fold, holdings
from assets.people.models import Person
from assets.people.rules import Permission
from assets.registry.models import AssetEvent
from assets.registry.rules.folding import fold_text
from assets.registry.scope import persons_for

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Use:
    """One use of an asset, credited to the unit that had it; `at` is the moment that it counts for."""

    event_id: str
    asset_id: int
    unit_id: int
    person_id: int | None
    at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    count: int | None
    hours: Decimal | None
    contribution: str
    operation: str


@dataclass(frozen=True)
class Sighting:
    """A person had the asset before them at `at`; `kind` is the event in which that came about."""

    event_id: str
    asset_id: int
    unit_id: int | None
    account_id: int | None
    at: datetime
    kind: str
    grade: str | None


def entries(session: Session, asset_ids: Collection[int]) -> dict[int, list[Entry]]:
    """Every custody entry of these assets, as values for `rules.fold`, by asset."""
    found: dict[int, list[Entry]] = defaultdict(list)
    rows = session.execute(
        select(
            CustodyEntry.asset_id, CustodyEntry.event_id, CustodyEntry.kind, CustodyEntry.at, CustodyEntry.n,
            CustodyEntry.person_id, CustodyEntry.unit_id, CustodyEntry.until, CustodyEntry.corrects_id,
        ).where(CustodyEntry.asset_id.in_(asset_ids))
    )  # fmt: skip
    for asset_id, event_id, kind, at, n, person_id, unit_id, until, corrects in rows:
        found[asset_id].append(Entry(event_id, kind, at, n, person_id, unit_id, until, corrects))
    return found


def current_custody(session: Session, asset_id: int) -> CurrentCustody:
    """Who has the asset now, folded from its entries, with the flag of a conflict."""
    return fold(entries(session, [asset_id])[asset_id])


def custody_chain(session: Session, asset_ids: Collection[int]) -> dict[int, list[Holding]]:
    """Who had each of these assets and when, oldest first, without gap or overlap."""
    return {asset_id: holdings(rows) for asset_id, rows in entries(session, asset_ids).items()}


@dataclass(frozen=True)
class Override:
    """An issue that set the asset's unfitness aside: when, to whom, by whom, and why."""

    event_id: str
    at: datetime
    person: str
    actor: str
    reason: str


@dataclass(frozen=True)
class Story:
    """What a page says of custody: who has the asset, issues in spite of unfitness, numbers of persons by id.

    `open_case`: an open conflict case of it, where there is one.
    """

    current: CurrentCustody
    overrides: list[Override]
    numbers: dict[int, str]
    open_case: str | None = None


def custody_story(session: Session, asset_id: int) -> Story:
    """`current_custody` and `overridden_issues` (newest first) with the persons of all entries, in one query."""
    rows = session.execute(
        select(
            CustodyEntry.event_id, CustodyEntry.kind, CustodyEntry.at, CustodyEntry.n, CustodyEntry.person_id,
            CustodyEntry.unit_id, CustodyEntry.until, CustodyEntry.corrects_id, CustodyEntry.override_reason,
            Person.number, AssetEvent.actor_name, _open_case(asset_id).label("open_case"),
        )
        .outerjoin(Person, Person.id == CustodyEntry.person_id)
        .join(AssetEvent, AssetEvent.id == CustodyEntry.event_id)
        .where(CustodyEntry.asset_id == asset_id)
        .order_by(CustodyEntry.at.desc(), CustodyEntry.event_id)
    ).all()  # fmt: skip
    told = [
        Entry(row.event_id, row.kind, row.at, row.n, row.person_id, row.unit_id, row.until, row.corrects_id)
        for row in rows
    ]
    overrides = [
        Override(row.event_id, row.at, row.number or "", row.actor_name, row.override_reason)
        for row in rows
        if row.override_reason
    ]
    numbers = {row.person_id: row.number for row in rows if row.person_id is not None}
    return Story(fold(told), overrides, numbers, rows[0].open_case if rows else None)


def _open_case(asset_id: int) -> Any:
    # No case is without an entry of custody, so that it comes with the entries.
    mine = (ConflictCase.asset_id == asset_id, ConflictCase.state == "open")
    return select(func.max(ConflictCase.id)).where(*mine).scalar_subquery()


def overridden_issues(session: Session, asset_id: int, limit: int = 20) -> list[CustodyEntry]:
    """Issues of the asset that set its unfitness aside with a stated reason, newest first."""
    return list(
        session.scalars(
            select(CustodyEntry)
            .options(joinedload(CustodyEntry.event), joinedload(CustodyEntry.person))
            .where(CustodyEntry.asset_id == asset_id, CustodyEntry.override_reason != "")
            .order_by(CustodyEntry.at.desc(), CustodyEntry.event_id)
            .limit(limit)
        )
    )


def use_sessions(
    session: Session, span: Span, *, asset_ids: Collection[int] | None = None, where: ColumnElement[bool] | None = None
) -> list[Use]:
    """Uses that count for a moment within the half-open `span`, without corrected ones, by time.

    `where` may narrow by columns of `UseSession`.
    """
    statement = (
        select(
            UseSession.event_id, UseSession.asset_id, UseSession.unit_id, UseSession.person_id, UseSession.at,
            UseSession.started_at, UseSession.ended_at, UseSession.count, UseSession.hours,
            UseSession.contribution, UseSession.operation,
        )
        .where(UseSession.at >= span[0], UseSession.at < span[1], _not_corrected(UseSession.event_id))
        .order_by(UseSession.at, UseSession.event_id)
    )  # fmt: skip
    if asset_ids is not None:
        statement = statement.where(UseSession.asset_id.in_(asset_ids))
    if where is not None:
        statement = statement.where(where)
    return [Use(*row) for row in session.execute(statement)]


def sightings(session: Session, span: Span, *, asset_ids: Collection[int] | None = None) -> list[Sighting]:
    """Times within the half-open `span` at which a person had an asset before them, without corrected ones, by time.

    Telemetry and hearsay never are sightings; a return or a before-use check is one.
    """
    statement = (
        select(
            AssetEvent.id, AssetEvent.asset_id, AssetEvent.unit_id, AssetEvent.account_id, AssetEvent.occurred_at,
            AssetEvent.kind, AssetEvent.grade,
        )
        .where(
            AssetEvent.seen, AssetEvent.occurred_at >= span[0], AssetEvent.occurred_at < span[1],
            _not_corrected(AssetEvent.id),
        )
        .order_by(AssetEvent.occurred_at, AssetEvent.id)
    )  # fmt: skip
    if asset_ids is not None:
        statement = statement.where(AssetEvent.asset_id.in_(asset_ids))
    return [Sighting(*row) for row in session.execute(statement)]


def _not_corrected(event_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    corrector = aliased(AssetEvent)
    return ~select(corrector.id).where(corrector.corrects_id == event_id).exists()


def person_to_hold(session: Session, actor: Actor, number: str, field: str = "to") -> Person:
    """The person with this service number to whom `actor` may issue.

    `InvalidInput` naming `field` when there is none or it is somebody out of scope: both look the same.
    """
    person = session.scalar(
        select(Person)
        .options(joinedload(Person.unit))
        .where(Person.number == number.strip(), persons_for(actor, Permission.CUSTODY_ACT))
    )
    if person is None:
        raise invalid(field, msg("No person in your units has this number."), code="unknown_person")
    return person


def persons_like(session: Session, actor: Actor, text: str, today: date, limit: int = 20) -> list[Person]:
    """Persons to whom `actor` may issue and whose number or name holds `text`, at most `limit`, by number.

    Names are compared without regard to case, apostrophes and script; those who have left are left out. An empty text
    fits everyone.
    """
    wanted = fold_text(text[:200])
    candidates = session.execute(
        select(Person.id, Person.number, Person.name)
        .where(persons_for(actor, Permission.CUSTODY_ACT), or_(Person.left_on.is_(None), Person.left_on > today))
        .order_by(Person.number)
    )
    ids = []
    for person_id, number, name in candidates:
        if wanted in fold_text(number) or wanted in fold_text(name):
            ids.append(person_id)
            if len(ids) == limit:
                break
    return list(
        session.scalars(
            select(Person).options(joinedload(Person.unit)).where(Person.id.in_(ids)).order_by(Person.number)
        )
    )


def usual_amount(session: Session, asset_id: int, column: InstrumentedAttribute[Any], last: int = 5) -> Decimal | None:
    """The median of the asset's last few uses in `column` (`UseSession.count` or `.hours`); None without any."""
    values = session.scalars(
        select(column)
        .where(UseSession.asset_id == asset_id, column.is_not(None), _not_corrected(UseSession.event_id))
        .order_by(UseSession.at.desc(), UseSession.event_id)
        .limit(last)
    ).all()
    return Decimal(str(median_low(values))) if values else None
