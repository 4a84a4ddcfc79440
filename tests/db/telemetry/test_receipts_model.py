"""Receipts against a model of a tracker: whatever is lost, late, doubled, overwritten or wiped, they name what is kept
and nothing else, and the account of each boot says what was never got."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import Any

import hypothesis.strategies as st
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from assets.telemetry import queries
from assets.telemetry.messages import Envelope, Receipt
from assets.telemetry.models import Boot, Sample
from tests.db.telemetry.conftest import Field

LIVES = count(1)
Number = tuple[str, int, int]
"""(life, boot, seq)."""


class Model(RuleBasedStateMachine):
    """The tracker's side, and a network that keeps what was sent and delivers it when and as often as it likes."""

    def __init__(self, place: Field) -> None:
        super().__init__()
        self.place = place
        self.on_the_way: list[Envelope] = []
        self.taken: set[Number] = set()
        self.held: list[Number] = []
        self.sent: set[Number] = set()
        self.given_away: set[Number] = set()
        self.bad: set[Number] = set()
        self.lost: set[Number] = set()
        self.conn = 0
        self._begin_life()

    def _begin_life(self) -> None:
        self.lost |= set(self.held)
        self.held = []
        self.life, self.boot, self.seq = f"{next(LIVES):08x}", 0, 0

    def _body(self, number: Number) -> dict[str, Any]:
        if number in self.bad:
            return {"up": 100 + number[2], "lat": 91, "lon": 0}
        return {"up": 100 + number[2], "t": self.place.clock.now.timestamp() // 86_400 * 86_400 - 9000 + number[2]}

    def _send(self, numbers: list[Number], **more: Any) -> None:
        self.sent |= set(numbers)
        life, boot, first = numbers[0]
        body = {"v": 1, "life": life, "boot": boot, "seq": first, "samples": [self._body(n) for n in numbers], **more}
        self.on_the_way.append(self.place.envelope("report", json.dumps(body).encode()))

    @rule(how_many=st.integers(1, 6), bad=st.integers(0, 9))
    def sample(self, how_many: int, bad: int) -> None:
        for _ in range(how_many):
            number = (self.life, self.boot, self.seq)
            self.seq += 1
            self.taken.add(number)
            self.held.append(number)
            if bad == 0:
                self.bad.add(number)

    @precondition(lambda self: self.held)
    @rule(at=st.integers(0, 5), how_many=st.integers(1, 6))
    def report_in_turn(self, at: int, how_many: int) -> None:
        start = min(at, len(self.held) - 1)
        numbers = [self.held[start]]
        for number in self.held[start + 1 : start + how_many]:
            if number[:2] != numbers[0][:2] or number[2] != numbers[-1][2] + 1:
                break
            numbers.append(number)
        self._send(numbers)

    @precondition(lambda self: self.held)
    @rule()
    def report_newest(self) -> None:
        self._send([self.held[-1]], live=True)

    @precondition(lambda self: self.held)
    @rule(how_many=st.integers(1, 4))
    def overwrite_oldest(self, how_many: int) -> None:
        gone, self.held = self.held[:how_many], self.held[how_many:]
        self.lost |= set(gone)
        if self.held and self.held[0][:2] == gone[-1][:2]:
            same = [number[2] for number in gone if number[:2] == gone[-1][:2]]
            self._send(self.held[:1], gone=[[min(same), max(same)]])

    @rule()
    def reboot(self) -> None:
        self.boot, self.seq = self.boot + 1, 0
        self.hello()

    @rule()
    def wipe(self) -> None:
        self._begin_life()

    @rule()
    def hello(self) -> None:
        self.conn += 1
        ends = [list(self.held[at][1:]) for at in (0, -1)] if self.held else [None, None]
        body = {"v": 1, "life": self.life, "boot": self.boot, "conn": self.conn, "up": 99_999,
                "oldest": ends[0], "newest": ends[1]}  # fmt: skip
        self.on_the_way.append(self.place.envelope("hello", json.dumps(body).encode()))

    @precondition(lambda self: self.on_the_way)
    @rule(at=st.integers(0, 20), again=st.booleans(), heard=st.booleans(), minutes=st.sampled_from([0, 0, 2, 90]))
    def deliver(self, at: int, again: bool, heard: bool, minutes: int) -> None:
        """A message arrives, perhaps not for the last time; its receipts may be lost."""
        place = self.place
        place.clock.advance(timedelta(minutes=minutes))
        envelope = self.on_the_way[at % len(self.on_the_way)]
        if not again:
            self.on_the_way.remove(envelope)
        outcome = place.send(envelope)
        for receipt in (*outcome.answers, *outcome.receipts):
            self._judge(receipt)
            if heard:
                self._erase(receipt)

    @precondition(lambda self: self.on_the_way)
    @rule(at=st.integers(0, 20))
    def lose_message(self, at: int) -> None:
        self.on_the_way.pop(at % len(self.on_the_way))

    def _judge(self, receipt: Receipt) -> None:
        stored, excused = _kept(self.place, receipt.life, receipt.boot)
        for first, last in receipt.got:
            assert first > receipt.upto + 1, "got begins above upto, with a hole between"
            assert set(range(first, last + 1)) <= stored, "only what is committed may be erased"
        assert set(range(receipt.upto + 1)) <= stored | excused, "upto leaves out what is neither stored nor given up"
        for first, last in receipt.want:
            assert not set(range(first, last + 1)) & stored, "nothing is asked for that is here"

    def _erase(self, receipt: Receipt) -> None:
        """As wire.md permits: what is named, and was sent at least once."""
        keep = []
        for number in self.held:
            named = number[2] <= receipt.upto or any(a <= number[2] <= b for a, b in receipt.got)
            if number[:2] == (receipt.life, receipt.boot) and named and number in self.sent:
                self.given_away.add(number)
            else:
                keep.append(number)
        self.held = keep

    @invariant()
    def nothing_is_lost_that_was_given_away(self) -> None:
        by_boot: dict[tuple[str, int], set[int]] = {}
        for life, boot, seq in self.given_away:
            by_boot.setdefault((life, boot), set()).add(seq)
        for (life, boot), seqs in by_boot.items():
            stored, excused = _kept(self.place, life, boot)
            # What was asked for five times in vain counts as had, though the tracker may still hold it.
            assert seqs <= stored | excused

    def teardown(self) -> None:
        """Everything that is still held arrives in the end, and the accounts say what never did."""
        self.hello()
        for number in list(self.held):
            self._send([number])
        for envelope in self.on_the_way:
            self.place.send(envelope)
        with self.place.app.telemetry.reading() as session:
            accounts = {(a.life, a.boot): a for a in queries.boot_accounts(session, self.place.tracker)}
        for life, boot in {number[:2] for number in self.taken}:
            account = accounts.get((life, boot))
            stored = _kept(self.place, life, boot)[0]
            held = {number[2] for number in self.held if number[:2] == (life, boot)}
            assert held <= stored, "what the tracker had and sent is stored"
            if account is not None:
                never = set().union(*(range(a, b + 1) for a, b in (*account.missing, *account.gone)))
                numbers = {number[2] for number in self.taken if number[:2] == (life, boot)}
                expected = {seq for seq in numbers if seq < account.expected}
                assert never == expected - stored, "the account names just what was never got"


def _kept(place: Field, life: str, boot: int) -> tuple[set[int], set[int]]:
    """(numbers in the table or set aside one by one, numbers that are gone or were asked for five times)."""
    with place.app.telemetry.reading() as session:
        row = session.scalar(select(Boot).where(Boot.life == life, Boot.boot == boot))
        if row is None:
            return set(), set()
        stored = set(session.scalars(select(Sample.seq).where(Sample.boot_id == row.id)))
    stored |= {
        aside.seq for aside in place.asides() if (aside.life, aside.boot) == (life, boot) and aside.seq is not None
    }
    excused = set().union(*(range(a, b + 1) for text in (row.gone, row.given_up) for a, b in json.loads(text)))
    return stored, excused


def test_receipts_and_accounts_hold_whatever_the_network_and_the_tracker_do(place: Field) -> None:
    class Here(Model):
        def __init__(self) -> None:
            super().__init__(place)

    run_state_machine_as_test(
        Here, settings=settings(max_examples=15, stateful_step_count=40, deadline=None, phases=[Phase.generate])
    )
