"""Sends the ring's samples in turn and gives them up only for what the server's receipts name."""

from firmware_stubs.tracker import record
from firmware_stubs.tracker.block import AGAIN, BLOCK_BYTES, DONE, LOST, NEW, SENT, Block, Stretch
from firmware_stubs.tracker.ports import Flash, Witness
from firmware_stubs.tracker.ring import BLOCKS, Ring, no_watchdog


def _nothing(packed: bytes) -> bool:
    return False


class Run:
    """Samples with numbers in a row, to be sent together; `gone`: numbers next to them that were given up."""

    def __init__(self, stretch: Stretch, index: int, texts: "list[bytes]", gone: "list[list[int]]") -> None:
        self.life = stretch.life
        self.boot = stretch.boot
        self.seq = stretch.number(index)
        self.texts = texts
        end = self.seq + len(texts)
        self.gone = [pair for pair in gone if pair[1] == self.seq - 1 or pair[0] == end]


class Store(Ring):
    """Samples of this boot and of earlier ones, and what has happened to each."""

    def __init__(
        self,
        flash: Flash,
        life: str,
        boot: int,
        capacity: int = BLOCKS,
        witness: "Witness | None" = None,
        alive=no_watchdog,
    ) -> None:
        self.hidden = _nothing  # says of a packed sample whether its place must not leave the tracker
        Ring.__init__(self, flash, life, boot, capacity, witness, alive)

    def oldest(self) -> "tuple[int, int] | None":
        """(boot, seq) of the first sample of this life that no receipt has named yet; None if there is none."""
        for one in self._blocks:
            for stretch in one.stretches:
                if stretch.life == self.life and stretch.left:
                    for index in range(len(stretch.states)):
                        if stretch.states[index] not in (DONE, LOST):
                            return (stretch.boot, stretch.number(index))
        return None

    def newest(self) -> "tuple[int, int] | None":
        for at in range(len(self._blocks) - 1, -1, -1):
            for stretch in reversed(self._blocks[at].stretches):
                if stretch.life == self.life and stretch.left:
                    for index in range(len(stretch.states) - 1, -1, -1):
                        if stretch.states[index] not in (DONE, LOST):
                            return (stretch.boot, stretch.number(index))
        return None

    def waiting(self) -> int:
        """How many samples are to be sent (for the first time, or again)."""
        return sum(stretch.open for one in self._blocks for stretch in one.stretches)

    def held(self) -> "list[tuple[str, int, int]]":
        """(life, boot, seq) of every sample that was not given up."""
        return [
            (stretch.life, stretch.boot, stretch.number(index))
            for one in self._blocks
            for stretch in one.stretches
            for index in range(len(stretch.states))
            if stretch.states[index] not in (DONE, LOST)
        ]

    # -- sending ------------------------------------------------------------------------------------------------

    def next_run(self, most_bytes: int, most: int) -> "Run | None":
        """The oldest samples to be sent, as many in a row as fit."""
        for one in list(self._blocks):
            for at in range(len(one.stretches)):
                stretch = one.stretches[at]
                if not stretch.open:
                    continue
                self._parts(one)  # what cannot be read any more is not open any more
                for index in range(len(stretch.states)):
                    if stretch.states[index] in (NEW, AGAIN):
                        return self._run(one, at, index, most_bytes, most)
        return None

    def _run(self, one: Block, at: int, index: int, most_bytes: int, most: int) -> "Run | None":
        part = self._parts(one)[at]
        stretch = one.stretches[at]
        texts: "list[bytes]" = []
        size, end = 0, index
        first = stretch.number(index)
        while end < len(stretch.states) and len(texts) < most and stretch.states[end] in (NEW, AGAIN):
            if stretch.number(end) != first + len(texts):
                break
            packed = part.packed[end]
            text = record.text(packed, self.hidden(packed))
            size += len(text) + 1
            if size > most_bytes and texts:
                break
            texts.append(text)
            end += 1
        return Run(stretch, index, texts, part.gone) if texts else None

    def newest_alone(self) -> "Run | None":
        """The newest sample of all, if it is still to be sent."""
        one = self._current
        if one is None or not one.stretches[-1].states or one.stretches[-1].states[-1] not in (NEW, AGAIN):
            return None
        at = len(one.stretches) - 1
        return self._run(one, at, len(one.stretches[at].states) - 1, BLOCK_BYTES, 1)

    def next_alarm(self) -> "Run | None":
        """The oldest alarm that was never sent."""
        while self._alarms:
            stretch, index = self._alarms[0]
            if stretch.states[index] == NEW:
                run = self._run(stretch.block, stretch.block.stretches.index(stretch), index, BLOCK_BYTES, 1)
                if run is not None:
                    return run
            self._alarms.pop(0)
        return None

    # -- what happened to them ----------------------------------------------------------------------------------

    def mark_sent(self, life: str, boot: int, seq: int, count: int) -> None:
        for stretch in self._of(life, boot):
            for index in stretch.overlap(seq, seq + count - 1):
                if stretch.states[index] in (NEW, AGAIN):
                    stretch.set(index, SENT)

    def again(self, life: str, boot: int, a: int, b: int) -> None:
        """Sent without a receipt: to be sent again."""
        for stretch in self._of(life, boot):
            for index in stretch.overlap(a, b):
                if stretch.states[index] == SENT:
                    stretch.set(index, AGAIN)

    def again_all(self) -> None:
        for one in self._blocks:
            for stretch in one.stretches:
                if stretch.left > stretch.open:
                    for index in range(len(stretch.states)):
                        if stretch.states[index] == SENT:
                            stretch.set(index, AGAIN)

    def awaits(self, life: str, boot: int, a: int, b: int) -> bool:
        """True while one of these is sent and not yet named by a receipt."""
        for stretch in self._of(life, boot):
            for index in stretch.overlap(a, b):
                if stretch.states[index] == SENT:
                    return True
        return False

    def erase(self, life: str, boot: int, upto: int, got: "list[tuple[int, int]]") -> None:
        """Gives up the samples that a receipt names, but only those that were sent; whole blocks leave the flash."""
        for stretch in list(self._of(life, boot)):
            for a, b in [(0, upto)] + got:  # noqa: RUF005  MicroPython has no [*a, b]
                for index in stretch.overlap(a, b):
                    if stretch.states[index] in (SENT, AGAIN):
                        stretch.set(index, DONE)
                        if self._witness is not None:
                            self._witness.erased(life, boot, stretch.number(index))
            if stretch.block is not self._current and stretch.block.left() == 0:
                self._drop(stretch.block)
        lost = self.gone.get((life, boot))
        if lost is not None:
            lost = [pair for pair in lost if pair[1] > upto]
            if lost:
                self.gone[(life, boot)] = lost
            else:
                del self.gone[(life, boot)]

    def wanted(self, life: str, boot: int, a: int, b: int) -> bool:
        """The server asks for these: what is held is sent again, the rest is noted as gone. False: nothing is held."""
        held = self._of(life, boot)
        if not held:
            return False
        expected = a
        for stretch in held:
            for index in stretch.overlap(a, b):
                seq = stretch.number(index)
                if seq > expected:
                    self._lose(life, boot, expected, seq - 1)
                if stretch.states[index] in (SENT, DONE):
                    stretch.set(index, AGAIN)
                expected = seq + 1
        last = min(b, held[-1].last())
        if expected <= last:
            self._lose(life, boot, expected, last)
        return True

    def carrier(self, life: str, boot: int) -> None:
        """Makes one held sample of this boot go out again, to carry `gone`."""
        for stretch in self._of(life, boot):
            for index in range(len(stretch.states)):
                if stretch.states[index] in (SENT, DONE):
                    stretch.set(index, AGAIN)
                    return
