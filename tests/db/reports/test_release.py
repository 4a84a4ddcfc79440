"""Release: two people, frozen figures, and files that are the same for ever."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from assets.core.app import App
from assets.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.core.journal import JournalEntry, first_bad_entry
from assets.people.queries import actor_of
from assets.people.rules import Role
from assets.people.service import Scope, grant_role
from assets.registry.models import Asset
from assets.reports import release
from assets.reports.figures import sha256
from assets.reports.models import DonorSummary, SummaryFile
from tests.db.metrics.days import FIRST, SETUP, local, roll_up
from tests.db.reports.given import AFTER, DAYS, UNTIL, give
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
        shown = session.get_one(DonorSummary, summary_id).sha256
        release.approve_summary(session, actor, summary_id, AFTER, shown_sha256=shown)


def written(app: App, world: World, summary_id: int, texts: dict[str, str]) -> str:
    """Write as the coordinator who looks at the newest version; gives the new hash."""
    actor = world.actors["coordinator"]
    with app.transaction(actor, AFTER) as session:
        shown = session.get_one(DonorSummary, summary_id).sha256
        return release.write_words(session, actor, summary_id, texts, shown_sha256=shown).sha256


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
        summary = release.summary_by_id(session, given.actors["donor"], summary_id)
        for format_, lang in product(release.FORMATS, release.LANGUAGES):
            kept = release.export_summary(session, given.actors["donor"], summary_id, format_=format_, lang=lang)
            assert release.render_again(session, summary, format_, lang) == kept.content
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
        assert release.render_again(session, summary, "json") == before
    assert after == before


def test_day_of_release_is_the_offices_own_and_not_that_of_another_zone(app: App, given: World) -> None:
    summary_id, actor, night = drafted(app, given), given.actors["approver"], local(DAYS + 91, 1)
    with app.transaction(actor, night) as session:
        shown = session.get_one(DonorSummary, summary_id).sha256
        release.approve_summary(session, actor, summary_id, night, shown_sha256=shown)
    with app.reading() as session:
        summary = session.get_one(DonorSummary, summary_id)
        assert release.issue_of(session, summary).released_on == FIRST + timedelta(days=DAYS + 91)
        kept = next(file.content for file in summary.files if (file.format, file.lang) == ("json", "en"))
    assert f'"released_on": "{FIRST + timedelta(days=DAYS + 91)}"' in kept.decode()


def test_changed_figures_are_not_released(app: App, given: World) -> None:
    summary_id = drafted(app, given)
    with app.main.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE donor_summary SET figures = replace(figures, '\"disposed\":0', '\"disposed\":9')"
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


@pytest.mark.parametrize(("days", "code"), [(29, "too_early"), (31, "early_needs_a_reason")])
def test_release_waits_after_the_period(app: App, given: World, days: int, code: str) -> None:
    actor, summary_id = given.actors["approver"], drafted(app, given)
    early = local(DAYS + days, 9)
    with app.reading() as session:
        shown = session.get_one(DonorSummary, summary_id).sha256
    with pytest.raises(RuleViolation) as refused, app.transaction(actor, early) as session:
        release.approve_summary(session, actor, summary_id, early, shown_sha256=shown)
    assert refused.value.code == code


def test_early_release_keeps_its_reason(app: App, given: World) -> None:
    actor, summary_id = given.actors["approver"], drafted(app, given)
    early = local(DAYS + 31, 9)
    with app.transaction(actor, early) as session:
        shown = session.get_one(DonorSummary, summary_id).sha256
        made = release.approve_summary(
            session, actor, summary_id, early, shown_sha256=shown, early_reason="the joint committee meets in May"
        )
        assert made.early_reason == "the joint committee meets in May"


def test_each_word_changes_the_hash_and_the_journal_keeps_both_versions(app: App, given: World) -> None:
    summary_id = drafted(app, given)
    first = written(app, given, summary_id, {"problems": "Batteries are missing."})
    second = written(app, given, summary_id, {"problems": "Batteries came.", "requests": "=cmd|' /C calc'!A0"})
    assert first != second
    with app.reading() as session:
        summary = session.get_one(DonorSummary, summary_id)
        assert sha256(summary.figures) == summary.sha256 == second
        assert release.frozen_figures(summary).said("problems") == "Batteries came."
        bodies = session.scalars(select(JournalEntry.body).where(JournalEntry.entity == "donor_summary")).all()
        assert any("Batteries are missing." in body for body in bodies)
        assert first_bad_entry(session) is None


def test_approver_releases_what_was_shown_to_him_and_nothing_newer(app: App, given: World) -> None:
    actor, summary_id = given.actors["approver"], drafted(app, given)
    shown = written(app, given, summary_id, {"problems": "None."})
    written(app, given, summary_id, {"problems": "Something else."})
    with pytest.raises(RuleViolation) as refused, app.transaction(actor, AFTER) as session:
        release.approve_summary(session, actor, summary_id, AFTER, shown_sha256=shown)
    assert refused.value.code == "words_changed"


def test_two_people_who_write_at_once_do_not_overwrite_each_other(app: App, given: World) -> None:
    actor, summary_id = given.actors["coordinator"], drafted(app, given)
    with app.reading() as session:
        old = session.get_one(DonorSummary, summary_id).sha256
    written(app, given, summary_id, {"problems": "The first one's words."})
    with pytest.raises(Conflict), app.transaction(actor, AFTER) as session:
        release.write_words(session, actor, summary_id, {"problems": "Mine."}, shown_sha256=old)


def test_whoever_wrote_into_a_draft_does_not_release_it(app: App, given: World) -> None:
    actor, summary_id = given.actors["approver"], drafted(app, given)
    with app.transaction(actor, AFTER) as session:
        shown = session.get_one(DonorSummary, summary_id).sha256
        release.write_words(session, actor, summary_id, {"lessons": "My own words."}, shown_sha256=shown)
    with pytest.raises(RuleViolation) as refused:
        approve(app, given, summary_id)
    assert refused.value.code == "two_people"


def test_words_stay_as_they_are_after_the_release(app: App, given: World) -> None:
    actor, summary_id = given.actors["coordinator"], drafted(app, given)
    approve(app, given, summary_id)
    with pytest.raises(RuleViolation) as refused:
        written(app, given, summary_id, {"problems": "Too late."})
    assert refused.value.code == "not_a_draft"
    assert actor.account_id is not None


def test_words_with_a_serial_number_of_the_register_are_not_released(app: App, given: World) -> None:
    summary_id = drafted(app, given)
    written(app, given, summary_id, {"lessons": "The analyser sn-ident.raman-001 was repaired."})
    with pytest.raises(RuleViolation) as refused:
        approve(app, given, summary_id)
    assert refused.value.code == "words_tell"
    written(app, given, summary_id, {"lessons": "One analyser was repaired."})
    approve(app, given, summary_id)


def test_second_summary_for_the_same_days_is_refused_until_the_first_is_withdrawn(app: App, given: World) -> None:
    approver = given.actors["approver"]
    first, second = drafted(app, given), drafted(app, given)
    approve(app, given, first)
    with pytest.raises(RuleViolation) as refused:
        approve(app, given, second)
    assert refused.value.code == "overlapping_period"
    with app.transaction(approver, AFTER) as session:
        release.withdraw_summary(session, approver, first, "wrong value of round 2", AFTER)
    approve(app, given, second)


def test_withdrawn_summary_is_not_followed_by_one_with_shifted_limits(app: App, given: World) -> None:
    approver = given.actors["approver"]
    approve(app, given, first := drafted(app, given))
    with app.transaction(approver, AFTER) as session:
        release.withdraw_summary(session, approver, first, "wrong value of round 2", AFTER)
    actor = given.actors["coordinator"]
    with app.transaction(actor, AFTER) as session:
        shifted = release.draft_summary(
            session, actor, donor_code="JPN", first=FIRST + timedelta(days=1), until=UNTIL, now=AFTER
        ).id
    with pytest.raises(RuleViolation) as refused:
        approve(app, given, shifted)
    assert refused.value.code == "overlapping_period"


def test_next_summary_compares_with_the_released_one_as_the_donor_has_it(app: App, given: World) -> None:
    approve(app, given, summary_id := drafted(app, given))
    later, actor = local(DAYS + 91 + 91, 9), given.actors["coordinator"]
    with app.transaction(SETUP, later) as session:
        for asset in session.query(Asset).limit(20):
            asset.life = "lost"
    roll_up(app, later)
    with app.transaction(actor, later) as session:
        made = release.draft_summary(
            session, actor, donor_code="JPN", first=UNTIL, until=UNTIL + timedelta(days=90), now=later
        )
        before = release.frozen_figures(made).before
        released = release.frozen_figures(session.get_one(DonorSummary, summary_id))
        assert before is not None
        assert (before.summary, before.measures) == (summary_id, released.measures)


def test_summary_of_the_first_version_keeps_its_files_and_is_known_by_them(app: App, given: World) -> None:
    approver, donor = given.actors["approver"], given.actors["donor"]
    old = '{"template":1,"measures":[],"marks_exempt":2}'
    with app.transaction(SETUP, AFTER) as session:
        summary = DonorSummary(
            donor_id=given.organisations["JPN"].id, first=FIRST, until=UNTIL, state="released", figures=old,
            sha256=sha256(old), drafted_by_id=given.accounts["coordinator"].id, drafted_at=AFTER,
            approved_by_id=given.accounts["approver"].id, approved_at=AFTER,
        )  # fmt: skip
        content = b"%PDF as it was released then"
        summary.files.append(SummaryFile(format="pdf", lang="en", sha256=sha256(content), content=content))
        session.add(summary)
    with app.reading() as session:
        assert release.export_summary(session, donor, summary.id, format_="pdf").content == content
        known = release.verify_file(session, content)
        assert known is not None
        assert known.summary_id == summary.id
        with pytest.raises(RuleViolation) as refused:
            release.frozen_figures(release.summary_by_id(session, approver, summary.id))
        assert refused.value.code == "older_template"


@pytest.mark.parametrize(("format_", "lang", "code"), [("iati", "en", "not_yet"), ("pdf", "ja", "not_yet"),
                                                       ("docx", "en", "unknown_word")])  # fmt: skip
def test_what_is_not_made_yet_is_said_in_words(app: App, given: World, format_: str, lang: str, code: str) -> None:
    summary_id = drafted(app, given)
    with app.reading() as session, pytest.raises(InvalidInput) as refused:
        release.export_summary(session, given.actors["coordinator"], summary_id, format_=format_, lang=lang)
    assert refused.value.fields[0].code == code


@pytest.mark.parametrize(("days", "code"), [(60, "period_too_short"), (200, "period_not_over")])
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
