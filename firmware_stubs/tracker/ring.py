"""The ring of blocks on the flash that keeps every sample until it is given up: writing, finding again, making room.

What was sent and erased is known in memory only; after a restart some samples are sent again, which costs nothing. When
the ring is full it gets coarser (see `thinning`), and what went is reported as gone.
"""

from firmware_stubs.tracker import block, record, thinning
from firmware_stubs.tracker.block import BLOCK_BYTES, DONE, FILL_BYTES, LOST, NEW, Block, Content, Stretch
from firmware_stubs.tracker.ports import Flash, Witness

BLOCKS = 896  # of 4 KB each: what a partition of 4 MB can give, and more than 14 days take (docs/firmware.md)
MAX_RECORD = 900
ALARMS_MOST = 32
GONE_MOST = 64


def no_watchdog() -> None:
    """For who has no watchdog."""


class Ring:
    """Samples of this boot and of earlier ones. `capacity` counts blocks."""

    def __init__(
        self,
        flash: Flash,
        life: str,
        boot: int,
        capacity: int = BLOCKS,
        witness: "Witness | None" = None,
        alive=no_watchdog,
    ) -> None:
        self.life = life
        self.boot = boot
        self.next_seq = 0
        self.overwritten = 0  # samples that gave way unsent or unconfirmed
        self.unstored = 0  # samples that the flash refused; they got no number
        self.gone: "dict[tuple[str, int], list[list[int]]]" = {}
        self._witness = witness
        self._alive = alive
        self._alarms: "list[tuple[Stretch, int]]" = []
        self._flash = flash
        self._capacity = max(3, capacity)
        self._blocks: "list[Block]" = []
        self._boots: "dict[tuple[str, int], list[Stretch]]" = {}
        self._serial = 0
        self._current: "Block | None" = None
        self._cached: "tuple[str, list[block.Part]] | None" = None
        self._load()

    # -- writing ------------------------------------------------------------------------------------------------

    def append(self, packed: bytes) -> "int | None":
        """Writes a sample and returns its number; None if the flash has no room even after giving up the oldest."""
        if len(packed) > MAX_RECORD:
            self.unstored += 1
            return None
        for attempt in range(3):
            seq = self.next_seq
            frame = block.sample_frame(seq, packed)
            try:
                current = self._room(len(frame))
                self._flash.append(current.name, frame)
            except OSError:
                # What stands at the end may be torn, or whole after all: append there no more, and use its number
                # no more, or one number could come to name two different samples.
                self._current = None
                self._lose(self.life, self.boot, self.next_seq, self.next_seq)
                self.next_seq += 1
                if attempt == 1 and len(self._blocks) > 1:  # not for one passing fault
                    self._give_up_oldest()
                continue
            self.next_seq += 1
            current.size += len(frame)
            stretch = current.stretches[-1]
            stretch.add(seq)
            if self._cached is not None and self._cached[0] == current.name:
                self._cached[1][-1].numbers.append(seq)
                self._cached[1][-1].packed.append(packed)
            if record.alarming(packed):
                self._note_alarm(stretch, len(stretch.states) - 1)
            if self._witness is not None:
                self._witness.took(self.life, self.boot, seq)
            return seq
        self.unstored += 1
        return None

    def _room(self, size: int) -> Block:
        if self._current is not None and self._current.size + size <= FILL_BYTES:
            return self._current
        self._current = None
        if len(self._blocks) >= self._capacity and not self._thin():
            self._give_up_oldest()
        self._serial += 1
        current = Block(self._serial)
        frame = block.boot_frame(self.life, self.boot)
        try:
            self._flash.append(current.name, frame)
        except OSError:
            self._flash.remove(current.name)
            raise
        current.size = len(frame)
        self._enter(current, current.begin(self.life, self.boot))
        self._blocks.append(current)
        self._current = current
        return current

    def _enter(self, one: Block, stretch: Stretch) -> None:
        self._boots.setdefault((stretch.life, stretch.boot), []).append(stretch)

    def _thin(self) -> bool:
        """Makes one block out of two; False if no two are left that could be."""
        while True:
            index = thinning.pair(self._blocks, self._current)
            if index is None:
                return False
            first, second = self._blocks[index], self._blocks[index + 1]
            if self._unite(first, second):
                return True
            first.level = second.level = thinning.STUCK

    def _unite(self, first: Block, second: Block) -> bool:
        parts = thinning.joined(
            thinning.left_over(first, self._parts(first)) + thinning.left_over(second, self._parts(second))
        )
        one = Block(first.serial, first.turn + 1)
        one.last = second.last
        for level in range(max(first.level, second.level), thinning.STUCK):
            made = [thinning.thinned(part, level) for part in parts]
            data = block.composed(level, one.last, [part for part, _ in made])
            if len(data) <= BLOCK_BYTES:
                one.level, one.size = level, len(data)
                return self._replace(first, second, one, data, made)
        return False

    def _replace(
        self, first: Block, second: Block, one: Block, data: bytes, made: "list[tuple[block.Part, list[int]]]"
    ) -> bool:
        try:
            self._flash.write(one.name, data)
        except OSError:
            self._flash.remove(one.name)
            return False
        at = self._blocks.index(first)
        states = [self._states(part) for part, _ in made]
        alarms = [(stretch.life, stretch.boot, stretch.number(index)) for stretch, index in self._alarms]
        self._drop(first)
        self._drop(second)
        self._blocks.insert(at, one)
        for (part, went), known in zip(made, states):  # noqa: B905  MicroPython has no strict
            self._adopt(one, part, known)
            self.overwritten += len(went)
            for seq in went:
                self._gave_up(part.life, part.boot, seq)
        self._alarms = [found for found in [self._find(*key) for key in alarms] if found is not None]
        return True

    def _states(self, part: block.Part) -> "list[int]":
        found = []
        for seq in part.numbers:
            at = self._find(part.life, part.boot, seq)
            found.append(NEW if at is None else at[0].states[at[1]])
        return found

    def _find(self, life: str, boot: int, seq: int) -> "tuple[Stretch, int] | None":
        for stretch in self._of(life, boot):
            for index in stretch.overlap(seq, seq):
                return stretch, index
        return None

    def _adopt(self, one: Block, part: block.Part, states: "list[int]") -> None:
        stretch = one.begin(part.life, part.boot)
        for index in range(len(part.numbers)):
            stretch.add(part.numbers[index], states[index])
        # in the order of their numbers: what is wanted is looked for from the first to the last
        known = self._boots.setdefault((part.life, part.boot), [])
        at = 0
        while at < len(known) and known[at].last() < stretch.last():
            at += 1
        known.insert(at, stretch)

    def _give_up_oldest(self) -> None:
        if not self._blocks:
            return
        oldest = self._blocks[0]
        for stretch in oldest.stretches:
            for index in range(len(stretch.states)):
                if stretch.states[index] not in (DONE, LOST):
                    self.overwritten += 1
                    self._lose(stretch.life, stretch.boot, stretch.number(index), stretch.number(index))
                    self._gave_up(stretch.life, stretch.boot, stretch.number(index))
        self._drop(oldest)

    def _gave_up(self, life: str, boot: int, seq: int) -> None:
        if self._witness is not None:
            self._witness.gave_up(life, boot, seq)

    def _drop(self, one: Block) -> None:
        self._flash.remove(one.name)
        self._blocks.remove(one)
        for stretch in one.stretches:
            key = (stretch.life, stretch.boot)
            self._boots[key].remove(stretch)
            if not self._boots[key]:
                del self._boots[key]
        self._alarms = [entry for entry in self._alarms if entry[0].block is not one]
        if one is self._current:
            self._current = None

    def _lose(self, life: str, boot: int, a: int, b: int) -> None:
        known = self.gone.setdefault((life, boot), [])
        joined = thinning.merged(known, [[a, b]])
        if len(joined) <= GONE_MOST:
            self.gone[(life, boot)] = joined

    def _note_alarm(self, stretch: Stretch, index: int) -> None:
        self._alarms.append((stretch, index))
        self._alarms = self._alarms[-ALARMS_MOST:]

    # -- reading ------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """Takes up the blocks of earlier starts, and ends what a power cut left half done."""
        found = [one for one in [block.named(name) for name in self._flash.names()] if one is not None]
        for one in sorted(found, key=lambda one: (one.serial, -one.turn)):
            self._serial = max(self._serial, one.serial)
            if self._blocks and one.serial <= self._blocks[-1].last:
                self._flash.remove(one.name)  # it was made part of the one before
            else:
                self._take_up(one)

    def _take_up(self, one: Block) -> None:
        self._alive()  # a full flash takes a board many seconds
        data = self._flash.read(one.name)
        content = Content(data)
        if content.made and content.whole:
            one.level, one.last = content.level, content.last
        if (one.turn and not content.whole) or not any(part.numbers for part in content.parts):
            self._flash.remove(one.name)
            return
        one.size = len(data)
        self._serial = max(self._serial, one.last)
        self._blocks.append(one)
        for part in content.parts:
            self._take_up_part(one, part, content.made)

    def _take_up_part(self, one: Block, part: block.Part, made: bool) -> None:
        stretch = one.begin(part.life, part.boot)
        stretch.fill(part.numbers)
        self._enter(one, stretch)
        if not made and stretch.last() - part.numbers[0] >= len(part.numbers):
            self._note_holes(part)
        for index in range(len(part.packed)):
            if part.packed[index][0] & record.EVENTFUL and record.alarming(part.packed[index]):
                self._note_alarm(stretch, index)
        if self._witness is not None:
            for seq in part.numbers:
                self._witness.took(part.life, part.boot, seq)

    def _note_holes(self, part: block.Part) -> None:
        """What cannot be read any more between what can."""
        for index in range(1, len(part.numbers)):
            if part.numbers[index] > part.numbers[index - 1] + 1:
                self._lose(part.life, part.boot, part.numbers[index - 1] + 1, part.numbers[index] - 1)

    def _parts(self, one: Block) -> "list[block.Part]":
        """The samples of a block as read, in step with its stretches; the last block read stays in memory."""
        if self._cached is None or self._cached[0] != one.name:
            read = Content(self._flash.read(one.name)).parts
            if len(read) != len(one.stretches) or any(
                len(read[at].numbers) != len(one.stretches[at].states) for at in range(len(read))
            ):
                read = [self._in_step(stretch, read) for stretch in one.stretches]
            self._cached = (one.name, read)
        return self._cached[1]

    def _in_step(self, stretch: Stretch, read: "list[block.Part]") -> block.Part:
        """What was readable at the start and is not any more is lost, and said to be gone."""
        found = block.Part(stretch.life, stretch.boot)
        texts: "dict[int, bytes]" = {}
        for part in read:
            if (part.life, part.boot) == (stretch.life, stretch.boot):
                found.gone = part.gone
                for index in range(len(part.numbers)):
                    texts[part.numbers[index]] = part.packed[index]
        for index in range(len(stretch.states)):
            seq = stretch.number(index)
            if seq not in texts:
                stretch.set(index, LOST)
                self._lose(stretch.life, stretch.boot, seq, seq)
            found.numbers.append(seq)
            found.packed.append(texts.get(seq, b""))
        return found

    def _of(self, life: str, boot: int) -> "list[Stretch]":
        return self._boots.get((life, boot), [])
