"""Which unit answers for an asset and which had it: a fold of sendings and receipts by event time. Pure.

Two who hear the same end the same, whichever they heard first: a step says itself when it was heard. The sender
answers until the addressee has received.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

SEND, RECEIVE, CANCEL, SETTLE, ASSIGN = "send", "receive", "cancel", "settle", "assign"
# How a receipt found the item. What is missing or another thing has not been received: the sender answers on.
GOOD, DAMAGED, MISSING, WRONG_ITEM = "good", "damaged", "missing", "wrong_item"
NOT_RECEIVED = frozenset({MISSING, WRONG_ITEM})
WITH_SENDER, WITH_ADDRESSEE = "with_sender", "with_addressee"
# Two phones, and a sending that is entered after the car has left: so much earlier a receipt may be than its sending.
EARLY_RECEIPT = timedelta(hours=24)
# What is told longer than this after it happened does not undo a transfer that both sides have told meanwhile.
LATE_WORD = timedelta(hours=72)
# The `outcome` of a sending that contradicted what was known when it was told: a receipt alone makes it count.
IN_DOUBT = "in_doubt"

IN_TRANSIT, QUESTION, RECEIVED = "in_transit", "question", "received"
CANCELLED, SETTLED_BACK, SETTLED_THERE = "cancelled", "settled_back", "settled_there"
UNCLEAR, UNSENT = "unclear", "unsent"
STATES = (
    IN_TRANSIT, QUESTION, RECEIVED, CANCELLED, SETTLED_BACK, SETTLED_THERE, UNCLEAR, UNSENT,
)  # fmt: skip
# What a passage can only be that was on its way at some time: its two units have had to do with the item.
ONCE_OPEN = frozenset({IN_TRANSIT, QUESTION, RECEIVED, SETTLED_BACK, SETTLED_THERE})
ARRIVED = frozenset({RECEIVED, SETTLED_THERE})
UNEXPLAINED = frozenset({UNCLEAR, UNSENT})


@dataclass(frozen=True)
class Step:
    """One thing that happened at event time `at` (ties by `n`; what ends another comes after it; then by `id`).

    `send`: from `from_unit` to `unit`, with `until` as a loan. `receive`: at `unit`, found as `outcome` says. `cancel`
    and `settle` name the sending in `target`; a settling's `outcome` says with whom the item is. `assign`: a
    correction of the register, to `unit`. `heard`: when it was told, None where that makes no difference.
    """

    id: str
    kind: str
    at: datetime
    n: int = 0
    unit: int | None = None
    from_unit: int | None = None
    until: datetime | None = None
    target: str | None = None
    outcome: str = ""
    heard: datetime | None = None

    @property
    def order(self) -> tuple[datetime, int, bool, str]:
        return (self.at, self.n, self.target is not None, self.id)


@dataclass(frozen=True)
class Stretch:
    """A half-open stretch in which one unit answered for the asset; the first has no beginning (`since` None)."""

    unit: int
    since: datetime | None
    ended: datetime | None = None


@dataclass(frozen=True)
class Passage:
    """One sending and what became of it, or a receipt whose sending was not heard of (`unsent`).

    `id` is its first event's. `unclear`: it contradicts the rest, so that it moved nothing and somebody must look.
    `outcome` is what the last receipt found, `closed_by` the event that ended it.
    """

    id: str
    state: str
    from_unit: int | None
    to_unit: int
    sent_at: datetime | None
    until: datetime | None = None
    receipt: str | None = None
    received_at: datetime | None = None
    outcome: str = ""
    closed_by: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state in {IN_TRANSIT, QUESTION}

    @property
    def begun_at(self) -> datetime:
        """When the first was heard to have happened of it."""
        return _known_at(self.sent_at or self.received_at)


@dataclass(frozen=True)
class Whereabouts:
    """What the fold says: the owner, who answers, until when it is lent, what is on its way, and what is unclear.

    `loan` is the passage by which the borrower has it.
    """

    owner: int
    unit: int
    until: datetime | None
    open: Passage | None
    loan: str | None
    passages: tuple[Passage, ...]
    chain: tuple[Stretch, ...]

    @property
    def lent_to(self) -> int | None:
        """The unit that has it on loan."""
        return None if self.unit == self.owner else self.unit

    @property
    def needs_an_answer(self) -> bool:
        """Whether something did not come, contradicts the rest, or came without a sending."""
        return any(passage.state in {QUESTION, UNCLEAR, UNSENT} for passage in self.passages)

    def unit_at(self, moment: datetime) -> int:
        """Which unit answered at that moment."""
        for stretch in reversed(self.chain):
            if stretch.since is None or stretch.since <= moment:
                return stretch.unit
        raise AssertionError("the first stretch has no beginning")


@dataclass
class _Fold:
    owner: int
    unit: int
    until: datetime | None = None
    passages: dict[str, Passage] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    same_as: dict[str, str] = field(default_factory=dict)
    chain: list[Stretch] = field(default_factory=list)
    settled_at: datetime | None = None
    came_by: str | None = None
    doubtful: list[str] = field(default_factory=list)
    heard: dict[str, datetime | None] = field(default_factory=dict)

    def send(self, step: Step) -> None:
        passage = Passage(step.id, IN_TRANSIT, step.from_unit, _known(step.unit), step.at, step.until)
        self.heard[step.id] = step.heard
        if step.from_unit != self.unit or step.unit == self.unit or self._is_of_another(step):
            passage = replace(passage, state=UNCLEAR)
        elif step.outcome == IN_DOUBT or self._was_known_elsewhere(step):
            passage = replace(passage, state=UNCLEAR)
            self.doubtful.append(step.id)
        elif self.open:
            before = self.passages[self.open[-1]]
            if before.to_unit == passage.to_unit:
                # The same, entered twice: it begins nothing, and the later word on the loan holds.
                self.passages[before.id] = replace(before, until=step.until)
                self.same_as[step.id] = before.id
                return
            self.passages[before.id] = replace(before, state=UNCLEAR)
        self.passages[step.id] = passage
        if passage.is_open:
            self.open.append(step.id)
        if passage.is_open or step.id in self.doubtful:
            self._join_waiting(passage)

    def _is_of_another(self, step: Step) -> bool:
        """Whether a borrower sends it elsewhere than back."""
        return self.unit != self.owner and step.unit != self.owner

    def _was_known_elsewhere(self, step: Step) -> bool:
        """Whether it was known to be on its way to another unit when this sending was told."""
        if not self.open or self.passages[self.open[-1]].to_unit == step.unit:
            return False
        heard = self.heard.get(self.open[-1])
        return heard is not None and step.heard is not None and heard < step.heard

    def _join_waiting(self, passage: Passage) -> None:
        """A receipt at the addressee's shortly before: the sending was entered late, or by another clock."""
        at = _known_at(passage.sent_at)
        for waiting in reversed(list(self.passages.values())):
            heard = waiting.received_at
            if waiting.state != UNSENT or waiting.to_unit != passage.to_unit or heard is None:
                continue
            is_of_before = self.settled_at is not None and heard < self.settled_at
            if at - heard <= EARLY_RECEIPT and not is_of_before:
                del self.passages[waiting.id]
                self._arrive(passage, waiting.receipt, heard, waiting.outcome, at)
                return

    def receive(self, step: Step) -> None:
        unit = _known(step.unit)
        for sent in [*reversed(self.open), *reversed(self.doubtful)]:
            if self.passages[sent].to_unit == unit:
                self._arrive(self.passages[sent], step.id, step.at, step.outcome, step.at)
                return
        if unit != self.unit:  # else: taken in by two of the same unit, which says nothing new
            self.passages[step.id] = Passage(
                step.id, UNSENT, None, unit, None, receipt=step.id, received_at=step.at, outcome=step.outcome
            )

    def _arrive(
        self, passage: Passage, receipt: str | None, received_at: datetime, outcome: str, moved_at: datetime
    ) -> None:
        told = replace(passage, receipt=receipt, received_at=received_at, outcome=outcome)
        if outcome in NOT_RECEIVED:
            # Of several that it was sent to at once, only the latest counts as on its way.
            is_latest = self.open[-1:] == [passage.id]
            self.passages[passage.id] = replace(told, state=QUESTION if is_latest else UNCLEAR)
            return
        self._close(replace(told, state=RECEIVED, closed_by=receipt))
        self._move(passage.to_unit, moved_at, passage.until, passage.id)

    def end(self, step: Step) -> None:
        """A cancelling or settling: nothing where it was received before, or never was."""
        target = step.target or ""
        passage = self.passages.get(self.same_as.get(target, target))
        if passage is None:
            return
        if passage.state == UNSENT:
            self.passages[passage.id] = replace(passage, state=CANCELLED, closed_by=step.id)
        elif passage.is_open or passage.id in self.open:
            there = step.outcome == WITH_ADDRESSEE
            state = CANCELLED if step.kind == CANCEL else SETTLED_THERE if there else SETTLED_BACK
            self._close(replace(passage, state=state, closed_by=step.id))
            self.settled_at = step.at
            if there:
                self._move(passage.to_unit, step.at, passage.until, passage.id)
        elif passage.state == UNCLEAR:
            self.passages[passage.id] = replace(passage, state=CANCELLED, closed_by=step.id)
            self.doubtful = [sent for sent in self.doubtful if sent != passage.id]

    def assign(self, step: Step) -> None:
        """A correction of the register is the last word: what was on its way then is unclear."""
        for sent in self.open:
            self.passages[sent] = replace(self.passages[sent], state=UNCLEAR)
        self.open.clear()
        self.owner = _known(step.unit)
        self._move(self.owner, step.at, None, None)

    def _close(self, passage: Passage) -> None:
        self.passages[passage.id] = passage
        self.open = [sent for sent in self.open if sent != passage.id]
        if passage.state in {RECEIVED, SETTLED_THERE}:
            # Whatever else was sent of it elsewhere cannot have gone there.
            for sent in self.open:
                self.passages[sent] = replace(self.passages[sent], state=UNCLEAR)
            self.open.clear()
        elif self.open:
            other = self.passages[self.open[-1]]
            self.passages[other.id] = replace(other, state=QUESTION if other.receipt else IN_TRANSIT)

    def _move(self, unit: int, at: datetime, until: datetime | None, came_by: str | None) -> None:
        was_lent = self.unit != self.owner
        if until is None and not was_lent:
            self.owner = unit
        self.until = (until or self.until) if unit != self.owner else None
        self.settled_at, self.came_by = at, came_by
        self.doubtful.clear()
        if unit == self.unit:
            return
        if self.chain:
            self.chain[-1] = replace(self.chain[-1], ended=at)
        self.chain.append(Stretch(unit, at))
        self.unit = unit


