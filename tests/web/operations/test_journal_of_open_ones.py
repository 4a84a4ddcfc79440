"""The journal names an operation that is still going on to nobody who need not know of it, and stays as written."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from assets.core import anchor, files
from assets.core.app import App
from assets.core.journal import JournalEntry
from assets.documents.rules import Kind, SubjectName, Upload
from assets.documents.service import Draft, add_document, remove_document
from assets.operations.rules.masking import MASK
from assets.operations.rules.parts import ItemDraft
from assets.operations.service import add_item, strike_seizure
from tests.support.operations import Operations
from tests.support.papers import PDF
from tests.support.world import Clock
from tests.web.conftest import Api, Browser
from tests.web.operations.test_used_in import Make, give_back

ENTRIES = ("/journal?entity=asset_event&limit=200", "/journal?entity=use_session&limit=200", "/journal?limit=200")


@pytest.fixture
def used_in_lola(api: Callable[[str], Api], clock: Clock, operations: Operations, issued: Make) -> int:
    """An open operation LOLA-1 that an item was given back from."""
    made = operations.record(code="LOLA-1")
    give_back(api("logistics_officer"), clock, issued(), {"count": 1, "operation": "LOLA-1"})
    return made


def told(client_for: Callable[[str], Browser], login: str, word: str) -> bool:
    browser = client_for(login)
    return any(word in browser.get(path).get_data(as_text=True) for path in ENTRIES)


@pytest.mark.parametrize("login", ["auditor", "administrator"])
def test_use_of_an_open_operation_is_masked_until_it_is_closed(
    login: str, app: App, client_for: Callable[[str], Browser], operations: Operations, used_in_lola: int
) -> None:
    with app.reading() as session:
        bodies = "".join(session.scalars(select(JournalEntry.body)))
    assert bodies.count("LOLA-1") >= 2, "the journal itself keeps what was done"
    assert not told(client_for, login, "LOLA-1")
    assert anchor.verify(app).ok
    operations.close(used_in_lola)
    assert told(client_for, login, "LOLA-1")


def test_operation_annulled_before_it_was_closed_stays_masked(
    client_for: Callable[[str], Browser], operations: Operations, used_in_lola: int
) -> None:
    operations.annul(used_in_lola, "recorded by mistake")
    assert not told(client_for, "auditor", "LOLA-1")


SEIZED = [{"items": [{"substance": "heroin", "quantity": "20.032", "unit": "kg"}]}]
BELONGS = ("operation", "seizure", "seizure_item", "equipment_contribution", "operation_correction")


def values_told(browser: Browser, entity: str, row: int | None = None) -> list[str]:
    """What the journal says was in the rows of a table, or in one of them: the values of its entries."""
    address = f"/journal?entity={entity}&limit=200" + (f"&entity_id={row}" if row else "")
    page = browser.get(address).get_data(as_text=True)
    return re.findall(r'<div><span class="muted">\w+:</span> ([^<]*)</div>', page)


def all_told(browser: Browser) -> set[str]:
    return {value for entity in BELONGS for value in values_told(browser, entity)}


@pytest.mark.parametrize("login", ["auditor", "administrator"])
@pytest.mark.parametrize("annulled", [False, True])
def test_rows_of_an_open_operation_say_only_which_values_changed(
    login: str, *, annulled: bool, app: App, clock: Clock, client_for: Callable[[str], Browser], operations: Operations
) -> None:
    helped = [{"class": "search.videoscope", "contribution": "decisive"}]
    made = operations.record(arrests=3, seizures=SEIZED, contributions=helped, searches=7, finds=1)
    operations.change(made, arrests=17)
    with operations.held(made) as (session, actor, operation):
        (seizure,) = operation.seizures
        add_item(session, actor, operation, seizure.id, ItemDraft("opium", Decimal(940), "g"), clock.now)
        strike_seizure(session, actor, operation, seizure.id, clock.now)
    if annulled:
        operations.annul(made, "recorded by mistake")
    browser = client_for(login)
    assert all(values_told(browser, entity) for entity in BELONGS[:4]), "that something changed is told"
    assert all_told(browser) == {MASK}, "in a change as in a new row"
    assert anchor.verify(app).ok


def test_rows_are_told_when_the_operation_is_closed(
    client_for: Callable[[str], Browser], operations: Operations
) -> None:
    hidden = operations.record(arrests=3, seizures=SEIZED)
    closed = operations.record(arrests=5, seizures=SEIZED, closed=True)
    auditor = client_for("auditor")
    assert {MASK, "heroin", "20.032000"} <= all_told(auditor)
    assert set(values_told(auditor, "operation", hidden)) == {MASK}
    assert "5" in values_told(auditor, "operation", closed)
    operations.close(hidden)
    assert "3" in values_told(auditor, "operation", hidden)


def test_masking_of_the_journal_takes_no_query_for_each_operation(
    client_for: Callable[[str], Browser], operations: Operations, queries: Callable[[], Any]
) -> None:
    for _ in range(5):
        operations.record(arrests=3, seizures=SEIZED)
    auditor = client_for("auditor")
    auditor.get("/journal?limit=200")
    with queries() as seen:
        auditor.get("/journal?limit=200")
    assert len(seen) <= 10, seen


def test_papers_of_an_open_operation_are_masked_and_those_of_a_closed_one_are_not(
    app: App, client_for: Callable[[str], Browser], clock: Clock, operations: Operations
) -> None:
    folder = files.folder_in(app.settings.data_dir)
    made, closed = operations.record(), operations.record(closed=True)
    with operations.by("coordinator") as (session, actor):
        for subject_id, title in ((made, "Route by the pass"), (closed, "Route by the river")):
            draft = Draft((SubjectName.OPERATION, subject_id), Kind.OTHER, title)
            upload = Upload(PDF + title.encode(), f"{title} as sent.pdf")
            document = add_document(session, actor, draft, upload, folder, clock.now)
            remove_document(session, actor, document.id, f"{title} is old", clock.now)
    page = "".join(
        client_for("auditor").get(f"/journal?entity={entity}").get_data(as_text=True)
        for entity in ("document", "document_version", "document_removal")
    )
    assert "by the pass" not in page
    assert page.count("Route by the river") >= 4
