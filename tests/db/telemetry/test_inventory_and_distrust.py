"""A tracker's year: what is written down of it, a wrong move put right, and a stolen one that is not believed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from assets.core.errors import Conflict, InvalidInput, NotFound, RuleViolation
from assets.core.journal import JournalEntry
from assets.registry.models import Asset
from assets.reports.queries.known import known
from assets.telemetry import provisioning, queries, rebuild
from assets.telemetry.models import Sample, Tracker, TrackerDay, TrackerInstallation, TripRow
from tests.db.telemetry.conftest import Field
from tests.support.world import SETUP

IMEI, ICCID = "490154203237518", "8999801234567890125"
METRE = 1 / 111_319.5


def test_boxes_are_kept_and_those_not_given_stay(place: Field) -> None:
    with place.app.transaction(SETUP) as session:
        provisioning.describe_tracker(session, place.tracker, {"vendor": "Teltonika", "imei": IMEI, "note": "dash"})
    with place.app.transaction(SETUP) as session:
        provisioning.describe_tracker(session, place.tracker, {"iccid": ICCID, "note": ""})
    with place.app.reading() as session:
        row = session.get_one(Tracker, place.tracker)
        assert (row.vendor, row.imei, row.iccid, row.note) == ("Teltonika", IMEI, ICCID, "")


@pytest.mark.parametrize("box", [{"imei": IMEI}, {"iccid": ICCID}])
def test_one_modem_and_one_card_belong_to_one_tracker(
    place: Field, vehicle: Callable[[str], Asset], box: dict[str, str]
) -> None:
    with place.app.transaction(SETUP) as session:
        provisioning.describe_tracker(session, place.tracker, box)
        provisioning.describe_tracker(session, place.tracker, box)
    other = vehicle("BBBBBBBBBB")
    with pytest.raises(Conflict) as refused, place.app.transaction(SETUP) as session:
        provisioning.add_tracker(session, "t2", other, place.clock.now, details=box)
    assert place.tracker in str(refused.value.message)
    assert [error.field for error in refused.value.fields] == list(box)


def test_wrong_box_makes_no_tracker(place: Field, vehicle: Callable[[str], Asset]) -> None:
    other = vehicle("BBBBBBBBBB")
    with pytest.raises(InvalidInput), place.app.transaction(SETUP) as session:
        provisioning.add_tracker(session, "t2", other, place.clock.now, details={"imei": "1"})
    with pytest.raises(RuleViolation), place.app.transaction(SETUP) as session:
        provisioning.add_tracker(session, "t2", other, place.clock.now, since=place.clock.now + timedelta(hours=1))
    with place.app.reading() as session:
        assert session.get(Tracker, "t2") is None


def test_no_number_of_a_device_or_card_may_stand_in_a_text_for_donors(place: Field) -> None:
    numbers = {"imei": IMEI, "iccid": ICCID, "msisdn": "+998901234567", "serial": "SN-4711-X"}
    with place.app.transaction(SETUP) as session:
        provisioning.describe_tracker(session, place.tracker, numbers)
    with place.app.reading() as session:
        assert {IMEI, ICCID, "SN4711X"} <= known(session).identifiers


def _spans(place: Field) -> list[tuple[int, datetime, datetime | None]]:
    with place.app.reading() as session:
        rows = session.scalars(select(TrackerInstallation).order_by(TrackerInstallation.started_at))
        return [(row.asset_id, row.started_at, row.ended_at) for row in rows]


def test_wrong_vehicle_or_wrong_hour_of_a_move_is_put_right(place: Field, vehicle: Callable[[str], Asset]) -> None:
    wrong, right, now = vehicle("BBBBBBBBBB"), vehicle("CCCCCCCCCC"), place.clock.now
    begun = _spans(place)[0][1]
    with place.app.transaction(SETUP) as session:
        provisioning.move_tracker(session, place.tracker, wrong, now - timedelta(hours=3), now)
    with place.app.transaction(SETUP) as session:
        since = provisioning.correct_move(session, place.tracker, right, now - timedelta(hours=5), now)
    assert since == now - timedelta(hours=5)
    assert _spans(place) == [
        (place.asset.id, begun, now - timedelta(hours=5)), (right.id, now - timedelta(hours=5), None)
    ]  # fmt: skip
    with place.app.reading() as session:
        told = "".join(session.scalars(select(JournalEntry.body)))
    assert str(wrong.id) in told


def test_move_that_never_happened_is_taken_back(place: Field, vehicle: Callable[[str], Asset]) -> None:
    before, wrong, now = _spans(place), vehicle("BBBBBBBBBB"), place.clock.now
    with place.app.transaction(SETUP) as session:
        provisioning.move_tracker(session, place.tracker, wrong, now - timedelta(hours=3), now)
    with place.app.transaction(SETUP) as session:
        assert provisioning.correct_move(session, place.tracker, place.asset, now, now) == now - timedelta(hours=3)
    assert _spans(place) == before


def test_correction_before_the_installation_before_or_in_the_future_is_refused(
    place: Field, vehicle: Callable[[str], Asset]
) -> None:
    second, now = vehicle("BBBBBBBBBB"), place.clock.now
    with place.app.transaction(SETUP) as session:
        provisioning.move_tracker(session, place.tracker, second, now - timedelta(hours=3), now)
    for impossible in (now - timedelta(days=9), now + timedelta(minutes=1)):
        with pytest.raises(RuleViolation), place.app.transaction(SETUP) as session:
            provisioning.correct_move(session, place.tracker, second, impossible, now)


def _drive(place: Field) -> None:
    """Four hours at 10 m/s without a stop, up to now."""
    start = place.clock.now.timestamp() - 4 * 3600
    samples = [
        {"up": n * 30, "t": start + n * 30, "lat": 0.0, "lon": 60 + n * 300 * METRE, "ign": True} for n in range(480)
    ]
    place.send(*(place.report(seq, samples[seq : seq + 12]) for seq in range(0, 480, 12)))
    place.rebuild()


def _km(place: Field) -> float:
    with place.app.reading() as session:
        trips = session.scalar(select(func.sum(TripRow.distance_m))) or 0.0
        days = session.scalar(select(func.sum(TrackerDay.distance_m))) or 0.0
    assert abs(trips - days) < 1
    return trips / 1000


def test_stolen_tracker_counts_until_the_theft_and_everything_again_when_taken_back(place: Field) -> None:
    _drive(place)
    whole, now = _km(place), place.clock.now
    assert abs(whole - 143.7) < 1
    since = now - timedelta(hours=1)
    with place.app.transaction(SETUP, now) as session:
        provisioning.distrust_tracker(session, SETUP, place.tracker, since, "stolen from the yard", now)
        assert queries.trusted_until(session, place.tracker) == since
    rebuild.mark_span(place.app, place.tracker, since, None, now)
    place.rebuild()
    assert abs(_km(place) - whole * 3 / 4) < 1
    assert len(place.samples()) == 480
    with place.app.transaction(SETUP, now) as session:
        assert provisioning.trust_again(session, SETUP, place.tracker, "it was in the workshop", now) == since
    rebuild.mark_span(place.app, place.tracker, since, None, now)
    place.rebuild()
    assert _km(place) == pytest.approx(whole)


def test_what_a_distrusted_tracker_sends_later_is_stored_and_counts_for_nothing(place: Field) -> None:
    now = place.clock.now
    with place.app.transaction(SETUP, now) as session:
        provisioning.distrust_tracker(session, SETUP, place.tracker, now - timedelta(hours=5), "stolen", now)
    _drive(place)
    assert _km(place) == 0
    with place.app.telemetry.reading() as session:
        assert session.scalar(select(func.count()).select_from(Sample)) == 480


def test_distrust_needs_a_reason_a_past_and_is_one_at_a_time(place: Field) -> None:
    now = place.clock.now

    def distrust(tracker: str, since: datetime, reason: str) -> None:
        with place.app.transaction(SETUP, now) as session:
            provisioning.distrust_tracker(session, SETUP, tracker, since, reason, now)

    with pytest.raises(InvalidInput):
        distrust(place.tracker, now, "  ")
    with pytest.raises(RuleViolation):
        distrust(place.tracker, now + timedelta(seconds=1), "stolen")
    with pytest.raises(NotFound):
        distrust("nobody", now, "stolen")
    with pytest.raises(Conflict), place.app.transaction(SETUP, now) as session:
        provisioning.trust_again(session, SETUP, place.tracker, "found", now)
    distrust(place.tracker, now, "stolen")
    with pytest.raises(Conflict):
        distrust(place.tracker, now, "stolen again")
