"""Kits for people: the list of them, and what belongs in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.errors import DomainError, InvalidInput
from assets.core.i18n import Message, msg
from assets.fitness.queries import incomplete_kits, kits_of
from assets.kits.models import Kit
from assets.kits.queries import KitFilter, Row, kits_page, lots_for_kit
from assets.kits.rules.completeness import STATE_NAMES, Contents
from assets.kits.rules.lists import MAX_LINES, LineDraft
from assets.kits.service import (
    copy_list,
    set_list,
)
from assets.kits.service.lists import draft_of, lines_of
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.registry.queries.catalogue import model_names
from assets.registry.scope import asset_by_code
from assets.web import care
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.exports import export_csv, wants_csv
from assets.web.forms import field_errors
from assets.web.kit_cells import kit_cells
from assets.web.kit_forms import back_to, done, kit_for
from assets.web.label_codes import read_code
from assets.web.parsing import encode_cursor, page

pages = Blueprint("kits", __name__)

COLUMNS = ("code", "title", "unit", "state", "why", "parts", "checked_at")
FILTER_KEYS = ("unit", "state")
PIECE = 200
EMPTY_LINES = 4


def kit_rows(session: Session, wanted: KitFilter, limit: int, after: tuple[object, ...] | None) -> list[Row]:
    """A page of kits with every part judged. At most eight queries."""
    zone = the_app().settings.zone

    def judged(found: Mapping[int, Contents]) -> Mapping[int, Contents]:
        return kits_of(session, found, now()) if found else found

    return kits_page(
        session, actor(), wanted, incomplete_kits(now(), zone), judged, local_date(now(), zone), limit=limit,
        after=after,
    )  # fmt: skip


def kit_filter(args: Mapping[str, str]) -> KitFilter:
    """`unit` and `state` of an address."""
    return KitFilter(args.get("unit", "").strip(), args.get("state", "").strip())


@pages.get("/kits")
@needs(Permission.ASSET_READ)
def list_kits() -> Any:
    """Every kit in sight: complete, not complete, never checked."""
    narrowed = kit_filter(request.args)
    if wants_csv():
        with writing() as session:
            return export_csv(session, "kits_list", COLUMNS, _lines(narrowed), FILTER_KEYS)
    wanted = page(request.args)
    with reading() as session:
        found = kit_rows(session, narrowed, wanted.limit + 1, care.code_key(wanted.after))
        units = care.choices(session, Permission.ASSET_READ)["units"]
    rows = found[: wanted.limit]
    following = encode_cursor((rows[-1].asset.code,)) if len(found) > wanted.limit else ""
    return render_template(
        "kits/list.html", rows=[kit_cells(row) for row in rows], is_empty=not rows, units=units, shown=narrowed.state,
        shows=[
            {"label": words(name), "current": narrowed.state == key,
             "href": care.address_without("state", "cursor", **({"state": key} if key else {}))}
            for key, name in {"": msg("all"), **STATE_NAMES}.items()
        ],
        active=care.chosen({"units": units}, {"unit": "units"}),
        after=care.address_without(cursor=following) if following else "",
        export=care.address_without("cursor", format="csv"),
    )  # fmt: skip


def _lines(narrowed: KitFilter) -> Iterator[tuple[object, ...]]:
    after: tuple[object, ...] | None = None
    with the_app().reading() as session:
        while found := kit_rows(session, narrowed, PIECE, after):
            for row in found:
                told = kit_cells(row)
                yield (
                    row.asset.code, told["title"], row.asset.unit.code, row.contents.state, told["why"], told["parts"],
                    row.contents.checked_at,
                )  # fmt: skip
            after = (found[-1].asset.code,)


@pages.get("/kits/<code>/list")
@needs(Permission.ASSET_WRITE)
def edit_list(code: str) -> Any:
    return _list_form(code, {}, None)


@pages.post("/kits/<code>/list")
@needs(Permission.ASSET_WRITE)
def save_list(code: str) -> Any:
    """Write the list anew, or copy another kit's."""

    def save(session: Session, values: dict[str, str]) -> Message:
        kit = kit_for(session, code, Permission.ASSET_WRITE, lock=True)
        if values.get("from"):
            source = asset_by_code(session, actor(), read_code(values["from"], field="from"))
            copy_list(session, actor(), kit, source, now())
            return msg("The list is copied.")
        version = values.get("version", "")
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise InvalidInput(msg("The page is out of date. Load it again."), code="no_version")
        set_list(session, actor(), kit, [_draft(line) for line in _typed_lines(values)], now(), version=int(version))
        return msg("The list is saved.")

    return done(code, save, _list_form)


def _typed_lines(values: Mapping[str, str]) -> list[dict[str, str]]:
    """The lines of the form that name a class, in order."""
    found = []
    for place in range(MAX_LINES + EMPTY_LINES):
        keys = ("class", "model", "item", "number", "required")
        line = {key: values.get(f"lines.{place}.{key}", "").strip() for key in keys}
        if line["class"]:
            found.append(line)
    return found


def _draft(line: Mapping[str, str]) -> LineDraft:
    text = line["number"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
    return LineDraft(line["class"], number, line["required"] == "1", line["model"], line["item"])


def _list_form(code: str, values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        kit = kit_for(session, code, Permission.ASSET_WRITE)
        row = session.get(Kit, kit.id)
        if error is None:
            drafts = [draft_of(line) for line in lines_of(session, kit.id)]
            lines = [
                {"class": each.class_code, "model": each.model, "item": each.item, "number": str(each.number),
                 "required": "1" if each.required else ""}
                for each in drafts
            ]  # fmt: skip
        else:
            lines = _typed_lines(values)
        others = kit_rows(session, KitFilter(), 100, None)
        lots = lots_for_kit(session, actor(), kit)
        answer = render_template(
            "kits/edit_list.html", kit=kit, title=care.asset_title(kit), printed=format_code(kit.code), values=values,
            lines=lines + [{"required": "1"}] * (EMPTY_LINES if len(lines) < MAX_LINES else 0),
            version=values.get("version") or (row.version if row is not None else 0),
            errors=field_errors(error) if error is not None else {}, back=back_to(kit.code),
            classes=[pair for pair in care.choices(session, Permission.ASSET_WRITE)["classes"] if pair[0] != "kit"],
            models=model_names(session), items=sorted({lot.item for lot in lots}),
            # Those of the same model first: their list is likely the same.
            sources=[
                (each.asset.code, f"{care.asset_title(each.asset)} {format_code(each.asset.code)}")
                for each in sorted(others, key=lambda other: other.asset.model_id != kit.model_id)
                if each.contents.lines and each.asset.id != kit.id
            ],
        )  # fmt: skip
    return answer, status_of(error) if error is not None else 200
