"""Transfers between units for people: the list, sending several items, and one sheet with its receipt item by item."""

from __future__ import annotations

import re
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from werkzeug.wrappers import Response

from assets.core import files, journal
from assets.core.errors import Conflict, DomainError, InvalidInput, NotFound, RuleViolation
from assets.core.i18n import msg
from assets.custody.models import Transfer, TransferStep
from assets.custody.queries import transfers as queries
from assets.custody.queries.confirmations import signatures_of
from assets.custody.rules.sending import OUTCOME_NAMES
from assets.custody.rules.transfers import SEND, UNEXPLAINED
from assets.custody.service.sheets import MAX_ITEMS, Found, receive_together, send_together, step_id
from assets.custody.service.transfers import cancel, settle
from assets.custody.sheet import SHEET_LANGUAGES, sheet_content, sheet_pdf
from assets.labels.token import format_code
from assets.people.models import Unit
from assets.people.queries import unit_by_code
from assets.people.rules import Permission, may
from assets.registry.models import Asset, AssetEvent
from assets.registry.rules.asset_fields import CONDITION_NAMES
from assets.registry.scope import asset_by_code, assets_for
from assets.registry.service.timeline import happening_now
from assets.web import care, signing
from assets.web.auth import needs
from assets.web.context import actor, flash_words, locale, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.exports import note_export, whole_list
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page
from assets.web.transfer_words import SHOW_NAMES, STATE_NAMES, transfer_cells
from assets.web.views.commands.shapes import end_of
from assets.web.views.documents import folder
from assets.web.views.imports import table_file

pages = Blueprint("transfers", __name__)

EXPORT_COLUMNS = (
    "transfer", "asset", "from_unit", "to_unit", "state", "sent_at", "until", "received_at", "found", "lent_now",
)  # fmt: skip
FILTER_KEYS = ("show", "unit", "asset")
SHOWN_TO_CHOOSE = 100
_ENDED = ("expected", "lost", "disposed")


def filter_of(session: Session) -> queries.TransferFilter:
    """What the address narrows the list to."""
    code = request.args.get("asset", "").strip()
    asset = asset_by_code(session, actor(), read_code(code)) if code else None
    return queries.TransferFilter(
        request.args.get("show", ""), care.unit_id(session, request.args), asset.id if asset is not None else None
    )


@pages.get("/transfers")
@needs(Permission.CUSTODY_SEE)
def list_transfers() -> Any:
    """What was sent between units, the newest first."""
    wanted = page(request.args)
    with reading() as session:
        narrowed = filter_of(session)
        found = queries.transfers_page(
            session, actor(), narrowed, now(), limit=wanted.limit + 1, after=wanted.after
        )  # fmt: skip
        counts = dict(
            session.execute(
                select(*(count.scalar_subquery().label(name) for name, count in queries.countings(actor(), now())))
            )
            .one()
            ._mapping
        )
        units = _all_units(session)
        rows = [transfer_cells(each) for each in found[: wanted.limit]]
    following = encode_cursor(queries.transfer_key(found[wanted.limit - 1])) if len(found) > wanted.limit else ""
    options = {"units": units}
    return render_template(
        "transfers/list.html", rows=rows, counts=counts, units=units, show=narrowed.show, now=now(),
        shows=[
            {"label": words(title), "href": care.address_without("show", "cursor", **({"show": name} if name else {})),
             "current": narrowed.show == name}
            for name, title in SHOW_NAMES.items()
        ],
        active=care.chosen(options, {"unit": "units"}), asset=request.args.get("asset", ""),
        after=care.address_without("cursor", cursor=following) if following else "",
        export=care.address_without("cursor"), may_send=may(actor(), Permission.CUSTODY_ACT),
    )  # fmt: skip


@pages.get("/transfers/export")
@needs(Permission.CUSTODY_SEE)
def export() -> Any:
    """The whole filtered list as CSV or XLSX."""
    with writing() as session:
        narrowed = filter_of(session)
        note_export(session, "transfers_list", FILTER_KEYS)
        found = partial(queries.transfers_page, session, actor(), narrowed, now(), limit=500)
        lines = [_export_line(row) for row in whole_list(found, queries.transfer_key)]
    return table_file("transfers", EXPORT_COLUMNS, lines)


def _export_line(row: Transfer) -> list[Any]:
    return [
        row.id, row.asset.code, row.from_unit.code if row.from_unit is not None else "", row.to_unit.code, row.state,
        row.sent_at, row.until, row.received_at, row.outcome, "yes" if row.lent_now else "no",
    ]  # fmt: skip


