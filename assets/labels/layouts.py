"""The sheets that labels are printed on: a table of sizes, and whether a symbol fits."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from assets.labels.qr import QUIET_ZONE

MIN_MODULE_MM = 0.5
"""Smaller modules do not survive office printers and phone cameras."""

_A4_MM = (210.0, 297.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One kind of label sheet; all lengths in millimetres, (width, height) or (left, top).

    `content`: `full` labels hold an address in their symbol when it fits, `bare` ones always the bare code.
    `padding_mm` stays white inside each label, so that a printer that feeds a little askew harms nothing.
    """

    name: str
    columns: int
    rows: int
    label_mm: tuple[float, float]
    margins_mm: tuple[float, float]
    pitch_mm: tuple[float, float]
    page_mm: tuple[float, float] = _A4_MM
    content: Literal["full", "bare"] = "full"
    cut_lines: bool = False
    padding_mm: float = 1.0

    @property
    def cells(self) -> int:
        """Labels on one sheet."""
        return self.columns * self.rows

    @property
    def symbol_mm(self) -> float:
        """The side of the square that a symbol with its quiet zone may take: half the width is for text."""
        width, height = self.label_mm
        return min(height - 2 * self.padding_mm, (width - 2 * self.padding_mm) * 0.53)

    def module_mm(self, modules: int) -> float | None:
        """The width of a module for a symbol of `modules` a side; None when that would be under the least."""
        module = self.symbol_mm / (modules + 2 * QUIET_ZONE)
        return module if module >= MIN_MODULE_MM else None

    def described(self) -> dict[str, object]:
        """The layout as listed by `assets labels layouts --json`."""
        return {"name": self.name, "columns": self.columns, "rows": self.rows, "label_mm": list(self.label_mm)}


# Avery sheets: sizes and pitches as Avery prints them on the packets; margins centre the block on the page.
LAYOUTS = MappingProxyType(
    {
        layout.name: layout
        for layout in (
            Layout(
                name="plain-a4",
                columns=3,
                rows=8,
                label_mm=(63.0, 34.0),
                margins_mm=(10.5, 12.5),
                pitch_mm=(63.0, 34.0),
                cut_lines=True,
                padding_mm=1.5,
            ),
            Layout(
                name="L7160",
                columns=3,
                rows=7,
                label_mm=(63.5, 38.1),
                margins_mm=(7.21, 15.15),
                pitch_mm=(66.04, 38.1),
                padding_mm=1.5,
            ),
            Layout(
                name="L7651",
                columns=5,
                rows=13,
                label_mm=(38.1, 21.2),
                margins_mm=(4.67, 10.7),
                pitch_mm=(40.64, 21.2),
                content="bare",
            ),
        )
    }
)
"""The layouts by name."""
