"""Transfers between units: two steps, one unit that answers, and the same end whatever is heard of first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from assets.core.app import App
from assets.core.errors import NotAllowed, NotFound
from assets.custody.models import Transfer, TransferStep
from assets.custody.queries import transfers as queries
from assets.custody.service import transfers
from assets.custody.service.transfers import Difference
from assets.people.rules import Permission
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.service.assets import change_asset
from tests.support.transfers import HERE, THERE, Moves, refused
from tests.support.world import Clock

Make = Callable[..., str]


def test_the_sender_answers_until_it_is_received(moves: Moves, make: Make) -> None:
    code = make()
    moves.send(code)
    assert (moves.unit(code), moves.listed(code)) == ("IMT-TK", [("in_transit", True)])
    assert moves.sees(HERE, code)
    assert moves.sees(THERE, code), "the addressee sees what comes to him"
    assert not moves.sees(THERE, code, Permission.CUSTODY_ACT), "and does nothing else with it"
    moves.receive(code)
    assert (moves.unit(code), moves.listed(code)) == ("IMT-FA", [("received", False)])
    assert not moves.sees(HERE, code)
    assert moves.sees(THERE, code, Permission.ASSET_WRITE)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_sent_here_and_received_there_synced_in_either_order_ends_the_same(
    moves: Moves, make: Make, order: tuple[int, int]
) -> None:
    code = make()
    acts = [lambda: moves.send(code, ago=120), lambda: moves.receive(code, ago=60, condition="B")]
    for place in order:
        acts[place]()
    asset = moves.custody.asset(code)
    assert (moves.unit(code), moves.listed(code)) == ("IMT-FA", [("received", False)])
    assert (asset.condition, asset.holding_unit_id, asset.transit_unit_id) == ("B", None, None)
    chain = moves.chain(code)
    assert [unit for unit, _ in chain] == ["IMT-TK", "IMT-FA"]
    assert chain[1][1] == moves.custody.clock.now - timedelta(minutes=60)


@pytest.mark.parametrize("order", [order for order in permutations(range(4)) if order.index(2) > order.index(1)])
def test_a_chain_of_offline_steps_ends_with_its_last_receiver(moves: Moves, make: Make, order: tuple[int, ...]) -> None:
    """One phone of each unit: it sends what it recorded in its own order, and nobody waits for another's."""
    code = make()
    acts = [
        lambda: moves.send(code, ago=120),
        lambda: moves.receive(code, ago=100),
        lambda: moves.send(code, "IMT-SU", login=THERE, ago=80),
        lambda: moves.receive(code, login="coordinator", unit=moves.custody.world.units["IMT-SU"], ago=60),
    ]
    for place in order:
        acts[place]()
    assert moves.unit(code) == "IMT-SU"
    assert [unit for unit, _ in moves.chain(code)] == ["IMT-TK", "IMT-FA", "IMT-SU"]
    assert moves.listed(code) == [("received", False), ("received", False)]


def test_what_another_unit_has_is_neither_sent_nor_shown(moves: Moves, make: Make) -> None:
    code = make()
    with pytest.raises(NotFound):
        moves.send(code, "IMT-SU", login=THERE)
    assert moves.listed(code) == []


def test_who_hands_nothing_over_sends_nothing(moves: Moves, make: Make) -> None:
    code = make()
    with pytest.raises(NotAllowed):
        moves.send(code, login="officer")
    with pytest.raises(NotFound):
        moves.receive(code, login="officer2")


@pytest.mark.parametrize(
    ("life", "to", "refusal"),
    [("in_service", "IMT-TK", "same_unit"), ("expected", "IMT-FA", "not_to_send")],
)
def test_a_sending_that_makes_no_sense_is_refused(moves: Moves, make: Make, life: str, to: str, refusal: str) -> None:
    code = make(life=life)
    refused(refusal, lambda: moves.send(code, to))


def test_what_is_issued_is_returned_before_it_is_sent(moves: Moves, make: Make) -> None:
    code = make()
    moves.custody.issue(code, "P-001", override_reason="night shift")
    refused("still_issued", lambda: moves.send(code))
    moves.custody.give_back(code)
    moves.send(code)
    refused("in_transit", lambda: moves.custody.issue(code, "P-001", override_reason="night shift"))


