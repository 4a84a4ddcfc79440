"""Reservations on both engines: who asks and answers, what never overlaps, and who is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from assets.core.app import App
from assets.core.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.core.outbox import OutboxMail
from assets.custody.models import Transfer
from assets.custody.service import transfers
from assets.people.models import Account, Unit
from assets.registry.models import Asset, AssetEvent
from assets.reservations import queries, service
from assets.reservations.models import Reservation, ReservationHour
from assets.reservations.queries.calendar import CalendarFilter, calendar
from assets.reservations.queries.cautions import cautions, loan_sheets, reserved_for_others
from assets.reservations.service.asking import Wish
from tests.support.custody import ZONE, Custody
from tests.support.world import Clock, World

Make = Callable[..., str]
DAY = timedelta(days=1)
HERE, THERE = "logistics_officer", "logistics2"  # of IMT-TK and of IMT-FA
VAN = "vehicle.forensic_van"


class Book:
    """Reservation acts of a login, each in a transaction of its own; days count from tomorrow's midnight."""

    def __init__(self, custody: Custody) -> None:
        self.custody = custody
        local = custody.clock.now.astimezone(ZONE)
        self.midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + DAY

    def time(self, first: float, length: float) -> tuple[datetime, datetime]:
        return self.midnight + first * DAY, self.midnight + (first + length) * DAY

    def ask(
        self, code: str, first: float, length: float = 1, *, unit: str = "IMT-FA", login: str = THERE,
        purpose: str = "Checkpoint",
    ) -> int:  # fmt: skip
        """Answers the reservation's id."""
        start, end = self.time(first, length)
        with self.custody.by(login) as (session, actor):
            to = session.get_one(Unit, self.custody.world.units[unit].id)
            return service.ask(session, actor, code, to, Wish(start, end, purpose), self.custody.clock.now).id

    def step(self, name: str, reservation_id: int, *args: Any, login: str = HERE) -> None:
        with self.custody.by(login) as (session, actor):
            found = queries.reservation_by_id(session, actor, reservation_id, lock=True)
            getattr(service, name)(session, actor, found, *args, self.custody.clock.now)

    def state(self, reservation_id: int) -> str:
        with self.custody.app.reading() as session:
            return session.get_one(Reservation, reservation_id).state


@pytest.fixture
def book(custody: Custody) -> Book:
    return Book(custody)


@pytest.fixture
def van(make: Make) -> str:
    return make(VAN)


def test_another_units_request_waits_and_ones_own_is_reserved_at_once(book: Book, van: str) -> None:
    asked = book.ask(van, 0)
    own = book.ask(van, 1, unit="IMT-TK", login=HERE)
    assert (book.state(asked), book.state(own)) == ("asked", "approved")
    book.step("approve", asked)
    assert book.state(asked) == "approved"


def test_what_is_asked_for_keeps_its_time_until_it_is_declined(book: Book, van: str) -> None:
    asked = book.ask(van, 0, 2)
    with pytest.raises(Conflict) as caught:
        book.ask(van, 1, 2, unit="IMT-TK", login=HERE)
    assert caught.value.code == "taken"
    book.ask(van, 2, 1, unit="IMT-TK", login=HERE)  # half-open: it begins where the other ends
    book.step("decline", asked, "Needed here")
    book.ask(van, 0, 1, unit="IMT-TK", login=HERE)


def test_who_is_not_told_of_a_request_is_not_told_by_a_refusal_either(book: Book, van: str) -> None:
    book.ask(van, 0, unit="IMT-TK", login=HERE, purpose="Secret")
    with pytest.raises(Conflict) as caught:
        book.ask(van, 0)
    assert "another unit" in str(caught.value.message)
    assert "Toshkent" not in str(caught.value.message)


