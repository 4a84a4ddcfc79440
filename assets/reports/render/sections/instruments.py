"""Section 6: detectors and search kits."""

from __future__ import annotations

from assets.core.i18n import msg
from assets.reports.figures import Figures, InstrumentLine
from assets.reports.render.blocks import Block, Chart, Column, Table
from assets.reports.render.charts import Estimate, Look, interval_dots
from assets.reports.render.sections import measures
from assets.reports.render.words import Voice

ID = "instruments"
TITLE = msg("Detectors, search and safety equipment")


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """Uses and calibration by class."""
    if not figures.instruments:
        return ()
    columns = (
        Column(voice.say(msg("Class")), number=False, weight=2.4),
        Column(voice.say(msg("Items")), weight=0.7),
        Column(voice.say(msg("Uses per item and month")), weight=1.2),
        Column(voice.say(msg("95 % interval")), weight=1.2),
        Column(voice.say(msg("Data cover"))),
        Column(voice.say(msg("In calibration")), weight=1.5),
    )
    rows = tuple(_row(line, voice) for line in figures.instruments)
    note = voice.say(msg("A dash: the class needs no calibration. Uses are counted where somebody recorded them."))
    table = Table(voice.say(msg("Use and calibration by class, whole country")), columns, rows, note)
    return (*_picture(figures, voice), table)


def _row(line: InstrumentLine, voice: Voice) -> tuple[str, ...]:
    valid = line.in_calibration
    calibration = "–"
    if valid.denominator:
        calibration = f"{measures.value(valid, voice)} ({measures.of_how_many(valid, voice)})"
    return (
        line.name,
        voice.number(line.items),
        measures.value(line.uses, voice),
        measures.interval(line.uses, voice),
        measures.coverage(line.uses, voice),
        calibration,
    )


def _picture(figures: Figures, voice: Voice) -> tuple[Chart, ...]:
    rows = [
        Estimate(
            line.name, line.uses.value, line.uses.low, line.uses.high,
            voice.say(
                msg(
                    "%(value)s (%(uses)s uses)",
                    value=measures.value(line.uses, voice),
                    uses=voice.number(line.uses.numerator),
                )
            ),
        )
        for line in figures.instruments
        if line.uses.value is not None
    ]  # fmt: skip
    if not rows:
        return ()

    def draw(look: Look) -> str:
        return interval_dots(rows, look)

    most = max(rows, key=lambda row: row.value or 0)
    return (
        Chart(
            voice.say(msg("Most used: %(name)s", name=most.label)),
            voice.say(msg("Recorded uses per item and month, with the 95 % interval")),
            "; ".join(f"{row.label}: {row.text}" for row in rows),
            draw,
        ),
    )
