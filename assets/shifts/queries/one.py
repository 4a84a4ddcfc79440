"""One shift: its crew, and each thing that went out with it with what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.custody import queries as custody
from assets.people.models import Person, Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import assets_for
from assets.shifts import rules
from assets.shifts.models import Shift, ShiftItem
from assets.shifts.queries.board import _whole, is_of_shift, sees_shift, went_again
from assets.shifts.rules import Fate

MOST_ITEMS = 500


@dataclass(frozen=True)
class ItemView:
    """One thing that went out: when, to whom, and what became of it."""

    item: ShiftItem
    asset: Asset
    person: Person
    fate: Fate


@dataclass(frozen=True)
class ShiftView:
    """A shift as far as it is in sight; `shift` is None where only issues were heard of, or it is another unit's."""

    id: str
    shift: Shift | None
    unit: Unit
    started_at: datetime
    ends_at: datetime | None
    items: list[ItemView]

    @property
    def out(self) -> int:
        """How many things are still out."""
        return sum(each.fate.state == rules.ITEM_OUT for each in self.items)

    @property
    def passed_on(self) -> int:
        """How many things are with somebody else since: not out with this shift, and not known to be back."""
        return sum(each.fate.state == rules.ITEM_PASSED_ON for each in self.items)

    def state(self, now: datetime) -> str:
        """Late, out, back, closed, or nothing told of it yet."""
        closed_at = self.shift.closed_at if self.shift else None
        return rules.state(self.ends_at, self.out, closed_at, now, told=bool(self.items))


def shift_by_id(session: Session, actor: Actor, shift_id: str) -> ShiftView:
    """The shift; `NotFound` when neither it nor anything that went out with it is in the actor's sight.

    Its items are those that he sees; seven queries at most.
    """
    shift = session.scalar(_whole().where(Shift.id == shift_id, sees_shift(actor)))
    later = aliased(ShiftItem)
    again = select(func.min(later.at)).where(went_again(later)).correlate(ShiftItem).scalar_subquery()
    rows: Sequence[Any] = session.execute(
        select(ShiftItem, Shift.id, again)
        .join(Asset, Asset.id == ShiftItem.asset_id)
        .outerjoin(Shift, and_(is_of_shift(), sees_shift(actor)))
        .options(
            joinedload(ShiftItem.asset).joinedload(Asset.model),
            joinedload(ShiftItem.asset).joinedload(Asset.equipment_class),
            joinedload(ShiftItem.asset).joinedload(Asset.unit),
            joinedload(ShiftItem.person).joinedload(Person.unit),
            joinedload(ShiftItem.unit),
        )
        .where(ShiftItem.shift_id == shift_id, assets_for(actor, Permission.CUSTODY_SEE))
        .order_by(ShiftItem.at, ShiftItem.n, ShiftItem.event_id)
        .limit(MOST_ITEMS)
    ).all()
    # Where the shift itself is in sight, only what belongs to it is shown; else whatever names it.
    known = [(item, next_at) for item, belongs, next_at in rows if shift is None or belongs is not None]
    items = [item for item, _ in known]
    if shift is None and not items:
        raise NotFound(msg("There is no such shift, or it is not yours to see."))
    views = _views(session, known)
    ends = [item.asset.custody_until for item in items if item.asset.custody_until is not None]
    return ShiftView(
        shift_id, shift, shift.unit if shift is not None else items[0].unit,
        shift.started_at if shift is not None else items[0].at,
        shift.ends_at if shift is not None else max(ends, default=None), views,
    )  # fmt: skip


def _views(session: Session, items: Sequence[tuple[ShiftItem, datetime | None]]) -> list[ItemView]:
    """Each thing with what became of it; issued twice with the same shift, it is told once, by the last of these.

    Beside each stands when it went out with a shift again.
    """
    entries = custody.entries(session, {item.asset_id for item, _ in items})
    stories = {asset_id: rules.Story(found) for asset_id, found in entries.items()}
    found: dict[int, ItemView] = {}
    for item, next_at in items:
        became = stories[item.asset_id].fate(item.event_id, item.at, next_at)
        if became.state != rules.ITEM_ANNULLED:
            found[item.asset_id] = ItemView(item, item.asset, item.person, became)
    return list(found.values())
