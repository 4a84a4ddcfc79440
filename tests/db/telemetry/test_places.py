"""Places and visits: found for late data too, cut where a tracker changed vehicles, derived anew after a change."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import cos, radians
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import InvalidInput, NotAllowed, NotFound
from assets.core.journal import JournalEntry
from assets.people.models import Region, Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.telemetry import provisioning
from assets.telemetry.days import to_ms
from assets.telemetry.geofence import METRES_PER_DEGREE, Fix, reach_of
from assets.telemetry.ingest import Ingest
from assets.telemetry.messages import Envelope
from assets.telemetry.models import Boot, Device, Dirty, Place, PlaceVisit, Sample
from assets.telemetry.months import month_of
from assets.telemetry.partitions import make_months
from assets.telemetry.places import queries, service, visits
from assets.telemetry.places.rules import PlaceGiven
from assets.telemetry.places.shapes import read_circle, read_outline
from assets.telemetry.rebuild import Rebuilder
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World

LAT, LON, TRACKER = 41.3, 69.2, "imt-001"
EAST_M = METRES_PER_DEGREE * cos(radians(LAT))
YARD = PlaceGiven("Yard", "depot", read_circle(LAT, LON, 500))
ZONE = ZoneInfo("Asia/Tashkent")


@pytest.fixture
def asset(app: App, world: World, clock: Clock) -> int:
    with app.transaction(SETUP, clock.now) as session:
        made = put_asset(session, world, "vehicle.patrol", clock.now, plans=False)
        provisioning.add_tracker(session, TRACKER, session.get_one(Asset, made.id), clock.now - timedelta(days=30))
        return made.id


def add(app: App, world: World, clock: Clock, given: PlaceGiven = YARD, unit: str = "IMT-TK") -> int:
    who = world.actors["coordinator"]
    with app.transaction(who, clock.now) as session:
        return service.add_place(session, who, given, session.get_one(Unit, world.units[unit].id)).id


def drives(clock: Clock, days: int = 3) -> list[Fix]:
    """Each day out of the yard at eight and back at ten, then parked with a fix every 15 minutes."""
    start_ms = to_ms(clock.now - timedelta(days=days))
    fixes = []
    for minute in range(days * 24 * 60):
        of_day = minute % (24 * 60)
        east_m = 0.0
        if 480 <= of_day < 600:
            east_m = min(of_day - 480, 600 - of_day) * 400.0
        elif of_day % 15:
            continue
        fixes.append(Fix(start_ms + minute * 60_000, LAT, LON + east_m / EAST_M))
    return fixes


def derive(app: App, clock: Clock, known: list[Fix], changed: list[Fix], asset_id: int | None) -> None:
    first_ms, last_ms = changed[0].at_ms, changed[-1].at_ms
    start_ms, end_ms = reach_of(first_ms, last_ms)
    near = [fix for fix in known if start_ms <= fix.at_ms < end_ms]
    with app.transaction(SETUP, clock.now) as session:
        visits.replace_visits(session, TRACKER, [visits.Track(asset_id, first_ms, last_ms, near)])


def found(app: App) -> list[tuple[int, int | None, datetime, datetime | None, datetime]]:
    with app.reading() as session:
        rows = session.scalars(select(PlaceVisit).order_by(PlaceVisit.place_id, PlaceVisit.entered_at))
        return [(row.place_id, row.asset_id, row.entered_at, row.left_at, row.seen_at) for row in rows]


def test_vehicle_that_drives_out_and_back_was_there_before_and_after(
    app: App, world: World, clock: Clock, asset: int
) -> None:
    place = add(app, world, clock)
    fixes = drives(clock, days=1)
    derive(app, clock, fixes, fixes, asset)
    (before, after) = found(app)
    start = clock.now - timedelta(days=1)
    assert before[:3] == (place, asset, start)
    assert before[3] is not None
    assert abs((before[3] - start).total_seconds() - (480 + 1.25) * 60) < 5
    assert abs((after[2] - start).total_seconds() - (600 - 1.25) * 60) < 5
    assert after[3] is None
    assert after[4] == start + timedelta(minutes=24 * 60 - 15)


@pytest.mark.parametrize("seed", range(4))
def test_late_and_shuffled_data_end_in_the_same_visits(
    app: App, world: World, clock: Clock, asset: int, seed: int
) -> None:
    add(app, world, clock)
    add(app, world, clock, PlaceGiven("Post", "border_post", read_circle(LAT, LON + 15_000 / EAST_M, 2000)))
    fixes = drives(clock)
    derive(app, clock, fixes, fixes, asset)
    expected = found(app)
    assert len(expected) == 10
    with app.transaction(SETUP, clock.now) as session:
        for row in session.scalars(select(PlaceVisit)):
            session.delete(row)
    chance = random.Random(seed)
    pieces = [fixes[start : start + 40] for start in range(0, len(fixes), 40)]
    chance.shuffle(pieces)
    known: list[Fix] = []
    for piece in pieces:
        known = sorted([*known, *piece])
        derive(app, clock, known, piece, asset)
    assert found(app) == expected


def test_visits_follow_a_tracker_that_was_on_another_vehicle_all_the_time(
    app: App, world: World, clock: Clock, asset: int
) -> None:
    add(app, world, clock)
    fixes = drives(clock, days=1)
    derive(app, clock, fixes, fixes, asset)
    with app.transaction(SETUP, clock.now) as session:
        other = put_asset(session, world, "vehicle.patrol", clock.now, plans=False).id
    derive(app, clock, fixes, fixes, other)
    assert {row[1] for row in found(app)} == {other}
    assert len(found(app)) == 2


def test_place_counts_only_while_it_is_in_use(app: App, world: World, clock: Clock, asset: int) -> None:
    today = clock.now.astimezone(ZONE).date()
    add(app, world, clock, replace(YARD, active_from=today - timedelta(days=1), active_until=today))
    fixes = drives(clock)
    derive(app, clock, fixes, fixes, asset)
    rows = found(app)
    assert rows
    assert {row[2].astimezone(ZONE).date() for row in rows} == {today - timedelta(days=1)}


def test_short_stays_are_kept_and_not_called_visits(app: App, world: World, clock: Clock, asset: int) -> None:
    place_id = add(app, world, clock, replace(YARD, dwell_s=3600))
    start_ms = to_ms(clock.now) - 3_600_000
    fixes = [Fix(start_ms + n * 60_000, LAT, LON + (n - 5) * 300 / EAST_M) for n in range(11)]
    derive(app, clock, fixes, fixes, asset)
    who = world.actors["coordinator"]
    with app.transaction(who, clock.now) as session:
        place = session.get_one(Place, place_id)
        assert len(found(app)) == 1
        assert queries.visits_of_place(session, place) == []
        service.change_place(session, who, place_id, replace(YARD, dwell_s=60), place.unit)
        assert place.drawn == 1, "how long a visit lasts is asked when visits are read"
        assert len(queries.visits_of_place(session, place)) == 1


def test_changed_shape_has_what_was_near_it_derived_anew(app: App, world: World, clock: Clock, asset: int) -> None:
    place_id = add(app, world, clock)
    fixes = drives(clock, days=1)
    with app.telemetry.transaction(SETUP, clock.now) as session:
        device = Device(tracker_id=TRACKER, stored=0, set_aside=0)
        session.add(device)
        session.flush()
        boot = Boot(device_id=device.id, life="9f3a01c7", boot=1, first_heard_ms=fixes[0].at_ms)
        session.add(boot)
        session.flush()
        make_months(session.connection(), {month_of(fix.at_ms) for fix in fixes})
        for seq, fix in enumerate(fixes):
            session.add(
                Sample(
                    boot_id=boot.id, seq=seq, device_id=device.id, event_ms=fix.at_ms, dated=0, received_ms=fix.at_ms,
                    up_ms=seq, lat=fix.lat, lon=fix.lon,
                )
            )  # fmt: skip
    derive(app, clock, fixes, fixes, asset)
    assert visits.derive_changed(app, clock.now) == (3, 4)
    assert found(app) == []
    with app.telemetry.reading() as session:
        spans = session.execute(select(func.min(Dirty.first_ms), func.max(Dirty.last_ms))).one()
    assert tuple(spans) == (fixes[0].at_ms, fixes[-1].at_ms)
    assert visits.derive_changed(app, clock.now) == (0, 0)
    who = world.actors["coordinator"]
    with app.transaction(who, clock.now) as session:
        unit = session.get_one(Unit, world.units["IMT-TK"].id)
        service.change_place(session, who, place_id, replace(YARD, shape=read_circle(LAT, LON, 700)), unit)
    assert visits.derive_changed(app, clock.now) == (0, 1)


def test_archived_place_keeps_its_visits_and_gets_no_more(app: App, world: World, clock: Clock, asset: int) -> None:
    place_id = add(app, world, clock)
    fixes = drives(clock, days=2)
    half = len(fixes) // 2
    derive(app, clock, fixes[:half], fixes[:half], asset)
    before = found(app)
    who = world.actors["coordinator"]
    with app.transaction(who, clock.now) as session:
        service.archive_place(session, who, place_id, clock.now)
    derive(app, clock, fixes, fixes[half:], asset)
    assert found(app) == before
    with app.transaction(who, clock.now) as session:
        assert service.restore_place(session, who, place_id).drawn == 2


def test_who_may_see_and_draw_places(app: App, world: World, clock: Clock, actor_for: Callable[[str], Actor]) -> None:
    own, foreign = add(app, world, clock), add(app, world, clock, unit="IMT-FA")
    commander = actor_for("commander")
    with app.reading() as session:
        assert queries.place_by_id(session, commander, own).name == "Yard"
        with pytest.raises(NotFound):
            queries.place_by_id(session, commander, foreign)
        for login in ("donor", "logistics_officer", "technician", "administrator", "auditor", "monitor", "approver"):
            assert queries.places_page(session, actor_for(login), queries.PlaceFilter()) == []
    with pytest.raises(NotAllowed), app.transaction(commander, clock.now) as session:
        service.add_place(session, commander, YARD, session.get_one(Unit, world.units["IMT-FA"].id))
    with pytest.raises(InvalidInput), app.transaction(commander, clock.now) as session:
        service.add_place(session, commander, YARD, None)
    with app.transaction(commander, clock.now) as session:
        assert service.archive_place(session, commander, own, clock.now).archived_at == clock.now
        with pytest.raises(NotFound):
            service.archive_place(session, commander, foreign, clock.now)


def test_journal_names_a_place_and_not_where_it_lies(app: App, world: World, clock: Clock) -> None:
    add(app, world, clock, replace(YARD, shape=read_outline("41.264 69.215\n41.266 69.215\n41.266 69.218")))
    with app.reading() as session:
        (body,) = session.scalars(select(JournalEntry.body).where(JournalEntry.entity == "place"))
    assert "Yard" in body
    assert "41.26" not in body


def test_day_in_another_region_is_a_day_away_from_home(app: App, world: World, clock: Clock, asset: int) -> None:
    visits.derive_changed(app, clock.now)
    tashkent, fergana = (41.29, 69.24), (40.38, 71.78)
    start = datetime(2026, 10, 20, 0, 0, tzinfo=ZONE)
    fixes = []
    for hour in range(4 * 24):
        lat, lon = fergana if 30 <= hour < 40 else tashkent
        fixes += [Fix(to_ms(start + timedelta(hours=hour, minutes=minute)), lat, lon) for minute in (0, 20, 40)]
    fixes = [fix for fix in fixes if fix.at_ms < to_ms(start + timedelta(days=2))]
    fixes += [
        Fix(to_ms(start + timedelta(days=2, hours=9)), *tashkent),
        Fix(to_ms(start + timedelta(days=3)), *fergana),
    ]
    derive(app, clock, fixes, fixes, asset)
    with app.reading() as session:
        home = session.scalar(select(Region.id).where(Region.code == "UZ-TK")) or 0
        days = queries.home_days(session, TRACKER, {asset: home}, date(2026, 10, 18), date(2026, 10, 25), ZONE)
    # A single sample tells of the own region, not of another.
    assert days == {(asset, date(2026, 10, 20 + n)): home for n, home in enumerate((True, False, True))}


def test_tracker_visits_are_cut_to_what_may_be_seen(app: App, world: World, clock: Clock, asset: int) -> None:
    add(app, world, clock)
    fixes = drives(clock)
    derive(app, clock, fixes, fixes, asset)
    start = clock.now - timedelta(days=3)
    with app.reading() as session:
        who = world.actors["commander"]
        whole = queries.visits_of_tracker(session, who, TRACKER, [(start, clock.now)])
        first = queries.visits_of_tracker(session, who, TRACKER, [(start, start + timedelta(hours=1))])
        assert (len(whole), len(first)) == (4, 1)
        assert queries.visits_of_tracker(session, who, TRACKER, []) == []
        assert queries.visits_of_tracker(session, world.actors["auditor"], TRACKER, [(start, clock.now)]) == []
    assert Permission.PLACE_WRITE.value == "place.write"


def test_rebuild_finds_visits_in_what_ingest_stored_also_late(app: App, world: World, clock: Clock, asset: int) -> None:
    place_id = add(app, world, clock)
    fixes = drives(clock, days=1)
    ingest, rebuilder = Ingest(app), Rebuilder(app)
    samples = [
        {
            "up": 10 + (fix.at_ms - fixes[0].at_ms) / 1000,
            "t": fix.at_ms / 1000,
            "lat": fix.lat,
            "lon": fix.lon,
            "fix": 3,
        }
        for fix in fixes
    ]
    parts = [samples[start : start + 20] for start in range(0, len(samples), 20)]
    reports = [
        Envelope(
            f"imt/v1/{TRACKER}/report",
            json.dumps({"v": 1, "life": "9f3a01c7", "boot": 1, "seq": 20 * number, "samples": part}).encode(),
            to_ms(clock.now),
        )
        for number, part in enumerate(parts)
    ]
    whole: list[list[tuple[int, int | None, datetime, datetime | None, datetime]]] = []
    for batch in (reports[1::2], reports[::2]):
        ingest.receive(batch, clock.now)
        rebuilder.run(at_once=True)
        whole.append(found(app))
    assert whole[0] != whole[1]
    derive(app, clock, fixes, fixes, asset)
    assert found(app) == whole[1]
    assert [row[0] for row in whole[1]] == [place_id, place_id]
