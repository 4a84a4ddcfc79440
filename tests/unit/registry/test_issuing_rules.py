"""Which lot goes first, what may leave when, what an opened pack still holds, and how long stock lasts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import DomainError, InvalidInput, RuleViolation
from assets.registry.rules.issuing import (
    Candidate,
    Moved,
    Pack,
    PackEntry,
    check_control,
    check_issued,
    check_tests,
    cover_days,
    first_expired_first_out,
    fold_pack,
    room_at,
    use_by,
)
from tests.support.lots import never_below_zero

TODAY = date(2026, 11, 2)
START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
DAYS = st.one_of(st.none(), st.dates(TODAY - timedelta(days=40), TODAY + timedelta(days=400)))
PACKS = st.builds(
    Pack, st.integers(1, 99), st.just(START), DAYS, st.one_of(st.none(), st.integers(0, 20)), st.booleans(),
    st.booleans(),
)  # fmt: skip
LOTS = st.lists(
    st.tuples(DAYS, st.decimals(0, 50, places=0), st.lists(PACKS, max_size=2), st.booleans()), max_size=8
).map(lambda rows: [Candidate(n, days, sealed, tuple(packs), bar) for n, (days, sealed, packs, bar) in enumerate(rows)])


def is_usable(lot: Candidate) -> bool:
    """The rule in words of its own: not barred, in date, and something is there."""
    open_ones = [
        pack for pack in lot.packs
        if not pack.is_out and not pack.is_closed and pack.tests_left != 0 and not (pack.use_by and pack.use_by < TODAY)
    ]  # fmt: skip
    in_date = lot.expires_on is None or lot.expires_on >= TODAY
    return in_date and not lot.is_barred and (lot.sealed > 0 or bool(open_ones))


@given(LOTS)
def test_exactly_the_usable_lots_are_proposed_and_none_expires_before_one_that_goes_first(
    lots: list[Candidate],
) -> None:
    order = first_expired_first_out(lots, TODAY)
    assert {lot.lot_id for lot in order} == {lot.lot_id for lot in lots if is_usable(lot)}
    sealed = [lot for lot in order if not lot.open_packs(TODAY)]
    days = [lot.expires_on or date.max for lot in sealed]
    assert days == sorted(days)
    assert order == [lot for lot in order if lot.open_packs(TODAY)] + sealed


@given(LOTS)
def test_the_proposal_does_not_depend_on_the_order_in_which_lots_are_read(lots: list[Candidate]) -> None:
    assert first_expired_first_out(lots, TODAY) == first_expired_first_out(lots[::-1], TODAY)


MOVES = st.lists(
    st.builds(
        Moved, st.integers(0, 12).map(lambda hours: START + timedelta(hours=hours)),
        st.sampled_from(["received", "issued", "written_off", "counted"]), st.decimals(-9, 9, places=0),
    ),
    max_size=8,
).filter(never_below_zero)  # fmt: skip


@given(MOVES, st.integers(0, 12), st.integers(1, 9))
def test_what_room_allows_never_brings_any_moment_below_zero_and_one_more_would(
    moves: list[Moved], hour: int, more: int
) -> None:
    at = START + timedelta(hours=hour)
    room, counted_at = room_at(moves, at)

    def after(quantity: Decimal) -> list[Moved]:
        late = [Moved(at, "issued", -quantity)]
        if counted_at is not None:
            late.append(Moved(counted_at, "counted", quantity))
        return moves + late

    assert never_below_zero(after(room))
    assert not never_below_zero(after(room + more))


def test_what_left_before_a_count_does_not_change_what_was_counted() -> None:
    counted = START + timedelta(hours=5)
    moves = [Moved(START, "received", Decimal(10)), Moved(counted, "counted", Decimal(-4))]
    assert room_at(moves, START + timedelta(hours=1)) == (Decimal(10), counted)
    assert room_at(moves, counted) == (Decimal(6), None)
    assert room_at(moves, START - timedelta(hours=1)) == (Decimal(0), counted)


def test_a_pack_is_what_its_entries_leave_of_it() -> None:
    opened = Pack(1, START, TODAY, 10)
    told = [PackEntry("used", START, -3), PackEntry("counted", START, 1), PackEntry("went_out", START)]
    assert fold_pack(opened, told).tests_left == 8
    assert fold_pack(opened, told).is_out
    assert not fold_pack(opened, [*told, PackEntry("came_back", START)]).is_out
    assert fold_pack(opened, [*told, PackEntry("closed", START)]).is_closed
    assert not fold_pack(opened, []).is_out


@pytest.mark.parametrize(
    ("within", "expires", "last"),
    [
        (None, None, None),
        (30, None, TODAY + timedelta(days=30)),
        (30, TODAY + timedelta(days=9), TODAY + timedelta(days=9)),
        (None, TODAY + timedelta(days=9), TODAY + timedelta(days=9)),
    ],
)
def test_an_opened_pack_ends_by_its_own_clock_or_with_its_lot(
    within: int | None, expires: date | None, last: date | None
) -> None:
    assert use_by(TODAY, within, expires) == last


def test_an_opened_pack_may_be_used_on_its_last_day_and_not_after() -> None:
    pack = Pack(1, START, TODAY, None)
    assert pack.may_be_used(TODAY)
    assert not pack.may_be_used(TODAY + timedelta(days=1))
    assert not Pack(1, START, None, 0).may_be_used(TODAY)


def test_cover_is_stock_by_the_mean_daily_issue_and_unknown_without_issues() -> None:
    assert cover_days(Decimal(40), Decimal(90)) == Decimal("40.0")
    assert cover_days(Decimal(10), Decimal(45)) == Decimal("20.0")
    assert cover_days(Decimal(0), Decimal(45)) == 0
    assert cover_days(Decimal(40), Decimal(0)) is None
    assert cover_days(Decimal(40), Decimal(-2)) is None


def test_packs_go_whole_and_something_goes() -> None:
    check_issued(Decimal("0.5"), in_packs=False)
    for wrong, in_packs in (("0", False), ("-1", False), ("1.5", True)):
        with pytest.raises(InvalidInput):
            check_issued(Decimal(wrong), in_packs=in_packs)


def test_test_kits_are_opened_with_a_control_and_others_without() -> None:
    check_control("ident.test_kit", "failed")
    check_control("protect.filter", None)
    for code, control in (("ident.test_kit", None), ("ident.test_kit", "maybe"), ("protect.filter", "passed")):
        with pytest.raises(InvalidInput):
            check_control(code, control)


@pytest.mark.parametrize(
    ("pack", "tests", "error"),
    [
        (Pack(1, START, None, 5), 6, InvalidInput),
        (Pack(1, START, None, 5), 0, InvalidInput),
        (Pack(1, START, None, None), 1, RuleViolation),
        (Pack(1, START, None, 5, is_closed=True), 1, RuleViolation),
    ],
)
def test_no_more_tests_are_used_than_a_pack_holds(pack: Pack, tests: int, error: type[DomainError]) -> None:
    with pytest.raises(error):
        check_tests(pack, tests)
