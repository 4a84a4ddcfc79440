"""Silent windows for people: the list, opening one for several vehicles, extending and ending it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.operations.queries import operation_for_use
from assets.people.queries import unit_by_code
from assets.people.rules import Permission
from assets.registry.scope import asset_by_code
from assets.telemetry.models import SilentWindowRow
from assets.telemetry.silence.rules import BACK_HOURS, LONGEST_DAYS, LONGEST_REASON, STATE_NAMES, State
from assets.telemetry.silence.windows import (
    Wish,
    end_window,
    extend_window,
    open_windows,
    vehicles_of,
    window_by_id,
    window_key,
    window_page,
)
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page
from assets.web.silence_words import (
    chosen_vehicles,
    local_minute,
    open_operations,
    told_why,
    units_of,
    vehicle_choices,
    window_cells,
)

pages = Blueprint("silent_windows", __name__)

REFUSALS = (InvalidInput, RuleViolation, Conflict)
SHOWS: tuple[tuple[str, Message], ...] = (("", msg("all")), *((state.value, STATE_NAMES[state]) for state in State))
USUAL = timedelta(hours=8)


@pages.get("/silent")
@needs(Permission.SILENCE_MANAGE)
def list_windows() -> Any:
    """Windows within reach, the latest beginning first."""
    wanted, show, code = page(request.args), request.args.get("show", ""), request.args.get("asset", "").strip()
    with reading() as session:
        asset = asset_by_code(session, actor(), read_code(code), Permission.SILENCE_MANAGE) if code else None
        found = window_page(
            session, actor(), now(), show=show, asset_id=asset.id if asset is not None else None,
            limit=wanted.limit + 1, after=wanted.after,
        )  # fmt: skip
        rows = found[: wanted.limit]
        told = told_why(session, rows)
        running = len(window_page(session, actor(), now(), show=State.RUNNING, limit=1000))
        following = encode_cursor(window_key(rows[-1])) if len(found) > wanted.limit else ""
        return render_template(
            "silence/list.html", rows=[window_cells(row, told=row.id in told) for row in rows], running=running,
            code=code, is_empty=not found,
            shows=[
                {"label": words(title), "current": show == name,
                 "href": care.address_without("show", "cursor", **({"show": name} if name else {}))}
                for name, title in SHOWS
            ],
            after=care.address_without("cursor", cursor=following) if following else "",
        )  # fmt: skip


@pages.get("/silent/new")
@needs(Permission.SILENCE_MANAGE)
def new() -> Any:
    values = {"until": local_minute(now() + USUAL)}
    return _form(values, frozenset(), None)


@pages.post("/silent/new")
@needs(Permission.SILENCE_MANAGE)
def create() -> Any:
    values, ticked = typed(), request.form.getlist("vehicle")
    try:
        with writing() as session:
            everything = values.get("everything") == "1"
            vehicles = chosen_vehicles(
                session, ticked, request.args.get("unit", "") if everything else "",
                request.args.get("operation", "") if everything else "",
            )  # fmt: skip
            made = len(open_windows(session, actor(), vehicles, _wish(session, values), now()))
    except REFUSALS as error:
        return _form(values, frozenset(ticked), error)
    flash_words(msg("Silent windows opened: %(n)s. From their beginning on no place is kept.", n=made), "success")
    return redirect("/silent", 303)


def _wish(session: Session, values: dict[str, str]) -> Wish:
    return Wish(
        care.optional_moment(values, "from") or now(),
        _needed(values, "until"),
        values.get("reason", ""),
        operation_for_use(session, actor(), values.get("operation", "")),
        may_erase=values.get("erase") == "1",
    )


def _needed(values: dict[str, str], field: str) -> datetime:
    moment = care.optional_moment(values, field)
    if moment is None:
        raise invalid(field, msg("This must be filled in."), code="required")
    return moment


def _form(values: dict[str, str], ticked: frozenset[str], error: DomainError | None) -> Any:
    """The form, with the vehicles of the unit, the operation or the one vehicle that the address names."""
    with reading() as session:
        units = care.choices(session, Permission.SILENCE_MANAGE)["units"]
        operations = open_operations(session)
        unit, operation, code = (request.args.get(name, "") for name in ("unit", "operation", "asset"))
        if code:
            asset = asset_by_code(session, actor(), read_code(code), Permission.SILENCE_MANAGE)
            vehicles, ticked = [asset.id], ticked or frozenset({asset.code})
        elif operation:
            vehicles = vehicles_of(session, actor(), units_of(session, operation))
        else:
            unit = unit or (units[0][0] if len(units) == 1 else "")
            vehicles = vehicles_of(session, actor(), [unit_by_code(session, unit).id]) if unit else []
        choices = vehicle_choices(session, vehicles)
    answer = render_template(
        "silence/form.html", values=values, errors=field_errors(error) if error else {}, ticked=ticked,
        vehicles=choices, operations=operations, chosen_operation=values.get("operation", operation),
        one=bool(code), unit=unit, by_operation=operation, longest_days=LONGEST_DAYS, back_hours=BACK_HOURS,
        longest_reason=LONGEST_REASON,
        groups=[
            {"label": name, "href": f"/silent/new?unit={each}", "current": each == unit and not operation}
            for each, name in units
        ] + [
            {"label": name, "href": f"/silent/new?operation={each}", "current": each == operation}
            for each, name in operations
        ],
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


@pages.get("/silent/<int:window_id>")
@needs(Permission.SILENCE_MANAGE)
def show_window(window_id: int) -> Any:
    return _page(window_id, {}, None)


def _page(window_id: int, values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        row = window_by_id(session, actor(), window_id)
        cells = window_cells(row, told=row.id in told_why(session, [row]))
        answer = render_template(
            "silence/item.html", **cells, values=values, errors=field_errors(error) if error else {},
            is_open=cells["state"] != State.ENDED, longest_days=LONGEST_DAYS,
            extended=local_minute(row.until + timedelta(hours=4)),
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


@pages.post("/silent/<int:window_id>/extend")
@needs(Permission.SILENCE_MANAGE)
def extend(window_id: int) -> Any:
    def apply(session: Session, row: SilentWindowRow, values: dict[str, str]) -> None:
        extend_window(session, row, _needed(values, "until"), now())

    return _step(window_id, apply, msg("Extended."))


@pages.post("/silent/<int:window_id>/end")
@needs(Permission.SILENCE_MANAGE)
def end(window_id: int) -> Any:
    return _step(
        window_id,
        lambda session, row, _values: end_window(session, actor(), row, now()),
        msg("Ended. From now on places are kept again."),
    )


def _step(
    window_id: int, apply: Callable[[Session, SilentWindowRow, dict[str, str]], None], done: Message
) -> Any:  # fmt: skip
    """Take a step with a held window; a refusal shows its page again with what was typed."""
    values = typed()
    try:
        with writing() as session:
            apply(session, window_by_id(session, actor(), window_id, lock=True), values)
    except REFUSALS as error:
        return _page(window_id, values, error)
    flash_words(done, "success")
    return redirect(f"/silent/{window_id}", 303)
