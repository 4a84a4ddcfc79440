"""The forms and pages of what is entered of a vehicle: fuel, papers, accidents; `Desk` says what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from flask import redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core import files
from assets.core.errors import Conflict, DomainError, InvalidInput, NotAllowed, RuleViolation
from assets.core.i18n import Message, msg
from assets.documents.rules import Kind, SubjectName, Upload
from assets.documents.service import Draft, add_document
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import asset_by_code, reaches_asset
from assets.registry.service.timeline import Occurrence
from assets.vehicles.models import Accident, FuelFill, VehiclePaper
from assets.vehicles.queries.entries import correction_of, entry_by_id, sees_closely
from assets.vehicles.rules.entries import check_vehicle
from assets.vehicles.service import Correction, may_correct
from assets.web import care
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.papers import papers_of
from assets.web.vehicle_cells import about, facts_of, local_input

Entry = FuelFill | VehiclePaper | Accident
MAX_FILES = 10


@dataclass(frozen=True)
class Attached:
    """A field for files: what the documents are that come of it."""

    field: str
    kind: Kind
    title: Message


@dataclass(frozen=True)
class Desk:
    """One kind of entry: where it lives, its form, and the services that enter and correct it.

    `read` understands what was typed; `enter(session, asset, given, occurrence, values)` and
    `correct(session, wrong, given or None, why)` answer the new entry.
    """

    kind: type[Any]
    subject: SubjectName
    place: str
    template: str
    heading: Message
    saved: Message
    permission: Permission
    fields: frozenset[str]
    read: Callable[[Mapping[str, object]], Any]
    enter: Callable[[Session, Asset, Any, Occurrence, Mapping[str, str]], Entry]
    correct: Callable[[Session, Any, Any, Correction], Entry]
    values_of: Callable[[Any], dict[str, str]]
    attached: tuple[Attached, ...] = ()


def new_form(desk: Desk, code: str) -> Any:
    """The empty form."""
    values = {"event_id": str(uuid4()), "currency": "UZS", "at": local_input(now())}
    kind = request.args.get("kind", "")
    return _form(desk, code, {**values, "kind": kind}, None)


def create(desk: Desk, code: str) -> Any:
    """Enter what the form says, with its files; a refusal shows it again with all that was typed."""
    values = typed()
    try:
        given = _read(desk, values)
        with writing() as session:
            asset = asset_by_code(session, actor(), read_code(code), desk.permission)
            entry = desk.enter(session, asset, given, _occurrence(values, given), values)
            _keep_files(session, desk, entry.id)
            entry_id = entry.id
    except (InvalidInput, RuleViolation, Conflict, files.NoSpace) as error:
        if error.code == "sent_before":
            flash_words(error.message, "message")
            return redirect(f"/vehicles/{read_code(code)}", 303)
        return _form(desk, code, values, error)
    flash_words(desk.saved, "success")
    return redirect(f"{desk.place}/{entry_id}", 303)


def _form(desk: Desk, code: str, values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        asset = asset_by_code(session, actor(), read_code(code), desk.permission)
        # What is no vehicle has no such form; the words say why.
        check_vehicle(is_vehicle=asset.equipment_class.is_vehicle, life="" if error is not None else asset.life)
        cells = about(asset)
    answer = render_template(
        desk.template, values=values, errors=_errors(desk, error), wrong=None, heading=words(desk.heading),
        back=f"/vehicles/{asset.code}", **cells,
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


def entry_page(desk: Desk, entry_id: int) -> Any:
    """One entry: what it says, who entered it, what corrects it, and its papers and pictures."""
    with reading() as session:
        entry: Any = entry_by_id(session, actor(), desk.kind, entry_id)
        later: Any = correction_of(session, entry)
        shown: dict[str, Any] = {"documents": [], "may_add": []}
        sees_papers = reaches_asset(actor(), Permission.ASSET_IDENTITY, entry.asset)
        if sees_papers:
            shown = papers_of(session, desk.subject.value, entry.id)
        return render_template(
            "vehicles/entry.html", entry=entry, later=later, place=desk.place, subject=desk.subject.value,
            heading=words(desk.heading), facts_shown=facts_of(entry), sees_papers=sees_papers,
            sees=sees_closely(actor(), entry),
            what=getattr(entry, "what", ""), order_id=getattr(entry, "work_order_id", None),
            may_correct=later is None and not entry.void and may_correct(actor(), entry), **about(entry.asset), **shown,
        )  # fmt: skip


def correction_form(desk: Desk, entry_id: int) -> Any:
    """The form with what the entry says, to be put right."""
    return _correction_form(desk, entry_id, None, None)


def _correction_form(desk: Desk, entry_id: int, values: dict[str, str] | None, error: DomainError | None) -> Any:
    with reading() as session:
        entry: Any = entry_by_id(session, actor(), desk.kind, entry_id)
        if not may_correct(actor(), entry):
            raise NotAllowed  # the form shows all that the entry says
        cells = about(entry.asset)
        found = desk.values_of(entry) if values is None else values
    answer = render_template(
        desk.template, values=found, errors=_errors(desk, error), wrong=entry, back=f"{desk.place}/{entry.id}",
        heading=words(msg("Correct: %(what)s", what=desk.heading)), **cells,
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


def correct(desk: Desk, entry_id: int) -> Any:
    """Enter a correction: another entry in its place, or that it was a mistake altogether."""
    values = typed()
    void = values.get("void") == "1"
    try:
        given = None if void else _read(desk, values)
        with writing() as session:
            wrong: Any = entry_by_id(session, actor(), desk.kind, entry_id, lock=True)
            later = desk.correct(session, wrong, given, Correction(values.get("reason", ""), void))
            later_id = later.id
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _correction_form(desk, entry_id, values, error)
    flash_words(msg("The correction is saved; what was entered first stays to be seen."), "success")
    return redirect(f"{desk.place}/{later_id}", 303)


def _read(desk: Desk, values: Mapping[str, str]) -> Any:
    return desk.read({key: value for key, value in values.items() if key in desk.fields})


def _occurrence(values: Mapping[str, str], given: Any) -> Occurrence:
    happened = Occurrence(getattr(given, "at", None) or now(), now())
    try:
        return replace(happened, id=str(UUID(values.get("event_id", ""))))
    except ValueError:
        return happened  # without the form's own id it cannot be told from a second one


def _errors(desk: Desk, error: DomainError | None) -> dict[str, str]:
    if error is None:
        return {}
    found = field_errors(error)
    if "file" in found and desk.attached:
        found[desk.attached[0].field] = found.pop("file")
    return found


def _keep_files(session: Session, desk: Desk, entry_id: int) -> None:
    folder = files.folder_in(the_app().settings.data_dir)
    for attached in desk.attached:
        sent = [part for part in request.files.getlist(attached.field) if part.filename][:MAX_FILES]
        for part in sent:
            draft = Draft((desk.subject, entry_id), attached.kind, words(attached.title))
            add_document(session, actor(), draft, Upload(part.read(), part.filename or ""), folder, now())


def moment(values: Mapping[str, object]) -> Any:
    """The `at` of a form or body: a time without a zone is local; None when it is empty."""
    return care.optional_moment(dict(values), "at")
