"""The days follow from what is recorded, whenever it is recorded, and building them again changes nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.calibration.models import CalibrationPlan, CalibrationRecord
from assets.core.app import App
from assets.metrics.models import AssetDay
from assets.metrics.queries.extent import Extent
from assets.metrics.queries.sums import days_of
from assets.metrics.roll_up import dirty_days, roll_up_days
from assets.registry.service.timeline import Occurrence, record
from assets.telemetry.models import SilentWindowRow
from tests.db.metrics.days import (
    FIRST,
    NOW,
    SETUP,
    ZONE,
    add_asset,
    add_sighting,
    add_standstill,
    add_tracker,
    add_tracker_day,
    add_use,
    day_of,
    local,
    roll_up,
)
from tests.support.world import World


def test_each_day_since_registration_has_one_row_and_today_has_none(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        add_asset(session, world, "ident.raman")
        add_asset(session, world, "ident.raman", registered_at=local(10))
    roll_up(app, NOW)
    with app.reading() as session:
        counted = session.execute(
            select(AssetDay.asset_id, func.count(), func.max(AssetDay.day)).group_by(AssetDay.asset_id)
        ).all()
    assert sorted(row[1] for row in counted) == [20, 30]
    assert {row[2] for row in counted} == {FIRST + timedelta(days=29)}


def test_building_again_writes_nothing(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        asset = add_asset(session, world, "vehicle.offroad")
        add_use(session, asset, local(3))
        add_tracker_day(session, asset, add_tracker(session, asset, local(0)), 4, 55)
        add_standstill(session, asset, local(5), local(6, 20))
    assert roll_up(app, NOW) == 30
    assert roll_up(app, NOW) == 0
    with app.reading() as session:
        assert session.scalar(select(func.max(AssetDay.revision))) == 1


def test_figures_of_a_day_come_from_every_slice(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        asset = add_asset(session, world, "vehicle.offroad")
        tracker = add_tracker(session, asset, local(2, 0))
        add_tracker_day(session, asset, tracker, 4, 55.4, estimated_m=1200.0)
        add_standstill(session, asset, local(6, 6), local(7, 9), "waiting_parts")
        add_sighting(session, asset, local(8))
    roll_up(app, NOW)
    with app.reading() as session:
        days = [day_of(session, asset, n) for n in range(10)]
    assert [row.tracked for row in days[:4]] == [False, False, True, True]
    assert (days[4].measured_m, days[4].estimated_m, days[4].used, days[4].known) == (55_400, 1_200, True, True)
    assert days[5].measured_m is None
    assert not days[5].known
    assert (days[6].off_road, days[6].down_by_cause) == (True, {"waiting_parts": 18 * 3600})
    assert (days[7].off_road, days[7].down_s) == (False, 9 * 3600)
    assert days[8].seen
    assert days[8].region_id == world.regions["UZ-TK"].id


def test_late_use_reaches_the_past_day_and_raises_its_revision(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        asset = add_asset(session, world, "search.videoscope")
    roll_up(app, NOW)
    with app.transaction(SETUP, NOW) as session:
        add_use(session, session.merge(asset), local(12))
    written = roll_up(app, NOW)
    with app.reading() as session:
        row = day_of(session, asset, 12)
        assert (row.used, row.uses, row.use_s, row.revision) == (True, 1, 3600, 2)
        assert day_of(session, asset, 11).revision == 1
    # The use also shows that somebody keeps the records of the item: the days after it are known now.
    assert written == 18


def test_nothing_but_the_changed_asset_is_built_again(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        asset, _ = add_asset(session, world, "search.videoscope"), add_asset(session, world, "search.videoscope")
    roll_up(app, NOW)
    with app.transaction(SETUP, NOW) as session:
        add_sighting(session, session.merge(asset), local(20))
    with app.reading() as session:
        plan = dirty_days(session, FIRST + timedelta(days=30), ZONE)
    assert [(piece.asset_ids, piece.first) for piece in plan.pieces] == [((asset.id,), FIRST + timedelta(days=20))]


def test_changed_cause_of_a_standstill_names_no_moment_and_still_reaches_its_days(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        order = add_standstill(session, add_asset(session, world, "vehicle.patrol"), local(3), local(6))
    roll_up(app, NOW)
    with app.transaction(SETUP, NOW) as session:
        session.merge(order).downtimes[0].cause = "waiting_budget"
    assert roll_up(app, NOW) == 4
    with app.reading() as session:
        row = session.scalars(select(AssetDay).where(AssetDay.day == FIRST + timedelta(days=4))).one()
        assert row.down_by_cause == {"waiting_budget": 86_400}


def test_silent_days_are_known_as_such_and_nobody_expects_to_hear_then(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        asset = add_asset(session, world, "vehicle.offroad")
        tracker = add_tracker(session, asset, local(0))
        for day in range(4):
            add_tracker_day(session, asset, tracker, day, 10)
    roll_up(app, NOW)
    with app.transaction(SETUP, NOW) as session:
        session.add(
            SilentWindowRow(
                asset_id=asset.id, starts_at=local(3), ends_at=local(9), ended_at=local(6), reason="x",
                given_at=local(3),
            )
        )  # fmt: skip
    assert roll_up(app, NOW) == 4, "the days of a window given late are built again"
    with app.reading() as session:
        days = [day_of(session, asset, n) for n in range(8)]
        assert [row.silent for row in days] == [False] * 3 + [True] * 4 + [False]
        assert (days[3].measured_m, days[3].heard) == (10_000, True), "its counters still count"
        sums = days_of(session, Extent(FIRST, FIRST + timedelta(days=30))).sums("all")[None]
    assert (sums.vehicle_heard_days, sums.vehicle_tracked_days) == (4, 27), "30 less 3 silent ones without contact"


def test_late_telemetry_is_noticed_though_it_stands_in_no_journal(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        asset = add_asset(session, world, "vehicle.offroad")
        row = add_tracker_day(session, asset, add_tracker(session, asset, local(0)), 4, 3)
    roll_up(app, NOW)
    with app.transaction(SETUP, NOW) as session:
        day = session.merge(row)
        day.distance_m, day.revision = 90_000.0, 2
    assert roll_up(app, NOW) == 1
    with app.reading() as session:
        assert day_of(session, asset, 4).measured_m == 90_000
        assert day_of(session, asset, 4).used


def test_corrected_sighting_is_taken_off_its_own_day(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        asset = add_asset(session, world, "ident.raman")
        event_id = add_sighting(session, asset, local(5))
    roll_up(app, NOW)
    with app.transaction(SETUP, NOW) as session:
        moment = local(25)
        record(session, SETUP, session.merge(asset), "correction", Occurrence(moment, moment), corrects_id=event_id)
    roll_up(app, NOW)
    with app.reading() as session:
        assert not day_of(session, asset, 5).seen


def test_days_before_a_move_stay_with_the_old_unit(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        asset = add_asset(session, world, "vehicle.forensic_van")
    roll_up(app, NOW)
    with app.transaction(SETUP, NOW) as session:
        moved = session.merge(asset)
        moved.unit_id = world.units["IMT-FA"].id
        moment = local(10, 8)
        record(session, SETUP, moved, "assigned", Occurrence(moment, moment), {"from": "IMT-TK", "to": "IMT-FA"})
    roll_up(app, NOW)
    with app.reading() as session:
        assert day_of(session, asset, 9).unit_id == world.units["IMT-TK"].id
        assert day_of(session, asset, 10).unit_id == world.units["IMT-FA"].id
        assert day_of(session, asset, 10).region_id == world.regions["UZ-FA"].id


def test_missed_runs_are_caught_up(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        add_asset(session, world, "ident.raman")
        add_asset(session, world, "ident.raman")
    roll_up(app, NOW)
    assert roll_up(app, NOW + timedelta(days=3)) == 6


def test_run_that_broke_off_is_repeated_in_full(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        asset = add_asset(session, world, "ident.raman")
    opened = 0

    def begin() -> AbstractContextManager[Session]:
        nonlocal opened
        opened += 1
        if opened == 3:
            raise ConnectionError("the database went away")
        return app.transaction(SETUP, NOW)

    with pytest.raises(ConnectionError):
        roll_up_days(begin, NOW, ZONE)
    assert roll_up(app, NOW) == 0
    with app.reading() as session:
        assert day_of(session, asset, 29).on_register


def test_calibration_counts_from_its_record_to_the_end_of_its_last_valid_day(app: App, world: World) -> None:
    with app.transaction(SETUP, NOW) as session:
        session.merge(world.classes["search.gas_probe"]).subject_to_calibration = True
        asset = add_asset(session, world, "search.gas_probe")
        plan = CalibrationPlan(
            asset_id=asset.id, code="span", kind="calibration", name="Span", interval_days=4, created_at=local(0)
        )
        session.add(plan)
        session.flush()
        for day, result in ((3, "pass"), (10, "pass"), (12, "fail")):
            session.add(
                CalibrationRecord(
                    asset_id=asset.id, plan_id=plan.id, kind="calibration", performed_at=local(day),
                    recorded_at=local(day), decision_rule="simple", result=result,
                    valid_until=FIRST + timedelta(days=day + 4) if result == "pass" else None,
                )
            )  # fmt: skip
    roll_up(app, NOW)
    with app.reading() as session:
        rows = [day_of(session, asset, n) for n in range(15)]
    assert all(row.subject_to_calibration for row in rows)
    assert [n for n, row in enumerate(rows) if row.in_calibration] == [3, 4, 5, 6, 7, 10, 11]
