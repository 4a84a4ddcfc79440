"""Section 2: what was provided."""

from __future__ import annotations

from assets.core.i18n import msg
from assets.reports.figures import BatchLine, Figures
from assets.reports.render.blocks import Block, Chart, Column, Table
from assets.reports.render.charts import Bar, Look, bars
from assets.reports.render.words import TITLE_WORDS, Voice

ID = "provided"
TITLE = msg("What was provided")


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """The handovers as a table, and their value so far."""
    columns = (
        Column(voice.say(msg("Handover")), number=False, weight=1.1),
        Column(voice.say(msg("Month")), number=False, weight=1.1),
        Column(voice.say(msg("Contents")), number=False, weight=3.4),
        Column(voice.say(msg("Items")), weight=0.8),
        Column(voice.say(msg("Value")), weight=1.5),
        Column(voice.say(msg("Received by")), number=False, weight=1.2),
        Column(voice.say(msg("Title")), number=False, weight=1.5),
    )
    table = Table(
        voice.say(msg("Handovers, oldest first")), columns, tuple(_row(batch, voice) for batch in figures.batches)
    )
    return (table, *_values(figures, voice))


def _row(batch: BatchLine, voice: Voice) -> tuple[str, ...]:
    contents = ", ".join(f"{name} ({count})" for name, count in batch.contents)
    return (
        batch.number,
        voice.month(batch.month),
        contents or voice.say(msg("no items registered")),
        voice.number(batch.items),
        voice.money(batch.value, batch.currency),
        _received_by(batch.receiving_agencies, voice),
        ", ".join(voice.say(TITLE_WORDS[status]) for status in batch.title_statuses) or "–",
    )


def _received_by(agencies: int, voice: Voice) -> str:
    if not agencies:
        return voice.say(msg("not stated"))
    return voice.say(msg("1 agency") if agencies == 1 else msg("%(n)s agencies", n=agencies))


def _values(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    charts = []
    for currency in sorted({point.currency for point in figures.cumulative}):
        points = [point for point in figures.cumulative if point.currency == currency]
        rows = [
            Bar(voice.month(point.month), float(point.value), voice.money(point.value, currency)) for point in points
        ]

        def draw(look: Look, rows: list[Bar] = rows) -> str:
            return bars(rows, look)

        last = points[-1]
        charts.append(
            Chart(
                voice.say(
                    msg("%(value)s handed over by %(month)s", value=rows[-1].text, month=voice.month(last.month))
                ),
                voice.say(msg("Value handed over so far, after each handover (%(currency)s)", currency=currency)),
                "; ".join(f"{row.label}: {row.text}" for row in rows),
                draw,
            )
        )
    return tuple(charts)
