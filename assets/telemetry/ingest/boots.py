"""What is known of one boot of one tracker: which numbers are stored, set aside, gone, when it began, its receipt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from assets.telemetry.messages import Receipt
from assets.telemetry.pipeline import OWN_CLOCK, RECEIPT, UP_TIME
from assets.telemetry.ranges import RANGES_IN_A_RECEIPT, Ask, Pair, RangeSet, ask_again

_asks = msgspec.json.Decoder(tuple[Ask, ...])

BOOT_COLUMNS = (
    "stored", "aside", "gone", "given_up", "asked", "beyond", "recovered", "offset_ms", "offset_by", "fixes",
    "undated", "clock_dirty", "settled_seq",
)  # fmt: skip
"""What a transaction may change, in the order of `BootState.values`."""


@dataclass(slots=True)
class BootState:
    """A row of `boot` opened up; `changed` says whether it must be written back."""

    id: int
    device_id: int
    tracker: str
    life: str
    boot: int
    stored: RangeSet = field(default_factory=RangeSet)
    aside: RangeSet = field(default_factory=RangeSet)
    gone: RangeSet = field(default_factory=RangeSet)
    given_up: RangeSet = field(default_factory=RangeSet)
    asked: tuple[Ask, ...] = ()
    beyond: int = -1
    recovered: int = 0
    offset_ms: int | None = None
    offset_by: int = RECEIPT
    fixes: bool = False
    undated: bool = False
    clock_dirty: bool = False
    settled_seq: int | None = None
    changed: bool = False

    @classmethod
    def opened(cls, tracker: str, row: tuple[Any, ...]) -> BootState:
        """The state in a row of (id, device_id, life, boot, *BOOT_COLUMNS)."""
        (
            number, device_id, life, boot, stored, aside, gone, given_up, asked, beyond, recovered, offset_ms,
            offset_by, fixes, undated, clock_dirty, settled_seq,
        ) = row  # fmt: skip
        return cls(
            number, device_id, tracker, life, boot, RangeSet.loads(stored), RangeSet.loads(aside),
            RangeSet.loads(gone), RangeSet.loads(given_up), _asks.decode(asked), beyond, recovered, offset_ms,
            RECEIPT if offset_by is None else offset_by, bool(fixes), bool(undated), bool(clock_dirty), settled_seq,
        )  # fmt: skip

    def take(self, stored: RangeSet, aside: RangeSet, *, live: bool) -> None:
        """Notes numbers that this transaction stores or sets aside."""
        if self.gone:
            back = (stored | aside) & self.gone
            self.recovered += len(back)
            self.gone -= back
        self.stored |= stored
        if aside:
            self.aside |= aside
        if not live and stored.highest > self.beyond:
            # What was set aside may bear any number; only stored ones tell how far the tracker has got.
            self.beyond = stored.highest
        self.changed = True

    def pass_by(self, seq: int) -> None:
        """Notes that a stored sample was sent again out of no hurry: the tracker has got as far as it."""
        if seq > self.beyond:
            self.beyond = seq
            self.changed = True

    def lose(self, pairs: Iterable[Pair], ceiling: int) -> None:
        """Notes numbers up to `ceiling` that the tracker cannot send any more; what is here already is not gone."""
        named = RangeSet.of((first, min(last, ceiling)) for first, last in pairs if first <= ceiling)
        lost = named - self.stored - self.aside
        if lost - self.gone:
            self.gone |= lost
            self.changed = True

    def lose_rest(self, floor: int | None) -> None:
        """Notes every hole below `floor` (None: up to the highest number seen) as gone."""
        highest = max(self.stored.highest, self.aside.highest) if floor is None else floor - 1
        self.lose([(0, highest)], highest)

    def note_dating(self, seq: int, dated: int, up_ms: int, received_ms: int) -> None:
        """Notes how a sample that is being stored was dated, and whether that may date others anew."""
        if dated == OWN_CLOCK:
            self.fixes = True
            if self.undated and (self.settled_seq is None or seq < self.settled_seq):
                self.clock_dirty = True
            return
        self.undated = True
        if self.offset_by == UP_TIME:
            return
        began_ms = received_ms - up_ms
        if self.offset_ms is None or began_ms < self.offset_ms:
            # The earliest beginning that a receipt allows; what was dated by a later one is dated anew.
            self.clock_dirty = self.clock_dirty or self.offset_ms is not None
            self.offset_ms = began_ms
        self.clock_dirty = self.clock_dirty or self.fixes

    def begin_at(self, offset_ms: int) -> None:
        """Takes a beginning that the fixes of one report tell, until all fixes have been looked at."""
        self.offset_ms, self.offset_by = offset_ms, UP_TIME
        self.clock_dirty = self.changed = True

    def receipt(self, now_s: float) -> Receipt:
        """What to tell the tracker now; remembers what it asks for."""
        stored = self.stored
        if not (self.aside or self.gone or self.given_up or self.asked) and stored.upto >= self.beyond:
            # Nothing is missing and nothing was asked for: nearly always so.
            upto = stored.upto
            return Receipt(self.tracker, self.life, self.boot, upto, stored.pairs[upto >= 0 :][:RANGES_IN_A_RECEIPT])
        held = stored | self.aside
        holes = (held | self.gone | self.given_up).missing_to(self.beyond)
        want, asked, given_up = ask_again(holes, self.asked, now_s)
        if asked != self.asked or given_up:
            self.asked = asked
            self.given_up |= given_up
            self.changed = True
        upto = (held | self.gone | self.given_up).upto
        return Receipt(
            self.tracker,
            self.life,
            self.boot,
            upto,
            held.above(upto).pairs[:RANGES_IN_A_RECEIPT],
            want.pairs[:RANGES_IN_A_RECEIPT],
        )

    def values(self) -> tuple[object, ...]:
        """The columns to write back, in the order of `BOOT_COLUMNS`."""
        return (
            self.stored.dumps(),
            self.aside.dumps(),
            self.gone.dumps(),
            self.given_up.dumps(),
            msgspec.json.encode(self.asked).decode() if self.asked else "[]",
            self.beyond,
            self.recovered,
            self.offset_ms,
            None if self.offset_ms is None else self.offset_by,
            self.fixes,
            self.undated,
            self.clock_dirty,
            self.settled_seq,
        )
