"""Confirmations and signatures: the order in which they are heard of changes nothing, and they move nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from assets.core import files
from assets.core.app import App
from assets.core.errors import Conflict, NotFound
from assets.custody.models import ConflictCase, CustodyConfirmation, Signature, SignedEvent
from assets.custody.queries.confirmations import UnitFilter, answers_of, proofs_of, to_confirm, unit_page
from assets.custody.service.confirmation import confirm
from assets.custody.service.signatures import keep_signature, read_signature, sign_event
from assets.people.service.pins import ENDED_AFTER, LOCKED_AFTER, LOCKED_FOR, Verdict, count_try, pin_matches, set_pin
from assets.registry.models import AssetEvent
from tests.support.custody import Custody
from tests.support.papers import picture
from tests.support.world import Clock, World

Make = Callable[..., str]
MINUTE = timedelta(minutes=1)


def say(
    custody: Custody, issue: str, *, has_it: bool, login: str = "officer", n: int = 0, ago: timedelta = MINUTE
) -> str:
    with custody.by(login) as (session, actor):
        return confirm(session, actor, issue, custody.occurrence(ago, n), has_it=has_it).id


def standing(app: App, issue: str) -> bool | None:
    with app.reading() as session:
        answer = answers_of(session, [issue]).get(issue)
        return None if answer is None else answer.has_it


def test_the_newest_word_counts_in_whatever_order_words_are_heard(app: App, make: Make, custody: Custody) -> None:
    words = [(True, 3), (False, 2), (True, 1)]
    ends = set()
    for order in itertools.permutations(words):
        code = make()
        issue = custody.issue(code, "P-002", occurrence=custody.occurrence(timedelta(minutes=9)))
        for has_it, ago in order:
            say(custody, issue, has_it=has_it, ago=ago * MINUTE)
        with app.reading() as session:
            asset_id = custody.asset(code).id
            cases = session.scalars(select(ConflictCase.kind).where(ConflictCase.asset_id == asset_id)).all()
        ends.add((standing(app, issue), tuple(cases), custody.holder(code) == custody.world.persons["P-002"].id))
    assert ends == {(True, ("denied",), True)}


def test_a_denial_moves_nothing_and_opens_one_dispute(app: App, make: Make, custody: Custody) -> None:
    code = make()
    issue = custody.issue(code, "P-002")
    say(custody, issue, has_it=False)
    say(custody, issue, has_it=False, n=1)
    assert custody.holder(code) == custody.world.persons["P-002"].id
    with app.reading() as session:
        assert [case.kind for case in session.scalars(select(ConflictCase))] == ["denied"]
        assert session.scalars(select(AssetEvent.kind).where(AssetEvent.kind.like("custody_%"))).all() == [
            "custody_denied", "custody_denied",
        ]  # fmt: skip


def test_only_what_was_issued_to_oneself_can_be_confirmed(make: Make, custody: Custody) -> None:
    code = make()
    issue = custody.issue(code, "P-002")
    for login in ("logistics_officer", "officer2", "coordinator"):
        with pytest.raises(NotFound):
            say(custody, issue, has_it=True, login=login)
    with pytest.raises(NotFound):
        say(custody, str(uuid4()), has_it=True)
    back = custody.give_back(code)
    with pytest.raises(NotFound):
        say(custody, back, has_it=True)


def test_what_waits_is_what_one_has_and_has_said_nothing_of(app: App, make: Make, custody: Custody) -> None:
    codes = [make() for _ in range(5)]
    issues = [custody.issue(code, "P-002", occurrence=custody.occurrence(MINUTE, n)) for n, code in enumerate(codes)]
    custody.give_back(codes[0])
    say(custody, issues[1], has_it=True)
    say(custody, issues[2], has_it=False)
    officer, head = custody.world.actors["officer"], custody.world.actors["logistics_officer"]
    with app.reading() as session:
        waiting = to_confirm(session, officer)
        assert waiting.count == 2
        assert {each.entry.event_id for each in waiting.first} == {issues[3], issues[4]}
        assert to_confirm(session, head).count == 0
        for show, expected in (
            ("waiting", {issues[3], issues[4]}), ("confirmed", {issues[1]}), ("denied", {issues[2]}),
            ("all", set(issues[1:])),
        ):  # fmt: skip
            found = unit_page(session, head, UnitFilter(show))
            assert {each.entry.event_id for each in found} == expected, show
        assert not unit_page(session, custody.world.actors["logistics2"], UnitFilter("all")), "another unit's"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


def test_a_signature_before_or_after_its_entries_ends_the_same(
    app: App, make: Make, custody: Custody, folder: Path
) -> None:
    drawn = read_signature(picture(size=(300, 120)))
    ends = set()
    for order in itertools.permutations(("first", "second", "picture")):
        if order[0] == "picture":
            continue  # It is sent with an action that names it, so that one of them is always there.
        issues = {name: custody.issue(make(), "P-002") for name in ("first", "second")}
        signature_id = str(uuid4())
        named: list[str] = []
        for step in order:
            with custody.by("logistics_officer") as (session, actor):
                if step == "picture":
                    assert keep_signature(session, actor, named[0], signature_id, drawn, folder, custody.clock.now)
                    continue
                sign_event(session, actor, session.get_one(AssetEvent, issues[step]), signature_id)
                named.append(issues[step])
        with custody.by("logistics_officer") as (session, actor):
            assert not keep_signature(session, actor, named[1], signature_id, drawn, folder, custody.clock.now)
        with app.reading() as session:
            ids = list(issues.values())
            answers, proofs = answers_of(session, ids), proofs_of(session, ids)
            told = {(answers[one].method, answers[one].has_it, answers[one].at, proofs[one].has_picture) for one in ids}
            ends.add((len(answers), frozenset(told)))
    assert len(ends) == 1
    assert next(iter(ends))[0] == 2


def test_a_signature_is_its_accounts_alone(app: App, make: Make, custody: Custody, folder: Path) -> None:
    issue, signature_id = custody.issue(make(), "P-002"), str(uuid4())
    drawn = read_signature(picture(size=(300, 120)))
    with custody.by("logistics_officer") as (session, actor):
        sign_event(session, actor, session.get_one(AssetEvent, issue), signature_id)
    for login in ("coordinator", "officer"):
        with pytest.raises(NotFound), custody.by(login) as (session, actor):
            keep_signature(session, actor, issue, signature_id, drawn, folder, custody.clock.now)
    with pytest.raises(NotFound), custody.by("logistics_officer") as (session, actor):
        keep_signature(session, actor, issue, str(uuid4()), drawn, folder, custody.clock.now)
    with custody.by("logistics_officer") as (session, actor):
        keep_signature(session, actor, issue, signature_id, drawn, folder, custody.clock.now)
    other = read_signature(picture(size=(310, 120)))
    with pytest.raises(Conflict), custody.by("logistics_officer") as (session, actor):
        keep_signature(session, actor, issue, signature_id, other, folder, custody.clock.now)
    with app.reading() as session:
        kept = session.scalars(select(Signature)).one()
        assert files.inventory(session, folder).kept == 1
        assert kept.sha256 == drawn.sha256


def sign(custody: Custody, issue: str, signature_id: str) -> None:
    with custody.by("logistics_officer") as (session, actor):
        sign_event(session, actor, session.get_one(AssetEvent, issue), signature_id)


def test_a_signature_confirms_nothing_given_to_another_or_at_another_time(
    app: App, make: Make, custody: Custody, folder: Path
) -> None:
    signature_id, drawn = str(uuid4()), read_signature(picture(size=(300, 120)))
    first = custody.issue(make(), "P-002", occurrence=custody.occurrence(timedelta(minutes=40)))
    sign(custody, first, signature_id)
    with custody.by("logistics_officer") as (session, actor):
        keep_signature(session, actor, first, signature_id, drawn, folder, custody.clock.now)
    beside = custody.issue(make(), "P-002", occurrence=custody.occurrence(timedelta(minutes=15)))
    sign(custody, beside, signature_id)
    later = custody.issue(make(), "P-002")
    to_another = custody.issue(make(), "P-001", occurrence=custody.occurrence(timedelta(minutes=20)))
    code = make()
    custody.issue(code, "P-002", occurrence=custody.occurrence(timedelta(minutes=30)))
    back = custody.give_back(code, occurrence=custody.occurrence(timedelta(minutes=20)))
    for other in (later, to_another, back):
        with pytest.raises(Conflict) as refused:
            sign(custody, other, signature_id)
        assert refused.value.code == "signature_taken"
    sign(custody, beside, signature_id)  # The same again is no other.
    with app.reading() as session:
        assert set(answers_of(session, [first, beside, later, to_another])) == {first, beside}
        assert set(session.scalars(select(SignedEvent.event_id))) == {first, beside}


def test_whatever_comes_first_one_signature_spans_half_an_hour(make: Make, custody: Custody) -> None:
    for order in itertools.permutations((0, 15, 30)):
        signature_id = str(uuid4())
        for ago in order:
            issue = custody.issue(make(), "P-002", occurrence=custody.occurrence(ago * MINUTE))
            sign(custody, issue, signature_id)
        early = custody.issue(make(), "P-002", occurrence=custody.occurrence(31 * MINUTE))
        with pytest.raises(Conflict):
            sign(custody, early, signature_id)


def test_signed_on_paper_is_told_and_confirms_nothing(app: App, make: Make, custody: Custody) -> None:
    issue = custody.issue(make(), "P-002")
    with custody.by("logistics_officer") as (session, actor):
        sign_event(session, actor, session.get_one(AssetEvent, issue), None, on_paper=True)
    with app.reading() as session:
        assert proofs_of(session, [issue])[issue].on_paper
        assert session.scalars(select(SignedEvent.signature_id)).all() == [None]
        assert not session.scalars(select(CustodyConfirmation)).all()


PIN = "730418"


def guess(app: App, world: World, clock: Clock, pin: str) -> Verdict:
    person = world.persons["P-002"].id
    with app.reading() as session:
        matched = pin_matches(session, person, pin, clock.now)
    with app.transaction(world.actors["logistics_officer"], clock.now) as session:
        return count_try(session, person, clock.now, matched=matched)


def choose(app: App, world: World, clock: Clock) -> None:
    with app.transaction(world.actors["officer"], clock.now) as session:
        set_pin(session, world.actors["officer"], session.merge(world.accounts["officer"]), PIN, clock.now)


def test_wrong_pins_lock_it_for_a_while_and_a_right_one_begins_anew(app: App, world: World, clock: Clock) -> None:
    assert guess(app, world, clock, PIN) is Verdict.NONE
    choose(app, world, clock)
    assert guess(app, world, clock, PIN) is Verdict.RIGHT
    tries = [guess(app, world, clock, f"99000{n}") for n in range(LOCKED_AFTER + 2)]
    assert tries == [Verdict.WRONG] * LOCKED_AFTER + [Verdict.LOCKED] * 2
    assert guess(app, world, clock, PIN) is Verdict.LOCKED, "a right one counts for nothing while it is locked"
    clock.advance(LOCKED_FOR)
    assert guess(app, world, clock, PIN) is Verdict.RIGHT
    assert guess(app, world, clock, "990000") is Verdict.WRONG, "the count began anew"


def test_guessing_on_and_on_ends_the_pin(app: App, world: World, clock: Clock) -> None:
    choose(app, world, clock)
    for n in range(ENDED_AFTER):
        assert guess(app, world, clock, f"99{n:04d}") is Verdict.WRONG
        clock.advance(LOCKED_FOR)
    clock.advance(timedelta(days=30))
    assert guess(app, world, clock, PIN) is Verdict.LOCKED
    choose(app, world, clock)
    assert guess(app, world, clock, PIN) is Verdict.RIGHT


def test_a_race_of_guesses_gets_no_more_tries_than_the_lock_allows(app: App, world: World, clock: Clock) -> None:
    choose(app, world, clock)
    person = world.persons["P-002"].id
    with app.reading() as session:  # All of them looked before any of them was counted.
        looked = [pin_matches(session, person, pin, clock.now) for pin in ("990001",) * LOCKED_AFTER + (PIN,)]
    verdicts = []
    for matched in looked:
        with app.transaction(world.actors["logistics_officer"], clock.now) as session:
            verdicts.append(count_try(session, person, clock.now, matched=matched))
    assert verdicts == [Verdict.WRONG] * LOCKED_AFTER + [Verdict.LOCKED]


def test_a_pin_without_an_open_account_confirms_nothing(app: App, world: World, clock: Clock) -> None:
    choose(app, world, clock)
    with app.transaction(world.actors["administrator"], clock.now) as session:
        session.merge(world.accounts["officer"]).active = False
    assert guess(app, world, clock, PIN) is Verdict.NONE
