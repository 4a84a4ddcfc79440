"""Who may know of an operation: open ones few, closed ones those who may read operations in their scope."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from assets.core.actor import Actor, GrantedRole
from assets.core.app import App
from assets.core.errors import InvalidInput, NotFound
from assets.core.journal import JournalEntry
from assets.operations.queries import (
    OperationFilter,
    known_codes,
    operation_by_id,
    operation_count,
    operation_for_use,
    operation_page,
    usual_operations,
)
from assets.people.rules import Role
from tests.support.operations import Operations
from tests.support.world import World

OWN = {"coordinator", "commander", "logistics_officer", "officer"}
READERS_OF_CLOSED = OWN | {"auditor"}


def knows(app: App, actor: Actor, operation_id: int) -> bool:
    """The one and the list must give the same answer."""
    with app.reading() as session:
        listed = [row.id for row in operation_page(session, actor, OperationFilter())]
        assert operation_count(session, actor, OperationFilter()) == len(listed)
        try:
            found = operation_by_id(session, actor, operation_id).id in {operation_id}
        except NotFound:
            found = False
    assert found == (operation_id in listed)
    return found


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_each_role_knows_of_open_and_closed_ones_as_it_should(
    role: str, app: App, operations: Operations, actor_for: Callable[[str], Actor]
) -> None:
    still_open = operations.record("coordinator")
    closed = operations.record("coordinator", closed=True)
    actor = actor_for(role)
    assert knows(app, actor, still_open) == (role in OWN)
    assert knows(app, actor, closed) == (role in READERS_OF_CLOSED)


def test_other_units_know_of_neither(app: App, operations: Operations, actor_for: Callable[[str], Actor]) -> None:
    for closed in (False, True):
        made = operations.record("coordinator", closed=closed)
        assert not knows(app, actor_for("officer2"), made)
        shared = operations.record("coordinator", closed=closed, units=["IMT-FA"])
        assert knows(app, actor_for("officer2"), shared)


@pytest.mark.parametrize(
    ("role", "scope", "sees_open", "sees_closed"),
    [
        (Role.COORDINATOR, "region", True, True),
        (Role.COORDINATOR, "unit", True, True),
        (Role.LOGISTICS_OFFICER, "everything", False, True),
        (Role.OFFICER, "region", False, True),
        (Role.OFFICER, "unit", True, True),
        (Role.AUDITOR, "unit", False, True),
        (Role.AUDITOR, "region", False, True),
        (Role.ADMINISTRATOR, "everything", False, False),
        (Role.MONITOR, "unit", False, False),
    ],
)
def test_open_ones_need_a_role_for_the_unit_itself(
    role: Role, scope: str, *, sees_open: bool, sees_closed: bool, app: App, operations: Operations, world: World
) -> None:
    ids = {"everything": None, "region": world.regions["UZ-TK"].id, "unit": world.units["IMT-TK"].id}
    reader = Actor("account", "reader", account_id=999, grants=(GrantedRole(role.value, scope, ids[scope]),))
    assert knows(app, reader, operations.record("coordinator")) == sees_open
    assert knows(app, reader, operations.record("coordinator", closed=True)) == sees_closed


def test_who_recorded_it_knows_of_it_while_he_may_write_there(app: App, operations: Operations, world: World) -> None:
    made = operations.record("logistics_officer")
    account_id = world.accounts["logistics_officer"].id
    everywhere = GrantedRole(Role.LOGISTICS_OFFICER, "everything")
    assert knows(app, Actor("account", "x", account_id=account_id, grants=(everywhere,)), made)
    moved = GrantedRole(Role.LOGISTICS_OFFICER, "unit", world.units["IMT-FA"].id)
    assert not knows(app, Actor("account", "x", account_id=account_id, grants=(moved,)), made)


def test_annulling_an_open_one_makes_it_known_to_nobody_else(
    app: App, operations: Operations, actor_for: Callable[[str], Actor]
) -> None:
    made = operations.record()
    operations.annul(made, "recorded by mistake")
    assert knows(app, actor_for("commander"), made)
    assert not knows(app, actor_for("auditor"), made)


def test_journal_says_that_an_open_operation_changed_and_not_what_it_is(app: App, operations: Operations) -> None:
    seized = {"items": ["heroin 1 kg"], "concealment": "fuel tank"}
    said = {"class": "ident.raman", "contribution": "decisive", "note": "see tape"}
    made = operations.record(
        code="ZARAFSHON-9", note="Source is the driver", kind="controlled_delivery", delivery="internal",
        seizures=[seized], contributions=[said],
    )  # fmt: skip
    operations.change(made, note="Another source")
    with app.reading() as session:
        about = JournalEntry.entity.in_(["operation", "seizure", "seizure_item", "equipment_contribution"])
        told = session.scalars(select(JournalEntry.body).where(about)).all()
    assert len(told) >= 5
    for secret in ("ZARAFSHON", "ource", "controlled", "internal", "2026-10-28", "fuel tank", "tape"):
        assert not [body for body in told if secret in body.partition('"values"')[2]], secret


def test_usual_operations_are_open_begun_and_of_the_unit_newest_first(
    operations: Operations, app: App, world: World, actor_for: Callable[[str], Actor]
) -> None:
    old = operations.record("coordinator", starts_on="2026-10-01")
    newer = operations.record("coordinator", unit="IMT-FA", units=["IMT-TK"], starts_on="2026-10-30")
    operations.record("coordinator", closed=True)
    operations.record("coordinator", starts_on="2026-12-01")
    operations.record("coordinator", unit="IMT-SU")
    operations.annul(operations.record("coordinator"), "by mistake", "coordinator")
    now, unit_id = operations.clock.now, world.units["IMT-TK"].id
    with app.reading() as session:
        found = usual_operations(session, actor_for("logistics_officer"), unit_id, now)
        assert [operation.id for operation in found] == [newer, old]
        assert usual_operations(session, actor_for("auditor"), unit_id, now) == []
        assert len(usual_operations(session, actor_for("logistics_officer"), unit_id, now, limit=1)) == 1


def test_a_use_names_only_an_operation_that_may_be_seen(
    operations: Operations, app: App, actor_for: Callable[[str], Actor]
) -> None:
    operations.record("coordinator", code="Zarafshon-9", unit="IMT-FA")
    with app.reading() as session:
        mine, theirs = actor_for("logistics2"), actor_for("logistics_officer")
        assert operation_for_use(session, mine, " zarafshon-9 ") == "Zarafshon-9"
        assert operation_for_use(session, theirs, "") == ""
        words = []
        for code in ("Zarafshon-9", "Zarafshon-8"):
            with pytest.raises(InvalidInput) as refused:
                operation_for_use(session, theirs, code)
            words.append((refused.value.fields[0].code, str(refused.value.message).replace(code, "?")))
        assert words[0] == words[1]
        assert known_codes(session, theirs, ["Zarafshon-9", "an old text"]) == {"an old text"}
        assert known_codes(session, mine, ["Zarafshon-9", "an old text"]) == {"Zarafshon-9", "an old text"}


def test_list_is_filtered_and_paged_without_gap_or_double(
    operations: Operations, app: App, world: World, actor_for: Callable[[str], Actor]
) -> None:
    ids = [
        operations.record("coordinator", starts_on=f"2026-10-{day:02d}", unit=unit)
        for day in (3, 3, 5, 9)
        for unit in ("IMT-TK", "IMT-FA")
    ]
    operations.close(ids[0], "coordinator")
    actor = actor_for("coordinator")
    with app.reading() as session:
        seen: list[int] = []
        after: tuple[object, ...] | None = None
        while page := operation_page(session, actor, OperationFilter(), limit=3, after=after):
            seen += [row.id for row in page]
            after = (page[-1].starts_on.isoformat(), page[-1].id)
        assert seen == sorted(ids, reverse=True)
        day = operations.clock.now.date() - timedelta(days=28)
        for wanted, expected in (
            (OperationFilter(unit_id=world.units["IMT-FA"].id), set(ids[1::2])),
            (OperationFilter(region_id=world.regions["UZ-TK"].id), set(ids[::2])),
            (OperationFilter(state="closed"), {ids[0]}),
            (OperationFilter(state="annulled"), set()),
            (OperationFilter(first=day, until=day + timedelta(days=1)), set(ids[4:6])),
            (OperationFilter(query="op-2026-0003"), {ids[2]}),
            (OperationFilter(query="%"), set()),
            (OperationFilter(kind="search"), set()),
        ):
            assert {row.id for row in operation_page(session, actor, wanted)} == expected, wanted
            assert operation_count(session, actor, wanted) == len(expected)
        for wrong in ((1,), ("x", 1), ("2026-10-01", "1"), ("2026-10-01", True), ("2026-10-01", 2**40)):
            with pytest.raises(InvalidInput):
                operation_page(session, actor, OperationFilter(), after=wrong)
