"""Conflict cases on both engines: opened whatever is heard first, never twice, settled without overwriting anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.errors import DomainError, NotAllowed, NotFound
from assets.core.outbox import OutboxMail
from assets.custody import queries as custody_queries
from assets.custody.models import ConflictCase, ConflictCaseEvent, CustodyEntry
from assets.custody.queries import conflicts as queries
from assets.custody.service import transfers
from assets.custody.service.conflict_mail import queue_conflict_mails
from assets.custody.service.conflict_settling import Settlement, settle_conflict
from assets.custody.service.conflicts import open_conflict
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import AssetEvent
from assets.registry.scope import asset_by_code
from tests.support.custody import Custody
from tests.support.world import SETUP, Clock

Make = Callable[..., str]
WHY = "night shift"


@dataclass
class Cases:
    """Two phones that were offline, and what becomes of what they tell."""

    custody: Custody

    def took(self, code: str, person: str, ago: int, login: str = "logistics_officer") -> str:
        """An issue of that many minutes ago, told now."""
        happening = self.custody.occurrence(timedelta(minutes=ago))
        return self.custody.issue(code, person, login=login, occurrence=happening, override_reason=WHY)

    def came_back(self, code: str, ago: int) -> str:
        return self.custody.give_back(code, occurrence=self.custody.occurrence(timedelta(minutes=ago)))

    def sent(self, code: str, ago: int) -> str:
        with self.custody.by("logistics_officer") as (session, actor):
            asset = transfers.asset_to_move(session, actor, code)
            unit = session.get_one(Unit, self.custody.world.units["IMT-FA"].id)
            happening = self.custody.occurrence(timedelta(minutes=ago))
            return transfers.send(session, actor, asset, unit, happening).event.id

    def of(self, code: str) -> list[ConflictCase]:
        asset_id = self.custody.asset(code).id
        with self.custody.app.reading() as session:
            return list(session.scalars(select(ConflictCase).where(ConflictCase.asset_id == asset_id)))

    def only(self, code: str) -> ConflictCase:
        (case,) = self.of(code)
        return case

    def states(self, code: str) -> list[tuple[str, str]]:
        return sorted((case.kind, case.state) for case in self.of(code))

    def entries(self, case: ConflictCase, role: str = "entry") -> set[str]:
        with self.custody.app.reading() as session:
            mine = (ConflictCaseEvent.case_id == case.id, ConflictCaseEvent.role == role)
            return set(session.scalars(select(ConflictCaseEvent.event_id).where(*mine)))

    def settle(self, code: str, outcome: str, login: str = "coordinator", **said: Any) -> None:
        case_id = self.only(code).id
        with self.custody.by(login) as (session, actor):
            case = queries.conflict_by_id(session, actor, case_id, Permission.CONFLICT_READ)
            settlement = Settlement(outcome, said.pop("note", "asked both"), **said)
            settle_conflict(session, actor, case, settlement, self.custody.clock.now)

    def chain(self, code: str) -> list[tuple[str, datetime]]:
        """Who had it from when; '' is the store."""
        asset_id = self.custody.asset(code).id
        numbers: dict[int | None, str] = {p.id: p.number for p in self.custody.world.persons.values()}
        with self.custody.app.reading() as session:
            chain = custody_queries.custody_chain(session, [asset_id]).get(asset_id, [])
        return [(numbers.get(part.person_id, ""), part.since) for part in chain]

    def ago(self, minutes: int) -> datetime:
        return self.custody.clock.now - timedelta(minutes=minutes)


@pytest.fixture
def cases(custody: Custody) -> Cases:
    return Cases(custody)


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(DomainError) as caught:
        act()
    assert code in {caught.value.code, *(each.code for each in caught.value.fields)}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_who_took_a_thing_offline_are_one_case_with_both_entries(
    cases: Cases, make: Make, order: tuple[int, int]
) -> None:
    code = make()
    acts = [lambda: cases.took(code, "P-001", 120), lambda: cases.took(code, "P-002", 60)]
    told = {acts[place]() for place in order}
    case = cases.only(code)
    assert (case.kind, case.state) == ("two_holders", "open")
    assert cases.entries(case) == told
    assert cases.chain(code) == [("P-001", cases.ago(120)), ("P-002", cases.ago(60))], "both are kept"
    with cases.custody.app.reading() as session:
        opened = session.scalars(select(AssetEvent).where(AssetEvent.kind == "conflict_opened")).all()
        assert [event.data["case"] for event in opened] == [case.id], "the timeline says so once"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_return_between_them_leaves_nothing_to_settle_whenever_it_is_heard(
    cases: Cases, make: Make, order: tuple[int, ...]
) -> None:
    code = make()
    acts = [
        lambda: cases.took(code, "P-001", 120),
        lambda: cases.came_back(code, 90),
        lambda: cases.took(code, "P-002", 60),
    ]
    for place in order:
        acts[place]()
    assert {state for _, state in cases.states(code)} <= {"moot"}, "a case that was opened says why it is none any more"


def test_a_correction_makes_the_case_moot_and_keeps_it(cases: Cases, make: Make) -> None:
    code = make()
    cases.took(code, "P-001", 120)
    wrong = cases.took(code, "P-002", 60)
    cases.custody.correct(code, wrong, reason="another item")
    assert cases.states(code) == [("two_holders", "moot")]
    refused("conflict_moot", lambda: cases.settle(code, "left"))


def test_a_corrected_person_leaves_the_same_case(cases: Cases, make: Make) -> None:
    code = make()
    wrong = cases.took(code, "P-001", 120)
    cases.took(code, "P-002", 60)
    cases.custody.correct(code, wrong, reason="his colleague", to="P-101", login="coordinator")
    assert cases.states(code) == [("two_holders", "open")], "it is the same two entries"


def test_a_contradiction_that_comes_back_opens_the_same_case_again(cases: Cases, make: Make) -> None:
    code = make()
    cases.took(code, "P-001", 120)
    cases.took(code, "P-002", 60)
    back = cases.came_back(code, 90)
    assert cases.states(code) == [("two_holders", "moot")]
    cases.custody.correct(code, back, reason="that was another item")
    assert cases.states(code) == [("two_holders", "open")]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_sent_away_while_somebody_had_it_is_a_case(cases: Cases, make: Make, order: tuple[int, int]) -> None:
    code = make()
    acts = [lambda: cases.took(code, "P-001", 120), lambda: cases.sent(code, 60)]
    told = {acts[place]() for place in order}
    case = cases.only(code)
    assert (case.kind, case.state) == ("moved_elsewhere", "open")
    assert cases.entries(case) == told


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_handed_out_while_it_was_on_its_way_is_a_case(cases: Cases, make: Make, order: tuple[int, int]) -> None:
    code = make()
    acts = [lambda: cases.sent(code, 120), lambda: cases.took(code, "P-001", 60)]
    told = {acts[place]() for place in order}
    case = cases.only(code)
    assert (case.kind, cases.entries(case)) == ("moved_elsewhere", told)


def test_what_is_handed_over_in_order_makes_no_case(cases: Cases, make: Make) -> None:
    code = make()
    cases.took(code, "P-001", 300)
    cases.took(code, "P-001", 280)
    cases.came_back(code, 240)
    cases.sent(code, 200)
    assert cases.of(code) == []


def test_a_denied_receipt_is_a_case_until_its_issue_is_corrected(cases: Cases, make: Make) -> None:
    code = make()
    issued = cases.took(code, "P-001", 120)
    with cases.custody.by("officer") as (session, actor):
        asset = asset_by_code(session, SETUP, code)
        first = open_conflict(session, actor, asset, [issued], "denied", cases.custody.clock.now)
        assert open_conflict(session, actor, asset, [issued], "denied", cases.custody.clock.now) is first
    assert cases.states(code) == [("denied", "open")]
    cases.took(code, "P-001", 30)
    assert cases.states(code) == [("denied", "open")], "another entry does not answer it"
    cases.custody.correct(code, issued, reason="he is right")
    assert cases.states(code) == [("denied", "moot")]


def test_one_of_the_two_is_right_and_the_other_is_struck_out(cases: Cases, make: Make) -> None:
    code = make()
    right = cases.took(code, "P-001", 120)
    wrong = cases.took(code, "P-002", 60)
    cases.settle(code, "one", right=right)
    case = cases.only(code)
    assert (case.state, case.outcome, case.note) == ("settled", "one", "asked both")
    assert case.settled_by_id == cases.custody.world.accounts["coordinator"].id
    assert cases.chain(code) == [("P-001", cases.ago(120))]
    assert cases.custody.holder(code) == cases.custody.world.persons["P-001"].id
    with cases.custody.app.reading() as session:
        assert session.get_one(CustodyEntry, wrong).kind == "issue", "nothing was overwritten"
        correction = session.scalars(select(AssetEvent).where(AssetEvent.corrects_id == wrong)).one()
        assert correction.data["case"] == case.id


def test_the_right_one_had_it_from_another_time(cases: Cases, make: Make) -> None:
    code = make()
    cases.took(code, "P-001", 120)
    right = cases.took(code, "P-002", 60)
    cases.settle(code, "one", right=right, at=cases.ago(130))
    assert cases.chain(code) == [("P-002", cases.ago(130))]


def test_both_were_right_and_the_missing_return_is_added(cases: Cases, make: Make) -> None:
    code = make()
    cases.took(code, "P-001", 120)
    cases.took(code, "P-002", 60)
    for outside in (cases.ago(121), cases.ago(120), cases.ago(60), cases.ago(10)):
        refused("invalid", partial(cases.settle, code, "return_missing", at=outside))
    cases.settle(code, "return_missing", at=cases.ago(90))
    assert cases.chain(code) == [("P-001", cases.ago(120)), ("", cases.ago(90)), ("P-002", cases.ago(60))]
    assert cases.states(code) == [("two_holders", "settled")]


def test_without_a_time_it_came_back_just_before_the_second_took_it(cases: Cases, make: Make) -> None:
    code = make()
    cases.took(code, "P-001", 120)
    cases.took(code, "P-002", 60)
    cases.settle(code, "return_missing")
    (_, (store, since), _) = cases.chain(code)
    assert store == ""
    assert timedelta(0) < cases.ago(60) - since < timedelta(seconds=1)


def test_what_is_left_stays_settled_though_it_still_contradicts(cases: Cases, make: Make) -> None:
    code = make()
    cases.took(code, "P-001", 120)
    cases.took(code, "P-002", 60)
    cases.settle(code, "left")
    cases.came_back(code, 30)
    assert cases.states(code) == [("two_holders", "settled")]
    assert cases.chain(code)[:2] == [("P-001", cases.ago(120)), ("P-002", cases.ago(60))]


@pytest.mark.parametrize("times", [2, 3])
def test_a_settlement_is_undone_by_another_and_nothing_is_lost(cases: Cases, make: Make, times: int) -> None:
    code = make()
    first = cases.took(code, "P-001", 120)
    second = cases.took(code, "P-002", 60)
    wanted = {
        first: [("P-001", cases.ago(120))],
        second: [("P-002", cases.ago(60))],
    }
    for _ in range(times):
        for right in (first, second):
            cases.settle(code, "one", right=right)
            assert cases.chain(code) == wanted[right]
    cases.settle(code, "return_missing", at=cases.ago(90))
    assert [who for who, _ in cases.chain(code)] == ["P-001", "", "P-002"]
    cases.settle(code, "one", right=second, at=cases.ago(100))
    assert cases.chain(code) == [("P-002", cases.ago(100))]
    cases.settle(code, "left")
    assert cases.chain(code) == [("P-001", cases.ago(120)), ("P-002", cases.ago(60))], "as it was told"
    assert cases.states(code) == [("two_holders", "settled")], "of the same two there is one case"


def test_a_sending_is_not_struck_out_here(cases: Cases, make: Make) -> None:
    code = make()
    issued = cases.took(code, "P-001", 120)
    sent = cases.sent(code, 60)
    refused("settle_transfer_there", lambda: cases.settle(code, "one", right=issued))
    cases.settle(code, "one", right=sent)
    assert cases.chain(code) == []
    cases.settle(code, "return_missing", at=cases.ago(90))
    assert [who for who, _ in cases.chain(code)] == ["P-001", ""]


def test_what_was_corrected_before_is_not_struck_out(cases: Cases, make: Make) -> None:
    code = make()
    wrong = cases.took(code, "P-001", 120)
    right = cases.took(code, "P-002", 60)
    cases.custody.correct(code, wrong, reason="his colleague", to="P-101", login="coordinator")
    refused("corrected_before", lambda: cases.settle(code, "one", right=right))
    cases.settle(code, "return_missing", at=cases.ago(90))
    assert [who for who, _ in cases.chain(code)] == ["P-101", "", "P-002"]


def test_a_settlement_says_why_and_which(cases: Cases, make: Make) -> None:
    code = make()
    cases.took(code, "P-001", 120)
    cases.took(code, "P-002", 60)
    refused("required", lambda: cases.settle(code, "left", note="  "))
    refused("required", lambda: cases.settle(code, "whatever"))
    refused("required", lambda: cases.settle(code, "one"))
    refused("required", lambda: cases.settle(code, "one", right="no such entry"))
    assert cases.states(code) == [("two_holders", "open")]


def test_who_settles_and_who_only_sees(cases: Cases, make: Make) -> None:
    code = make()
    cases.took(code, "P-001", 120)
    cases.took(code, "P-002", 60)
    with pytest.raises(NotAllowed):
        cases.settle(code, "left", login="logistics_officer")
    for login in ("logistics2", "officer", "monitor"):
        with pytest.raises(NotFound):
            cases.settle(code, "left", login=login)
    cases.settle(code, "left", login="commander")


def test_a_commander_does_not_settle_what_he_entered_himself(cases: Cases, make: Make) -> None:
    code = make()
    cases.took(code, "P-001", 120)
    cases.took(code, "P-002", 60, login="commander")
    refused("own_conflict", lambda: cases.settle(code, "left", login="commander"))
    cases.settle(code, "left", login="coordinator")


def test_the_open_ones_come_first_and_every_page_goes_on_where_the_last_ended(cases: Cases, make: Make) -> None:
    codes = [make() for _ in range(3)]
    for code in codes:
        cases.took(code, "P-001", 120)
        cases.took(code, "P-002", 60)
        cases.custody.clock.advance(timedelta(minutes=1))
    cases.settle(codes[2], "left")
    actor = cases.custody.world.actors["coordinator"]
    seen: list[str] = []
    after: tuple[object, ...] | None = None
    with cases.custody.app.reading() as session:
        while rows := queries.conflicts_page(session, actor, queries.ConflictFilter(), limit=1, after=after):
            seen.append(rows[0].asset.code)
            after = queries.conflict_key(rows[0])
    assert seen == [codes[1], codes[0], codes[2]]


def test_a_conflict_is_mailed_once_a_day_to_who_may_settle_it(cases: Cases, make: Make, app: App, clock: Clock) -> None:
    code = make()
    cases.took(code, "P-001", 120)
    cases.took(code, "P-002", 60)

    def mailed() -> set[str]:
        with app.transaction(SETUP, clock.now) as session:
            queue_conflict_mails(session, SETUP, clock.now, "https://office.example")
        with app.reading() as session:
            rows = session.scalars(select(OutboxMail).where(OutboxMail.dedupe_key.startswith("conflicts:"))).all()
            assert all(f"/conflicts/{cases.only(code).id}" in row.body for row in rows)
            return {row.recipient for row in rows}

    expected = {"coordinator@example.org", "commander@example.org"}
    assert mailed() == mailed() == expected
    cases.settle(code, "left")
    clock.advance(timedelta(days=1))
    with app.transaction(SETUP, clock.now) as session:
        assert queue_conflict_mails(session, SETUP, clock.now, "https://office.example") == 0


def test_an_entry_that_is_heard_of_twice_opens_nothing_more(cases: Cases, make: Make) -> None:
    code = make()
    cases.took(code, "P-001", 120)
    cases.took(code, "P-002", 60)
    case = cases.only(code)
    with cases.custody.by("officer") as (session, actor):
        asset = asset_by_code(session, SETUP, code)
        again = open_conflict(
            session, actor, asset, sorted(cases.entries(case)), "two_holders", cases.custody.clock.now
        )
        assert again.id == case.id
    assert len(cases.of(code)) == 1
