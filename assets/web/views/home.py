"""The first page: what the person who signed in has to do today, most urgent first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.calibration import queries as calibration
from assets.core.actor import Actor
from assets.core.i18n import Message, msg
from assets.maintenance import queries as maintenance
from assets.people.rules import Permission, may
from assets.registry.models import Asset
from assets.registry.scope import assets_for
from assets.reports import release
from assets.safekeeping import beginning
from assets.telemetry import access
from assets.telemetry import queries as telemetry
from assets.web.auth import signed_in
from assets.web.context import actor, now, reading, the_app, words

pages = Blueprint("home", __name__)

SOON_DAYS = 30
SILENT_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class Task:
    """A line of today's list: a state, how many, of what, and where it is done."""

    kind: str
    count: int
    text: str
    href: str


@pages.get("/")
@signed_in
def home() -> Any:
    """Donors go to their summaries; everybody else sees what waits for him."""
    who = actor()
    if not may(who, Permission.ASSET_READ):
        return redirect("/summaries")
    with reading() as session:
        tasks = [task for task in _tasks(session, who) if task.count]
        total = session.scalar(select(func.count()).select_from(Asset).where(assets_for(who, Permission.ASSET_READ)))
        in_service = session.scalar(
            select(func.count())
            .select_from(Asset)
            .where(assets_for(who, Permission.ASSET_READ), Asset.life == "in_service")
        )
    return render_template("home.html", tasks=tasks, total=total or 0, in_service=in_service or 0)


def _tasks(session: Session, who: Actor) -> Iterator[Task]:
    if may(who, Permission.ACCOUNT_MANAGE):
        left = sum(state.is_open for state in beginning.steps(session, the_app().settings, now()))
        yield _task("due", left, msg("steps of setting up are left"), "/admin/setup")
    if may(who, Permission.WORK_READ):
        yield from _work(session, who)
    if may(who, Permission.CALIBRATION_READ):
        out = calibration.due_count(session, who, now(), within_days=0)
        yield _task(
            "blocked", out, msg("out of calibration or verification: not fit for use"), "/calibration?within_days=0"
        )
        soon = calibration.due_count(session, who, now(), within_days=SOON_DAYS) - out
        yield _task("due", soon, msg("calibrations and verifications end within 30 days"), "/calibration")
    if may(who, Permission.CUSTODY_SEE):
        yield _task(
            "due", _not_back(session, who), msg("items are not back on the day agreed"), "/assets?custody=overdue"
        )
    if may(who, Permission.TRACKER_READ):
        yield _task("unknown", _silent(session, who), msg("vehicles were not heard for a day"), "/trackers")
    if may(who, Permission.SUMMARY_APPROVE):
        drafts = [s for s in release.summaries(session, who) if s.state == "draft"]
        yield _task("due", len(drafts), msg("donor summaries wait for approval"), "/summaries")


def _work(session: Session, who: Actor) -> Iterator[Task]:
    open_orders = maintenance.board(session, who, maintenance.OrderFilter(), per_column=1)
    faults = sum(column.count for column in open_orders)
    overdue = maintenance.due_count(session, who, now(), within_days=0)
    yield _task("blocked", overdue, msg("services are due or overdue"), "/maintenance?within_days=0")
    yield _task("due", faults, msg("work orders are open"), "/maintenance/board")
    soon = maintenance.due_count(session, who, now(), within_days=SOON_DAYS) - overdue
    yield _task("due", soon, msg("services fall due within 30 days"), "/maintenance")


def _not_back(session: Session, who: Actor) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(Asset)
            .where(assets_for(who, Permission.CUSTODY_SEE), Asset.custody_until < now())
        )
        or 0
    )


def _silent(session: Session, who: Actor) -> int:
    mounted = access.tracker_page(session, who, limit=2000)
    with the_app().telemetry.reading() as states:
        found = telemetry.tracker_states(session, states, [m.tracker.id for m in mounted if m.asset], now())
    return sum(1 for s in found if s.heard_at is None or now() - s.heard_at > SILENT_AFTER)


def _task(kind: str, count: int, text: Message, href: str) -> Task:
    return Task(kind, count, words(text), href)
