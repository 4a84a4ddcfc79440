"""Clearances for people: the list of open cases, and one person's page with what to take back or hand on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from assets.clearance import queries, service
from assets.clearance.models import Clearance
from assets.clearance.rules import CAUSE_NAMES, KIND_NAMES, Kind
from assets.clearance.sheet import SHEET_LANGUAGES, clearance_content, clearance_pdf
from assets.core import journal
from assets.core.clock import local_date
from assets.core.errors import Conflict, DomainError, InvalidInput, NotFound, RuleViolation
from assets.core.i18n import Message, msg
from assets.custody.queries import person_to_hold, persons_like
from assets.labels.token import format_code
from assets.people.models import Person
from assets.people.rules import Permission
from assets.registry.rules.asset_fields import CONDITION_NAMES
from assets.registry.scope import reaches_asset, reaches_unit
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, flash_words, locale, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page

pages = Blueprint("clearances", __name__)

SHOW_NAMES: dict[str, Message] = {"": msg("open"), "closed": msg("closed"), "all": msg("all")}
REFUSALS = (InvalidInput, RuleViolation, Conflict)
RECEIVERS_SHOWN = 200


@pages.get("/clearances")
@needs(Permission.PERSON_READ)
def list_clearances() -> Any:
    """Who is leaving and not cleared, the longest open first."""
    wanted = page(request.args)
    with reading() as session:
        narrowed = queries.ClearanceFilter(request.args.get("show", ""), care.unit_id(session, request.args))
        key = care.cursor_key(wanted.after, 1)
        found = queries.clearances_page(
            session, actor(), narrowed, limit=wanted.limit + 1, after=int(str(key[0])) if key else None
        )
        rows = found[: wanted.limit]
        counts = queries.held_counts(session, [row.person_id for row in rows])
        units = care.choices(session, Permission.PERSON_READ)["units"]
        following = encode_cursor((rows[-1].id,)) if len(found) > wanted.limit else ""
        return render_template(
            "clearances/list.html", rows=[_cells(row, counts.get(row.person_id, 0)) for row in rows], units=units,
            show=narrowed.show, is_empty=not rows, active=care.chosen({"units": units}, {"unit": "units"}),
            shows=[
                {"label": words(title), "current": narrowed.show == name,
                 "href": care.address_without("show", "cursor", **({"show": name} if name else {}))}
                for name, title in SHOW_NAMES.items()
            ],
            after=care.address_without("cursor", cursor=following) if following else "",
        )  # fmt: skip


def _cells(row: Clearance, held: int) -> dict[str, Any]:
    today = local_date(now(), the_app().settings.zone)
    is_late = row.closed_at is None and row.leaves_on is not None and row.leaves_on <= today
    kind = "ready" if row.closed_at is not None else "blocked" if is_late else "due"
    state = (
        msg("closed") if row.closed_at is not None else msg("has left, and is not cleared") if is_late else msg("open")
    )
    return {
        "row": row, "held": held, "kind": kind, "state": words(state), "cause": words(CAUSE_NAMES[row.cause]),
        "reason": row.override_reason if queries.sees_reasons(actor(), row.unit) else "",
    }  # fmt: skip


@pages.get("/persons/<path:number>/clearance")
@needs(Permission.PERSON_READ)
def show(number: str) -> Any:
    return _page(number, {}, [], None)


def _page(number: str, values: dict[str, str], ticked: list[str], error: DomainError | None) -> Any:
    with reading() as session:
        person = queries.person_to_clear(session, actor(), number)
        found = queries.outstanding(session, actor(), person.id, now())
        case = queries.newest_clearance(session, person.id)
        may_write = reaches_unit(actor(), Permission.PERSON_WRITE, person.unit)
        lines = [_line(line) for line in found.lines]
        answer = render_template(
            "clearances/item.html", person=person, lines=lines, found=found, values=values, ticked=ticked,
            case=_cells(case, 0) if case is not None else None, may_write=may_write, languages=SHEET_LANGUAGES,
            note=case.note if case is not None and queries.sees_reasons(actor(), case.unit) else "",
            may_close=case is not None and case.closed_at is None
            and reaches_unit(actor(), Permission.PERSON_WRITE, case.unit),
            movable=[line for line in lines if line["may_move"]], form_id=values.get("form_id") or str(uuid4()),
            receivers=_receivers(session, person) if any(line["may_move"] for line in lines) else [],
            grades=[(grade, words(name)) for grade, name in CONDITION_NAMES.items()], errors=_errors(error),
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


def _line(line: queries.Line) -> dict[str, Any]:
    asset = line.asset
    may_move = asset is not None and line.kind is Kind.HELD and reaches_asset(actor(), Permission.CUSTODY_ACT, asset)
    return {
        "kind": line.kind.value,
        "text": words(KIND_NAMES[line.kind]),
        "title": care.asset_title(asset) if asset is not None else words(msg("Shift")),
        "code": asset.code if asset is not None else "",
        "printed": format_code(asset.code) if asset is not None else "",
        "unit": line.unit.name if line.unit is not None else "",
        "since": line.since,
        "href": line.href if line.kind is not Kind.HELD or may_move else f"/assets/{asset.code if asset else ''}",
        "may_move": may_move,
    }


def _receivers(session: Session, person: Person) -> list[tuple[str, str]]:
    today = local_date(now(), the_app().settings.zone)
    return [
        (row.number, f"{row.name or row.number} ({row.number}), {row.unit.name}")
        for row in persons_like(session, actor(), "", today, RECEIVERS_SHOWN)
        if row.id != person.id
    ]


def _errors(error: DomainError | None) -> dict[str, str]:
    if error is None:
        return {}
    found = field_errors(error)
    if isinstance(error, InvalidInput) and len(error.fields) > 1:
        # Every item that cannot go, not only the first of them.
        found["items"] = " ".join(words(each.message) for each in error.fields if each.field == "items")
    return {key: text for key, text in found.items() if text}


@pages.post("/persons/<path:number>/clearance/begin")
@needs(Permission.PERSON_WRITE)
def begin(number: str) -> Any:
    """Open the person's case."""
    return _step(
        number,
        lambda session, person: service.begin_clearance(session, actor(), person, now()),
        msg("The clearance is open. It stays on the list until it is closed."),
    )


