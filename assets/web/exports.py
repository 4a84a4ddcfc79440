"""Lists that are taken away as CSV files; the journal says who took which, for they tell what is missing where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TypeVar

from flask import Response, request, stream_with_context
from sqlalchemy.orm import Session

from assets.core import journal
from assets.core.clock import local_date
from assets.exchange.tables import CSV_TYPE, write_csv
from assets.web.context import now, the_app

Row = TypeVar("Row")


def wants_csv() -> bool:
    """Whether the address asks for the list as a file."""
    return request.args.get("format") == "csv"


def note_export(session: Session, noted: str, filters: Collection[str]) -> None:
    """Journal in `session` that a list was taken away, in which form, and which of these `filters` the address had."""
    asked = {key: value for key, value in request.args.items() if key in filters and value}
    journal.note(session, noted, "csv" if wants_csv() else "xlsx", "exported", filters=asked)


def whole_list(page: Callable[..., Sequence[Row]], key: Callable[[Row], tuple[object, ...]]) -> Iterator[Row]:
    """Every row of a paged list: `page(after=…)` gives those after a key (None: the first), `key` is a row's."""
    after: tuple[object, ...] | None = None
    while rows := page(after=after):
        yield from rows
        after = key(rows[-1])


def export_csv(
    session: Session,
    noted: str,
    columns: tuple[str, ...],
    rows: Iterable[tuple[object, ...]],
    filters: Collection[str],
) -> Response:
    """The rows as a CSV file of today, sent while they are read.

    The journal of `session` names it `noted`, and says which of these `filters` the address had.
    """
    note_export(session, noted, filters)
    day = local_date(now(), the_app().settings.zone).isoformat()
    name = noted.removesuffix("_list").replace("_", "-")
    headers = {"Content-Disposition": f'attachment; filename="{name}-{day}.csv"'}
    return Response(stream_with_context(write_csv(columns, rows)), content_type=CSV_TYPE, headers=headers)