@pages.get("/transfers/new")
@needs(Permission.CUSTODY_ACT)
def new() -> Any:
    chosen = [text for text in request.args.getlist("asset") if text.strip()]
    filled = {key: request.args.get(key, "")[:40] for key in ("to_unit", "until")}
    return _form({"sheet_id": str(uuid4()), "codes": "\n".join(chosen), **filled}, [], None)


@pages.post("/transfers/new")
@needs(Permission.CUSTODY_ACT)
def create() -> Any:
    """Send what was named and ticked, all of it or nothing."""
    values, ticked = typed(), request.form.getlist("items")
    sheet_id = _uuid(values.get("sheet_id", ""))
    try:
        codes = [read_code(text, the_app().settings.own_label_bases, "codes") for text in _named(values)]
        signed = signing.signature_in(values)
        with writing() as session:
            to_unit = unit_by_code(session, values.get("to_unit", ""), "to_unit")
            until = end_of(values.get("until", "").strip(), the_app().settings.zone)
            is_new = send_together(
                session, actor(), [*codes, *(read_code(text) for text in ticked)], to_unit, now(), sheet_id,
                until=until, note=values.get("note", ""),
            )  # fmt: skip
            if is_new:
                signing.join(session, signed, sheet_id, _sent(session, sheet_id))
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _form(values, ticked, error)
    if is_new:
        flash_words(msg("Sent. You answer for it until it is received there."), "success")
    else:
        flash_words(msg("This form was sent before: it was recorded once, and nothing was added."), "warning")
    return redirect(f"/transfers/{sheet_id}", 303)


def _sent(session: Session, sheet_id: str) -> list[AssetEvent]:
    """The sendings of this sheet that the viewer has entered."""
    mine = (TransferStep.sheet_id == sheet_id, TransferStep.kind == SEND, AssetEvent.account_id == actor().account_id)
    return list(
        session.scalars(select(AssetEvent).join(TransferStep, TransferStep.event_id == AssetEvent.id).where(*mine))
    )


def _named(values: dict[str, str]) -> list[str]:
    return [text for text in re.split(r"[\s,;]+", values.get("codes", "")) if text]


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return str(uuid4())


