"""One block of the flash: frames with a checksum each, and what is known in memory of the samples in it.

A frame is `size crc32 body`, two and four bytes before the body, whose first byte says what it is. A frame that a power
cut tore, or that cannot be read any more, fails its checksum and costs itself only: reading goes on at the next one.

| body | what follows |
|---|---|
| `B` | life (8 characters) and boot: whose samples come next |
| `S` | number and packed sample |
| `G` | numbers of that boot that were given up here: (distance from the last, how many more, how often again) |
| `M` | first thing in a block that was made of others: its level of thinning and the last of their serial numbers |
| `E` | last thing in such a block: it is whole, and the others may go |
"""

import binascii
from array import array

from firmware_stubs.tracker import varint

BLOCK_BYTES = 4064  # an erase block of NOR flash, less what a partition needs to name it
FILL_BYTES = 3660  # what is written at first: so two of them fit into one with every second sample and all events
MAX_BODY = 1024

NEW, SENT, AGAIN, DONE, LOST = 0, 1, 2, 3, 4  # AGAIN: was sent, no receipt named it

BOOT, SAMPLE, GONE, MADE, END = 66, 83, 71, 77, 69  # B S G M E


def framed(kind: int, body: bytes) -> bytes:
    size = len(body) + 1
    text = bytes((kind,)) + body
    return bytes((size >> 8, size & 255)) + binascii.crc32(text).to_bytes(4, "big") + text


def frames(data: bytes) -> "list[bytes]":
    """Every whole body in the block; what lies between them is skipped byte by byte."""
    found = []
    at, end = 0, len(data)
    while at + 7 <= end:
        body_end = at + 6 + (data[at] << 8 | data[at + 1])
        if at + 6 < body_end <= end and body_end - at <= MAX_BODY:
            body = data[at + 6 : body_end]
            if binascii.crc32(body) == int.from_bytes(data[at + 2 : at + 6], "big"):
                found.append(body)
                at = body_end
                continue
        at += 1
    return found


def boot_frame(life: str, boot: int) -> bytes:
    out = bytearray(life.encode())
    varint.put(out, boot)
    return framed(BOOT, bytes(out))


def sample_frame(seq: int, packed: bytes) -> bytes:
    out = bytearray()
    varint.put(out, seq)
    return framed(SAMPLE, bytes(out) + packed)


def gone_frames(ranges: "list[list[int]]") -> bytes:
    """As many frames as it takes; each begins counting at 0. Evenly thinned stretches take three bytes."""
    whole = b""
    out = bytearray()
    last = index = 0
    while index < len(ranges):
        a, b = ranges[index]
        step, width = a - last, b - a
        again = index + 1
        while again < len(ranges) and ranges[again][0] - b == step and ranges[again][1] - ranges[again][0] == width:
            b = ranges[again][1]
            again += 1
        varint.put(out, step)
        varint.put(out, width)
        varint.put(out, again - index - 1)
        last, index = b, again
        if len(out) > 900:
            whole += framed(GONE, bytes(out))
            out = bytearray()
            last = 0
    return whole + framed(GONE, bytes(out)) if out else whole


def read_gone(body: bytes) -> "list[list[int]]":
    found: "list[list[int]]" = []
    at = 1
    last = 0
    while at < len(body):
        step, at = varint.take(body, at)
        width, at = varint.take(body, at)
        more, at = varint.take(body, at)
        for _ in range(more + 1):
            found.append([last + step, last + step + width])
            last += step + width
    return found


