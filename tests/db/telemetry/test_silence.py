"""Silence: no place is kept in a silent window, by event time, whatever comes, when it comes and in what form."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import Conflict, InvalidInput, NotFound
from assets.core.journal import JournalEntry
from assets.registry.models import Asset, Label
from assets.telemetry import provisioning
from assets.telemetry.alarms import contact
from assets.telemetry.models import Device, Sample, SilenceVersion, SilentWindowRow, TrackerDay
from assets.telemetry.silence import Silence, excused_until, is_silent, silent_assets
from assets.telemetry.silence.keeping import AGAIN_AFTER
from assets.telemetry.silence.windows import (
    Wish,
    end_window,
    extend_window,
    open_windows,
    vehicles_by_code,
    vehicles_of,
    window_by_id,
    window_page,
)
from tests.db.telemetry.conftest import TRACKER, Field
from tests.support.world import SETUP, Clock, World

HOUR = timedelta(hours=1)
PLACE = {"lat": 41.3, "lon": 69.2, "alt": 455.0, "hdg": 90.0, "spd": 40.0, "fix": 3, "sat": 9, "hdop": 0.8}


def _open(place: Field, start: datetime, end: datetime, *, actor: Actor = SETUP, **more: Any) -> int:
    with place.app.transaction(actor, place.clock.now) as session:
        wish = Wish(start, end, "surveillance", **more)
        (row,) = open_windows(session, actor, [place.asset.id], wish, place.clock.now)
        return row.id


def _sample(place: Field, up: float, **more: Any) -> dict[str, Any]:
    """A sample of the boot that began an hour ago."""
    return {"up": up, "t": place.clock.now.timestamp() - 3600 + up, **PLACE, "odo": up * 10, "eng": up, **more}


def _hidden(rows: list[Sample]) -> list[int]:
    for row in rows:
        whole = (row.lat, row.lon, row.heading_deg, "alt" in (row.more or ""))
        assert whole in {(None, None, None, False), (41.3, 69.2, 90.0, True)}, "a place is kept whole or not at all"
        assert ("silent" in (row.flags or "").split(",")) == (row.lat is None)
    return [row.seq for row in rows if row.lat is None]


def _places_in(app: App) -> str:
    """Everything that the telemetry database holds, to look for coordinates in."""
    with app.telemetry.reading() as session:
        tables = [table for table in Sample.metadata.sorted_tables if table.name != "months"]
        return repr([session.execute(select(table)).all() for table in tables])


def test_no_place_is_stored_within_a_window_and_counters_still_are(place: Field) -> None:
    _open(place, place.clock.now - timedelta(minutes=40), place.clock.now + HOUR, may_erase=True)
    place.send(place.report(0, [_sample(place, up) for up in (600, 1199, 1200, 1800)]))
    assert _hidden(place.samples()) == [2, 3]
    assert [row.odometer_m for row in place.samples()] == [6000, 11990, 12000, 18000]
    assert [row.speed_kmh for row in place.samples()] == [40.0] * 4


def test_backlog_of_a_window_that_is_over_has_no_places_either(place: Field) -> None:
    now = place.clock.now
    _open(place, now, now + HOUR)
    place.clock.advance(timedelta(days=3))
    ups = (0, 30, 59, 60, 1800, 3659, 3660, 4000)
    place.send(place.report(0, [{"up": up, "t": now.timestamp() - 60 + up, **PLACE} for up in ups]))
    assert _hidden(place.samples()) == [3, 4, 5]


def test_window_that_reaches_back_takes_out_what_is_stored(place: Field) -> None:
    place.send(place.report(0, [_sample(place, up) for up in (600, 1200, 1800, 2400)]))
    assert _hidden(place.samples()) == []
    place.rebuild()
    _open(place, place.clock.now - timedelta(minutes=35), place.clock.now - timedelta(minutes=25), may_erase=True)
    place.ingest.keep_silence(place.clock.now)
    assert _hidden(place.samples()) == [2]
    with place.app.telemetry.reading() as session:
        device = session.scalars(select(Device)).one()
        assert (device.lat, device.position_ms is None) == (41.3, False), "the last place is of after the window"
    assert place.rebuild() > 0, "what follows from the places is derived anew"


def test_the_last_place_and_heading_are_taken_out_as_well(place: Field) -> None:
    place.send(place.report(0, [_sample(place, 600), _sample(place, 3500)]))
    _open(place, place.clock.now - timedelta(minutes=10), place.clock.now + HOUR, may_erase=True)
    place.ingest.keep_silence(place.clock.now)
    with place.app.telemetry.reading() as session:
        device = session.scalars(select(Device)).one()
    assert (device.lat, device.lon, device.position_ms, device.heading_deg) == (None, None, None, None)
    assert device.event_ms is not None
    assert device.speed_kmh == 40.0


def test_blanking_twice_changes_nothing_more(place: Field) -> None:
    place.send(place.report(0, [_sample(place, 600, hdop=30.0), _sample(place, 1200)]))
    _open(place, place.clock.now - 2 * HOUR, place.clock.now + HOUR, may_erase=True)
    silence = Silence(place.app)
    assert silence.run_once(place.clock.now) == 2
    flags = [row.flags for row in place.samples()]
    assert flags == ["silent", "silent"], "what was doubtful about a place goes with it"
    assert Silence(place.app).run_once(place.clock.now) == 0
    assert [row.flags for row in place.samples()] == flags


def test_undated_samples_are_blanked_while_a_window_is_open_at_their_receipt(place: Field) -> None:
    undated = {key: value for key, value in _sample(place, 5).items() if key != "t"}
    place.send(place.report(0, [undated]))
    place.clock.advance(timedelta(seconds=1))
    _open(place, place.clock.now, place.clock.now + HOUR)
    place.clock.advance(timedelta(minutes=5))
    place.send(place.report(1, [undated | {"up": 60.0}], boot=2))
    assert _hidden(place.samples()) == [1]


def test_a_sample_that_comes_into_a_window_when_its_boot_is_dated_better_loses_its_place(place: Field) -> None:
    now = place.clock.now
    undated = {key: value for key, value in _sample(place, 1000).items() if key != "t"}
    place.send(place.report(0, [undated]))
    _open(place, now - 2 * HOUR, now - HOUR, may_erase=True)
    place.clock.advance(timedelta(minutes=1))
    place.send(place.report(1, [_sample(place, 7400, t=(now + timedelta(seconds=30)).timestamp())]))
    assert _hidden(place.samples()) == []
    place.settle()
    assert _hidden(place.samples()) == [0], "it was taken an hour and three quarters before the boot's first fix"


def test_kilometres_and_engine_hours_of_a_silent_drive_are_those_of_the_trackers_counters(place: Field) -> None:
    def drive(up: int) -> dict[str, Any]:
        north = 41.3 + up * 0.0001
        return {**_sample(place, up, lat=north, spd=40.0, ign=True), "odo": up * 11.0, "eng": float(up)}

    def days() -> tuple[int, ...]:
        with place.app.reading() as session:
            rows = session.scalars(select(TrackerDay)).all()
        return tuple(
            round(sum(getattr(row, name) for row in rows)) for name in ("distance_m", "estimated_m", "engine_s")
        )

    for seq in range(0, 180, 20):
        place.send(place.report(seq, [drive(10 * number) for number in range(seq, seq + 20)]))
    place.rebuild()
    seen = days()
    assert seen[0] == pytest.approx(1790 * 11, rel=0.01)
    _open(place, place.clock.now - 2 * HOUR, place.clock.now, may_erase=True)
    place.ingest.keep_silence(place.clock.now)
    place.rebuild()
    assert _hidden(place.samples()) == list(range(180))
    assert days() == pytest.approx(seen, rel=0.01)


def test_bytes_set_aside_that_may_tell_a_place_are_not_kept(place: Field) -> None:
    now = place.clock.now
    torn = place.envelope("report", b'{"v":1,"samples":[{"lat":41.311,"t":%d' % (now.timestamp() - 5))
    place.send(torn, place.report(0, [_sample(place, 3000, lat=91.0)]))
    assert all(row.raw for row in place.asides())
    _open(place, now - timedelta(minutes=30), now + HOUR, may_erase=True)
    place.ingest.keep_silence(now)
    assert [row.raw for row in place.asides()] == [b"", b""]
    place.clock.advance(timedelta(minutes=1))
    place.send(torn, place.report(9, [_sample(place, 3100, lat=91.0)]))
    assert {row.raw for row in place.asides()} == {b""}
    assert all(row.reason for row in place.asides()), "why it was set aside stays"
    place.clock.advance(timedelta(days=2))
    place.send(place.envelope("report", b'{"t":%d' % place.clock.now.timestamp()))
    assert place.asides()[-1].raw != b"", "what is of another time is kept"


def test_a_known_sample_sent_again_with_its_place_is_known_and_tells_nothing(place: Field) -> None:
    _open(place, place.clock.now - timedelta(minutes=30), place.clock.now + HOUR, may_erase=True)
    message = place.report(0, [_sample(place, 3000)])
    place.send(message)
    place.send(message)
    assert _hidden(place.samples()) == [0]
    assert place.asides() == []
    place.send(place.report(0, [_sample(place, 3000, lat=42.25)]))
    assert "42.25" not in _places_in(place.app)


def test_a_sample_that_was_blanked_is_known_when_it_is_sent_again_with_its_place(place: Field) -> None:
    message = place.report(0, [_sample(place, 3000), _sample(place, 3010, hdop=30.0)])
    place.send(message)
    _open(place, place.clock.now - timedelta(minutes=30), place.clock.now + HOUR, may_erase=True)
    place.ingest.keep_silence(place.clock.now)
    before = _places_in(place.app)
    place.send(message)
    assert (_hidden(place.samples()), place.asides()) == ([0, 1], [])
    assert "41.3" not in before


def test_nothing_of_a_place_is_left_anywhere_in_the_database(place: Field) -> None:
    place.send(place.report(0, [_sample(place, up, lat=41.98765) for up in (600, 1200)]))
    place.send(place.report(0, [_sample(place, 600, lat=41.98765, lon=70.0)]))
    place.send(place.envelope("report", b'{"lat":41.98765'))
    assert "41.98765" in _places_in(place.app)
    _open(place, place.clock.now - 20 * HOUR, place.clock.now + HOUR, may_erase=True)
    place.ingest.keep_silence(place.clock.now)
    assert "41.98765" not in _places_in(place.app)


def _sweep_in_vain(place: Field, silence: Silence, *, with_savepoint: bool) -> None:
    with place.app.telemetry.transaction(SETUP, place.clock.now) as session:
        silence.sweep(session)
        if with_savepoint:
            with session.begin_nested():
                pass
        raise RuntimeError("the disk is full")


@pytest.mark.parametrize("with_savepoint", [False, True])
def test_a_sweep_whose_transaction_fails_is_done_by_the_next(place: Field, with_savepoint: bool) -> None:
    place.send(place.report(0, [_sample(place, 600)]))
    _open(place, place.clock.now - 2 * HOUR, place.clock.now + HOUR, may_erase=True)
    silence = Silence(place.app)
    assert silence.refresh()
    with pytest.raises(RuntimeError):
        _sweep_in_vain(place, silence, with_savepoint=with_savepoint)
    assert _hidden(place.samples()) == []
    assert silence.refresh(), "it is still to be done"
    assert silence.run_once(place.clock.now) == 1
    assert _hidden(place.samples()) == [0]
    assert not silence.refresh()


def test_what_another_process_stored_before_it_knew_of_a_window_is_blanked_a_minute_later(place: Field) -> None:
    _open(place, place.clock.now - timedelta(minutes=30), place.clock.now + HOUR, may_erase=True)
    silence = Silence(place.app)
    silence.run_once(place.clock.now)
    place.send(place.report(0, [_sample(place, 3000)]))
    with place.app.telemetry.transaction(SETUP, place.clock.now) as session:  # as one that knew of no window stores it
        session.execute(update(Sample).values(lat=41.3, lon=69.2, flags=None))
    assert not silence.refresh()
    place.clock.advance(AGAIN_AFTER)
    assert silence.run_once(place.clock.now) == 1
    place.clock.advance(AGAIN_AFTER)
    assert not silence.refresh(), "twice, not for ever"


def test_a_window_follows_the_asset_and_not_the_tracker(place: Field, vehicle: Callable[[str], Asset]) -> None:
    now = place.clock.now
    _open(place, now - 2 * HOUR, now + HOUR, may_erase=True)
    other = vehicle("BBBBBBBBBB")
    with place.app.transaction(SETUP, now) as session:
        moved_at = now - timedelta(minutes=30)
        provisioning.move_tracker(session, TRACKER, session.get_one(Asset, other.id), moved_at, now)
    place.send(place.report(0, [_sample(place, up) for up in (600, 1799, 1800, 2400)]))
    assert _hidden(place.samples()) == [0, 1]


def test_moving_a_tracker_onto_a_silent_vehicle_blanks_what_it_sent_from_there(
    place: Field, vehicle: Callable[[str], Asset]
) -> None:
    now = place.clock.now
    other = vehicle("BBBBBBBBBB")
    with place.app.transaction(SETUP, now) as session:
        open_windows(session, SETUP, [other.id], Wish(now - 2 * HOUR, now + HOUR, "x", may_erase=True), now)
    place.send(place.report(0, [_sample(place, up) for up in (600, 2400)]))
    assert _hidden(place.samples()) == []
    with place.app.transaction(SETUP, now) as session:
        moved_at = now - timedelta(minutes=30)
        provisioning.move_tracker(session, TRACKER, session.get_one(Asset, other.id), moved_at, now)
    place.ingest.keep_silence(now)
    assert _hidden(place.samples()) == [1]


def test_the_version_counts_each_commit_that_changes_what_is_silent_and_no_other(place: Field) -> None:
    def version() -> int:
        with place.app.reading() as session:
            return session.scalar(select(SilenceVersion.version)) or 0

    before = version()
    window = _open(place, place.clock.now, place.clock.now + HOUR)
    assert version() == before + 1
    with place.app.transaction(SETUP, place.clock.now) as session:
        provisioning.rotate_secret(session, TRACKER, place.clock.now)
    assert version() == before + 1
    with place.app.transaction(SETUP, place.clock.now) as session, session.begin_nested():
        extend_window(session, session.get_one(SilentWindowRow, window), place.clock.now + 2 * HOUR, place.clock.now)
    assert version() == before + 2


def test_when_nothing_changed_asking_takes_one_query_whatever_the_number_of_windows(place: Field) -> None:
    for number in range(5):
        _open(place, place.clock.now + number * HOUR, place.clock.now + (number + 1) * HOUR)
    silence = Silence(place.app)
    silence.run_once(place.clock.now)
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(place.app.main.engine, "before_cursor_execute", note)
    assert not silence.refresh()
    event.remove(place.app.main.engine, "before_cursor_execute", note)
    assert len(seen) == 1
    assert len(silence.windows_of(TRACKER)) == 1, "windows that touch are one"


def test_a_window_ends_by_itself_and_early_when_it_is_ended(place: Field, world: World) -> None:
    now, asset_id = place.clock.now, place.asset.id
    window = _open(place, now, now + 2 * HOUR, actor=world.actors["coordinator"])
    with place.app.reading() as session:
        assert silent_assets(session, now) == {asset_id: now + 2 * HOUR}
        assert not is_silent(session, asset_id, now - timedelta(seconds=1))
        assert not is_silent(session, asset_id, now + 2 * HOUR)
    later = place.clock.advance(HOUR)
    with place.app.transaction(SETUP, later) as session:
        end_window(session, SETUP, session.get_one(SilentWindowRow, window), later)
    with place.app.reading() as session:
        assert is_silent(session, asset_id, later - timedelta(seconds=1))
        assert not is_silent(session, asset_id, later)
        assert excused_until(session, [asset_id], later + HOUR) == {asset_id: later}
    place.send(place.report(0, [_sample(place, 3599), _sample(place, 3601)]))
    assert _hidden(place.samples()) == [0]


def test_no_alarm_says_that_a_silent_vehicle_is_lost_until_a_day_after_its_window(place: Field) -> None:
    with place.app.transaction(SETUP, place.clock.now) as session:
        session.get_one(Asset, place.asset.id).life = "in_service"
    place.send(place.hello())
    _open(place, place.clock.now, place.clock.now + 72 * HOUR)
    for hours, raised in ((71, 0), (24, 0), (2, 1)):
        place.clock.advance(hours * HOUR)
        assert contact.judge(place.app, place.clock.now)[0] == raised


def test_a_window_that_was_called_off_hides_nothing_and_excuses_nobody(place: Field) -> None:
    now = place.clock.now
    window = _open(place, now + HOUR, now + 2 * HOUR)
    with place.app.transaction(SETUP, now) as session:
        end_window(session, SETUP, session.get_one(SilentWindowRow, window), now)
    place.clock.advance(90 * timedelta(minutes=1))
    with place.app.reading() as session:
        assert silent_assets(session, place.clock.now) == {}
        assert excused_until(session, [place.asset.id], place.clock.now) == {}
    silence = Silence(place.app)
    silence.refresh()
    assert silence.windows_of(TRACKER) == ()
    _open(place, now + HOUR, now + 2 * HOUR, may_erase=True)


def test_windows_of_one_vehicle_do_not_overlap_and_nothing_is_saved_for_the_others(
    place: Field, vehicle: Callable[[str], Asset]
) -> None:
    now, other = place.clock.now, vehicle("BBBBBBBBBB")
    _open(place, now, now + 2 * HOUR)
    for start, end in (
        (now, now + HOUR),
        (now + HOUR, now + 3 * HOUR),
        (now + 119 * timedelta(minutes=1), now + 5 * HOUR),
    ):
        with pytest.raises(Conflict, match="overlaps"), place.app.transaction(SETUP, now) as session:
            open_windows(session, SETUP, [other.id, place.asset.id], Wish(start, end, "x"), now)
    with place.app.reading() as session:
        assert len(session.scalars(select(SilentWindowRow)).all()) == 1
    _open(place, now + 2 * HOUR, now + 3 * HOUR)


def test_of_two_who_open_a_window_for_one_vehicle_at_once_one_is_refused(place: Field) -> None:
    now, outcomes = place.clock.now, []
    gate = threading.Barrier(2)

    def attempt() -> None:
        gate.wait()
        try:
            _open(place, now, now + HOUR)
            outcomes.append("opened")
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["opened", "overlaps"]


def test_extending_needs_a_later_end_that_is_free_and_a_window_that_goes_on(place: Field) -> None:
    now = place.clock.now
    window = _open(place, now, now + HOUR)
    _open(place, now + 3 * HOUR, now + 4 * HOUR)

    def extend(end: datetime) -> None:
        with place.app.transaction(SETUP, place.clock.now) as session:
            extend_window(session, window_by_id(session, SETUP, window, lock=True), end, place.clock.now)

    extend(now + 3 * HOUR)
    with pytest.raises(Conflict, match="overlaps"):
        extend(now + 3 * HOUR + timedelta(minutes=1))
    with pytest.raises(InvalidInput):
        extend(now + 2 * HOUR)
    with pytest.raises(InvalidInput):
        extend(now + timedelta(days=15))
    place.clock.advance(3 * HOUR)
    with pytest.raises(Conflict, match="ended"):
        extend(now + 5 * HOUR)


@pytest.mark.parametrize(
    ("start", "end", "reason", "code"),
    [
        (0, 0, "x", "invalid"),
        (0, 15 * 24, "x", "too_long"),
        (61 * 24, 62 * 24, "x", "too_far"),
        (-25, 1, "x", "too_far_back"),
        (-1, 1, "x", "erasing_not_confirmed"),
        (0, 1, "  ", "required"),
        (0, 1, "x" * 301, "too_long"),
    ],
)
def test_what_is_no_window_is_refused(place: Field, start: int, end: int, reason: str, code: str) -> None:
    now = place.clock.now
    with pytest.raises(InvalidInput) as refused, place.app.transaction(SETUP, now) as session:
        open_windows(session, SETUP, [place.asset.id], Wish(now + start * HOUR, now + end * HOUR, reason), now)
    assert refused.value.fields[0].code == code or code == "invalid"


def test_a_commander_makes_silent_and_sees_what_is_of_his_unit_alone(place: Field, world: World, clock: Clock) -> None:
    commander, now = world.actors["commander"], clock.now
    with place.app.transaction(SETUP, now) as session:
        foreign = Asset(
            code="CCCCCCCCCC", class_id=world.classes["vehicle.patrol"].id, unit_id=world.units["IMT-FA"].id,
            registered_at=now,
        )  # fmt: skip
        session.add_all([foreign, Label(code="CCCCCCCCCC", state="active", asset=foreign, created_at=now)])
        session.add(Label(code="AAAAAAAAAA", state="active", asset_id=place.asset.id, created_at=now))
        session.flush()
        (row,) = open_windows(session, SETUP, [foreign.id], Wish(now, now + HOUR, "x"), now)
        hidden = row.id
    mine = _open(place, now, now + HOUR, actor=commander)
    with place.app.transaction(commander, now) as session:
        assert [row.id for row in window_page(session, commander, now)] == [mine]
        with pytest.raises(NotFound):
            window_by_id(session, commander, hidden)
        with pytest.raises(InvalidInput):
            open_windows(session, commander, [foreign.id], Wish(now + HOUR, now + 2 * HOUR, "x"), now)
        with pytest.raises(InvalidInput):
            vehicles_by_code(session, commander, ["CCCCCCCCCC"])
        assert vehicles_by_code(session, commander, ["AAAAAAAAAA"]) == [place.asset.id]
        assert vehicles_of(session, commander, [world.units["IMT-FA"].id]) == []


def test_the_journal_says_who_made_what_silent_and_when_but_not_why(place: Field, world: World) -> None:
    _open(place, place.clock.now, place.clock.now + HOUR, actor=world.actors["commander"], operation="OP-7")
    with place.app.reading() as session:
        body = json.loads(
            session.scalars(select(JournalEntry.body).where(JournalEntry.entity == "silent_window")).one()
        )
    assert body["by"] == {"account": world.accounts["commander"].id}
    assert (body["values"]["asset_id"], body["values"]["reason"]) == (place.asset.id, "private")
    assert "OP-7" not in json.dumps(body)
