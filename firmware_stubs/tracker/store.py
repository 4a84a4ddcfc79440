"""Keeps every sample on flash until the server's receipt names it: an append-only log in segments of `PER_SEGMENT`.

Each record is one line, `crc number text`, the first of a segment its head. A line that a power cut tore, or that
cannot be read any more, fails its checksum: the numbers lost in the middle of a segment are reported as gone. What
was sent and erased is known in memory only; after a restart some samples are sent again, which costs nothing.
"""

import binascii
import json

from firmware_stubs.tracker import wire
from firmware_stubs.tracker.ports import Flash

PER_SEGMENT = 64
MAX_RECORD = 1024

NEW, SENT, AGAIN, DONE, LOST = 0, 1, 2, 3, 4  # AGAIN: was sent, no receipt named it


def _framed(text: bytes) -> bytes:
    return b"%08x %s\n" % (binascii.crc32(text), text)


def _unframed(line: bytes) -> "bytes | None":
    text = line[9:]
    return text if line[:8] == b"%08x" % binascii.crc32(text) and line[8:9] == b" " else None


class Segment:
    """One file: consecutive numbers of one boot and the state of each."""

    def __init__(self, serial: int, life: str, boot: int, first: int) -> None:
        self.name = "s%08d" % serial
        self.serial = serial
        self.life = life
        self.boot = boot
        self.first = first
        self.states = bytearray()
        self.open = 0  # how many are NEW or AGAIN

    def set(self, index: int, state: int) -> None:
        self.open += (state in (NEW, AGAIN)) - (self.states[index] in (NEW, AGAIN))
        self.states[index] = state

    def overlap(self, a: int, b: int) -> range:
        """The indexes of the numbers a..b that lie in this segment."""
        return range(max(0, a - self.first), min(len(self.states), b - self.first + 1))


class Run:
    """Consecutive records to be sent together."""

    def __init__(self, segment: Segment, index: int, texts: "list[bytes]") -> None:
        self.life = segment.life
        self.boot = segment.boot
        self.seq = segment.first + index
        self.texts = texts


