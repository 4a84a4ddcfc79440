"""Cards of upkeep: services, calibrations, papers of vehicles, losses, disposals, handover rounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import String, cast

from assets.calibration import queries as calibration
from assets.core.actor import Actor
from assets.core.i18n import msg
from assets.disposal import queries as disposal
from assets.disposal.models import DisposalCase, LossCase
from assets.handover.queries import ItemFilters, items_found_counting
from assets.maintenance import queries as maintenance
from assets.maintenance.models import WorkOrder
from assets.people.rules import Permission, may
from assets.registry.models import Asset
from assets.vehicles.queries import papers as vehicle_papers
from assets.vehicles.rules.papers import Standing
from assets.web.home_cards.shapes import Asked, Card, due_first, first_of

SOON_DAYS = 30


def upkeep_cards(who: Actor, today: date) -> Iterator[Asked]:
    """The cards that `who` has a right to, in the order of urgency."""
    if may(who, Permission.WORK_READ):
        yield from _care(who, today)
        yield _losses(who)
    if may(who, Permission.CALIBRATION_READ):
        yield from _calibration(who, today)
    yield from _papers(who, today)
    yield from _disposals(who, today)
    if may(who, Permission.BATCH_WRITE):
        text = msg("items of handover rounds have not come")
        card = Card("to_come", "away", text, "/rounds/items?outcome=open", Permission.BATCH_WRITE)
        yield Asked(card, items_found_counting(who, ItemFilters(outcome="open")))


def _care(who: Actor, today: date) -> Iterator[Asked]:
    counted = {days: maintenance.due_counting(who, today, within_days=days) for days in (0, SOON_DAYS)}
    now_due = Card("care_due", "blocked", msg("services are due or overdue"), "/maintenance?within_days=0",
                   Permission.WORK_WRITE)  # fmt: skip
    yield Asked(
        now_due, counted[0], due_first(maintenance.due_first(who, today, within_days=0)), "/assets/{code}?tab=care"
    )  # fmt: skip
    soon = Card("care_soon", "due", msg("services fall due within 30 days"), "/maintenance", Permission.WORK_WRITE)
    first = due_first(maintenance.due_first(who, today, within_days=SOON_DAYS, after_days=0))
    yield Asked(soon, counted[SOON_DAYS], first, "/assets/{code}?tab=care", less="care_due")
    orders = Card("orders", "due", msg("work orders are open"), "/maintenance/board", Permission.WORK_WRITE)
    counting = maintenance.open_counting(who)
    oldest = first_of(
        counting, WorkOrder.opened_at, asset_id=WorkOrder.asset_id, key=cast(WorkOrder.id, String),
        at=WorkOrder.opened_at,
    )  # fmt: skip
    yield Asked(orders, counting, oldest, "/maintenance/orders/{key}")


def _calibration(who: Actor, today: date) -> Iterator[Asked]:
    counted = {days: calibration.due_counting(who, today, within_days=days) for days in (0, SOON_DAYS)}
    now_due = Card("calibration_due", "blocked", msg("out of calibration or verification: not fit for use"),
                   "/calibration?within_days=0", Permission.WORK_WRITE)  # fmt: skip
    first = due_first(calibration.due_first(who, today, within_days=0))
    yield Asked(now_due, counted[0], first, "/assets/{code}?tab=care")
    soon = Card("calibration_soon", "due", msg("calibrations and verifications end within 30 days"), "/calibration",
                Permission.WORK_WRITE)  # fmt: skip
    first = due_first(calibration.due_first(who, today, within_days=SOON_DAYS, after_days=0))
    yield Asked(soon, counted[SOON_DAYS], first, "/assets/{code}?tab=care", less="calibration_due")


def _papers(who: Actor, today: date) -> Iterator[Asked]:
    late = vehicle_papers.papers_due(who, today, Standing.OVERDUE)
    soon = vehicle_papers.papers_due(who, today, Standing.WITHIN_7, Standing.WITHIN_30)
    for name, kind, standing, text, counting in (
        ("papers_late", "blocked", "overdue", msg("papers of vehicles are not valid"), late),
        ("papers_soon", "due", "due", msg("papers of vehicles end within 30 days"), soon),
    ):
        card = Card(name, kind, text, f"/vehicles/papers?standing={standing}", Permission.WORK_WRITE)
        yield Asked(card, counting, first_of(counting, Asset.code, asset_id=Asset.id), "/vehicles/{code}")


def _losses(who: Actor) -> Asked:
    counting = disposal.loss_counting(who, "reported", "inquiry")
    card = Card("losses", "blocked", msg("losses are not decided"), "/losses", Permission.DISPOSAL_PROPOSE)
    first = first_of(
        counting, LossCase.reported_at, asset_id=LossCase.asset_id, key=cast(LossCase.id, String), day=LossCase.lost_on
    )
    return Asked(card, counting, first, "/losses/{key}")


def _disposals(who: Actor, today: date) -> Iterator[Asked]:
    for name, state, text, does in (
        ("proposed", "proposed", msg("disposals wait for a decision"), Permission.DISPOSAL_DECIDE),
        ("approved", "approved", msg("disposals are to be carried out"), Permission.DISPOSAL_PROPOSE),
    ):
        if may(who, does):
            counting = disposal.disposal_counting(who, state)
            first = first_of(
                counting, DisposalCase.proposed_at, asset_id=DisposalCase.asset_id,
                key=cast(DisposalCase.id, String), at=DisposalCase.proposed_at,
            )  # fmt: skip
            card = Card(name, "due", text, f"/disposals/cases?state={state}", does)
            yield Asked(card, counting, first, "/disposals/{key}")
    if may(who, Permission.DISPOSAL_PROPOSE):
        counting = disposal.assessment_counting(who, today)
        card = Card("assess", "due", msg("items are to be assessed for disposal"), "/disposals/assess",
                    Permission.DISPOSAL_PROPOSE)  # fmt: skip
        yield Asked(card, counting, first_of(counting, Asset.code, asset_id=Asset.id))
