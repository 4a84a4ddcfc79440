"""The list of setting up ticks itself off from the data, step by step."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.app import App
from assets.core.errors import InvalidInput, NotAllowed, RuleViolation
from assets.core.journal import JournalEntry
from assets.core.outbox import OutboxMail, send_waiting
from assets.maintenance import service as maintenance
from assets.people import service
from assets.people.rules import Role
from assets.registry.models import Label
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.service.assets import register_asset
from assets.registry.service.catalogue import BatchDraft, GrantDraft, add_batch, add_grant
from assets.safekeeping import beginning, log
from assets.settings import Settings
from assets.telemetry.models import Tracker, TrackerInstallation
from tests.support.world import SETUP, START, World, build_world
from tests.web.conftest import counted


def states(app: App) -> dict[str, beginning.StepState]:
    with app.reading() as session:
        return {state.step.name: state for state in beginning.steps(session, app.settings, START)}


def done(app: App) -> set[str]:
    return {name for name, state in states(app).items() if state.done}


def test_nothing_is_ticked_on_an_empty_machine(app: App) -> None:
    assert done(app) == set()


def test_a_step_is_ticked_when_its_data_is_there(app: App) -> None:
    world = build_world(app, START)
    assert done(app) == {"units", "organisations", "persons", "accounts"}
    with app.transaction(SETUP, START) as session:
        _add_second_administrator(session)
        batch = _add_grant_and_batch(session, world)
    assert done(app) >= {"second_administrator", "grants", "batch"}
    assert "items" not in done(app)
    with app.transaction(SETUP, START) as session:
        asset = register_asset(
            session, SETUP, parse_asset({"class": "vehicle.patrol", "unit": "IMT-TK", "batch": batch}), START
        )
    assert done(app) >= {"items"}
    assert str(states(app)["labels"].present) == "items with a printed label: 0 of 1"
    with app.transaction(SETUP, START) as session:
        session.scalars(select(Label).where(Label.asset_id == asset.id)).one().printed_at = START
        maintenance.adopt_missing_plans(session, SETUP, START, limit=10)
        session.add(Tracker(id="T1", added_at=START, secret_at=START))
        session.flush()
        session.add(TrackerInstallation(tracker_id="T1", asset_id=asset.id, started_at=START))
    assert done(app) >= {"labels", "plans", "trackers"}
    with app.transaction(SETUP, START) as session:
        asset = session.merge(asset)
        asset.annulled_at = START
    assert "items" not in done(app), "registered by mistake, it is none"


def _add_second_administrator(session: Session) -> None:
    service.add_account(
        session, SETUP, login="second", password="Ishonchli-Soz-77", role=Role.ADMINISTRATOR, scope=service.Scope(),
        now=START,
    )  # fmt: skip


def _add_grant_and_batch(session: Session, world: World) -> str:
    donor = session.merge(world.organisations["JPN"])
    grant = add_grant(session, SETUP, GrantDraft("G-1", "First grant", donor))
    return add_batch(session, SETUP, BatchDraft("R-1", grant, date(2026, 10, 1), "Tashkent")).number


def test_settings_and_backups_tick_their_steps(app: App) -> None:
    given = {
        "ASSETS_DATA_DIR": str(app.settings.data_dir), "ASSETS_TIMEZONE": "Asia/Tashkent",
        "ASSETS_BASE_URL": "https://assets.example.uz",
    }  # fmt: skip
    chosen = dataclasses.replace(app, settings=Settings.from_environment(given))
    assert done(chosen) == {"time_zone", "address"}
    plain = Settings.from_environment({**given, "ASSETS_BASE_URL": "http://assets.example.uz"})
    assert "address" not in done(dataclasses.replace(app, settings=plain)), "phones give no camera without https"
    path = app.settings.data_dir / "b"
    path.write_bytes(b"1")
    log.write(
        app.settings.data_dir,
        log.Made(str(path), "nightly", START, 1, "", 1.0, START, "", 1, ("0002", "0001")),
    )
    assert "backup" in done(chosen)


def test_mail_is_ticked_when_a_server_took_one(app: App) -> None:
    with_server = dataclasses.replace(
        app, settings=dataclasses.replace(app.settings, smtp_url="smtp://mail.example:25"), mailer=Postbox()
    )
    world = build_world(app, START)
    actor = world.actors["administrator"]
    with app.transaction(actor, START) as session:
        assert beginning.queue_test_mail(session, actor, app.settings, START) == "administrator@example.org"
    assert "mail" not in done(with_server), "it waits"
    assert send_waiting(with_server) == (1, 0)
    assert "mail" in done(with_server)
    assert "mail" not in done(app), "without a server it only became a file"
    with app.reading() as session:
        last = beginning.last_test_mail(session)
        assert last is not None
        assert last.sent_at is not None


class Postbox:
    """A mailer that takes everything."""

    def send(self, recipient: str, subject: str, body: str) -> None:
        """Taken."""


def test_test_mail_needs_an_address(app: App, world: World) -> None:
    actor = world.actors["administrator"]
    with app.transaction(SETUP, START) as session:
        session.merge(world.accounts["administrator"]).email = ""
    with pytest.raises(InvalidInput, match="no mail address"), app.transaction(actor, START) as session:
        beginning.queue_test_mail(session, actor, app.settings, START)
    with app.reading() as session:
        assert session.scalar(select(OutboxMail.id)) is None


def test_step_is_left_out_with_a_reason_and_taken_back(app: App, world: World) -> None:
    actor = world.actors["administrator"]
    with app.transaction(actor, START) as session:
        beginning.skip(session, actor, "trackers", "  no vehicle  here ", START)
    state = states(app)["trackers"]
    assert (state.skipped, state.is_open) == ("no vehicle here", False)
    with app.transaction(actor, START) as session:
        beginning.skip(session, actor, "trackers", "", START)
    assert states(app)["trackers"].is_open
    with app.reading() as session:
        entries = session.scalars(select(JournalEntry).where(JournalEntry.entity == "setup_skip")).all()
    assert len(entries) == 2, "what was said stays in the journal"


@pytest.mark.parametrize(
    ("step", "reason", "error"),
    [("units", "why not", RuleViolation), ("nonsense", "x", InvalidInput), ("mail", "x" * 301, InvalidInput)],
)
def test_step_that_is_needed_or_unknown_cannot_be_left_out(
    step: str, reason: str, error: type[Exception], app: App, world: World
) -> None:
    actor = world.actors["administrator"]
    with pytest.raises(error), app.transaction(actor, START) as session:
        beginning.skip(session, actor, step, reason, START)
    assert not any(state.skipped for state in states(app).values())


def test_only_an_administrator_leaves_steps_out(app: App, world: World) -> None:
    actor = world.actors["coordinator"]
    with pytest.raises(NotAllowed), app.transaction(actor, START) as session:
        beginning.skip(session, actor, "trackers", "none", START)


def test_list_takes_three_queries(app: App, world: World) -> None:
    with counted(app.main.engine) as seen:
        states(app)
    assert len(seen) == 3
