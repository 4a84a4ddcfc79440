"""Loans between units: whose the asset stays, who uses it, where it is listed, and who is told when it is overdue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from assets.core.outbox import OutboxMail
from assets.custody.models import UseSession
from assets.custody.service import transfers
from assets.custody.service.loan_mail import queue_loan_mails
from assets.custody.service.use import UseGiven, record_use
from assets.fitness.queries import ReadinessFilter, readiness
from assets.labels.token import format_code
from assets.people.rules import Permission
from tests.support.transfers import HERE, THERE, Moves, refused
from tests.support.world import SETUP, Clock

Make = Callable[..., str]


def test_a_loan_stays_its_owners_and_is_used_by_who_has_it(moves: Moves, make: Make, clock: Clock) -> None:
    code = make()
    moves.send(code, until=clock.now + timedelta(days=3))
    moves.receive(code)
    asset = moves.custody.asset(code)
    assert (moves.unit(code), asset.holding_unit_id) == ("IMT-TK", moves.custody.world.units["IMT-FA"].id)
    assert moves.sees(HERE, code, Permission.ASSET_WRITE)
    assert moves.sees(THERE, code, Permission.CUSTODY_ACT)
    assert not moves.sees(THERE, code, Permission.ASSET_WRITE)
    refused("lent", lambda: moves.custody.issue(code, "P-001", override_reason="night shift"))
    refused("lent", lambda: moves.send(code, "IMT-SU"))
    refused("only_back", lambda: moves.send(code, "IMT-SU", login=THERE))
    clock.advance(timedelta(hours=1))
    with moves.custody.by(THERE) as (session, actor):
        lent = transfers.asset_to_move(session, actor, code)
        event = record_use(
            session, actor, lent, moves.custody.occurrence(), started_at=clock.now - timedelta(minutes=5),
            given=UseGiven(count=2),
        )  # fmt: skip
        used = session.get_one(UseSession, event.id)
        assert used.unit_id == moves.custody.world.units["IMT-FA"].id
    moves.custody.issue(code, "P-101", login=THERE, override_reason="night shift")
    moves.custody.give_back(code, login=THERE)


def test_a_loan_comes_back_in_two_steps(moves: Moves, make: Make, clock: Clock) -> None:
    code = make()
    moves.send(code, until=clock.now + timedelta(days=3))
    moves.receive(code)
    clock.advance(timedelta(days=4))
    assert moves.shown("overdue") == [code]
    moves.send(code, "IMT-TK", login=THERE)
    assert moves.sees(THERE, code, Permission.CUSTODY_ACT), "until it is received the borrower has it"
    moves.receive(code, login=HERE)
    asset = moves.custody.asset(code)
    assert (moves.unit(code), asset.holding_unit_id, asset.lent_until) == ("IMT-TK", None, None)
    assert moves.shown("overdue") == []
    assert [unit for unit, _ in moves.chain(code)] == ["IMT-TK", "IMT-FA", "IMT-TK"]


def test_the_lists_tell_the_two_ends_apart(moves: Moves, make: Make, clock: Clock) -> None:
    on_its_way, lent = make(), make()
    moves.send(on_its_way)
    moves.send(lent, until=clock.now + timedelta(days=3))
    moves.receive(lent)
    assert {show: moves.shown(show) for show in ("incoming", "outgoing", "lent", "borrowed", "questions")} == {
        "incoming": [], "outgoing": [on_its_way], "lent": [lent], "borrowed": [], "questions": [],
    }  # fmt: skip
    assert {show: moves.shown(show, THERE) for show in ("incoming", "outgoing", "lent", "borrowed")} == {
        "incoming": [on_its_way], "outgoing": [], "lent": [], "borrowed": [lent],
    }  # fmt: skip
    stranger = make(unit="IMT-SU")
    moves.send(stranger, "OCT", login="coordinator")
    assert stranger not in moves.shown("") + moves.shown("", THERE)


def test_readiness_counts_what_is_on_its_way_or_lent_as_away(moves: Moves, make: Make, clock: Clock) -> None:
    on_its_way, lent = make(), make()
    moves.send(on_its_way)
    moves.send(lent, until=clock.now + timedelta(days=3))
    moves.receive(lent)
    with moves.custody.by("coordinator") as (session, actor):
        items = {item.code: item for item in readiness(session, actor, ReadinessFilter(), clock.now)}
    assert [(items[code].state, items[code].why) for code in (on_its_way, lent)] == [
        ("away", "in_transit"), ("away", "lent"),
    ]  # fmt: skip


def test_both_units_are_told_daily_of_an_overdue_loan(moves: Moves, make: Make, clock: Clock) -> None:
    code = make()
    moves.send(code, until=clock.now + timedelta(days=3))
    moves.receive(code)

    def told() -> int:
        with moves.custody.app.transaction(SETUP, clock.now) as session:
            return queue_loan_mails(session, SETUP, clock.now, "https://office.example")

    assert told() == 0
    clock.advance(timedelta(days=4))
    assert (told(), told()) == (2, 0)
    with moves.custody.app.reading() as session:
        mails = session.scalars(select(OutboxMail)).all()
    assert {mail.recipient for mail in mails} == {f"{HERE}@example.org", f"{THERE}@example.org"}
    assert all(format_code(code) in mail.body for mail in mails)
    clock.advance(timedelta(days=1))
    assert told() == 2
