"""Annex: what each figure means, how much data it stands on, and what was merged."""

from __future__ import annotations

from assets.core.i18n import msg
from assets.reports.disclosure import MIN_ASSETS, MIN_UNITS
from assets.reports.figures import Figures
from assets.reports.render.blocks import Block, Column, Paragraph, Table
from assets.reports.render.sections import measures
from assets.reports.render.words import DEFINITIONS, Voice

ID = "annex"
TITLE = msg("Definitions and coverage")


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """Definitions with the data behind each figure, and the rules of what is shown."""
    columns = (
        Column(voice.say(msg("Measure")), number=False, weight=1.5),
        Column(voice.say(msg("Definition")), number=False, weight=3.6),
        Column(voice.say(msg("Made of")), weight=1.4),
        Column(voice.say(msg("Data cover")), weight=0.9),
    )
    rows = tuple(
        (
            measures.name(measure, voice),
            voice.say(DEFINITIONS[measure.code][1]),
            measures.of_how_many(measure, voice),
            measures.coverage(measure, voice),
        )
        for measure in figures.measures
        if measure.code in DEFINITIONS
    )
    return (
        Table(voice.say(msg("What each figure means, and how much data it stands on")), columns, rows),
        Paragraph(
            voice.say(
                msg(
                    "%(built)s of %(days)s days of the period are worked out. Intervals: Wilson for shares of items, "
                    "exact Poisson (Garwood) for rates of events. Shares of days carry none, because the days of one "
                    "item depend on each other.",
                    built=voice.number(figures.days_worked_out),
                    days=voice.number(figures.days_of_period),
                )
            ),
            "quiet",
        ),
        Paragraph(
            voice.say(
                msg(
                    "Left out on purpose: positions, identification numbers, persons, units and single days. Regions "
                    "with fewer than %(assets)s items or %(units)s units are shown together, classes with fewer than "
                    "%(assets)s items as other equipment, all kinds of vehicle as one class. Kilometres are rounded "
                    "to 100, regions shown in bands.",
                    assets=MIN_ASSETS,
                    units=MIN_UNITS,
                )
            ),
            "quiet",
        ),
    )
