"""Section 6: detectors and search kits."""

from __future__ import annotations

from assets.core.i18n import Message, msg
from assets.reports.figures import Figures, InstrumentLine
from assets.reports.render.blocks import Block, Cell, Chart, Column, Paragraph, Table
from assets.reports.render.charts import Estimate, Look, interval_dots
from assets.reports.render.sections import measures
from assets.reports.render.words import HIDDEN, HIDDEN_NOTE, Voice

ID = "instruments"
TITLE = msg("Detectors, search and safety equipment")


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """Uses, deployment, checks and calibration by class, and the expiry of consumables."""
    lines = figures.instruments.lines
    if not lines:
        return (
            Paragraph(voice.say(msg("No class of instruments has enough items to be shown."))),
            _lots(figures, voice),
        )
    columns = (
        Column(voice.say(msg("Class")), number=False, weight=2.0),
        Column(voice.say(msg("Items")), weight=0.6),
        Column(voice.say(msg("Uses per item and month")), weight=0.9),
        Column(voice.say(msg("95 % interval")), weight=1.1),
        Column(voice.say(msg("Plan")), weight=0.7),
        Column(voice.say(msg("Data cover")), weight=0.8),
        Column(voice.say(msg("Issued in joint operations")), weight=1.2),
        Column(voice.say(msg("Calibrations and checks passed")), weight=1.1),
        Column(voice.say(msg("In calibration")), weight=1.1),
    )
    rows = tuple(_row(line, figures, voice) for line in lines)
    words = msg(
        "A dash: the class needs none, or nothing was recorded. Uses are counted where somebody recorded them. "
        "Calibrations, verifications and functional checks are those done in the period."
    )
    table = Table(
        voice.say(msg("Use, deployment and calibration by class, whole country")), columns, rows,
        voice.noted(rows, voice.say(words)), sheet="Instruments",
    )  # fmt: skip
    return (*_picture(figures, voice), table, _lots(figures, voice))


def _row(line: InstrumentLine, figures: Figures, voice: Voice) -> tuple[Cell, ...]:
    plan = figures.plan("uses_per_asset_month", line.name)
    return (
        voice.name(line.name),
        voice.cell(line.items),
        measures.cell(line.uses, voice),
        measures.interval(line.uses, voice),
        "–" if plan is None else voice.cell(plan.value, 1),
        measures.coverage(line.uses, voice),
        _deployed(line, figures, voice),
        _part(line.checks_passed, line.checks, voice),
        _part(line.in_calibration, line.subject, voice),
    )


def _deployed(line: InstrumentLine, figures: Figures, voice: Voice) -> str:
    held = figures.instruments.operations
    if not held:
        return "–" if held == 0 else HIDDEN
    return _part(line.deployed, held, voice)


def _part(count: int | None, whole: int | None, voice: Voice) -> str:
    if whole == 0:
        return "–"
    if whole is None:
        return HIDDEN
    if count is None:
        return voice.say(msg("%(part)s of %(whole)s", part=HIDDEN, whole=voice.number(whole)))
    share = voice.percent(round(count / whole, 3))
    return voice.say(
        msg("%(share)s (%(part)s of %(whole)s)", share=share, part=voice.number(count), whole=voice.number(whole))
    )


def _lots(figures: Figures, voice: Voice) -> Paragraph:
    lots = figures.instruments.lots
    if lots is None:
        return Paragraph(voice.say(msg("No lots of consumables of this donor are recorded in this system.")), "quiet")
    labels: tuple[Message, ...] = (
        msg("in date"), msg("expired"), msg("expiring within 90 days"), msg("recalled"),
    )  # fmt: skip
    said = ", ".join(f"{voice.say(label)} {voice.count(count)}" for label, count in zip(labels, lots, strict=True))
    note = f" {voice.say(HIDDEN_NOTE)}" if None in lots else ""
    return Paragraph(voice.say(msg("Lots of consumables at the end of the period: %(lots)s.", lots=said)) + note)


def _picture(figures: Figures, voice: Voice) -> tuple[Chart, ...]:
    rows = [
        Estimate(
            voice.name(line.name), line.uses.value, line.uses.low, line.uses.high,
            voice.say(
                msg(
                    "%(value)s (%(uses)s uses)",
                    value=measures.value(line.uses, voice),
                    uses=voice.number(line.uses.numerator),
                )
            ),
        )
        for line in figures.instruments.lines
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
