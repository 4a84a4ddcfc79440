"""The job that takes imports: it is on the list, takes what waits, and does not fill the table of runs."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from assets.core.app import App
from assets.core.leases import JobRun
from assets.exchange.imports import Mode
from assets.exchange.models import ImportRun
from assets.exchange.runs import ask_for_import
from assets.scheduling.jobs import JOBS
from assets.scheduling.runner import current_slot, run_once
from tests.support.world import Clock, World


def test_the_job_takes_what_waits_and_forgets_its_own_old_runs(app: App, world: World, clock: Clock) -> None:
    job = next(job for job in JOBS if job.name == "run_imports")
    assert job.every <= timedelta(seconds=30)
    actor = world.actors["logistics_officer"]
    for _ in range(3):
        with app.transaction(actor, clock.now) as session:
            content = b"class,unit\nkit,IMT-TK\n"
            ask_for_import(app, session, actor, "assets", "t.csv", content, Mode.SAVE_VALID, clock.now)
        run = run_once(app, job, current_slot(job, clock.now))
        assert run is not None
        assert (run.failed, run.outcome[:9]) == (False, "1 imports")
        clock.advance(timedelta(hours=25))
    with app.reading() as session:
        assert set(session.scalars(select(ImportRun.state))) == {"done"}
        assert session.scalar(select(func.count()).select_from(JobRun)) == 1
