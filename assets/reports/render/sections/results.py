"""Section 8: results, and what the equipment contributed, with the limits of what can be concluded."""

from __future__ import annotations

from assets.core.i18n import msg
from assets.operations.rules.substances import SUBSTANCE_NAMES
from assets.reports.figures import Figures, ResultTotals, SubstanceLine
from assets.reports.render.blocks import Block, Boxed, Cell, Chart, Column, Paragraph, Table
from assets.reports.render.charts import Estimate, Look, interval_dots
from assets.reports.render.sections import measures
from assets.reports.render.sections.said import said
from assets.reports.render.words import KIND_WORDS, LARGEST_WORDS, Voice

ID = "results"
TITLE = msg("Results and contribution")


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """Counts first, then weights with intervals, exposure, contribution, and the limits."""
    results = figures.results
    if not results.totals.operations and not results.totals.seizures:
        found: tuple[Block, ...] = (
            Paragraph(voice.say(msg("No closed operation is recorded for the period."))),
        )  # fmt: skip
    else:
        found = (
            _kinds(figures, voice), _totals(figures, voice), *_substances(figures, voice), *_rates(figures, voice),
            *_contributions(figures, voice),
        )  # fmt: skip
    return (*found, _limits(voice), *said(figures, voice, "results"))


def _columns(voice: Voice, first: str) -> tuple[Column, ...]:
    return (
        Column(first, number=False, weight=2.4),
        Column(voice.say(msg("Period"))),
        Column(voice.say(msg("Same period a year before"))),
    )


def _kinds(figures: Figures, voice: Voice) -> Table:
    results = figures.results
    rows: list[tuple[Cell, ...]] = [
        (voice.say(KIND_WORDS[line.kind]), voice.count(line.now), voice.count(line.year_before))
        for line in results.kinds
    ]
    rows.append(
        (
            voice.say(msg("All closed operations")),
            voice.cell(results.totals.operations),
            voice.cell(results.year_before.operations),
        )
    )
    note = voice.say(
        msg("Operations of the whole programme, whoever gave the equipment. Only closed ones are counted.")
    )
    return Table(
        voice.say(msg("Operations")), _columns(voice, voice.say(msg("Kind"))), tuple(rows),
        voice.noted(rows, note), total=True, sheet="Operations",
    )  # fmt: skip


def _totals(figures: Figures, voice: Voice) -> Table:
    now, past = figures.results.totals, figures.results.year_before

    def row(label: str, of: str) -> tuple[Cell, ...]:
        return label, voice.count(getattr(now, of)), voice.count(getattr(past, of))

    rows = (
        row(voice.say(msg("Seizures")), "seizures"),
        row(voice.say(msg("Arrests")), "arrests"),
        row(voice.say(msg("Searches recorded")), "searches"),
        row(voice.say(msg("Searches in which something was found")), "finds"),
        (voice.say(msg("Operations with a seizure")), voice.cell(now.assessed), voice.cell(past.assessed)),
        (
            voice.say(msg("of which equipment supported or decided")),
            _with_equipment(now, voice),
            _with_equipment(past, voice),
        ),
    )
    return Table(
        voice.say(msg("What closed operations came to")),
        _columns(voice, voice.say(msg("Result"))),
        rows,
        sheet="Results",
    )


def _with_equipment(totals: ResultTotals, voice: Voice) -> Cell:
    if totals.with_equipment is None or not totals.assessed:
        return voice.count(totals.with_equipment) if totals.assessed else "–"
    share = voice.percent(round(totals.with_equipment / totals.assessed, 3))
    return voice.say(
        msg(
            "%(share)s (%(part)s of %(whole)s)",
            share=share,
            part=voice.number(totals.with_equipment),
            whole=voice.number(totals.assessed),
        )
    )