@pages.post("/persons/<path:number>/clearance/close")
@needs(Permission.PERSON_WRITE)
def close(number: str) -> Any:
    """Close the person's case; refused while something is open."""
    values = typed()

    def apply(session: Session, person: Person) -> None:
        case = queries.open_clearance_of(session, person.id)
        if case is None:
            raise NotFound(msg("No clearance of this person is open."))
        service.close_clearance(session, actor(), case, values.get("note", ""), now())

    return _step(number, apply, msg("Cleared. The case is closed."), values)


@pages.post("/persons/<path:number>/clearance/hand-over")
@needs(Permission.CUSTODY_ACT)
def hand_over(number: str) -> Any:
    """Hand what was ticked on to another person: taken back and issued in one step."""
    values, ticked = typed(), request.form.getlist("items")

    def apply(session: Session, person: Person) -> None:
        receiver = person_to_hold(session, actor(), values.get("to", ""))
        codes = [read_code(text) for text in ticked]
        service.hand_over(
            session, actor(), person, codes, receiver, values.get("condition", ""), now(),
            _uuid(values.get("form_id", "")),
        )  # fmt: skip

    return _step(number, apply, msg("Handed on: each is taken back and issued."), values, ticked)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return str(uuid4())


def _step(
    number: str,
    apply: Callable[[Session, Person], object],
    done: Message,
    values: dict[str, str] | None = None,
    ticked: list[str] | None = None,
) -> Any:
    try:
        with writing() as session:
            person = queries.person_to_clear(session, actor(), number)
            apply(session, person)
    except REFUSALS as error:
        return _page(number, values or {}, ticked or [], error)
    flash_words(done, "success")
    return redirect(f"/persons/{person.number}/clearance", 303)


@pages.get("/persons/<path:number>/clearance.pdf")
@needs(Permission.PERSON_READ)
def sheet(number: str) -> Response:
    """The clearance sheet with lines to sign; in the reader's language unless `lang` says another."""
    lang, zone = request.args.get("lang", "") or locale(), the_app().settings.zone
    with reading() as session:
        person = queries.person_to_clear(session, actor(), number)
        found = queries.outstanding(session, actor(), person.id, now())
        content = clearance_content(person, found, local_date(now(), zone), lang, zone)
    pdf = clearance_pdf(content)
    with writing() as session:
        journal.note(session, "clearance_sheet", person.id, "made", lang=lang, items=len(found.lines))
    headers = {"Content-Disposition": f'inline; filename="clearance-{person.id}-{lang}.pdf"'}
    return Response(pdf, content_type="application/pdf", headers=headers)
