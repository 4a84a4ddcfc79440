"""What was promised of a grant: one plan at a time for each figure and class, ended and never changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.registry.models import Grant
from assets.registry.queries.catalogue import targets_in_force, targets_of
from assets.registry.service.targets import TargetDraft, end_target, set_target
from tests.support.rounds import put_grant
from tests.support.world import SETUP, START, Clock, World

USED = "utilisation_days_rate"


@pytest.fixture
def grant(app: App, world: World, clock: Clock) -> Grant:
    with app.transaction(SETUP, clock.now) as session:
        return put_grant(session, world)


def plan(app: App, clock: Clock, grant: Grant, value: str, class_code: str = "", actor: Actor = SETUP) -> int:
    now = clock.advance(timedelta(days=1))
    with app.transaction(actor, now) as session:
        draft = TargetDraft(USED, Decimal(value), class_code)
        return set_target(session, actor, session.get_one(Grant, grant.id), draft, now).id


def in_force(app: App, grant: Grant, days: float) -> list[tuple[str, str]]:
    with app.reading() as session:
        rows = targets_in_force(session, [grant.id], START + timedelta(days=days))
        return [(row.equipment_class.code if row.equipment_class else "", str(row.value.normalize())) for row in rows]


def test_at_each_moment_one_plan_holds_for_a_figure_and_class(app: App, clock: Clock, grant: Grant) -> None:
    plan(app, clock, grant, "0.6")
    plan(app, clock, grant, "0.8", "vehicle.patrol")
    plan(app, clock, grant, "0.7")
    assert in_force(app, grant, 0.5) == []
    assert in_force(app, grant, 1) == [("", "0.6")]
    assert sorted(in_force(app, grant, 2.9)) == [("", "0.6"), ("vehicle.patrol", "0.8")]
    assert sorted(in_force(app, grant, 3)) == [("", "0.7"), ("vehicle.patrol", "0.8")]


def test_what_held_before_stays_as_it_was(app: App, clock: Clock, grant: Grant) -> None:
    first = plan(app, clock, grant, "0.6")
    plan(app, clock, grant, "0.7")
    with app.reading() as session:
        rows = targets_of(session, session.get_one(Grant, grant.id))
        assert [(row.value, row.ended_at is None) for row in rows] == [(Decimal("0.7"), True), (Decimal("0.6"), False)]
        assert rows[1].id == first
        assert rows[1].ended_at == rows[0].set_at


def test_the_same_plan_again_changes_nothing(app: App, clock: Clock, grant: Grant) -> None:
    assert plan(app, clock, grant, "0.6") == plan(app, clock, grant, "0.6")


def test_a_plan_is_ended_once_and_under_its_own_grant(app: App, world: World, clock: Clock, grant: Grant) -> None:
    target = plan(app, clock, grant, "0.6")
    with app.transaction(SETUP, clock.now) as session:
        other = put_grant(session, world, "G-2")
    with pytest.raises(NotFound), app.transaction(SETUP, clock.now) as session:
        end_target(session, SETUP, session.get_one(Grant, other.id), target, clock.now)
    with app.transaction(SETUP, clock.now) as session:
        end_target(session, SETUP, session.get_one(Grant, grant.id), target, clock.now)
    with pytest.raises(RuleViolation), app.transaction(SETUP, clock.now) as session:
        end_target(session, SETUP, session.get_one(Grant, grant.id), target, clock.now)
    assert in_force(app, grant, 5) == []


def test_plans_are_made_by_who_writes_grants(
    app: App, clock: Clock, grant: Grant, actor_for: Callable[[str], Actor]
) -> None:
    for login in ("logistics_officer", "commander", "approver", "donor", "auditor"):
        with pytest.raises(NotAllowed):
            plan(app, clock, grant, "0.6", actor=actor_for(login))
    assert plan(app, clock, grant, "0.6", actor=actor_for("coordinator"))


def test_a_plan_that_suits_no_figure_is_refused(app: App, clock: Clock, grant: Grant) -> None:
    for value, class_code in (("1.5", ""), ("0.5", "ident.raman")):
        with pytest.raises(InvalidInput):
            plan(app, clock, grant, value, class_code)
