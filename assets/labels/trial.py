"""The test page of a printer: rulers, two crosses and the outlines of a layout, and the adjustment read off from it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from assets.labels.layouts import Layout
from assets.labels.sheet import AS_IS, Adjustment, vendored_fonts
from assets.labels.typeset import typeset

_TEMPLATE = Path(__file__).with_name("trial.typ")
_SHEET_INSET_MM = (20.0, 20.0)
_ROLL_INSET_MM = (10.0, 6.0)
LARGEST_OFFSET_MM = 20.0
SCALES = (0.9, 1.1)


@dataclass(frozen=True, slots=True)
class Measured:
    """Where the two crosses lie on the paper: distances from its left and top edge, in millimetres."""

    first_x_mm: float
    first_y_mm: float
    second_x_mm: float
    second_y_mm: float


def crosses_mm(layout: Layout) -> Measured:
    """Where the two crosses are drawn, and would lie on paper if the printer were exact."""
    inset_x, inset_y = _SHEET_INSET_MM if layout.media == "sheet" else _ROLL_INSET_MM
    width, height = layout.page_mm
    return Measured(inset_x, inset_y, width - inset_x, height - inset_y)


def adjustment_for(layout: Layout, measured: Measured) -> Adjustment:
    """What makes up for a printer that put the crosses of an unadjusted test page there.

    A printer draws what should lie at x at a * x + b. Two crosses give a and b; drawn at (x - b) / a, it lies at x.
    Raises ValueError when the crosses stand the wrong way round, or a or b is beyond what feeding askew explains.
    """
    drawn = crosses_mm(layout)
    scale_x, dx = _one_axis((drawn.first_x_mm, drawn.second_x_mm), (measured.first_x_mm, measured.second_x_mm))
    scale_y, dy = _one_axis((drawn.first_y_mm, drawn.second_y_mm), (measured.first_y_mm, measured.second_y_mm))
    found = Adjustment(round(dx, 2), round(dy, 2), round(scale_x, 4), round(scale_y, 4))
    if not is_plausible(found):
        raise ValueError("no printer is that far off")
    return found


def _one_axis(drawn: tuple[float, float], measured: tuple[float, float]) -> tuple[float, float]:
    stretch = (measured[1] - measured[0]) / (drawn[1] - drawn[0])
    if stretch <= 0:
        raise ValueError("the second cross lies before the first")
    shift = measured[0] - stretch * drawn[0]
    return 1 / stretch, -shift / stretch


def is_plausible(adjustment: Adjustment) -> bool:
    """Whether a printer can be that far off: 20 mm and a tenth of the size."""
    offsets = (adjustment.dx_mm, adjustment.dy_mm)
    scales = (adjustment.scale_x, adjustment.scale_y)
    return all(abs(offset) <= LARGEST_OFFSET_MM for offset in offsets) and all(
        SCALES[0] <= scale <= SCALES[1] for scale in scales
    )


def render_trial(layout: Layout, title: str, steps: Sequence[str], *, adjustment: Adjustment = AS_IS) -> bytes:
    """The test page as PDF; on sheets with `title` and `steps` in the middle, rolls have no room for them."""
    crosses = crosses_mm(layout)
    data = {
        "page": layout.page_mm,
        "label": layout.label_mm,
        "cells": [layout.cell_mm(cell) for cell in range(layout.cells)],
        "crosses": [[crosses.first_x_mm, crosses.first_y_mm], [crosses.second_x_mm, crosses.second_y_mm]],
        "adjust": asdict(adjustment),
        "title": title if layout.media == "sheet" else "",
        "steps": list(steps) if layout.media == "sheet" else [],
    }
    return typeset(_TEMPLATE, data, vendored_fonts())
