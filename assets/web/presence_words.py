"""How the presence of a tracker is said: whether it is there, and what explains it when it is not."""

from __future__ import annotations

from collections.abc import Mapping

from assets.core.i18n import Message, msg
from assets.telemetry.queries import TrackerState
from assets.web.context import words

PRESENCE_WORDS: Mapping[str, tuple[str, Message]] = {
    "online": ("ready", msg("online")),
    "offline": ("unknown", msg("silent")),
    "never": ("unknown", msg("never heard")),
}
REASON_WORDS: Mapping[str, tuple[str, Message]] = {
    "moving": ("ready", msg("on the move")),
    "standing": ("ready", msg("standing, engine on")),
    "parked": ("ready", msg("parked")),
    "asleep": ("ready", msg("parked, tracker asleep")),
    "no_coverage": ("unknown", msg("no coverage")),
    "power_cut": ("blocked", msg("power cut off")),
    "tamper": ("blocked", msg("tampered with")),
    "low_battery": ("due", msg("own battery low")),
    "outage": ("unknown", msg("we did not listen")),
    "silent_mode": ("away", msg("silent by order")),
    "unknown": ("unknown", msg("why is not known")),
}
"""What is said of a reason, and the state that it is shown as; `unknown` while online says nothing."""


def presence_cells(state: TrackerState) -> tuple[str, str]:
    """(state, words) of a tracker's presence: what explains it stands in place of bare silence."""
    kind, text = PRESENCE_WORDS[state.presence]
    if state.presence == "never" or state.reason not in REASON_WORDS:
        return kind, words(text)
    if state.reason == "unknown":
        return kind, words(text)
    reason_kind, reason = REASON_WORDS[state.reason]
    return reason_kind, words(msg("%(presence)s: %(reason)s", presence=text, reason=reason))
