"""The one table of who may do what."""

from __future__ import annotations

import pytest

from assets.core.actor import Actor, GrantedRole
from assets.core.errors import InvalidInput, RuleViolation
from assets.people.rules import POLICY, Permission, Reach, Role, check_grant, check_login, check_password, may, reach


def _actor(*grants: GrantedRole) -> Actor:
    return Actor(kind="account", name="x", account_id=1, grants=grants)


def test_every_permission_is_in_the_table() -> None:
    assert set(POLICY) == set(Permission)


def test_positions_are_for_coordinators_and_commanders_alone() -> None:
    assert POLICY[Permission.POSITION_READ] == {Role.COORDINATOR, Role.COMMANDER}


def test_donor_sees_released_summaries_and_nothing_else() -> None:
    assert {p for p in Permission if Role.DONOR in POLICY[p]} == {Permission.SUMMARY_READ}


def test_drafting_and_approving_are_different_rights() -> None:
    assert Role.COORDINATOR not in POLICY[Permission.SUMMARY_APPROVE]


def test_auditor_changes_nothing() -> None:
    held = {p for p in Permission if Role.AUDITOR in POLICY[p]}
    assert {p.value.rpartition(".")[2] for p in held} == {"read", "identity", "see", "read_draft"}


def test_reach_is_the_union_of_the_grants_that_carry_the_permission() -> None:
    actor = _actor(
        GrantedRole("logistics_officer", "unit", 3),
        GrantedRole("logistics_officer", "region", 7),
        GrantedRole("monitor", "unit", 9),
    )
    found = reach(actor, Permission.CUSTODY_ACT)
    assert found == Reach(unit_ids=frozenset({3}), region_ids=frozenset({7}))
    assert reach(actor, Permission.ASSET_READ).unit_ids == {3, 9}
    assert not may(actor, Permission.ACCOUNT_MANAGE)


@pytest.mark.parametrize(
    ("role", "kind"),
    [(Role.DONOR, "unit"), (Role.DONOR, "everything"), (Role.COMMANDER, "region"), (Role.OFFICER, "donor")],
)
def test_role_is_not_granted_for_a_scope_it_has_no_meaning_in(role: Role, kind: str) -> None:
    with pytest.raises(RuleViolation):
        check_grant(role, kind)


@pytest.mark.parametrize("login", ["", "a", "Ä", "a b", "x" * 65, "../etc", "a\0b"])
def test_odd_login_is_refused(login: str) -> None:
    with pytest.raises(InvalidInput):
        check_login(login)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaa", "officer-officer", "x" * 300])
def test_weak_password_is_refused(password: str) -> None:
    with pytest.raises(InvalidInput):
        check_password(password, "officer")
