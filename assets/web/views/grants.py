"""Grants, handover batches and models for people: lists and the forms to add one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.handover.queries import rounds_still_to_come, summed, tally
from assets.people.rules import Permission
from assets.registry.models import GrantTarget
from assets.registry.queries.catalogue import (
    assets_in_batches,
    batches_page,
    grant_by_id,
    grants_page,
    models_page,
    organisations_of_kind,
    targets_of,
)
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.targets import TARGET_KPIS
from assets.registry.rules.values import read_fields, text_field
from assets.registry.service.catalogue import add_batch, add_grant, add_model
from assets.registry.service.references import class_by_code
from assets.registry.service.targets import TargetDraft, end_target, set_target
from assets.web.auth import needs
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.errors import status_of
from assets.web.filters import show_number
from assets.web.forms import field_errors, typed
from assets.web.grant_drafts import batch_draft, grant_draft, target_draft
from assets.web.papers import papers_of
from assets.web.parsing import encode_cursor, page

pages = Blueprint("grants", __name__)
MODEL_FIELDS = {
    "class": text_field(40, required=True),
    "maker": text_field(120),
    "name": text_field(120, required=True),
}
TARGET_UNITS = {"share": msg("percent"), "uses": msg("uses"), "km": msg("km")}


def _following(rows: list[Any], limit: int) -> str:
    if len(rows) <= limit:
        return ""
    return f"{request.path}?cursor={encode_cursor((rows[limit - 1].id,))}"


@pages.get("/grants")
@needs(Permission.ASSET_READ)
def list_grants() -> Any:
    wanted = page(request.args)
    with reading() as session:
        rows = grants_page(session, limit=wanted.limit + 1, after=wanted.after)
        to_come = rounds_still_to_come(session, actor())
    return render_template(
        "grants/grants.html", grants=rows[: wanted.limit], after=_following(rows, wanted.limit), to_come=to_come
    )


@pages.get("/grants/<int:grant_id>")
@needs(Permission.ASSET_READ)
def show_grant(grant_id: int) -> Any:
    return _grant_page(grant_id)


@pages.post("/grants/<int:grant_id>/targets")
@needs(Permission.GRANT_WRITE)
def create_target(grant_id: int) -> Any:
    """Set a planned value; shares are typed in percent."""
    values = typed()
    try:
        with writing() as session:
            grant = grant_by_id(session, grant_id)
            set_target(session, actor(), grant, _target(values), now())
    except (InvalidInput, Conflict, RuleViolation) as error:
        return _grant_page(grant_id, values, error)
    flash_words(msg("The plan is saved. What held before stays in its history."), "success")
    return redirect(f"/grants/{grant_id}#plan", 303)


def _target(values: dict[str, str]) -> TargetDraft:
    draft = target_draft(values)
    kpi = TARGET_KPIS.get(draft.kpi)
    if kpi is None or kpi.unit != "share":
        return draft
    if draft.value > 100:
        raise invalid("value", msg("A share is at most 100 percent."), code="out_of_range")
    return dataclasses.replace(draft, value=draft.value / 100)


@pages.post("/grants/<int:grant_id>/targets/<int:target_id>/end")
@needs(Permission.GRANT_WRITE)
def stop_target(grant_id: int, target_id: int) -> Any:
    """The plan does not hold any more."""
    try:
        with writing() as session:
            end_target(session, actor(), grant_by_id(session, grant_id), target_id, now())
    except RuleViolation as error:
        flash_words(error.message, "error")
    else:
        flash_words(msg("The plan is ended. It stays in the history."), "success")
    return redirect(f"/grants/{grant_id}#plan", 303)


def _grant_page(grant_id: int, values: dict[str, str] | None = None, error: DomainError | None = None) -> Any:
    """One grant: its agreements, its plan with what held before, its rounds and papers."""
    with reading() as session:
        grant = grant_by_id(session, grant_id)
        targets = targets_of(session, grant)
        rounds = batches_page(session, grant=grant.code, limit=51)
        tallies = tally(session, actor(), [batch.id for batch in rounds])
        papers = papers_of(session, "grant", grant.id)
    answer = render_template(
        "grants/grant.html", grant=grant, rounds=rounds[:50], more_rounds=len(rounds) > 50,
        counted={batch_id: summed(counts) for batch_id, counts in tallies.items()},
        present=[_shown(row) for row in targets if row.ended_at is None],
        former=[_shown(row) for row in targets if row.ended_at is not None],
        kpis=[(kpi.code, f"{words(kpi.title)} ({words(TARGET_UNITS[kpi.unit])})") for kpi in TARGET_KPIS.values()],
        classes=list(_classes().items()), values=values or {},
        errors=field_errors(error) if error is not None else {}, **papers,
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


def _shown(row: GrantTarget) -> dict[str, Any]:
    kpi = TARGET_KPIS[row.kpi]
    value, unit = (row.value * 100, "%") if kpi.unit == "share" else (row.value, words(TARGET_UNITS[kpi.unit]))
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    return {
        "row": row,
        "title": words(kpi.title),
        "class": _classes()[row.equipment_class.code] if row.equipment_class is not None else "",
        "value": f"{show_number(plain, max(0, -exponent if isinstance(exponent, int) else 0))} {unit}",
    }


@pages.get("/batches")
@needs(Permission.ASSET_READ)
def list_batches() -> Any:
    wanted = page(request.args)
    with reading() as session:
        rows = batches_page(session, grant=request.args.get("grant", ""), limit=wanted.limit + 1, after=wanted.after)
        shown = rows[: wanted.limit]
        counts = assets_in_batches(session, actor(), [batch.id for batch in shown])
        tallies = tally(session, actor(), [batch.id for batch in shown])
    return render_template(
        "grants/batches.html", batches=shown, counts=counts, after=_following(rows, wanted.limit),
        counted={batch_id: summed(found) for batch_id, found in tallies.items()},
    )  # fmt: skip


@pages.get("/models")
@needs(Permission.ASSET_READ)
def list_models() -> Any:
    wanted = page(request.args)
    with reading() as session:
        rows = models_page(session, limit=wanted.limit + 1, after=wanted.after)
    return render_template(
        "grants/models.html", models=rows[: wanted.limit], after=_following(rows, wanted.limit), classes=_classes()
    )


def _classes() -> dict[str, str]:
    return {code: words(defaults.title) for code, defaults in CLASSES.items()}


@pages.get("/grants/new")
@needs(Permission.GRANT_WRITE)
def new_grant() -> Any:
    return _form("grant", {"currency": "USD"})


@pages.post("/grants/new")
@needs(Permission.GRANT_WRITE)
def create_grant() -> Any:
    return _take("grant", "/grants", msg("The grant is saved."), _add_grant)


@pages.get("/batches/new")
@needs(Permission.BATCH_WRITE)
def new_batch() -> Any:
    return _form("batch", {"currency": "USD", "grant": request.args.get("grant", "")[:32]})


@pages.post("/batches/new")
@needs(Permission.BATCH_WRITE)
def create_batch() -> Any:
    return _take("batch", "/batches", msg("The batch is saved."), _add_batch)


@pages.get("/models/new")
@needs(Permission.BATCH_WRITE)
def new_model() -> Any:
    return _form("model", {})


@pages.post("/models/new")
@needs(Permission.BATCH_WRITE)
def create_model() -> Any:
    return _take("model", "/models", msg("The model is saved."), _add_model)


def _add_grant(session: Session, values: dict[str, str]) -> None:
    add_grant(session, actor(), grant_draft(session, values))


def _add_batch(session: Session, values: dict[str, str]) -> None:
    plain = {key: value for key, value in values.items() if key != "recipients"}
    add_batch(session, actor(), batch_draft(session, plain, request.form.getlist("recipients")))


def _add_model(session: Session, values: dict[str, str]) -> None:
    read = read_fields(MODEL_FIELDS, values)
    code = parse_asset({"class": read["class"]}, partial=True).class_code or ""
    add_model(session, actor(), class_by_code(session, code), read["maker"], read["name"])


def _take(subject: str, back: str, done: Message, add: Callable[[Session, dict[str, str]], None]) -> Any:
    values = typed()
    try:
        with writing() as session:
            add(session, values)
    except (InvalidInput, Conflict, RuleViolation) as error:
        return _form(subject, values, error)
    flash_words(done, "success")
    return redirect(back, 303)


def _form(subject: str, values: dict[str, str], error: DomainError | None = None) -> Any:
    """The form again with what was typed."""
    with reading() as session:
        donors = organisations_of_kind(session, "donor")
        implementing = organisations_of_kind(session, "implementing_agency")
        agencies = organisations_of_kind(session, "agency")
        grants = [(grant.code, f"{grant.code} · {grant.title}") for grant in grants_page(session, limit=500)]
    answer = render_template(
        f"grants/{subject}_form.html", values=values, errors=field_errors(error) if error is not None else {},
        donors=donors, implementing=implementing, agencies=agencies, grants=grants,
        classes=list(_classes().items()), recipients=request.form.getlist("recipients"),
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200
