"""The first page: for the coordinator what is ready, and for everybody what he has to do today, most urgent first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from assets.calibration import queries as calibration
from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.i18n import Message, msg
from assets.disposal import queries as disposal
from assets.fitness.queries import ReadinessFilter, readiness
from assets.fitness.readiness import REASON_NAMES, STATES, Cell, matrix, worst
from assets.handover.queries import ItemFilters, count_items_found
from assets.maintenance import queries as maintenance
from assets.people.rules import Permission, may
from assets.registry.models import Asset
from assets.registry.rules.classes import CLASSES
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
WORST_SHOWN = 4
REASONS_SHOWN = 2


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
    """Donors go to their summaries; everybody else sees what waits for him, the coordinator first what is ready."""
    who = actor()
    if not may(who, Permission.ASSET_READ):
        return redirect("/summaries")
    with reading() as session:
        found = _counted(session, _countings(who, local_date(now(), the_app().settings.zone)))
        tasks = [task for task in _tasks(session, who, found) if task.count]
        ready = _readiness(session, who) if may(who, Permission.READINESS_READ) else None
    return render_template(
        "home.html", tasks=tasks, total=found["total"], in_service=found["in_service"], ready=ready
    )  # fmt: skip


def _countings(who: Actor, today: date) -> Iterator[tuple[str, Select[int]]]:
    """What is counted for him, by name: all of it goes into one query."""
    items = select(func.count()).select_from(Asset).where(assets_for(who, Permission.ASSET_READ))
    yield "total", items
    yield "in_service", items.where(Asset.life == "in_service")
    if may(who, Permission.WORK_READ):
        yield "orders", maintenance.open_counting(who)
        yield "care_due", maintenance.due_counting(who, today, within_days=0)
        yield "care_soon", maintenance.due_counting(who, today, within_days=SOON_DAYS)
        yield "losses", disposal.loss_counting(who, "reported", "inquiry")
    if may(who, Permission.DISPOSAL_DECIDE):
        yield "proposed", disposal.disposal_counting(who, "proposed")
    if may(who, Permission.DISPOSAL_PROPOSE):
        yield "approved", disposal.disposal_counting(who, "approved")
        yield "assess", disposal.assessment_counting(who, today)
    if may(who, Permission.CALIBRATION_READ):
        yield "calibration_due", calibration.due_counting(who, today, within_days=0)
        yield "calibration_soon", calibration.due_counting(who, today, within_days=SOON_DAYS)
    if may(who, Permission.CUSTODY_SEE):
        held = select(func.count()).select_from(Asset).where(assets_for(who, Permission.CUSTODY_SEE))
        yield "not_back", held.where(Asset.custody_until < now())


def _counted(session: Session, countings: Iterator[tuple[str, Select[int]]]) -> Mapping[str, int]:
    columns = [statement.scalar_subquery().label(name) for name, statement in countings]
    return dict(session.execute(select(*columns)).one()._mapping)


def _tasks(session: Session, who: Actor, found: Mapping[str, int]) -> Iterator[Task]:
    """His tasks in the order of urgency; what he has no right to was not counted."""
    care_due, calibration_due = found.get("care_due", 0), found.get("calibration_due", 0)
    lines: tuple[tuple[str, int, Message, str], ...] = (
        ("blocked", care_due, msg("services are due or overdue"), "/maintenance?within_days=0"),
        (
            "blocked", calibration_due, msg("out of calibration or verification: not fit for use"),
            "/calibration?within_days=0",
        ),
        ("blocked", found.get("losses", 0), msg("losses are not decided"), "/losses"),
        ("due", found.get("orders", 0), msg("work orders are open"), "/maintenance/board"),
        ("due", found.get("not_back", 0), msg("items are not back on the day agreed"), "/assets?custody=overdue"),
        ("due", found.get("proposed", 0), msg("disposals wait for a decision"), "/disposals/cases?state=proposed"),
        ("due", found.get("approved", 0), msg("disposals are to be carried out"), "/disposals/cases?state=approved"),
        ("due", found.get("care_soon", 0) - care_due, msg("services fall due within 30 days"), "/maintenance"),
        (
            "due", found.get("calibration_soon", 0) - calibration_due,
            msg("calibrations and verifications end within 30 days"), "/calibration",
        ),
        ("due", found.get("assess", 0), msg("items are to be assessed for disposal"), "/disposals/assess"),
    )  # fmt: skip
    if may(who, Permission.ACCOUNT_MANAGE):
        left = sum(state.is_open for state in beginning.steps(session, the_app().settings, now()))
        yield _task("due", left, msg("steps of setting up are left"), "/admin/setup")
    for kind, count, text, href in lines:
        yield _task(kind, count, text, href)
    if may(who, Permission.BATCH_WRITE):
        to_come = count_items_found(session, who, ItemFilters(outcome="open"))
        yield _task("away", to_come, msg("items of handover rounds have not come"), "/rounds/items?outcome=open")
    if may(who, Permission.TRACKER_READ):
        yield _task("unknown", _silent(session, who), msg("vehicles were not heard for a day"), "/trackers")
    if may(who, Permission.SUMMARY_APPROVE):
        drafts = [s for s in release.summaries(session, who) if s.state == "draft"]
        yield _task("due", len(drafts), msg("donor summaries wait for approval"), "/summaries")


def _readiness(session: Session, who: Actor) -> dict[str, Any]:
    """How many are ready of how many, and the units and classes where it is worst, with why."""
    found = matrix(readiness(session, who, ReadinessFilter(), now()))
    units = dict(found.units)
    classes = {code: words(defaults.title) for code, defaults in CLASSES.items()}
    return {
        "total": found.total.total,
        "count": found.total.ready,
        "states": [(state, found.total.counts[state], f"/readiness/items?state={state}") for state in STATES],
        "units": [
            _worst(units[code], cell, f"/readiness?unit={code}") for code, cell in worst(found.by_unit, WORST_SHOWN)
        ],
        "classes": [
            _worst(classes.get(code, code), cell, f"/readiness?class={code}")
            for code, cell in worst(found.by_class, WORST_SHOWN)
        ],
    }


def _worst(name: str, cell: Cell, href: str) -> dict[str, Any]:
    return {
        "name": name,
        "href": href,
        "not_ready": cell.not_ready,
        "of": cell.total,
        "due": cell.due,
        "why": [(words(REASON_NAMES[code]), count) for code, count in cell.why()[:REASONS_SHOWN]],
    }


def _silent(session: Session, who: Actor) -> int:
    carried = [m.tracker.id for m in access.tracker_page(session, who, limit=2000) if m.asset]
    with the_app().telemetry.reading() as states:
        heard = telemetry.last_heard(states, carried)
    return sum(1 for tracker in carried if tracker not in heard or now() - heard[tracker] > SILENT_AFTER)


def _task(kind: str, count: int, text: Message, href: str) -> Task:
    return Task(kind, count, words(text), href)
