"""The full export over HTTP: for who reads the whole journal, sent as a file, nothing left on the disk."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest

from assets.core.app import App
from assets.people import service
from assets.people.rules import Role
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Browser


@pytest.mark.parametrize("login", ["administrator", "auditor"])
def test_everything_is_sent_as_one_zip_and_nothing_stays_behind(
    app: App, world: World, client_for: Callable[[str], Browser], login: str
) -> None:
    browser = client_for(login)
    assert 'action="/export"' in browser.get("/export").get_data(as_text=True)
    before = {path.name for path in app.settings.data_dir.iterdir()}
    answer = browser.post("/export")
    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="assets-2026-11-02.zip"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert zipfile.ZipFile(BytesIO(answer.data)).testzip() is None
    assert {path.name for path in app.settings.data_dir.iterdir()} == before
    answer.close()


def test_auditor_of_one_unit_is_refused(
    app: App, world: World, clock: Clock, client_for: Callable[[str], Browser]
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        account = session.merge(world.accounts["officer"], load=True)
        scope = service.Scope(unit=session.merge(world.units["IMT-TK"], load=True))
        service.grant_role(session, SETUP, account, role=Role.AUDITOR, scope=scope, now=clock.now)
    browser = client_for("officer")
    assert 'action="/export"' not in browser.get("/export").get_data(as_text=True)
    assert browser.post("/export").status_code == 403
