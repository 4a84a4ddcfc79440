"""Operations for programs: recorded with seizures, arrests and contributions, closed, corrected."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.core.errors import invalid
from assets.operations import service
from assets.operations.models import Operation
from assets.operations.queries import corrections_of, operation_by_id, operation_page
from assets.operations.rules.fields import parse_item, parse_operation, parse_seizure
from assets.people.rules import Permission
from assets.registry.rules.values import ValueRefused, is_blank, read_date
from assets.web.auth import needs
from assets.web.context import actor, now, reading, writing
from assets.web.operation_drafts import correction_answer, filter_of, operation_answer
from assets.web.parsing import encode_cursor, page

api = APIBlueprint(
    "api_operations", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="operations")]
)
Number = Decimal | float | int | str | None


class Shape(BaseModel):
    """No keys but the named."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class OperationsQuery(Shape):
    """Which operations; `unit` took part, `state` is open, closed or annulled, `from` and `to` are of the first day."""

    kind: str = ""
    unit: str = ""
    region: str = ""
    state: str = ""
    query: str = Field("", description="A part of the code")
    from_: str = Field("", alias="from")
    to: str = ""
    limit: str = ""
    cursor: str = ""


class OperationPath(BaseModel):
    """One operation by its number."""

    id: int = Field(ge=1, le=2_147_483_647)


class SeizurePath(OperationPath):
    """One seizure of it."""

    seizure: int = Field(ge=1, le=2_147_483_647)


class ItemPath(SeizurePath):
    """One substance of it."""

    item: int = Field(ge=1, le=2_147_483_647)


class ItemBody(Shape):
    """One substance: `quantity` with its `unit` (g, kg, ml, l, tablets, ampoules, plants, pieces), or "1 kg 681 g"."""

    substance: str
    quantity: Number
    unit: str | None = None


class SeizureBody(Shape):
    """One seizure with all its substances; without a day it is of the operation's first."""

    seized_on: str | None = None
    concealment: str | None = None
    items: list[ItemBody] = []


class ContributionBody(Shape):
    """What a class of equipment did for the result: none, supported or decisive."""

    class_: str = Field(alias="class")
    contribution: str
    note: str | None = None


class ChangeBody(Shape):
    """What changes; what is left out stays. With `version`, a change made meanwhile by others is refused (409)."""

    kind: str | None = None
    delivery: str | None = Field(None, description="internal or international, of a controlled delivery")
    unit: str | None = Field(None, description="The unit that leads it")
    units: list[str] | None = Field(None, description="Other units that took part")
    region: str | None = Field(None, description="Empty: the leading unit's")
    agencies: list[str] | None = None
    starts_on: str | None = None
    ends_on: str | None = None
    arrests: Number = None
    searches: Number = None
    finds: Number = None
    note: str | None = None
    contributions: list[ContributionBody] | dict[str, str] | None = None
    version: int | None = None


class OperationBody(ChangeBody):
    """A new operation; `code` is made where none is given, `closed` says that it is over and complete."""

    code: str | None = None
    seizures: list[SeizureBody] | None = None
    closed: bool | None = None


class CorrectionBody(ChangeBody):
    """A change of a closed operation, with its reason."""

    reason: str = ""


class ClosingBody(Shape):
    """The last day; without one it is the day of the last seizure, else the first day."""

    ends_on: str | None = None
    version: int | None = None


class ReasonBody(Shape):
    """Why; it stays beside what was recorded."""

    reason: str = ""


class SeizureWithReason(SeizureBody):
    """One more seizure; of a closed operation with the reason of the correction."""

    reason: str = ""


class ItemWithReason(ItemBody):
    """One more substance; of a closed operation with the reason of the correction."""

    reason: str = ""


def _values(body: Shape, *, without: set[str]) -> dict[str, Any]:
    return body.model_dump(by_alias=True, exclude_unset=True, exclude=without)


def _answer(session: Session, operation_id: int) -> dict[str, Any]:
    operation = operation_by_id(session, actor(), operation_id)
    told = [correction_answer(each) for each in corrections_of(session, operation)]
    return {**operation_answer(operation), "corrections": told}


def _held(session: Session, path: OperationPath, permission: Permission = Permission.OPERATION_WRITE) -> Operation:
    return operation_by_id(session, actor(), path.id, permission, lock=True)


@api.get("/operations")
@needs(Permission.OPERATION_READ)
def list_operations(query: OperationsQuery) -> Any:
    """Operations with seizures, arrests and contributions, the newest first; open ones by need to know."""
    args = query.model_dump(by_alias=True)
    wanted = page(args)
    with reading() as session:
        narrowed = filter_of(session, args)
        found = operation_page(session, actor(), narrowed, limit=wanted.limit + 1, after=wanted.after)
        rows = found[: wanted.limit]
        items = [operation_answer(operation) for operation in rows]
    last = (rows[-1].starts_on.isoformat(), rows[-1].id) if len(found) > wanted.limit else None
    return jsonify({"items": items, "next": encode_cursor(last)})


