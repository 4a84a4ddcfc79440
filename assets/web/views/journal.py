"""The journal for those who audit: entries by thing, account and day, and whether the chain holds.

Who reads the journal need not know of operations that are still going on: their entries say only which values changed,
and what other things' entries say of them is masked as it is shown. The entries themselves, and so the chain, stay as
they were written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from assets.core import anchor
from assets.core.clock import day_start
from assets.core.errors import NotAllowed
from assets.core.journal import JournalEntry
from assets.documents.queries import ids_of_subjects
from assets.documents.rules import SubjectName
from assets.operations.queries.hidden import hidden_open, rows_of
from assets.operations.rules.masking import MASK, Masking
from assets.people import queries
from assets.people.rules import Permission, reach
from assets.web.auth import needs
from assets.web.context import actor, reading, the_app
from assets.web.parsing import encode_cursor, page, parse_date

pages = Blueprint("journal", __name__)

LONGEST_SHOWN = 60
# What papers of an open operation are called, and why they came or went.
WORDS_OF_PAPERS = frozenset({"title", "removal_reason", "uploaded_name", "note", "reason"})


@dataclass(frozen=True)
class Line:
    """One entry as the page shows it: who, and each value that it speaks of, cut where it is long."""

    entry: JournalEntry
    who: str
    origin: str
    values: list[tuple[str, str]]


class Veil:
    """Hides from the reader what entries say of operations that he may not know of."""

    def __init__(self, session: Session) -> None:
        hidden = hidden_open(session, actor())
        self._masking = Masking(hidden.codes)
        self._papers = {str(id_) for id_ in ids_of_subjects(session, SubjectName.OPERATION, hidden.ids)}
        self._rows = {(entity, str(id_)) for entity, ids in rows_of(session, hidden.ids).items() for id_ in ids}

    def values(self, entry: JournalEntry, values: dict[str, Any]) -> dict[str, Any]:
        """The values of the entry as the reader may see them."""
        if (entry.entity, entry.entity_id) in self._rows:
            # That something changed may be known, not what: a seizure or an arrest tells where a team is at work.
            return dict.fromkeys(values, MASK)
        paper = entry.entity_id if entry.entity == "document" else str(values.get("document_id"))
        if entry.entity.startswith("document") and paper in self._papers:
            values = {key: MASK if key in WORDS_OF_PAPERS and value else value for key, value in values.items()}
        shown: dict[str, Any] = self._masking.masked(values)
        return shown


@pages.get("/journal")
@needs(Permission.JOURNAL_READ)
def show() -> str:
    return _page(None)


@pages.post("/journal/verify")
@needs(Permission.JOURNAL_READ)
def verify() -> str:
    """Check the whole chain now, and against the last anchor outside the database."""
    if not reach(actor(), Permission.JOURNAL_READ).everything:
        raise NotAllowed
    return _page(anchor.verify(the_app()))


def _page(verdict: anchor.Verdict | None) -> str:
    wanted, args = page(request.args), request.args
    filters = queries.JournalFilter(
        entity=args.get("entity", "").strip(),
        entity_id=args.get("entity_id", "").strip(),
        login=args.get("login", "").strip(),
        start=day_start(day, the_app().settings.zone) if (day := _day("from")) else None,
        end=day_start(day + timedelta(days=1), the_app().settings.zone) if (day := _day("to")) else None,
    )
    before = int(str(wanted.after[0])) if wanted.after and isinstance(wanted.after[0], int) else None
    with reading() as session:
        found = queries.journal_page(session, actor(), filters, before=before, limit=wanted.limit + 1)
        veil = Veil(session)
    shown = [_line(entry, login, veil) for entry, login in found[: wanted.limit]]
    following = encode_cursor((shown[-1].entry.seq,)) if len(found) > wanted.limit else None
    known = anchor.last_anchor(the_app())
    keep = {key: args.get(key, "") for key in ("entity", "entity_id", "login", "from", "to") if args.get(key)}
    return render_template(
        "admin/journal.html", lines=shown, filters=keep, entities=queries.journal_entities(), following=following,
        first_page=before is None, verdict=verdict, anchored=known,
    )  # fmt: skip


def _day(field: str) -> date | None:
    text = request.args.get(field, "").strip()
    return parse_date(text, field) if text else None


def _line(entry: JournalEntry, login: str, veil: Veil) -> Line:
    body: dict[str, Any] = json.loads(entry.body)
    who = login or str(body.get("by", {}).get("system", ""))
    values = [(key, _shown(value)) for key, value in veil.values(entry, body.get("values", {})).items()]
    return Line(entry, who, str(body.get("from", "")), values)


def _shown(value: object) -> str:
    # A change stands in the journal as [before, after].
    parts = value if isinstance(value, list) and len(value) == 2 else [value]
    text = " → ".join(_plain(part) for part in parts)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _plain(value: object) -> str:
    if value is None or value == "":
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
