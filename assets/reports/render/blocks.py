"""The parts that a document is made of; page, PDF and workbook know how to show each of them, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from assets.reports.render.charts import Look

Draw = Callable[[Look], str]


@dataclass(frozen=True)
class Number:
    """A number in a table: as it is read, and as it is calculated with; shares from 0 to 1 where `percent`."""

    text: str
    value: float | Decimal
    decimals: int = 0
    percent: bool = False
    currency: str = ""

    def __str__(self) -> str:
        return self.text


Cell = str | Number


@dataclass(frozen=True)
class Paragraph:
    """Plain words; `strong` for the sentences that matter most, `quiet` for how it was measured."""

    kind: ClassVar[str] = "paragraph"
    text: str
    tone: str = ""


@dataclass(frozen=True)
class Boxed:
    """Words in a frame under a title; `tone` 'said': a person wrote them, 'limits': what must not be concluded."""

    kind: ClassVar[str] = "boxed"
    title: str
    lines: tuple[str, ...]
    tone: str = "said"


@dataclass(frozen=True)
class Against:
    """One figure against what was promised: words, the state of its band, and the band in words."""

    words: str
    state: str
    band: str


@dataclass(frozen=True)
class Answer:
    """One question of page one: the figure in large, what it is made of, against the plan, and before.

    `codes` are the figures that it stands on, for who wants to know how they are worked out.
    """

    question: str
    figure: Cell
    lines: tuple[str, ...]
    against: tuple[Against, ...] = ()
    before: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answers:
    """The questions of page one with their answers; `heads` name the columns."""

    kind: ClassVar[str] = "answers"
    heads: tuple[str, str, str, str]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Facts:
    """Pairs of a label and words."""

    kind: ClassVar[str] = "facts"
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Column:
    """A head of a table; numbers stand to the right. `weight`: its share of the width in print."""

    label: str
    number: bool = True
    weight: float = 1.0


@dataclass(frozen=True)
class Table:
    """A table whose title says what it shows; the last row is a sum where `total`.

    `sheet` names it in a workbook. `codes` and `definitions`, where there are any, belong to the rows one by one: the
    figure that a row shows, and what it means.
    """

    kind: ClassVar[str] = "table"
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    total: bool = False
    sheet: str = ""
    codes: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A picture: the title says the finding, the subtitle the measure, `spoken` what it shows for who cannot see it.

    `table` holds its numbers for a workbook, where no table of the document does.
    """

    kind: ClassVar[str] = "chart"
    title: str
    subtitle: str
    spoken: str
    draw: Draw
    note: str = ""
    table: Table | None = None

    def svg(self, palette: str, width: int) -> str:
        """The picture for a page or for print, wide or narrow."""
        return self.draw(Look(self.title, self.spoken, width, "print" if palette == "print" else "page"))


Block = Paragraph | Boxed | Answers | Facts | Table | Chart


@dataclass(frozen=True)
class Section:
    """A part of the document; `number` as it is counted ('1' to '10', then letters)."""

    id: str
    number: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """The whole summary, ready to be shown."""

    title: str
    subtitle: str
    lang: str
    head: Facts
    status: str
    draft: bool
    notice: str
    sections: tuple[Section, ...]
    footer: str
