"""The timer: APScheduler wakes jobs in UTC; the work itself is claimed in our own table, once per job and slot.

This is the only file that knows APScheduler. Its store is memory and nothing is pickled: what has run stands in
`job_run`, so a second scheduler, a restart or a killed process repeats nothing and skips nothing.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from assets.core.actor import system_actor
from assets.core.app import App
from assets.core.leases import JobRun
from assets.scheduling.jobs import JOBS, Job

LEASE = timedelta(minutes=30)
# How long a job may take to end when the scheduler is told to stop; it is taken up again at the next start.
GRACE_S = 5.0
MAX_ATTEMPTS = 3
log = logging.getLogger("assets.scheduler")


def owner() -> str:
    """This process, as it stands in the lease."""
    return f"{socket.gethostname()}:{os.getpid()}"[:80]


def current_slot(job: Job, now: datetime) -> datetime:
    """The newest moment at or before `now` for which the job is due."""
    seconds = int(job.every.total_seconds())
    start = datetime(2020, 1, 1, tzinfo=UTC) + job.at
    passed = int((now - start).total_seconds()) // seconds
    return start + timedelta(seconds=passed * seconds)


def run_once(app: App, job: Job, slot: datetime, *, again: bool = False) -> JobRun | None:
    """Claim (job, slot) and run it; None when somebody has run it or is at it. `again` runs a finished one anew."""
    run_id = _claim(app, job, slot, again=again)
    if run_id is None:
        return None
    failed, outcome = False, ""
    try:
        outcome = job.run(app, app.clock())
    except Exception as error:  # a job's failure is recorded with its run and tried again
        log.exception("job %s failed", job.name)
        failed, outcome = True, f"{type(error).__name__}: {error}"[:2000]
    with app.transaction(system_actor(f"job:{job.name}")) as session:
        run = session.get_one(JobRun, run_id)
        run.finished_at, run.failed, run.outcome = app.clock(), failed, outcome
    return run


def _claim(app: App, job: Job, slot: datetime, *, again: bool) -> int | None:
    now = app.clock()
    try:
        with app.transaction(system_actor(f"job:{job.name}"), now) as session:
            run = session.scalar(select(JobRun).where(JobRun.job == job.name, JobRun.slot == slot).with_for_update())
            if run is None:
                run = JobRun(job=job.name, slot=slot, owner=owner(), started_at=now, leased_until=now + LEASE)
                session.add(run)
            elif _is_free(run, now, again=again):
                run.owner, run.started_at, run.leased_until = owner(), now, now + LEASE
                run.finished_at, run.failed = None, False
                run.attempts += 1
            else:
                return None
            session.flush()
            return run.id
    except IntegrityError:
        return None  # another scheduler was a moment earlier


def _is_free(run: JobRun, now: datetime, *, again: bool) -> bool:
    if run.finished_at is None:
        return run.leased_until <= now
    return again or (run.failed and run.attempts < MAX_ATTEMPTS)


def run_due(app: App, stopping: threading.Event | None = None) -> list[str]:
    """Run each job whose current slot has not been run, none more once `stopping` is set; answers their names."""
    now = app.clock()
    slots = {job.name: current_slot(job, now) for job in JOBS}
    with app.reading() as session:
        recent = session.execute(
            select(JobRun.job, JobRun.slot).where(
                JobRun.slot >= min(slots.values()), JobRun.finished_at.is_not(None), JobRun.failed.is_(False)
            )
        )
        finished = {(run.job, run.slot) for run in recent}
    return [
        job.name
        for job in JOBS
        if not (stopping is not None and stopping.is_set())
        and (job.name, slots[job.name]) not in finished
        and run_once(app, job, slots[job.name]) is not None
    ]


def give_up(app: App) -> list[str]:
    """Give the jobs that this process is at to whoever comes next, without waiting for the lease; their names.

    Only for a process that ends at once: the job must not go on beside its next run.
    """
    now = app.clock()
    with app.transaction(system_actor("scheduler"), now) as session:
        mine = select(JobRun).where(JobRun.owner == owner(), JobRun.finished_at.is_(None))
        runs = list(session.scalars(mine.with_for_update()))
        for run in runs:
            run.leased_until = now
        return [run.job for run in runs]


def run_scheduler(app: App) -> bool:
    """Run jobs until SIGTERM or SIGINT; what was missed while nothing ran is caught up at the start.

    False when a job did not end in time: it was given up, and the process has to end without waiting for it.
    """
    stop, idle = threading.Event(), threading.Event()
    idle.set()

    def due() -> None:
        idle.clear()
        try:
            run_due(app, stop)
        finally:
            idle.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
    scheduler.add_job(due, CronTrigger(second="*/20", timezone=UTC), id="due", next_run_time=app.clock())
    scheduler.start()
    log.info("scheduler runs %d jobs", len(JOBS))
    stop.wait()
    # Nothing new begins; what runs may end.
    scheduler.shutdown(wait=False)
    if idle.wait(GRACE_S):
        return True
    try:
        log.warning("not waiting for %s: taken up again at the next start", ", ".join(give_up(app)))
    except SQLAlchemyError as error:
        log.warning("a running job could not be given up, its lease has to run out: %s", type(error).__name__)
    return False
