"""The parts that a document is made of; page and PDF know how to show each of them, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from assets.reports.render.charts import Look

Draw = Callable[[Look], str]


@dataclass(frozen=True)
class Paragraph:
    """Plain words; `strong` for the sentences that matter most, `quiet` for how it was measured."""

    kind: ClassVar[str] = "paragraph"
    text: str
    tone: str = ""


@dataclass(frozen=True)
class Tile:
    """One large figure: value in words, of how many, the band of its target (a state), and the data it stands on."""

    label: str
    value: str
    of: str
    state: str = ""
    state_words: str = ""
    coverage: str = ""


@dataclass(frozen=True)
class Tiles:
    """Large figures side by side."""

    kind: ClassVar[str] = "tiles"
    tiles: tuple[Tile, ...]


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
    """A table whose title says what it shows; the last row is a sum where `total`."""

    kind: ClassVar[str] = "table"
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    total: bool = False


@dataclass(frozen=True)
class Chart:
    """A picture: the title says the finding, the subtitle the measure, `spoken` what it shows for who cannot see it."""

    kind: ClassVar[str] = "chart"
    title: str
    subtitle: str
    spoken: str
    draw: Draw
    note: str = ""

    def svg(self, palette: str, width: int) -> str:
        """The picture for a page or for print, wide or narrow."""
        return self.draw(Look(self.title, self.spoken, width, "print" if palette == "print" else "page"))


Block = Paragraph | Tiles | Facts | Table | Chart


@dataclass(frozen=True)
class Section:
    """A numbered part of the document."""

    id: str
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
