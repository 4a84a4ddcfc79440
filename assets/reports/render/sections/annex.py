"""Annexes: the asset list, what each figure means, what was left out, and who answers for the summary."""

from __future__ import annotations

from assets.core.i18n import msg
from assets.reports.disclosure import MIN_ASSETS, MIN_UNITS
from assets.reports.disclosure.cells import K
from assets.reports.figures import Figures
from assets.reports.render.blocks import Block, Boxed, Cell, Column, Paragraph, Table
from assets.reports.render.sections import measures
from assets.reports.render.words import DEFINITIONS, FORMULAS, Voice

LIST_TITLE = msg("Asset list")
DEFINITIONS_TITLE = msg("Definitions, formulas and coverage")


def asset_list(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """What came with each handover; no numbers, no places, no single items."""
    columns = (
        Column(voice.say(msg("Handover")), number=False),
        Column(voice.say(msg("Month")), number=False),
        Column(voice.say(msg("Class")), number=False, weight=2),
        Column(voice.say(msg("Model")), number=False, weight=2),
        Column(voice.say(msg("Items"))),
    )
    months = {batch.number: batch.month for batch in figures.batches}
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            line.batch,
            voice.month(months[line.batch]),
            voice.name(line.class_name),
            line.model or "–",
            voice.cell(line.items),
        )
        for line in figures.asset_list
    )
    note = voice.say(
        msg(
            "By handover, class and model. Condition and use are shown by class (section 4), not item by item; models "
            "of vehicles are left out, because beside the marked ones they would tell which are not."
        )
    )
    return (Table(voice.say(msg("What was handed over")), columns, rows, note, sheet="Asset list"),)


def definitions(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """Definitions with the data behind each figure, and the rules of what is shown."""
    columns = (
        Column(voice.say(msg("Measure")), number=False, weight=1.4),
        Column(voice.say(msg("Definition")), number=False, weight=2.8),
        Column(voice.say(msg("Formula")), number=False, weight=2.0),
        Column(voice.say(msg("Made of")), weight=1.3),
        Column(voice.say(msg("Data cover")), weight=0.8),
    )
    shown = [*figures.measures, *(point.rate for point in figures.results.rates[:1])]
    rows = tuple(
        (
            measures.name(measure, voice),
            voice.say(DEFINITIONS[measure.code][1]),
            voice.say(FORMULAS[measure.code]),
            measures.of_how_many(measure, voice),
            measures.coverage(measure, voice),
        )
        for measure in shown
    )
    return (
        Table(
            voice.say(msg("What each figure means, and how much data it stands on")), columns, rows, sheet="Definitions"
        ),
        *_rules(figures, voice),
        _sign_off(voice),
    )


def left_out(figures: Figures) -> int:
    """How many cells of the tables are left out."""
    counts: list[int | None] = []
    for line in figures.classes:
        counts += [line.verified, line.not_verified, line.off_register]
    for state in figures.states.lines:
        counts += [*state.condition, *state.frequency]
    for row in figures.states.matrix or ():
        counts += row
    for kind in figures.results.kinds:
        counts += [kind.now, kind.year_before]
    for contribution in figures.results.contributions:
        counts += [contribution.none, contribution.supported, contribution.decisive]
    for instrument in figures.instruments.lines:
        counts += [instrument.in_calibration, instrument.checks_passed, instrument.deployed]
    return sum(count is None for count in counts)


def _rules(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    days = msg(
        "%(built)s of %(days)s days of the period are worked out. Intervals: Wilson for shares of items, exact Poisson "
        "(Garwood) for rates of events, Fay and Feuer for weights. Shares of days carry none, because the days of one "
        "item depend on each other.",
        built=voice.number(figures.days_worked_out),
        days=voice.number(figures.days_of_period),
    )
    kept = msg(
        "Left out on purpose: positions, identification numbers, persons, units and single days. Regions with fewer "
        "than %(assets)s items or %(units)s units are shown together, classes with fewer than %(assets)s items on the "
        "register as other equipment, all kinds of vehicle as one class. Kilometres are rounded to 100, regions shown "
        "in bands, results for the whole country only.",
        assets=MIN_ASSETS,
        units=MIN_UNITS,
    )
    cells = msg(
        "In the tables %(n)s numbers are not shown (*): counts of 1 or 2, and others from which those could be worked "
        "out. Who knows every sum is left with at least %(k)s possible values for each, or with as many as the sums "
        "allow. Totals of the country are exact, and so is what is off the register in each class: the sums tell it.",
        n=voice.number(left_out(figures)),
        k=K,
    )
    return tuple(Paragraph(voice.say(words), "quiet") for words in (days, kept, cells))


def _sign_off(voice: Voice) -> Boxed:
    lines = (
        msg("Drafted by: the coordinator. Signature, date: ____________________"),
        msg("Approved by: the releasing authority, a second person. Signature, date: ____________________"),
    )
    return Boxed(voice.say(msg("Sign-off of two roles")), tuple(voice.say(line) for line in lines), "sign-off")
