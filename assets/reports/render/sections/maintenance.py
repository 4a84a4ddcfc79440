"""Section 7: maintenance and sustainability."""

from __future__ import annotations

from assets.core.i18n import Message, msg
from assets.maintenance.rules.orders import CAUSE_NAMES, Cause
from assets.reports.figures import Figures
from assets.reports.render.blocks import Block, Chart, Column, Paragraph, Table
from assets.reports.render.charts import Bar, Look, bars
from assets.reports.render.sections import measures
from assets.reports.render.sections.said import said
from assets.reports.render.words import Voice

ID = "maintenance"
TITLE = msg("Maintenance and sustainability")
_SHOWN = ("pm_compliance", "mttr", "mean_downtime", "waiting_parts_share")
_PAYERS: dict[str, Message] = {
    "donor": msg("Donor"), "recipient_budget": msg("Recipient's budget"), "": msg("not stated"),
}  # fmt: skip


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """Care, standstills by cause, who paid, and what is not recorded."""
    title = voice.say(msg("Care and standstills, whole country"))
    return (
        measures.table(figures, _SHOWN, voice, title, "Maintenance"),
        _causes(figures, voice),
        _costs(figures, voice),
        Paragraph(
            voice.say(msg("Training delivered: not recorded in this system yet, so no number is given.")), "quiet"
        ),
        *said(figures, voice, "maintenance"),
    )


def _causes(figures: Figures, voice: Voice) -> Block:
    causes = figures.work.downtime
    if not causes:
        return Paragraph(voice.say(msg("No standstill was recorded in the period.")))
    total = sum(line.hours for line in causes)
    rows = [Bar(_cause(line.cause, voice), line.hours, _hours(line.hours, total, voice)) for line in causes]

    def draw(look: Look) -> str:
        return bars(rows, look)

    return Chart(
        voice.say(
            msg("%(hours)s hours of standstill, most for: %(cause)s", hours=voice.number(total), cause=rows[0].label)
            if causes[0].cause
            else msg("%(hours)s hours of standstill", hours=voice.number(total))
        ),
        voice.say(msg("Hours in which items could not be used, by cause, whole country")),
        "; ".join(f"{row.label}: {row.text}" for row in rows),
        draw,
        voice.say(msg("Causes that fewer than three items stood for are taken together.")),
        table=Table(
            voice.say(msg("Hours of standstill by cause")),
            (Column(voice.say(msg("Cause")), number=False), Column(voice.say(msg("Hours")))),
            tuple((_cause(line.cause, voice), voice.cell(line.hours)) for line in causes),
            sheet="Standstills",
        ),
    )  # fmt: skip


def _cause(code: str, voice: Voice) -> str:
    return voice.say(CAUSE_NAMES[Cause(code)] if code else msg("several causes together"))


def _hours(hours: float, total: float, voice: Voice) -> str:
    return f"{voice.number(hours)} h ({voice.percent(round(hours / total, 2) if total else None)})"


def _costs(figures: Figures, voice: Voice) -> Block:
    costs = figures.work.costs
    if not costs:
        return Paragraph(voice.say(msg("No cost of maintenance was recorded in the period.")))
    columns = (
        Column(voice.say(msg("Paid by")), number=False, weight=2),
        Column(voice.say(msg("Amount"))),
        Column(voice.say(msg("Jobs done"))),
    )
    rows = tuple(
        (
            voice.say(_PAYERS[line.payer]),
            voice.count(None) if line.amount is None else voice.amount(line.amount, line.currency),
            voice.count(line.orders),
        )
        for line in costs
    )
    title = voice.say(msg("Recorded cost of maintenance in the period"))
    return Table(title, columns, rows, voice.noted(rows), sheet="Costs")
