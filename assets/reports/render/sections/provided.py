"""Section 2: what was provided."""

from __future__ import annotations

from decimal import Decimal

from assets.core.i18n import msg
from assets.reports.figures import BatchLine, Figures
from assets.reports.render.blocks import Block, Cell, Chart, Column, Paragraph, Table
from assets.reports.render.charts import Bar, Look, bars
from assets.reports.render.words import TITLE_WORDS, Voice

ID = "provided"
TITLE = msg("What was provided")


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """The handovers as a table, and their value so far."""
    return (_handovers(figures, voice), *_values(figures, voice))


def _handovers(figures: Figures, voice: Voice) -> Table:
    """The handovers; deeds and dollars have a column where there is something to say in it."""
    listed = any(batch.promised is not None for batch in figures.batches)
    converted = any(batch.currency != "USD" for batch in figures.batches)
    columns: tuple[tuple[bool, Column], ...] = (
        (True, Column(voice.say(msg("Handover")), number=False, weight=1.0)),
        (True, Column(voice.say(msg("Month")), number=False, weight=1.1)),
        (True, Column(voice.say(msg("Contents")), number=False, weight=2.8)),
        (True, Column(voice.say(msg("Items")), weight=0.7)),
        (listed, Column(voice.say(msg("On the deed")), weight=0.8)),
        (True, Column(voice.say(msg("Value")), weight=1.4)),
        (converted, Column(voice.say(msg("In US dollars")), weight=1.4)),
        (True, Column(voice.say(msg("Received by")), number=False, weight=1.1)),
        (True, Column(voice.say(msg("Title")), number=False, weight=1.4)),
    )
    rows = [_row(batch, voice) for batch in figures.batches]
    items, promised = sum(b.items for b in figures.batches), [b.promised for b in figures.batches]
    whole: Cell = "–" if None in promised else voice.cell(sum(n or 0 for n in promised))
    dollars = total_usd(figures, voice)
    all_of_them = ("", dollars) if converted else (dollars, "")
    rows.append((voice.say(msg("All")), "", "", voice.cell(items), whole, *all_of_them, "", ""))
    shown = [n for n, (is_shown, _) in enumerate(columns) if is_shown]
    return Table(
        voice.say(msg("Handovers, oldest first")),
        tuple(columns[n][1] for n in shown),
        tuple(tuple(row[n] for n in shown) for row in rows),
        _rates(figures, voice),
        total=True,
        sheet="Handovers",
    )


def total_usd(figures: Figures, voice: Voice) -> str:
    """The value of all handovers in US dollars, saying how many it is of where some have none."""
    known = [batch.usd for batch in figures.batches if batch.usd is not None]
    if not known:
        return voice.number(None)
    value = voice.money(sum(known, Decimal(0)), "USD")
    if len(known) == len(figures.batches):
        return value
    return voice.say(msg("%(value)s (%(part)s of %(whole)s)", value=value, part=len(known), whole=len(figures.batches)))


def _rates(figures: Figures, voice: Voice) -> str:
    rated = [batch for batch in figures.batches if batch.rate_on is not None]
    said = [voice.say(msg("Values are those of the deeds."))]
    if rated:
        days = "; ".join(f"{batch.number}: {voice.day(batch.rate_on)}" for batch in rated if batch.rate_on)
        said.append(voice.say(msg("Rates to US dollars are of: %(days)s.", days=days)))
    missing = [batch.number for batch in figures.batches if batch.value is not None and batch.usd is None]
    if missing:
        said.append(voice.say(msg("Without a rate to US dollars: %(numbers)s.", numbers=", ".join(missing))))
    return " ".join(said)


def _row(batch: BatchLine, voice: Voice) -> tuple[Cell, ...]:
    contents = ", ".join(f"{voice.name(name)} ({count})" for name, count in batch.contents)
    return (
        batch.number,
        voice.month(batch.month),
        contents or voice.say(msg("no items registered")),
        voice.cell(batch.items),
        "–" if batch.promised is None else voice.cell(batch.promised),
        voice.amount(batch.value, batch.currency),
        voice.amount(batch.usd, "USD"),
        _received_by(batch.receiving_agencies, voice),
        ", ".join(voice.say(TITLE_WORDS[status]) for status in batch.title_statuses) or "–",
    )


def _received_by(agencies: int, voice: Voice) -> str:
    if not agencies:
        return voice.say(msg("not stated"))
    return voice.say(msg("1 agency") if agencies == 1 else msg("%(n)s agencies", n=agencies))


def _values(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    if not figures.cumulative:
        return (Paragraph(voice.say(msg("No handover has a value in US dollars.")), "quiet"),)
    rows = [
        Bar(voice.month(point.month), float(point.value), voice.money(point.value, point.currency))
        for point in figures.cumulative
    ]

    def draw(look: Look) -> str:
        return bars(rows, look)

    last = figures.cumulative[-1]
    return (
        Chart(
            voice.say(msg("%(value)s handed over by %(month)s", value=rows[-1].text, month=voice.month(last.month))),
            voice.say(msg("Value handed over so far, after each handover (%(currency)s)", currency=last.currency)),
            "; ".join(f"{row.label}: {row.text}" for row in rows),
            draw,
            table=Table(
                voice.say(msg("Value handed over so far")),
                (Column(voice.say(msg("Month")), number=False), Column(voice.say(msg("Value")))),
                tuple(
                    (voice.month(point.month), voice.amount(point.value, point.currency))
                    for point in figures.cumulative
                ),
                sheet="Value",
            ),
        ),
    )
