"""The trip sheet: each trip with its driver, days without trips apart from unknown ones, and never a place."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.errors import InvalidInput, NotAllowed, RuleViolation
from assets.custody.service import transfers
from assets.people.models import Unit
from assets.registry.models import Asset
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import happening_now
from assets.telemetry.models import Tracker, TrackerDay, TripRow
from assets.vehicles.trip_sheet import sheet_content, sheet_pdf, trip_sheet
from assets.vehicles.trip_sheet_words import SHEET_LANGUAGES, SHEET_WORDS
from tests.db.vehicles.conftest import Garage
from tests.support.custody import Custody
from tests.support.world import SETUP

FIRST, UNTIL = date(2026, 11, 1), date(2026, 11, 4)


def heard(garage: Garage, code: str, day: date, trips: list[tuple[datetime, float, float]]) -> None:
    """A day of which the tracker told, with these trips: beginning, measured and estimated metres."""
    with garage.app.transaction(SETUP, garage.clock.now) as session:
        asset = session.scalars(select(Asset).where(Asset.code == code)).one()
        if session.get(Tracker, "TRK-1") is None:
            session.add(Tracker(id="TRK-1", added_at=garage.clock.now, secret_at=garage.clock.now))
            session.flush()
        zero: dict[str, Any] = {"moving_s": 0, "idle_s": 0, "engine_s": 0, "unknown_s": 0}
        session.add(
            TrackerDay(
                tracker_id="TRK-1", asset_id=asset.id, day=day, distance_m=0, estimated_m=0, trips=len(trips),
                samples=10, **zero,
            )
        )  # fmt: skip
        for start, distance_m, estimated_m in trips:
            session.add(
                TripRow(
                    tracker_id="TRK-1", asset_id=asset.id, started_at=start, ended_at=start + timedelta(minutes=30),
                    distance_m=distance_m, estimated_m=estimated_m, source="gps", **zero,
                )
            )  # fmt: skip


def content(garage: Garage, code: str, login: str = "commander", lang: str = "en") -> dict[str, Any]:
    with garage.app.reading() as session:
        actor = garage.world.actors[login]
        asset = asset_by_code(session, actor, code)
        zone = garage.app.settings.zone
        sheet = trip_sheet(session, actor, asset, FIRST, UNTIL, garage.clock.now, zone)
        return sheet_content(sheet, lang, zone)


def test_each_trip_names_who_had_the_vehicle_and_unknown_days_are_not_days_without_trips(garage: Garage) -> None:
    code, now = garage.vehicle(), garage.clock.now
    custody = Custody(garage.app, garage.world, garage.clock)
    garage.fill(code, 40, 12_000, at=now - timedelta(hours=1), station="Chilonzor 5", login="logistics_officer")
    custody.issue(code, "P-002")
    garage.clock.advance(timedelta(hours=2))
    heard(garage, code, FIRST, [])
    heard(
        garage, code, date(2026, 11, 2), [(now - timedelta(hours=2), 1500, 0), (now + timedelta(hours=1), 12_340, 800)]
    )
    shown = content(garage, code)
    assert shown["trips"]["rows"] == [
        ["1 Nov 2026", "no trips"],
        ["2 Nov 2026", "09:00", "09:30", "1.5", "0.0", "issued to nobody"],
        ["2 Nov 2026", "12:00", "12:30", "12.3", "0.8", "Юлдашева Гульчехра Абдурахмановна"],
        ["3 Nov 2026", "not known: nothing was heard from the vehicle"],
    ]
    assert shown["trips"]["total"][3:5] == ["13.8", "0.8"]
    assert shown["notes"][0].endswith("stand in no sum: 1.")
    assert dict(shown["head"])["Odometer at the beginning"] == "not known"
    assert dict(shown["head"])["Odometer at the end"] == "12,000.0 km"
    assert shown["fuel"]["rows"] == [["2 Nov 2026 10:00", "40.00", "full", "12,000.0", "not known"]]
    assert "Chilonzor" not in str(shown)


def test_sum_of_days_of_which_nothing_is_known_is_not_known(garage: Garage) -> None:
    assert content(garage, garage.vehicle())["trips"]["total"][3:5] == ["not known", "not known"]


def test_person_of_another_unit_is_not_named(garage: Garage) -> None:
    code = garage.vehicle()
    Custody(garage.app, garage.world, garage.clock).issue(code, "P-101", login="coordinator")
    garage.clock.advance(timedelta(hours=2))
    heard(garage, code, date(2026, 11, 2), [(garage.clock.now - timedelta(hours=1), 1500, 0)])
    assert content(garage, code)["trips"]["rows"][1][-1] == "a person of another unit"
    assert content(garage, code, "coordinator")["trips"]["rows"][1][-1].startswith("Gʻaniyeva")


def test_trips_and_fuel_of_the_unit_before_stand_in_no_sheet_of_the_next(garage: Garage) -> None:
    code, begun = garage.vehicle(unit="IMT-FA"), garage.clock.now
    garage.fill(code, 40, at=begun - timedelta(hours=1), login="logistics2")
    for login in ("logistics2", "logistics_officer"):
        garage.clock.advance(timedelta(minutes=1))
        with garage.by(login) as (session, actor):
            vehicle, happened = transfers.asset_to_move(session, actor, code), happening_now(garage.clock.now)
            if login == "logistics2":
                here = session.get_one(Unit, garage.world.units["IMT-TK"].id)
                transfers.send(session, actor, vehicle, here, happened)
            else:
                transfers.receive(session, actor, vehicle, happened, condition="A")
    trips = [(begun - timedelta(hours=2), 1500.0, 0.0), (begun + timedelta(hours=1), 12_340.0, 800.0)]
    heard(garage, code, date(2026, 11, 2), trips)
    garage.clock.advance(timedelta(hours=3))
    shown, whole = content(garage, code), content(garage, code, "coordinator")
    elsewhere = SHEET_WORDS["elsewhere"]["en"]
    assert shown["trips"]["rows"] == [
        ["1 Nov 2026", elsewhere],
        ["2 Nov 2026", elsewhere],
        ["2 Nov 2026", "12:00", "12:30", "12.3", "0.8", "issued to nobody"],
        ["3 Nov 2026", "not known: nothing was heard from the vehicle"],
    ]
    assert shown["trips"]["total"][3] == "12.3"
    assert shown["fuel"]["rows"] == []
    assert (whole["trips"]["total"][3], len(whole["fuel"]["rows"])) == ("13.8", 1)
    assert elsewhere not in str(whole)


def test_sheet_is_for_who_leads_or_keeps_and_for_a_period_of_days(garage: Garage) -> None:
    code, detector = garage.vehicle(), garage.vehicle("radiation.prd")
    for login in ("officer", "technician", "monitor", "administrator"):
        with pytest.raises(NotAllowed):
            content(garage, code, login)
    with pytest.raises(RuleViolation, match="not_a_vehicle"):
        content(garage, detector)
    with pytest.raises(InvalidInput):
        content(garage, code, lang="fr")
    actor, zone = garage.world.actors["commander"], garage.app.settings.zone
    for until in (FIRST, FIRST + timedelta(days=63)):
        with garage.app.reading() as session:
            asset = asset_by_code(session, actor, code)
            with pytest.raises(InvalidInput):
                trip_sheet(session, actor, asset, FIRST, until, garage.clock.now, zone)


@pytest.mark.parametrize("lang", SHEET_LANGUAGES)
def test_pdf_is_set_in_each_language_and_twice_the_same(garage: Garage, lang: str) -> None:
    code = garage.vehicle()
    heard(garage, code, date(2026, 11, 2), [(garage.clock.now, 1500, 0)])
    with garage.app.reading() as session:
        actor, zone = garage.world.actors["commander"], garage.app.settings.zone
        asset = asset_by_code(session, actor, code)
        sheet = trip_sheet(session, actor, asset, FIRST, UNTIL, garage.clock.now, zone)
        pdf = sheet_pdf(sheet, lang, zone)
        assert pdf.startswith(b"%PDF")
        assert pdf == sheet_pdf(sheet, lang, zone)
        assert sheet_content(sheet, lang, zone)["title"] == SHEET_WORDS["title"][lang]
