"""Confirming what one was issued, the list of what is not confirmed, signatures, and the paper of an issue."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4, uuid5

from flask import Blueprint, Response, g, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core import files, journal
from assets.core.errors import Conflict, InvalidInput, NotFound, RuleViolation, invalid
from assets.core.i18n import msg
from assets.custody.issue_sheet import issue_content
from assets.custody.models import CustodyConfirmation
from assets.custody.queries import confirmations as queries
from assets.custody.service.confirmation import confirm
from assets.custody.sheet import sheet_pdf
from assets.people.rules import Permission, may
from assets.registry.scope import reaches_asset
from assets.registry.service.timeline import Occurrence
from assets.web import care
from assets.web.auth import needs, signed_in
from assets.web.confirmation_words import SHOW_NAMES, issued_cells
from assets.web.context import actor, flash_words, locale, now, reading, the_app, words, writing
from assets.web.exports import export_csv
from assets.web.forms import field_errors, typed
from assets.web.papers import SANDBOX
from assets.web.parsing import encode_cursor, page
from assets.web.views.documents import folder

pages = Blueprint("confirmations", __name__)

MOST_AT_ONCE = 200
FILTER_KEYS = ("show", "unit")
EXPORT_COLUMNS = (
    "asset", "item", "unit", "person", "issued_at", "until", "issued_by", "state", "method", "answered_at", "note",
)  # fmt: skip


@pages.get("/confirmations")
@signed_in
def mine() -> Any:
    """What was issued to whoever looks, and waits for his word."""
    return _mine({}, {})


def _mine(values: dict[str, str], errors: dict[str, str]) -> str:
    wanted = page(request.args)
    who = actor()
    with reading() as session:
        found = queries.my_page(session, who, limit=wanted.limit + 1, after=wanted.after)
        proofs = queries.proofs_of(session, [issued.entry.event_id for issued in found])
        rows = [issued_cells(issued, proofs) for issued in found[: wanted.limit]]
        count = queries.to_confirm(session, who).count if rows else 0
    following = encode_cursor(found[wanted.limit - 1].key) if len(found) > wanted.limit else ""
    return render_template(
        "confirmations/mine.html", rows=rows, count=count, values=values, errors=errors,
        has_person=g.account is not None and g.account.person_id is not None,
        ticked=request.form.getlist("issue"), form_id=values.get("form_id") or str(uuid4()),
        records=any(may(who, right) for right in (Permission.FIELD_REPORT, Permission.CUSTODY_ACT)),
        of_unit=may(who, Permission.CUSTODY_SEE),
        after=care.address_without("cursor", cursor=following) if following else "",
    )  # fmt: skip


@pages.post("/confirmations")
@signed_in
def answer() -> Any:
    """Say of one or many that one has them, or that one has not."""
    values, ticked = typed(), request.form.getlist("issue")
    try:
        if values.get("answer") not in {"yes", "no"}:
            raise invalid("answer", msg("Say whether you have it."), code="required")
        if not ticked or len(ticked) > MOST_AT_ONCE:
            raise invalid("issue", msg("Tick what you mean: from 1 to %(n)s items.", n=MOST_AT_ONCE), code="required")
        has_it = values["answer"] == "yes"
        with writing() as session:
            for issue_id in dict.fromkeys(_event_id(text) for text in ticked):
                own_id = str(uuid5(_form_id(values), issue_id))
                # The form was sent twice: it is said once.
                if session.get(CustodyConfirmation, own_id) is None:
                    confirm(
                        session, actor(), issue_id, Occurrence(now(), now(), own_id), has_it=has_it,
                        note=values.get("note", ""),
                    )  # fmt: skip
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _mine(values, field_errors(error)), 409 if isinstance(error, Conflict) else 400
    if has_it:
        flash_words(msg("Confirmed: %(n)s.", n=len(ticked)), "success")
    else:
        flash_words(msg("Recorded. Your logistics officer and the coordinator will ask about it."), "warning")
    return redirect("/confirmations", 303)


def _event_id(text: str) -> str:
    """The id as it is kept; what is no id of ours at all looks like one that is unknown."""
    try:
        return str(UUID(text))
    except ValueError as error:
        raise NotFound(msg("There is no such entry, or it is not yours to see.")) from error


def _form_id(values: dict[str, str]) -> UUID:
    try:
        return UUID(values.get("form_id", ""))
    except ValueError:
        return uuid4()


def unit_filter(session: Session) -> queries.UnitFilter:
    """What the address narrows the officer's list to."""
    return queries.UnitFilter(request.args.get("show", "") or "waiting", care.unit_id(session, request.args))