def test_of_one_asset_two_transfers_are_never_open(moves: Moves, make: Make, app: App, clock: Clock) -> None:
    code = make()
    first = moves.send(code)
    refused("in_transit", lambda: moves.send(code, "IMT-SU"))
    assert moves.listed(code) == [("in_transit", True)]
    with app.reading() as session:
        row = session.get_one(Transfer, first.event.id)
        copied = {column.key: getattr(row, column.key) for column in Transfer.__table__.columns}
    entered = moves.receive(make())  # an event of another asset, to be named by the second row
    second = Transfer(**(copied | {"id": entered.event.id}))
    with app.transaction(moves.custody.world.actors[HERE], clock.now) as session:
        session.add(second)
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()


def test_what_is_not_fit_may_be_sent_and_it_says_so(moves: Moves, make: Make) -> None:
    code = make(life="withdrawn")
    assert "life_withdrawn" in moves.send(code).event.data["not_fit"]


def test_missing_stays_on_its_way_until_the_sender_answers(moves: Moves, make: Make) -> None:
    code = make()
    sent = moves.send(code)
    moves.receive(code, differences=[Difference("missing", "the box was empty")])
    assert (moves.unit(code), moves.listed(code)) == ("IMT-TK", [("question", True)])
    with pytest.raises(NotAllowed):
        moves.end(sent, THERE, outcome="with_sender")
    with pytest.raises(NotAllowed):
        moves.end(sent, HERE, outcome="with_addressee")
    refused("required", lambda: moves.end(sent, HERE, outcome="with_sender", reason=" "))
    moves.end(sent, HERE, outcome="with_sender")
    assert (moves.unit(code), moves.listed(code)) == ("IMT-TK", [("settled_back", False)])
    assert moves.custody.asset(code).transit_unit_id is None


def test_who_acts_for_both_may_say_that_it_arrived(moves: Moves, make: Make) -> None:
    code = make()
    sent = moves.send(code)
    moves.receive(code, differences=[Difference("missing")])
    moves.end(sent, "coordinator", outcome="with_addressee")
    assert (moves.unit(code), moves.listed(code)) == ("IMT-FA", [("settled_there", False)])


def test_damaged_is_received_and_told_to_the_sender(moves: Moves, make: Make) -> None:
    code = make()
    moves.send(code)
    refused("required", lambda: moves.receive(code, condition="C", differences=[Difference("damaged")]))
    told = moves.receive(code, condition="C", differences=[Difference("damaged", "lens cracked")])
    assert (moves.unit(code), moves.custody.asset(code).condition) == ("IMT-FA", "C")
    with moves.custody.by(HERE) as (session, actor):
        assert told.passage is not None
        transfer = queries.transfer_by_id(session, actor, told.passage.id)
        assert transfer.outcome == "damaged"
        assert queries.notes_of(session, [transfer])[told.event.id] == "lens cracked"


def test_a_cancelled_sending_is_with_the_sender(moves: Moves, make: Make) -> None:
    code = make()
    sent = moves.send(code)
    with pytest.raises(NotAllowed):
        moves.end(sent, THERE)
    moves.end(sent)
    assert (moves.listed(code), moves.sees(THERE, code)) == ([("cancelled", False)], False)
    refused("transfer_ended", lambda: moves.end(sent))
    assert moves.receive(code).waits, "what came all the same is an open question"


def test_a_correction_of_the_register_waits_for_what_is_under_way(moves: Moves, make: Make, clock: Clock) -> None:
    code = make()
    moves.send(code)

    def correct() -> None:
        with moves.custody.by("coordinator") as (session, actor):
            asset = transfers.asset_to_move(session, actor, code)
            change_asset(session, actor, asset, parse_asset({"unit": "IMT-SU"}, partial=True), clock.now)

    refused("in_transit", correct)
    moves.receive(code)
    clock.advance(timedelta(minutes=1))
    correct()
    assert moves.unit(code) == "IMT-SU"
    assert [unit for unit, _ in moves.chain(code)] == ["IMT-TK", "IMT-FA", "IMT-SU"]


def test_steps_are_kept_and_never_written_again(moves: Moves, make: Make) -> None:
    code = make()
    sent = moves.send(code)
    moves.end(sent)
    moves.send(code)
    moves.receive(code)
    with moves.custody.app.reading() as session:
        kinds = session.scalars(select(TransferStep.kind).order_by(TransferStep.at, TransferStep.kind)).all()
    assert sorted(kinds) == ["cancel", "receive", "send", "send"]
