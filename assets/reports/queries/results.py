"""Results of closed operations as a donor may see them: counts first, weights with an interval, small cells out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.metrics.models import AssetDay
from assets.metrics.queries.extent import donor_extent
from assets.metrics.rules.intervals import fay_feuer, garwood
from assets.metrics.rules.kpi import rounded
from assets.operations.models import Operation, Seizure, SeizureItem
from assets.operations.queries.figures import COUNTS, results
from assets.operations.rules.figures import Results as Known
from assets.reports.disclosure import MIN_ASSETS, two_digits
from assets.reports.disclosure.cells import hidden_in_line, is_small
from assets.reports.figures import (
    ContributionLine,
    Count,
    KindLine,
    Measure,
    RatePoint,
    Results,
    ResultTotals,
    SubstanceLine,
)

# Kinds as they are shown: controlled deliveries by their type.
KINDS = (
    "joint_operation", "controlled_delivery.internal", "controlled_delivery.international", "patrol", "checkpoint",
    "search",
)  # fmt: skip
_PER_DAYS = 1000


@dataclass(frozen=True)
class Span:
    """A half-open stretch of local days."""

    first: date
    until: date


def results_of(
    session: Session,
    donor_id: int,
    spans: Sequence[Span],
    class_names: Mapping[str, str],
    released: Results | None,
) -> Results:
    """What closed operations of the whole programme came to in the first of `spans`.

    `spans` are the period, the period before, and the same period of the year before. `class_names` names the donor's
    classes by code as they are reported. `released`: results that the donor has of the year before already; they are
    repeated as they are, so that no second version of them can be compared with the first.
    """
    now, before, year_before = (results(session, span.first, span.until, None) for span in spans)
    lines, others = _substances(now, _masses(session, spans[0]), _cases_before(year_before, released))
    return Results(
        totals=_totals(now),
        year_before=released.totals if released else _totals(year_before),
        kinds=_kinds(now, year_before, released),
        substances=lines,
        other_substances=others,
        contributions=_contributions(now, class_names),
        rates=_rates(session, donor_id, spans, (now, before, year_before)),
    )


def _totals(known: Known) -> ResultTotals:
    """Exact totals; what one or two operations came to is left out, as it would be one operation's result."""
    enough = not is_small(known.operations_in_all)

    def shown(count: int) -> Count:
        return count if enough else None

    return ResultTotals(
        operations=known.operations_in_all,
        arrests=shown(known.arrests),
        seizures=known.seizures,
        searches=shown(known.searches),
        finds=shown(known.finds),
        assessed=known.seizure_operations,
        with_equipment=None if is_small(known.seizure_operations) else known.helped,
    )


def _by_kind(known: Known) -> list[int]:
    return [
        known.controlled_deliveries.get(kind.partition(".")[2], 0)
        if kind.startswith("controlled_delivery")
        else known.operations.get(kind, 0)
        for kind in KINDS
    ]


def _kinds(now: Known, year_before: Known, released: Results | None) -> tuple[KindLine, ...]:
    present, past = _protected(_by_kind(now)), _protected(_by_kind(year_before))
    if released is not None:
        frozen = {line.kind: line.now for line in released.kinds}
        past = [frozen.get(kind) for kind in KINDS]
    return tuple(KindLine(*line) for line in zip(KINDS, present, past, strict=True))


def _protected(counts: list[int]) -> list[Count]:
    hidden = hidden_in_line(counts)
    return [None if n in hidden else count for n, count in enumerate(counts)]


def _masses(session: Session, span: Span) -> dict[str, list[float]]:
    """The weights of the seizures of each substance, in kg; a substance in two packets of a seizure is one of it."""
    rows = session.execute(
        select(SeizureItem.substance, func.sum(SeizureItem.kg))
        .join(Seizure, Seizure.id == SeizureItem.seizure_id)
        .join(Operation, Operation.id == Seizure.operation_id)
        .where(
            COUNTS,
            ~Seizure.struck_out,
            ~SeizureItem.struck_out,
            SeizureItem.kg.is_not(None),
            Seizure.seized_on >= span.first,
            Seizure.seized_on < span.until,
        )
        .group_by(Seizure.id, SeizureItem.substance)
        .order_by(Seizure.id)
    )
    found: dict[str, list[float]] = defaultdict(list)
    for substance, kg in rows:
        found[substance].append(float(kg or 0))
    return found


def _cases_before(year_before: Known, released: Results | None) -> dict[str, int]:
    if released is not None:
        return {line.substance: line.cases for line in released.substances}
    return {code: of.seizures for code, of in year_before.substances.items()}


def _substances(
    now: Known, masses: Mapping[str, list[float]], before: Mapping[str, int]
) -> tuple[tuple[SubstanceLine, ...], int]:
    """Substances seized in at least three cases, most cases first, and how many others there were."""
    lines = []
    for code, found in now.substances.items():
        if found.seizures < MIN_ASSETS:
            continue
        known = masses.get(code, [])
        enough = len(known) >= MIN_ASSETS
        low, high = (fay_feuer(known) if enough else None) or (None, None)
        cases_before = before.get(code, 0)
        lines.append(
            SubstanceLine(
                substance=code,
                cases=found.seizures,
                kg=two_digits(sum(known)) if enough else None,
                low=two_digits(low),
                high=two_digits(high),
                largest=_largest(known) if enough else "",
                weighed=len(known) if enough else 0,
                year_before=None if is_small(cases_before) else cases_before,
            )
        )
    ordered = sorted(lines, key=lambda line: (-line.cases, line.substance))
    return tuple(ordered), len(now.substances) - len(lines)


def _largest(masses: list[float]) -> str:
    """The largest case's share of the weight, in bands: the number itself would be one operation's result."""
    share = max(masses) / sum(masses) if sum(masses) > 0 else 0.0
    if share > 0.5:
        return "over_half"
    return "quarter_to_half" if share >= 0.25 else "under_quarter"


def _contributions(known: Known, class_names: Mapping[str, str]) -> tuple[ContributionLine, ...]:
    """What was said of each class of this donor's; classes that are reported as one are added."""
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for code, of in known.by_class.items():
        if code in class_names:
            for n, count in enumerate((of.none, of.supported, of.decisive)):
                counted[class_names[code]][n] += count
    lines = []
    for name, (none, supported, decisive) in sorted(counted.items()):
        # Supported and decisive together may be known from the operations with any equipment at all.
        helped = _protected([supported, decisive])
        lines.append(ContributionLine(name, None if is_small(none) else none, *helped))
    return tuple(lines)


def _rates(session: Session, donor_id: int, spans: Sequence[Span], known: Sequence[Known]) -> tuple[RatePoint, ...]:
    points = []
    for span, found in zip(spans, known, strict=True):
        extent = donor_extent(donor_id, span.first, span.until)
        vehicles, used = session.execute(
            select(func.count(AssetDay.asset_id.distinct()), func.count()).where(
                extent.condition, AssetDay.on_register, AssetDay.vehicle, AssetDay.used
            )
        ).one()
        if vehicles >= MIN_ASSETS and used:
            points.append(RatePoint(span.first, span.until, _rate(found.seizures, used)))
    return tuple(points)


def _rate(seizures: int, used_days: int) -> Measure:
    exposure = used_days / _PER_DAYS
    low, high = garwood(seizures, exposure) or (None, None)
    return Measure(
        "seizures_per_1000_use_days", rounded(seizures / exposure), seizures, round(exposure, 3), "per_1000_days",
        None, rounded(low), rounded(high),
    )  # fmt: skip
