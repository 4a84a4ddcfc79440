"""The runs of jobs: one row per job and slot, which is also the lease that keeps a second scheduler out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from assets.core.db import Base, UtcDateTime
from assets.core.journal import Raw


class JobRun(Raw, Base):
    """A job's run for a slot of time. `finished_at` empty and `leased_until` past: its runner died."""

    __tablename__ = "job_run"
    __table_args__ = (UniqueConstraint("job", "slot"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(String(40))
    slot: Mapped[datetime] = mapped_column(UtcDateTime)
    owner: Mapped[str] = mapped_column(String(80))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=1)
    outcome: Mapped[str] = mapped_column(Text, default="")


def last_runs(session: Session) -> dict[str, JobRun]:
    """Each job's newest run, by name."""
    newest = select(JobRun.job, func.max(JobRun.slot).label("slot")).group_by(JobRun.job).subquery()
    runs = session.scalars(select(JobRun).join(newest, (JobRun.job == newest.c.job) & (JobRun.slot == newest.c.slot)))
    return {run.job: run for run in runs}


def last_finished(session: Session) -> datetime | None:
    """When any job finished last: the scheduler's sign of life."""
    run = session.scalar(
        select(JobRun).where(JobRun.finished_at.is_not(None)).order_by(JobRun.finished_at.desc()).limit(1)
    )
    return run.finished_at if run is not None else None
