"""The lists of what happened to vehicles, fuel and accidents: a page of them, and the file that is taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import render_template, request

from assets.people.rules import Permission
from assets.vehicles.queries.entries import EntryFilter, entries_page, sees_closely
from assets.web import care
from assets.web.context import actor, reading, the_app, writing
from assets.web.exports import export_csv, wants_csv, whole_list
from assets.web.parsing import encode_cursor, page
from assets.web.vehicle_cells import about, tabs

FILTER_KEYS = ("unit",)
PIECE = 500


@dataclass(frozen=True)
class Listed:
    """One kind of entry as a list of those that count, the last entered first.

    `tab` is its place under /vehicles and the name of its template; `cells` says what the page shows of an entry,
    `line` gives the `columns` of the file, its second argument whether the viewer sees place, hour and persons.
    """

    kind: type[Any]
    permission: Permission
    tab: str
    cells: Callable[[Any], dict[str, Any]]
    columns: tuple[str, ...]
    line: Callable[[Any, bool], tuple[object, ...]]


def entries_list(listed: Listed) -> Any:
    """The list as a page, or as the file that the address asks for."""
    if wants_csv():
        with writing() as session:
            narrowed = EntryFilter(care.unit_id(session, request.args))
            return export_csv(session, f"{listed.tab}_list", listed.columns, _lines(listed, narrowed), FILTER_KEYS)
    wanted = page(request.args)
    with reading() as session:
        narrowed = EntryFilter(care.unit_id(session, request.args))
        after = care.cursor_key(wanted.after, 1)
        found = entries_page(session, actor(), listed.kind, narrowed, limit=wanted.limit + 1, after=after)
        options = care.choices(session, listed.permission)
    rows = found[: wanted.limit]
    cursor = encode_cursor((rows[-1].id,)) if len(found) > wanted.limit else None
    return render_template(
        f"vehicles/{listed.tab}.html", rows=[{**about(entry.asset), **listed.cells(entry)} for entry in rows],
        is_empty=not rows, tabs_items=tabs(listed.tab), active=care.chosen(options, {"unit": "units"}),
        after=care.address_without(cursor=cursor) if cursor else "",
        export=care.address_without("cursor", format="csv"), **options,
    )  # fmt: skip


def _lines(listed: Listed, narrowed: EntryFilter) -> Iterator[tuple[object, ...]]:
    app, viewer = the_app(), actor()
    with app.reading() as session:
        pages = partial(entries_page, session, viewer, listed.kind, narrowed, limit=PIECE)
        for entry in whole_list(pages, lambda last: (last.id,)):
            yield listed.line(entry, sees_closely(viewer, entry))