class Store:
    """Samples of this boot and of earlier ones. `capacity` counts segments; the oldest gives way when it is reached."""

    def __init__(self, flash: Flash, life: str, boot: int, capacity: int = 256) -> None:
        self.life = life
        self.boot = boot
        self.next_seq = 0
        self.overwritten = 0  # samples that gave way unsent or unconfirmed
        self.unstored = 0  # samples that the flash refused; they got no number
        self.gone: "dict[tuple[str, int], list[list[int]]]" = {}
        self.alarms: "list[tuple[Segment, int]]" = []
        self._flash = flash
        self._capacity = max(2, capacity)
        self._segments: "list[Segment]" = []
        self._serial = 0
        self._current: "Segment | None" = None
        self._cached: "tuple[int, list[bytes]] | None" = None
        for name in sorted(flash.names()):
            if len(name) == 9 and name[0] == "s" and name[1:].isdigit():
                self._load(name)

    # -- writing ------------------------------------------------------------------------------------------------

    def append(self, text: bytes, alarm: bool = False) -> "int | None":
        """Writes a sample and returns its number; None if the flash has no room even after giving up the oldest."""
        if len(text) > MAX_RECORD:
            self.unstored += 1
            return None
        for attempt in range(3):
            try:
                segment = self._room()
                seq = self.next_seq
                self._flash.append(segment.name, _framed(b"%d %s" % (seq, text)))
            except OSError:
                # What stands at the end may be torn, or whole after all: append there no more, and use its number
                # no more, or one number could come to name two different samples.
                self._current = None
                self._lose(self.life, self.boot, self.next_seq, self.next_seq)
                self.next_seq += 1
                if attempt == 1 and len(self._segments) > 1:  # not for one passing fault
                    self._give_up_oldest()
                continue
            self.next_seq += 1
            segment.states.append(NEW)
            segment.open += 1
            if self._cached is not None and self._cached[0] == segment.serial:
                self._cached[1].append(text)
            if alarm:
                self._note_alarm(segment, seq - segment.first)
            return seq
        self.unstored += 1
        return None

    def _room(self) -> Segment:
        if self._current is not None and len(self._current.states) < PER_SEGMENT:
            return self._current
        if len(self._segments) >= self._capacity:
            self._give_up_oldest()
        self._serial += 1
        segment = Segment(self._serial, self.life, self.boot, self.next_seq)
        facts = json.dumps({"life": segment.life, "boot": segment.boot, "first": segment.first})
        self._flash.append(segment.name, _framed(facts.encode()))
        self._segments.append(segment)
        self._current = segment
        return segment

    def _give_up_oldest(self) -> None:
        if not self._segments:
            return
        segment = self._segments[0]
        for index, state in enumerate(segment.states):
            if state not in (DONE, LOST):
                self.overwritten += 1
                self._note_gone(segment, index)
        self._drop(segment)

    def _drop(self, segment: Segment) -> None:
        self._flash.remove(segment.name)
        self._segments.remove(segment)
        self.alarms = [entry for entry in self.alarms if entry[0] is not segment]
        if segment is self._current:
            self._current = None

    def _note_gone(self, segment: Segment, index: int) -> None:
        known = self.gone.setdefault((segment.life, segment.boot), [])
        seq = segment.first + index
        if known and known[-1][1] == seq - 1:
            known[-1][1] = seq
        elif not any(a <= seq <= b for a, b in known):
            known.append([seq, seq])

    # -- reading ------------------------------------------------------------------------------------------------

    def _load(self, name: str) -> None:
        """Takes up a segment of an earlier start; one without a readable head holds nothing that could be named."""
        serial = int(name[1:])
        self._serial = max(self._serial, serial)
        lines = self._flash.read(name).split(b"\n")[:-1]
        text = _unframed(lines[0]) if lines else None
        if text is None:
            self._flash.remove(name)
            return
        facts = json.loads(text)
        segment = Segment(serial, facts["life"], facts["boot"], facts["first"])
        for line in lines[1:]:
            index = self._number(line) - segment.first
            if not len(segment.states) <= index < PER_SEGMENT:
                continue
            while len(segment.states) < index:
                segment.states.append(LOST)
                self._note_gone(segment, len(segment.states) - 1)
            segment.states.append(NEW)
            segment.open += 1
            if any(b'"%s"' % word.encode() in line for word in wire.ALARMS):
                self._note_alarm(segment, index)
        if segment.open:
            self._segments.append(segment)
        else:
            self._flash.remove(name)

    def _note_alarm(self, segment: Segment, index: int) -> None:
        self.alarms.append((segment, index))
        self.alarms = self.alarms[-32:]

    def _number(self, line: bytes) -> int:
        text = _unframed(line)
        return -1 if text is None else int(text[: text.find(b" ")])

    def _texts(self, segment: Segment) -> "list[bytes]":
        if self._cached is None or self._cached[0] != segment.serial:
            texts = [b""] * len(segment.states)
            for line in self._flash.read(segment.name).split(b"\n")[1:-1]:
                index = self._number(line) - segment.first
                if 0 <= index < len(texts):
                    texts[index] = line[9:].partition(b" ")[2]
            self._cached = (segment.serial, texts)
        return self._cached[1]

    def oldest(self) -> "tuple[int, int] | None":
        """(boot, seq) of the first sample of this life that no receipt has named yet; None if there is none."""
        for segment in self._segments:
            if segment.life == self.life:
                for index, state in enumerate(segment.states):
                    if state not in (DONE, LOST):
                        return (segment.boot, segment.first + index)
        return None

    def newest(self) -> "tuple[int, int] | None":
        for segment in reversed(self._segments):
            if segment.life == self.life:
                for index in range(len(segment.states) - 1, -1, -1):
                    if segment.states[index] not in (DONE, LOST):
                        return (segment.boot, segment.first + index)
        return None

    def waiting(self) -> int:
        """How many samples are to be sent (for the first time, or again)."""
        return sum(segment.open for segment in self._segments)

    def next_run(self, most_bytes: int, most: int) -> "Run | None":
        """The oldest samples to be sent, as many in a row as fit."""
        for segment in self._segments:
            if segment.open:
                index = 0
                while segment.states[index] not in (NEW, AGAIN):
                    index += 1
                texts = self._texts(segment)
                end, size = index, 0
                while end < min(len(texts), index + most) and segment.states[end] in (NEW, AGAIN):
                    size += len(texts[end]) + 1
                    if size > most_bytes and end > index:
                        break
                    end += 1
                return Run(segment, index, texts[index:end])
        return None

    def newest_alone(self) -> "Run | None":
        """The newest sample of all, if it is still to be sent."""
        segment = self._current
        if segment is None or not segment.states or segment.states[-1] not in (NEW, AGAIN):
            return None
        return Run(segment, len(segment.states) - 1, self._texts(segment)[-1:])

    def next_alarm(self) -> "Run | None":
        """The oldest alarm that was never sent."""
        while self.alarms:
            segment, index = self.alarms[0]
            if segment.states[index] == NEW:
                return Run(segment, index, [self._texts(segment)[index]])
            self.alarms.pop(0)
        return None

    # -- what happened to them ----------------------------------------------------------------------------------

    def mark_sent(self, life: str, boot: int, seq: int, count: int) -> None:
        for segment in self._of(life, boot):
            for index in segment.overlap(seq, seq + count - 1):
                if segment.states[index] in (NEW, AGAIN):
                    segment.set(index, SENT)

    def again(self, life: str, boot: int, a: int, b: int) -> None:
        """Sent without a receipt: to be sent again."""
        for segment in self._of(life, boot):
            for index in segment.overlap(a, b):
                if segment.states[index] == SENT:
                    segment.set(index, AGAIN)

    def again_all(self) -> None:
        for segment in self._segments:
            for index, state in enumerate(segment.states):
                if state == SENT:
                    segment.set(index, AGAIN)

    def awaits(self, life: str, boot: int, a: int, b: int) -> bool:
        """True while one of these is sent and not yet named by a receipt."""
        for segment in self._of(life, boot):
            for index in segment.overlap(a, b):
                if segment.states[index] == SENT:
                    return True
        return False

    def erase(self, life: str, boot: int, upto: int, got: "list[tuple[int, int]]") -> None:
        """Gives up the samples that a receipt names, but only those that were sent; whole segments leave the flash."""
        for segment in self._of(life, boot):
            for a, b in [(0, upto)] + got:  # noqa: RUF005  MicroPython has no [*a, b]
                for index in segment.overlap(a, b):
                    if segment.states[index] in (SENT, AGAIN):
                        segment.set(index, DONE)
            full = len(segment.states) >= PER_SEGMENT or segment is not self._current
            if full and all(state in (DONE, LOST) for state in segment.states):
                self._drop(segment)
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
        last = held[-1].first + len(held[-1].states) - 1
        expected = a
        for segment in held:
            for index in segment.overlap(a, b):
                seq = segment.first + index
                if seq > expected:
                    self._lose(life, boot, expected, seq - 1)
                if segment.states[index] in (SENT, DONE):
                    segment.set(index, AGAIN)
                expected = seq + 1
        if expected <= min(b, last):
            self._lose(life, boot, expected, min(b, last))
        return True

    def _lose(self, life: str, boot: int, a: int, b: int) -> None:
        known = self.gone.setdefault((life, boot), [])
        if len(known) < 64 and not any(x <= a and b <= y for x, y in known):
            known.append([a, b])

    def carrier(self, life: str, boot: int) -> None:
        """Makes one held sample of this boot go out again, to carry `gone`."""
        for segment in self._of(life, boot):
            for index in range(len(segment.states)):
                if segment.states[index] in (SENT, DONE):
                    segment.set(index, AGAIN)
                    return

    def _of(self, life: str, boot: int) -> "list[Segment]":
        return [segment for segment in self._segments if segment.boot == boot and segment.life == life]
