"""Counts for a donor's summary: the cases of a period as they stood at its end."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from assets.core.clock import day_start, local_date
from assets.core.db import zone_of
from assets.disposal.models import DISPOSAL_STATES, LOSS_STATES, DisposalCase, LossCase
from assets.registry.models import Asset, Grant, HandoverBatch


def loss_counts(session: Session, donor_id: int, first: date, until: date) -> dict[str, int]:
    """Losses of the donor's items by state: those open at any time in the local days `first` to before `until`.

    The state is the one at the end of the period, so that a past period gives the same numbers for ever. Every state
    of `LOSS_STATES` has its count.
    """
    zone = zone_of(session)
    rows = session.execute(
        select(LossCase.inquiry_opened_on, LossCase.decided_on)
        .join(Asset, Asset.id == LossCase.asset_id)
        .join(HandoverBatch, HandoverBatch.id == Asset.batch_id)
        .join(Grant, Grant.id == HandoverBatch.grant_id)
        .where(
            Grant.donor_id == donor_id,
            Asset.annulled_at.is_(None),
            LossCase.reported_at < day_start(until, zone),
            or_(LossCase.decided_on.is_(None), LossCase.decided_on >= first),
        )
    )
    found = Counter(_loss_state(inquiry, decided, until) for inquiry, decided in rows)
    return {state: found[state] for state in LOSS_STATES}


def disposal_counts(session: Session, donor_id: int, first: date, until: date) -> dict[str, int]:
    """Disposal cases of the donor's items by state, by the same rule as `loss_counts`; every state has its count."""
    zone = zone_of(session)
    rows = session.execute(
        select(
            DisposalCase.decided_on, DisposalCase.method, DisposalCase.carried_out_on, DisposalCase.reversed_at,
        )
        .join(Asset, Asset.id == DisposalCase.asset_id)
        .join(HandoverBatch, HandoverBatch.id == Asset.batch_id)
        .join(Grant, Grant.id == HandoverBatch.grant_id)
        .where(
            Grant.donor_id == donor_id,
            Asset.annulled_at.is_(None),
            DisposalCase.proposed_at < day_start(until, zone),
            or_(DisposalCase.carried_out_on.is_(None), DisposalCase.carried_out_on >= first),
            or_(DisposalCase.reversed_at.is_(None), DisposalCase.reversed_at >= day_start(first, zone)),
            # A refusal ended the case on the day of the decision; an approval did not.
            or_(DisposalCase.state != "rejected", DisposalCase.decided_on >= first),
        )
    )  # fmt: skip
    found = Counter(
        _disposal_state(decided, method, carried_out, reversed_at, until, zone)
        for decided, method, carried_out, reversed_at in rows
    )
    return {state: found[state] for state in DISPOSAL_STATES}


def _loss_state(inquiry: date | None, decided: date | None, until: date) -> str:
    if decided is not None and decided < until:
        return "decided"
    return "inquiry" if inquiry is not None and inquiry < until else "reported"


def _disposal_state(
    decided: date | None,
    method: str,
    carried_out: date | None,
    reversed_at: datetime | None,
    until: date,
    zone: ZoneInfo,
) -> str:
    if carried_out is not None and carried_out < until:
        return "carried_out"
    if reversed_at is not None and local_date(reversed_at, zone) < until:
        return "reversed"
    if decided is None or decided >= until:
        return "proposed"
    return "approved" if method else "rejected"
