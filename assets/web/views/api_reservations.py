"""Reservations for programs."""

from __future__ import annotations

from typing import Any, Literal

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from assets.people.queries import unit_by_code
from assets.people.rules import Permission
from assets.reservations import queries, service
from assets.reservations.models import Reservation
from assets.reservations.queries.cautions import cautions, loan_sheets
from assets.reservations.rules import HOLDING
from assets.reservations.service.asking import Wish
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, words, writing
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page, parse_moment
from assets.web.views.commands.shapes import Text

api = APIBlueprint(
    "api_reservations", __name__, url_prefix="/api/v1", abp_security=[{"token": []}],
    abp_tags=[Tag(name="reservations")],
)  # fmt: skip
_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ReservationQuery(BaseModel):
    """Narrows the list: `show` is to_answer, asked, reserved or ended; `unit` owns the item or asked for it."""

    model_config = _STRICT
    limit: str = ""
    cursor: str = ""
    show: str = ""
    unit: str = ""
    asset: str = ""


class ReservationPath(BaseModel):
    id: int


class NewReservation(BaseModel):
    """An asset for a unit, from `from` to `to` (half-open): full hours, or days; the day `to` is not taken any more."""

    model_config = _STRICT
    asset: str
    unit: str
    start: str = Field(alias="from")
    end: str = Field(alias="to")
    purpose: Text


class Step(BaseModel):
    """What becomes of it; declining and cancelling need a reason."""

    model_config = _STRICT
    state: Literal["approved", "declined", "cancelled"]
    reason: Text = ""


def reservation_json(row: Reservation, sheet: str | None) -> dict[str, Any]:
    """A reservation as programs see it; `purpose` and `reason` are null for whom they do not concern."""
    told = queries.is_told_why(actor(), row)
    return {
        "id": row.id,
        "asset": row.asset.code,
        "owner": row.asset.unit.code,
        "unit": row.unit.code,
        "from": care.moment_json(row.starts_at),
        "to": care.moment_json(row.ends_at),
        "purpose": row.purpose if told else None,
        "state": row.state,
        "asked_at": care.moment_json(row.asked_at),
        "answered_at": care.moment_json(row.answered_at),
        "reason": (row.reason or None) if told else None,
        "replaces": row.replaces_id,
        "transfer_sheet": sheet,
    }


@api.get("/reservations")
@needs(Permission.CUSTODY_SEE)
def list_reservations(query: ReservationQuery) -> Any:
    """Reservations within reach, the latest time first."""
    wanted = page(query.model_dump())
    with reading() as session:
        asset = queries.known_asset(session, actor(), read_code(query.asset)) if query.asset else None
        narrowed = queries.ReservationFilter(
            query.show, care.unit_id(session, {"unit": query.unit}), asset.id if asset is not None else None
        )
        found = queries.reservations_page(
            session, actor(), narrowed, now(), limit=wanted.limit + 1, after=wanted.after
        )  # fmt: skip
        rows = found[: wanted.limit]
        sheets = loan_sheets(session, rows)
        following = encode_cursor(queries.reservation_key(rows[-1])) if len(found) > wanted.limit else None
        return jsonify({"items": [reservation_json(row, sheets.get(row.id)) for row in rows], "next": following})


@api.post("/reservations")
@needs(Permission.CUSTODY_ACT)
def create_reservation(body: NewReservation) -> Any:
    """Ask for an asset; answers 201 with what speaks against the time in `cautions`, 409 taken when it is not free."""
    settings = the_app().settings
    code = read_code(body.asset, settings.own_label_bases, "asset")
    wish = Wish(
        parse_moment(body.start, settings.zone, "from"), parse_moment(body.end, settings.zone, "to"), body.purpose
    )
    with writing() as session:
        unit = unit_by_code(session, body.unit)
        made = service.ask(session, actor(), code, unit, wish, now(), base_url=settings.base_url)
        answer = _whole(session, made)
    return jsonify(answer), 201


@api.get("/reservations/<int:id>")
@needs(Permission.CUSTODY_SEE)
def show_reservation(path: ReservationPath) -> Any:
    """One reservation, with what speaks against its time."""
    with reading() as session:
        return jsonify(_whole(session, queries.reservation_by_id(session, actor(), path.id)))


@api.patch("/reservations/<int:id>")
@needs(Permission.CUSTODY_ACT)
def answer_reservation(path: ReservationPath, body: Step) -> Any:
    """Approve, decline or cancel it; 409 answered or ended when somebody was first."""
    base_url = the_app().settings.base_url
    with writing() as session:
        found = queries.reservation_by_id(session, actor(), path.id, lock=True)
        if body.state == "approved":
            service.approve(session, actor(), found, now(), base_url=base_url)
        elif body.state == "declined":
            service.decline(session, actor(), found, body.reason, now(), base_url=base_url)
        else:
            service.cancel(session, actor(), found, body.reason, now(), base_url=base_url)
        answer = _whole(session, found)
    return jsonify(answer)


def _whole(session: Session, row: Reservation) -> dict[str, Any]:
    is_ahead = row.state in HOLDING and row.ends_at > now()
    told = [words(each) for each in cautions(session, row, now())] if is_ahead else []
    return reservation_json(row, loan_sheets(session, [row]).get(row.id)) | {"cautions": told}