def whereabouts(steps: Iterable[Step], first_unit: int) -> Whereabouts:
    """Where the asset is after all steps, and every passage and stretch there was; it began with `first_unit`.

    It depends on the steps alone, never on the order in which they are given or on how often. A sending moves only what
    its sender has; a receipt moves only what was sent there; what is told late (`LATE_WORD`) undoes no transfer that
    had been told by both sides; the rest is kept as unclear, until it is cancelled or the register is corrected.
    """
    known, set_aside = _set_aside(steps, first_unit)
    return _folded([step for step in known if step.id not in set_aside], first_unit, set_aside.values())


def whereabouts_before(steps: Iterable[Step], first_unit: int, at: datetime, n: int) -> Whereabouts:
    """The same, as it was when something else happened at `at` with the phone's counter `n`."""
    known, set_aside = _set_aside(steps, first_unit)
    before = [step for step in known if (step.at, step.n) <= (at, n)]
    counted = [step for step in before if step.id not in set_aside]
    return _folded(counted, first_unit, [step for step in before if step.id in set_aside])


def _set_aside(steps: Iterable[Step], first_unit: int) -> tuple[list[Step], dict[str, Step]]:
    """The steps, each once; and by id those that were told late and would undo what had arrived by then."""
    known = list({step.id: step for step in steps}.values())
    found: dict[str, Step] = {}
    if not any(_is_late(step) for step in known):
        return known, found
    counted: list[Step] = []
    for step in sorted(known, key=lambda step: (step.heard or step.at, step.order)):
        if _is_late(step) and any(other.order > step.order for other in counted):
            before, after = (_arrivals(_folded(some, first_unit)) for some in (counted, [*counted, step]))
            if not before <= after:
                found[step.id] = step
                continue
        counted.append(step)
    return known, found


