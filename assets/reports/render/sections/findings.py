"""Section 9: findings and actions, and what became of lost and disposed items."""

from __future__ import annotations

from assets.core.i18n import msg
from assets.reports.figures import Figures
from assets.reports.render.blocks import Block, Cell, Column, Paragraph, Table
from assets.reports.render.sections import measures
from assets.reports.render.sections.said import said
from assets.reports.render.words import CASE_WORDS, Voice

ID = "findings"
TITLE = msg("Findings and actions")


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """What is not recorded yet, the cases of loss and disposal, and what was done."""
    return (
        Paragraph(
            voice.say(
                msg(
                    "No monitoring missions are recorded in this system yet; findings of missions can therefore not be "
                    "counted. This does not mean that there are none."
                )
            )
        ),
        _cases(figures, voice),
        Paragraph(
            voice.say(
                msg(
                    "Not seen for a year: %(unseen)s. Without a valid calibration: %(overdue)s.",
                    unseen=measures.value(figures.measure("not_seen_12m"), voice),
                    overdue=measures.value(figures.measure("overdue_calibrations"), voice),
                )
            )
        ),
        *said(figures, voice, "findings"),
    )


def _cases(figures: Figures, voice: Voice) -> Block:
    groups = (
        (voice.say(msg("Loss")), figures.findings.losses),
        (voice.say(msg("Disposal")), figures.findings.disposals),
    )
    rows: list[tuple[Cell, ...]] = [
        (label, voice.say(CASE_WORDS[state]), voice.cell(count))
        for label, cases in groups
        for state, count in cases
        if count
    ]
    if not rows:
        return Paragraph(voice.say(msg("No case of loss or disposal was open in the period.")))
    columns = (
        Column(voice.say(msg("Case")), number=False),
        Column(voice.say(msg("State at the end of the period")), number=False, weight=2),
        Column(voice.say(msg("Cases"))),
    )
    note = voice.say(msg("Cases that were open at any time of the period, whole country."))
    return Table(voice.say(msg("Cases of loss and disposal")), columns, tuple(rows), note, sheet="Cases")
