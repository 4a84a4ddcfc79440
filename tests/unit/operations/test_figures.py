"""Results add up over disjoint periods and regions, and say what they do not know."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from assets.operations.rules.figures import OperationFact, Results, SeizureFact, SubstanceResult, tally, together

KG = st.none() | st.decimals("0.000001", "5000", places=6)
SEIZURES = st.builds(
    SeizureFact,
    st.lists(st.tuples(st.sampled_from(["heroin", "opium", "tropicamide"]), KG), min_size=1, max_size=4).map(tuple),
)
OPERATIONS = st.builds(
    OperationFact,
    kind=st.sampled_from(["joint_operation", "controlled_delivery", "patrol"]),
    delivery=st.sampled_from(["internal", "international"]),
    arrests=st.integers(0, 9),
    searches=st.none() | st.integers(0, 50),
    finds=st.none() | st.integers(0, 5),
    has_seizure=st.booleans(),
    contributions=st.dictionaries(
        st.sampled_from(["ident.raman", "search.videoscope"]), st.sampled_from(["none", "supported", "decisive"])
    ),
)
PERIODS = st.lists(st.tuples(st.lists(OPERATIONS, max_size=6), st.lists(SEIZURES, max_size=6)), max_size=5)


@given(PERIODS)
def test_results_of_disjoint_periods_add_up_to_the_whole(
    periods: list[tuple[list[OperationFact], list[SeizureFact]]],
) -> None:
    parts = [tally(operations, seizures) for operations, seizures in periods]
    whole = tally([o for part, _ in periods for o in part], [s for _, part in periods for s in part])
    assert together(parts) == whole


def test_unknown_mass_is_counted_apart_and_never_as_nothing() -> None:
    found = tally([], [SeizureFact((("tropicamide", None),)), SeizureFact((("tropicamide", Decimal("0.224")),))])
    assert found.substances["tropicamide"] == SubstanceResult(2, Decimal("0.224"), 1, Decimal("0.224"))
    only_unknown = tally([], [SeizureFact((("pregabalin", None),))]).substances["pregabalin"]
    assert (only_unknown.seizures_without_kg, only_unknown.largest_kg) == (1, None)


def test_largest_event_is_a_seizure_not_a_packet_of_it() -> None:
    two_packets = SeizureFact((("heroin", Decimal(3)), ("heroin", Decimal(4))))
    found = tally([], [two_packets, SeizureFact((("heroin", Decimal(5)),))]).substances["heroin"]
    assert found == SubstanceResult(2, Decimal(12), 0, Decimal(7))
    assert found.kg_without_largest == Decimal(5)


def test_contribution_is_a_share_of_operations_with_a_seizure() -> None:
    def held(contribution: str, *, seized: bool) -> OperationFact:
        return OperationFact("patrol", "", 0, None, None, seized, {"ident.raman": contribution})

    found = tally(
        [held("decisive", seized=True), held("supported", seized=True), held("none", seized=True),
         held("decisive", seized=False)],
        [],
    )  # fmt: skip
    assert (found.seizure_operations, found.helped, found.decided) == (3, 2, 1)
    assert found.helped_share == 2 / 3
    assert Results().helped_share is None
