"""Bars and stacked bars: lying, from zero, each with its own label and figure beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.reports.render.charts.canvas import (
    LINE,
    SMALL,
    TEXT,
    Canvas,
    Look,
    finite,
    plain,
    text_width,
    wrapped,
)

THICK = 22.0
GAP = 14.0
MOST_SERIES = 4


@dataclass(frozen=True)
class Bar:
    """One bar; `text` is its figure in words (unit and "of how many" included), `kind` a state to colour it by."""

    label: str
    value: float | None
    text: str = ""
    kind: str = ""


@dataclass(frozen=True)
class StackedBar:
    """One bar of several parts, in the order of the series; None: this row has no data at all."""

    label: str
    parts: tuple[float, ...] | None
    text: str = ""


@dataclass(frozen=True)
class Frame:
    """Where the labels and the bars stand: beside each other, or on a phone one above the other."""

    label_width: float
    left: float
    right: float

    def x(self, value: float, most: float) -> float:
        return self.left + (self.right - self.left) * value / most


def bars(rows: Sequence[Bar], look: Look) -> str:
    """Lying bars from zero. Negative values are refused with ValueError: they would need another chart."""
    values = [finite(row.value) for row in rows]
    refuse_negative([value for value in values if value is not None])
    figures = [
        row.text or (look.missing if value is None else plain(value)) for row, value in zip(rows, values, strict=True)
    ]
    frame = layout([row.label for row in rows], figures, look)
    most = max((value for value in values if value is not None), default=0) or 1.0
    canvas = Canvas(look)
    y = 4.0
    for row, value, figure in zip(rows, values, figures, strict=True):
        top, bottom = label(canvas, frame, row.label, y)
        if value is None:
            canvas.text(figure if row.text else look.missing, frame.left + 6, top + 16, name="quiet")
        else:
            end = frame.x(value, most)
            canvas.rect(row.kind or "s1", frame.left, top, max(end - frame.left, 1.0 if value else 0), THICK, 3)
            canvas.text(figure, end + 8, top + 16, bold=True)
        y = bottom + GAP
    base_line(canvas, frame, 0, y - GAP)
    return canvas.finish(max(y - GAP + 8, 12))


def stacked_bars(rows: Sequence[StackedBar], series: Sequence[str], look: Look) -> str:
    """Stacked bars from zero, at most four series; names stand over the first bar where they fit, else in a key."""
    if not 1 <= len(series) <= MOST_SERIES:
        raise ValueError(f"a stacked bar has 1 to {MOST_SERIES} series, not {len(series)}")
    totals = []
    for row in rows:
        if row.parts is not None:
            if len(row.parts) != len(series):
                raise ValueError(f"{row.label}: {len(row.parts)} parts for {len(series)} series")
            refuse_negative(row.parts)
            totals.append(sum(row.parts))
    figures = [row.text or (look.missing if row.parts is None else plain(sum(row.parts))) for row in rows]
    frame = layout([row.label for row in rows], figures, look)
    most = max(totals, default=0) or 1.0
    canvas = Canvas(look)
    y = start = names(canvas, rows, series, frame, most)
    for row, figure in zip(rows, figures, strict=True):
        top, bottom = label(canvas, frame, row.label, y)
        if row.parts is None:
            canvas.text(figure, frame.left + 6, top + 16, name="quiet")
        else:
            end = segments(canvas, row.parts, frame, most, top)
            canvas.text(figure, end + 8, top + 16, bold=True)
        y = bottom + GAP
    base_line(canvas, frame, start - 4, y - GAP)
    return canvas.finish(max(y - GAP + 8, 12))


def base_line(canvas: Canvas, frame: Frame, top: float, bottom: float) -> None:
    """The zero that all bars start from; on a phone the labels stand over it, and the bars' own edge is enough."""
    if not canvas.look.is_narrow:
        canvas.line("axis", (frame.left, top), (frame.left, max(bottom + 4, top + 8)))


def refuse_negative(values: Sequence[float]) -> None:
    if any(not value >= 0 for value in values):
        raise ValueError(f"bars start at zero and show no value below it: {min(values)}")


def layout(labels: Sequence[str], figures: Sequence[str], look: Look) -> Frame:
    room = max((text_width(figure, TEXT) for figure in figures), default=0) * 1.08 + 12
    room = min(room, look.width * 0.45)
    if look.is_narrow:
        return Frame(look.width - 4.0, 1.0, look.width - room)
    width = min(max((text_width(words) for words in labels), default=0), look.width * 0.34)
    return Frame(width, width + 14, look.width - room)


def label(canvas: Canvas, frame: Frame, words: str, y: float) -> tuple[float, float]:
    """Draws a row's label; gives the top of its bar and the bottom of the row."""
    lines = wrapped(words, frame.label_width * 1.02)
    if canvas.look.is_narrow:
        for index, line in enumerate(lines):
            canvas.text(line, 0, y + 13 + index * LINE)
        top = y + len(lines) * LINE
        return top, top + THICK
    height = max(THICK, len(lines) * LINE)
    start = y + (height - len(lines) * LINE) / 2
    for index, line in enumerate(lines):
        canvas.text(line, frame.left - 10, start + 14 + index * LINE, anchor="end")
    return y + (height - THICK) / 2, y + height


def segments(canvas: Canvas, parts: Sequence[float], frame: Frame, most: float, top: float) -> float:
    """Draws the parts of one bar with their figures where they fit; gives where the bar ends."""
    so_far = 0.0
    for index, part in enumerate(parts, start=1):
        start, end = frame.x(so_far, most), frame.x(so_far + part, most)
        canvas.rect(f"s{index}", start, top, max(0.0, end - start - 1), THICK)
        words = plain(part)
        if part and text_width(words, SMALL) + 8 < end - start:
            canvas.text(words, (start + end) / 2, top + 15.5, name=f"on{index}", anchor="middle", size=SMALL)
        so_far += part
    return frame.x(so_far, most)


def names(canvas: Canvas, rows: Sequence[StackedBar], series: Sequence[str], frame: Frame, most: float) -> float:
    """Writes the series names over the first bar if each fits over its part, else as a key; gives the next y."""
    first = next((row.parts for row in rows[:1] if row.parts is not None), None)
    if first is not None and not canvas.look.is_narrow:
        starts = [frame.x(sum(first[:index]), most) for index in range(len(first) + 1)]
        fits = all(text_width(name, SMALL) + 6 < starts[index + 1] - starts[index] for index, name in enumerate(series))
        if fits:
            for index, name in enumerate(series):
                canvas.text(name, starts[index], 13, name="quiet", size=SMALL)
            return 22.0
    return key(canvas, [(f"s{index}", name) for index, name in enumerate(series, start=1)], 4.0)


def key(canvas: Canvas, entries: Sequence[tuple[str, str]], y: float, x: float = 0.0) -> float:
    """A key: a patch and its word, in as many lines as needed; gives the next y."""
    at = x
    for name, words in entries:
        width = 18 + text_width(words, SMALL) * 1.06 + 14
        if at > x and at + width > canvas.look.width:
            at, y = x, y + LINE
        canvas.rect(name, at + 0.5, y + 0.5, 12, 12, 2)
        canvas.text(words, at + 18, y + 11, name="quiet", size=SMALL)
        at += width
    return y + LINE + 6
