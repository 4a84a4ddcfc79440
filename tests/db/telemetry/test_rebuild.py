"""Rebuilding: late, shuffled and moved data end in the same trips, days and meters as if all had come in order."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from assets.registry.models import Asset, Meter, MeterIncrement
from assets.telemetry import provisioning, queries, rebuild
from assets.telemetry.days import to_ms
from assets.telemetry.messages import Envelope
from assets.telemetry.models import Boot, Device, Dirty, Sample, TrackerDay, TripRow
from tests.db.telemetry.conftest import Field
from tests.support.world import SETUP

METRE = 1 / 111_319.5
STEP_S = 30


def _history(place: Field, hours: int = 40) -> list[Envelope]:
    """Two days: drives of 50 minutes at 12 m/s, then parked for 3 h 10; one drive goes over a local midnight."""
    start = place.clock.now.timestamp() - hours * 3600
    east_m, odometer, samples = 0.0, 0.0, []
    for number in range(hours * 3600 // STEP_S):
        up = number * STEP_S
        driving = up % 14_400 < 3000
        if driving:
            east_m += 12.0 * STEP_S
            odometer += 12.0 * STEP_S
        if driving or up % 900 == 0:
            samples.append({"up": up, "t": start + up, "lat": 0.0, "lon": 60 + east_m * METRE, "ign": driving})
    return [place.report(seq, samples[seq : seq + 12]) for seq in range(0, len(samples), 12)]


def _results(place: Field) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    with place.app.reading() as session:
        trips = [
            (row.asset_id, row.started_at, row.ended_at, row.distance_m, row.estimated_m, row.idle_s, row.unknown_s)
            for row in session.scalars(select(TripRow).order_by(TripRow.started_at))
        ]
        days = [
            (row.asset_id, row.day, row.distance_m, row.engine_s, row.unknown_s, row.trips, row.samples)
            for row in session.scalars(select(TrackerDay).order_by(TrackerDay.day, TrackerDay.asset_id))
            if row.samples
        ]
        meters = [
            (row.asset_id, row.kind, row.value)
            for row in session.scalars(select(Meter).order_by(Meter.asset_id, Meter.kind))
        ]
    return trips, days, meters


def _in_one_go(place: Field, messages: list[Envelope]) -> Any:
    place.send(*messages)
    place.rebuild()
    results = _results(place)
    with place.app.telemetry.transaction(SETUP, place.clock.now) as session:
        for raw in (Sample, Dirty, Boot, Device):
            session.execute(delete(raw))
    with place.app.transaction(SETUP) as session:
        for derived in (TripRow, TrackerDay, MeterIncrement):
            session.execute(delete(derived))
    return results


def test_trips_days_and_meters_follow_from_samples(place: Field) -> None:
    place.send(*_history(place))
    assert place.rebuild() > 0
    trips, days, meters = _results(place)
    assert len(trips) == 10
    total_m = sum(trip[3] for trip in trips)
    assert abs(total_m - 10 * 3000 * 12) < 4000
    assert abs(sum(day[2] for day in days) - total_m) < 0.01
    assert sum(day[5] for day in days) == 10
    values = {kind: float(value) for _, kind, value in meters}
    assert abs(values["odometer_km"] - total_m / 1000) < 0.01
    assert abs(values["engine_h"] - sum(day[3] for day in days) / 3600) < 0.01
    with place.app.reading() as main, place.app.telemetry.reading() as telemetry:
        (state,) = queries.tracker_states(main, telemetry, [place.tracker], place.clock.now)
    assert state.pending == 0


def test_late_and_shuffled_data_give_the_same_results_as_data_in_order(place: Field) -> None:
    messages = _history(place)
    expected = _in_one_go(place, messages)
    chance = random.Random(5)
    chance.shuffle(messages)
    while messages:
        size = chance.randint(5, 60)
        place.send(*messages[:size])
        del messages[:size]
        place.rebuild()
    assert _results(place) == expected


def test_sample_that_fills_a_gap_revises_the_day(place: Field) -> None:
    messages = _history(place)
    missing = messages.pop(3)
    place.send(*messages)
    place.rebuild()
    before = _results(place)
    place.send(missing)
    place.rebuild()
    after = _results(place)
    assert sum(trip[4] for trip in before[0]) > 0
    assert sum(trip[4] for trip in after[0]) == 0
    with place.app.reading() as session:
        assert sorted(session.scalars(select(TrackerDay.revision)))[-1] == 2
    assert sum(float(value) for _, _, value in after[2]) >= sum(float(value) for _, _, value in before[2])


def test_mark_that_grew_during_a_rebuild_is_kept(place: Field) -> None:
    place.send(*_history(place, hours=4))
    with place.app.telemetry.reading() as session:
        (stretch,) = rebuild._stretches(queries.dirty_stretches(session))
    place.send(place.report(9000, [{"up": 14_000, "t": place.clock.now.timestamp() - 400}]))
    rebuild.rebuild(place.app, stretch)
    with place.app.telemetry.reading() as session:
        assert len(queries.dirty_stretches(session)) >= 1


def test_moved_tracker_splits_results_at_the_moment_of_the_move(place: Field, vehicle: Callable[[str], Asset]) -> None:
    place.send(*_history(place))
    place.rebuild()
    whole = _results(place)
    second = vehicle("BBBBBBBBBB")
    moved_at = place.clock.now - timedelta(hours=20)
    with place.app.transaction(SETUP) as session:
        provisioning.move_tracker(session, place.tracker, second, moved_at, place.clock.now)
    rebuild.mark_span(place.app, place.tracker, moved_at, None, place.clock.now)
    place.rebuild()
    trips, days, meters = _results(place)
    assert {trip[0] for trip in trips if trip[1] >= moved_at} == {second.id}
    assert {trip[0] for trip in trips if trip[1] < moved_at} == {place.asset.id}
    assert sum(trip[3] for trip in trips) <= sum(trip[3] for trip in whole[0])
    for asset_id in (place.asset.id, second.id):
        driven_km = sum(trip[3] for trip in trips if trip[0] == asset_id) / 1000
        (shown,) = (float(value or 0) for owner, kind, value in meters if owner == asset_id and kind == "odometer_km")
        assert abs(shown - driven_km) < 0.01
    assert len({day[1] for day in days if day[0] == second.id}) <= 2


def test_stops_are_found_for_any_diameter_and_time(place: Field) -> None:
    place.send(*_history(place))
    start, until = place.clock.now - timedelta(hours=40), place.clock.now
    with place.app.telemetry.reading() as session:
        long = queries.stays(session, place.tracker, start, until, diameter_m=100, min_s=3600)
        none = queries.stays(session, place.tracker, start, until, diameter_m=100, min_s=5 * 3600)
    assert (len(long), none) == (10, [])
    assert to_ms(start) <= long[0].start_ms
