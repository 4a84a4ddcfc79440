"""What forms and calls say about grants and handover batches, read into drafts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from assets.core.errors import FieldError, InvalidInput
from assets.handover.rules import in_usd
from assets.people.queries import organisation_by_code
from assets.registry.models import Grant, GrantTarget, HandoverBatch
from assets.registry.queries.catalogue import grant_by_code
from assets.registry.rules.asset_fields import MAX_MONEY
from assets.registry.rules.values import Reader, read_currency, read_date, read_decimal, read_fields, text_field
from assets.registry.service.catalogue import BatchDraft, GrantDraft
from assets.registry.service.targets import TargetDraft
from assets.web.asset_lists import number

_DATE = Reader(read_date)
_AMOUNT = Reader(lambda value: read_decimal(value, 2, MAX_MONEY))
_CURRENCY = Reader(read_currency, blank="USD")

GRANT_FIELDS: dict[str, Reader] = {
    "code": text_field(32, required=True),
    "title": text_field(300, required=True),
    "donor": text_field(32, required=True),
    "implementing_agency": text_field(32),
    "en_number": text_field(64),
    "ga_number": text_field(64),
    "en_signed_on": _DATE,
    "ga_signed_on": _DATE,
    "starts_on": _DATE,
    "ends_on": _DATE,
    "amount": _AMOUNT,
    "currency": _CURRENCY,
}
BATCH_FIELDS: dict[str, Reader] = {
    "number": text_field(32, required=True),
    "grant": text_field(32, required=True),
    "handed_over_on": Reader(read_date, required=True),
    "place": text_field(200),
    "value": _AMOUNT,
    "currency": _CURRENCY,
    "usd_rate": Reader(lambda value: read_decimal(value, 6, MAX_MONEY)),
    "rate_on": _DATE,
    "note": text_field(4000, lines=True),
}
TARGET_FIELDS: dict[str, Reader] = {
    "kpi": text_field(40, required=True),
    "class": text_field(40),
    "value": Reader(lambda value: read_decimal(value, 4, MAX_MONEY), required=True),
    "note": text_field(300),
}


def grant_draft(session: Session, values: Mapping[str, object]) -> GrantDraft:
    """A draft of a grant; `InvalidInput` names each field that is wrong."""
    read = read_fields(GRANT_FIELDS, values)
    read["donor"] = organisation_by_code(session, read["donor"], "donor")
    agency = read["implementing_agency"]
    read["implementing_agency"] = organisation_by_code(session, agency, "implementing_agency") if agency else None
    return GrantDraft(**read)


def batch_draft(session: Session, values: Mapping[str, object], recipients: list[str]) -> BatchDraft:
    """A draft of a batch; `recipients` are the codes of the agencies that received it."""
    read = read_fields(BATCH_FIELDS, values)
    read["grant"] = grant_by_code(session, read["grant"])
    errors: list[FieldError] = []
    agencies = []
    for code in dict.fromkeys(recipients):
        try:
            agencies.append(organisation_by_code(session, code, "recipients"))
        except InvalidInput as error:
            errors.extend(error.fields)
    if errors:
        raise InvalidInput(errors[0].message, fields=errors)
    return BatchDraft(**read, recipients=agencies)


def target_draft(values: Mapping[str, object]) -> TargetDraft:
    """A draft of a planned value, shares from 0 to 1."""
    read = read_fields(TARGET_FIELDS, values)
    return TargetDraft(read["kpi"], read["value"], read["class"], read["note"])


def target_answer(row: GrantTarget) -> dict[str, Any]:
    """A planned value as the API gives it; `ended_at` null while it holds."""
    return {
        "id": row.id,
        "kpi": row.kpi,
        "class": row.equipment_class.code if row.equipment_class is not None else None,
        "value": number(row.value),
        "note": row.note or None,
        "set_at": row.set_at.isoformat(),
        "ended_at": row.ended_at.isoformat() if row.ended_at is not None else None,
    }


def grant_answer(row: Grant) -> dict[str, Any]:
    """A grant as the API gives it."""
    agency = row.implementing_agency
    return {
        "id": row.id,
        "code": row.code,
        "title": row.title,
        "donor": row.donor.code,
        "implementing_agency": agency.code if agency is not None else None,
        "en_number": row.en_number or None,
        "ga_number": row.ga_number or None,
        **{
            key: day.isoformat() if (day := getattr(row, key)) is not None else None
            for key in ("en_signed_on", "ga_signed_on", "starts_on", "ends_on")
        },
        "amount": number(row.amount),
        "currency": row.currency,
    }


def batch_answer(row: HandoverBatch) -> dict[str, Any]:
    """A batch as the API gives it."""
    return {
        "id": row.id,
        "number": row.number,
        "grant": row.grant.code,
        "donor": row.grant.donor.code,
        "handed_over_on": row.handed_over_on.isoformat(),
        "place": row.place or None,
        "value": number(row.value),
        "currency": row.currency,
        "usd_rate": number(row.usd_rate),
        "rate_on": row.rate_on.isoformat() if row.rate_on is not None else None,
        "value_usd": number(in_usd(row.value, row.currency, row.usd_rate)),
        "closed_at": row.closed_at.isoformat() if row.closed_at is not None else None,
        "note": row.note or None,
        "recipients": sorted(organisation.code for organisation in row.recipients),
    }
