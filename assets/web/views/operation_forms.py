"""What people do with operations: record one in a minute, change or correct it, close it, annul it, add and strike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from assets.core.clock import local_date
from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.operations import service
from assets.operations.models import Operation
from assets.operations.queries import classes_issued, operation_by_id, uses_naming
from assets.operations.rules import CONTRIBUTION_NAMES, DELIVERY_NAMES, KIND_NAMES
from assets.operations.rules.fields import parse_contribution, parse_operation, parse_seizure
from assets.operations.rules.substances import SUBSTANCE_NAMES, UNIT_NAMES
from assets.operations.service.trace import right_to_change
from assets.people.models import Person, Unit
from assets.people.queries import regions, units
from assets.people.rules import Permission
from assets.registry.queries.catalogue import organisations_of_kind
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import reaches_unit, require_unit, units_for
from assets.web.auth import needs
from assets.web.care import optional_date
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.filters import show_region_name
from assets.web.operation_choice import told_by_returns
from assets.web.operation_drafts import ROWS, form_errors, form_values, seizure_values
from assets.web.views.operations import operation_view

pages = Blueprint("operation_forms", __name__)

Form = MultiDict[str, str]
REFUSALS = (InvalidInput, Conflict, RuleViolation)


@pages.get("/operations/new")
@needs(Permission.OPERATION_WRITE)
def new_operation() -> Any:
    with reading() as session:
        today = local_date(now(), the_app().settings.zone).isoformat()
        form: Form = MultiDict([("starts_on", today), ("unit", _usual_unit(session)), ("arrests", "0")])
        return _form_page(session, form)


@pages.post("/operations/new")
@needs(Permission.OPERATION_WRITE)
def create_operation() -> Any:
    form = request.form
    try:
        draft = parse_operation(form_values(form))
        with writing() as session:
            operation_id = service.record_operation(session, actor(), draft, now()).id
    except REFUSALS as error:
        with reading() as session:
            return _form_page(session, form, error=error), status_of(error)
    flash_words(msg("The operation is recorded.") if not draft.closed else msg("Recorded and closed."), "success")
    return redirect(f"/operations/{operation_id}", 303)


@pages.get("/operations/<int:operation_id>/edit")
@needs(Permission.OPERATION_WRITE)
def edit_operation(operation_id: int) -> Any:
    with reading() as session:
        operation = _to_change(session, operation_id)
        return _form_page(session, _stored(session, operation), operation)


@pages.post("/operations/<int:operation_id>/edit")
@needs(Permission.OPERATION_WRITE)
def save_operation(operation_id: int) -> Any:
    """Change an open operation; of a closed one it is a correction with its reason."""
    form = request.form
    try:
        version = _version(form)
        draft = parse_operation(form_values(form), partial=True)
        with writing() as session:
            operation = operation_by_id(session, actor(), operation_id, Permission.OPERATION_WRITE, lock=True)
            if operation.closed_at is None:
                service.change_operation(session, actor(), operation, draft, now(), version)
            else:
                reason = form.get("reason", "")
                service.correct_operation(session, actor(), operation, draft, reason, now(), version)
    except REFUSALS as error:
        with reading() as session:
            return _form_page(session, form, _to_change(session, operation_id), error=error), status_of(error)
    flash_words(msg("Saved."), "success")
    return redirect(f"/operations/{operation_id}", 303)


@pages.post("/operations/<int:operation_id>/close")
@needs(Permission.OPERATION_CLOSE)
def close_operation(operation_id: int) -> Any:
    def close(session: Session, operation: Operation, form: Form) -> None:
        service.close_operation(
            session, actor(), operation, now(), ends_on=optional_date(form, "ends_on"), expected_version=_version(form)
        )

    return _act(operation_id, close, msg("Closed. It counts now, and is changed by corrections alone."))


@pages.post("/operations/<int:operation_id>/annul")
@needs(Permission.OPERATION_WRITE)
def annul_operation(operation_id: int) -> Any:
    def annul(session: Session, operation: Operation, form: Form) -> None:
        service.annul_operation(session, actor(), operation, form.get("reason", ""), now())

    return _act(operation_id, annul, msg("Annulled. It stays to be read, and counts nowhere."))


@pages.post("/operations/<int:operation_id>/seizures")
@needs(Permission.OPERATION_WRITE)
def add_seizure(operation_id: int) -> Any:
    def add(session: Session, operation: Operation, form: Form) -> None:
        draft = parse_seizure(seizure_values(form))
        service.add_seizure(session, actor(), operation, draft, now(), reason=form.get("reason", ""))

    return _act(operation_id, add, msg("The seizure is added."))


@pages.post("/operations/<int:operation_id>/seizures/<int:seizure_id>/strike")
@needs(Permission.OPERATION_WRITE)
def strike_seizure(operation_id: int, seizure_id: int) -> Any:
    """Strike out a seizure, or with `item` one of its substances."""

    def strike(session: Session, operation: Operation, form: Form) -> None:
        reason, item = form.get("reason", ""), form.get("item", "")
        if not item:
            service.strike_seizure(session, actor(), operation, seizure_id, now(), reason=reason)
        elif item.isascii() and item.isdigit() and len(item) < 10:
            service.strike_item(session, actor(), operation, seizure_id, int(item), now(), reason=reason)
        else:
            raise invalid("item", msg("There is no such substance in this seizure."))

    return _act(operation_id, strike, msg("Struck out: it stays to be read, and counts no more."))


@pages.post("/operations/<int:operation_id>/contributions")
@needs(Permission.OPERATION_WRITE)
def say_contribution(operation_id: int) -> Any:
    def say(session: Session, operation: Operation, form: Form) -> None:
        draft = parse_contribution({key: form.get(key, "") for key in ("class", "contribution", "note")})
        service.set_contribution(session, actor(), operation, draft, now(), reason=form.get("reason", ""))

    return _act(operation_id, say, msg("Saved."))


def _act(operation_id: int, apply: Callable[[Session, Operation, Form], None], done: Message) -> Any:
    """Do something with a locked operation; a refusal shows its page again with what was typed."""
    form = request.form
    try:
        with writing() as session:
            operation = operation_by_id(session, actor(), operation_id, Permission.OPERATION_WRITE, lock=True)
            apply(session, operation, form)
    except REFUSALS as error:
        return operation_view(operation_id, form, error), status_of(error)
    flash_words(done, "success")
    return redirect(f"/operations/{operation_id}", 303)


def _to_change(session: Session, operation_id: int) -> Operation:
    operation = operation_by_id(session, actor(), operation_id)
    require_unit(actor(), right_to_change(operation), operation.unit)
    return operation


def _version(form: Form) -> int:
    version = form.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise InvalidInput(msg("The page is out of date. Load it again."), code="no_version")
    return int(version)


def _usual_unit(session: Session) -> str:
    """The unit of the person behind the account, where he may record for it; else the first that he may."""
    allowed = units_for(actor(), Permission.OPERATION_WRITE)
    own = select(Unit.code).join(Person, Person.unit_id == Unit.id).where(Person.id == actor().person_id, allowed)
    first = select(Unit.code).where(allowed, Unit.kind == "imt").order_by(Unit.name).limit(1)
    return session.scalar(own) or session.scalar(first) or ""


def _stored(session: Session, operation: Operation) -> Form:
    """The operation as its form has it; what returns said of a class is offered where nothing is recorded of it."""
    form: Form = MultiDict(
        (key, "" if (value := getattr(operation, key)) is None else str(value))
        for key in ("kind", "delivery", "starts_on", "ends_on", "arrests", "searches", "finds", "note", "version")
    )
    form["unit"], form["region"] = operation.unit.code, operation.region.code
    form.setlist("agencies", [agency.code for agency in operation.agencies])
    form.setlist("units", [unit.code for unit in operation.units if unit.id != operation.unit_id])
    for class_code, said in told_by_returns(uses_naming(session, actor(), operation.code)).items():
        form[f"contribution.{class_code}"] = said
    for each in operation.contributions:
        form[f"contribution.{each.equipment_class.code}"] = each.contribution
    return form


def _form_page(
    session: Session, form: Form, operation: Operation | None = None, error: DomainError | None = None
) -> str:
    right = Permission.OPERATION_WRITE if operation is None else right_to_change(operation)
    listed = units(session)
    mine = [unit for unit in listed if reaches_unit(actor(), right, unit)]
    asked = _asked_classes(session, mine, form)
    titles = sorted(((code, words(d.title)) for code, d in CLASSES.items()), key=lambda pair: pair[1])
    return render_template(
        "operations/form.html", operation=operation, values=form, chosen=form.getlist,
        errors=form_errors(error, form) if error is not None else {},
        kinds=[(key, words(name)) for key, name in KIND_NAMES.items()],
        deliveries=[(key, words(name)) for key, name in DELIVERY_NAMES.items()],
        own_units=[(unit.code, unit.name) for unit in mine],
        all_units=[(unit.code, unit.name) for unit in listed],
        regions=[(region.code, show_region_name(region)) for region in regions(session)],
        agencies=organisations_of_kind(session, "agency"),
        substances=[(key, words(name)) for key, name in SUBSTANCE_NAMES.items()],
        units_of_amount=[(key, words(name)) for key, name in UNIT_NAMES.items()],
        rows=range(ROWS), contribution_names=[(key, words(name)) for key, name in CONTRIBUTION_NAMES.items()],
        asked=[(code, title, asked[code]) for code, title in titles if code in asked],
        other_classes=[(code, title) for code, title in titles if code not in asked],
        may_close=any(reaches_unit(actor(), Permission.OPERATION_CLOSE, unit) for unit in mine),
    )  # fmt: skip


def _asked_classes(session: Session, mine: list[Unit], form: Form) -> dict[str, list[str]]:
    """The classes asked about, with the units that have some of it out now; those told of before are asked again.

    What is out now says nothing of an operation that was recorded some time ago.
    """
    asked = {} if "version" in form else classes_issued(session, actor(), [unit.id for unit in mine])
    told = [key.removeprefix("contribution.") for key in form if key.startswith("contribution.")]
    return {**asked, **{code: asked.get(code, []) for code in told if code in CLASSES}}
