"""Blank labels have an owner: the unit whose account made them, or all; who finds another's may use it, and says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import InvalidInput
from assets.custody.service.labels import claim_label
from assets.labels.token import new_code
from assets.registry.models import Asset, AssetEvent, Label
from assets.registry.queries.labels import blank_label, other_unit_of
from assets.registry.scope import asset_by_code
from assets.registry.service.labels import labels_to_print, register_label_blank
from assets.registry.service.timeline import happening_now
from tests.support.world import SETUP, Clock, World

ActorFor = Callable[[str], Actor]
MakeAsset = Callable[..., Asset]
HERE, THERE = "logistics_officer", "logistics2"  # of IMT-TK and of IMT-FA


@pytest.fixture
def blank_of(app: App, clock: Clock, actor_for: ActorFor) -> Callable[[str], str]:
    def made(login: str) -> str:
        actor = actor_for(login)
        with app.transaction(actor, clock.now) as session:
            return register_label_blank(session, actor, clock.now).code

    return made


def printed(app: App, actor: Actor, *codes: str) -> list[str]:
    with app.reading() as session:
        return [label.code for label in labels_to_print(session, actor, codes)]


def test_a_blank_label_says_for_which_unit_and_by_whom_it_was_made(
    app: App, world: World, blank_of: Callable[[str], str]
) -> None:
    codes = {login: blank_of(login) for login in (HERE, "coordinator")}
    with app.reading() as session:
        made = {login: session.get_one(Label, code) for login, code in codes.items()}
    assert made[HERE].made_for_unit_id == world.units["IMT-TK"].id
    assert made["coordinator"].made_for_unit_id is None
    assert [made[login].made_by_id for login in codes] == [world.accounts[login].id for login in codes]


def test_another_units_blank_is_not_reprinted_and_looks_unknown(
    app: App, actor_for: ActorFor, blank_of: Callable[[str], str]
) -> None:
    code, everybodys, unknown = blank_of(HERE), blank_of("coordinator"), new_code()
    for login in (HERE, "commander", "coordinator"):
        assert printed(app, actor_for(login), code, everybodys) == [code, everybodys]
    assert printed(app, actor_for(THERE), everybodys) == [everybodys]
    told = []
    for wanted in (code, unknown):
        with pytest.raises(InvalidInput) as caught:
            printed(app, actor_for(THERE), wanted)
        told.append([(error.code, error.message.text) for error in caught.value.fields])
    assert told[0] == told[1]


def test_a_blank_that_was_found_is_used_and_the_event_says_whose_it_was(
    app: App, clock: Clock, actor_for: ActorFor, blank_of: Callable[[str], str], make_asset: MakeAsset
) -> None:
    actor = actor_for(THERE)
    for blank, whose in ((blank_of(HERE), "IMT-TK"), (blank_of(THERE), None), (blank_of("coordinator"), None)):
        item = make_asset(unit="IMT-FA")
        with app.transaction(actor, clock.now) as session:
            label = blank_label(session, actor, blank)
            assert label is not None
            other = other_unit_of(session, actor, label)
            assert (other.code if other else None) == whose
            asset = asset_by_code(session, actor, item.code, lock=True)
            event = claim_label(session, actor, blank, asset, happening_now(clock.now))
            assert event.data.get("blank_of") == whose


def test_registering_with_a_found_blank_says_so_as_well(
    app: App, actor_for: ActorFor, blank_of: Callable[[str], str], make_asset: MakeAsset
) -> None:
    foreign, own = blank_of(HERE), blank_of(THERE)
    assets = [make_asset(actor_for(THERE), unit="IMT-FA", code=code) for code in (foreign, own)]
    with app.reading() as session:
        told = [
            session.scalars(
                select(AssetEvent).where(AssetEvent.asset_id == asset.id, AssetEvent.kind == "registered")
            ).one()
            for asset in assets
        ]
    assert [event.data.get("blank_of") for event in told] == ["IMT-TK", None]


def test_who_prints_nothing_learns_nothing_of_blanks(
    app: App, actor_for: ActorFor, blank_of: Callable[[str], str]
) -> None:
    code = blank_of(HERE)
    with app.reading() as session:
        assert blank_label(session, actor_for("officer"), code) is None
        assert blank_label(session, SETUP, code) is not None
