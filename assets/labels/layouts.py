"""The sheets and rolls that labels are printed on: a table of sizes, and whether and where a symbol fits."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from assets.labels.qr import QUIET_ZONE

MIN_MODULE_MM = 0.5
"""Smaller modules do not survive office printers and phone cameras."""

A4_MM = (210.0, 297.0)
LETTER_MM = (215.9, 279.4)
_INCH_MM = 25.4
_SYMBOL_SHARE = 0.53  # of the width: the rest is for text
_TOLERANCE_MM = 1e-6

Content = Literal["full", "bare"]
Media = Literal["sheet", "roll"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where things lie on one label, in millimetres from its top left: a square symbol, and the box for text."""

    symbol_mm: tuple[float, float]
    side_mm: float
    text_mm: tuple[float, float]
    text_size_mm: tuple[float, float]


def _short(part_mm: float) -> float:
    return max(0.0, part_mm) if part_mm > _TOLERANCE_MM else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One kind of label sheet or roll; all lengths in millimetres, (width, height) or (left, top).

    `content`: `full` labels hold an address in their symbol when it fits, `bare` ones always the bare code.
    `padding_mm` stays white inside each label, so that a printer that feeds a little askew harms nothing. `edge_mm`
    is what the printer cannot reach at the label's sides and at its top and bottom: nothing dark lies there, though
    the quiet zone may. `quiet` modules around the symbol are within the label. On a roll a page is one label.
    """

    name: str
    columns: int
    rows: int
    label_mm: tuple[float, float]
    margins_mm: tuple[float, float]
    pitch_mm: tuple[float, float]
    page_mm: tuple[float, float] = A4_MM
    content: Content = "full"
    media: Media = "sheet"
    cut_lines: bool = False
    padding_mm: float = 1.0
    edge_mm: tuple[float, float] = (0.0, 0.0)
    quiet: int = QUIET_ZONE

    @property
    def cells(self) -> int:
        """Labels on one sheet."""
        return self.columns * self.rows

    @property
    def symbol_mm(self) -> float:
        """The side of the square that a symbol with its quiet zone may take: half the width is for text."""
        width, height = self.label_mm
        return min(height - 2 * self.padding_mm, (width - 2 * self.padding_mm) * _SYMBOL_SHARE)

    def _module(self, modules: int) -> float:
        reached = min(side - 2 * edge for side, edge in zip(self.label_mm, self.edge_mm, strict=True))
        return min(self.symbol_mm / (modules + 2 * self.quiet), reached / modules)

    def module_mm(self, modules: int) -> float | None:
        """The width of a module for a symbol of `modules` a side; None when that would be under the least."""
        module = self._module(modules)
        return module if module >= MIN_MODULE_MM - _TOLERANCE_MM else None

    def missing_mm(self, modules: int) -> tuple[float, float]:
        """By how much the label is too narrow and too low for such a symbol with modules of the least width."""
        side = (modules + 2 * self.quiet) * MIN_MODULE_MM
        dark = modules * MIN_MODULE_MM
        width, height = self.label_mm
        return (
            _short(max(side / _SYMBOL_SHARE + 2 * self.padding_mm, dark + 2 * self.edge_mm[0]) - width),
            _short(max(side + 2 * self.padding_mm, dark + 2 * self.edge_mm[1]) - height),
        )

    def place(self, modules: int) -> Place:
        """Where a symbol of `modules` a side and the text go; text never lies within the symbol's quiet zone."""
        module = self._module(modules)
        width, height = self.label_mm
        side = module * (modules + 2 * self.quiet)
        left = max(self.padding_mm, self.edge_mm[0] - self.quiet * module)
        inset = tuple(max(self.padding_mm, edge) for edge in self.edge_mm)
        return Place(
            symbol_mm=(left, (height - side) / 2),
            side_mm=side,
            text_mm=(left + side, inset[1]),
            text_size_mm=(width - inset[0] - left - side, height - 2 * inset[1]),
        )

    def cell_mm(self, cell: int) -> tuple[float, float]:
        """The top left corner of a cell (from 0, row by row) on its page."""
        row, column = divmod(cell, self.columns)
        return (
            self.margins_mm[0] + column * self.pitch_mm[0],
            self.margins_mm[1] + row * self.pitch_mm[1],
        )

    def described(self) -> dict[str, object]:
        """The layout as listed by `assets labels layouts --json`."""
        return {"name": self.name, "columns": self.columns, "rows": self.rows, "label_mm": list(self.label_mm)}


def roll(
    name: str,
    label_mm: tuple[float, float],
    *,
    edge_mm: tuple[float, float] = (0.0, 0.0),
    padding_mm: float = 1.0,
    content: Content = "full",
) -> Layout:
    """A roll or tape: each label is a page of its own."""
    return Layout(
        name=name, columns=1, rows=1, label_mm=label_mm, margins_mm=(0.0, 0.0), pitch_mm=label_mm, page_mm=label_mm,
        media="roll", padding_mm=padding_mm, edge_mm=edge_mm, content=content,
    )  # fmt: skip


