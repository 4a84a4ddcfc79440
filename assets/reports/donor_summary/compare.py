"""What a period is measured against: what the agreements promised, the period before, and the year before."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.clock import day_start
from assets.registry.models import GrantTarget
from assets.registry.queries.catalogue import targets_in_force
from assets.reports.disclosure import reporting_class
from assets.reports.donor_summary.items import Items
from assets.reports.donor_summary.national import national
from assets.reports.figures import TEMPLATE_VERSION, Before, Plan, Results, from_json, of_any_version
from assets.reports.models import DonorSummary


def period_before(first: date, until: date) -> tuple[date, date]:
    """The stretch just before: as many months where the period is whole months, else as many days."""
    if first.day == until.day == 1:
        months = (until.year - first.year) * 12 + until.month - first.month
        return _months_earlier(first, months), first
    return first - (until - first), first


def year_before(first: date, until: date) -> tuple[date, date]:
    """The same stretch one year earlier."""
    return _months_earlier(first, 12), _months_earlier(until, 12)


def _months_earlier(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 - months
    year, month = divmod(count, 12)
    last = (date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def before(session: Session, donor_id: int, first: date, until: date, now: datetime, zone: ZoneInfo) -> Before | None:
    """The figures of the period before; None when nothing had been handed over then.

    A released summary that ends where this period begins is repeated as the donor has it: worked out anew, its figures
    could differ by late entries, and two versions of one quarter can be subtracted. Else the same code works them out.
    """
    released = session.scalar(
        select(DonorSummary)
        .where(DonorSummary.donor_id == donor_id, DonorSummary.state == "released", DonorSummary.until == first)
        .order_by(DonorSummary.id.desc())
        .limit(1)
    )
    if released is not None:
        frozen = of_any_version(released.figures)
        return Before(released.first, released.until, released.id, frozen.measures)
    start, end = period_before(first, until)
    found = national(session, donor_id, start, end, now, zone)
    return Before(start, end, None, found.measures) if found.items.given else None


def released_results(session: Session, donor_id: int, first: date, until: date) -> Results | None:
    """The results in a released summary of exactly this period."""
    released = session.scalar(
        select(DonorSummary)
        .where(
            DonorSummary.donor_id == donor_id,
            DonorSummary.state == "released",
            DonorSummary.first == first,
            DonorSummary.until == until,
        )
        .order_by(DonorSummary.id.desc())
        .limit(1)
    )
    if released is None or of_any_version(released.figures).template != TEMPLATE_VERSION:
        return None
    return from_json(released.figures).results


def plans(
    session: Session, grant_ids: tuple[int, ...], items: Items, until: date, now: datetime, zone: ZoneInfo
) -> tuple[Plan, ...]:
    """What the agreements promised, by figure and class: as it held at the end of the period.

    What was entered only later, for a figure that had no plan then, counts as well: an office that begins enters its
    old agreements after the fact. Where several grants promised different values of one figure, each counts by the
    items that it gave.
    """
    wholes: Counter[str] = Counter()
    weights: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    by_grant = Counter((item.grant_id, items.reported[item.class_id]) for item in items.given)
    for name in {"", *items.reported.values()}:
        wholes[name] = sum(count for (_, of), count in by_grant.items() if name in {"", of})
    held = {_of(target): target for target in targets_in_force(session, grant_ids, now)}
    held |= {_of(target): target for target in targets_in_force(session, grant_ids, day_start(until, zone))}
    for _, target in sorted(held.items()):
        name = ""
        if target.equipment_class is not None:
            code = target.equipment_class.code
            # Of a class that is reported together with others, a plan of its own says nothing.
            name = reporting_class(code, target.equipment_class.name)
            if items.reported.get(target.equipment_class.id) != name:
                continue
        given = sum(count for (grant, of), count in by_grant.items() if grant == target.grant_id and name in {"", of})
        weights[target.kpi, name].append((float(target.value), given))
    found = []
    for (code, name), values in sorted(weights.items()):
        whole = sum(count for _, count in values)
        if whole:
            value = sum(value * count for value, count in values) / whole
            found.append(Plan(code, name, round(value, 4), whole, wholes[name]))
    return tuple(found)


def _of(target: GrantTarget) -> tuple[int, str, int]:
    """What a planned value is of: grant, figure and class (0 for all)."""
    return target.grant_id, target.kpi, target.class_id or 0
