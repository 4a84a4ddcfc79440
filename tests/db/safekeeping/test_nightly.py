"""The backup that comes by itself: its job, who is told when it fails, and the one that was asked for."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from sqlalchemy import select, text

from assets.core.outbox import OutboxMail
from assets.safekeeping import log, nightly
from assets.scheduling.jobs import JOBS
from assets.scheduling.runner import current_slot, run_once
from tests.db.safekeeping.conftest import House

NIGHTLY, ASKED = (next(job for job in JOBS if job.name == name) for name in ("nightly_backup", "asked_backup"))


def test_nightly_job_makes_a_proven_backup_each_night(sqlite_house: House) -> None:
    with closing(sqlite_house.opened()) as app:
        for _ in range(2):
            run = run_once(app, NIGHTLY, current_slot(NIGHTLY, sqlite_house.clock.now))
            assert run is not None
            assert not run.failed
            assert "proven" in run.outcome
            assert run_once(app, NIGHTLY, current_slot(NIGHTLY, sqlite_house.clock.now)) is None, "once a night"
            sqlite_house.clock.advance(timedelta(days=1))
    assert [made.kind for made in log.entries(sqlite_house.settings.data_dir)] == ["nightly", "nightly"]


def test_failure_is_the_jobs_and_told_to_administrators_once_a_day(sqlite_house: House) -> None:
    with closing(sqlite_house.opened()) as app:
        with app.main.engine.execution_options(writer=True).begin() as connection:
            connection.execute(text("UPDATE journal_entry SET body = 'x' WHERE seq = 1"))
        slot = current_slot(NIGHTLY, sqlite_house.clock.now)
        for _ in range(2):
            run = run_once(app, NIGHTLY, slot)
            assert run is not None
            assert run.failed
            assert "not proven" in run.outcome
            sqlite_house.clock.advance(timedelta(minutes=1))
        with app.reading() as session:
            mails = list(session.scalars(select(OutboxMail)))
    assert [mail.recipient for mail in mails] == ["administrator@example.org"]
    assert "entry 1 of the journal" in mails[0].body


def test_asked_for_backup_is_made_once(sqlite_house: House) -> None:
    nightly.wanted_file(sqlite_house.settings).touch()
    with closing(sqlite_house.opened()) as app:
        first = run_once(app, ASKED, current_slot(ASKED, sqlite_house.clock.now))
        sqlite_house.clock.advance(timedelta(minutes=1))
        second = run_once(app, ASKED, current_slot(ASKED, sqlite_house.clock.now))
    assert first is not None
    assert "proven" in first.outcome
    assert second is not None
    assert second.outcome == "none was asked for"
    assert [made.kind for made in log.entries(sqlite_house.settings.data_dir)] == ["asked"]
