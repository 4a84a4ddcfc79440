"""Adds what assets refer to: classes, models, grants and handover batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import Conflict, FieldError, InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.people.models import Organisation
from assets.people.rules import Permission, require
from assets.registry.models import EquipmentClass, EquipmentModel, Grant, HandoverBatch
from assets.registry.rules.classes import CLASSES, ClassDefaults
from assets.registry.rules.folding import fold_text

MAKER_LENGTH = MODEL_LENGTH = 120


@dataclass(frozen=True)
class GrantDraft:
    """What is known of a grant; `donor` and `implementing_agency` are organisations that the door looked up."""

    code: str
    title: str
    donor: Organisation
    implementing_agency: Organisation | None = None
    en_number: str = ""
    ga_number: str = ""
    en_signed_on: date | None = None
    ga_signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    amount: Decimal | None = None
    currency: str = "USD"


@dataclass(frozen=True)
class BatchDraft:
    """What is known of a handover batch. `usd_rate`: units of `currency` for one US dollar on `rate_on`.

    A `value` is for a batch whose lines are not entered here; where they are, it follows from them.
    """

    number: str
    grant: Grant
    handed_over_on: date
    place: str = ""
    value: Decimal | None = None
    currency: str = "USD"
    usd_rate: Decimal | None = None
    rate_on: date | None = None
    note: str = ""
    recipients: Sequence[Organisation] = ()


def ensure_classes(session: Session, actor: Actor) -> list[EquipmentClass]:
    """Load the classes of the pure table into the database; safe to run again, never removes one."""
    require(actor, Permission.ORGANISATION_WRITE)
    known = {row.code: row for row in session.scalars(select(EquipmentClass))}
    for code, defaults in CLASSES.items():
        row = known.get(code)
        if row is None:
            row = known[code] = EquipmentClass(code=code)
            session.add(row)
        _take_defaults(row, defaults)
    session.flush()
    return [known[code] for code in CLASSES]


def _take_defaults(row: EquipmentClass, defaults: ClassDefaults) -> None:
    row.name = defaults.name
    row.usage_meter = defaults.usage_meter
    row.is_vehicle = defaults.is_vehicle
    row.subject_to_calibration = defaults.subject_to_calibration


def add_model(session: Session, actor: Actor, equipment_class: EquipmentClass, maker: str, name: str) -> EquipmentModel:
    """A new model of a class; `Conflict` when maker and name are known already."""
    require(actor, Permission.BATCH_WRITE)
    maker, name = " ".join(maker.split()), " ".join(name.split())
    _check_length("maker", maker, MAKER_LENGTH)
    _check_length("name", name, MODEL_LENGTH)
    if not name:
        raise invalid("name", msg("This must be filled in."), code="required")
    wanted = fold_text(f"{maker} {name}")
    for model in session.scalars(select(EquipmentModel)):
        if fold_text(model.full_name) == wanted:
            raise Conflict(
                msg("The model %(name)s is known already.", name=model.full_name),
                code="model_known",
                fields=[
                    FieldError("model", msg("The model %(name)s is known already.", name=model.full_name), "known")
                ],
            )
    model = EquipmentModel(equipment_class=equipment_class, maker=maker, name=name)
    session.add(model)
    session.flush()
    return model


def model_named(session: Session, actor: Actor, equipment_class: EquipmentClass, text: str) -> EquipmentModel:
    """The model of this class that `text` ("maker name", or the name alone) means; made when there is none.

    `InvalidInput` for `model` when it belongs to another class, or is new and `actor` may not add models.
    """
    text, wanted = " ".join(text.split()), fold_text(text)
    models = list(session.scalars(select(EquipmentModel).order_by(EquipmentModel.id)))
    own = [model for model in models if model.class_id == equipment_class.id]
    for names in ([model.full_name for model in own], [model.name for model in own]):
        for model, name in zip(own, names, strict=True):
            if fold_text(name) == wanted:
                return model
    other = next((model for model in models if fold_text(model.full_name) == wanted), None)
    if other is not None:
        raise invalid(
            "model",
            msg("%(name)s is a model of the class %(other)s.", name=other.full_name, other=other.equipment_class.code),
            code="model_of_other_class",
        )
    return add_model(session, actor, equipment_class, *split_model(text, {model.maker for model in models}))


def split_model(text: str, makers: set[str]) -> tuple[str, str]:
    """Maker and name in "maker name": a known maker (the longest) first, else the first word."""
    for maker in sorted(filter(None, makers), key=len, reverse=True):
        if text.casefold().startswith(f"{maker.casefold()} "):
            return maker, text[len(maker) :].strip()
    maker, _, name = text.partition(" ")
    return (maker, name) if name else ("", maker)


def add_grant(session: Session, actor: Actor, draft: GrantDraft) -> Grant:
    """A new grant of a donor; its code is unique."""
    require(actor, Permission.GRANT_WRITE)
    _check_code("code", draft.code)
    _check_required("title", draft.title, 300)
    for field, text in (("en_number", draft.en_number), ("ga_number", draft.ga_number)):
        _check_length(field, text, 64)
    if draft.donor.kind != "donor":
        raise invalid("donor", msg("%(code)s is not a donor.", code=draft.donor.code), code="not_a_donor")
    if draft.starts_on and draft.ends_on and draft.ends_on < draft.starts_on:
        raise invalid("ends_on", msg("The end must not lie before the beginning."))
    if session.scalar(select(Grant.id).where(Grant.code == draft.code)):
        raise _taken("code", msg("The code %(code)s is taken.", code=draft.code))
    grant = Grant(
        code=draft.code, title=draft.title, donor=draft.donor, implementing_agency=draft.implementing_agency,
        en_number=draft.en_number, ga_number=draft.ga_number, en_signed_on=draft.en_signed_on,
        ga_signed_on=draft.ga_signed_on, starts_on=draft.starts_on, ends_on=draft.ends_on, amount=draft.amount,
        currency=draft.currency,
    )  # fmt: skip
    session.add(grant)
    session.flush()
    return grant


def add_batch(session: Session, actor: Actor, draft: BatchDraft) -> HandoverBatch:
    """A new handover batch of a grant; its number is unique.

    `NotAllowed` for a typed value without the right to write grants: it would stand in the donor's summary.
    """
    require(actor, Permission.BATCH_WRITE)
    if draft.value is not None:
        require(actor, Permission.GRANT_WRITE)
    check_rate(draft)
    _check_code("number", draft.number)
    _check_length("place", draft.place, 200)
    _check_length("note", draft.note, 4000)
    if session.scalar(select(HandoverBatch.id).where(HandoverBatch.number == draft.number)):
        raise _taken("number", msg("The number %(number)s is taken.", number=draft.number))
    for organisation in draft.recipients:
        if organisation.kind != "agency":
            raise RuleViolation(
                msg("%(code)s is not an agency: it cannot receive a batch.", code=organisation.code),
                code="not_an_agency",
                fields=[FieldError("recipients", msg("%(code)s is not an agency.", code=organisation.code))],
            )
    batch = HandoverBatch(
        number=draft.number, grant=draft.grant, handed_over_on=draft.handed_over_on, place=draft.place,
        value=draft.value, currency=draft.currency, usd_rate=draft.usd_rate, rate_on=draft.rate_on, note=draft.note,
        recipients=list(draft.recipients),
    )  # fmt: skip
    session.add(batch)
    session.flush()
    return batch


def check_rate(draft: BatchDraft) -> None:
    """`InvalidInput` unless the rate and its day come together, and are given for a currency that needs them."""
    if draft.currency == "USD" and (draft.usd_rate is not None or draft.rate_on is not None):
        raise invalid("usd_rate", msg("US dollars need no rate."), code="no_rate_needed")
    if draft.usd_rate is not None and draft.usd_rate <= 0:
        raise invalid("usd_rate", msg("A rate is more than 0."), code="out_of_range")
    if (draft.usd_rate is None) != (draft.rate_on is None):
        missing = "rate_on" if draft.rate_on is None else "usd_rate"
        raise invalid(missing, msg("Give the rate together with its day."), code="required")


def _taken(field: str, words: Message) -> Conflict:
    return Conflict(words, code=f"{field}_taken", fields=[FieldError(field, words, "taken")])


def _check_code(field: str, code: str) -> None:
    if not 1 <= len(code) <= 32 or not all(c.isalnum() or c in "-_./" for c in code):
        words = msg("This has 1 to 32 letters, digits, dots, slashes, hyphens or underscores.")
        raise InvalidInput(words, fields=[FieldError(field, words)])


def _check_required(field: str, text: str, limit: int) -> None:
    if not text.strip():
        raise invalid(field, msg("This must be filled in."), code="required")
    _check_length(field, text, limit)


def _check_length(field: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise invalid(field, msg("This is too long: at most %(n)s characters.", n=limit), code="too_long")
