"""Release: two people, frozen figures, and files that are the same for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from assets.core.app import App
from assets.core.errors import InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.core.journal import first_bad_entry
from assets.people.queries import actor_of
from assets.people.rules import Role
from assets.people.service import Scope, grant_role
from assets.registry.models import Asset
from assets.reports import release
from assets.reports.figures import sha256
from assets.reports.models import DonorSummary
from tests.db.metrics.days import FIRST, SETUP, roll_up
from tests.db.reports.given import AFTER, UNTIL, give
from tests.support.world import World


@pytest.fixture
def given(app: App, world: World) -> World:
    give(app, world)
    return world


def drafted(app: App, world: World, login: str = "coordinator") -> int:
    actor = world.actors[login]
    with app.transaction(actor, AFTER) as session:
        return release.draft_summary(session, actor, donor_code="JPN", first=FIRST, until=UNTIL, now=AFTER).id


def approve(app: App, world: World, summary_id: int, login: str = "approver") -> None:
    actor = world.actors[login]
    with app.transaction(actor, AFTER) as session:
        release.approve_summary(session, actor, summary_id, AFTER)


def test_drafter_cannot_release_even_with_the_right_to(app: App, given: World) -> None:
    summary_id = drafted(app, given, "approver")
    with pytest.raises(RuleViolation) as refused:
        approve(app, given, summary_id)
    assert refused.value.code == "two_people"


def test_database_itself_refuses_one_person_in_both_places(app: App, given: World) -> None:
    actor = given.actors["coordinator"]
    summary_id = drafted(app, given)
    with app.transaction(SETUP, AFTER) as session:
        summary = session.get_one(DonorSummary, summary_id)
        summary.state, summary.approved_by_id, summary.approved_at = "released", actor.account_id, AFTER
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()


def test_coordinator_drafts_and_may_not_release(app: App, given: World) -> None:
    summary_id = drafted(app, given, "approver")
    with pytest.raises(NotAllowed):
        approve(app, given, summary_id, "coordinator")


def test_donor_sees_nothing_before_the_release_and_the_released_one_after(app: App, given: World) -> None:
    donor, summary_id = given.actors["donor"], drafted(app, given)
    with app.reading() as session:
        assert release.summaries(session, donor) == []
        with pytest.raises(NotFound):
            release.export_summary(session, donor, summary_id, format_="pdf")
    approve(app, given, summary_id)
    with app.reading() as session:
        assert [summary.id for summary in release.summaries(session, donor)] == [summary_id]


def test_donor_never_sees_what_was_released_for_another(app: App, given: World) -> None:
    approve(app, given, summary_id := drafted(app, given))
    with app.transaction(SETUP, AFTER) as session:
        account = session.merge(given.accounts["officer"])
        grant_role(
            session, SETUP, account, role=Role.DONOR, scope=Scope(donor=session.merge(given.organisations["OTHER"])),
            now=AFTER,
        )  # fmt: skip
        stranger = actor_of(account, AFTER, "tests")
    with app.reading() as session:
        assert release.summaries(session, stranger) == []
        with pytest.raises(NotFound):
            release.summary_by_id(session, stranger, summary_id)


def test_rendering_again_gives_the_released_bytes(app: App, given: World) -> None:
    approve(app, given, summary_id := drafted(app, given))
    with app.reading() as session:
        for format_ in release.FORMATS:
            kept = release.export_summary(session, given.actors["donor"], summary_id, format_=format_)
            summary = release.summary_by_id(session, given.actors["donor"], summary_id)
            assert release.render_again(summary, format_) == kept.content
            assert sha256(kept.content) == kept.sha256


def test_released_summary_stays_as_it_was_when_the_register_changes(app: App, given: World) -> None:
    approve(app, given, summary_id := drafted(app, given))
    with app.reading() as session:
        before = release.export_summary(session, given.actors["donor"], summary_id, format_="json").content
    with app.transaction(SETUP, AFTER) as session:
        for asset in session.query(Asset).limit(20):
            asset.life = "lost"
    roll_up(app, AFTER + timedelta(days=2))
    with app.reading() as session:
        after = release.export_summary(session, given.actors["donor"], summary_id, format_="json").content
        summary = release.summary_by_id(session, given.actors["donor"], summary_id)
        assert release.render_again(summary, "json") == before
    assert after == before


def test_changed_figures_are_not_released(app: App, given: World) -> None:
    summary_id = drafted(app, given)
    with app.main.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE donor_summary SET figures = replace(figures, '\"marks_exempt\":2', '\"marks_exempt\":0')"
        )
    with pytest.raises(RuleViolation) as refused:
        approve(app, given, summary_id)
    assert refused.value.code == "figures_changed"


def test_file_is_known_by_its_bytes_and_a_changed_one_is_not(app: App, given: World) -> None:
    approve(app, given, summary_id := drafted(app, given))
    with app.reading() as session:
        content = release.export_summary(session, given.actors["donor"], summary_id, format_="pdf").content
        known = release.verify_file(session, content)
        assert known is not None
        assert (known.summary_id, known.format, known.state) == (summary_id, "pdf", "released")
        assert release.verify_file(session, content.replace(b"Title", b"title", 1)) is None


def test_release_waits_thirty_days_after_the_period(app: App, given: World) -> None:
    actor, summary_id = given.actors["approver"], drafted(app, given)
    early = AFTER - timedelta(days=5)
    with pytest.raises(RuleViolation) as refused, app.transaction(actor, early) as session:
        release.approve_summary(session, actor, summary_id, early)
    assert refused.value.code == "too_early"


@pytest.mark.parametrize(("days", "code"), [(60, "period_too_short"), (150, "period_not_over")])
def test_period_is_a_quarter_or_longer_and_over(app: App, given: World, days: int, code: str) -> None:
    actor = given.actors["coordinator"]
    until = FIRST + timedelta(days=days)
    with pytest.raises(InvalidInput) as refused, app.transaction(actor, AFTER) as session:
        release.draft_summary(session, actor, donor_code="JPN", first=FIRST, until=until, now=AFTER)
    assert refused.value.fields[0].code == code


def test_withdrawn_summary_is_out_of_the_donors_sight_and_keeps_its_reason(app: App, given: World) -> None:
    approver = given.actors["approver"]
    approve(app, given, summary_id := drafted(app, given))
    with app.transaction(approver, AFTER) as session:
        release.withdraw_summary(session, approver, summary_id, "wrong value of round 2", AFTER)
    with app.reading() as session:
        assert release.summaries(session, given.actors["donor"]) == []
        assert release.summary_by_id(session, approver, summary_id).withdrawn_reason == "wrong value of round 2"
        assert first_bad_entry(session) is None


def test_the_system_drafts_nothing(app: App, given: World) -> None:
    with pytest.raises(InvalidInput), app.transaction(SETUP, AFTER) as session:
        release.draft_summary(session, SETUP, donor_code="JPN", first=FIRST, until=UNTIL, now=AFTER)
