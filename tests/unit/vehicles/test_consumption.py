"""Litres per 100 km and cost per km: only between full tanks, only what is known, no two currencies in one sum."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from assets.vehicles.rules.costs import Costs, Fill, Reading, consumption, first_known, share

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
LITRES = st.decimals("0.01", 300, places=2)


def full(hour: int, litres: int, km: int | None) -> Fill:
    return Fill(START + timedelta(hours=hour), Decimal(litres), True, None if km is None else Decimal(km))


def partial(hour: int, litres: int, km: int | None = None) -> Fill:
    return Fill(START + timedelta(hours=hour), Decimal(litres), False, None if km is None else Decimal(km))


def test_what_went_in_after_the_first_full_tank_is_what_was_used() -> None:
    used = consumption([full(0, 60, 1000), partial(5, 20, 1200), full(9, 30, 1500)])
    assert used is not None
    assert (used.litres, used.km, used.per_100km) == (Decimal(50), Decimal(500), Decimal("10.0"))


def test_it_is_not_known_before_the_second_full_tank() -> None:
    assert consumption([]) is None
    assert consumption([full(0, 60, 1000), partial(1, 20, 1200), partial(2, 20, 1400)]) is None
    assert consumption([full(0, 60, 1000), full(1, 60, None)]) is None


def test_full_tank_whose_odometer_nobody_read_is_litres_and_no_boundary() -> None:
    used = consumption([full(0, 60, 1000), full(3, 25, None), full(9, 25, 1500)])
    assert used is not None
    assert (used.litres, used.km, used.stretches) == (Decimal(50), Decimal(500), 1)


def test_stretch_in_which_the_odometer_was_replaced_counts_neither_litres_nor_km() -> None:
    used = consumption([full(0, 60, 90_000), full(1, 70, 10), full(2, 40, 410)])
    assert used is not None
    assert (used.litres, used.km) == (Decimal(40), Decimal(400))


def test_topping_up_at_the_same_reading_is_not_lost() -> None:
    used = consumption([full(0, 60, 1000), full(1, 2, 1000), full(2, 48, 1500)])
    assert used is not None
    assert (used.litres, used.km) == (Decimal(50), Decimal(500))


@given(
    st.lists(LITRES, max_size=8),
    st.randoms(use_true_random=False),
    st.integers(1, 100_000),
    st.integers(1, 5000),
    LITRES,
)
def test_partial_fills_in_any_order_give_the_same(
    parts: list[Decimal], chance: Random, km: int, driven: int, last: Decimal
) -> None:
    ends = [full(0, 60, km), Fill(START + timedelta(hours=99), last, True, Decimal(km + driven))]

    def with_partials(litres: list[Decimal]) -> list[Fill]:
        between = [Fill(START + timedelta(hours=n + 1), amount, False) for n, amount in enumerate(litres)]
        shuffled = [*ends, *between]
        chance.shuffle(shuffled)
        return shuffled

    mixed = list(parts)
    chance.shuffle(mixed)
    used = consumption(with_partials(parts))
    assert used == consumption(with_partials(mixed))
    assert used is not None
    assert (used.litres, used.km) == (sum(parts, last), Decimal(driven))


@given(st.lists(st.tuples(LITRES, st.integers(1, 800)), min_size=2, max_size=10), st.integers(1, 9))
def test_stretches_add_up_to_the_whole(steps: list[tuple[Decimal, int]], cut: int) -> None:
    assume(cut < len(steps))
    fills, km = [], 0
    for n, (litres, driven) in enumerate(steps):
        km += driven
        fills.append(Fill(START + timedelta(hours=n), litres, True, Decimal(km)))
    whole, first, second = consumption(fills), consumption(fills[: cut + 1]), consumption(fills[cut:])
    assert whole is not None
    parts = [part for part in (first, second) if part is not None]
    assert whole.litres == sum((part.litres for part in parts), Decimal(0))
    assert whole.km == sum((part.km for part in parts), Decimal(0))


def test_currencies_are_never_summed_and_unknown_bills_are_counted() -> None:
    costs = Costs()
    costs.add("fuel", Decimal(100), "USD")
    costs.add("maintenance", Decimal(900_000), "UZS")
    costs.add("fuel", None, "UZS")
    assert [(cost.currency, cost.total) for cost in costs.listed] == [("USD", Decimal(100)), ("UZS", Decimal(900_000))]
    assert costs.unknown == 1
    assert [cost.per_km(Decimal(1000)) for cost in costs.listed] == [Decimal("0.1"), Decimal(900)]
    assert [cost.per_km(None) for cost in costs.listed] == [None, None]
    assert costs.listed[0].per_km(Decimal(0)) is None


def test_premium_counts_by_the_days_on_which_it_was_valid() -> None:
    year = (date(2026, 1, 1), date(2026, 12, 31))
    assert share(Decimal(365), year, (date(2026, 3, 1), date(2026, 3, 11))) == 10
    assert share(Decimal(365), year, (date(2025, 12, 1), date(2026, 1, 2))) == 1
    assert share(Decimal(365), year, (date(2027, 1, 1), date(2027, 2, 1))) == 0


def test_distance_counts_from_the_last_replacement_or_the_first_reading_that_is_known() -> None:
    def at(hour: int, km: int, *, replaced: bool = False) -> Reading:
        return Reading(START + timedelta(hours=hour), Decimal(km), replaced)

    span = START, START + timedelta(hours=10)
    assert first_known([], *span) is None
    assert first_known([at(3, 50), at(-2, 20), at(-5, 10)], *span) == at(-2, 20)
    assert first_known([at(3, 50), at(12, 90)], *span) == at(3, 50)
    assert first_known([at(-2, 20), at(3, 1, replaced=True), at(5, 9)], *span) == at(3, 1, replaced=True)
