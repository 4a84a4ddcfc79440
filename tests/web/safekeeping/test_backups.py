"""The page of backups: an administrator sees each with its proof and asks for one; none is given out over the web."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from assets.core.app import App
from assets.core.journal import JournalEntry
from assets.safekeeping import log, nightly
from assets.safekeeping.log import Made
from tests.support.world import Clock
from tests.web.conftest import Api, Browser

DAYS = 60


@pytest.fixture
def made(app: App, clock: Clock, tmp_path: Path) -> list[Made]:
    """Sixty nights of backups; the last could not be proven, and only the one before is still there."""
    entries = []
    for day in range(DAYS):
        at = clock.now - timedelta(days=DAYS - day)
        path = tmp_path / f"night-{day:02d}.tar.gz.age"
        last = day == DAYS - 1
        reason = "the file on the disk is not what was written to it" if last else ""
        entries.append(
            Made(str(path), "nightly", at, 9, "a" * 64, 2.5, None if last else at, reason, 7, ("0002", "0001"))
        )
        log.write(app.settings.data_dir, entries[-1])
    (tmp_path / f"night-{DAYS - 2:02d}.tar.gz.age").write_bytes(b"123456789")
    return entries


def test_administrator_sees_which_is_proven_which_failed_and_why(
    client_for: Callable[[str], Browser], made: list[Made]
) -> None:
    page = client_for("administrator").get("/admin/backups").get_data(as_text=True)
    assert made[-1].path.name in page
    assert "is not what was written to it" in page
    assert "too old" in page, "the newest proven one that is still there is two days old"
    assert "/admin/backups?cursor=" in page
    assert '.age"' not in page.replace("href=", "href="), "no backup can be fetched over the web"


@pytest.mark.parametrize(("folder", "replaced"), [("", True), ("carried-away", False)])
def test_page_tells_a_backup_removed_by_rule_from_one_that_is_missing(
    app: App, client_for: Callable[[str], Browser], clock: Clock, folder: str, replaced: bool
) -> None:
    for days in range(40, 0, -1):
        at = clock.now - timedelta(days=days)
        path = app.settings.backup_folder / folder / f"night-{days}.tar.gz.age"
        log.write(app.settings.data_dir, Made(str(path), "nightly", at, 9, "a" * 64, 2.5, at, "", 7, ("0002", "0001")))
    rows = client_for("administrator").get("/admin/backups").get_data(as_text=True).split("<tr")
    # Of two nights that follow each other at most one is the newest of its week.
    weeks_ago = [row for row in rows if "night-30." in row or "night-31." in row]
    assert len(weeks_ago) == 2
    assert any("replaced by a newer one" in row for row in weeks_ago) == replaced
    assert "not found where it was put" in next(row for row in rows if "night-3." in row)


def test_every_backup_is_reached_by_paging(api: Callable[[str], Api], made: list[Made]) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        answer = api("administrator").get("/backups", limit=25, **({"cursor": cursor} if cursor else {})).get_json()
        seen += [one["name"] for one in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert seen == [one.path.name for one in reversed(made)]


def test_backup_is_asked_for_once_and_the_journal_says_by_whom(
    app: App, client_for: Callable[[str], Browser], api: Callable[[str], Api]
) -> None:
    assert client_for("administrator").post("/admin/backups").status_code == 303
    assert nightly.wanted_file(app.settings).exists()
    assert api("administrator").post("/backups", {}).get_json() == {"asked": False}
    with app.reading() as session:
        entries = session.query(JournalEntry).filter_by(entity="backup").all()
    assert [(entry.action, entry.account_id is not None) for entry in entries] == [("asked", True)]


@pytest.mark.parametrize("role", ["coordinator", "commander", "auditor", "monitor", "donor"])
def test_nobody_else_sees_or_asks(role: str, client_for: Callable[[str], Browser], app: App) -> None:
    browser = client_for(role)
    assert browser.get("/admin/backups").status_code in {403, 404}
    assert browser.post("/admin/backups").status_code in {403, 404}
    assert not nightly.wanted_file(app.settings).exists()
