"""Fuel, papers and accidents: by whom, of what, corrected by later entries, the odometer through its meter."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from assets.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.maintenance.models import WorkOrder
from assets.maintenance.rules.orders import Severity
from assets.registry.models import MeterReading
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from assets.vehicles import service
from assets.vehicles.models import Accident, FuelFill
from assets.vehicles.queries.entries import EntryFilter, entries_page
from assets.vehicles.rules.entries import FillGiven
from tests.db.vehicles.conftest import Garage


def fills(garage: Garage, login: str = "officer") -> list[int]:
    with garage.app.reading() as session:
        found = entries_page(session, garage.world.actors[login], FuelFill, EntryFilter())
        return [fill.id for fill in found]


def test_fill_is_a_reading_of_the_odometer_and_stands_on_the_timeline(garage: Garage) -> None:
    code = garage.vehicle()
    fill_id = garage.fill(code, km=12_000)
    assert garage.odometer(code) == 12_000
    assert garage.told(code) == ["fuel"]
    assert fills(garage) == [fill_id]


def test_odometer_never_runs_back_by_a_fill(garage: Garage) -> None:
    """Attack: an odometer that falls; nothing of the fill is kept."""
    code = garage.vehicle()
    fill_id = garage.fill(code, km=12_000)
    garage.clock.advance(timedelta(days=1))
    with pytest.raises(RuleViolation, match="reading_falls"):
        garage.fill(code, km=11_999)
    with pytest.raises(RuleViolation, match="reading_above_later"):
        garage.fill(code, km=12_001, at=garage.clock.now - timedelta(days=2))
    assert fills(garage) == [fill_id]
    assert garage.odometer(code) == 12_000


def test_correction_stands_in_the_place_of_a_fill_which_stays_to_be_seen(garage: Garage) -> None:
    code = garage.vehicle()
    garage.fill(code, km=10_000, at=garage.clock.now - timedelta(days=2))
    wrong = garage.fill(code, km=21_000, at=garage.clock.now - timedelta(days=1))
    garage.clock.advance(timedelta(hours=1))
    right = garage.correct_fill(wrong, km=12_000)
    assert garage.odometer(code) == 12_000
    assert wrong not in fills(garage)
    with garage.app.reading() as session:
        first, later = session.get_one(FuelFill, wrong), session.get_one(FuelFill, right)
        assert (first.odometer_km, later.odometer_km, later.corrects_id) == (Decimal(21_000), Decimal(12_000), wrong)
        assert later.reason == "misread the meter"
        readings = session.execute(select(MeterReading.value, MeterReading.annulled_at).order_by(MeterReading.id))
        assert [(value, at is None) for value, at in readings] == [
            (Decimal(10_000), True), (Decimal(21_000), False), (Decimal(12_000), True),
        ]  # fmt: skip
    with pytest.raises(Conflict, match="already_corrected"):
        garage.correct_fill(wrong, km=13_000)
    garage.correct_fill(right, void=True)
    assert garage.odometer(code) == 10_000
    assert len(fills(garage)) == 1
    assert sorted(garage.told(code)) == ["fuel", "fuel", "fuel_corrected", "fuel_corrected"]


def test_correction_may_not_make_the_odometer_run_back_either(garage: Garage) -> None:
    code = garage.vehicle()
    garage.fill(code, km=10_000, at=garage.clock.now - timedelta(days=2))
    wrong = garage.fill(code, km=21_000)
    with pytest.raises(RuleViolation, match="reading_falls"):
        garage.correct_fill(wrong, km=9_000)
    assert garage.odometer(code) == 21_000
    assert wrong in fills(garage)


def test_each_corrects_his_own_and_the_keeper_everybodys(garage: Garage) -> None:
    code = garage.vehicle()
    theirs = garage.fill(code, login="logistics_officer")
    with pytest.raises(NotAllowed):
        garage.correct_fill(theirs, login="officer")
    with pytest.raises(NotAllowed):
        garage.correct_fill(theirs, login="technician")
    with pytest.raises(NotFound):
        garage.correct_fill(theirs, login="logistics2")
    own = garage.fill(code, login="officer")
    garage.correct_fill(own, login="officer")
    garage.correct_fill(theirs, login="commander")


def test_foreign_vehicle_and_what_is_no_vehicle_are_refused(garage: Garage) -> None:
    """Attacks: a foreign unit's vehicle looks like none, a detector takes no fuel."""
    foreign, detector, lost = (
        garage.vehicle(unit="IMT-FA"),
        garage.vehicle("radiation.prd"),
        garage.vehicle(life="lost"),
    )
    with pytest.raises(NotFound):
        garage.fill(foreign)
    for enter in (garage.fill, garage.accident):
        with pytest.raises(RuleViolation, match="not_a_vehicle"):
            enter(detector)
        with pytest.raises(RuleViolation, match="life"):
            enter(lost)
    with pytest.raises(RuleViolation, match="not_a_vehicle"):
        garage.paper(detector, date(2026, 1, 1), date(2026, 12, 31))
    with pytest.raises(NotAllowed):
        garage.paper(garage.vehicle(), date(2026, 1, 1), date(2026, 12, 31), login="officer")
    garage.fill(foreign, login="officer2")
    assert fills(garage) == []


def test_future_is_refused(garage: Garage) -> None:
    with pytest.raises(InvalidInput) as refused:
        garage.fill(garage.vehicle(), at=garage.clock.now + timedelta(minutes=1))
    assert refused.value.fields[0].code == "in_the_future"


def test_fill_that_is_sent_twice_is_entered_once(garage: Garage) -> None:
    code = garage.vehicle()
    now = garage.clock.now
    happened, given = Occurrence(now, now), FillGiven(now, Decimal(40), is_full=True)
    with garage.by("officer") as (session, actor):
        service.enter_fill(session, actor, asset_by_code(session, actor, code), given, happened, now)
    with garage.by("officer") as (session, actor), pytest.raises(Conflict, match="sent_before"):
        service.enter_fill(session, actor, asset_by_code(session, actor, code), given, happened, now)
    assert len(fills(garage)) == 1


def test_accident_asks_for_a_repair_where_that_is_chosen(garage: Garage) -> None:
    code = garage.vehicle()
    garage.accident(code)
    garage.accident(code, fault=Severity.MAJOR)
    with garage.app.reading() as session:
        orders = session.scalars(select(WorkOrder)).all()
        assert [(order.fault_cause, order.severity, order.title) for order in orders] == [
            ("accident", "major", "Bumper")
        ]
        linked = session.scalars(select(Accident.work_order_id).order_by(Accident.id)).all()
        assert linked == [None, orders[0].id]
