"""The journal names an operation that is still going on to nobody who need not know of it, and stays as written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from assets.core import anchor, files
from assets.core.app import App
from assets.core.journal import JournalEntry
from assets.documents.rules import Kind, SubjectName, Upload
from assets.documents.service import Draft, add_document, remove_document
from tests.support.operations import Operations
from tests.support.papers import PDF
from tests.support.world import Clock
from tests.web.conftest import Api, Browser
from tests.web.operations.test_used_in import Make, give_back

ENTRIES = ("/journal?entity=asset_event&limit=200", "/journal?entity=use_session&limit=200", "/journal?limit=200")


def told(client_for: Callable[[str], Browser], login: str, word: str) -> bool:
    browser = client_for(login)
    return any(word in browser.get(path).get_data(as_text=True) for path in ENTRIES)


@pytest.mark.parametrize("login", ["auditor", "administrator"])
def test_use_of_an_open_operation_is_masked_until_it_is_closed(
    login: str,
    app: App,
    api: Callable[[str], Api],
    client_for: Callable[[str], Browser],
    clock: Clock,
    operations: Operations,
    issued: Make,
) -> None:
    made = operations.record(code="LOLA-1")
    give_back(api("logistics_officer"), clock, issued(), {"count": 1, "operation": "LOLA-1"})
    with app.reading() as session:
        bodies = "".join(session.scalars(select(JournalEntry.body)))
    assert bodies.count("LOLA-1") >= 2, "the journal itself keeps what was done"
    assert not told(client_for, login, "LOLA-1")
    assert anchor.verify(app).ok
    operations.close(made)
    assert told(client_for, login, "LOLA-1")


def test_operation_annulled_before_it_was_closed_stays_masked(
    api: Callable[[str], Api],
    client_for: Callable[[str], Browser],
    clock: Clock,
    operations: Operations,
    issued: Make,
) -> None:
    made = operations.record(code="LOLA-1")
    give_back(api("logistics_officer"), clock, issued(), {"count": 1, "operation": "LOLA-1"})
    operations.annul(made, "recorded by mistake")
    assert not told(client_for, "auditor", "LOLA-1")


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
