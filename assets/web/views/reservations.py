"""Reservations for people: the list, asking, one reservation with its answers, and sharing an item with others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.errors import Conflict, DomainError, InvalidInput, NotFound, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.fitness.queries import fitness_of
from assets.labels.token import format_code
from assets.people.queries import unit_by_code
from assets.people.rules import Permission, may
from assets.registry.scope import asset_by_code
from assets.reservations import queries, service
from assets.reservations.models import Reservation
from assets.reservations.queries.cautions import cautions, loan_sheets
from assets.reservations.rules import MAX_DAYS
from assets.reservations.service.asking import CHANGED, Wish
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.exports import export_csv, wants_csv
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page, parse_date
from assets.web.reservation_words import SHOW_NAMES, asset_cells, reservation_cells

pages = Blueprint("reservations", __name__)

COLUMNS = (
    "reservation", "asset", "class", "owner", "unit", "from", "to", "state", "purpose", "asked_at", "answered_at",
    "reason",
)  # fmt: skip
FILTER_KEYS = ("show", "unit", "asset")
EXPORTED_AT_ONCE = 500
REFUSALS = (InvalidInput, RuleViolation, Conflict)


def filter_of(session: Session) -> queries.ReservationFilter:
    """What the address narrows the list to."""
    code = request.args.get("asset", "").strip()
    asset = queries.known_asset(session, actor(), read_code(code)) if code else None
    return queries.ReservationFilter(
        request.args.get("show", ""), care.unit_id(session, request.args), asset.id if asset is not None else None
    )


@pages.get("/reservations")
@needs(Permission.CUSTODY_SEE)
def list_reservations() -> Any:
    """Reservations within reach, the latest time first; as CSV with `format=csv`."""
    wanted = page(request.args)
    if wants_csv():
        with writing() as session:
            return export_csv(session, "reservations_list", COLUMNS, _lines(filter_of(session)), FILTER_KEYS)
    with reading() as session:
        narrowed = filter_of(session)
        found = queries.reservations_page(
            session, actor(), narrowed, now(), limit=wanted.limit + 1, after=wanted.after
        )  # fmt: skip
        waiting = queries.waiting_for_me(session, actor(), now())
        options = {"units": care.choices(session, Permission.CUSTODY_SEE)["units"]}
        following = encode_cursor(queries.reservation_key(found[wanted.limit - 1])) if len(found) > wanted.limit else ""
        return render_template(
            "reservations/list.html", rows=[reservation_cells(each) for each in found[: wanted.limit]],
            waiting=waiting, units=options["units"], show=narrowed.show, asset=request.args.get("asset", ""),
            shows=[
                {"label": words(title), "current": narrowed.show == name,
                 "href": care.address_without("show", "cursor", **({"show": name} if name else {}))}
                for name, title in SHOW_NAMES.items()
            ],
            active=care.chosen(options, {"unit": "units"}), may_ask=may(actor(), Permission.CUSTODY_ACT),
            after=care.address_without("cursor", cursor=following) if following else "",
            export=care.address_without("cursor", format="csv"), is_empty=not found,
        )  # fmt: skip


def _lines(narrowed: queries.ReservationFilter) -> Iterator[tuple[object, ...]]:
    app, viewer, moment = the_app(), actor(), now()
    after: tuple[object, ...] | None = None
    with app.reading() as session:
        while rows := queries.reservations_page(
            session, viewer, narrowed, moment, limit=EXPORTED_AT_ONCE, after=after
        ):  # fmt: skip
            for row in rows:
                purpose, reason = (row.purpose, row.reason) if queries.is_told_why(viewer, row) else ("", "")
                yield (
                    row.number, row.asset.code, row.asset.equipment_class.code, row.asset.unit.code, row.unit.code,
                    row.starts_at, row.ends_at, row.state, purpose, row.asked_at, row.answered_at, reason,
                )  # fmt: skip
            after = queries.reservation_key(rows[-1])


@pages.get("/reservations/new")
@needs(Permission.CUSTODY_ACT)
def new() -> Any:
    today = local_date(now(), the_app().settings.zone).isoformat()
    first = request.args.get("from", "") or today
    values = {"asset": request.args.get("asset", ""), "from": first, "to": request.args.get("to", "") or first}
    return _form(values, None, None)


@pages.post("/reservations/new")
@needs(Permission.CUSTODY_ACT)
def create() -> Any:
    values = typed()
    try:
        code = read_code(values.get("asset", ""), the_app().settings.own_label_bases, "asset")
        with writing() as session:
            unit = unit_by_code(session, values.get("unit", ""))
            made = service.ask(
                session, actor(), code, unit, wish_of(values), now(), base_url=the_app().settings.base_url
            )  # fmt: skip
            is_reserved = made.answered_at is not None
            address = f"/reservations/{made.id}"
    except NotFound as error:
        return _form(values, invalid("asset", error.message), None)
    except REFUSALS as error:
        return _form(values, error, None)
    if is_reserved:
        flash_words(msg("Reserved."), "success")
    else:
        flash_words(msg("Asked for. The unit that it belongs to answers."), "success")
    return redirect(address, 303)


def wish_of(values: dict[str, str]) -> Wish:
    """Time and purpose as a form gives them: a first and a last day, each perhaps with an hour."""
    if not values.get("from", "").strip():
        raise invalid("from", msg("This must be filled in."), code="required")
    first = parse_date(values["from"], "from")
    last = parse_date(values["to"], "to") if values.get("to", "").strip() else first
    return Wish(
        _moment(first, values.get("from_hour", "") or "0", "from_hour"),
        _moment(last, values.get("to_hour", "") or "24", "to_hour"),
        values.get("purpose", ""),
    )


def _moment(day: date, hour: str, field: str) -> datetime:
    if not (hour.isascii() and hour.isdigit() and len(hour) <= 2 and int(hour) <= 24):
        raise invalid(field, msg("An hour from 0 to 24."))
    whole, rest = divmod(int(hour), 24)
    try:
        return datetime.combine(day + timedelta(days=whole), time(rest), tzinfo=the_app().settings.zone)
    except OverflowError as error:
        raise invalid(field, msg("%(text)s is out of range.", text=day.isoformat())) from error


def _form(values: dict[str, str], error: DomainError | None, changed: Reservation | None) -> Any:
    with reading() as session:
        units = care.choices(session, Permission.CUSTODY_ACT)["units"]
        assets = queries.askable_assets(session, actor()) if changed is None else []
        chosen = values.get("asset", "").replace("-", "").strip().upper()
        answer = render_template(
            "reservations/form.html", values=values | {"asset": chosen}, errors=field_errors(error) if error else {},
            units=units, changed=changed, max_days=MAX_DAYS,
            assets=[
                (each.code, f"{care.asset_title(each)} · {format_code(each.code)} · {each.unit.name}")
                for each in assets
            ],
            hours=[(str(hour), f"{hour:02d}:00") for hour in range(24)],
            end_hours=[(str(hour), f"{hour:02d}:00") for hour in range(24, 0, -1)],
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


@pages.get("/reservations/<int:reservation_id>")
@needs(Permission.CUSTODY_SEE)
def show(reservation_id: int) -> Any:
    return _page(reservation_id, {}, None)


def _page(reservation_id: int, values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        found = queries.reservation_by_id(session, actor(), reservation_id)
        zone = the_app().settings.zone
        cells = reservation_cells(found)
        last = local_date(found.ends_at - timedelta(seconds=1), zone)
        answer = render_template(
            "reservations/item.html", **cells, asset=asset_cells(found.asset, _fitness(session, found)),
            cautions=[words(each) for each in cautions(session, found, now())]
            if found.state in ("asked", "approved") and found.ends_at > now() else [],
            sheet=loan_sheets(session, [found]).get(found.id, "") if found.state == "approved" else "",
            send=f"/transfers/new?asset={found.asset.code}&to_unit={found.unit.code}&until={last.isoformat()}",
            week=local_date(found.starts_at, zone).isoformat(), changed=found.reason == CHANGED,
            next_id=queries.replaced_by(session, found.id) if found.reason == CHANGED else None,
            values=values, errors=field_errors(error) if error else {},
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


def _fitness(session: Session, found: Reservation) -> Any:
    return fitness_of(session, [found.asset], now())[found.asset_id]


@pages.post("/reservations/<int:reservation_id>/approve")
@needs(Permission.CUSTODY_ACT)
def approve(reservation_id: int) -> Any:
    return _step(
        reservation_id,
        lambda session, found, _values: service.approve(
            session, actor(), found, now(), base_url=the_app().settings.base_url
        ),
        msg("Approved. The unit that asked is told."),
    )


@pages.post("/reservations/<int:reservation_id>/decline")
@needs(Permission.CUSTODY_ACT)
def decline(reservation_id: int) -> Any:
    return _step(
        reservation_id,
        lambda session, found, values: service.decline(
            session, actor(), found, values.get("reason", ""), now(), base_url=the_app().settings.base_url
        ),
        msg("Declined, with the reason. Its time is free again."),
    )


@pages.post("/reservations/<int:reservation_id>/cancel")
@needs(Permission.CUSTODY_ACT)
def cancel(reservation_id: int) -> Any:
    return _step(
        reservation_id,
        lambda session, found, values: service.cancel(
            session, actor(), found, values.get("reason", ""), now(), base_url=the_app().settings.base_url
        ),
        msg("Cancelled. Its time is free again."),
    )


def _step(
    reservation_id: int, apply: Callable[[Session, Reservation, dict[str, str]], object], done: Message
) -> Any:  # fmt: skip
    """Take a step with a held reservation; a refusal shows its page again with what was typed."""
    values = typed()
    try:
        with writing() as session:
            apply(session, queries.reservation_by_id(session, actor(), reservation_id, lock=True), values)
    except REFUSALS as error:
        return _page(reservation_id, values, error)
    flash_words(done, "success")
    return redirect(f"/reservations/{reservation_id}", 303)


@pages.get("/reservations/<int:reservation_id>/change")
@needs(Permission.CUSTODY_ACT)
def change_form(reservation_id: int) -> Any:
    with reading() as session:
        found = queries.reservation_by_id(session, actor(), reservation_id)
    zone = the_app().settings.zone
    start, last = found.starts_at.astimezone(zone), (found.ends_at - timedelta(seconds=1)).astimezone(zone)
    values = {
        "from": start.date().isoformat(), "from_hour": str(start.hour), "to": last.date().isoformat(),
        "to_hour": str(last.hour + 1), "purpose": found.purpose if queries.is_told_why(actor(), found) else "",
    }  # fmt: skip
    return _form(values, None, found)


@pages.post("/reservations/<int:reservation_id>/change")
@needs(Permission.CUSTODY_ACT)
def change(reservation_id: int) -> Any:
    """Cancel it and ask for another time, in one step."""
    values = typed()
    with reading() as session:
        shown = queries.reservation_by_id(session, actor(), reservation_id)
    try:
        with writing() as session:
            found = queries.reservation_by_id(session, actor(), reservation_id, lock=True)
            made = service.change(
                session, actor(), found, wish_of(values), now(), base_url=the_app().settings.base_url
            )  # fmt: skip
            address = f"/reservations/{made.id}"
    except REFUSALS as error:
        return _form(values, error, shown)
    flash_words(msg("Changed: the old one is cancelled, this one stands in its place."), "success")
    return redirect(address, 303)


@pages.post("/assets/<code>/share")
@needs(Permission.CUSTODY_ACT)
def share(code: str) -> Any:
    """Let other units ask for an item, or no more."""
    wanted = request.form.get("shared") == "1"
    with writing() as session:
        asset = asset_by_code(session, actor(), read_code(code), Permission.CUSTODY_ACT, lock=True)
        service.share(session, actor(), asset, now(), shared=wanted)
        address = f"/assets/{asset.code}#reservations"
    flash_words(msg("Other units may ask for it.") if wanted else msg("Only its own unit uses it."), "success")
    return redirect(address, 303)
