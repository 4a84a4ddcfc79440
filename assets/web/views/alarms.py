"""Alarms for people: the list, one with what was told and done, taking it on, closing it; and limits of silence."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, DomainError, InvalidInput, invalid
from assets.core.i18n import msg
from assets.people.rules import Permission, may
from assets.registry.rules.classes import CLASSES
from assets.telemetry import access
from assets.telemetry import queries as telemetry
from assets.telemetry.alarms import queries, service
from assets.telemetry.alarms.rules import KIND_NAMES, STATES
from assets.telemetry.models import Alarm
from assets.telemetry.silence import is_silent
from assets.web import care
from assets.web.alarm_words import STATE_NAMES, alarm_cells, story_cells
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.exports import note_export, whole_list
from assets.web.forms import field_errors, typed
from assets.web.parsing import encode_cursor, page, parse_moment
from assets.web.views.imports import table_file

pages = Blueprint("alarms", __name__)

EXPORT_COLUMNS = (
    "alarm", "kind", "state", "late", "tracker", "asset", "unit", "raised_at", "last_at", "times", "received_at",
    "ended_at", "acknowledged_at", "acknowledged_by", "closed_at", "closed_by", "note",
)  # fmt: skip
FILTER_KEYS = ("state", "kind", "heard", "unit", "tracker", "from", "to")


def filter_of(session: Session, args: Any) -> queries.AlarmFilter:
    """What the address narrows the list to."""
    zone = the_app().settings.zone
    since, until = (parse_moment(args[key], zone, key) if args.get(key) else None for key in ("from", "to"))
    tracker = args.get("tracker", "").strip()[:64].replace("\x00", "")
    return queries.AlarmFilter(
        args.get("state", ""), args.get("kind", ""), args.get("heard", ""), care.unit_id(session, args), tracker,
        since, until,
    )  # fmt: skip


@pages.get("/alarms")
@needs(Permission.TRACKER_READ)
def list_alarms() -> Any:
    return _list_page("", None)


def _list_page(note: str, error: DomainError | None) -> Any:
    """Alarms, the open ones first; several are taken on or closed at once."""
    wanted = page(request.args)
    with reading() as session:
        narrowed = filter_of(session, request.args)
        found = queries.alarms_page(session, actor(), narrowed, limit=wanted.limit + 1, after=wanted.after)
        counted = list(queries.alarm_countings(actor()))
        counts = session.execute(select(*(count.scalar_subquery().label(name) for name, count in counted))).one()
        options = {
            **care.choices(session, Permission.TRACKER_READ),
            "kinds": [(kind, words(name)) for kind, name in KIND_NAMES.items()],
            "heard": [("live", words(msg("in time"))), ("late", words(msg("too late")))],
        }
        rows = [alarm_cells(alarm) for alarm in found[: wanted.limit]]
    following = encode_cursor(queries.alarm_key(found[wanted.limit - 1])) if len(found) > wanted.limit else ""
    answer = render_template(
        "alarms/list.html", rows=rows, counts=counts._mapping, options=options, state=narrowed.state, note=note,
        shows=[_show("", words(msg("all")), narrowed.state)]
        + [_show(state, words(STATE_NAMES[state][1]), narrowed.state) for state in STATES],
        active=care.chosen(options, {"kind": "kinds", "unit": "units", "heard": "heard"}),
        after=care.address_without("cursor", cursor=following) if following else "",
        export=care.address_without("cursor"), may_handle=any(row["may_handle"] for row in rows),
        errors=field_errors(error) if error is not None else {},
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


def _show(state: str, title: str, chosen: str) -> dict[str, object]:
    href = care.address_without("state", "cursor", **({"state": state} if state else {}))
    return {"label": title, "href": href, "current": chosen == state}


@pages.get("/alarms/export")
@needs(Permission.TRACKER_READ)
def export() -> Any:
    """The whole filtered list as CSV or XLSX."""
    with writing() as session:
        narrowed = filter_of(session, request.args)
        note_export(session, "alarms_list", FILTER_KEYS)
        found = partial(queries.alarms_page, session, actor(), narrowed, limit=500)
        lines = [_export_line(row) for row in whole_list(found, queries.alarm_key)]
    return table_file("alarms", EXPORT_COLUMNS, lines)


def _export_line(row: Alarm) -> list[Any]:
    return [
        row.id, row.kind, row.state, "yes" if row.late else "no", row.tracker_id,
        row.asset.code if row.asset is not None else "", row.unit.code if row.unit is not None else "", row.raised_at,
        row.last_at, row.times, row.received_at, row.ended_at, row.acknowledged_at,
        row.acknowledged_by.login if row.acknowledged_by is not None else "", row.closed_at,
        row.closed_by.login if row.closed_by is not None else "", row.note,
    ]  # fmt: skip


@pages.post("/alarms")
@needs(Permission.ALARM_HANDLE)
def handle() -> Any:
    """Take the ticked alarms on, or close them with the same words."""
    values, ticked = typed(), request.form.getlist("alarms")
    closing = values.get("do") == "close"
    try:
        with writing() as session:
            done = service.handle_many(
                session, actor(), [_number(text) for text in ticked], values.get("note", "") if closing else None,
                now(),
            )  # fmt: skip
    except (InvalidInput, Conflict) as error:
        return _list_page(values.get("note", ""), error)
    flash_words(
        msg("Closed: %(n)d alarms.", n=done) if closing else msg("Taken on: %(n)d alarms.", n=done), "success"
    )  # fmt: skip
    return redirect(care.address_without("cursor"), 303)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise invalid("alarms", msg("Tick at least one alarm."))
    return int(text)


@pages.get("/alarms/<int:alarm_id>")
@needs(Permission.TRACKER_READ)
def show(alarm_id: int) -> Any:
    return _page(alarm_id, {}, None)


@pages.get("/alarms/<int:alarm_id>/where")
@needs(Permission.POSITION_READ)
def show_where(alarm_id: int) -> Any:
    """The same with the place where it happened; the look is journalled."""
    return _page(alarm_id, {}, None, place=True)


def _page(alarm_id: int, values: dict[str, str], error: DomainError | None, *, place: bool = False) -> Any:
    with writing() if place else reading() as session:
        permission = Permission.POSITION_READ if place else Permission.TRACKER_READ
        alarm = queries.alarm_by_id(session, actor(), alarm_id, permission)
        where = _where(session, alarm) if place else None
        sees_place = may(actor(), Permission.POSITION_READ)
        answer = render_template(
            "alarms/item.html", alarm=alarm_cells(alarm), story=story_cells(session, alarm), values=values,
            where=where, asked=place, sees_place=sees_place, errors=field_errors(error) if error is not None else {},
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


def _where(session: Session, alarm: Alarm) -> tuple[float, float] | None:
    """Where the first word was said, if that is kept and no order hides the vehicle now; the look is journalled."""
    access.record_looks(session, actor(), [alarm.tracker_id], now(), f"alarm {alarm.id}")
    told = queries.words_of(session, alarm)
    if not told or (alarm.asset_id is not None and is_silent(session, alarm.asset_id, now())):
        return None
    with the_app().telemetry.reading() as other:
        return telemetry.place_of_sample(other, alarm.tracker_id, told[0].life, told[0].boot, told[0].seq)


@pages.post("/alarms/<int:alarm_id>/acknowledge")
@needs(Permission.ALARM_HANDLE)
def acknowledge(alarm_id: int) -> Any:
    """Somebody sees to it."""
    try:
        with writing() as session:
            service.acknowledge(session, actor(), alarm_id, now())
    except Conflict as error:
        return _page(alarm_id, {}, error)
    flash_words(msg("You have taken it on. Close it with a few words when it is done."), "success")
    return redirect(f"/alarms/{alarm_id}", 303)


@pages.post("/alarms/<int:alarm_id>/close")
@needs(Permission.ALARM_HANDLE)
def close(alarm_id: int) -> Any:
    """It is done with."""
    values = typed()
    try:
        with writing() as session:
            service.close(session, actor(), alarm_id, values.get("note", ""), now())
    except (InvalidInput, Conflict) as error:
        return _page(alarm_id, values, error)
    flash_words(msg("Closed, with your words."), "success")
    return redirect(f"/alarms/{alarm_id}", 303)


@pages.get("/alarms/limits")
@needs(Permission.TRACKER_MANAGE)
def limits() -> Any:
    return _limits_page({}, None)


@pages.post("/alarms/limits")
@needs(Permission.TRACKER_MANAGE)
def set_limits() -> Any:
    """How long trackers of each class may be silent; an empty field is the usual day."""
    values = typed()
    try:
        with writing() as session:
            for equipment_class, _ in queries.contact_limits(session):
                text = values.get(f"hours-{equipment_class.code}", "").strip()
                hours = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0 if text else None
                service.set_contact_limit(session, actor(), equipment_class, hours)
    except InvalidInput as error:
        return _limits_page(values, error)
    flash_words(msg("Saved. It counts from the next look on, within ten minutes."), "success")
    return redirect("/alarms/limits", 303)


def _limits_page(values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        rows = [
            {
                "name": f"hours-{row.code}",
                "title": words(CLASSES[row.code].title) if row.code in CLASSES else row.name,
                "hours": values.get(f"hours-{row.code}", "" if hours is None else str(hours)),
            }
            for row, hours in queries.contact_limits(session)
        ]
    answer = render_template(
        "alarms/limits.html", rows=rows, usual=telemetry.USUAL_HOURS,
        errors=field_errors(error) if error is not None else {},
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200
