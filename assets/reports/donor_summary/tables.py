"""The tables of a summary: counts by class, condition and use, with the cells left out that must not be told."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from assets.disposal.rules.assessment import ASSESS_AFTER_KM, old_since
from assets.metrics.rules.kpi import Kpi, by_code
from assets.reports.disclosure import MIN_ASSETS, VEHICLES, rounded_km
from assets.reports.disclosure.cells import hidden_in_faces, hidden_in_line, hidden_in_table
from assets.reports.donor_summary.items import Items
from assets.reports.donor_summary.national import National, items_class
from assets.reports.figures import ClassLine, Count, MonthLine, Spread, StateLine, States, Vehicles, Whereabouts
from assets.reports.queries.given import Given

GRADES = ("A", "B", "C", "D", None)


def whereabouts(whole: National) -> Whereabouts:
    """The exact totals of the country; the donor's marks as far as none of them points at a few items."""
    given = whole.items.given
    marks = Counter(item.visibility_mark for item in given)
    counts = [marks["applied"], marks["missing"] + marks["damaged"], marks["exempt"]]
    hidden = hidden_in_line(counts)
    applied, missing, exempt = (None if n in hidden else count for n, count in enumerate(counts))
    verified = sum(item.asset_id in whole.seen for item in whole.items.serving)
    lives = Counter(item.life for item in given if not item.on_register)
    # What was operable then and is not now (or the other way round) counts as withdrawn from the period's view.
    withdrawn = len(given) - len(whole.items.serving) - lives["lost"] - lives["disposed"]
    return Whereabouts(
        handed_over=len(given),
        verified=verified,
        not_verified=len(whole.items.serving) - verified,
        withdrawn=withdrawn,
        lost=lives["lost"],
        disposed=lives["disposed"],
        marks_applied=applied,
        marks_missing=missing,
        marks_exempt=exempt,
    )


def class_lines(items: Items, seen: set[int]) -> tuple[ClassLine, ...]:
    """Where the items of each class are; small cells of verified and not, and those that would tell them, are None.

    What is off the register is exact: the tables of condition and use say how many of the class are on it, the
    deeds how many were handed over. Left out here, it would only seem to be hidden, and with it in a rectangle of left
    out cells the others would be told as well.
    """
    counts = [_on_register(items.of(name), seen) for name in items.names]
    hidden = hidden_in_table(counts) if counts else frozenset()
    lines = []
    for row, name in enumerate(items.names):
        verified, not_verified = (
            None if (row, column) in hidden else count for column, count in enumerate(counts[row])
        )
        whole = len(items.of(name))
        lines.append(ClassLine(name, whole, verified, not_verified, whole - sum(counts[row])))
    return tuple(lines)


def _on_register(given: list[Given], seen: set[int]) -> list[int]:
    serving = [item.asset_id for item in given if item.on_register]
    verified = sum(asset_id in seen for asset_id in serving)
    return [verified, len(serving) - verified]


def states(items: Items, conditions: dict[int, str], grades: dict[int, str | None]) -> States:
    """Condition and frequency by class and crossed; the three tables are protected against each other."""
    cube = [_crossed(items.of(name), conditions, grades) for name in items.names]
    faces = hidden_in_faces(cube)
    lines = []
    for row, name in enumerate(items.names):
        by_condition = [sum(of) for of in cube[row]]
        by_use = [sum(of[n] for of in cube[row]) for n in range(len(GRADES))]
        lines.append(
            StateLine(
                name,
                sum(by_condition),
                _spread([None if (row, n) in faces.by_second else count for n, count in enumerate(by_condition)]),
                _spread([None if (row, n) in faces.by_third else count for n, count in enumerate(by_use)]),
            )
        )
    crossed = [[sum(of[j][f] for of in cube) for f in range(len(GRADES))] for j in range(len(GRADES))]
    matrix = None
    if faces.cross is not None and cube:
        matrix = tuple(
            _spread([None if (j, f) in faces.cross else count for f, count in enumerate(row)])
            for j, row in enumerate(crossed)
        )
    totals = [sum(row) for row in crossed], [sum(row[f] for row in crossed) for f in range(len(GRADES))]
    return States(tuple(lines), _exact(totals[0]), _exact(totals[1]), matrix)


def _crossed(given: list[Given], conditions: dict[int, str], grades: dict[int, str | None]) -> list[list[int]]:
    counted = Counter((conditions.get(item.asset_id), grades.get(item.asset_id)) for item in given if item.on_register)
    return [[counted[condition, use] for use in GRADES] for condition in GRADES]


def _spread(counts: list[Count]) -> Spread:
    a, b, c, d, unknown = counts
    return a, b, c, d, unknown


def _exact(counts: list[int]) -> tuple[int, int, int, int, int]:
    a, b, c, d, unknown = counts
    return a, b, c, d, unknown


def vehicles(whole: National, odometers: dict[int, Decimal]) -> Vehicles:
    """Vehicles on the register month by month, and those due to be assessed by age or distance (F10).

    None at all where there are fewer than three of them.
    """
    fleet = [item for item in whole.items.serving if items_class(item.class_code) == VEHICLES]
    if VEHICLES not in whole.items.names:
        return Vehicles(0, (), None, None, 0, 0)
    until = whole.extent.until
    born = [item.in_use_since for item in fleet if item.in_use_since is not None]
    # On the last day of the period.
    old = sum(since <= old_since(until - timedelta(days=1)) for since in born)
    read = [odometers[item.asset_id] for item in fleet if item.asset_id in odometers]
    far = sum(km >= ASSESS_AFTER_KM for km in read)
    return Vehicles(
        count=len(fleet),
        months=_months(whole),
        due_by_age=_told(old, len(born)),
        due_by_distance=_told(far, len(read)),
        age_known=len(born),
        distance_known=len(read),
    )


def _told(count: int, whole: int) -> Count:
    return None if hidden_in_line([count, whole - count]) else count


def _months(whole: National) -> tuple[MonthLine, ...]:
    found = whole.use.kpis("month")
    heard = Counter(
        month for month, _ in {(c.month, c.asset_id) for c in whole.use.days.cells if c.sums.vehicle_heard_days}
    )
    lines = []
    month = whole.extent.first.replace(day=1)
    while month < whole.extent.until:
        of_month: dict[str, Kpi] = by_code(found.get(month.year * 100 + month.month, []))
        km, share = of_month.get("distance_per_vehicle_month"), of_month.get("availability_rate")
        available = round(share.value, 2) if share and share.value is not None else None
        # In a month with one or two vehicles heard, their mean is nearly one vehicle's distance.
        enough = heard[month.year * 100 + month.month] >= MIN_ASSETS
        lines.append(MonthLine(f"{month:%Y-%m}", rounded_km(km.value) if km and enough else None, available))
        month = (month + timedelta(days=31)).replace(day=1)
    return tuple(lines)
