"""The ESP32's partition as flash of the tracker: what a start finds again after the power failed at some bytes."""

from firmware_stubs.board_esp32_sim7600.partition import BLOCK, PartitionFlash
from firmware_stubs.tracker.state import State
from firmware_stubs.tracker.store import Store
from tests.firmware.scenarios.bench import PlainBoard
from tests.firmware.scenarios.power_cut import packed


class Cut(Exception):
    """The power fails."""


class Nor:
    """NOR flash: erasing sets bits, writing can only clear them; the power may fail after `budget` bytes."""

    def __init__(self, blocks: int, image: "bytearray | None" = None) -> None:
        self.image = bytearray(b"\xff" * blocks * BLOCK) if image is None else image
        self.blocks = blocks
        self.budget: "int | None" = None
        self.erased = [0] * blocks
        self.written = 0

    def ioctl(self, what: int, argument: int) -> int:
        if what == 6:
            self.erased[argument] += 1
            self.image[argument * BLOCK : (argument + 1) * BLOCK] = b"\xff" * BLOCK
        return self.blocks if what == 4 else 0

    def readblocks(self, number: int, data: bytearray, offset: int) -> None:
        start = number * BLOCK + offset
        data[:] = self.image[start : start + len(data)]

    def writeblocks(self, number: int, data: bytes, offset: int) -> None:
        assert offset + len(data) <= BLOCK
        start = number * BLOCK + offset
        for index, byte in enumerate(data):
            if self.budget is not None and self.written >= self.budget:
                raise Cut
            self.written += 1
            before = self.image[start + index]
            assert before & byte == byte or byte == 0, "a bit cannot be set without erasing"
            self.image[start + index] = before & byte


def taken(nor: Nor, count: int, done: "list[tuple[int, int]]") -> None:
    """One start, and so many samples; `done` are those that were promised."""
    flash = PartitionFlash(nor)
    state = State(flash, PlainBoard())
    state.start()
    store = Store(flash, state.life, state.boot, 8)
    for seq in range(count):
        assert store.append(packed(state.boot, seq)) == seq
        done.append((state.boot, seq))


def run(say) -> None:
    for budget in range(300, 12000, 977):
        nor = Nor(12)
        nor.budget = budget
        done: "list[tuple[int, int]]" = []
        try:
            for _ in range(4):
                taken(nor, 60, done)
        except Cut:
            pass
        nor.budget = None
        flash = PartitionFlash(nor)
        state = State(flash, PlainBoard(9))
        state.start()
        held = [(boot, seq) for _, boot, seq in Store(flash, state.life, state.boot, 8).held()]
        assert all(key in held for key in done)
        say("bytes %d: promised %d, held %d, boot %d" % (budget, len(done), len(held), state.boot))
