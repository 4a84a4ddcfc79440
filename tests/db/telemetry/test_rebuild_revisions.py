"""A day that is over and changes says so: from what to what, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from assets.registry.models import Asset, Meter
from assets.telemetry import provisioning, rebuild
from assets.telemetry.models import DayRevision, TrackerDay, TrackerInstallation
from tests.db.telemetry.conftest import Field
from tests.support.world import SETUP

METRE = 1 / 111_319.5


def _drive(place: Field, hours_ago: float, *, first_seq: int = 0, minutes: int = 20) -> list[object]:
    start = place.clock.now.timestamp() - hours_ago * 3600
    samples = [
        {"up": 50 + first_seq * 10 + n * 10, "t": start + n * 10, "lat": 0.0, "lon": 60 + n * 120 * METRE, "ign": True}
        for n in range(minutes * 6 + 1)
    ]
    sent = [place.report(first_seq + at, samples[at : at + 12]) for at in range(0, len(samples), 12)]
    place.send(*sent)
    return list(sent)


def _revisions(place: Field) -> list[DayRevision]:
    with place.app.reading() as session:
        return list(session.scalars(select(DayRevision).order_by(DayRevision.day, DayRevision.id)))


def test_day_that_still_runs_has_no_revisions(place: Field) -> None:
    _drive(place, 3)
    place.rebuild()
    _drive(place, 2, first_seq=200)
    place.rebuild()
    assert _revisions(place) == []


def test_late_samples_revise_a_day_and_say_how_many_came(place: Field) -> None:
    _drive(place, 4)
    place.rebuild()
    place.clock.advance(timedelta(days=1))
    _drive(place, 27, first_seq=200)
    place.rebuild()
    _drive(place, 26, first_seq=400)
    place.rebuild()
    (row,) = _revisions(place)
    with place.app.reading() as session:
        (day,) = session.scalars(select(TrackerDay))
    assert (row.reason, row.late_samples, row.revision) == ("late_data", 242, day.revision)
    assert 14_000 < row.before_m < 14_800
    assert row.after_m == day.distance_m > 2.9 * row.before_m


def test_late_samples_of_another_day_are_another_revision(place: Field) -> None:
    _drive(place, 4)
    place.rebuild()
    for day in (1, 2):
        place.clock.advance(timedelta(days=1))
        _drive(place, 24 * day + 3, first_seq=day * 200)
        place.rebuild()
    first, second = _revisions(place)
    assert (first.revised_on, first.after_m) == (second.revised_on - timedelta(days=1), second.before_m)


def test_moved_tracker_revises_the_days_of_both_assets(place: Field, vehicle: Callable[[str], Asset]) -> None:
    _drive(place, 30)
    place.rebuild()
    first = _revisions(place)
    second = vehicle("BBBBBBBBBB")
    moved_at = place.clock.now - timedelta(hours=40)
    with place.app.transaction(SETUP) as session:
        provisioning.move_tracker(session, place.tracker, second, moved_at, place.clock.now)
    rebuild.mark_span(place.app, place.tracker, moved_at, None, place.clock.now)
    place.rebuild()
    moved = [row for row in _revisions(place) if row.id not in {old.id for old in first}]
    assert {(row.asset_id, row.reason) for row in moved} == {
        (place.asset.id, "tracker_moved"), (second.id, "tracker_moved"),
    }  # fmt: skip
    changed = {row.asset_id: row.after_m - row.before_m for row in moved}
    assert changed[place.asset.id] == -changed[second.id] < 0


def test_installation_that_was_a_mistake_leaves_nothing_on_its_asset(
    place: Field, vehicle: Callable[[str], Asset]
) -> None:
    """The kilometres go where they belong although nothing tells any more that the other asset ever had the tracker."""
    _drive(place, 30)
    place.rebuild()
    second = vehicle("BBBBBBBBBB")
    with place.app.transaction(SETUP) as session:
        (only,) = session.scalars(select(TrackerInstallation)).all()
        started_at = only.started_at
        session.delete(only)
        session.flush()
        session.add(TrackerInstallation(tracker_id=place.tracker, asset_id=second.id, started_at=started_at))
    rebuild.mark_span(place.app, place.tracker, started_at, None, place.clock.now)
    place.rebuild()
    with place.app.reading() as session:
        shown = {
            meter.asset_id: meter.value for meter in session.scalars(select(Meter).where(Meter.kind == "odometer_km"))
        }
    assert shown[place.asset.id] is None
    assert 14 < float(shown[second.id] or 0) < 15
