"""Refining: small pure steps, in the order they are read, that date and flag a reading, and never delete it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from assets.telemetry.messages import Reading

EARLIEST_S = 1_325_376_000.0
"""2012-01-01: earlier is a clock that was never set, or one 1,024 weeks behind; recorded drives are younger."""
FUTURE_TOLERANCE_S = 300.0
GPS_ROLLOVER_S = 1024 * 7 * 86_400.0
MAX_SPEED_KMH = 250.0
WORST_HDOP = 20.0
FEWEST_SATELLITES = 3
"""Fewer give no position at all; three give one at a supposed height."""

NO_POSITION_FLAGS = frozenset({"no_fix", "null_island", "weak_fix", "low_satellites", "impossible_speed"})
"""With one of these, coordinates are kept and shown as doubtful, but no distance is made of them."""

OWN_CLOCK, UP_TIME, RECEIPT = 0, 1, 2
"""How it is known when a sample happened (`Sample.dated`)."""


@dataclass(frozen=True, slots=True)
class SilentWindow:
    """A span of event time in which no coordinate may be kept (half-open; `until` None: still open)."""

    start: datetime
    until: datetime | None

    def holds(self, moment_ms: int) -> bool:
        """Whether the moment lies in the window."""
        end = None if self.until is None else self.until.timestamp() * 1000
        return self.start.timestamp() * 1000 <= moment_ms and (end is None or moment_ms < end)


@dataclass(slots=True)
class Context:
    """What the steps may know besides the reading.

    `offset_ms` is when the boot began, as far as known: by its fixes (`offset_by` UP_TIME), or by the earliest that
    receipts allow (RECEIPT).
    """

    received_ms: int
    offset_ms: int | None = None
    offset_by: int = RECEIPT
    silent: tuple[SilentWindow, ...] = ()


@dataclass(slots=True)
class Verdict:
    """What the steps found: when the reading happened and how that is known, and what is doubtful about it.

    `refused` says why it may not be stored at all; `silent` that its coordinates must not be written.
    """

    event_ms: int = 0
    dated: int = RECEIPT
    flags: tuple[str, ...] = ()
    refused: str | None = None
    silent: bool = False


Step = Callable[[int, Reading, Verdict, Context], None]
"""(its number, the reading, what is found so far, what else is known)."""


def refuse_runaway_sequence(seq: int, reading: Reading, verdict: Verdict, _: Context) -> None:
    """A number above 10 x up + 1,000 is refused: a stolen secret must not burn the number space (wire.md)."""
    if seq > 10 * reading.up_s + 1000:
        verdict.refused = "seq is higher than this boot can have reached"


def judge_clock(_seq: int, reading: Reading, verdict: Verdict, context: Context) -> None:
    """Takes the device's time as event time when it can be true, and otherwise says what is wrong with it."""
    claimed = reading.device_t
    if claimed is None:
        return
    received_s = context.received_ms / 1000
    if EARLIEST_S <= claimed <= received_s + FUTURE_TOLERANCE_S:
        verdict.event_ms = round(claimed * 1000)
        verdict.dated = OWN_CLOCK
        return
    verdict.flags = (_wrong_clock(claimed, received_s),)


def _wrong_clock(claimed: float, received_s: float) -> str:
    if abs(claimed / 1000 - received_s) < 10 * 365 * 86_400:
        return "clock_milliseconds"
    if claimed > EARLIEST_S:
        return "clock_future"
    # 1980-01-06 plus 1,024 weeks is 1999: a receiver that was never set does not look like a rolled one.
    shifted = claimed + GPS_ROLLOVER_S
    rolled = claimed > 0 and EARLIEST_S < shifted <= received_s + FUTURE_TOLERANCE_S
    return "clock_rollover" if rolled else "clock_unset"


def date_by_up_time(_seq: int, reading: Reading, verdict: Verdict, context: Context) -> None:
    """Dates a reading without a usable clock by its up time and what is known of the boot's beginning.

    Whatever that comes to, nothing happened after it was received.
    """
    if verdict.dated == OWN_CLOCK:
        return
    up_ms = round(reading.up_s * 1000)
    if context.offset_ms is not None and context.offset_by == UP_TIME:
        event_ms = context.offset_ms + up_ms
        if EARLIEST_S * 1000 <= event_ms <= context.received_ms + FUTURE_TOLERANCE_S * 1000:
            verdict.event_ms, verdict.dated = event_ms, UP_TIME
            return
    earliest_ms = context.received_ms if context.offset_ms is None else context.offset_ms + up_ms
    verdict.event_ms = max(round(EARLIEST_S * 1000), min(context.received_ms, earliest_ms))
    verdict.dated = RECEIPT


def doubt_position(_seq: int, reading: Reading, verdict: Verdict, _: Context) -> None:
    """Flags coordinates that are no measurement: without a fix, on the null island, or from a hopeless sky."""
    if reading.lat is None or reading.lon is None:
        return
    if reading.fix == 0 or reading.satellites == 0:
        verdict.flags += ("no_fix",)
    elif -1e-6 < reading.lat < 1e-6 and -1e-6 < reading.lon < 1e-6:
        verdict.flags += ("null_island",)
    elif reading.hdop is not None and reading.hdop > WORST_HDOP:
        verdict.flags += ("weak_fix",)
    elif reading.satellites is not None and reading.satellites < FEWEST_SATELLITES:
        verdict.flags += ("low_satellites",)


def doubt_speed(_seq: int, reading: Reading, verdict: Verdict, _: Context) -> None:
    """Flags a speed that no vehicle of the programme reaches."""
    if reading.speed_kmh is not None and reading.speed_kmh > MAX_SPEED_KMH:
        verdict.flags += ("impossible_speed",)


def keep_silence(_seq: int, reading: Reading, verdict: Verdict, context: Context) -> None:
    """Takes coordinates out in a silent window, by event time; what cannot be dated is silent while one is open."""
    if not context.silent:
        return
    moment_ms = context.received_ms if verdict.dated == RECEIPT else verdict.event_ms
    if any(window.holds(moment_ms) or window.holds(verdict.event_ms) for window in context.silent):
        verdict.silent = True
        verdict.flags = (*(flag for flag in verdict.flags if flag not in NO_POSITION_FLAGS), "silent")


STEPS: tuple[Step, ...] = (
    refuse_runaway_sequence,
    judge_clock,
    date_by_up_time,
    doubt_position,
    doubt_speed,
    keep_silence,
)


def refine(seq: int, reading: Reading, context: Context) -> Verdict:
    """What all steps find."""
    verdict = Verdict()
    for step in STEPS:
        step(seq, reading, verdict, context)
    return verdict


def own_clock_ms(reading: Reading, received_ms: int) -> int | None:
    """The device's own time where it can be true (UNIX milliseconds): what may date its boot."""
    verdict = Verdict()
    judge_clock(0, reading, verdict, Context(received_ms))
    return verdict.event_ms if verdict.dated == OWN_CLOCK else None
