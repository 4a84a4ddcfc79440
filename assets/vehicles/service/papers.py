"""Entering the dated papers of vehicles."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.maintenance.models import MaintenancePlan
from assets.maintenance.service.plans import refresh_plans, start_day
from assets.registry.models import Asset
from assets.registry.service.timeline import Occurrence, record
from assets.vehicles.models import VehiclePaper
from assets.vehicles.queries.papers import papers_of
from assets.vehicles.rules.entries import PaperGiven
from assets.vehicles.rules.papers import PLAN_OF_PAPER, SOON_DAYS
from assets.vehicles.service.entries import Correction, add, begin, begin_correction, in_its_place


def enter_paper(
    session: Session, actor: Actor, asset: Asset, given: PaperGiven, occurrence: Occurrence, now: datetime
) -> VehiclePaper:
    """Enter a paper with its days; the older ones of its kind stay."""
    begin(session, actor, VehiclePaper, asset, occurrence)
    told = {"vehicle_paper": given.kind, "until": given.valid_until.isoformat()}
    event = record(session, actor, asset, "vehicle_paper", occurrence, told)
    paper = add(session, actor, VehiclePaper(asset=asset, **asdict(given)), event, now)
    _follow_plan(session, asset, given.kind, now)
    return paper


def correct_paper(
    session: Session, actor: Actor, wrong: VehiclePaper, given: PaperGiven | None, why: Correction, now: datetime
) -> VehiclePaper:
    """Put `given` in the place of a wrong paper, or nothing when it is void."""
    event = begin_correction(session, actor, wrong, why, Occurrence(now, now), "vehicle_paper_corrected")
    values = asdict(given) if given is not None else _values(wrong)
    paper = add(session, actor, in_its_place(VehiclePaper(asset=wrong.asset, **values), wrong, why), event, now)
    for kind in dict.fromkeys((wrong.kind, paper.kind)):
        _follow_plan(session, wrong.asset, kind, now, taken_back=wrong)
    return paper


def _follow_plan(
    session: Session, asset: Asset, kind: str, now: datetime, *, taken_back: VehiclePaper | None = None
) -> None:
    """The care plan that asks for this paper counts from the newest one, so that nobody has to say it twice.

    A paper that was taken back is no longer what the plan counts from.
    """
    plan = session.scalar(
        select(MaintenancePlan).where(
            MaintenancePlan.asset_id == asset.id, MaintenancePlan.code == PLAN_OF_PAPER.get(kind, ""),
            MaintenancePlan.active,
        )
    )  # fmt: skip
    if plan is None:
        return
    today = local_date(now, zone_of(session))
    soon = today + timedelta(days=SOON_DAYS)
    begun = [paper for paper in papers_of(session, [asset.id])[asset.id, kind] if paper.valid_from <= soon]
    newest = max(begun, key=lambda paper: paper.valid_until, default=None)
    renewed = min(newest.valid_from, today) if newest is not None else None
    if taken_back is not None and plan.basis == "done" and plan.last_done_on == min(taken_back.valid_from, today):
        plan.last_done_on, plan.basis = start_day(session, asset), "start"
    if renewed is not None and (plan.basis == "start" or renewed > plan.last_done_on):
        plan.last_done_on, plan.basis = renewed, "done"
    session.flush()
    refresh_plans(session, [plan], now)


def _values(paper: VehiclePaper) -> dict[str, object]:
    return asdict(
        PaperGiven(
            paper.kind, paper.valid_from, paper.valid_until, paper.number, paper.issuer, paper.cost, paper.currency
        )
    )
