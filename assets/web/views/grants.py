"""Grants, handover batches and models for people: lists and the forms to add one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request
from sqlalchemy.orm import Session

from assets.core.errors import Conflict, DomainError, InvalidInput, RuleViolation
from assets.core.i18n import Message, msg
from assets.people.rules import Permission
from assets.registry.queries.catalogue import (
    assets_in_batches,
    batches_page,
    grants_page,
    models_page,
    organisations_of_kind,
)
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.values import read_fields, text_field
from assets.registry.service.catalogue import add_batch, add_grant, add_model
from assets.registry.service.references import class_by_code
from assets.web.auth import needs
from assets.web.context import actor, flash_words, reading, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, typed
from assets.web.grant_drafts import batch_draft, grant_draft
from assets.web.parsing import encode_cursor, page

pages = Blueprint("grants", __name__)
MODEL_FIELDS = {
    "class": text_field(40, required=True),
    "maker": text_field(120),
    "name": text_field(120, required=True),
}


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
    return render_template("grants/grants.html", grants=rows[: wanted.limit], after=_following(rows, wanted.limit))


@pages.get("/batches")
@needs(Permission.ASSET_READ)
def list_batches() -> Any:
    wanted = page(request.args)
    with reading() as session:
        rows = batches_page(session, grant=request.args.get("grant", ""), limit=wanted.limit + 1, after=wanted.after)
        shown = rows[: wanted.limit]
        counts = assets_in_batches(session, actor(), [batch.id for batch in shown])
    return render_template("grants/batches.html", batches=shown, counts=counts, after=_following(rows, wanted.limit))


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
@needs(Permission.BATCH_WRITE)
def new_grant() -> Any:
    return _form("grant", {"currency": "USD"})


@pages.post("/grants/new")
@needs(Permission.BATCH_WRITE)
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
