"""Shifts: any order of arrival ends the same, what is not back is known, and nobody hangs things on others' shifts."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import event, select

from assets.core.app import App
from assets.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.custody.models import ConflictCase
from assets.custody.queries import confirmations
from assets.custody.service import transfers
from assets.custody.service.conflict_settling import Settlement
from assets.people.models import Unit
from assets.registry.models import AssetEvent
from assets.registry.scope import asset_by_code
from assets.shifts import service
from assets.shifts.models import Shift, ShiftItem
from assets.shifts.queries import ShiftFilter, board, not_back, row_key, shift_by_id
from assets.shifts.service import close_shift, queue_shift_mails, start_shift
from tests.support.custody import ZONE, Custody
from tests.support.shifts import Night
from tests.support.world import World

Make = Callable[..., str]
HOUR = timedelta(hours=1)


def seen(custody: Custody, night: Night, login: str = "logistics_officer") -> dict[str, str]:
    """What became of each item of the shift, by its code, as this login sees it."""
    with custody.app.reading() as session:
        view = shift_by_id(session, custody.world.actors[login], night.id)
        return {each.asset.code: each.fate.state for each in view.items}


def on_board(custody: Custody, show: str = "", login: str = "logistics_officer") -> dict[str, tuple[int, str]]:
    """The board: how many are out and the state, by the shift's id."""
    with custody.app.reading() as session:
        rows = board(session, custody.world.actors[login], ShiftFilter(show), custody.clock.now)
        return {row.id: (row.out, row.state(custody.clock.now)) for row in rows}


def test_start_issues_and_return_end_the_same_in_every_order(custody: Custody, make: Make) -> None:
    ends = set()
    for order in permutations(("begin", "first", "second", "return")):
        night, one, two = Night(custody), make(), make()
        steps: dict[str, Callable[[], object]] = {
            "begin": partial(night.begin, one),
            "first": partial(night.take, one, n=2),
            "second": partial(night.take, two, "P-002", n=3),
            "return": partial(night.bring, one, 7 * HOUR),
        }
        for step in order:
            steps[step]()
        fates = seen(custody, night)
        ends.add((fates[one], fates[two], on_board(custody)[night.id]))
    assert ends == {("back", "out", (1, "late"))}


def test_issues_whose_start_was_refused_are_on_the_board_all_the_same(custody: Custody, make: Make) -> None:
    night, code = Night(custody), make()
    with pytest.raises(InvalidInput):
        night.begin(code, crew=["P-999"])
    night.take(code)
    assert on_board(custody) == {night.id: (1, "out")}
    assert seen(custody, night) == {code: "out"}


def test_shift_is_late_from_its_end_on_and_first_on_the_board(custody: Custody, make: Make) -> None:
    early, later = Night(custody, ago=HOUR), Night(custody, ago=2 * HOUR)
    for night in (early, later):
        code = make()
        night.begin(code)
        night.take(code)
    assert [state for _, state in on_board(custody).values()] == ["out", "out"]
    custody.clock.advance(6 * HOUR)
    assert list(on_board(custody).items()) == [(later.id, (1, "late")), (early.id, (1, "out"))]
    with custody.app.reading() as session:
        told = not_back(session, custody.world.actors["logistics_officer"], custody.clock.now)
    assert (told.items, told.shifts, [row.id for row in told.first]) == (1, 1, [later.id])


def test_item_taken_again_by_its_holder_is_out_with_the_later_shift_alone(custody: Custody, make: Make) -> None:
    first, second, code = Night(custody, ago=20 * HOUR), Night(custody, ago=2 * HOUR), make()
    for night in (first, second):
        night.begin(code)
        night.take(code)
    assert on_board(custody) == {second.id: (1, "out")}
    assert (seen(custody, first), seen(custody, second)) == ({code: "passed_on"}, {code: "out"})


def test_issue_that_was_a_mistake_is_no_item_of_the_shift(custody: Custody, make: Make) -> None:
    night, code, kept = Night(custody), make(), make()
    night.begin(code)
    wrong = night.take(code)
    night.take(kept)
    custody.correct(code, wrong, reason="the other mirror")
    assert on_board(custody)[night.id][0] == 1
    assert seen(custody, night) == {kept: "out"}


def test_shift_of_another_unit_is_not_there_and_nothing_is_hung_on_it(custody: Custody, make: Make) -> None:
    night, code, foreign = Night(custody), make(), make(unit="IMT-FA")
    night.begin(code)
    night.take(code)
    night.take(foreign, "P-101", login="logistics2")
    assert seen(custody, night) == {code: "out"}
    assert seen(custody, night, "coordinator") == {code: "out"}
    assert seen(custody, night, "logistics2") == {foreign: "out"}, "what he issued himself he sees, and no more"
    assert on_board(custody, login="logistics2") == {night.id: (1, "out")}
    with pytest.raises(NotFound), custody.app.reading() as session:
        shift_by_id(session, custody.world.actors["logistics2"], Night(custody).id)


