"""Section 4: condition and frequency of use, in the annex form of JICA."""

from __future__ import annotations

from assets.core.i18n import Message, msg
from assets.reports.figures import Count, Figures
from assets.reports.render.blocks import Block, Cell, Chart, Column, Paragraph, Table
from assets.reports.render.charts import Look, StackedBar, stacked_bars
from assets.reports.render.sections.said import said
from assets.reports.render.words import Voice

ID = "condition"
TITLE = msg("Condition and frequency of use")
_CONDITIONS: tuple[Message, ...] = (
    msg("A good"), msg("B minor fault"), msg("C needs repair"), msg("D unusable"), msg("never judged"),
)  # fmt: skip
_USES: tuple[Message, ...] = (
    msg("A almost daily"), msg("B 1-3 a week"), msg("C less"), msg("D not used"), msg("no data"),
)  # fmt: skip


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """A picture of the country, the classes, and the matrix of the annex form."""
    states = figures.states
    if not states.lines:
        words = msg("Fewer than three items are on the register: their condition and use are not shown.")
        return (Paragraph(voice.say(words)),)
    condition = _by_class(figures, voice, msg("Condition by class"), _CONDITIONS, "Condition", "condition")
    frequency = _by_class(figures, voice, msg("Frequency of use by class"), _USES, "Frequency", "frequency")
    return (
        _picture(figures, voice), condition, frequency, _matrix(figures, voice), _legend(voice),
        *said(figures, voice, "condition"),
    )  # fmt: skip


def _matrix(figures: Figures, voice: Voice) -> Block:
    states = figures.states
    if states.matrix is None:
        words = msg(
            "Condition crossed with frequency is not shown: with the tables by class, single items could be worked out."
        )
        return Paragraph(voice.say(words), "quiet")
    columns = (
        Column(voice.say(msg("Condition")), number=False, weight=1.6),
        *(Column(voice.say(use)) for use in _USES),
        Column(voice.say(msg("All"))),
    )
    rows: list[tuple[Cell, ...]] = [
        (voice.say(words), *(voice.count(count) for count in row), voice.cell(total))
        for words, row, total in zip(_CONDITIONS, states.matrix, states.condition, strict=True)
    ]
    rows.append(_sums(states.frequency, voice))
    return Table(
        voice.say(msg("Items on the register by condition and frequency of use")), columns, tuple(rows),
        voice.noted(rows), total=True, sheet="Matrix",
    )  # fmt: skip


def _sums(counts: tuple[int, ...], voice: Voice) -> tuple[Cell, ...]:
    return (voice.say(msg("All")), *(voice.cell(count) for count in counts), voice.cell(sum(counts)))


def _by_class(
    figures: Figures, voice: Voice, title: Message, grades: tuple[Message, ...], sheet: str, which: str
) -> Table:
    columns = (
        Column(voice.say(msg("Class")), number=False, weight=2.4),
        *(Column(voice.say(grade)) for grade in grades),
        Column(voice.say(msg("All"))),
    )

    def of(line: object) -> tuple[Count, ...]:
        found: tuple[Count, ...] = getattr(line, which)
        return found

    rows: list[tuple[Cell, ...]] = [
        (voice.name(line.name), *(voice.count(count) for count in of(line)), voice.cell(line.items))
        for line in figures.states.lines
    ]
    totals = figures.states.condition if which == "condition" else figures.states.frequency
    rows.append(_sums(totals, voice))
    return Table(voice.say(title), columns, tuple(rows), voice.noted(rows), total=True, sheet=sheet)


def _picture(figures: Figures, voice: Voice) -> Chart:
    states = figures.states
    bars = (
        (msg("Condition"), states.condition, msg("%(n)s judged", n=voice.number(sum(states.condition[:4])))),
        (msg("Frequency"), states.frequency, msg("%(n)s with data", n=voice.number(sum(states.frequency[:4])))),
    )
    rows = [
        StackedBar(voice.say(label), tuple(map(float, counts[:4])) if sum(counts[:4]) else None, voice.say(text))
        for label, counts, text in bars
    ]

    def draw(look: Look) -> str:
        return stacked_bars(rows, ("A", "B", "C", "D"), look)

    regular, known = sum(states.frequency[:2]), sum(states.frequency[:4])
    return Chart(
        voice.say(
            msg(
                "%(part)s of %(whole)s items with data were used every week",
                part=voice.number(regular),
                whole=voice.number(known),
            )
        ),
        voice.say(msg("Items by grade, whole country")),
        "; ".join(f"{voice.say(label)}: {', '.join(map(str, counts))}" for label, counts, _ in bars),
        draw,
        voice.say(msg("Items without data are not drawn: not recorded does not mean not used.")),
    )


def _legend(voice: Voice) -> Paragraph:
    words = msg(
        "Frequency is worked out from recorded use: A 4 days a week or more, B 1 to 3, C less than 1, D none. "
        "Condition is judged by a person: A good, B usable with a minor fault, C needs repair, D unusable."
    )
    return Paragraph(voice.say(words), "quiet")
