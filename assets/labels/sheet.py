"""Sets label sheets as PDF: which label goes where, what its symbol says, and what had to give way."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from assets.labels import qr
from assets.labels.layouts import Layout
from assets.labels.text import printable
from assets.labels.token import format_code, parse_code
from assets.labels.typeset import typeset

_TEMPLATE = Path(__file__).with_name("sheet.typ")
_VENDOR = Path(__file__).parents[1] / "web" / "static" / "vendor"
_TITLE_LIMIT = 80
_LINE_LIMIT = 60
_LINES = 3


@dataclass(frozen=True, slots=True)
class LabelText:
    """One label: the canonical code, and optional text for people; a blank label has the code alone."""

    code: str
    title: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What makes up for a printer that draws a little too large, too small or beside: x' = x * scale + offset."""

    dx_mm: float = 0.0
    dy_mm: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0


AS_IS = Adjustment()


@dataclass(frozen=True, slots=True)
class SheetReport:
    """What was printed. `bare_because` is None when the symbols hold addresses, else why they do not."""

    labels: int
    pages: int
    module_mm: float
    bare_because: qr.BareBecause | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A PDF and what there is to say about it."""

    pdf: bytes
    report: SheetReport


@cache
def vendored_fonts() -> tuple[Path, ...]:
    """Folders with the Noto fonts that come with the product; typst's own fonts serve when there are none."""
    return tuple(sorted({font.parent for font in _VENDOR.glob("noto-sans*/**/*.ttf")}))


def _symbols(
    codes: Sequence[str], layout: Layout, base_address: str
) -> tuple[list[qr.Matrix], float, qr.BareBecause | None]:
    """All symbols of a print run in one size, the module width, and why they are bare, if they are.

    All codes are equally long and in one alphabet, so that what fits for one fits for all.
    """
    bare_because: qr.BareBecause | None = "layout"
    if layout.content == "full":
        bare_because = qr.payload(codes[0], base_address).bare_because
    if bare_because is None:
        try:
            matrices = [qr.matrix(qr.payload(codes[0], base_address).text)]
            module = layout.module_mm(len(matrices[0]))
        except ValueError:
            module = None
        if module is not None:
            return [qr.matrix(qr.payload(code, base_address).text) for code in codes], module, None
        bare_because = "does_not_fit"
    matrices = [qr.matrix(code) for code in codes]
    module = layout.module_mm(len(matrices[0]))
    if module is None:
        raise ValueError(f"layout {layout.name}: too small for the symbol of a bare code")
    return matrices, module, bare_because


def render_sheet(
    labels: Sequence[LabelText],
    layout: Layout,
    start_cell: int = 1,
    base_address: str = "",
    font_paths: Sequence[Path] | None = None,
    *,
    adjustment: Adjustment = AS_IS,
) -> Sheet:
    """The labels, in order, on as many sheets as it takes; the first goes into cell `start_cell`.

    Cells count from 1, row by row, so that a half-used sheet can be used up. Symbols hold `base_address` and
    the code where that fits with modules of 0.5 mm and a quiet zone of 4, else the bare code, and the
    report says why. Text that is too long is set smaller, then ends in an ellipsis; it never reaches the quiet zone.
    `adjustment` makes up for the printer. Raises ValueError for no labels, a start cell that the sheet has not, or a
    layout too small; CodeError for a code that is none; TypesetError.
    """
    if not labels:
        raise ValueError("there are no labels to print")
    if not 1 <= start_cell <= layout.cells:
        raise ValueError(f"start cell {start_cell}: layout {layout.name} has cells 1 to {layout.cells}")
    codes = [parse_code(label.code) for label in labels]
    matrices, module_mm, bare_because = _symbols(codes, layout, base_address)
    place = layout.place(len(matrices[0]))
    data = {
        "page": layout.page_mm,
        "label": layout.label_mm,
        "margins": layout.margins_mm,
        "pitch": layout.pitch_mm,
        "columns": layout.columns,
        "rows": layout.rows,
        "symbol": (*place.symbol_mm, place.side_mm),
        "text": (*place.text_mm, *place.text_size_mm),
        "cut_lines": layout.cut_lines,
        "adjust": asdict(adjustment),
        "first": start_cell - 1,
        "labels": [
            {
                "code": format_code(code),
                "symbol": qr.svg(modules, layout.quiet),
                "title": printable(label.title, _TITLE_LIMIT),
                "lines": [printable(line, _LINE_LIMIT) for line in label.lines[:_LINES] if line.strip()],
            }
            for code, modules, label in zip(codes, matrices, labels, strict=True)
        ],
    }
    pdf = typeset(_TEMPLATE, data, vendored_fonts() if font_paths is None else font_paths)
    pages = math.ceil((start_cell - 1 + len(labels)) / layout.cells)
    return Sheet(pdf, SheetReport(len(labels), pages, module_mm, bare_because))
