"""Detectors, search and safety equipment by class: uses, checks, calibration, deployment in joint operations."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, fields
from functools import reduce
from operator import add
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.metrics.rules.kpi import DaySums, ItemCounts, by_code, use_kpis
from assets.operations.queries.figures import deployment
from assets.reports.disclosure import MIN_ASSETS, VEHICLES, Cell, merged
from assets.reports.disclosure.cells import hidden_in_line, hidden_in_table, is_small
from assets.reports.donor_summary.items import Items
from assets.reports.donor_summary.national import National, left_out, measured
from assets.reports.figures import Count, InstrumentLine, Instruments, KindLine
from assets.reports.queries import work
from assets.reports.queries.given import of_donor


@dataclass(frozen=True)
class _State:
    """The true counts of a class: subject to calibration, in calibration; checks done, passed."""

    subject: int
    valid: int
    done: int
    passed: int


def instruments(
    session: Session, whole: National, donor_id: int, kinds: tuple[KindLine, ...], zone: ZoneInfo
) -> Instruments:
    """The classes that are not vehicles, as far as they record uses, need a check, or went into an operation."""
    extent = whole.extent
    by_name: dict[str, list[int]] = defaultdict(list)
    for class_id, name in whole.items.reported.items():
        if name != VEHICLES:
            by_name[name].append(class_id)
    names = [name for name in whole.items.names if name != VEHICLES]
    checked = work.checks(session, donor_id, extent.first, extent.until, zone)
    states = {name: _state(whole, by_name[name], checked) for name in names}
    calibration = _calibration(states)
    held = next((line.now for line in kinds if line.kind == "joint_operation"), None)
    untold = _untold_uses(whole, {name: by_name[name] for name in names})
    lines = []
    for name in names:
        ids = by_name[name]
        deployed = None
        if held is not None and held >= MIN_ASSETS:
            issued = deployment(session, ids, extent.first, extent.until, where=of_donor(donor_id)).issued
            deployed = None if is_small(issued) else issued
        lines.append(_line(whole, name, ids, states[name], calibration[name], deployed, told_uses=name not in untold))
    shown = tuple(
        line for line in lines if line.uses.denominator or line.uses.hidden or line.subject != 0 or line.checks != 0
    )
    return Instruments(shown, held, work.lots(session, donor_id, extent.until, zone))


def _untold_uses(whole: National, by_name: dict[str, list[int]]) -> frozenset[str]:
    """The classes of which uses are left out: those with records of one or two items, and with them others.

    The uses of the whole country are known to the reader: a class left out alone would be what is missing from them.
    """
    recorded = {cell.asset_id: cell.class_id for cell in whole.use.days.cells if cell.sums.item_known_days}
    counts = Counter(recorded.values())
    cells = [Cell(name, items, 1) for name, ids in by_name.items() if (items := sum(counts[n] for n in ids))]
    return merged(cells, min_units=1)


def _line(
    whole: National,
    name: str,
    ids: list[int],
    state: _State,
    calibration: tuple[Count, Count],
    deployed: Count,
    *,
    told_uses: bool,
) -> InstrumentLine:
    sums = whole.use.days.sums("class")
    used = by_code(use_kpis(reduce(add, (sums.get(n, DaySums()) for n in ids), DaySums())))
    # One or two checks, or one or two that failed, would point at an item.
    few = is_small(state.done)
    uses = used["uses_per_asset_month"]
    told = not few and not hidden_in_line([state.passed, state.done - state.passed])
    return InstrumentLine(
        name=name,
        items=_serving(whole.items, name),
        uses=measured(uses) if told_uses else left_out(uses.code, uses.unit),
        subject=calibration[0],
        in_calibration=calibration[1],
        checks=None if few else state.done,
        checks_passed=state.passed if told else None,
        deployed=deployed,
    )


def _serving(items: Items, name: str) -> int:
    return sum(item.on_register for item in items.of(name))


def _state(whole: National, ids: list[int], checked: dict[int, tuple[int, int]]) -> _State:
    counts = whole.use.days.counts("class")
    of = _added([counts.get(n, ItemCounts()) for n in ids])
    done = [checked.get(n, (0, 0)) for n in ids]
    return _State(
        of.subject_at_end, of.in_calibration_at_end, sum(one for one, _ in done), sum(passed for _, passed in done)
    )


def _calibration(states: dict[str, _State]) -> dict[str, tuple[Count, Count]]:
    """Items that need a calibration and those that have one, by class; the country's totals are known to the reader.

    Classes with one or two such items are left out as a whole; what remains of the totals then is one more row.
    """
    names = [name for name, state in states.items() if state.subject]
    left_out = {names[n] for n in hidden_in_line([states[name].subject for name in names])}
    rows = [name for name in names if name not in left_out]
    counts = [[states[name].valid, states[name].subject - states[name].valid] for name in rows]
    if left_out:
        valid = sum(states[name].valid for name in left_out)
        counts.append([valid, sum(states[name].subject for name in left_out) - valid])
    hidden = hidden_in_table(counts) if counts else frozenset()
    found: dict[str, tuple[Count, Count]] = dict.fromkeys(states, (0, 0))
    for n, name in enumerate(rows):
        found[name] = (states[name].subject, None if (n, 0) in hidden else states[name].valid)
    return found | dict.fromkeys(left_out, (None, None))


def _added(counts: list[ItemCounts]) -> ItemCounts:
    whole: dict[str, Any] = {
        f.name: sum(getattr(c, f.name) for c in counts) for f in fields(ItemCounts) if f.name != "grades"
    }
    return ItemCounts(**whole)