def test_only_the_keeper_answers_and_only_the_two_sides_cancel(book: Book, van: str) -> None:
    asked = book.ask(van, 0)
    with pytest.raises(NotAllowed):
        book.step("approve", asked, login=THERE)
    with pytest.raises(NotAllowed):
        book.step("decline", asked, "No", login=THERE)
    book.step("cancel", asked, "Not needed", login=THERE)
    again = book.ask(van, 0)
    book.step("approve", again)
    book.step("cancel", again, "Broken down")
    assert (book.state(asked), book.state(again)) == ("cancelled", "cancelled")


def test_nobody_asks_for_a_unit_that_is_not_his(book: Book, van: str) -> None:
    with pytest.raises(NotAllowed):
        book.ask(van, 0, unit="IMT-TK")
    with pytest.raises(NotAllowed):
        book.ask(van, 0, login="officer2")
    book.ask(van, 0, login="coordinator")


def test_what_is_not_shared_looks_like_what_is_not_there(book: Book, make: Make) -> None:
    code = make("vehicle.patrol")
    with pytest.raises(NotFound) as hidden:
        book.ask(code, 0)
    with pytest.raises(NotFound) as unknown:
        book.ask("2222222222", 0)
    assert str(hidden.value.message) == str(unknown.value.message)
    with pytest.raises(RuleViolation) as seen:
        book.ask(code, 0, login="coordinator")
    assert seen.value.code == "not_shared"


def test_the_owner_shares_and_stops_sharing_and_a_borrower_does_not(book: Book, make: Make, custody: Custody) -> None:
    code = make("vehicle.patrol")
    now = custody.clock.now

    def share(login: str, *, shared: bool) -> bool:
        with custody.by(login) as (session, actor):
            asset = session.scalars(select(Asset).where(Asset.code == code)).one()
            return service.share(session, actor, asset, now, shared=shared)

    with pytest.raises(NotAllowed):
        share(THERE, shared=True)
    assert share(HERE, shared=True)
    assert not share(HERE, shared=True)
    first = book.ask(code, 0)
    assert share(HERE, shared=False)
    assert book.state(first) == "asked"
    with pytest.raises(NotFound):
        book.ask(code, 3)


def test_what_is_out_of_use_is_not_reserved(book: Book, make: Make) -> None:
    with pytest.raises(RuleViolation) as caught:
        book.ask(make(VAN, life="withdrawn"), 0, unit="IMT-TK", login=HERE)
    assert caught.value.code == "not_reservable"


def test_a_change_cancels_and_asks_anew_and_keeps_both(book: Book, van: str, custody: Custody) -> None:
    first = book.ask(van, 0, 2)
    book.step("approve", first)
    start, end = book.time(1, 2)
    with custody.by(THERE) as (session, actor):
        found = queries.reservation_by_id(session, actor, first, lock=True)
        second = service.change(session, actor, found, Wish(start, end, "Later"), custody.clock.now)
        assert second.replaces_id == first
    assert (book.state(first), book.state(second.id)) == ("cancelled", "asked")


def test_a_change_to_a_time_that_is_taken_changes_nothing(book: Book, van: str, custody: Custody) -> None:
    first = book.ask(van, 0)
    book.ask(van, 5, unit="IMT-TK", login=HERE)
    start, end = book.time(5, 1)

    def change() -> None:
        with custody.by(THERE) as (session, actor):
            found = queries.reservation_by_id(session, actor, first, lock=True)
            service.change(session, actor, found, Wish(start, end, "Later"), custody.clock.now)

    with pytest.raises(Conflict):
        change()
    assert book.state(first) == "asked"
    with pytest.raises(Conflict):
        book.ask(van, 0, unit="IMT-TK", login=HERE)


def race(*acts: Callable[[], object]) -> list[str]:
    """Runs the acts at once; answers 'done' or the code of its refusal for each, sorted."""
    start, outcomes = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        start.wait()
        try:
            act()
            outcomes.append("done")
        except DomainError as error:
            outcomes.append(error.code)

    racers = [threading.Thread(target=run, args=(act,)) for act in acts]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    return sorted(outcomes)