@pages.get("/confirmations/unit")
@needs(Permission.CUSTODY_SEE)
def of_unit() -> Any:
    """What people of one's units hold and have not confirmed, or deny."""
    wanted = page(request.args)
    with reading() as session:
        narrowed = unit_filter(session)
        found = queries.unit_page(session, actor(), narrowed, limit=wanted.limit + 1, after=wanted.after)
        proofs = queries.proofs_of(session, [issued.entry.event_id for issued in found])
        counts = queries.unit_counts(session, actor(), narrowed.unit_id)
        options = {"units": care.choices(session, Permission.CUSTODY_SEE)["units"]}
        rows = [issued_cells(issued, proofs) for issued in found[: wanted.limit]]
    following = encode_cursor(found[wanted.limit - 1].key) if len(found) > wanted.limit else ""
    return render_template(
        "confirmations/unit.html", rows=rows, counts=counts, units=options["units"], show=narrowed.show,
        shows=[
            {"label": words(title), "href": care.address_without("show", "cursor", show=name),
             "current": narrowed.show == name}
            for name, title in SHOW_NAMES.items()
        ],
        active=care.chosen(options, {"unit": "units"}),
        after=care.address_without("cursor", cursor=following) if following else "",
        export=care.address_without("cursor", format="csv").replace("/unit", "/unit/export", 1),
    )  # fmt: skip


@pages.get("/confirmations/unit/export")
@needs(Permission.CUSTODY_SEE)
def export() -> Response:
    """The whole filtered list as CSV."""
    lines: list[tuple[object, ...]] = []
    after: tuple[object, ...] | None = None
    with writing() as session:
        narrowed = unit_filter(session)
        while found := queries.unit_page(session, actor(), narrowed, limit=500, after=after):
            lines += [_line(issued) for issued in found]
            after = found[-1].key
        return export_csv(session, "confirmations_list", EXPORT_COLUMNS, lines, FILTER_KEYS)


def _line(issued: queries.Issued) -> tuple[object, ...]:
    entry, said = issued.entry, issued.answer
    return (
        entry.asset.code, care.asset_title(entry.asset), entry.asset.unit.code,
        entry.person.number if entry.person is not None else "", entry.at, entry.until, entry.event.actor_name,
        issued.state, said.method if said is not None else "", said.at if said is not None else None,
        said.note if said is not None else "",
    )  # fmt: skip


@pages.get("/signatures/<event_id>")
@signed_in
def signature(event_id: str) -> Response:
    """The picture of a signature, for those who may see who has the item."""
    with reading() as session:
        found = queries.signature_to_show(session, actor(), _event_id(event_id))
        pieces = files.pieces_of(folder(), found.file_key)
    return Response(
        pieces,
        content_type="image/png",
        headers={
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": SANDBOX,
            "Content-Disposition": 'inline; filename="signature.png"',
        },
    )


@pages.get("/confirmations/<event_id>/sheet.pdf")
@signed_in
def sheet(event_id: str) -> Response:
    """The hand-over sheet of an issue with the signature, or lines to sign; in the reader's language or `lang`."""
    lang = request.args.get("lang", "") or locale()
    who, event_id = actor(), _event_id(event_id)
    with reading() as session:
        entry = queries.issue_to_show(session, who, event_id)
        together = queries.signed_together(session, who, entry) or [entry]
        picture = queries.signatures_of(session, [event_id]).get(event_id)
        identity = {each.event_id for each in together if reaches_asset(who, Permission.ASSET_IDENTITY, each.asset)}
        drawn = files.read(folder(), picture.file_key) if picture is not None else None
        content = issue_content(together, lang, the_app().settings.zone, identity=identity, signature=drawn)
    pdf = sheet_pdf(content)
    with writing() as session:
        journal.note(session, "issue_sheet", event_id, "made", lang=lang, items=len(together))
    headers = {"Content-Disposition": f'inline; filename="issue-{event_id[:8]}-{lang}.pdf"'}
    return Response(pdf, content_type="application/pdf", headers=headers)