def _centred(
    name: str,
    grid: tuple[int, int],
    label_mm: tuple[float, float],
    pitch_mm: tuple[float, float],
    *,
    page_mm: tuple[float, float] = A4_MM,
    content: Content = "full",
    padding_mm: float = 1.5,
    edge_mm: tuple[float, float] = (0.0, 0.0),
    quiet: int = QUIET_ZONE,
    cut_lines: bool = False,
) -> Layout:
    """A sheet whose block of labels lies in the middle of the page, as it does on all of these packets."""
    left, top = (
        (page - (count - 1) * pitch - label) / 2
        for page, count, pitch, label in zip(page_mm, grid, pitch_mm, label_mm, strict=True)
    )
    return Layout(
        name=name, columns=grid[0], rows=grid[1], label_mm=label_mm, margins_mm=(left, top), pitch_mm=pitch_mm,
        page_mm=page_mm, content=content, padding_mm=padding_mm, edge_mm=edge_mm, quiet=quiet, cut_lines=cut_lines,
    )  # fmt: skip


def _inches(*sides: float) -> tuple[float, float]:
    width, height = (side * _INCH_MM for side in sides)
    return width, height


# Sheets: label sizes and numbers as Avery and Avery Zweckform print them on the packets; pitches of the families 7160
# to 7163 and 8651 (= L7651), 5160, 5163 and 5167 (= 5267) also stand in the template tables of gLabels
# (avery-iso-templates.xml, avery-us-templates.xml), and where L7636 = L4736 and 3490 have no entry there, the block of
# labels is centred on the page as on the others.
# Brother: DK rolls print 306 of 29 mm and 696 of 62 mm in dots of 1/300 inch, with 35 dots of feed before and after
# (raster command reference of the QL printers); 24 mm TZe tape prints 128 dots of 1/180 inch.
# Dymo: 1.5 mm at the sides and about 6 mm at the leading edge of a LabelWriter roll cannot be printed on.
# 5267 is half an inch high: the symbol keeps half of its quiet zone above and below, the least that readers take.
LAYOUTS = MappingProxyType(
    {
        layout.name: layout
        for layout in (
            _centred("plain-a4", (3, 8), (63.0, 34.0), (63.0, 34.0), cut_lines=True),
            _centred("L7160", (3, 7), (63.5, 38.1), (66.04, 38.1)),
            _centred("L7161", (3, 6), (63.5, 46.6), (66.04, 46.6)),
            _centred("L7159", (3, 8), (63.5, 33.9), (66.04, 33.9)),
            _centred("L7162", (2, 8), (99.1, 33.9), (101.6, 33.9)),
            _centred("L7163", (2, 7), (99.1, 38.1), (101.6, 38.1)),
            _centred("L7651", (5, 13), (38.1, 21.2), (40.64, 21.2), content="bare", padding_mm=1.0),
            _centred("L7636", (4, 12), (45.7, 21.2), (48.26, 21.2), content="bare", padding_mm=1.0),
            _centred("L4736", (4, 12), (45.7, 21.2), (48.26, 21.2), content="bare", padding_mm=1.0),
            _centred("3490", (3, 8), (70.0, 36.0), (70.0, 36.0), edge_mm=(4.5, 0.0)),
            _centred("5160", (3, 10), _inches(2.625, 1), _inches(2.75, 1), page_mm=LETTER_MM, padding_mm=1.0),
            _centred("5163", (2, 5), _inches(4, 2), _inches(4.1875, 2), page_mm=LETTER_MM),
            _centred(
                "5267", (4, 20), _inches(1.75, 0.5), _inches(2.0625, 0.5),
                page_mm=LETTER_MM, content="bare", padding_mm=0.1, quiet=2,
            ),
            roll("dk-29", (62.0, 29.0), edge_mm=(3.0, 1.55)),
            roll("dk-62", (62.0, 40.0), edge_mm=(1.55, 3.0)),
            roll("tape-24", (60.0, 24.0), edge_mm=(2.0, 2.97), content="bare"),
            roll("dymo-99012", (89.0, 36.0), edge_mm=(6.0, 1.5)),
            roll("dymo-11354", (57.0, 32.0), edge_mm=(6.0, 1.5)),
            roll("roll-53", (53.0, 30.0), padding_mm=1.5),
        )
    }
)  # fmt: skip
"""The layouts by name."""

TOO_SMALL = MappingProxyType({"tape-12": roll("tape-12", (40.0, 12.0), edge_mm=(2.0, 1.52), padding_mm=0.0)})
"""What people ask for and no symbol fits on: 12 mm tape prints 106 dots of 1/300 inch, 9 mm of its width."""
