"""Organisations, units and persons for programs."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict

from assets.people.models import Organisation, Person, Unit
from assets.people.queries import organisation_by_code, unit_by_code
from assets.people.rules import Permission
from assets.people.service import add_person
from assets.registry.queries.catalogue import organisations_page, persons_page, units_page
from assets.registry.rules.values import read_fields, text_field
from assets.web.auth import needs
from assets.web.context import actor, reading, writing
from assets.web.listing import answer_page
from assets.web.parsing import page

api = APIBlueprint(
    "api_people", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="people")]
)
PERSON_FIELDS = {
    "number": text_field(32, required=True),
    "unit": text_field(32, required=True),
    "name": text_field(200),
    "agency": text_field(32),
    "email": text_field(254),
    "phone": text_field(40),
}


class PageQuery(BaseModel):
    """Paging."""

    model_config = ConfigDict(extra="forbid")
    limit: str = ""
    cursor: str = ""


class PersonBody(BaseModel):
    """A new person of a unit; the service number is unique."""

    model_config = ConfigDict(extra="forbid")
    number: str
    unit: str
    name: str = ""
    agency: str | None = None
    email: str = ""
    phone: str = ""


@api.get("/organisations")
@needs(Permission.ASSET_READ)
def list_organisations(query: PageQuery) -> Any:
    """Agencies, donors, implementing agencies and workshops."""
    wanted = page(query.model_dump())
    with reading() as session:
        found = organisations_page(session, limit=wanted.limit + 1, after=wanted.after)
        return answer_page(found, wanted.limit, _organisation)


@api.get("/units")
@needs(Permission.ASSET_READ)
def list_units(query: PageQuery) -> Any:
    """Teams, coordination, liaison offices, workshops and stores."""
    wanted = page(query.model_dump())
    with reading() as session:
        return answer_page(units_page(session, limit=wanted.limit + 1, after=wanted.after), wanted.limit, _unit)


@api.get("/persons")
@needs(Permission.PERSON_READ)
def list_persons(query: PageQuery) -> Any:
    """Persons of the units within scope."""
    wanted = page(query.model_dump())
    with reading() as session:
        found = persons_page(session, actor(), limit=wanted.limit + 1, after=wanted.after)
        return answer_page(found, wanted.limit, _person)


@api.post("/persons")
@needs(Permission.PERSON_WRITE)
def create_person(body: PersonBody) -> Any:
    """Add a person."""
    values = read_fields(PERSON_FIELDS, body.model_dump(exclude_unset=True))
    with writing() as session:
        agency = organisation_by_code(session, values["agency"], "agency") if values["agency"] else None
        person = add_person(
            session, actor(), number=values["number"], unit=unit_by_code(session, values["unit"]),
            name=values["name"], organisation=agency, email=values["email"], phone=values["phone"],
        )  # fmt: skip
        answer = _person(person)
    return jsonify(answer), 201


def _organisation(row: Organisation) -> dict[str, Any]:
    return {"code": row.code, "kind": row.kind, "name": row.name, "active": row.active}


def _unit(row: Unit) -> dict[str, Any]:
    return {"code": row.code, "name": row.name, "kind": row.kind, "region": row.region.code, "active": row.active}


def _person(row: Person) -> dict[str, Any]:
    return {
        "number": row.number,
        "name": row.name,
        "unit": row.unit.code,
        "agency": row.organisation.code if row.organisation is not None else None,
        "email": row.email or None,
        "phone": row.phone or None,
        "left_on": row.left_on.isoformat() if row.left_on is not None else None,
    }
