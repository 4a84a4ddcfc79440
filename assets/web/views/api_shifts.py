"""Shifts and standing sets for programs."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from assets.people.queries import unit_by_code
from assets.people.rules import Permission
from assets.shifts.queries import ShiftFilter, board, row_key, set_by_id, sets_page, shift_by_id
from assets.shifts.service import NewItem, close_shift, create_set, retire_set, revise_set
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, writing
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page
from assets.web.shift_words import row_json, set_json, view_json
from assets.web.views.commands.shapes import Text

api = APIBlueprint(
    "api_shifts", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_tags=[Tag(name="shifts")]
)
_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ShiftQuery(BaseModel):
    """Narrows the list: `show` is empty (what is out), late or all."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""
    show: str = ""
    unit: str = ""


class ShiftPath(BaseModel):
    id: str


class Closing(BaseModel):
    model_config = _STRICT
    note: Text = ""


class SetQuery(BaseModel):
    """Narrows the list: `show` is empty (in use) or retired."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""
    show: str = ""
    unit: str = ""


class SetPath(BaseModel):
    id: int = Field(ge=1, le=2_147_483_647)


class SetItem(BaseModel):
    """One asset by its label code, or a number of a class."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, populate_by_name=True)
    code: str = ""
    class_: str = Field("", alias="class")
    number: int = 1


class NewSet(BaseModel):
    model_config = _STRICT
    unit: str
    name: str
    items: list[SetItem] = Field(max_length=100)


class SetChange(BaseModel):
    """What is given is changed; `active` false retires the set."""

    model_config = _STRICT
    name: str | None = None
    items: list[SetItem] | None = Field(None, max_length=100)
    active: bool | None = None


@api.get("/shifts")
@needs(Permission.CUSTODY_SEE)
def list_shifts(query: ShiftQuery) -> Any:
    """Shifts within reach: what is out by its end, the earliest first; with show=all each of them, the newest first."""
    wanted = page(query.model_dump())
    with reading() as session:
        narrowed = ShiftFilter(query.show, care.unit_id(session, {"unit": query.unit}))
        found = board(session, actor(), narrowed, now(), limit=wanted.limit + 1, after=wanted.after)
        rows = found[: wanted.limit]
        following = encode_cursor(row_key(rows[-1])) if len(found) > wanted.limit else None
        return jsonify({"items": [row_json(row) for row in rows], "next": following})


@api.get("/shifts/<string:id>")
@needs(Permission.CUSTODY_SEE)
def show_shift(path: ShiftPath) -> Any:
    """One shift with what went out with it."""
    with reading() as session:
        return jsonify(view_json(shift_by_id(session, actor(), path.id)))


@api.post("/shifts/<string:id>/close")
@needs(Permission.CUSTODY_ACT)
def close(path: ShiftPath, body: Closing) -> Any:
    """Close a shift whose things are all back."""
    with writing() as session:
        close_shift(session, actor(), path.id, now(), body.note)
        return jsonify(view_json(shift_by_id(session, actor(), path.id)))


@api.get("/standing-sets")
@needs(Permission.CUSTODY_SEE)
def list_sets(query: SetQuery) -> Any:
    """Standing sets within reach by unit and name."""
    wanted = page(query.model_dump())
    with reading() as session:
        found = sets_page(
            session, actor(), unit_id=care.unit_id(session, {"unit": query.unit}), retired=query.show == "retired",
            limit=wanted.limit + 1, after=wanted.after,
        )  # fmt: skip
        rows = found[: wanted.limit]
        last = rows[-1] if len(found) > wanted.limit else None
        following = encode_cursor((last.unit.name, last.name, last.id)) if last is not None else None
        return jsonify({"items": [set_json(each) for each in rows], "next": following})


@api.post("/standing-sets")
@needs(Permission.CUSTODY_ACT)
def new_set(body: NewSet) -> Any:
    """A new standing set of a unit."""
    with writing() as session:
        unit = unit_by_code(session, body.unit, "unit")
        return jsonify(set_json(create_set(session, actor(), unit, body.name, _items(body.items)))), 201


@api.patch("/standing-sets/<int:id>")
@needs(Permission.CUSTODY_ACT)
def change_set(path: SetPath, body: SetChange) -> Any:
    """Change the name or things of a set, retire it, or offer it again."""
    with writing() as session:
        standing = set_by_id(session, actor(), path.id)
        if body.name is not None or body.items is not None:
            items = _items(body.items) if body.items is not None else None
            revise_set(session, actor(), standing, standing.name if body.name is None else body.name, items)
        if body.active is not None:
            retire_set(session, actor(), standing, active=body.active)
        return jsonify(set_json(standing))


def _items(items: list[SetItem]) -> list[NewItem]:
    bases = the_app().settings.own_label_bases
    return [
        NewItem(read_code(each.code, bases, "items") if each.code else "", each.class_, each.number) for each in items
    ]
