"""Jobs run once for each slot, whoever starts them."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from assets.core.app import App
from assets.core.i18n import msg
from assets.core.leases import JobRun
from assets.core.outbox import OutboxMail
from assets.scheduling.jobs import JOBS, Job
from assets.scheduling.runner import LEASE, MAX_ATTEMPTS, current_slot, give_up, owner, run_due, run_once
from tests.support.tables import marked_current
from tests.support.world import SETUP, Clock, World


class Counter:
    """A job that counts its runs, and fails while told to."""

    def __init__(self) -> None:
        self.runs = 0
        self.failing = False

    def __call__(self, _app: App, _now: datetime) -> str:
        self.runs += 1
        if self.failing:
            raise ValueError("no luck")
        return "done"


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def job(counter: Counter) -> Job:
    return Job("counted", msg("counts"), timedelta(hours=1), timedelta(minutes=10), counter)


def test_slot_is_run_once(app: App, job: Job, counter: Counter, clock: Clock) -> None:
    slot = current_slot(job, clock.now)
    assert run_once(app, job, slot) is not None
    assert run_once(app, job, slot) is None
    assert counter.runs == 1


def test_schedulers_at_once_run_a_slot_once(app: App, job: Job, counter: Counter, clock: Clock) -> None:
    slot = current_slot(job, clock.now)
    threads = [threading.Thread(target=run_once, args=(app, job, slot)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.runs == 1


def test_run_whose_runner_died_is_taken_over_after_its_lease(
    app: App, job: Job, counter: Counter, clock: Clock
) -> None:
    slot = current_slot(job, clock.now)
    first = run_once(app, job, slot)
    assert first is not None
    with app.transaction(SETUP) as session:
        run = session.get_one(JobRun, first.id)
        run.finished_at = None
    assert run_once(app, job, slot) is None
    clock.advance(LEASE)
    assert run_once(app, job, slot) is not None
    assert counter.runs == 2


def test_job_that_a_stopping_scheduler_gave_up_is_taken_up_at_once(
    app: App, job: Job, counter: Counter, clock: Clock
) -> None:
    slot, others = current_slot(job, clock.now), dataclasses.replace(job, name="others")
    with app.transaction(SETUP) as session:
        lease = {"slot": slot, "started_at": clock.now, "leased_until": clock.now + LEASE}
        session.add(JobRun(job=job.name, owner=owner(), **lease))
        session.add(JobRun(job="others", owner="elsewhere:1", **lease))
    assert run_once(app, job, slot) is None
    assert give_up(app) == [job.name]
    assert run_once(app, others, slot) is None, "what another process is at stays its own"
    assert run_once(app, job, slot) is not None
    assert give_up(app) == []


def test_no_job_begins_once_the_scheduler_is_told_to_stop(app: App) -> None:
    told = threading.Event()
    told.set()
    assert run_due(app, told) == []
    with app.reading() as session:
        assert session.scalar(select(func.count()).select_from(JobRun)) == 0


def test_failed_run_is_tried_again_and_says_why(app: App, job: Job, counter: Counter, clock: Clock) -> None:
    counter.failing = True
    slot = current_slot(job, clock.now)
    for _ in range(MAX_ATTEMPTS):
        done = run_once(app, job, slot)
        assert done is not None
        assert (done.failed, done.outcome) == (True, "ValueError: no luck")
    assert run_once(app, job, slot) is None


@pytest.mark.parametrize("hour", [0, 2, 3, 23])
def test_slots_follow_each_other_without_gap_over_a_clock_change(hour: int) -> None:
    daily = Job("daily", msg("x"), timedelta(days=1), timedelta(hours=hour), Counter())
    moment, seen = datetime(2026, 3, 25, tzinfo=UTC), []
    while moment < datetime(2026, 4, 5, tzinfo=UTC):
        slot = current_slot(daily, moment)
        assert slot <= moment < slot + timedelta(days=1)
        if slot not in seen:
            seen.append(slot)
        moment += timedelta(minutes=30)
    assert all(b - a == timedelta(days=1) for a, b in itertools.pairwise(seen))


def test_every_job_runs_on_an_empty_programme(app: App, world: World) -> None:
    with marked_current(app):
        assert set(run_due(app)) == {job.name for job in JOBS}
    with app.reading() as session:
        failed = session.execute(select(JobRun.job, JobRun.outcome).where(JobRun.failed)).all()
    assert not failed
    assert run_due(app) == [], "nothing is due twice"


def test_due_list_is_mailed_once_a_day(app: App, world: World, clock: Clock) -> None:
    due_list = next(job for job in JOBS if job.name == "due_list")
    for _ in range(2):
        run_once(app, due_list, current_slot(due_list, clock.now), again=True)
    with app.reading() as session:
        keys = session.scalars(select(OutboxMail.dedupe_key)).all()
    assert len(keys) == len(set(keys))


def test_finished_run_is_kept_with_its_outcome(app: App, job: Job, clock: Clock) -> None:
    run_once(app, dataclasses.replace(job, name="other"), current_slot(job, clock.now))
    with app.reading() as session:
        assert session.scalar(select(func.count()).select_from(JobRun).where(JobRun.outcome == "done")) == 1
