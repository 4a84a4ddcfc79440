"""Presence: whether a tracker is there, and what explains it when it is not. Pure.

What is known for certain speaks first: that we did not listen, that it was told to be silent, that it said itself what
happened to it. Only then its silence is read from what it was doing when it was last heard.
"""

from __future__ import annotations

from dataclasses import dataclass

ONLINE_MS = 15 * 60_000
"""Heard within this time a tracker is online, unless the broker has said its farewell since."""
RETURN_MS = 10 * 60_000
"""So long after we listen again a tracker may take to come back."""
LAST_WORD_MS = 15 * 60_000
"""What was said so shortly before the last contact is the reason why it was the last."""
MOVING_KMH = 3.0

ONLINE, OFFLINE, NEVER = "online", "offline", "never"
MOVING, STANDING, PARKED = "moving", "standing", "parked"
ASLEEP, NO_COVERAGE, UNKNOWN = "asleep", "no_coverage", "unknown"
POWER_CUT, TAMPER, LOW_BATTERY = "power_cut", "tamper", "low_battery"
OUTAGE, SILENT_MODE = "outage", "silent_mode"
REASONS = (
    NEVER, MOVING, STANDING, PARKED, ASLEEP, NO_COVERAGE, POWER_CUT, TAMPER, LOW_BATTERY, OUTAGE, SILENT_MODE, UNKNOWN,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a tracker said of itself that has not ended: `power_cut`, `tamper` or `low_battery`, and when."""

    kind: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which we did not listen (half-open); `until_ms` None: we do not listen yet."""

    from_ms: int
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a tracker: its last contact and state, the broker's word, and what happened around it.

    `online` is False after the broker's last will. `expected_ms`: how long trackers of its class may be silent.
    """

    heard_ms: int | None
    event_ms: int | None
    expected_ms: int
    online: bool | None = None
    ignition: bool | None = None
    speed_kmh: float | None = None
    hello_ms: int | None = None
    reset: str | None = None
    troubles: tuple[Trouble, ...] = ()
    outages: tuple[Outage, ...] = ()
    silent_since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a tracker is there (`online`, `offline`, `never`), what explains it, and since when that holds."""

    state: str
    reason: str
    since_ms: int | None


def presence(signs: Signs, now_ms: int) -> Presence:
    """What is to be said of a tracker now."""
    if signs.heard_ms is None:
        return Presence(NEVER, NEVER, None)
    is_here = now_ms - signs.heard_ms <= ONLINE_MS and signs.online is not False
    state = ONLINE if is_here else OFFLINE
    if not is_here and (outage := _outage(signs, signs.heard_ms, now_ms)) is not None:
        return Presence(OFFLINE, OUTAGE, outage.from_ms)
    if signs.silent_since_ms is not None:
        return Presence(state, SILENT_MODE, signs.silent_since_ms)
    if (trouble := _trouble(signs, signs.heard_ms, is_here=is_here)) is not None:
        return Presence(state, trouble.kind, trouble.at_ms)
    return Presence(state, _doing(signs) if is_here else _gone(signs, signs.heard_ms, now_ms), signs.heard_ms)


def unheard_ms(heard_ms: int, outages: tuple[Outage, ...], now_ms: int) -> int:
    """How long we have listened for a tracker in vain: time in which we did not listen does not count."""
    lost = 0
    for outage in outages:
        until_ms = now_ms if outage.until_ms is None else min(outage.until_ms, now_ms)
        lost += max(0, until_ms - max(outage.from_ms, heard_ms))
    return max(0, now_ms - heard_ms - lost)


def _outage(signs: Signs, heard_ms: int, now_ms: int) -> Outage | None:
    """The time of ours that explains why it was not heard since: it was there until shortly before."""
    for outage in reversed(signs.outages):
        over = outage.until_ms is not None and (heard_ms >= outage.until_ms or now_ms - outage.until_ms > RETURN_MS)
        usual_ms = signs.expected_ms if signs.ignition is False else ONLINE_MS
        if not over and outage.from_ms - heard_ms <= usual_ms and outage.from_ms <= now_ms:
            return outage
    return None


def _trouble(signs: Signs, heard_ms: int, *, is_here: bool) -> Trouble | None:
    """What it said of itself and holds yet. A tracker that is here with its engine on has its power again."""
    started_ms = signs.hello_ms if signs.reset == "power_on" else None
    for kind in (POWER_CUT, TAMPER, LOW_BATTERY):
        for trouble in signs.troubles:
            back = kind == POWER_CUT and started_ms is not None and started_ms > trouble.at_ms
            runs = is_here and signs.ignition is True
            stale = heard_ms - trouble.at_ms > LAST_WORD_MS and (kind != POWER_CUT or runs)
            if trouble.kind == kind and not back and not stale:
                return trouble
    return None


def _doing(signs: Signs) -> str:
    if signs.speed_kmh is not None and signs.speed_kmh > MOVING_KMH and signs.ignition is not False:
        return MOVING
    if signs.ignition is None:
        return UNKNOWN if signs.speed_kmh is None else STANDING
    return STANDING if signs.ignition else PARKED


def _gone(signs: Signs, heard_ms: int, now_ms: int) -> str:
    """Why it was heard no more: a parked tracker sleeps, a driven one or one whose line broke is out of coverage."""
    if unheard_ms(heard_ms, signs.outages, now_ms) > signs.expected_ms:
        return UNKNOWN
    if signs.ignition is False and signs.online is not False:
        return ASLEEP
    if signs.ignition is None and signs.online is not False:
        return UNKNOWN
    return NO_COVERAGE
