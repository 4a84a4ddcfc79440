"""Cards of the field: alarms, conflicts, receipts to confirm, transfers, shifts, reservations, who is leaving."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, String, cast, func, select

from assets.clearance.models import Clearance
from assets.clearance.queries import waiting_counting as clearances_waiting
from assets.core.actor import Actor
from assets.core.i18n import Message, msg
from assets.custody.models import ConflictCase, Transfer
from assets.custody.queries import transfers
from assets.custody.queries.confirmations import waiting_for
from assets.custody.queries.conflicts import open_conflicts
from assets.people.models import Person, Unit
from assets.people.rules import Permission, may
from assets.registry.models import Asset, StockLot
from assets.registry.queries.stock import lots_counting
from assets.registry.scope import assets_for
from assets.reservations.models import Reservation
from assets.reservations.queries import waiting_counting as requests_waiting
from assets.shifts.queries import late_shifts
from assets.telemetry.alarms.queries import open_alarms
from assets.telemetry.models import Alarm
from assets.web.home_cards.shapes import Asked, Card, first_of


def field_cards(who: Actor, today: date, now: datetime) -> Iterator[Asked]:
    """The cards that `who` has a right to, in the order of urgency."""
    if may(who, Permission.TRACKER_READ):
        yield _alarms(who)
    if may(who, Permission.CONFLICT_READ):
        yield _conflicts(who)
    if who.person_id is not None:
        yield _to_confirm(who)
    if may(who, Permission.CUSTODY_SEE):
        yield _late_shifts(who, now)
        yield from _handed_over(who, now)
        yield _reservations(who, now)
    if may(who, Permission.PERSON_READ):
        yield _clearances(who)
    if may(who, Permission.STOCK_WRITE):
        yield from _lots(who, today)


def _alarms(who: Actor) -> Asked:
    card = Card("alarms", "blocked", msg("alarms of vehicles are open"), "/alarms?state=open&heard=live",
                Permission.ALARM_HANDLE)  # fmt: skip
    found = open_alarms(who)
    first = first_of(found, Alarm.raised_at, asset_id=Alarm.asset_id, key=cast(Alarm.id, String), at=Alarm.raised_at)
    return Asked(card, select(func.count()).select_from(found.subquery()), first, "/alarms/{key}")


def _to_confirm(who: Actor) -> Asked:
    rows = waiting_for(who).subquery()
    card = Card("to_confirm", "due", msg("items were issued to you: say whether you have them"), "/confirmations",
                Permission.ASSET_READ)  # fmt: skip
    first = select(rows.c.asset_id, rows.c.at, rows.c.at.label("place")).order_by(rows.c.at)
    return Asked(card, select(func.count()).select_from(rows), first, "/assets/{code}")


def _late_shifts(who: Actor, now: datetime) -> Asked:
    rows = late_shifts(who, now).subquery()
    card = Card("shifts_late", "blocked", msg("shifts have ended and not everything is back"), "/shifts?show=late",
                Permission.CUSTODY_ACT)  # fmt: skip
    unit = select(Unit.name).where(Unit.id == rows.c.unit_id).scalar_subquery()
    first = select(rows.c.shift_id.label("key"), unit.label("said"), rows.c.ends_at.label("at"), rows.c.place).order_by(
        rows.c.place
    )
    return Asked(card, select(func.count()).select_from(rows), first, "/shifts/{key}")


def _reservations(who: Actor, now: datetime) -> Asked:
    counting = requests_waiting(who, now)
    card = Card("reservations", "due", msg("units ask for items of yours"), "/reservations?show=to_answer",
                Permission.CUSTODY_ACT)  # fmt: skip
    first = first_of(
        counting, Reservation.starts_at, asset_id=Reservation.asset_id, key=cast(Reservation.id, String),
        at=Reservation.starts_at,
    )  # fmt: skip
    return Asked(card, counting, first, "/reservations/{key}")


def _clearances(who: Actor) -> Asked:
    counting = clearances_waiting(who)
    card = Card("clearances", "due", msg("persons leave and have not handed in everything"), "/clearances",
                Permission.CUSTODY_ACT)  # fmt: skip
    number = select(Person.number).where(Person.id == Clearance.person_id).scalar_subquery()
    first = first_of(counting, Clearance.opened_at, key=number, said=number, at=Clearance.opened_at)
    return Asked(card, counting, first, "/persons/{key}/clearance")


def _conflicts(who: Actor) -> Asked:
    card = Card("conflicts", "blocked", msg("conflicts are open: entries contradict each other"),
                "/conflicts?state=open", Permission.CONFLICT_SETTLE)  # fmt: skip
    found = open_conflicts(who)
    first = first_of(
        found, ConflictCase.opened_at, asset_id=ConflictCase.asset_id, key=ConflictCase.id, at=ConflictCase.opened_at
    )
    return Asked(card, select(func.count()).select_from(found.subquery()), first, "/conflicts/{key}")


_TRANSFERS = {
    "overdue": ("blocked", msg("loans are not back on the day agreed"), Asset.lent_until),
    "incoming": ("due", msg("items are on their way to you"), Transfer.begun_at),
    "questions": ("due", msg("transfers need an answer"), Transfer.begun_at),
}


def _handed_over(who: Actor, now: datetime) -> Iterator[Asked]:
    counted = dict(transfers.countings(who, now))
    for show, (kind, text, at) in _TRANSFERS.items():
        counting = counted[f"transfers_{show}"]
        card = Card(f"transfers_{show}", kind, text, f"/transfers?show={show}", Permission.CUSTODY_ACT)
        # Of an item that he may not see, an entry of his own says its code alone: the list says more.
        first = None if show == "questions" else first_of(
            counting, at, asset_id=Transfer.asset_id, key=Transfer.sheet_id, at=at
        )  # fmt: skip
        yield Asked(card, counting, first, "/transfers/{key}")
    late = (
        select(func.count())
        .select_from(Asset)
        .where(assets_for(who, Permission.CUSTODY_SEE), Asset.custody_until < now)
    )
    card = Card("not_back", "due", msg("items are not back on the day agreed"), "/assets?custody=overdue",
                Permission.CUSTODY_ACT)  # fmt: skip
    yield Asked(card, late, first_of(late, Asset.custody_until, asset_id=Asset.id, at=Asset.custody_until))


_LOTS: tuple[tuple[str, str, str, Message, str], ...] = (
    ("lots_barred", "blocked", "barred", msg("lots must not be used: expired, recalled or suspect"), ""),
    ("lots_30", "due", "expires_30", msg("lots expire within 30 days"), ""),
    ("lots_90", "due", "expires_90", msg("lots expire within 90 days"), "lots_30"),
)


def _lots(who: Actor, today: date) -> Iterator[Asked]:
    for name, kind, show, text, less in _LOTS:
        counting = lots_counting(who, show, today)
        rows = counting.where(StockLot.id.not_in(_ids_of_lots(who, today))) if less else counting
        place = func.coalesce(StockLot.expires_on, StockLot.recalled_on)
        first = first_of(
            rows, place, key=cast(StockLot.id, String), day=StockLot.expires_on,
            said=StockLot.item + " · " + StockLot.lot_number,
        )  # fmt: skip
        yield Asked(Card(name, kind, text, f"/lots?show={show}", Permission.STOCK_WRITE), counting, first,
                     "/lots/{key}", less=less)  # fmt: skip


def _ids_of_lots(who: Actor, today: date) -> Select[Any]:
    return lots_counting(who, "expires_30", today).with_only_columns(StockLot.id, maintain_column_froms=True)
