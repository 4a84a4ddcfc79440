"""The calendar of shared items, a week at a time, and one item's calendar as a file for other programs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request

from assets.core import journal
from assets.core.clock import local_date
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.fitness.queries import fitness_of
from assets.labels.token import format_code
from assets.people.rules import Permission, may
from assets.reservations import queries
from assets.reservations.ical import CalendarEntry, calendar_text
from assets.reservations.queries.calendar import CalendarFilter, calendar
from assets.reservations.rules import STATE_NAMES, State
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, words, writing
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page, parse_date
from assets.web.reservation_words import DAY_NAMES, asset_cells, day_view

pages = Blueprint("reservations_calendar", __name__)

WEEKS_SHOWN = (1, 2, 4)
SOONEST = date(2000, 1, 3)
LATEST = date(2200, 1, 1)
FILE_DAYS = 366


@pages.get("/reservations/calendar")
@needs(Permission.CUSTODY_SEE)
def show() -> Any:
    """Items by days, from a Monday on, for one, two or four weeks."""
    wanted = page(request.args)
    after = care.code_key(wanted.after)
    with reading() as session:
        code = request.args.get("asset", "").strip()
        asset = queries.known_asset(session, actor(), read_code(code)) if code else None
        narrowed = CalendarFilter(
            _monday(), 7 * _weeks(), care.unit_id(session, request.args), asset.id if asset is not None else None
        )
        found = calendar(
            session, actor(), narrowed, now(), limit=wanted.limit + 1, after=str(after[0]) if after else ""
        )  # fmt: skip
        rows = found[: wanted.limit]
        fitness = fitness_of(session, [row.asset for row in rows], now())
        units = queries.sharing_units(session, actor())
        weeks = [
            {
                "first": narrowed.first + timedelta(days=7 * n),
                "rows": [
                    {"asset": asset_cells(row.asset, fitness[row.asset.id]),
                     "days": [day_view(cell) for cell in row.cells[7 * n : 7 * n + 7]]}
                    for row in rows
                ],
            }
            for n in range(narrowed.days // 7)
        ]  # fmt: skip
        following = encode_cursor((rows[-1].asset.code,)) if len(found) > wanted.limit else ""
        step = timedelta(days=narrowed.days)
        return render_template(
            "reservations/calendar.html", weeks=weeks, units=units, filter=narrowed, asset=code,
            first=narrowed.first, last=narrowed.until - timedelta(days=1), is_empty=not rows,
            today=local_date(now(), the_app().settings.zone),
            before=care.address_without("cursor", **{"from": (narrowed.first - step).isoformat()}),
            next=care.address_without("cursor", **{"from": (narrowed.first + step).isoformat()}),
            now_address=care.address_without("cursor", "from"),
            week_choices=[
                {"label": words(msg("%(n)s weeks", n=n) if n > 1 else msg("one week")),
                 "current": n * 7 == narrowed.days, "href": care.address_without("weeks", "cursor", weeks=str(n))}
                for n in WEEKS_SHOWN
            ],
            legend=[(kind, words(name)) for kind, name in DAY_NAMES.values()],
            active=care.chosen({"units": units}, {"unit": "units"}),
            after=care.address_without("cursor", cursor=following) if following else "",
            file=f"/reservations/calendar/{asset.code}.ics" if asset is not None else "",
            may_ask=may(actor(), Permission.CUSTODY_ACT),
        )  # fmt: skip


def _monday() -> date:
    """The Monday of the week that is asked for; of this week when none is."""
    text = request.args.get("from", "").strip()
    day = parse_date(text, "from") if text else local_date(now(), the_app().settings.zone)
    if not SOONEST <= day <= LATEST:
        raise invalid("from", msg("%(text)s is out of range.", text=day.isoformat()))
    return day - timedelta(days=day.weekday())


def _weeks() -> int:
    text = request.args.get("weeks", "").strip() or "2"
    if text not in {str(n) for n in WEEKS_SHOWN}:
        raise invalid("weeks", msg("This is one of: %(known)s.", known="1, 2, 4"), code="unknown_word")
    return int(text)


@pages.get("/reservations/calendar/<code>.ics")
@needs(Permission.CUSTODY_SEE)
def as_file(code: str) -> Response:
    """The times of one item that are taken, from today on, as an iCalendar file; who has them as on the page."""
    viewer, settings = actor(), the_app().settings
    with writing() as session:
        asset = queries.known_asset(session, viewer, read_code(code))
        host = settings.base_url.partition("//")[2].partition("/")[0]
        entries = []
        for each in queries.reserved_between(session, [asset.id], now(), now() + timedelta(days=FILE_DAYS)):
            state = words(STATE_NAMES[each.state])
            told = queries.sees_all(viewer, each)
            summary = f"{state}: {each.unit.name}" if told else state
            entries.append(
                CalendarEntry(
                    f"{each.number}@{host}", each.starts_at, each.ends_at, summary, each.state == State.APPROVED
                )
            )
        name = f"{care.asset_title(asset)} {format_code(asset.code)}"
        journal.note(session, "reservations_list", asset.code, "exported")
    return Response(
        calendar_text(name, entries, now()),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{asset.code}.ics"'},
    )
