"""How reservations are said: states, a line of the list, days of the calendar, and the warning before a handover."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from babel.dates import get_day_names
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.i18n import Message, msg
from assets.fitness.rules import Fitness
from assets.labels.token import format_code
from assets.people.rules import Permission, may, reach
from assets.registry.models import Asset
from assets.registry.scope import reaches_asset, reaches_unit
from assets.reservations import queries
from assets.reservations.models import Reservation
from assets.reservations.queries.cautions import reserved_for_others
from assets.reservations.rules import HOLDING, RESERVABLE_LIVES, STATE_NAMES, DayCell, State
from assets.web import care
from assets.web.context import actor, locale, now, the_app, words
from assets.web.filters import show_date, show_datetime

STATE_KINDS = {State.ASKED: "due", State.APPROVED: "ready", State.DECLINED: "blocked", State.CANCELLED: "unknown"}
SHOW_NAMES: dict[str, Message] = {
    "": msg("all"),
    "to_answer": msg("to be answered by us"),
    "asked": msg("asked for"),
    "reserved": msg("reserved"),
    "ended": msg("past, declined or cancelled"),
}
DAY_NAMES: dict[str, tuple[str, Message]] = {
    "free": ("ready", msg("free")),
    "asked": ("due", msg("asked for")),
    "reserved": ("blocked", msg("reserved")),
    "lent": ("away", msg("lent out")),
    "passed": ("unknown", msg("past")),
}
WARN_DAYS = 14
"""How many days ahead a reservation is told of where an item is handed out."""


def is_whole_days(reservation: Reservation) -> bool:
    """Whether it begins and ends at midnight."""
    zone = the_app().settings.zone
    return all(moment.astimezone(zone).hour == 0 for moment in (reservation.starts_at, reservation.ends_at))


def time_words(reservation: Reservation) -> str:
    """Its time: from day to day (both included) where it has whole days, else with the hours."""
    zone = the_app().settings.zone
    first, last = local_date(reservation.starts_at, zone), local_date(reservation.ends_at - timedelta(seconds=1), zone)
    if is_whole_days(reservation):
        return show_date(first) if first == last else f"{show_date(first)} – {show_date(last)}"
    start = show_datetime(reservation.starts_at)
    if first == last:
        return f"{start} – {_hours(reservation.starts_at, reservation.ends_at).partition('–')[2]}"
    return f"{start} – {show_datetime(reservation.ends_at)}"


def reservation_cells(reservation: Reservation) -> dict[str, Any]:
    """A reservation as lists and its page show it, with what the viewer may do about it."""
    asset, who = reservation.asset, actor()
    ahead = reservation.ends_at > now()
    is_open = reservation.state in HOLDING and ahead
    keeps, acts = queries.is_keeper(who, asset), queries.acts_for(who, reservation)
    return {
        "row": reservation,
        "is_told_why": queries.is_told_why(who, reservation),
        "title": care.asset_title(asset),
        "printed": format_code(asset.code),
        "kind": STATE_KINDS[State(reservation.state)],
        "state": words(STATE_NAMES[reservation.state]),
        "time": time_words(reservation),
        "may_answer": keeps and reservation.state == State.ASKED and ahead,
        "may_cancel": is_open and (keeps or acts),
        "may_change": is_open and acts,
        "may_send": keeps and is_open and reservation.state == State.APPROVED and reservation.unit_id != asset.unit_id
        and asset.holding_unit_id is None and asset.transit_unit_id is None and asset.custodian_person_id is None,
    }  # fmt: skip


def asset_cells(asset: Asset, fitness: Fitness) -> dict[str, Any]:
    """What anybody is shown of an item that can be asked for: code, class, model, unit and whether it is fit."""
    return {
        "code": asset.code,
        "printed": format_code(asset.code),
        "title": care.asset_title(asset),
        "unit": asset.unit,
        "kind": fitness.state,
        "known": queries.knows(actor(), asset),
        "reads": reaches_asset(actor(), Permission.ASSET_READ, asset),
    }


def day_view(cell: DayCell) -> dict[str, Any]:
    """One day of the calendar in words: its state, and for each time that is taken its hours and by whom."""
    kind, name = DAY_NAMES[cell.kind]
    lines = [
        {
            "hours": _hours(each.start, each.end),
            "text": each.text or words(DAY_NAMES[each.kind][1]),
            "state": words(DAY_NAMES[each.kind][1]),
            "kind": DAY_NAMES[each.kind][0],
            "href": f"/reservations/{each.reservation_id}" if each.reservation_id else "",
        }
        for each in cell.taken
    ]
    names = get_day_names("abbreviated", locale="uz_Latn_UZ" if locale() == "uz" else locale())
    return {
        "day": cell.day, "name": f"{names[cell.day.weekday()]} {cell.day.day}.{cell.day.month:02d}", "kind": kind,
        "state": words(name), "lines": lines, "key": cell.kind,
    }  # fmt: skip


def _hours(start: datetime, end: datetime | None) -> str:
    """The hours of a part of a day; '' for the whole."""
    zone = the_app().settings.zone
    first = start.astimezone(zone)
    last = end.astimezone(zone) if end is not None else None
    if last is None or (first.hour == 0 and first.minute == 0 and last.hour == 0 and last.minute == 0):
        return ""
    until = "24:00" if last.hour == 0 and last.minute == 0 else f"{last:%H:%M}"
    return f"{first:%H:%M}–{until}"


def reserved_notices(session: Session, asset: Asset) -> list[str]:
    """For whoever hands a shared item out: for whom else it is reserved in the next days. At most one query.

    Said to those alone who hand it out; what their own only unit has reserved needs no warning.
    """
    if not (queries.is_shared(asset) and reaches_unit(actor(), Permission.CUSTODY_ACT, asset.unit)):
        return []
    within = reach(actor(), Permission.CUSTODY_ACT)
    own = set(within.unit_ids) if len(within.unit_ids) == 1 and not within.region_ids else set()
    ahead = now() + timedelta(days=WARN_DAYS)
    return [
        words(msg("Reserved for %(unit)s: %(time)s (%(number)s).",
                  unit=each.unit.name, time=time_words(each), number=each.number))
        for each in reserved_for_others(session, asset, now(), ahead, own)
    ]  # fmt: skip


def asset_section(session: Session, asset: Asset) -> dict[str, Any] | None:
    """What an item's page shows of its reservations; None where the viewer sees no custody.

    Of what is shared the next ones, in one query; for the others, which are seldom reserved, the calendar's link.
    """
    who = actor()
    if not reaches_asset(who, Permission.CUSTODY_SEE, asset):
        return None
    keeps, is_shared = queries.is_keeper(who, asset), queries.is_shared(asset)
    found = queries.of_asset(session, asset.id, now()) if is_shared else []
    return {
        "rows": [reservation_cells(each) for each in found if queries.sees_all(who, each)],
        "shared": is_shared,
        "may_share": keeps and asset.life in RESERVABLE_LIVES,
        "may_ask": may(who, Permission.CUSTODY_ACT) and asset.life in RESERVABLE_LIVES,
    }
