"""Calibration on both engines: due list, reminders, plans, certificates, meter triggers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from assets.calibration import queries, service
from assets.calibration.models import CalibrationPlan
from assets.calibration.rules import Kind, Point, Standing
from assets.core import files
from assets.core.app import App
from assets.core.errors import InvalidInput, NotAllowed, RuleViolation
from assets.core.outbox import OutboxMail
from assets.people.models import Account
from assets.registry.models import Asset
from assets.registry.service.meters import record_reading
from tests.support.care import put_asset
from tests.support.due_mails import assert_names_in
from tests.support.world import SETUP, Clock, World

GOOD = [Point("100", tolerance_low=Decimal(90), tolerance_high=Decimal(110), as_found=Decimal(100))]


def _pager(app: App, world: World, clock: Clock, unit: str = "IMT-TK") -> int:
    with app.transaction(SETUP, clock.now) as session:
        return put_asset(session, world, "radiation.prd", clock.now, unit=unit).id


def _done(clock: Clock) -> service.Performed:
    return service.Performed(clock.now, "Source 17", date(2030, 1, 1))


def test_due_list_is_most_urgent_first_and_in_scope(app: App, world: World, clock: Clock) -> None:
    failed, never, fine = (_pager(app, world, clock) for _ in range(3))
    foreign = _pager(app, world, clock, "IMT-FA")
    technician, officer = world.actors["technician"], world.actors["logistics_officer"]
    with app.transaction(technician, clock.now) as session:
        for asset_id, points in ((failed, [Point("alarm", ok=False)]), (fine, GOOD)):
            plan = session.scalars(select(CalibrationPlan).where(CalibrationPlan.asset_id == asset_id)).one()
            service.record_calibration(session, technician, plan, _done(clock), points, clock.now)
    with app.reading() as session:
        rows = queries.due_rows(session, officer, clock.now, within_days=0)
        assert [(row.asset.id, row.view.standing) for row in rows] == [
            (failed, Standing.FAILED), (never, Standing.NEVER)
        ]  # fmt: skip
        everywhere = queries.due_rows(session, technician, clock.now, within_days=400)
        assert {row.asset.id for row in everywhere} == {failed, never, fine, foreign}
        assert queries.due_count(session, technician, clock.now, within_days=400) == 4
        due = set(session.scalars(select(Asset.id).where(queries.due_condition(clock.now))))
        assert due == {failed, never, foreign}


def test_reminder_goes_out_once_a_week(app: App, world: World, clock: Clock) -> None:
    _pager(app, world, clock)
    with app.transaction(SETUP, clock.now) as session:
        assert service.queue_due_mails(session, SETUP, clock.now, "https://assets.example") == 1
        assert service.queue_due_mails(session, SETUP, clock.now, "https://assets.example") == 0
        mail = session.scalars(select(OutboxMail)).one()
        assert (mail.recipient, "never done" in mail.body) == ("logistics_officer@example.org", True)


def test_reminder_names_class_and_plan_in_the_language_of_its_reader(app: App, world: World, clock: Clock) -> None:
    _pager(app, world, clock)
    with app.transaction(SETUP, clock.now) as session:
        session.query(Account).filter_by(login="logistics_officer").one().locale = "ru"
        service.queue_due_mails(session, SETUP, clock.now, "https://assets.example")
        mail = session.scalars(select(OutboxMail)).one()
        plan = session.scalars(select(CalibrationPlan)).one()
        assert_names_in("ru", mail.body, plan)


def test_only_a_technician_records(app: App, world: World, clock: Clock) -> None:
    pager, coordinator = _pager(app, world, clock), world.actors["coordinator"]
    with app.transaction(coordinator, clock.now) as session:
        plan = session.scalars(select(CalibrationPlan).where(CalibrationPlan.asset_id == pager)).one()
        with pytest.raises(NotAllowed):
            service.record_calibration(session, coordinator, plan, _done(clock), GOOD, clock.now)


def test_record_from_the_future_or_on_an_ended_plan_is_refused(app: App, world: World, clock: Clock) -> None:
    pager, technician = _pager(app, world, clock), world.actors["technician"]
    with app.transaction(technician, clock.now) as session:
        plan = session.scalars(select(CalibrationPlan).where(CalibrationPlan.asset_id == pager)).one()
        later = service.Performed(clock.now + timedelta(minutes=1), "Source 17", date(2030, 1, 1))
        with pytest.raises(InvalidInput):
            service.record_calibration(session, technician, plan, later, GOOD, clock.now)
        service.retire_plan(session, technician, plan, reason="sent back to the maker", now=clock.now)
        with pytest.raises(RuleViolation):
            service.record_calibration(session, technician, plan, _done(clock), GOOD, clock.now)


def test_meter_trigger_ends_validity_by_use(app: App, world: World, clock: Clock) -> None:
    technician = world.actors["technician"]
    with app.transaction(SETUP, clock.now) as session:
        radio = put_asset(session, world, "comms.radio", clock.now)
        plan = service.add_plan(
            session, SETUP, radio, kind=Kind.VERIFICATION, name="Power check", interval_days=None,
            meter_kind="hours", meter_interval=Decimal(50), reason="much used", now=clock.now,
        )  # fmt: skip
        with pytest.raises(InvalidInput):
            service.record_calibration(session, SETUP, plan, _done(clock), GOOD, clock.now)
    with app.transaction(technician, clock.now) as session:
        plan = session.get_one(CalibrationPlan, plan.id)
        done = service.Performed(clock.now, "Source 17", date(2030, 1, 1), meter=Decimal(100))
        service.record_calibration(session, technician, plan, done, GOOD, clock.now)
        assert queries.views_for(session, [radio.id], clock.now)[radio.id][0].standing is Standing.VALID
        clock.advance(timedelta(days=1))
        record_reading(session, session.get_one(Asset, radio.id), "hours", Decimal(150), clock.now, clock.now)
        assert queries.views_for(session, [radio.id], clock.now)[radio.id][0].standing is Standing.OVERDUE
        assert [row.asset.id for row in queries.due_rows(session, technician, clock.now, within_days=0)] == [radio.id]


def test_certificate_is_kept_under_our_own_name(app: App, world: World, clock: Clock) -> None:
    pager, technician = _pager(app, world, clock), world.actors["technician"]
    folder = app.settings.data_dir / "files"
    with app.transaction(technician, clock.now) as session:
        plan = session.scalars(select(CalibrationPlan).where(CalibrationPlan.asset_id == pager)).one()
        made = service.record_calibration(session, technician, plan, _done(clock), GOOD, clock.now)
        kept = service.attach_certificate(session, technician, made, folder, b"%PDF-1.7 x", clock.now)
    assert files.read(folder, kept.file_key) == b"%PDF-1.7 x"
    assert kept.content_type == "application/pdf"


def test_validity_is_cut_by_a_later_failure_and_ends_with_its_last_day(app: App, world: World, clock: Clock) -> None:
    pager, technician = _pager(app, world, clock), world.actors["technician"]
    moments = [clock.now]
    for points in (GOOD, [Point("alarm", ok=False)], GOOD):
        with app.transaction(technician, clock.now) as session:
            plan = session.scalars(select(CalibrationPlan).where(CalibrationPlan.asset_id == pager)).one()
            service.record_calibration(session, technician, plan, _done(clock), points, clock.now)
        moments.append(clock.advance(timedelta(days=10)))
    with app.reading() as session:
        (validity,) = queries.calibration_validity(session, [pager])[pager]
    first, last = validity.valid
    assert first == (moments[0], moments[1])
    assert last[0] == moments[2]
    # 22 November + 365 days is the last valid day; midnight in Tashkent is 19:00 UTC of the day before.
    assert last[1].isoformat() == "2027-11-22T19:00:00+00:00"