class Stretch:
    """Samples of one boot in one block, by growing numbers, and the state of each."""

    def __init__(self, block: "Block", life: str, boot: int) -> None:
        self.block = block
        self.life = life
        self.boot = boot
        self.states = bytearray()
        self.open = 0  # how many are NEW or AGAIN
        self.left = 0  # how many are neither DONE nor LOST
        self._first = 0
        self._numbers: "array[int] | None" = None  # only where some are missing: four bytes each

    def add(self, seq: int, state: int = NEW) -> None:
        """Takes up the next number; it must be larger than the last."""
        count = len(self.states)
        if count == 0:
            self._first = seq
        if self._numbers is None and seq != self._first + count:
            self._numbers = array("I", [self._first + index for index in range(count)])
        if self._numbers is not None:
            self._numbers.append(seq)
        self.states.append(state)
        self.open += state in (NEW, AGAIN)
        self.left += state not in (DONE, LOST)

    def fill(self, numbers: "list[int]") -> None:
        """Takes up all numbers of a block at once, as `add` would one by one."""
        self._first = numbers[0]
        if numbers[-1] - numbers[0] + 1 != len(numbers):
            self._numbers = array("I", numbers)
        self.states = bytearray(len(numbers))
        self.open = self.left = len(numbers)

    def number(self, index: int) -> int:
        return self._first + index if self._numbers is None else self._numbers[index]

    def last(self) -> int:
        """The highest number; -1 while there is none."""
        return self.number(len(self.states) - 1) if self.states else -1

    def set(self, index: int, state: int) -> None:
        before = self.states[index]
        self.open += (state in (NEW, AGAIN)) - (before in (NEW, AGAIN))
        self.left += (state not in (DONE, LOST)) - (before not in (DONE, LOST))
        self.states[index] = state

    def overlap(self, a: int, b: int) -> range:
        """The indexes of the numbers a..b that lie here."""
        return range(self._place(a), self._place(b + 1))

    def _place(self, seq: int) -> int:
        """How many numbers are smaller."""
        if self._numbers is None:
            return min(len(self.states), max(0, seq - self._first))
        low, high = 0, len(self._numbers)
        while low < high:
            middle = (low + high) // 2
            if self._numbers[middle] < seq:
                low = middle + 1
            else:
                high = middle
        return low


class Block:
    """One file. `level`: only every 2**level-th ordinary sample is kept; `last`: it stands for all up to this one."""

    def __init__(self, serial: int, turn: int = 0) -> None:
        self.serial = serial
        self.turn = turn
        self.name = "s%08d.%d" % (serial, turn)
        self.last = serial
        self.level = 0
        self.size = 0
        self.stretches: "list[Stretch]" = []

    def begin(self, life: str, boot: int) -> Stretch:
        stretch = Stretch(self, life, boot)
        self.stretches.append(stretch)
        return stretch

    def left(self) -> int:
        return sum(stretch.left for stretch in self.stretches)


def named(name: str) -> "Block | None":
    """The block that a file of this name would be; None for another file."""
    if len(name) < 11 or name[0] != "s" or name[9] != "." or not (name[1:9] + name[10:]).isdigit():
        return None
    return Block(int(name[1:9]), int(name[10:]))


class Part:
    """What a block says of one boot."""

    def __init__(self, life: str, boot: int) -> None:
        self.life = life
        self.boot = boot
        self.numbers: "list[int]" = []
        self.packed: "list[bytes]" = []
        self.gone: "list[list[int]]" = []


class Content:
    """A block as read. `made`: it was made of others, up to this serial number; `whole`: to its end."""

    def __init__(self, data: bytes) -> None:
        self.parts: "list[Part]" = []
        self.made = False
        self.level = 0
        self.last = 0
        self.whole = False
        for body in frames(data):
            kind = body[0]
            if kind == BOOT:
                self.parts.append(Part(body[1:9].decode(), varint.take(body, 9)[0]))
            elif kind == MADE:
                self.made = True
                self.level = body[1]
                self.last = varint.take(body, 2)[0]
            elif kind == END:
                self.whole = True
            elif self.parts:
                self._take(self.parts[-1], kind, body)
        self.parts = [part for part in self.parts if part.numbers]

    def _take(self, part: Part, kind: int, body: bytes) -> None:
        if kind == GONE:
            part.gone += read_gone(body)
        elif kind == SAMPLE:
            seq, at = body[1], 2
            if seq > 127:
                seq, at = varint.take(body, 1)
            if not part.numbers or seq > part.numbers[-1]:
                part.numbers.append(seq)
                part.packed.append(body[at:])


def made_frame(level: int, last: int) -> bytes:
    out = bytearray((level,))
    varint.put(out, last)
    return framed(MADE, bytes(out))


def composed(level: int, last: int, parts: "list[Part]") -> bytes:
    """The bytes of a block that stands for others up to the serial number `last`."""
    data = [made_frame(level, last)]
    for part in parts:
        data.append(boot_frame(part.life, part.boot))
        data += [sample_frame(part.numbers[index], part.packed[index]) for index in range(len(part.numbers))]
        data.append(gone_frames(part.gone))
    data.append(framed(END, b""))
    return b"".join(data)
