"""Figures count closed operations that are not annulled, and nothing that is open, struck out or of another period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from assets.core.app import App
from assets.core.errors import InvalidInput
from assets.operations.queries.figures import Deployment, deployment, results, results_by_region
from assets.operations.rules.figures import Results, together
from assets.operations.service import strike_item, strike_seizure
from assets.registry.models import Asset
from tests.support.custody import Custody, new_asset
from tests.support.operations import JOINT, Operations
from tests.support.world import Clock, World

OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))
RAMAN = {"class": "ident.raman", "contribution": "decisive"}


def of(app: App, first: date, until: date, classes: list[int] | None = None) -> Results:
    with app.reading() as session:
        return results(session, first, until, classes)


def test_open_and_annulled_operations_count_nowhere(app: App, operations: Operations) -> None:
    told: dict[str, Any] = {"arrests": 2, "seizures": "heroin 1 kg", "contributions": [RAMAN]}
    operations.record(**told)
    operations.annul(operations.record(closed=True, **told), "recorded twice")
    assert of(app, *OCTOBER) == Results()
    with app.reading() as session:
        assert results_by_region(session, *OCTOBER) == {}
    operations.record(closed=True, **told)
    found = of(app, *OCTOBER)
    assert (found.operations, found.arrests, found.seizures) == ({"patrol": 1}, 2, 1)
    assert (found.seizure_operations, found.helped, found.decided) == (1, 1, 1)


def test_struck_out_seizures_and_substances_do_not_count(app: App, operations: Operations) -> None:
    made = operations.record(seizures="heroin 1 kg; heroin 5 kg + opium 3 g")
    other = operations.record(seizures="heroin 2 kg")
    now = operations.clock.now
    with operations.held(made) as (session, actor, operation):
        first, second = operation.seizures
        strike_seizure(session, actor, operation, first.id, now)
        strike_item(session, actor, operation, second.id, second.items[1].id, now)
    with operations.held(other) as (session, actor, operation):
        (only,) = operation.seizures
        strike_item(session, actor, operation, only.id, only.items[0].id, now)
    operations.close(made)
    operations.close(other)
    found = of(app, *OCTOBER)
    assert (found.seizures, found.seizure_operations) == (1, 1)
    assert {code: each.kg for code, each in found.substances.items()} == {"heroin": 5}


def test_a_seizure_belongs_to_the_period_of_its_own_day(app: App, operations: Operations) -> None:
    operations.record(
        closed=True, starts_on="2026-09-30", ends_on="2026-10-02", arrests=1,
        seizures=[{"items": ["heroin 1 kg"], "seized_on": "2026-09-30"},
                  {"items": ["heroin 2 kg"], "seized_on": "2026-10-01"}],
    )  # fmt: skip
    september, october = of(app, date(2026, 9, 1), date(2026, 10, 1)), of(app, *OCTOBER)
    assert (september.operations_in_all, september.arrests, september.substances["heroin"].kg) == (1, 1, Decimal(1))
    assert (october.operations_in_all, october.arrests, october.substances["heroin"].kg) == (0, 0, Decimal(2))
    assert together([september, october]) == of(app, date(2026, 9, 1), date(2026, 11, 1))


def test_regions_add_up_to_the_country(app: App, operations: Operations) -> None:
    operations.record("coordinator", closed=True, seizures="heroin 1 kg", contributions=[RAMAN])
    operations.record("coordinator", closed=True, unit="IMT-FA", seizures="opium 500 g + tropicamide 4 ampoules")
    operations.record("coordinator", closed=True, unit="IMT-FA", region="UZ-SU", arrests=3)
    with app.reading() as session:
        regions = results_by_region(session, *OCTOBER)
    assert set(regions) == {"UZ-TK", "UZ-FA", "UZ-SU"}
    assert together(regions.values()) == of(app, *OCTOBER)
    assert regions["UZ-FA"].substances["tropicamide"].seizures_without_kg == 1


def test_contributions_are_restricted_to_the_donors_classes_and_nothing_else_is(
    app: App, operations: Operations, world: World
) -> None:
    operations.record(
        closed=True, seizures="heroin 1 kg", contributions={"ident.raman": "none", "search.videoscope": "decisive"}
    )
    raman = world.classes["ident.raman"].id
    everything, donors = of(app, *OCTOBER), of(app, *OCTOBER, [raman])
    assert (everything.helped, donors.helped) == (1, 0)
    assert set(donors.by_class) == {"ident.raman"}
    assert (donors.seizures, donors.seizure_operations) == (1, 1)
    assert of(app, *OCTOBER, []).by_class == {}


def test_largest_single_event_stands_apart(app: App, operations: Operations) -> None:
    operations.record(closed=True, seizures="heroin 20 kg 32 g; heroin 940 g; heroin 1 kg 681 g")
    heroin = of(app, *OCTOBER).substances["heroin"]
    assert (heroin.seizures, heroin.kg, heroin.largest_kg) == (3, Decimal("22.653"), Decimal("20.032"))
    assert heroin.kg_without_largest == Decimal("2.621")


@pytest.fixture
def custody(app: App, world: World, clock: Clock) -> Custody:
    return Custody(app, world, clock)


@pytest.fixture
def make(app: App, world: World, clock: Clock) -> Callable[..., str]:
    return partial(new_asset, app, clock.now)


def deployed(app: App, world: World, *, until: date = date(2026, 12, 1)) -> Deployment:
    with app.reading() as session:
        return deployment(session, [world.classes["search.mirror_uvss"].id], date(2026, 10, 1), until)


def test_deployment_is_joint_operations_with_something_issued_of_those_held(
    app: App, operations: Operations, world: World, clock: Clock, custody: Custody, make: Callable[..., str]
) -> None:
    clock.advance(timedelta(days=10))
    today = clock.now.date().isoformat()
    for _ in range(2):
        operations.record("coordinator", closed=True, **{**JOINT, "starts_on": today})
    operations.record("coordinator", closed=True, **{**JOINT, "starts_on": today, "unit": "IMT-FA"})
    operations.record("coordinator", closed=True, starts_on=today)
    operations.record("coordinator", **{**JOINT, "starts_on": today})
    assert deployed(app, world) == Deployment(0, 3)
    code = make()
    custody.issue(code, "P-001")
    assert deployed(app, world) == Deployment(2, 3)
    with app.reading() as session:
        assert deployment(session, [world.classes["ident.raman"].id], *OCTOBER[:1], date(2027, 1, 1)).issued == 0
        none_of_it = Asset.code != code
        mirror = [world.classes["search.mirror_uvss"].id]
        assert deployment(session, mirror, date(2026, 10, 1), date(2027, 1, 1), where=none_of_it) == Deployment(0, 3)
    assert deployed(app, world, until=date(2026, 10, 2)) == Deployment(0, 0)
    assert deployed(app, world, until=date(2026, 10, 2)).rate is None


def test_what_came_back_before_the_operation_was_not_issued_in_it(
    app: App, operations: Operations, world: World, clock: Clock, custody: Custody, make: Callable[..., str]
) -> None:
    code = make()
    custody.issue(code, "P-001")
    clock.advance(timedelta(hours=5))
    custody.give_back(code)
    first_day = clock.now.date()
    clock.advance(timedelta(days=3))
    for day in (first_day, clock.now.date()):
        operations.record("coordinator", closed=True, **{**JOINT, "starts_on": day.isoformat()})
    assert deployed(app, world) == Deployment(1, 2)


def test_a_joint_operation_without_agencies_never_gets_into_the_figures(app: App, operations: Operations) -> None:
    with pytest.raises(InvalidInput):
        operations.record(kind="joint_operation", closed=True)
    assert of(app, *OCTOBER) == Results()
