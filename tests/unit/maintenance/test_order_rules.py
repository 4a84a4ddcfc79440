"""Work orders: what is final stays final, and a standstill has one cause at a time."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import InvalidInput, RuleViolation
from assets.maintenance.rules.orders import (
    FINAL,
    MOVES,
    Cause,
    Kind,
    Payer,
    Severity,
    State,
    check_cost,
    check_move,
    merged,
    standstill_cause,
    total,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
stretches = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 60)).map(
        lambda pair: (START + timedelta(hours=pair[0]), START + timedelta(hours=pair[0] + pair[1]))
    ),
    max_size=12,
)


@given(st.sampled_from(State), st.sampled_from(State))
def test_moves_follow_the_table(state: State, target: State) -> None:
    if target in MOVES[state]:
        check_move(state, target)
    else:
        with pytest.raises(RuleViolation):
            check_move(state, target)


@pytest.mark.parametrize("state", sorted(FINAL))
def test_closed_order_has_no_way_on(state: State) -> None:
    assert MOVES[state] == frozenset()


@given(st.sampled_from([s for s in State if s not in FINAL]))
def test_every_open_state_can_be_done_or_cancelled(state: State) -> None:
    assert MOVES[state] >= FINAL


@pytest.mark.parametrize(
    ("kind", "severity", "state", "cause"),
    [
        (Kind.CORRECTIVE, Severity.MAJOR, State.REQUESTED, Cause.FAILURE),
        (Kind.CORRECTIVE, Severity.CRITICAL, State.PLANNED, Cause.FAILURE),
        (Kind.CORRECTIVE, Severity.MINOR, State.PLANNED, None),
        (Kind.CORRECTIVE, Severity.MINOR, State.IN_PROGRESS, Cause.FAILURE),
        (Kind.CORRECTIVE, Severity.MAJOR, State.WAITING_PARTS, Cause.WAITING_BUDGET),
        (Kind.PREVENTIVE, None, State.PLANNED, None),
        (Kind.PREVENTIVE, None, State.IN_PROGRESS, Cause.SCHEDULED),
        (Kind.CORRECTIVE, Severity.CRITICAL, State.DONE, None),
        (Kind.CORRECTIVE, Severity.CRITICAL, State.CANCELLED, None),
    ],
)
def test_standstill_cause(kind: Kind, severity: Severity | None, state: State, cause: Cause | None) -> None:
    assert standstill_cause(kind, severity, Cause.FAILURE, state, Cause.WAITING_BUDGET) == cause


@given(stretches)
def test_overlapping_downtime_is_counted_once(found: list[tuple[datetime, datetime]]) -> None:
    hours = {start + timedelta(hours=n) for start, end in found for n in range(int((end - start) / timedelta(hours=1)))}
    assert total(found) == timedelta(hours=len(hours))
    joined = merged(found)
    assert all(left[1] < right[0] for left, right in itertools.pairwise(joined))


@pytest.mark.parametrize(
    ("cost", "currency", "payer"),
    [
        (Decimal("-1"), "USD", Payer.DONOR), (Decimal("1.001"), "USD", Payer.DONOR), (Decimal("NaN"), "USD", None),
        (Decimal(10) ** 15, "USD", Payer.DONOR), (Decimal(5), "dollars", Payer.DONOR), (Decimal(5), "USD", None),
        (None, "dollars", None),
    ],
)  # fmt: skip
def test_cost_that_cannot_be_is_refused(cost: Decimal | None, currency: str, payer: Payer | None) -> None:
    with pytest.raises(InvalidInput):
        check_cost(cost, currency, payer)
