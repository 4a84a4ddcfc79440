"""A few small files on a raw flash partition: one file in one erase block, written only where it is still erased.

A block holds `magic length turn name` and then the file. The magic is written last, so that a block exists whole or not
at all; to remove one its magic is cleared, which flash can do without erasing. Blocks are taken in turn, so all wear
alike. Bytes 0xFF at a file's end cannot be told from erased ones: what is appended must not end in one (no frame of
`tracker.block` does), what is written at once has its length in the head.
"""

from firmware_stubs.tracker.ports import Flash

BLOCK = 4096
HEAD = 32
MAGIC = b"IMT1"
NAME_MOST = 16
OPEN_END = 0xFFFF


class PartitionFlash(Flash):
    """`device`: a block device of MicroPython with offsets, as `esp32.Partition`."""

    def __init__(self, device) -> None:
        self._device = device
        self._count: int = device.ioctl(4, 0)
        self._files: "dict[str, list[int]]" = {}  # name: block, length so far, turn
        self._last = 0
        self._turn = 0
        for number in range(self._count):
            self._find(number)

    def _find(self, number: int) -> None:
        head = self._read(number, 0, HEAD)
        if head[:4] != MAGIC:
            return
        length, turn = head[4] << 8 | head[5], int.from_bytes(head[6:10], "big")
        name = bytes(head[10 : 10 + NAME_MOST]).rstrip(b"\xff").decode()
        if turn > self._turn:
            self._turn, self._last = turn, number
        if length == OPEN_END:
            length = len(self._read(number, HEAD, BLOCK - HEAD).rstrip(b"\xff"))
        known = self._files.get(name)
        if known is not None and known[2] > turn:
            self._clear(number)
            return
        if known is not None:
            self._clear(known[0])
        self._files[name] = [number, length, turn]

    def names(self) -> "list[str]":
        return list(self._files)

    def read(self, name: str) -> bytes:
        known = self._files.get(name)
        return b"" if known is None else self._read(known[0], HEAD, known[1])

    def append(self, name: str, data: bytes) -> None:
        known = self._files.get(name)
        if known is None:
            known = self._begin(name, OPEN_END)
            self._finish(name, known)
        if known[1] + len(data) > BLOCK - HEAD:
            raise OSError(28, "no space in the block")
        self._write(known[0], HEAD + known[1], data)
        known[1] += len(data)

    def write(self, name: str, data: bytes) -> None:
        if len(data) > BLOCK - HEAD:
            raise OSError(28, "no space in the block")
        old = self._files.get(name)
        known = self._begin(name, len(data))
        self._write(known[0], HEAD, data)
        known[1] = len(data)
        self._finish(name, known)
        if old is not None:
            self._clear(old[0])

    def remove(self, name: str) -> None:
        known = self._files.pop(name, None)
        if known is not None:
            self._clear(known[0])

    # -- blocks -------------------------------------------------------------------------------------------------

    def _begin(self, name: str, length: int) -> "list[int]":
        """Takes the next free block and writes its head but for the magic."""
        used = {known[0] for known in self._files.values()}
        for step in range(1, self._count + 1):
            number = (self._last + step) % self._count
            if number not in used:
                break
        else:
            raise OSError(28, "no free block")
        self._last = number
        self._turn += 1
        self._device.ioctl(6, number)
        head = bytes((length >> 8, length & 255)) + self._turn.to_bytes(4, "big") + name.encode()
        self._write(number, 4, head)
        return [number, 0, self._turn]

    def _finish(self, name: str, known: "list[int]") -> None:
        self._write(known[0], 0, MAGIC)
        self._files[name] = known

    def _clear(self, number: int) -> None:
        self._write(number, 0, b"\x00\x00\x00\x00")

    def _read(self, number: int, offset: int, size: int) -> bytes:
        data = bytearray(size)
        self._device.readblocks(number, data, offset)
        return bytes(data)

    def _write(self, number: int, offset: int, data: bytes) -> None:
        self._device.writeblocks(number, data, offset)
