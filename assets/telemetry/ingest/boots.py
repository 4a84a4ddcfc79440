"""What is known of one boot of one tracker: which numbers are stored, set aside, gone, and what its receipt says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from assets.telemetry.messages import Reading, Receipt
from assets.telemetry.ranges import RANGES_IN_A_RECEIPT, Ask, Pair, RangeSet, ask_again

_asks = msgspec.json.Decoder(tuple[Ask, ...])


@dataclass(slots=True)
class BootState:
    """A row of `boot` opened up for one transaction; `changed` says whether it must be written back."""

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
    offset_seq: int | None = None
    changed: bool = False

    def take(self, stored: RangeSet, aside: RangeSet, *, live: bool) -> None:
        """Notes numbers that this transaction stores or sets aside."""
        if self.gone:
            back = stored & self.gone
            self.recovered += len(back)
            self.gone -= back
        self.stored |= stored
        self.aside |= aside
        if not live:
            # What was set aside may bear any number; only stored ones tell how far the tracker has got.
            self.beyond = max(self.beyond, stored.highest)
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

    def better_offset(self, readings: Iterable[Reading]) -> bool:
        """Dates the boot by the lowest number with a usable clock, so that the order of arrival decides nothing."""
        dated = [reading for reading in readings if reading.event_ms is not None]
        best = min(dated, key=lambda reading: reading.seq, default=None)
        if best is None or best.event_ms is None:
            return False
        if self.offset_seq is not None and best.seq >= self.offset_seq:
            return False
        self.offset_seq = best.seq
        self.offset_ms = best.event_ms - round(best.up_s * 1000)
        self.changed = True
        return True

    def receipt(self, now_s: float) -> Receipt:
        """What to tell the tracker now; remembers what it asks for."""
        held = self.stored | self.aside
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

    def values(self) -> dict[str, object]:
        """The columns to write back."""
        return {
            "id": self.id,
            "stored": self.stored.dumps(),
            "aside": self.aside.dumps(),
            "gone": self.gone.dumps(),
            "given_up": self.given_up.dumps(),
            "asked": msgspec.json.encode(self.asked).decode(),
            "beyond": self.beyond,
            "recovered": self.recovered,
            "offset_ms": self.offset_ms,
            "offset_seq": self.offset_seq,
        }


def read_asks(text: str) -> tuple[Ask, ...]:
    """Asks from the text of the row."""
    return _asks.decode(text)
