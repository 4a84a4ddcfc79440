"""Clearance on both engines: what keeps a leaver, what an override leaves behind, and handing on in one step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from assets.clearance import queries, service
from assets.clearance.models import Clearance
from assets.clearance.rules import Kind
from assets.core.app import App
from assets.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.core.journal import JournalEntry
from assets.custody.queries import custody_chain
from assets.custody.service import transfers
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.people.models import Account, Person, Unit
from assets.registry.models import Asset
from assets.registry.scope import asset_by_code
from assets.reservations import service as reservations
from assets.reservations.service.asking import Wish
from tests.support.custody import ZONE, Custody
from tests.support.world import Clock, World

Make = Callable[..., str]
HERE = "logistics_officer"


def today(custody: Custody, days: int = 0) -> date:
    return (custody.clock.now.astimezone(ZONE) + timedelta(days=days)).date()


def leave(custody: Custody, number: str, days: int = 0, reason: str = "", login: str = HERE) -> int | None:
    """Answers the id of the open clearance."""
    with custody.by(login) as (session, actor):
        person = session.get_one(Person, custody.world.persons[number].id)
        found = service.leave(session, actor, person, today(custody, days), custody.clock.now, override_reason=reason)
        return found.id if found is not None else None


def hand_over(custody: Custody, codes: list[str], to: str, form_id: str = "", login: str = HERE) -> int:
    with custody.by(login) as (session, actor):
        giver, receiver = (session.get_one(Person, custody.world.persons[each].id) for each in ("P-001", to))
        return service.hand_over(
            session, actor, giver, codes, receiver, "B", custody.clock.now, form_id or str(uuid4())
        )  # fmt: skip


def clearance(custody: Custody, clearance_id: int) -> Clearance:
    with custody.app.reading() as session:
        return session.get_one(Clearance, clearance_id)


def kinds(custody: Custody, number: str, login: str = HERE) -> tuple[list[Kind], int, int]:
    with custody.app.reading() as session:
        found = queries.outstanding(
            session, custody.world.actors[login], custody.world.persons[number].id, custody.clock.now
        )  # fmt: skip
        return [line.kind for line in found.lines], found.must_end, found.hidden


def test_who_holds_something_is_not_entered_as_gone(custody: Custody, make: Make) -> None:
    code = make()
    custody.issue(code, "P-001")
    with pytest.raises(RuleViolation) as caught:
        leave(custody, "P-001")
    assert caught.value.code == "still_holds"
    with custody.app.reading() as session:
        assert session.get_one(Person, custody.world.persons["P-001"].id).left_on is None
    custody.clock.advance(timedelta(minutes=1))
    custody.give_back(code)
    assert leave(custody, "P-001") is None
    with custody.app.reading() as session:
        assert session.get_one(Person, custody.world.persons["P-001"].id).left_on == today(custody)


def test_an_override_is_journalled_and_opens_a_case_that_lasts_until_nothing_is_left(
    custody: Custody, make: Make, app: App
) -> None:
    code = make()
    custody.issue(code, "P-001")
    case = leave(custody, "P-001", reason="Dismissed today")
    assert case is not None
    found = clearance(custody, case)
    assert (found.cause, found.override_reason, found.closed_at) == ("overridden", "Dismissed today", None)
    with app.reading() as session:
        bodies = session.scalars(select(JournalEntry.body).where(JournalEntry.entity == "clearance")).all()
        assert any("Dismissed today" in body for body in bodies)
        assert session.scalar(queries.waiting_counting(custody.world.actors["coordinator"])) == 1

    def close() -> None:
        with custody.by("coordinator") as (session, actor):
            row = session.get_one(Clearance, case)
            service.close_clearance(session, actor, row, "All back", custody.clock.now)

    with pytest.raises(RuleViolation):
        close()
    custody.clock.advance(timedelta(minutes=1))
    custody.give_back(code)
    close()
    assert clearance(custody, case).note == "All back"
    with pytest.raises(Conflict):
        close()


def test_a_day_ahead_is_announced_and_the_clearance_begins(custody: Custody, make: Make) -> None:
    custody.issue(make(), "P-001")
    case = leave(custody, "P-001", days=14)
    assert case is not None
    found = clearance(custody, case)
    assert (found.cause, found.leaves_on) == ("leaving", today(custody, 14))
    assert leave(custody, "P-001", days=14) == case
    with pytest.raises(RuleViolation):  # brought forward to today, with what he holds
        leave(custody, "P-001")
    assert leave(custody, "P-001", reason="Left early") == case
    assert clearance(custody, case).override_reason == "Left early"


def test_an_account_is_closed_at_once_and_what_its_person_holds_stays_a_case(custody: Custody, make: Make) -> None:
    custody.issue(make(), "P-002", login="coordinator")
    with custody.by("administrator") as (session, actor):
        account = session.get_one(Account, custody.world.accounts["officer"].id)
        case = service.close_account(session, actor, account, custody.clock.now)
        assert not account.active
        assert case is not None
        assert case.cause == "account_closed"
        other = session.get_one(Account, custody.world.accounts["technician"].id)
        assert service.close_account(session, actor, other, custody.clock.now) is None


def test_of_one_person_one_clearance_is_open(custody: Custody, make: Make) -> None:
    custody.issue(make(), "P-001")
    with custody.by(HERE) as (session, actor):
        person = session.get_one(Person, custody.world.persons["P-001"].id)
        first = service.begin_clearance(session, actor, person, custody.clock.now)
        assert service.begin_clearance(session, actor, person, custody.clock.now) is first
        row = {"person": person, "unit": person.unit, "cause": "asked", "opened_at": custody.clock.now}
    with pytest.raises(IntegrityError), custody.by(HERE) as (session, _):
        session.add(Clearance(**{**row, "person": session.merge(person), "unit": session.merge(person.unit)}))


def test_everything_that_he_began_is_listed_and_a_repair_keeps_nobody(
    custody: Custody, make: Make, app: App, clock: Clock, world: World
) -> None:
    held, sent, van = make(), make(), make("vehicle.forensic_van")
    custody.issue(held, "P-001", login="coordinator")
    with custody.by(HERE) as (session, actor):
        there = session.get_one(Unit, world.units["IMT-FA"].id)
        here = session.get_one(Unit, world.units["IMT-TK"].id)
        transfers.send(session, actor, asset_by_code(session, actor, sent), there, custody.occurrence())
        start = (clock.now + timedelta(days=2)).replace(minute=0)
        wish = Wish(start, start + timedelta(hours=5), "Scene")
        reservations.ask(session, actor, van, here, wish, clock.now)
        report_fault(
            session, actor, asset_by_code(session, actor, van), Severity.MINOR, "Lamp", custody.occurrence()
        )  # fmt: skip
    assert kinds(custody, "P-001") == (
        [Kind.HELD, Kind.TRANSFER, Kind.RESERVATION, Kind.WORK_ORDER], 3, 0,
    )  # fmt: skip
    assert kinds(custody, "P-001", "logistics2") == ([], 3, 4)


def test_what_is_out_of_sight_is_counted_and_keeps_him_all_the_same(custody: Custody, make: Make) -> None:
    code = make(unit="IMT-SU")
    custody.issue(code, "P-001", login="coordinator")
    assert kinds(custody, "P-001") == ([], 1, 1)
    with pytest.raises(RuleViolation):
        leave(custody, "P-001")


def test_handing_on_is_a_return_and_an_issue_of_the_same_moment_once(custody: Custody, make: Make) -> None:
    codes, form_id = [make(), make()], str(uuid4())
    for code in codes:
        custody.issue(code, "P-001")
    custody.clock.advance(timedelta(hours=1))
    assert hand_over(custody, codes, "P-002", form_id) == 2
    assert hand_over(custody, codes, "P-002", form_id) == 0
    with custody.app.reading() as session:
        for code in codes:
            asset = session.scalars(select(Asset).where(Asset.code == code)).one()
            (chain,) = custody_chain(session, [asset.id]).values()
            assert [each.person_id for each in chain if each.person_id is not None] == [
                custody.world.persons[number].id for number in ("P-001", "P-002")
            ]
            assert asset.custodian_person_id == custody.world.persons["P-002"].id
            assert asset.condition == "B"


def test_one_item_that_cannot_go_keeps_all_of_them(custody: Custody, make: Make) -> None:
    good, free = make(), make()
    custody.issue(good, "P-001")
    custody.clock.advance(timedelta(hours=1))
    with pytest.raises(InvalidInput) as caught:
        hand_over(custody, [good, free], "P-002")
    assert [each.code for each in caught.value.fields] == ["not_holder"]
    assert custody.holder(good) == custody.world.persons["P-001"].id


def test_who_may_not_write_persons_or_sees_no_unit_clears_nobody(custody: Custody, make: Make, app: App) -> None:
    custody.issue(make(), "P-001")
    with pytest.raises(NotAllowed):
        leave(custody, "P-001", reason="x", login="officer")
    with pytest.raises(NotAllowed):
        leave(custody, "P-001", reason="x", login="logistics2")
    with app.reading() as session, pytest.raises(NotFound):
        queries.person_to_clear(session, custody.world.actors["logistics2"], "P-001")
    with app.reading() as session:
        assert queries.sees_reasons(custody.world.actors["auditor"], custody.world.units["IMT-TK"])
        assert not queries.sees_reasons(custody.world.actors["officer"], custody.world.units["IMT-TK"])
