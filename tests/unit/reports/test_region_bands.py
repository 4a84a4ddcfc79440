"""Bands of regions beside the exact figures of the country give no number of a region away."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from assets.reports.disclosure import MIN_ASSETS, band, count_band
from assets.reports.disclosure.cells import K
from assets.reports.disclosure.regions import Bands, RegionCount, region_bands


@st.composite
def regions(draw: st.DrawFn) -> list[RegionCount]:
    items = draw(st.lists(st.integers(MIN_ASSETS, 14), min_size=2, max_size=3))
    return [RegionCount(count, draw(st.integers(0, count))) for count in items]


def allowed(shown: Bands, items: int, verified: int) -> bool:
    return (shown.items is None or count_band(items) == shown.items) and (
        shown.verified is None or band(verified / items) == shown.verified
    )


def possible(shown: tuple[Bands, ...], items: int, verified: int) -> list[list[tuple[int, int]]]:
    """Every way to share the country's items and verified ones out to the regions that agrees with their bands."""
    if not shown:
        return [[]] if items == verified == 0 else []
    found = []
    for count in range(MIN_ASSETS, items + 1):
        for seen in range(min(count, verified) + 1):
            if allowed(shown[0], count, seen):
                found += [[(count, seen), *rest] for rest in possible(shown[1:], items - count, verified - seen)]
    return found


@given(regions())
@settings(max_examples=60)
def test_reader_cannot_solve_a_region_from_bands_and_totals(counts: list[RegionCount]) -> None:
    shown = region_bands(counts)
    items, verified = sum(c.items for c in counts), sum(c.verified for c in counts)
    everything = possible(shown, items, verified)
    if all(bands == Bands(None, None) for bands in shown):
        return
    for n in range(len(counts)):
        needed = min(K, items - MIN_ASSETS * len(counts) + 1)
        assert len({each[n][0] for each in everything}) >= needed
        assert len({each[n][1] for each in everything}) >= min(K, verified + 1, items - verified + 1)


def test_two_bands_that_the_total_would_solve_are_not_shown() -> None:
    # 103 items: 100 or more, and 3 to 9, leave one possibility only.
    shown = region_bands([RegionCount(100, 60), RegionCount(3, 2)])
    assert [bands.items for bands in shown] == [None, None]


def test_bands_far_from_their_edges_are_shown() -> None:
    shown = region_bands([RegionCount(60, 40), RegionCount(20, 12), RegionCount(70, 65)])
    assert [bands.items for bands in shown] == ["30_to_99", "10_to_29", "30_to_99"]
    assert [bands.verified for bands in shown] == ["50_to_80", "50_to_80", "80_or_more"]
