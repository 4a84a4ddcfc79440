"""How a figure is put into words: its value, of how many, its interval and the data it stands on."""

from __future__ import annotations

from assets.core.i18n import Message, msg
from assets.reports.disclosure import band
from assets.reports.figures import Measure
from assets.reports.render.words import DEFINITIONS, Voice

_STATES: dict[str | None, tuple[str, Message]] = {
    "80_or_more": ("ready", msg("on target")),
    "50_to_80": ("due", msg("below target")),
    "below_50": ("blocked", msg("far below target")),
    None: ("unknown", msg("unknown")),
}


def name(measure: Measure, voice: Voice) -> str:
    """What people call the figure."""
    return voice.say(DEFINITIONS[measure.code][0]) if measure.code in DEFINITIONS else measure.code


def value(measure: Measure, voice: Voice) -> str:
    """The value with its unit."""
    if measure.value is None:
        return voice.number(None)
    if measure.unit == "share":
        return voice.percent(measure.value)
    decimals = 1 if measure.unit in {"h", "uses"} else 0
    unit = {"km": " km", "h": " h", "uses": "", "items": ""}[measure.unit]
    return f"{voice.number(measure.value, decimals)}{unit}"


def of_how_many(measure: Measure, voice: Voice) -> str:
    """What the figure is made of."""
    return voice.made_of(measure.code, measure.numerator, measure.denominator)


def interval(measure: Measure, voice: Voice) -> str:
    """The 95 % interval; a dash where none is given."""
    if measure.low is None or measure.high is None:
        return "–"
    if measure.unit == "share":
        return f"{voice.percent(round(measure.low, 3))} – {voice.percent(round(measure.high, 3))}"
    return f"{voice.number(measure.low, 1)} – {voice.number(measure.high, 1)}"


def coverage(measure: Measure, voice: Voice) -> str:
    """The share of days or items with data; a dash where that is no question."""
    return "–" if measure.coverage is None else voice.percent(round(measure.coverage, 3))


def covered(measure: Measure, voice: Voice) -> str:
    """The coverage as a sentence; empty where that is no question."""
    if measure.coverage is None:
        return ""
    return voice.say(msg("data cover %(share)s", share=coverage(measure, voice)))


def state(measure: Measure, voice: Voice) -> tuple[str, str]:
    """The band of a share against the target, as a state and in words."""
    found, words = _STATES[band(measure.value)]
    return found, voice.say(words)