def _substances(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    results = figures.results
    others = voice.say(
        msg("%(n)s further substances, each in fewer than three cases, are not listed.", n=results.other_substances)
    )
    if not results.substances:
        return (Paragraph(others, "quiet"),) if results.other_substances else ()
    columns = (
        Column(voice.say(msg("Substance")), number=False, weight=2.0),
        Column(voice.say(msg("Cases"))),
        Column(voice.say(msg("Cases a year before")), weight=1.2),
        Column(voice.say(msg("kg, about")), weight=1.0),
        Column(voice.say(msg("95 % interval, kg")), weight=1.5),
        Column(voice.say(msg("Largest case")), number=False, weight=1.6),
    )
    note = voice.say(
        msg(
            "Weights have two digits. The interval says how far such a sum moves by chance alone: a few large cases "
            "decide it (Fay and Feuer, gamma). Cases are the better measure."
        )
    )
    rows = tuple(_substance(line, voice) for line in results.substances)
    table = Table(
        voice.say(msg("Seizures by substance, whole country")),
        columns,
        rows,
        voice.noted(rows, note, *([others] if results.other_substances else [])),
        sheet="Substances",
    )
    return (table,)


def _substance(line: SubstanceLine, voice: Voice) -> tuple[Cell, ...]:
    named = SUBSTANCE_NAMES.get(line.substance)
    weight: Cell = voice.say(msg("no weight"))
    interval = largest = "–"
    if line.kg is not None and line.low is not None and line.high is not None:
        weight = voice.cell(line.kg, _places(line.kg))
        interval = f"{voice.number(line.low, _places(line.low))} – {voice.number(line.high, _places(line.high))}"
        largest = voice.say(LARGEST_WORDS[line.largest])
    return (
        voice.say(named) if named else line.substance,
        voice.cell(line.cases),
        voice.count(line.year_before),
        weight,
        interval,
        largest,
    )


def _places(value: float) -> int:
    return 0 if value >= 10 else 1 if value >= 1 else 2 if value >= 0.1 else 3


def _rates(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    points = figures.results.rates
    if len(points) < 2:
        return ()
    labels = (msg("Period"), msg("Period before"), msg("A year before"))
    named = {point.first: label for point, label in zip(points, labels, strict=False)} if len(points) == 3 else {}
    rows = [
        Estimate(
            voice.say(named[point.first]) if point.first in named else voice.period(point.first, point.until),
            point.rate.value, point.rate.low, point.rate.high,
            voice.say(
                msg(
                    "%(value)s (%(made)s)",
                    value=measures.value(point.rate, voice),
                    made=measures.of_how_many(point.rate, voice),
                )
            ),
        )
        for point in points
    ]  # fmt: skip

    def draw(look: Look) -> str:
        return interval_dots(rows, look)

    return (
        Chart(
            voice.say(msg("Seizures beside the days of use")),
            voice.say(msg("Seizures per 1,000 days on which this donor's vehicles were used, with the 95 % interval")),
            "; ".join(f"{row.label}: {row.text}" for row in rows),
            draw,
            voice.say(msg("Where the intervals overlap, the difference may be chance.")),
        ),
    )


def _contributions(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    lines = figures.results.contributions
    if not lines:
        return ()
    columns = (
        Column(voice.say(msg("Class")), number=False, weight=2.4),
        Column(voice.say(msg("Did not matter"))),
        Column(voice.say(msg("Supported"))),
        Column(voice.say(msg("Decisive"))),
    )
    rows = tuple(
        (voice.name(line.name), *(voice.count(count) for count in (line.none, line.supported, line.decisive)))
        for line in lines
    )
    note = voice.say(msg("Said by those who were there, for closed operations with a seizure; no measurement."))
    return (
        Table(
            voice.say(msg("What the equipment contributed, by class")), columns, rows,
            voice.noted(rows, note), sheet="Contribution",
        ),
    )  # fmt: skip


def _limits(voice: Voice) -> Boxed:
    lines = (
        msg("The equipment contributed; that it caused a result cannot be concluded from these figures."),
        msg("Training, staff, law and equipment came together: what is seen is the effect of all of them."),
        msg("Seizures also follow the trafficking itself; more of them can mean more drugs on the road."),
        msg("Weights are decided by a few large cases; a sum can double or halve with no change in the work."),
        msg("Teams report better once they exist, and routes move away from places that are watched."),
    )
    return Boxed(voice.say(msg("Limits of attribution")), tuple(voice.say(line) for line in lines), "limits")
