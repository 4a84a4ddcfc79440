"""Dated papers of vehicles for people: what is due, one paper, entering and correcting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from operator import attrgetter
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.documents.rules import Kind, SubjectName
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.service.timeline import Occurrence
from assets.vehicles.models import VehiclePaper
from assets.vehicles.queries.entries import sees_number
from assets.vehicles.queries.papers import PaperFilter, paper_lines
from assets.vehicles.rules.entries import PAPER_FIELDS, PAPER_NAMES, PaperGiven, parse_paper
from assets.vehicles.rules.papers import STANDING_NAMES, Standing
from assets.vehicles.service import Correction, correct_paper, enter_paper
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, words, writing
from assets.web.exports import export_csv, wants_csv, whole_list
from assets.web.parsing import encode_cursor, page, parse_date
from assets.web.vehicle_cells import paper_cells, tabs, today, values_of_paper
from assets.web.vehicle_entries import Attached, Desk, correction_form, create, entry_page, new_form
from assets.web.vehicle_entries import correct as correct_entry

pages = Blueprint("vehicle_papers", __name__)

COLUMNS = ("vehicle", "unit", "paper", "standing", "number", "issuer", "valid_from", "valid_until")
FILTER_KEYS = ("standing", "kind", "unit")
DUE = "due"
PIECE = 500


def _enter(
    session: Session, asset: Asset, given: PaperGiven, happened: Occurrence, _: Mapping[str, str]
) -> VehiclePaper:
    return enter_paper(session, actor(), asset, given, happened, now())


def _correct(session: Session, wrong: VehiclePaper, given: PaperGiven | None, why: Correction) -> VehiclePaper:
    return correct_paper(session, actor(), wrong, given, why, now())


DESK = Desk(
    VehiclePaper, SubjectName.VEHICLE_PAPER, "/vehicles/papers", "vehicles/paper_form.html", msg("Vehicle paper"),
    msg("The paper is entered."), Permission.ASSET_WRITE, frozenset(PAPER_FIELDS), parse_paper, _enter, _correct,
    values_of_paper, (Attached("scan", Kind.CERTIFICATE, msg("Scan")),),
)  # fmt: skip


def paper_filter(session: Session, args: Mapping[str, str]) -> PaperFilter:
    """`standing` (or `due` for all that needs renewing), `kind` and `unit` of an address."""
    shown, kind = args.get("standing", ""), args.get("kind", "")
    if shown not in {"", DUE, *Standing}:
        known = ", ".join((DUE, *Standing))
        raise invalid("standing", msg("This is one of: %(known)s.", known=known), code="unknown_word")
    if kind and kind not in PAPER_NAMES:
        raise invalid("kind", msg("This is one of: %(known)s.", known=", ".join(PAPER_NAMES)), code="unknown_word")
    exact = Standing(shown) if shown not in {"", DUE} else None
    return PaperFilter(exact, shown == DUE, kind, care.unit_id(session, args))


def line_key(after: tuple[object, ...] | None) -> tuple[object, ...] | None:
    """The cursor's key when it is one of the list of papers."""
    if after is None:
        return None
    if len(after) != 3 or not all(isinstance(part, str) and "\x00" not in part for part in after):
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    parse_date(str(after[0]), "cursor")
    return after


@pages.get("/vehicles/papers")
@needs(Permission.ASSET_READ)
def papers() -> Any:
    """Every vehicle in use with each kind of paper, what ends first before the rest."""
    if wants_csv():
        with writing() as session:
            taken = paper_filter(session, request.args)
            return export_csv(session, "vehicle_papers_list", COLUMNS, _rows(taken), FILTER_KEYS)
    wanted = page(request.args)
    with reading() as session:
        narrowed = paper_filter(session, request.args)
        found = paper_lines(
            session, actor(), narrowed, today(), limit=wanted.limit + 1, after=line_key(wanted.after)
        )  # fmt: skip
        options: dict[str, list[tuple[str, str]]] = {
            "units": care.choices(session, Permission.ASSET_READ)["units"],
            "kinds": [(key, words(name)) for key, name in PAPER_NAMES.items()],
        }
    rows = found[: wanted.limit]
    cursor = encode_cursor(rows[-1].key) if len(found) > wanted.limit else None
    shown = request.args.get("standing", "")
    chips = [("", msg("all")), (DUE, msg("to be renewed")), *STANDING_NAMES.items()]
    return render_template(
        "vehicles/papers.html", rows=[paper_cells(line) for line in rows], is_empty=not rows, tabs_items=tabs("papers"),
        shows=[
            {"label": words(name), "current": shown == key,
             "href": care.address_without("standing", "cursor", **({"standing": str(key)} if key else {}))}
            for key, name in chips
        ],
        shown=shown, active=care.chosen(options, {"unit": "units", "kind": "kinds"}),
        after=care.address_without(cursor=cursor) if cursor else "",
        export=care.address_without("cursor", format="csv"), **options,
    )  # fmt: skip


def _rows(narrowed: PaperFilter) -> Iterator[tuple[object, ...]]:
    app, viewer = the_app(), actor()
    with app.reading() as session:
        for line in whole_list(
            partial(paper_lines, session, viewer, narrowed, today(), limit=PIECE), attrgetter("key")
        ):
            paper = line.paper
            number = paper.number if paper and sees_number(viewer, line.asset) else None
            details = (number, paper.issuer, paper.valid_from, paper.valid_until) if paper else (None,) * 4
            yield line.asset.code, line.asset.unit.code, line.kind, line.standing.value, *details


@pages.get("/vehicles/papers/<int:entry_id>")
@needs(Permission.ASSET_READ)
def paper(entry_id: int) -> Any:
    return entry_page(DESK, entry_id)


@pages.get("/vehicles/<code>/papers/new")
@needs(Permission.ASSET_WRITE)
def new_paper(code: str) -> Any:
    return new_form(DESK, code)


@pages.post("/vehicles/<code>/papers/new")
@needs(Permission.ASSET_WRITE)
def create_paper(code: str) -> Any:
    """Enter a paper, with its scan."""
    return create(DESK, code)


@pages.get("/vehicles/papers/<int:entry_id>/correct")
@needs(Permission.ASSET_WRITE)
def correct_form(entry_id: int) -> Any:
    return correction_form(DESK, entry_id)


@pages.post("/vehicles/papers/<int:entry_id>/correct")
@needs(Permission.ASSET_WRITE)
def correct(entry_id: int) -> Any:
    """Correct a paper."""
    return correct_entry(DESK, entry_id)