def test_of_two_who_ask_at_once_exactly_one_gets_the_time(book: Book, van: str) -> None:
    assert race(
        lambda: book.ask(van, 0, 2), lambda: book.ask(van, 1, 2, unit="IMT-TK", login=HERE)
    ) == ["done", "taken"]  # fmt: skip


def test_of_two_who_answer_at_once_exactly_one_is_heard(book: Book, van: str) -> None:
    asked = book.ask(van, 0)
    outcome = race(
        lambda: book.step("approve", asked), lambda: book.step("decline", asked, "No", login="coordinator")
    )  # fmt: skip
    assert outcome == ["answered", "done"]


def test_the_database_itself_keeps_two_from_one_hour(book: Book, van: str, custody: Custody) -> None:
    first = book.ask(van, 0)
    with custody.app.reading() as session:
        taken = session.scalars(select(ReservationHour).where(ReservationHour.reservation_id == first)).all()
    assert len(taken) == 24
    row = {"asset_id": taken[0].asset_id, "hour": taken[5].hour, "reservation_id": first}
    with pytest.raises(IntegrityError), custody.by("coordinator") as (session, _):
        session.execute(insert(ReservationHour), [row])


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "own", "approve", "decline", "cancel", "change", "wait"]),
        st.integers(0, 30), st.integers(1, 12), st.integers(0, 20),
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
def test_whatever_the_order_no_two_that_hold_their_time_overlap(
    book: Book, make: Make, custody: Custody, steps: list[tuple[str, int, int, int]]
) -> None:
    van = make(VAN)
    made: list[int] = []
    for name, first, length, which in steps:
        try:
            if name == "ask":
                made.append(book.ask(van, first / 4, length / 4))
            elif name == "own":
                made.append(book.ask(van, first / 4, length / 4, unit="IMT-TK", login=HERE))
            elif name == "wait":
                custody.clock.advance(timedelta(hours=length))
            elif made and name == "change":
                start, end = book.time(first / 4, length / 4)
                with custody.by("coordinator") as (session, actor):
                    found = queries.reservation_by_id(session, actor, made[which % len(made)], lock=True)
                    made.append(service.change(session, actor, found, Wish(start, end, "x"), custody.clock.now).id)
            elif made:
                reason = () if name == "approve" else ("Because",)
                book.step(name, made[which % len(made)], *reason)
        except DomainError:
            continue
    with custody.app.reading() as session:
        rows = [session.get_one(Reservation, each) for each in made]
        holding = sorted(
            (row.starts_at, row.ends_at, row.id) for row in rows if row.state in ("asked", "approved")
        )  # fmt: skip
        kept = session.execute(
            select(ReservationHour.reservation_id, func.count().label("hours"))
            .where(ReservationHour.reservation_id.in_(made))
            .group_by(ReservationHour.reservation_id)
        )
        hours = {row.reservation_id: row.hours for row in kept}
    assert all(before[1] <= after[0] for before, after in pairwise(holding))
    assert hours == {row_id: int((end - start) / timedelta(hours=1)) for start, end, row_id in holding}


def test_the_timeline_and_the_other_side_hear_of_it_and_never_what_it_is_for(
    book: Book, van: str, custody: Custody, app: App, world: World
) -> None:
    with custody.by("administrator") as (session, _):
        for login in (HERE, THERE):
            session.get_one(Account, world.accounts[login].id).email = f"{login}@example.org"
    asked = book.ask(van, 0, purpose="Operation Lynx")
    book.step("approve", asked)
    with app.reading() as session:
        mails = session.scalars(select(OutboxMail).order_by(OutboxMail.id)).all()
        events = session.scalars(select(AssetEvent).where(AssetEvent.kind.like("reservation%"))).all()
    assert [mail.recipient for mail in mails] == ["logistics_officer@example.org", "logistics2@example.org"]
    assert "Lynx" not in " ".join(mail.subject + mail.body for mail in mails)
    assert {event.kind for event in events} == {"reservation_asked", "reservation_approved"}
    assert "Lynx" not in str([event.data for event in events])