def test_start_of_a_shift_needs_the_right_for_unit_crew_and_vehicle(custody: Custody, make: Make) -> None:
    code, car = make(), make("vehicle.patrol")
    with pytest.raises(NotAllowed):
        Night(custody).begin(code, login="officer")
    with pytest.raises(NotFound):
        Night(custody).begin(code, login="logistics2")
    with pytest.raises(InvalidInput) as caught:
        Night(custody).begin(code, crew=["P-101"])  # of another unit: as if there were none
    assert caught.value.fields[0].code == "unknown_person"
    with pytest.raises(InvalidInput) as caught:
        Night(custody).begin(code, vehicle=code)
    assert caught.value.fields[0].code == "not_a_vehicle"
    Night(custody).begin(car, vehicle=car)


def test_one_id_is_one_shift(custody: Custody, make: Make) -> None:
    night, code = Night(custody), make()
    night.begin(code)
    with pytest.raises(Conflict) as caught:
        night.begin(code, crew=["P-002"])
    assert caught.value.code == "shift_taken"


def test_shift_is_closed_only_when_all_is_back(custody: Custody, make: Make) -> None:
    night, code = Night(custody), make()
    night.begin(code)
    night.take(code)
    with custody.by("logistics_officer") as (session, actor), pytest.raises(RuleViolation) as caught:
        close_shift(session, actor, night.id, custody.clock.now)
    assert caught.value.code == "items_out"
    night.bring(code, 7 * HOUR)
    with custody.by("logistics_officer") as (session, actor):
        close_shift(session, actor, night.id, custody.clock.now, "quiet night")
    assert on_board(custody) == {}
    assert on_board(custody, "all") == {night.id: (0, "closed")}


def test_board_goes_on_after_the_last_row_seen(custody: Custody, make: Make) -> None:
    nights = [Night(custody, ago=hours * HOUR) for hours in (1, 2, 3)]
    for night in nights:
        code = make()
        night.begin(code)
        night.take(code)
    actor = custody.world.actors["coordinator"]
    for show, expected in (("", [3, 2, 1]), ("all", [1, 2, 3])):
        with custody.app.reading() as session:
            found = []
            after: tuple[object, ...] | None = None
            while rows := board(session, actor, ShiftFilter(show), custody.clock.now, limit=1, after=after):
                found += [row.id for row in rows]
                after = row_key(rows[-1])
        assert found == [nights[place - 1].id for place in expected]


def test_unit_is_told_once_a_day_what_is_not_back(custody: Custody, make: Make, app: App, world: World) -> None:
    night, code = Night(custody), make()
    night.begin(code)
    night.take(code)
    queued = []
    for _ in range(3):
        with app.transaction(world.actors["coordinator"], custody.clock.now) as session:
            queued.append(queue_shift_mails(session, world.actors["coordinator"], custody.clock.now, "https://x"))
        custody.clock.advance(16 * HOUR)
    assert queued[0] > 0
    assert queued[1] == queued[0], "the next local day"
    with app.reading() as session:
        assert len(session.scalars(select(ShiftItem)).all()) == 1


@pytest.mark.parametrize("seed", range(12))
def test_board_says_what_the_pages_of_the_shifts_say_after_any_entries(seed: int, custody: Custody, make: Make) -> None:
    rng = random.Random(seed)
    nights = [Night(custody, ago=hours * HOUR) for hours in (40, 30, 20)]
    codes = [make() for _ in range(3)]
    for n in range(14):
        night, code = rng.choice(nights), rng.choice(codes)
        act = rng.choice(["take", "take", "bring", "correct", "begin"])
        with suppress(Conflict, RuleViolation, NotFound):
            if act == "take":
                night.take(code, rng.choice(["P-001", "P-002"]), n=n)
            elif act == "bring":
                night.bring(code, rng.randrange(0, 19) * HOUR, n=n)
            elif act == "begin":
                night.begin(code)
            else:
                custody.correct(code, rng.choice(_issues(custody, code)), reason="x", to=rng.choice([None, "P-002"]))
    expected: dict[str, int] = {}
    for night in nights:
        with suppress(NotFound):
            out = [code for code, state in seen(custody, night).items() if state == "out"]
            expected |= {night.id: len(out)} if out else {}
    assert {shift: out for shift, (out, _) in on_board(custody).items()} == expected


def _issues(custody: Custody, code: str) -> list[str]:
    with custody.app.reading() as session:
        asset = custody.asset(code)
        found = session.scalars(
            select(AssetEvent.id).where(AssetEvent.asset_id == asset.id, AssetEvent.kind.in_(["issue", "return"]))
        )
        return list(found) or ["none"]


@pytest.fixture
def settle(custody: Custody) -> Callable[..., None]:
    """Settles the one conflict case, as the coordinator."""

    def said(outcome: str, **what: Any) -> None:
        with custody.by("coordinator") as (session, actor):
            case = session.scalars(select(ConflictCase)).one()
            service.settle(session, actor, case, Settlement(outcome, "asked both", **what), custody.clock.now)

    return said