@api.post("/operations")
@needs(Permission.OPERATION_WRITE)
def create_operation(body: OperationBody) -> Any:
    """Record an operation with its results."""
    draft = parse_operation(_values(body, without={"version"}))
    with writing() as session:
        operation = service.record_operation(session, actor(), draft, now())
        answer = operation_answer(operation)
    return jsonify(answer), 201


@api.get("/operations/<int:id>")
@needs(Permission.OPERATION_READ)
def get_operation(path: OperationPath) -> Any:
    """One operation with what was corrected since it was closed."""
    with reading() as session:
        return jsonify(_answer(session, path.id))


@api.patch("/operations/<int:id>")
@needs(Permission.OPERATION_WRITE)
def patch_operation(path: OperationPath, body: ChangeBody) -> Any:
    """Change an operation while it is open."""
    draft = parse_operation(_values(body, without={"version"}), partial=True)
    with writing() as session:
        service.change_operation(session, actor(), _held(session, path), draft, now(), body.version)
        return jsonify(_answer(session, path.id))


@api.post("/operations/<int:id>/closing")
@needs(Permission.OPERATION_CLOSE)
def close(path: OperationPath, body: ClosingBody) -> Any:
    """Say that it is over and complete; from now on it counts."""
    ends_on = _day("ends_on", body.ends_on)
    with writing() as session:
        operation = _held(session, path, Permission.OPERATION_CLOSE)
        service.close_operation(session, actor(), operation, now(), ends_on=ends_on, expected_version=body.version)
        return jsonify(_answer(session, path.id))


@api.post("/operations/<int:id>/corrections")
@needs(Permission.OPERATION_CLOSE)
def correct(path: OperationPath, body: CorrectionBody) -> Any:
    """Change a closed operation; what stood there before is kept and shown."""
    draft = parse_operation(_values(body, without={"version", "reason"}), partial=True)
    with writing() as session:
        operation = _held(session, path, Permission.OPERATION_CLOSE)
        service.correct_operation(session, actor(), operation, draft, body.reason, now(), body.version)
        return jsonify(_answer(session, path.id)), 201


@api.post("/operations/<int:id>/annulment")
@needs(Permission.OPERATION_WRITE)
def annul(path: OperationPath, body: ReasonBody) -> Any:
    """Say that it was recorded by mistake; it stays to be read and counts nowhere."""
    with writing() as session:
        service.annul_operation(session, actor(), _held(session, path), body.reason, now())
        return jsonify(_answer(session, path.id))


@api.post("/operations/<int:id>/seizures")
@needs(Permission.OPERATION_WRITE)
def add_seizure(path: OperationPath, body: SeizureWithReason) -> Any:
    """One more seizure."""
    draft = parse_seizure(_values(body, without={"reason"}))
    with writing() as session:
        service.add_seizure(session, actor(), _held(session, path), draft, now(), reason=body.reason)
        return jsonify(_answer(session, path.id)), 201


@api.post("/operations/<int:id>/seizures/<int:seizure>/striking")
@needs(Permission.OPERATION_WRITE)
def strike_seizure(path: SeizurePath, body: ReasonBody) -> Any:
    """Strike a seizure out; it stays to be read."""
    with writing() as session:
        service.strike_seizure(session, actor(), _held(session, path), path.seizure, now(), reason=body.reason)
        return jsonify(_answer(session, path.id))


@api.post("/operations/<int:id>/seizures/<int:seizure>/items")
@needs(Permission.OPERATION_WRITE)
def add_item(path: SeizurePath, body: ItemWithReason) -> Any:
    """One more substance of a seizure."""
    draft = parse_item(_values(body, without={"reason"}))
    with writing() as session:
        service.add_item(session, actor(), _held(session, path), path.seizure, draft, now(), reason=body.reason)
        return jsonify(_answer(session, path.id)), 201


@api.post("/operations/<int:id>/seizures/<int:seizure>/items/<int:item>/striking")
@needs(Permission.OPERATION_WRITE)
def strike_item(path: ItemPath, body: ReasonBody) -> Any:
    """Strike one substance out; the right one is added beside it."""
    with writing() as session:
        operation = _held(session, path)
        service.strike_item(session, actor(), operation, path.seizure, path.item, now(), reason=body.reason)
        return jsonify(_answer(session, path.id))


def _day(field: str, value: str | None) -> date | None:
    if is_blank(value):
        return None
    try:
        return read_date(value)
    except ValueRefused as error:
        raise invalid(field, error.message, code=error.code) from error
