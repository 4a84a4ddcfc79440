"""Secrets that go by command: whatever is lost on the way, the tracker is never locked out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.telemetry.rotation import LAG, TURN, Facts, Turn, next_turn

T0 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SENT = Facts("ordered", None, "sent", T0, None, T0)
TRIED = replace(SENT, state="tried", tried_from=T0 + LAG)
RESTED = replace(TRIED, state="ordered")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("facts", "turn"),
    [
        (replace(SENT, command="waiting", sent_at=None), Turn.STAY),
        (replace(SENT, now=T0 + LAG - SECOND), Turn.STAY),
        (replace(SENT, now=T0 + LAG), Turn.TRY),
        (replace(SENT, command="expired"), Turn.FAILED),
        (replace(SENT, command="cancelled"), Turn.FAILED),
        (replace(TRIED, now=T0 + TURN), Turn.STAY),
        (replace(TRIED, now=T0 + LAG + TURN), Turn.REST),
        (replace(TRIED, now=T0 + LAG + TURN, hello_at=T0 + 3 * LAG), Turn.DONE),
        (replace(TRIED, now=T0 + TURN, hello_at=T0 + LAG + SECOND), Turn.STAY),
        (replace(TRIED, command="done", now=T0 + TURN), Turn.DONE),
        (replace(TRIED, command="failed", now=T0 + TURN), Turn.FAILED),
        (replace(RESTED, now=T0 + LAG + 2 * TURN), Turn.TRY),
        (replace(RESTED, command="expired", now=T0 + LAG + 2 * TURN), Turn.TRY),
        (replace(RESTED, command="expired", now=T0 + 2 * TURN, hello_at=T0 + TURN + 2 * LAG), Turn.FAILED),
        (replace(RESTED, now=T0 + 2 * TURN, hello_at=T0 + TURN + 2 * LAG), Turn.STAY),
        (replace(RESTED, sent_at=T0 + TURN + 3 * LAG, now=T0 + 2 * TURN, hello_at=T0 + TURN + 2 * LAG), Turn.TRY),
    ],
)  # fmt: skip
def test_each_turn_follows_from_what_is_known(facts: Facts, turn: Turn) -> None:
    assert next_turn(facts) is turn


@dataclass
class World:
    """A tracker that tries a new secret for three minutes before it goes back, and the server's side of it."""

    arrives: list[bool]
    facts: Facts = field(default_factory=lambda: replace(SENT, sent_at=None, command="waiting"))
    ended: str = ""
    holds_new: bool = False
    trial_until: datetime | None = None
    sends: int = 0

    def step(self, now: datetime, *, is_online: bool, is_expired: bool) -> None:
        """One moment: the tracker comes in if it can, then the server takes its turn, or sends the command anew."""
        comes_in = self._comes_in(now) if is_online else False
        if self.ended:
            return
        self.facts = replace(self.facts, now=now, hello_at=now if comes_in else self.facts.hello_at)
        turn = next_turn(self.facts)
        if turn is Turn.TRY:
            self.facts = replace(self.facts, state="tried", tried_from=now)
        elif turn is Turn.REST:
            self.facts = replace(self.facts, state="ordered")
        elif turn is not Turn.STAY:
            self.ended = turn.value
        elif comes_in and self.facts.state == "ordered":
            self._send(now, is_expired=is_expired)

    def _comes_in(self, now: datetime) -> bool:
        if self.trial_until is not None and now >= self.trial_until:
            self.trial_until = None
        new_counts = self.facts.state == "tried" or self.ended == "done"
        if (self.holds_new or self.trial_until is not None) is not new_counts:
            return False
        if self.trial_until is not None:
            self.holds_new, self.trial_until = True, None
        return True

    def _send(self, now: datetime, *, is_expired: bool) -> None:
        """On a hello; what goes out may be lost."""
        self.facts = replace(self.facts, command="expired" if is_expired else "sent", sent_at=now)
        if not is_expired and (self.sends >= len(self.arrives) or self.arrives[self.sends]):
            self.trial_until = now + timedelta(minutes=3)
        self.sends += 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.booleans(), min_size=700, max_size=700), st.lists(st.booleans(), max_size=40))
def test_whatever_gets_lost_both_sides_end_with_one_secret(online: list[bool], arrives: list[bool]) -> None:
    """Half a minute a step: the network comes and goes, commands are lost or expire, at the end it is there."""
    world = World(arrives)
    for number in range(900):
        is_online = online[number] if number < len(online) else True
        world.step(T0 + number * timedelta(seconds=30), is_online=is_online, is_expired=number >= 600)
    assert world.ended, "it does not go on for ever"
    assert world.holds_new is (world.ended == "done")
    assert world._comes_in(T0 + timedelta(days=1))


def test_command_that_never_arrives_leaves_the_old_secret() -> None:
    world = World([False] * 900)
    for number in range(900):
        world.step(T0 + number * timedelta(seconds=30), is_online=True, is_expired=number >= 600)
    assert (world.ended, world.holds_new) == ("failed", False)
