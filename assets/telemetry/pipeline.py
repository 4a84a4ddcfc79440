"""Refining: small pure steps, in the order they are read, that judge and flag a reading, and never delete it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from msgspec.structs import replace

from assets.telemetry.messages import Reading

EARLIEST_S = 1_325_376_000.0
"""2012-01-01: earlier is a clock that was never set, or one 1,024 weeks behind; recorded drives are younger."""
FUTURE_TOLERANCE_S = 300.0
GPS_ROLLOVER_S = 1024 * 7 * 86_400.0
MAX_SPEED_KMH = 250.0
WORST_HDOP = 20.0

CLOCK_FLAGS = frozenset({"clock_future", "clock_unset", "clock_rollover", "clock_milliseconds"})
NO_POSITION_FLAGS = frozenset({"no_fix", "null_island", "weak_fix", "impossible_speed"})
"""With one of these, coordinates are kept and shown as doubtful, but no distance is made of them."""


@dataclass(frozen=True, slots=True)
class SilentWindow:
    """A span of event time in which no coordinate may be kept (half-open; `until` None: still open)."""

    start: datetime
    until: datetime | None

    def holds(self, moment_ms: int) -> bool:
        """Whether the moment lies in the window."""
        end = None if self.until is None else self.until.timestamp() * 1000
        return self.start.timestamp() * 1000 <= moment_ms and (end is None or moment_ms < end)


@dataclass(frozen=True, slots=True)
class Context:
    """What the steps may know besides the reading; `offset_ms` dates readings of this boot by their up time."""

    received_at: datetime
    offset_ms: int | None = None
    silent: tuple[SilentWindow, ...] = ()

    @property
    def received_ms(self) -> int:
        """Time of receipt, UNIX milliseconds."""
        return round(self.received_at.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Refused:
    """A reading that may not be stored, and why; its bytes go to the set-aside."""

    reason: str
    seq: int


Step = Callable[[Reading, Context], Reading | Refused]


def _flagged(reading: Reading, flag: str) -> Reading:
    return replace(reading, flags=(*reading.flags, flag))


def refuse_runaway_sequence(reading: Reading, _: Context) -> Reading | Refused:
    """A number above 10 x up + 1,000 is refused: a stolen secret must not burn the number space (wire.md)."""
    if reading.seq > 10 * reading.up_s + 1000:
        return Refused("seq is higher than this boot can have reached", reading.seq)
    return reading


def judge_clock(reading: Reading, context: Context) -> Reading | Refused:
    """Takes the device's time as event time when it can be true, and otherwise says what is wrong with it."""
    claimed = reading.device_t
    if claimed is None:
        return reading
    received_s = context.received_at.timestamp()
    if abs(claimed / 1000 - received_s) < 10 * 365 * 86_400:
        return _flagged(reading, "clock_milliseconds")
    if claimed < EARLIEST_S:
        shifted = claimed + GPS_ROLLOVER_S
        rolled = claimed > 0 and EARLIEST_S < shifted <= received_s + FUTURE_TOLERANCE_S
        # 1980-01-06 plus 1,024 weeks is 1999: a receiver that was never set does not look like a rolled one.
        return _flagged(reading, "clock_rollover" if rolled else "clock_unset")
    if claimed > received_s + FUTURE_TOLERANCE_S:
        return _flagged(reading, "clock_future")
    return replace(reading, event_ms=round(claimed * 1000))


def date_by_up_time(reading: Reading, context: Context) -> Reading | Refused:
    """Dates a reading without a usable clock by its up time, when another reading of the boot tells when it began."""
    if reading.event_ms is not None or context.offset_ms is None:
        return reading
    return replace(reading, event_ms=context.offset_ms + round(reading.up_s * 1000))


def doubt_position(reading: Reading, _: Context) -> Reading | Refused:
    """Flags coordinates that are no measurement: without a fix, on the null island, or from a hopeless sky."""
    if reading.lat is None or reading.lon is None:
        return reading
    if reading.fix == 0 or reading.satellites == 0:
        return _flagged(reading, "no_fix")
    if abs(reading.lat) < 1e-6 and abs(reading.lon) < 1e-6:
        return _flagged(reading, "null_island")
    if reading.hdop is not None and reading.hdop > WORST_HDOP:
        return _flagged(reading, "weak_fix")
    return reading


def doubt_speed(reading: Reading, _: Context) -> Reading | Refused:
    """Flags a speed that no vehicle of the programme reaches."""
    if reading.speed_kmh is not None and reading.speed_kmh > MAX_SPEED_KMH:
        return _flagged(reading, "impossible_speed")
    return reading


def keep_silence(reading: Reading, context: Context) -> Reading | Refused:
    """Takes coordinates out in a silent window, by event time; what cannot be dated is silent while one is open."""
    if not context.silent:
        return reading
    moment = context.received_ms if reading.event_ms is None else reading.event_ms
    if not any(window.holds(moment) for window in context.silent):
        return reading
    # The print of the content goes too: with so few bits of secret, coordinates could be searched from it.
    blank = blake2b(f"{reading.seq}:{reading.up_s}".encode(), digest_size=8).digest()
    return replace(
        reading,
        lat=None,
        lon=None,
        alt_m=None,
        heading_deg=None,
        digest=int.from_bytes(blank, "big", signed=True),
        flags=(*(flag for flag in reading.flags if flag not in NO_POSITION_FLAGS), "silent"),
    )


STEPS: tuple[Step, ...] = (
    refuse_runaway_sequence,
    judge_clock,
    date_by_up_time,
    doubt_position,
    doubt_speed,
    keep_silence,
)

CLOCK_STEPS: tuple[Step, ...] = (refuse_runaway_sequence, judge_clock)
"""What tells whether a reading may date its boot."""


def refine(reading: Reading, context: Context, steps: tuple[Step, ...] = STEPS) -> Reading | Refused:
    """The reading after all steps, or the first refusal."""
    for step in steps:
        outcome = step(reading, context)
        if isinstance(outcome, Refused):
            return outcome
        reading = outcome
    return reading
