"""Forms for issue, return, sighting, fault and correction, for those who work without the scan page's script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from assets.core.clock import local_date
from assets.core.errors import Conflict, DomainError, InvalidInput, NotFound, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.custody import queries
from assets.custody.rules import CONTRIBUTIONS
from assets.custody.service import correction, field, handover
from assets.custody.service.text import required_text
from assets.custody.service.use import MeterShown, UseGiven
from assets.labels.token import format_code
from assets.maintenance.rules.orders import SEVERITY_NAMES, Severity
from assets.maintenance.service import report_fault
from assets.operations.rules import CONTRIBUTION_NAMES
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.rules.asset_fields import CONDITION_NAMES
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from assets.web import signing
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.operation_choice import ANOTHER, NO_OPERATION, likely_operations, named_operation
from assets.web.parsing import parse_decimal
from assets.web.reservation_words import reserved_notices
from assets.web.views.commands.shapes import end_of

pages = Blueprint("custody", __name__)

SENT_BEFORE = msg("This form was sent before: it was recorded once, and nothing was added. For more, open it anew.")


@dataclass(frozen=True)
class Given:
    """What a form sent, with the asset it is about and the moment of it."""

    session: Session
    asset: Asset
    occurrence: Occurrence
    values: dict[str, str]

    def text(self, name: str) -> str:
        return self.values.get(name, "").strip()


@dataclass(frozen=True)
class Form:
    """One form: its template, the right it needs, what it does, and what is said when it is done."""

    template: str
    permission: Permission
    apply: Callable[[Given], object]
    done: Message
    is_signed: bool = False


def _issue(given: Given) -> AssetEvent:
    zone = the_app().settings.zone
    number = required_text("to", given.text("to"), 32)
    person = queries.person_to_hold(given.session, actor(), number)
    return handover.issue(
        given.session, actor(), given.asset, person, given.occurrence, zone,
        until=end_of(given.text("until"), zone), override_reason=given.text("override_reason"),
    )  # fmt: skip


def _return(given: Given) -> AssetEvent:
    meter, count, hours = given.text("meter"), given.text("count"), given.text("hours")
    operation = _operation(given)
    used = None
    if count or hours or operation:
        if count and not (count.isascii() and count.isdigit() and len(count) <= 6):
            raise invalid("count", msg("A count is a whole number."))
        used = UseGiven(
            int(count) if count else None,
            parse_decimal(hours, "hours") if hours else None,
            operation,
            given.text("contribution") or "none",
        )
    return handover.return_asset(
        given.session, actor(), given.asset, given.occurrence, condition=given.text("condition"),
        meter=MeterShown(parse_decimal(meter, "meter")) if meter else None, use=used, note=given.text("note"),
    )  # fmt: skip


def _operation(given: Given) -> str:
    """The code of the operation that was tapped or typed; '' for none."""
    chosen = given.text("operation")
    if chosen == ANOTHER:
        code = required_text("other_operation", given.text("other_operation"), 64)
        return named_operation(given.session, code, "other_operation")
    return "" if chosen == NO_OPERATION else named_operation(given.session, chosen)


def _sighting(given: Given) -> None:
    field.sight(
        given.session, actor(), given.asset, given.occurrence,
        condition=given.text("condition") or None, note=given.text("note"),
    )  # fmt: skip


def _fault(given: Given) -> None:
    severity = given.text("severity")
    if severity not in set(Severity):
        raise invalid("severity", msg("Say how bad it is."), code="required")
    text = required_text("text", given.text("text"))
    report_fault(given.session, actor(), given.asset, Severity(severity), text, given.occurrence)


FORMS: dict[str, Form] = {
    "issue": Form("custody/issue.html", Permission.CUSTODY_ACT, _issue, msg("Issued."), is_signed=True),
    "return": Form("custody/return.html", Permission.CUSTODY_ACT, _return, msg("Taken back."), is_signed=True),
    "sighting": Form("custody/sighting.html", Permission.FIELD_REPORT, _sighting, msg("Recorded as seen.")),
    "fault": Form("custody/fault.html", Permission.FIELD_REPORT, _fault, msg("The fault is reported.")),
}


@pages.get("/assets/<code>/issue")
@needs(Permission.CUSTODY_ACT)
def issue_form(code: str) -> Any:
    return _show("issue", code)


@pages.post("/assets/<code>/issue")
@needs(Permission.CUSTODY_ACT)
def issue(code: str) -> Any:
    return _take("issue", code)


@pages.get("/assets/<code>/return")
@needs(Permission.CUSTODY_ACT)
def return_form(code: str) -> Any:
    return _show("return", code)


@pages.post("/assets/<code>/return")
@needs(Permission.CUSTODY_ACT)
def take_back(code: str) -> Any:
    return _take("return", code)


@pages.get("/assets/<code>/sighting")
@needs(Permission.FIELD_REPORT)
def sighting_form(code: str) -> Any:
    return _show("sighting", code)


@pages.post("/assets/<code>/sighting")
@needs(Permission.FIELD_REPORT)
def sighting(code: str) -> Any:
    return _take("sighting", code)


@pages.get("/assets/<code>/fault")
@needs(Permission.FIELD_REPORT)
def fault_form(code: str) -> Any:
    return _show("fault", code)


@pages.post("/assets/<code>/fault")
@needs(Permission.FIELD_REPORT)
def fault(code: str) -> Any:
    return _take("fault", code)


@pages.get("/assets/<code>/events/<event_id>/correct")
@needs(Permission.CUSTODY_ACT)
def correct_form(code: str, event_id: str) -> Any:
    with reading() as session:
        asset = asset_by_code(session, actor(), read_code(code), Permission.CUSTODY_ACT)
        return _correct_page(session, asset, event_id, {}, {})


@pages.post("/assets/<code>/events/<event_id>/correct")
@needs(Permission.CUSTODY_ACT)
def correct(code: str, event_id: str) -> Any:
    """Say that an entry was a mistake; for an issue perhaps who really got it."""
    values = typed()
    try:
        with writing() as session:
            asset = asset_by_code(session, actor(), read_code(code), Permission.CUSTODY_ACT, lock=True)
            number = values.get("to", "").strip()
            person = queries.person_to_hold(session, actor(), number) if number else None
            happening = Occurrence(now(), now())
            correction.correct_entry(
                session, actor(), asset, event_id, happening, reason=values.get("reason", ""), person=person
            )
            address = f"/assets/{asset.code}"
    except NotFound:
        raise
    except (InvalidInput, RuleViolation, Conflict) as error:
        with reading() as session:
            asset = asset_by_code(session, actor(), read_code(code), Permission.CUSTODY_ACT)
            return _correct_page(session, asset, event_id, values, field_errors(error)), 400
    flash_words(msg("The correction is recorded beside what it corrects."), "success")
    return redirect(address, 303)


def _correct_page(
    session: Session, asset: Asset, event_id: str, values: dict[str, str], errors: dict[str, str]
) -> str:  # fmt: skip
    event = session.scalar(select(AssetEvent).where(AssetEvent.id == event_id, AssetEvent.asset_id == asset.id))
    if event is None or event.kind not in correction.CORRECTABLE:
        raise NotFound(msg("There is no entry here that can be corrected."))
    return render_template(
        "custody/correct.html", asset=asset, event=event, values=values, errors=errors, title=_title(asset),
        persons=_persons(session) if event.kind == "issue" else [],
    )  # fmt: skip


def _show(kind: str, code: str, values: dict[str, str] | None = None, errors: dict[str, str] | None = None) -> str:
    form = FORMS[kind]
    with reading() as session:
        asset = asset_by_code(session, actor(), read_code(code), form.permission)
        return render_template(
            form.template,
            asset=asset,
            title=_title(asset),
            printed=format_code(asset.code),
            values={"event_id": str(uuid4()), **(values or {})},
            errors=errors or {},
            why_not=[words(text) for _, text in handover.why_not_fit(session, asset, now())] if kind == "issue" else [],
            reserved=reserved_notices(session, asset) if kind == "issue" else [],
            persons=_persons(session) if kind == "issue" else [],
            holder=asset.custodian_person,
            grades=[(grade, words(name)) for grade, name in CONDITION_NAMES.items()],
            severities=[(severity.value, words(name)) for severity, name in SEVERITY_NAMES.items()],
            contributions=[(key, words(CONTRIBUTION_NAMES[key])) for key in CONTRIBUTIONS],
            usual_use=CLASSES[asset.equipment_class.code].usual_use,
            operations=_operations(session, asset) if kind == "return" else [],
        )


def _take(kind: str, code: str) -> Response | tuple[str, int]:
    form, values = FORMS[kind], typed()
    try:
        signed = signing.signature_in(values) if form.is_signed else signing.Signed()
        with writing() as session:
            asset = asset_by_code(session, actor(), read_code(code), form.permission, lock=True)
            address, event_id = f"/assets/{asset.code}", _own_id(values)
            # The form was sent twice (a double tap, a reload, a step back): it is done once.
            is_repeated = session.get(AssetEvent, event_id) is not None
            if not is_repeated:
                done = form.apply(Given(session, asset, Occurrence(now(), now(), event_id), values))
                signing.join(session, signed, event_id, [done] if isinstance(done, AssetEvent) else [])
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _show(kind, code, values, field_errors(error)), status(error)
    if is_repeated:
        flash_words(SENT_BEFORE, "warning")
    else:
        flash_words(form.done, "success")
    return redirect(address, 303)


def status(error: DomainError) -> int:
    """A form that is shown again answers 400, or 409 when somebody else was faster."""
    return 409 if isinstance(error, Conflict) else 400


def _own_id(values: dict[str, str]) -> str:
    try:
        return str(UUID(values.get("event_id", "")))
    except ValueError:
        return str(uuid4())


def _persons(session: Session) -> list[tuple[str, str]]:
    today = local_date(now(), the_app().settings.zone)
    found = queries.persons_like(session, actor(), request.args.get("q", ""), today, limit=500)
    return [(person.number, f"{person.name} · {person.number}" if person.name else person.number) for person in found]


def _operations(session: Session, asset: Asset) -> list[tuple[str, str]]:
    return [
        *likely_operations(session, asset),
        (NO_OPERATION, words(msg("no operation"))),
        (ANOTHER, words(msg("another"))),
    ]


def _title(asset: Asset) -> str:
    return asset.model.full_name if asset.model else words(CLASSES[asset.equipment_class.code].title)