def _form(values: dict[str, str], ticked: list[str], error: DomainError | None) -> Any:
    with reading() as session:
        own = care.choices(session, Permission.CUSTODY_ACT)["units"]
        unit = request.args.get("unit", "") or (own[0][0] if len(own) == 1 else "")
        items = _to_choose(session, unit) if unit else []
        answer = render_template(
            "transfers/form.html", values=values, ticked=ticked, own=own, unit=unit, items=items,
            errors=_errors(error), units=_all_units(session, active=True), shown=SHOWN_TO_CHOOSE, limit=MAX_ITEMS,
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


def _errors(error: DomainError | None) -> dict[str, str]:
    if error is None:
        return {}
    found = field_errors(error)
    if isinstance(error, InvalidInput) and len(error.fields) > 1:
        # Every item that cannot go, not only the last of them.
        found["items"] = " ".join(words(each.message) for each in error.fields if each.field == "items")
    return {key: text for key, text in found.items() if text}


def _to_choose(session: Session, unit: str) -> list[dict[str, str]]:
    """What a unit has and could send: neither issued, nor on its way, nor lent out."""
    is_there = (Asset.holding_unit_id == Unit.id) | ((Asset.holding_unit_id.is_(None)) & (Asset.unit_id == Unit.id))
    statement = (
        select(Asset)
        .join(Unit, is_there)
        .options(joinedload(Asset.equipment_class), joinedload(Asset.model))
        .where(
            Unit.code == unit, assets_for(actor(), Permission.CUSTODY_ACT), Asset.custodian_person_id.is_(None),
            Asset.transit_unit_id.is_(None), Asset.life.not_in(_ENDED),
        )
        .order_by(Asset.code)
        .limit(SHOWN_TO_CHOOSE)
    )  # fmt: skip
    return [
        {"code": asset.code, "printed": format_code(asset.code), "title": care.asset_title(asset)}
        for asset in session.scalars(statement)
    ]


def _all_units(session: Session, *, active: bool = False) -> list[tuple[str, str]]:
    statement = select(Unit.code, Unit.name).order_by(Unit.name)
    if active:
        statement = statement.where(Unit.active)
    return [(row.code, row.name) for row in session.execute(statement)]


@pages.get("/transfers/<sheet_id>")
@needs(Permission.CUSTODY_SEE)
def show(sheet_id: str) -> Any:
    return _sheet_page(sheet_id, {}, None)


def _sheet_page(sheet_id: str, values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        found = queries.sheet(session, actor(), sheet_id)
        rows = [transfer_cells(each, queries.notes_of(session, found)) for each in found]
        answer = render_template(
            "transfers/sheet.html", rows=rows, first=found[0], sheet_id=sheet_id, values=values, now=now(),
            errors=field_errors(error) if error is not None else {}, form_id=values.get("form_id") or str(uuid4()),
            number=sheet_id[:8].upper(), languages=SHEET_LANGUAGES,
            note=found[0].sent.data.get("note", "") if found[0].from_unit_id else "",
            receivable=[row for row in rows if row["may_receive"]],
            outcomes=[("good", words(msg("came in order")))]
            + [(key, words(name)) for key, name in OUTCOME_NAMES.items() if key != "good"],
            grades=[(grade, words(name)) for grade, name in CONDITION_NAMES.items()],
            counted={
                words(STATE_NAMES[state][1]): sum(row["row"].state == state for row in rows)
                for state in dict.fromkeys(row["row"].state for row in rows)
            },
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


@pages.get("/transfers/<sheet_id>/sheet.pdf")
@needs(Permission.CUSTODY_SEE)
def show_sheet(sheet_id: str) -> Response:
    """The hand-over sheet with lines to sign; in the reader's language unless `lang` says another."""
    lang = request.args.get("lang", "") or locale()
    with reading() as session:
        found = [
            row
            for row in queries.sheet(session, actor(), sheet_id)
            if row.from_unit is not None and row.state not in UNEXPLAINED and queries.is_shown(actor(), row)
        ]
        if not found:
            raise NotFound(msg("There is no sheet of this transfer."))
        notes = queries.notes_of(session, found)
        identity = {row.id for row in found if queries.shows_identity(actor(), row)}
        named = signatures_of(session, [each for row in found for each in (row.id, row.receipt_id) if each])
        drawn = {event_id: files.read(folder(), each.file_key) for event_id, each in named.items()}
        content = sheet_content(found, notes, lang, the_app().settings.zone, identity=identity, signatures=drawn)
    pdf = sheet_pdf(content)
    with writing() as session:
        journal.note(session, "transfer_sheet", sheet_id, "made", lang=lang, items=len(found))
    headers = {"Content-Disposition": f'inline; filename="transfer-{found[0].sheet_id[:8]}-{lang}.pdf"'}
    return Response(pdf, content_type="application/pdf", headers=headers)


@pages.post("/transfers/<sheet_id>/receive")
@needs(Permission.CUSTODY_ACT)
def receive(sheet_id: str) -> Any:
    """Record how each item came; those left at 'not looked at yet' wait on."""
    values = typed()
    form_id = _uuid(values.get("form_id", ""))
    try:
        signed = signing.signature_in(values)
        with writing() as session:
            found = queries.sheet(session, actor(), sheet_id)
            told = {
                each.id: Found(outcome, values.get(f"condition_{each.id}", ""), values.get(f"note_{each.id}", ""))
                for each in found
                if (outcome := values.get(f"outcome_{each.id}", "")) in OUTCOME_NAMES
            }
            count = receive_together(session, actor(), found, told, now(), form_id)
            if count:
                ids = [step_id(form_id, each.asset, "receive") for each in found if each.id in told]
                received = session.scalars(select(AssetEvent).where(AssetEvent.id.in_(ids))).all()
                signing.join(session, signed, form_id, received)
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _sheet_page(sheet_id, values, error)
    if count:
        flash_words(msg("Recorded. The sender sees how it came."), "success")
    else:
        flash_words(msg("Nothing was recorded: say of at least one item how it came."), "warning")
    return redirect(f"/transfers/{sheet_id}", 303)


@pages.post("/transfers/items/<transfer_id>/cancel")
@needs(Permission.CUSTODY_ACT)
def take_back(transfer_id: str) -> Any:
    """Cancel a sending that was not received, or take an unclear entry off the open questions."""
    return _end(transfer_id, "")


@pages.post("/transfers/items/<transfer_id>/settle")
@needs(Permission.CUSTODY_ACT)
def answer_question(transfer_id: str) -> Any:
    """Say where the item is that did not come."""
    return _end(transfer_id, typed().get("outcome", "") or "unsaid")


def _end(transfer_id: str, outcome: str) -> Any:
    reason = typed().get("reason", "")
    try:
        with writing() as session:
            transfer = queries.transfer_by_id(session, actor(), transfer_id)
            address = f"/transfers/{transfer.sheet_id}"
            if outcome:
                settle(
                    session, actor(), transfer.asset, transfer, happening_now(now()), outcome=outcome, reason=reason
                )  # fmt: skip
            else:
                cancel(session, actor(), transfer.asset, transfer, happening_now(now()), reason=reason)
    except (InvalidInput, RuleViolation, Conflict) as error:
        flash_words(error.fields[0].message if error.fields else error.message, "error")
    else:
        flash_words(msg("Recorded, with the reason."), "success")
    return redirect(address, 303)
