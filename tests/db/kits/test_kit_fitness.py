"""Fitness of kits: one by one, for a register at once and as a filter it says the same, in few queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import joinedload

from assets.core.app import App
from assets.core.errors import RuleViolation
from assets.fitness.queries import ReadinessFilter, fitness_of, incomplete_kits, readiness, unfit_assets_condition
from assets.kits.queries import KitFilter, kits_page
from assets.kits.rules.lists import LineDraft
from assets.kits.service import put_counted
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.registry.models import Asset
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import happening_now
from tests.support.kits import Kits
from tests.support.lots import Store
from tests.support.world import SETUP, Clock, World

RADIO = LineDraft("comms.radio", 1)
OPTIONAL = LineDraft("protect.respirator", 1, required=False)
FILTERS = LineDraft("protect.filter", 5, item="Filter")


@pytest.fixture
def kits(app: App, world: World, clock: Clock) -> Kits:
    return Kits(app, world, clock)


def make_all_kinds(kits: Kits) -> dict[str, str]:
    """A kit of each kind: complete, lacking, unfit, short, expired, never checked, without a list."""
    store = Store(kits.app, kits.world, kits.clock, login="coordinator")
    good, bad = store.receive("L-1", 40), store.receive("L-2", 40)
    kits.clock.advance(timedelta(hours=1))
    found = {"complete": kits.full_kit()[0]}
    found["missing"], one, _ = kits.full_kit()
    kits.check(found["missing"], {one: False})
    found["away"], one, _ = kits.full_kit()
    kits.issue(one, "P-001", login="coordinator")
    found["unfit"], one, _ = kits.full_kit()
    with kits.by("coordinator") as (session, actor):
        report_fault(
            session, actor, asset_by_code(session, actor, one), Severity.CRITICAL, "cracked",
            happening_now(kits.clock.now),
        )  # fmt: skip
    for name, lot, amount in (("counted", good, 5), ("short", good, 4), ("barred", bad, 5)):
        found[name] = kits.kit(lines=(FILTERS,))
        kits.counted(put_counted, found[name], lot, amount)
    store.recall(bad)
    found["optional"] = kits.kit(kits.asset_of("comms.radio"), lines=(RADIO, OPTIONAL))
    found["unchecked"] = kits.kit(kits.asset_of("comms.radio"), lines=(RADIO,), checked=False)
    found["no_list"] = kits.kit(kits.asset_of("comms.radio"))
    return found


FIT = {"complete", "counted", "optional", "unchecked", "no_list"}


@contextmanager
def counting(app: App) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            seen.append(statement)

    event.listen(app.main.engine, "before_cursor_execute", note)
    yield seen
    event.remove(app.main.engine, "before_cursor_execute", note)


def test_filter_and_register_say_what_is_said_one_by_one_in_few_queries(kits: Kits) -> None:
    made = make_all_kinds(kits)
    now = kits.clock.now
    with kits.app.reading() as session:
        assets = session.scalars(select(Asset).options(joinedload(Asset.equipment_class))).all()
        with counting(kits.app) as seen:
            fitness = fitness_of(session, assets, now)
        assert len(seen) <= 6
        by_code = {asset.code: fitness[asset.id] for asset in assets}
        assert {name for name, code in made.items() if by_code[code].fit} == FIT
        unfit = set(session.scalars(select(Asset.code).where(unfit_assets_condition(now))))
        fit = set(session.scalars(select(Asset.code).where(~unfit_assets_condition(now))))
        assert unfit == {code for code, judged in by_code.items() if not judged.fit}
        assert unfit | fit == set(by_code)
        for narrowed in (ReadinessFilter(), ReadinessFilter(class_code="kit")):
            session.expire_all()
            with counting(kits.app) as seen:
                items = readiness(session, SETUP, narrowed, now)
            assert len(seen) <= 8
            kinds = {item.code: item.fitness for item in items}
            assert {code: kinds[code] for code in made.values()} == {code: by_code[code] for code in made.values()}


def test_page_of_kits_is_narrowed_by_their_state(kits: Kits) -> None:
    made = make_all_kinds(kits)

    def page(state: str) -> set[str]:
        with kits.app.reading() as session:
            rows = kits_page(
                session, SETUP, KitFilter(state=state), incomplete_kits(kits.clock.now), dict, kits.clock.now.date()
            )
            return {name for name, code in made.items() if code in {row.asset.code for row in rows}}

    assert page("") == set(made)
    assert page("complete") == {"complete", "counted", "optional"}
    assert page("incomplete") == set(made) - FIT
    assert page("unchecked") == {"unchecked"}
    assert page("no_list") == {"no_list"}


def test_incomplete_kit_is_refused_at_issue_with_words_that_say_what_to_do(kits: Kits) -> None:
    kit, one, _ = kits.full_kit()
    kits.check(kit, {one: False})
    with pytest.raises(RuleViolation) as refused:
        kits.issue(kit, "P-001")
    assert refused.value.code == "not_fit"
    assert "1 of 2 in it" in str(refused.value.message)
    assert "look for it" in str(refused.value.message)


def test_kit_that_lacks_what_it_can_do_without_is_issued(kits: Kits) -> None:
    kit = kits.kit(kits.asset_of("comms.radio"), lines=(RADIO, LineDraft("search.mirror_uvss", 9, required=False)))
    assert (kits.fitness(kit).state, kits.reasons(kit)) == ("due", ["kit_to_mend"])
    kits.issue(kit, "P-001")


def test_part_issued_alone_leaves_the_kit_incomplete_until_it_is_back(kits: Kits) -> None:
    kit, one, _ = kits.full_kit()
    kits.issue(one, "P-001")
    assert kits.reasons(kit) == ["kit_incomplete"]
    kits.give_back(one)
    assert kits.reasons(kit) == []
