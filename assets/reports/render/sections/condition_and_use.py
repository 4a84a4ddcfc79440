"""Section 4: condition and frequency of use."""

from __future__ import annotations

from assets.core.i18n import Message, msg
from assets.reports.figures import Figures
from assets.reports.render.blocks import Block, Chart, Column, Paragraph, Table
from assets.reports.render.charts import Look, StackedBar, stacked_bars
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
    """The matrix of the annex form, the classes, and a picture of the use."""
    if not figures.states:
        return ()
    return (_picture(figures, voice), _matrix(figures, voice), _by_class(figures, voice), _legend(voice))


def _matrix(figures: Figures, voice: Voice) -> Table:
    columns = (
        Column(voice.say(msg("Condition")), number=False, weight=1.6),
        *(Column(voice.say(use)) for use in _USES),
        Column(voice.say(msg("All"))),
    )
    rows = [
        (voice.say(condition), *(voice.number(count) for count in row), voice.number(sum(row)))
        for condition, row in zip(_CONDITIONS, figures.matrix, strict=True)
    ]
    sums = [sum(row[n] for row in figures.matrix) for n in range(len(_USES))]
    rows.append((voice.say(msg("All")), *(voice.number(count) for count in sums), voice.number(sum(sums))))
    return Table(
        voice.say(msg("Items on the register by condition and frequency of use")), columns, tuple(rows), total=True
    )


def _by_class(figures: Figures, voice: Voice) -> Table:
    columns = (
        Column(voice.say(msg("Class")), number=False, weight=2.6),
        Column(voice.say(msg("Items"))),
        Column(voice.say(msg("Condition A / B / C / D / never judged")), weight=2.4),
        Column(voice.say(msg("Frequency A / B / C / D / no data")), weight=2.4),
    )
    rows = tuple(
        (
            line.name,
            voice.number(line.items),
            " / ".join(voice.number(count) for count in line.condition),
            " / ".join(voice.number(count) for count in line.frequency),
        )
        for line in figures.states
    )
    return Table(voice.say(msg("The same by class")), columns, rows)


def _picture(figures: Figures, voice: Voice) -> Chart:
    rows = []
    for line in figures.states:
        graded = line.frequency[:4]
        unknown = line.frequency[4]
        words = voice.number(line.items) if not unknown else voice.say(
            msg("%(n)s, %(unknown)s without data", n=voice.number(line.items), unknown=voice.number(unknown))
        )  # fmt: skip
        rows.append(StackedBar(line.name, tuple(map(float, graded)) if sum(graded) else None, words))

    def draw(look: Look) -> str:
        return stacked_bars(rows, [voice.say(use) for use in _USES[:4]], look)

    regular = sum(sum(line.frequency[:2]) for line in figures.states)
    known = sum(sum(line.frequency[:4]) for line in figures.states)
    return Chart(
        voice.say(
            msg(
                "%(part)s of %(whole)s items with data were used every week",
                part=voice.number(regular),
                whole=voice.number(known),
            )
        ),
        voice.say(msg("Items by frequency of use on the days on which they could be used")),
        "; ".join(f"{line.name}: " + ", ".join(map(str, line.frequency)) for line in figures.states),
        draw,
        voice.say(msg("Items without data are not drawn: not recorded does not mean not used.")),
    )


def _legend(voice: Voice) -> Paragraph:
    words = msg(
        "Frequency is worked out from recorded use: A 4 days a week or more, B 1 to 3, C less than 1, D none. "
        "Condition is judged by a person: A good, B usable with a minor fault, C needs repair, D unusable."
    )
    return Paragraph(voice.say(words), "quiet")
