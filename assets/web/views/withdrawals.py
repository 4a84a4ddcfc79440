"""Forms on an item's page that end its service: withdraw, put back, report as lost, propose disposal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, InvalidInput, RuleViolation
from assets.core.i18n import Message, msg
from assets.disposal import queries, service
from assets.disposal.rules.assessment import TRIGGER_NAMES
from assets.fitness.service import take_into_care
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.rules.life import LIFE_NAMES
from assets.registry.scope import asset_by_code
from assets.web import care, cases
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.label_codes import read_code
from assets.web.views.disposals import today

pages = Blueprint("withdrawals", __name__)

Values = dict[str, str]


@dataclass(frozen=True)
class Form:
    """One form: its words, the right it needs, what it does, and where that leads."""

    title: Message
    answer: Message
    button: Message
    permission: Permission
    apply: Callable[[Session, Asset, Values], str]
    done: Message
    template: str = "disposals/reason.html"


def _withdraw(session: Session, asset: Asset, values: Values) -> str:
    service.withdraw(session, actor(), asset, values.get("reason", ""), now())
    return f"/assets/{asset.code}"


def _put_back(session: Session, asset: Asset, values: Values) -> str:
    service.put_back(session, actor(), asset, values.get("reason", ""), now())
    take_into_care(session, [asset], now())
    return f"/assets/{asset.code}"


def _report_loss(session: Session, asset: Asset, values: Values) -> str:
    case = service.report_loss(
        session, actor(), asset, lost_on=care.optional_date(values, "lost_on"),
        circumstances=values.get("circumstances", ""), now=now(),
    )  # fmt: skip
    return f"/losses/{case.id}"


def _propose(session: Session, asset: Asset, values: Values) -> str:
    case = service.propose_disposal(
        session, actor(), asset, trigger=values.get("trigger", ""), assessment=values.get("assessment", ""), now=now()
    )
    return f"/disposals/{case.id}"


FORMS: dict[str, Form] = {
    "withdraw": Form(
        msg("Withdraw from service"),
        msg("It is not issued any more. It can be put back, or proposed for disposal."),
        msg("Withdraw from service"),
        Permission.DISPOSAL_PROPOSE,
        _withdraw,
        msg("Withdrawn."),
    ),
    "put-back": Form(
        msg("Put back into service"),
        msg("It goes back to what it was before it was withdrawn."),
        msg("Put back"),
        Permission.DISPOSAL_PROPOSE,
        _put_back,
        msg("Put back."),
    ),
    "report-loss": Form(
        msg("Report as lost"),
        msg("A loss case begins. Somebody else decides it after an inquiry; found things come back the same way."),
        msg("Report the loss"),
        Permission.FIELD_REPORT,
        _report_loss,
        msg("The loss is reported."),
        "disposals/report_loss.html",
    ),
    "propose-disposal": Form(
        msg("Propose disposal"),
        msg("The board decides, and somebody else enters its decision. Nothing is deleted."),
        msg("Propose"),
        Permission.DISPOSAL_PROPOSE,
        _propose,
        msg("Proposed. The board's decision comes next."),
        "disposals/propose.html",
    ),
}


def _shown(name: str, code: str, values: Values, errors: dict[str, str]) -> str:
    form = FORMS[name]
    with reading() as session:
        asset = asset_by_code(session, actor(), read_code(code), form.permission)
        more: dict[str, Any] = {}
        if name == "propose-disposal":
            more = _about_proposal(session, asset, values)
        return render_template(
            form.template,
            **cases.about(asset),
            form_title=words(form.title),
            form_answer=words(form.answer),
            button=words(form.button),
            life=words(LIFE_NAMES[asset.life]),
            held=asset.custodian_person_id is not None,
            today=today().isoformat(),
            values=values,
            errors=errors,
            **more,
        )


def _about_proposal(session: Session, asset: Asset, values: Values) -> dict[str, Any]:
    """Why it would be assessed now, and what its memo value is; the likeliest reason is chosen."""
    found = ("loss",) if asset.life == "lost" else queries.triggers_of(session, asset, today())
    if not values and found:
        values["trigger"] = found[0]
    return {
        "triggers": [pair for pair in cases.pairs(TRIGGER_NAMES) if (pair[0] == "loss") == (asset.life == "lost")],
        "found": [words(TRIGGER_NAMES[trigger]) for trigger in found],
        "memo": queries.asset_memo(session, asset, today()),
    }


def _sent(name: str, code: str) -> Any:
    form, values = FORMS[name], typed()
    try:
        with writing() as session:
            asset = asset_by_code(session, actor(), read_code(code), form.permission, lock=True)
            place = form.apply(session, asset, values)
    except (InvalidInput, RuleViolation, Conflict) as error:
        return _shown(name, code, values, field_errors(error)), status_of(error)
    flash_words(form.done, "success")
    return redirect(place, 303)


@pages.get("/assets/<code>/withdraw")
@needs(Permission.DISPOSAL_PROPOSE)
def withdraw_form(code: str) -> Any:
    return _shown("withdraw", code, {}, {})


@pages.post("/assets/<code>/withdraw")
@needs(Permission.DISPOSAL_PROPOSE)
def withdraw(code: str) -> Any:
    return _sent("withdraw", code)


@pages.get("/assets/<code>/put-back")
@needs(Permission.DISPOSAL_PROPOSE)
def put_back_form(code: str) -> Any:
    return _shown("put-back", code, {}, {})


@pages.post("/assets/<code>/put-back")
@needs(Permission.DISPOSAL_PROPOSE)
def put_back(code: str) -> Any:
    return _sent("put-back", code)


@pages.get("/assets/<code>/report-loss")
@needs(Permission.FIELD_REPORT)
def report_loss_form(code: str) -> Any:
    return _shown("report-loss", code, {}, {})


@pages.post("/assets/<code>/report-loss")
@needs(Permission.FIELD_REPORT)
def report_loss(code: str) -> Any:
    return _sent("report-loss", code)


@pages.get("/assets/<code>/propose-disposal")
@needs(Permission.DISPOSAL_PROPOSE)
def propose_form(code: str) -> Any:
    return _shown("propose-disposal", code, {}, {})


@pages.post("/assets/<code>/propose-disposal")
@needs(Permission.DISPOSAL_PROPOSE)
def propose(code: str) -> Any:
    return _sent("propose-disposal", code)