def test_a_loan_at_that_time_is_warned_of_and_the_reserved_one_is_found_again(
    book: Book, van: str, custody: Custody, app: App, clock: Clock
) -> None:
    asked = book.ask(van, 0, 2)
    book.step("approve", asked)

    def told() -> list[str]:
        with app.reading() as session:
            row = session.scalars(queries.whole_reservations().where(Reservation.id == asked)).one()
            return [str(each) for each in cautions(session, row, clock.now)]

    def sent_to(unit: str) -> None:
        with custody.by(HERE) as (session, actor):
            asset = session.scalars(select(Asset).where(Asset.code == van)).one()
            to = session.get_one(Unit, custody.world.units[unit].id)
            until = book.midnight + 5 * DAY
            transfers.send(session, actor, asset, to, custody.occurrence(), until=until)

    assert not any("another unit" in words for words in told())
    sent_to("IMT-SU")
    assert any("on its way to another unit" in words for words in told())
    with app.reading() as session:
        asset = session.scalars(select(Asset).where(Asset.code == van)).one()
        others = reserved_for_others(session, asset, clock.now, None, set())
        assert [row.id for row in others] == [asked]
        assert not reserved_for_others(session, asset, clock.now, None, {others[0].unit_id})
        assert loan_sheets(session, others) == {}
    with custody.by(HERE) as (session, actor):
        asset = session.scalars(select(Asset).where(Asset.code == van)).one()
        open_one = session.scalars(select(Transfer).where(Transfer.is_open)).one()
        transfers.cancel(session, actor, asset, open_one, custody.occurrence(), reason="Wrong unit")
    clock.advance(timedelta(minutes=1))
    sent_to("IMT-FA")
    with app.reading() as session:
        row = session.scalars(queries.whole_reservations().where(Reservation.id == asked)).one()
        assert set(loan_sheets(session, [row])) == {asked}


def test_the_calendar_tells_other_units_when_it_is_taken_and_not_by_whom(
    book: Book, van: str, custody: Custody, app: App, world: World, clock: Clock
) -> None:
    book.ask(van, 0, unit="IMT-TK", login=HERE)
    mine = book.ask(van, 1)
    wanted = CalendarFilter(book.midnight.date(), 3)
    with app.reading() as session:
        (seen,) = calendar(session, world.actors[THERE], wanted, clock.now)
        (own,) = calendar(session, world.actors[HERE], wanted, clock.now)
        # What others share is opened to who can ask for it, and to nobody else.
        assert calendar(session, world.actors["officer2"], wanted, clock.now) == []
    assert [cell.kind for cell in seen.cells] == ["reserved", "asked", "free"]
    assert seen.cells[0].taken[0].text == ""
    assert seen.cells[0].taken[0].reservation_id is None
    assert seen.cells[1].taken[0].reservation_id == mine
    assert own.cells[0].taken[0].text == world.units["IMT-TK"].name


def test_requests_wait_for_the_keeper_alone(book: Book, van: str, app: App, world: World, clock: Clock) -> None:
    book.ask(van, 0)
    with app.reading() as session:
        waiting = {
            login: queries.waiting_for_me(session, world.actors[login], clock.now)
            for login in (HERE, THERE, "coordinator", "officer", "administrator")
        }
    assert waiting == {HERE: 1, THERE: 0, "coordinator": 1, "officer": 0, "administrator": 0}


def test_a_reason_and_a_purpose_are_needed(book: Book, van: str) -> None:
    with pytest.raises(InvalidInput):
        book.ask(van, 0, purpose="  ")
    asked = book.ask(van, 0)
    with pytest.raises(InvalidInput):
        book.step("decline", asked, " ")
    assert book.state(asked) == "asked"