def _is_late(step: Step) -> bool:
    return step.kind in {SEND, RECEIVE} and step.heard is not None and step.heard - step.at > LATE_WORD


def _arrivals(where: Whereabouts) -> set[tuple[str, int | None, int, datetime | None]]:
    return {
        (passage.id, passage.from_unit, passage.to_unit, passage.until)
        for passage in where.passages
        if passage.state in ARRIVED
    }


def _folded(steps: Iterable[Step], first_unit: int, set_aside: Iterable[Step] = ()) -> Whereabouts:
    fold = _Fold(first_unit, first_unit, chain=[Stretch(first_unit, None)])
    acts = {SEND: fold.send, RECEIVE: fold.receive, CANCEL: fold.end, SETTLE: fold.end, ASSIGN: fold.assign}
    ended: dict[str, str] = {}
    for step in sorted(steps, key=lambda step: step.order):
        acts[step.kind](step)
        if step.target is not None:
            ended.setdefault(step.target, step.id)
    for step in set_aside:
        fold.passages[step.id] = _unclear(step, ended.get(step.id))
    open_now = fold.passages[fold.open[-1]] if fold.open else None
    passages = sorted(fold.passages.values(), key=lambda passage: (passage.begun_at, passage.id))
    loan = fold.came_by if fold.unit != fold.owner else None
    return Whereabouts(fold.owner, fold.unit, fold.until, open_now, loan, tuple(passages), tuple(fold.chain))


def _unclear(step: Step, ended_by: str | None) -> Passage:
    """What is told of a step that does not count."""
    state, to_unit = UNCLEAR if ended_by is None else CANCELLED, _known(step.unit)
    if step.kind == SEND:
        return Passage(step.id, state, step.from_unit, to_unit, step.at, step.until, closed_by=ended_by)
    return Passage(
        step.id, state, None, to_unit, None, receipt=step.id, received_at=step.at, outcome=step.outcome,
        closed_by=ended_by,
    )  # fmt: skip


def _known(unit: int | None) -> int:
    if unit is None:
        raise ValueError("a step without its unit")
    return unit


def _known_at(at: datetime | None) -> datetime:
    if at is None:
        raise ValueError("a passage without its time")
    return at
