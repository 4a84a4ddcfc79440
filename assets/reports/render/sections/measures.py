"""How a figure is put into words: value, of how many, interval, data, against the plan and the period before."""

from __future__ import annotations

from assets.core.i18n import Message, msg
from assets.reports.disclosure import band
from assets.reports.figures import Figures, Measure
from assets.reports.render.blocks import Against, Cell, Column, Number, Table
from assets.reports.render.words import DEFINITIONS, NOT_SHOWN, Voice

_STATES: dict[str | None, tuple[str, Message]] = {
    "80_or_more": ("ready", msg("80 % of plan or more")),
    "50_to_80": ("due", msg("50 to 80 % of plan")),
    "below_50": ("blocked", msg("below 50 % of plan")),
    None: ("unknown", msg("unknown")),
}
# Where nothing was promised, these are held against all of it; the others against nothing.
_OF_ALL = frozenset(
    {
        "in_service_rate", "verification_rate", "used_rate", "availability_rate", "in_calibration_rate",
        "pm_compliance",
    }
)  # fmt: skip
_DECIMALS = {"h": 1, "uses": 1, "per_100k_km": 2, "per_1000_days": 1}
_UNITS = {"km": " km", "h": " h"}


def name(measure: Measure, voice: Voice) -> str:
    """What people call the figure."""
    return voice.say(DEFINITIONS[measure.code][0]) if measure.code in DEFINITIONS else measure.code


def value(measure: Measure, voice: Voice) -> str:
    """The value with its unit."""
    if measure.hidden:
        return voice.say(NOT_SHOWN)
    return amount(measure.value, measure.unit, voice)


def amount(value: float | None, unit: str, voice: Voice) -> str:
    """A value of this unit in words."""
    if value is None:
        return voice.number(None)
    if unit == "share":
        return voice.percent(value)
    return voice.number(value, _DECIMALS.get(unit, 0)) + _UNITS.get(unit, "")


def cell(measure: Measure, voice: Voice) -> Cell:
    """The value for a table."""
    if measure.hidden or measure.value is None:
        return value(measure, voice)
    decimals = _DECIMALS.get(measure.unit, 0)
    return Number(value(measure, voice), measure.value, decimals, percent=measure.unit == "share")


def of_how_many(measure: Measure, voice: Voice) -> str:
    """What the figure is made of."""
    if measure.hidden:
        return voice.say(msg("fewer than 3 items or cases"))
    return voice.made_of(measure.code, measure.numerator, measure.denominator)


def interval(measure: Measure, voice: Voice) -> str:
    """The 95 % interval; a dash where none is given."""
    if measure.low is None or measure.high is None:
        return "–"
    if measure.unit == "share":
        return f"{voice.percent(round(measure.low, 3))} – {voice.percent(round(measure.high, 3))}"
    decimals = _DECIMALS.get(measure.unit, 1)
    return f"{voice.number(measure.low, decimals)} – {voice.number(measure.high, decimals)}"


def coverage(measure: Measure, voice: Voice) -> str:
    """The share of days or items with data; a dash where that is no question."""
    return "–" if measure.coverage is None else voice.percent(round(measure.coverage, 3))


def covered(measure: Measure, voice: Voice) -> str:
    """The coverage as a sentence; empty where that is no question."""
    if measure.coverage is None:
        return ""
    return voice.say(msg("data cover %(share)s", share=coverage(measure, voice)))


def planned(figures: Figures, code: str, voice: Voice) -> str:
    """What was promised; a dash for nothing."""
    plan = figures.plan(code)
    return "–" if plan is None else amount(plan.value, figures.measure(code).unit, voice)


def against(figures: Figures, code: str, voice: Voice, *, named: bool = False) -> Against | None:
    """The figure against its plan in the donor's bands; None where nothing was promised and nothing is natural."""
    measure, plan = figures.measure(code), figures.plan(code)
    label = f"{name(measure, voice)}: " if named else ""
    if plan is None and (code not in _OF_ALL or measure.value is None):
        return None
    wanted = plan.value if plan else 1.0
    reached = measure.value / wanted if measure.value is not None and wanted else None
    state, words = band_words(reached, voice)
    if plan is None:
        return Against(label + voice.say(msg("no plan recorded, against 100 %")), state, words)
    text = voice.say(msg("plan %(value)s", value=amount(plan.value, measure.unit, voice)))
    if plan.items < plan.of_items:
        text = voice.say(
            msg(
                "plan %(value)s (of grants with %(part)s of %(whole)s items)",
                value=amount(plan.value, measure.unit, voice),
                part=voice.number(plan.items),
                whole=voice.number(plan.of_items),
            )
        )
    return Against(label + text, state, words)


def band_words(share: float | None, voice: Voice) -> tuple[str, str]:
    """The band of a share of the plan: its state, and in words."""
    state, words = _STATES[band(share)]
    return state, voice.say(words)


def before(figures: Figures, code: str, voice: Voice) -> str:
    """The value in the period before and the change since; a dash where there was nothing before."""
    now, past = figures.measure(code), figures.previous(code)
    if past is None:
        return "–"
    if past.hidden or past.value is None:
        return value(past, voice)
    if now.value is None:
        return amount(past.value, past.unit, voice)
    return f"{amount(past.value, past.unit, voice)} ({change(past.value, now.value, now.unit, voice)})"


def change(past: float, now: float, unit: str, voice: Voice) -> str:
    """How much more or less: shares in percentage points, the rest in their own unit."""
    step = (now - past) * 100 if unit == "share" else now - past
    decimals = 1 if unit == "share" else _DECIMALS.get(unit, 0)
    step = round(step, decimals)
    sign = "+" if step > 0 else "−" if step < 0 else "±"
    text = sign + voice.number(abs(step), 0 if step == round(step) and unit == "share" else decimals)
    return voice.say(msg("%(change)s points", change=text)) if unit == "share" else text + _UNITS.get(unit, "")


def table(figures: Figures, codes: tuple[str, ...], voice: Voice, title: str, sheet: str) -> Table:
    """Figures with what each was made of, against plan and the period before."""
    columns = (
        Column(voice.say(msg("Measure")), number=False, weight=2.0),
        Column(voice.say(msg("This period")), weight=1.0),
        Column(voice.say(msg("Made of")), weight=1.7),
        Column(voice.say(msg("Plan")), weight=0.8),
        Column(voice.say(msg("Period before")), weight=1.5),
        Column(voice.say(msg("95 % interval")), weight=1.2),
        Column(voice.say(msg("Data cover")), weight=0.9),
    )
    rows = []
    for code in codes:
        measure = figures.measure(code)
        rows.append(
            (
                name(measure, voice),
                cell(measure, voice),
                of_how_many(measure, voice),
                planned(figures, code, voice),
                before(figures, code, voice),
                interval(measure, voice),
                coverage(measure, voice),
            )
        )
    definitions = tuple(voice.say(DEFINITIONS[code][1]) for code in codes)
    return Table(title, columns, tuple(rows), sheet=sheet, codes=codes, definitions=definitions)
