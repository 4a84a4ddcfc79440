"""What was handed over: grants, rounds with their values in US dollars, the asset list, and what was promised."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from assets.handover.models import HandoverLine
from assets.registry.models import Grant, HandoverBatch
from assets.reports.disclosure import VEHICLES, reporting_class
from assets.reports.figures import BatchLine, GrantLine, ListLine, ValuePoint
from assets.reports.queries.given import Given

_CENT = Decimal("0.01")


def grants(session: Session, donor_id: int) -> tuple[tuple[GrantLine, ...], tuple[str, ...], tuple[int, ...]]:
    """The donor's grants by code, the implementing agencies, and the grants' ids."""
    found = session.scalars(
        select(Grant)
        .options(joinedload(Grant.implementing_agency))
        .where(Grant.donor_id == donor_id)
        .order_by(Grant.code)
    ).all()
    agencies = sorted({grant.implementing_agency.name for grant in found if grant.implementing_agency})
    lines = tuple(GrantLine(g.code, g.title, g.en_number, g.ga_number) for g in found)
    return lines, tuple(agencies), tuple(grant.id for grant in found)


def batches(session: Session, donor_id: int, until: date, given: Sequence[Given]) -> tuple[BatchLine, ...]:
    """The handovers, oldest first."""
    by_batch: dict[int, list[Given]] = defaultdict(list)
    for item in given:
        by_batch[item.batch_id].append(item)
    rounds = _rounds(session, donor_id, until)
    promised = _promised(session, [batch.id for batch in rounds])
    return tuple(_line(batch, by_batch[batch.id], promised.get(batch.id)) for batch in rounds)


def _rounds(session: Session, donor_id: int, until: date) -> Sequence[HandoverBatch]:
    return session.scalars(
        select(HandoverBatch)
        .join(Grant, Grant.id == HandoverBatch.grant_id)
        .options(joinedload(HandoverBatch.grant), selectinload(HandoverBatch.recipients))
        .where(Grant.donor_id == donor_id, HandoverBatch.handed_over_on < until)
        .order_by(HandoverBatch.handed_over_on, HandoverBatch.id)
    ).all()


def _promised(session: Session, batch_ids: Sequence[int]) -> dict[int, tuple[int, Decimal | None]]:
    """Items and value of each deed that was entered line by line; the value None unless every line has one."""
    priced = func.sum(HandoverLine.quantity * HandoverLine.unit_value)
    rows = session.execute(
        select(
            HandoverLine.batch_id, func.sum(HandoverLine.quantity), priced,
            func.count().filter(HandoverLine.unit_value.is_(None)),
        )
        .where(HandoverLine.batch_id.in_(batch_ids))
        .group_by(HandoverLine.batch_id)
    )  # fmt: skip
    return {
        batch_id: (int(items), None if unpriced else Decimal(str(value)).quantize(_CENT))
        for batch_id, items, value, unpriced in rows
    }


def _line(batch: HandoverBatch, items: list[Given], promised: tuple[int, Decimal | None] | None) -> BatchLine:
    value = _value(batch, items, promised[1] if promised else None)
    return BatchLine(
        number=batch.number,
        month=f"{batch.handed_over_on:%Y-%m}",
        grant=batch.grant.code,
        contents=tuple(sorted(Counter(reporting_class(i.class_code, i.class_name) for i in items).items())),
        items=len(items),
        promised=promised[0] if promised else None,
        value=value,
        currency=batch.currency,
        usd=_usd(value, batch),
        rate_on=batch.rate_on if batch.currency != "USD" else None,
        receiving_agencies=len(batch.recipients),
        title_statuses=tuple(sorted({item.title_status for item in items})),
    )


def _value(batch: HandoverBatch, items: list[Given], of_lines: Decimal | None) -> Decimal | None:
    """The value of the handover as stated; else that of its lines; else of its items, if each has one."""
    if batch.value is not None:
        return batch.value
    if of_lines is not None:
        return of_lines
    values = [item.value for item in items if item.value is not None and item.currency == batch.currency]
    return sum(values, Decimal(0)) if items and len(values) == len(items) else None


def _usd(value: Decimal | None, batch: HandoverBatch) -> Decimal | None:
    """The value in US dollars at the rate that was entered with the handover."""
    if value is None or batch.currency == "USD":
        return value
    return (value / batch.usd_rate).quantize(_CENT) if batch.usd_rate else None


def cumulative(lines: Sequence[BatchLine]) -> tuple[ValuePoint, ...]:
    """The value handed over so far in US dollars after each month with a handover; without a rate it is left out."""
    so_far = Decimal(0)
    points: dict[str, Decimal] = {}
    for line in lines:
        if line.usd is not None:
            so_far += line.usd
            points[line.month] = so_far
    return tuple(ValuePoint(month, "USD", value) for month, value in sorted(points.items()))


def asset_list(given: Sequence[Given], lines: Sequence[BatchLine], numbers: dict[int, str]) -> tuple[ListLine, ...]:
    """What came with each handover by class and model, as on its deed.

    Models of vehicles are left out: beside the list of the marked ones they would tell which are not.
    """
    order = {line.number: n for n, line in enumerate(lines)}
    counted: Counter[tuple[str, str, str]] = Counter()
    for item in given:
        name = reporting_class(item.class_code, item.class_name)
        counted[numbers[item.batch_id], name, "" if name == VEHICLES else item.model] += 1
    found = [ListLine(*key, count) for key, count in counted.items()]
    return tuple(sorted(found, key=lambda line: (order[line.batch], line.class_name, line.model)))


def batch_numbers(session: Session, given: Sequence[Given]) -> dict[int, str]:
    """The numbers of the handovers of these items, by id."""
    wanted = {item.batch_id for item in given}
    return {n: number for n, number in session.execute(select(HandoverBatch.id, HandoverBatch.number)) if n in wanted}
