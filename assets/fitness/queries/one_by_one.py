"""The fitness of assets, for a page of them at once, and as a condition for filters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.orm import Session

from assets.calibration import queries as calibration
from assets.calibration.rules import BINDING
from assets.core.db import DEFAULT_ZONE
from assets.fitness.queries.checks import LastCheck, Moment, failed_check, failed_check_condition, last_checks
from assets.fitness.queries.kits import contents_of, incomplete_condition, judged, parts_of
from assets.fitness.rules import CalibrationFact, CareFact, Facts, Fitness, judge
from assets.kits.rules.completeness import Contents, Part
from assets.maintenance import queries as maintenance
from assets.registry.models import Asset


@dataclass(frozen=True)
class Judged:
    """Assets by id: their fitness, of kits what is in them, and of those ever checked before use the last check."""

    fitness: dict[int, Fitness]
    kits: dict[int, Contents]
    checks: dict[int, LastCheck]


def fitness_of(
    session: Session, assets: Sequence[Asset], now: datetime, *, checks_upto: Moment | None = None
) -> dict[int, Fitness]:
    """The fitness of each asset by its id, in four queries however many there are (a page, at most 500),
    whose classes were read with them; two more where kits are among them. With `checks_upto` only checks before use
    until then count."""
    return judged_assets(session, assets, now, checks_upto=checks_upto).fitness


def judged_assets(
    session: Session, assets: Sequence[Asset], now: datetime, *, checks_upto: Moment | None = None
) -> Judged:
    """As `fitness_of`, and what was read for it: of a kit what is in it, with what each part is fit for."""
    if not assets:
        return Judged({}, {}, {})
    kits = contents_of(session, assets, now)
    ids = list({*(asset.id for asset in assets), *parts_of(kits.values())})
    checks = last_checks(session, [Asset.id.in_(ids)], checks_upto)
    judge_part, found = _judges(session, assets, ids, checks, now)
    kits = {kit_id: judged(kit, judge_part) for kit_id, kit in kits.items()}
    for kit_id, kit in kits.items():
        found[kit_id] = replace(found[kit_id], kit=kit.findings())
    return Judged({asset_id: judge(facts) for asset_id, facts in found.items()}, kits, checks)


def kits_of(session: Session, kits: Mapping[int, Contents], now: datetime) -> dict[int, Contents]:
    """The contents of these kits with what each part is fit for, in four queries however many there are."""
    ids = list(parts_of(kits.values()))
    judge_part, _ = _judges(session, [], ids, last_checks(session, [Asset.id.in_(ids)]), now)
    return {kit_id: judged(kit, judge_part) for kit_id, kit in kits.items()}


def _judges(
    session: Session, assets: Sequence[Asset], ids: Sequence[int], checks: Mapping[int, LastCheck], now: datetime
) -> tuple[Callable[[Part], Fitness], dict[int, Facts]]:
    """What judges a part of a kit, and the facts of each of the assets, but for what a kit lacks; `ids`: of all."""
    faults: dict[int, list[str]] = defaultdict(list)
    for asset_id, _, severity in maintenance.open_faults(session, ids):
        faults[asset_id].append(severity)
    care = maintenance.views_for(session, ids, now)
    calibrations = calibration.views_for(session, ids, now)

    def facts(asset_id: int, life: str, condition: str | None, *, subject: bool) -> Facts:
        return Facts(
            life=life,
            condition=condition,
            fault_severities=tuple(faults[asset_id]),
            care=tuple(_care(view) for view in care.get(asset_id, ())),
            subject_to_calibration=subject,
            calibrations=tuple(_calibration(view) for view in calibrations.get(asset_id, ())),
            failed_check=failed_check(checks.get(asset_id)),
        )

    def judge_part(part: Part) -> Fitness:
        return judge(facts(part.asset_id, part.life, part.condition, subject=part.must_be_calibrated))

    return judge_part, {
        asset.id: facts(
            asset.id, asset.life, asset.condition, subject=calibration.is_subject(asset.equipment_class)
        )
        for asset in assets
    }  # fmt: skip


def unfit_assets_condition(now: datetime, zone: ZoneInfo = DEFAULT_ZONE) -> ColumnElement[bool]:
    """A condition on `Asset` that says the same as `not fitness.fit`."""
    return or_(_unfit_by_itself(now, zone), incomplete_kits(now, zone))


def incomplete_kits(now: datetime, zone: ZoneInfo = DEFAULT_ZONE) -> ColumnElement[bool]:
    """A condition on `Asset`: a kit that lacks something that its list requires."""
    return incomplete_condition(_unfit_by_itself(now, zone), now, zone)


def _unfit_by_itself(now: datetime, zone: ZoneInfo) -> ColumnElement[bool]:
    return or_(
        Asset.life != "in_service",
        func.coalesce(Asset.condition, "") == "D",  # never NULL, so that it can be negated
        maintenance.blocking_condition(),
        failed_check_condition(),
        maintenance.past_grace_condition(now, zone),
        calibration.unfit_condition(now, zone),
    )


def _care(view: maintenance.PlanView) -> CareFact:
    due = view.due
    return CareFact(view.plan.name, due.standing.value, due.days_left, due.meter_left, due.meter_unknown)


def _calibration(view: calibration.PlanView) -> CalibrationFact:
    return CalibrationFact(view.plan.name, view.plan.kind in BINDING, view.standing.value)
