"""The client against a plain model of the server: whatever is lost, doubled, late or swapped."""

from __future__ import annotations

import json
import random
from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware_stubs.tracker.ports import Witness
from firmware_stubs.tracker.ring import BLOCKS
from tests.firmware.bench import TRACKER, Bench

Key = tuple[str, int]


class ServerModel:
    """Keeps every sample it hears of; `receipt` says only what it keeps, and asks for holes when told to."""

    def __init__(self) -> None:
        self.stored: dict[Key, dict[int, str]] = defaultdict(dict)
        self.gone: dict[Key, set[int]] = defaultdict(set)

    def hear(self, topic: str, body: bytes) -> None:
        if not topic.endswith("/report"):
            return
        report = json.loads(body)
        key = (report["life"], report["boot"])
        assert report["samples"], "a report has at least one sample"
        for index, sample in enumerate(report["samples"]):
            seq, text = report["seq"] + index, json.dumps(sample)
            assert self.stored[key].setdefault(seq, text) == text, "a key was used for another content"
        for a, b in report.get("gone", []):
            self.gone[key].update(range(a, b + 1))

    def receipt(self, key: Key, *, ask: bool) -> bytes:
        known = self.stored[key].keys() | self.gone[key]
        upto = -1
        while upto + 1 in known:
            upto += 1
        above = sorted(seq for seq in self.stored[key] if seq > upto)
        body = {"v": 1, "life": key[0], "boot": key[1], "upto": upto, "got": [[seq, seq] for seq in above][:20]}
        if ask and above:
            body["want"] = [[seq, seq] for seq in range(upto + 1, above[-1]) if seq not in known][:20]
        return json.dumps(body).encode()


class Faults(RuleBasedStateMachine):
    """Rules are what may happen; after each of them, and after all faults end, the promises must hold."""

    blocks = BLOCKS
    portion = 40

    def __init__(self) -> None:
        super().__init__()
        self.gave_up = GaveUp()
        self.bench = Bench(blocks=self.blocks, witness=self.gave_up)
        self.server = ServerModel()
        self.under_way: list[tuple[str, bytes]] = []
        self.late_receipts: list[bytes] = []
        self.taken: dict[Key, int] = defaultdict(int)
        self.starts = 1
        self.chance = random.Random(0)

    def _key(self) -> Key:
        return (self.bench.client.state.life, self.bench.client.state.boot)

    def _collect(self) -> None:
        self.under_way += self.bench.transport.sent
        self.bench.transport.sent = []

    def _deliver(self, body: bytes) -> None:
        self.bench.transport.inbox.append((f"imt/v1/{TRACKER}/receipt", body))

    @rule(count=st.integers(1, 40))
    def sample(self, count: int) -> None:
        count *= self.portion // 40
        self.bench.sample(count)
        self.taken[self._key()] += count

    @rule(seconds=st.sampled_from([1, 10, 61, 400]))
    def time_passes(self, seconds: int) -> None:
        self.bench.pass_s(seconds, steps=2)
        self._collect()

    @rule(reachable=st.booleans())
    def the_network_changes(self, reachable: bool) -> None:
        self.bench.transport.reachable = reachable
        if not reachable:
            self.bench.transport.connected = False

    @rule(share=st.floats(0, 1), seed=st.integers(0, 99))
    def some_messages_are_lost(self, share: float, seed: int) -> None:
        chance = random.Random(seed)
        self.under_way = [entry for entry in self.under_way if chance.random() >= share]

    @rule(seed=st.integers(0, 99))
    def messages_arrive_swapped_and_doubled(self, seed: int) -> None:
        chance = random.Random(seed)
        arriving = self.under_way + [entry for entry in self.under_way if chance.random() < 0.3]
        chance.shuffle(arriving)
        for entry in arriving:
            self.server.hear(*entry)
        self.under_way = []

    @rule(ask=st.booleans(), lost=st.booleans())
    def the_server_answers(self, ask: bool, lost: bool) -> None:
        for key in list(self.server.stored):
            body = self.server.receipt(key, ask=ask)
            self.late_receipts.append(body)
            if not lost:
                self._deliver(body)
        self.bench.client.step()
        self._collect()

    @precondition(lambda self: self.late_receipts)
    @rule(data=st.data())
    def an_old_receipt_arrives(self, data: st.DataObject) -> None:
        self._deliver(data.draw(st.sampled_from(self.late_receipts)))
        self.bench.client.step()
        self._collect()

    @rule()
    def the_power_fails(self) -> None:
        self._collect()
        self.starts += 1
        self.bench = self.bench.restart(seed=self.starts)

    @invariant()
    def nothing_is_erased_that_the_server_has_not_got(self) -> None:
        held = set(self.bench.held())
        life = self.bench.client.state.life
        for (_, boot), count in self.taken.items():
            for seq in range(count):
                if (boot, seq) not in self.gave_up.keys:
                    assert (boot, seq) in held or seq in self.server.stored[(life, boot)], (boot, seq)

    @invariant()
    def hello_would_name_the_oldest_that_the_server_may_lack(self) -> None:
        oldest = self.bench.client.store.oldest()
        life = self.bench.client.state.life
        for (_, boot), count in self.taken.items():
            for seq in range(count):
                if (oldest is None or (boot, seq) < oldest) and (boot, seq) not in self.gave_up.keys:
                    assert seq in self.server.stored[(life, boot)]

    def teardown(self) -> None:
        """All faults end: within a bounded time the server has everything and the tracker holds nothing."""
        self.bench.transport.reachable = True
        for _ in range(60 * (self.portion // 40)):
            self.bench.pass_s(70, steps=8)
            self._collect()
            for entry in self.under_way:
                self.server.hear(*entry)
            self.under_way = []
            for key in list(self.server.stored):
                self._deliver(self.server.receipt(key, ask=False))  # the tracker must not need to be asked
            self.bench.client.step()
        assert self.bench.held() == []
        for key, count in self.taken.items():
            stored, gone = self.server.stored[key].keys(), self.server.gone[key]
            given_up = {seq for boot, seq in self.gave_up.keys if boot == key[1]}
            assert stored | given_up == set(range(count))
            if stored:  # else the next hello says it: it lies before the oldest that is held
                assert given_up - stored <= gone
            assert gone <= given_up, "what is said to be gone is gone"


class GaveUp(Witness):
    """Which samples gave way for lack of room, as (boot, seq)."""

    def __init__(self) -> None:
        self.keys: set[tuple[int, int]] = set()

    def gave_up(self, life: str, boot: int, seq: int) -> None:
        self.keys.add((boot, seq))


class SmallFlash(Faults):
    """The same with a ring of five blocks, which is soon full."""

    blocks = 5
    portion = 400


Faults.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
SmallFlash.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
TestFaults = Faults.TestCase
TestSmallFlash = SmallFlash.TestCase
