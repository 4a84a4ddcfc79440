"""What is an alarm, which belong together, and which come too late to be acted on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from assets.core.i18n import Message, msg

POWER_CUT, TAMPER, SOS, TOW, CRASH = "power_cut", "tamper", "sos", "tow", "crash"
LOW_BATTERY, SILENT, KEY_REUSED, FLAPPING = "low_battery", "silent", "key_reused", "flapping"
KINDS = (SOS, CRASH, TAMPER, TOW, POWER_CUT, SILENT, LOW_BATTERY, KEY_REUSED, FLAPPING)
KIND_NAMES: Mapping[str, Message] = {
    SOS: msg("SOS button"),
    CRASH: msg("Crash"),
    TAMPER: msg("Tracker tampered with"),
    TOW: msg("Towed"),
    POWER_CUT: msg("Power cut off"),
    SILENT: msg("Silent too long"),
    LOW_BATTERY: msg("Own battery low"),
    KEY_REUSED: msg("Sample number used twice"),
    FLAPPING: msg("Connects again and again"),
}
OPEN, ACKNOWLEDGED, CLOSED = "open", "acknowledged", "closed"
STATES = (OPEN, ACKNOWLEDGED, CLOSED)

WORDS = frozenset({POWER_CUT, TAMPER, SOS, TOW, CRASH, LOW_BATTERY, KEY_REUSED, FLAPPING})
"""Words of the wire, and of ingest, that raise the alarm of the same name."""
ENDED_BY: Mapping[str, tuple[str, ...]] = {"power_back": (POWER_CUT, LOW_BATTERY)}
"""Words that end alarms; these last until they are ended, the others are moments."""
LASTING = frozenset(kind for kinds in ENDED_BY.values() for kind in kinds)

LATE_AFTER = timedelta(minutes=15)
"""Heard later than this after it happened, nobody can act on it any more as if it were happening."""
REPEAT = timedelta(minutes=10)
"""The same told again within this time is the same alarm: a shaken tracker tells of it a hundred times."""
LONGEST_NOTE = 500
DEFAULT_SILENCE = timedelta(hours=24)


def is_late(at: datetime, received_at: datetime, ended_at: datetime | None) -> bool:
    """Whether an alarm is only to be listed: it happened long before it was heard, or was over by then.

    A clock that runs ahead makes no alarm early: what lies ahead happened just now.
    """
    return received_at - at > LATE_AFTER or (ended_at is not None and ended_at <= received_at)


def joins(
    kind: str, at: datetime, *, raised_at: datetime, last_at: datetime, ended_at: datetime | None, closed: bool
) -> bool:
    """Whether a word told of `at` belongs to an alarm of its kind.

    A lasting one takes all until it is ended; of the others what follows within ten minutes, unless it was closed
    meanwhile: then it is a new alarm.
    """
    if at < raised_at:
        return raised_at - at <= REPEAT
    if kind in LASTING:
        return ended_at is None or at < ended_at
    return at <= last_at or (not closed and at - last_at <= REPEAT)
