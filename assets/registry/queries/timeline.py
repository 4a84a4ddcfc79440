"""The timeline of one asset: what happened to it, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, tuple_
from sqlalchemy.orm import Session, aliased

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.people.models import Person
from assets.registry.models import Asset, AssetEvent


@dataclass(frozen=True)
class TimelinePage:
    """Some events and the key after which the older ones come (None: these were the last)."""

    events: list[AssetEvent]
    after: tuple[object, ...] | None


def registration_undone() -> ColumnElement[bool]:
    """A condition on `Asset`: its registration was undone, so that registered again it is the same asset.

    One that was promised and not delivered is left out of every list as well, and is its round's to bring back.
    """
    event = aliased(AssetEvent)
    undone = select(event.id).where(event.asset_id == Asset.id, event.kind == "annulled").exists()
    return and_(Asset.annulled_at.is_not(None), undone)


def timeline_page(
    session: Session, asset: Asset, *, limit: int = 50, after: tuple[object, ...] | None = None
) -> TimelinePage:
    """Events of the asset by the time they happened (the phone's counter breaks ties), newest first. One query."""
    key = (AssetEvent.occurred_at, AssetEvent.n, AssetEvent.id)
    statement = select(AssetEvent).where(AssetEvent.asset_id == asset.id)
    if after is not None:
        statement = statement.where(tuple_(*key) < tuple_(*_key(after)))
    found = list(session.scalars(statement.order_by(*(column.desc() for column in key)).limit(limit + 1)))
    events = found[:limit]
    more = len(found) > limit
    last = events[-1] if events and more else None
    return TimelinePage(events, (last.occurred_at.isoformat(), last.n, last.id) if last else None)


def person_numbers(session: Session, events: list[AssetEvent]) -> dict[int, str]:
    """The service numbers of the persons that the events name by id."""
    ids = {event.data["person_id"] for event in events if isinstance(event.data.get("person_id"), int)}
    if not ids:
        return {}
    return {row.id: row.number for row in session.execute(select(Person.id, Person.number).where(Person.id.in_(ids)))}


def _key(after: tuple[object, ...]) -> tuple[datetime, int, str]:
    try:
        moment, n, event_id = after
        at = datetime.fromisoformat(str(moment))
        if at.tzinfo is None or not isinstance(n, int) or not isinstance(event_id, str) or "\x00" in event_id:
            raise ValueError
        return at, n, event_id
    except (ValueError, TypeError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error