def test_item_whose_issue_stands_again_is_out_with_its_shift_again(
    custody: Custody, make: Make, settle: Callable[..., None]
) -> None:
    night, code = Night(custody), make()
    night.begin(code)
    first = custody.issue(code, "P-002", occurrence=night.at(-HOUR))
    mine = night.take(code)
    for _ in range(2):
        settle("one", right=first)
        assert (seen(custody, night), on_board(custody)) == ({}, {})
        settle("one", right=mine)
        assert (seen(custody, night), on_board(custody)) == ({code: "out"}, {night.id: (1, "late")})
    with custody.by("logistics_officer") as (session, actor):
        assert [row.entry.event_id for row in confirmations.unit_page(session, actor, confirmations.UnitFilter())] == [
            mine
        ]


def test_issue_that_is_moved_in_time_stays_with_its_shift(
    custody: Custody, make: Make, settle: Callable[..., None]
) -> None:
    night, code = Night(custody), make()
    night.begin(code)
    custody.issue(code, "P-002", occurrence=night.at(-HOUR))
    mine = night.take(code)
    settle("one", right=mine, at=night.base + HOUR)
    assert (seen(custody, night), on_board(custody)) == ({code: "out"}, {night.id: (1, "late")})
    settle("left")
    assert (seen(custody, night), on_board(custody)) == ({code: "out"}, {night.id: (1, "late")}), "by its first issue"


def test_shift_of_which_nothing_was_heard_is_not_said_to_be_back(custody: Custody, make: Make) -> None:
    night, code = Night(custody), make()
    night.begin(code)
    assert on_board(custody, "all") == {night.id: (0, "untold")}
    wrong = night.take(code)
    custody.correct(code, wrong, reason="another item")
    assert on_board(custody, "all") == {night.id: (0, "untold")}
    night.take(code, n=4)
    night.bring(code, 7 * HOUR)
    assert on_board(custody, "all") == {night.id: (0, "back")}
    with custody.app.reading() as session:
        view = shift_by_id(session, custody.world.actors["logistics_officer"], night.id)
        assert (view.state(custody.clock.now), view.passed_on) == ("back", 0)


def test_shift_says_how_much_of_it_was_passed_on(custody: Custody, make: Make) -> None:
    night, codes = Night(custody), [make(), make()]
    night.begin(codes[0])
    for n, code in enumerate(codes):
        night.take(code, n=n + 2)
    custody.issue(codes[0], "P-002", occurrence=night.at(HOUR))
    night.bring(codes[1], HOUR)
    with custody.app.reading() as session:
        view = shift_by_id(session, custody.world.actors["logistics_officer"], night.id)
        assert (view.out, view.passed_on) == (0, 1)


def test_page_of_a_shift_reads_no_issues_of_the_shifts_after_it(custody: Custody, make: Make) -> None:
    code = make()
    nights = [Night(custody, ago=hours * HOUR) for hours in range(60, 40, -1)]
    for night in nights:
        night.take(code)
    actor = custody.world.actors["logistics_officer"]
    loaded: list[ShiftItem] = []

    def note(item: ShiftItem, _context: object) -> None:
        loaded.append(item)

    event.listen(ShiftItem, "load", note)
    try:
        with custody.app.reading() as session:
            view = shift_by_id(session, actor, nights[0].id)
    finally:
        event.remove(ShiftItem, "load", note)
    assert len(loaded) == 1
    assert view.items[0].fate.ended_at == nights[1].base, "the next of them, and no later one"


def test_what_is_told_late_lands_on_no_other_units_board(custody: Custody, make: Make) -> None:
    night, code = Night(custody), make()
    with custody.by("logistics_officer") as (session, actor):
        asset = transfers.asset_to_move(session, actor, code)
        there = session.get_one(Unit, custody.world.units["IMT-FA"].id)
        transfers.send(session, actor, asset, there, custody.occurrence(9 * HOUR))
    with custody.by("logistics2") as (session, actor):
        asset = transfers.asset_to_move(session, actor, code)
        transfers.receive(session, actor, asset, custody.occurrence(8 * HOUR), condition="A")
    with custody.by("logistics2") as (session, actor):
        start_shift(
            session, actor, asset_by_code(session, actor, code), night.at(), ZONE,
            shift_id=night.id, crew=["P-101"], ends_at=night.base + 8 * HOUR,
        )  # fmt: skip
    night.take(code, "P-101", login="logistics2")
    with custody.app.reading() as session:
        assert session.get_one(Shift, night.id).unit_id == custody.world.units["IMT-FA"].id
        assert session.scalars(select(ShiftItem.unit_id)).all() == [custody.world.units["IMT-FA"].id]
    assert on_board(custody, "all") == {}, "Tashkent's"
