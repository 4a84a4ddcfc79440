"""Values over time as a line that breaks where data is missing, and estimates with their intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assets.reports.render.charts.canvas import (
    LINE,
    SMALL,
    Canvas,
    Look,
    finite,
    plain,
    text_width,
    ticks,
    wrapped,
)

HEIGHT = 220.0

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Point:
    """One period: its label under the axis and its value; None is a gap."""

    label: str
    value: float | None


@dataclass(frozen=True)
class Estimate:
    """A value with the interval it may lie in; `text` are its words, of-how-many included."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    text: str = ""


def line(points: Sequence[Point], look: Look, *, unit: str = "") -> str:
    """A line from zero (or below, when values are) over equally long periods; gaps are shaded and named."""
    values = [finite(point.value) for point in points]
    known = [value for value in values if value is not None]
    scale = ticks(min(0.0, *known) if known else 0.0, max(known, default=1.0))
    labels = [plain(tick) for tick in scale]
    left = max(text_width(words, SMALL) for words in labels) + 12
    right, top, bottom = look.width - 44.0, 26.0, HEIGHT - 28
    step = (right - left) / max(1, len(points) - 1)

    def x(index: int) -> float:
        return left + step * index if len(points) > 1 else (left + right) / 2

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - scale[0]) / (scale[-1] - scale[0])

    canvas = Canvas(look)
    if unit:
        canvas.text(unit, 0, 12, name="quiet", size=SMALL)
    for tick, words in zip(scale, labels, strict=True):
        canvas.line("axis" if tick == 0 else "grid", (left, y(tick)), (right, y(tick)))
        canvas.text(words, left - 8, y(tick) + 4, name="quiet", anchor="end", size=SMALL)
    for first, last in gaps(values):
        start, end = max(left, x(first - 1)), min(right, x(last + 1))
        canvas.rect("gap", start, top, end - start, bottom - top)
        if text_width(look.missing, SMALL) < end - start:
            canvas.text(look.missing, (start + end) / 2, (top + bottom) / 2, name="quiet", anchor="middle", size=SMALL)
    for run in runs(values):
        path = [(x(index), y(value)) for index, value in run]
        if len(path) > 1:
            canvas.path("line", path)
        else:
            canvas.dot("dot", *path[0], 3.5)
    draw_last(canvas, values, x, y)
    draw_periods(canvas, points, x, bottom)
    return canvas.finish(HEIGHT)


def draw_last(canvas: Canvas, values: Sequence[float | None], x: Callable[[int], float], y: Scale) -> None:
    """Names the newest value: it is what people ask first."""
    known = [(index, value) for index, value in enumerate(values) if value is not None]
    if known:
        index, value = known[-1]
        canvas.dot("dot", x(index), y(value), 4.5)
        words, room = plain(value), canvas.look.width - x(index)
        outside = text_width(words) + 10 < room
        canvas.text(
            words,
            x(index) + (9 if outside else 0),
            y(value) + (5 if outside else -10),
            anchor="start" if outside else "end",
            bold=True,
        )


def draw_periods(canvas: Canvas, points: Sequence[Point], x: Callable[[int], float], bottom: float) -> None:
    """Writes as many period labels as fit without touching, the last one always."""
    taken = float("inf")
    for index in range(len(points) - 1, -1, -1):
        width = text_width(points[index].label, SMALL) + 12
        if x(index) + width / 2 <= taken and x(index) - width / 2 >= -8:
            canvas.line("axis", (x(index), bottom), (x(index), bottom + 4))
            canvas.text(points[index].label, x(index), bottom + 20, name="quiet", anchor="middle", size=SMALL)
            taken = x(index) - width / 2


def interval_dots(rows: Sequence[Estimate], look: Look, *, reference: float | None = None, unit: str = "") -> str:
    """A dot per estimate with its interval; `reference` (say 1 for a ratio) is a line through all rows."""
    values = [
        value for row in rows for value in (finite(row.value), finite(row.low), finite(row.high)) if value is not None
    ]
    if reference is not None:
        values.append(reference)
    scale = ticks(min(0.0, *values) if values else 0.0, max(values, default=1.0))
    words = [row.text or (look.missing if finite(row.value) is None else plain(row.value or 0)) for row in rows]
    left = 8.0 if look.is_narrow else min(max((text_width(r.label) for r in rows), default=0), look.width * 0.3) + 18
    room = (
        14.0 if look.is_narrow else min(max((text_width(w) for w in words), default=0) * 1.08 + 20, look.width * 0.36)
    )
    right = look.width - room
    height = (LINE * 2 + 22) if look.is_narrow else 40.0
    bottom = height * len(rows) + 4

    def x(value: float) -> float:
        return left + (right - left) * (value - scale[0]) / (scale[-1] - scale[0])

    canvas = Canvas(look)
    for tick in scale:
        for top, end in rows_of_plot(look, len(rows), height):
            canvas.line("grid", (x(tick), top), (x(tick), end))
        canvas.text(plain(tick), x(tick), bottom + 16, name="quiet", anchor="middle", size=SMALL)
    if reference is not None:
        for top, end in rows_of_plot(look, len(rows), height):
            canvas.line("axis", (x(reference), top), (x(reference), end), 1.5)
    for index, (row, said) in enumerate(zip(rows, words, strict=True)):
        top = index * height
        middle = top + (LINE * 2 + 8 if look.is_narrow else 20)
        draw_words(canvas, row.label, said, top, middle, left, right)
        draw_estimate(canvas, row, x, middle)
    if unit:
        canvas.text(unit, right, bottom + 32, name="quiet", anchor="end", size=SMALL)
    return canvas.finish(bottom + (38 if unit else 22))


def rows_of_plot(look: Look, count: int, height: float) -> list[tuple[float, float]]:
    """Where upright lines run: through everything, or on a phone only beside the dots, not through the words."""
    if not look.is_narrow:
        return [(0, height * count + 4)]
    return [(row * height + LINE * 2 - 2, row * height + LINE * 2 + 18) for row in range(count)]


def draw_words(canvas: Canvas, label: str, said: str, top: float, middle: float, left: float, right: float) -> None:
    if canvas.look.is_narrow:
        canvas.text(wrapped(label, canvas.look.width * 1.0, most=1)[0], 0, top + 14)
        canvas.text(said, 0, top + 14 + LINE, bold=True)
        return
    lines = wrapped(label, left - 16, most=2)
    for index, words in enumerate(lines):
        canvas.text(words, left - 16, middle + 5 + (index - (len(lines) - 1) / 2) * LINE, anchor="end")
    canvas.text(said, right + 14, middle + 5, bold=True)


def draw_estimate(canvas: Canvas, row: Estimate, x: Scale, middle: float) -> None:
    low, high, value = finite(row.low), finite(row.high), finite(row.value)
    if low is not None and high is not None:
        canvas.line("interval", (x(low), middle), (x(high), middle), 2)
        for end in (low, high):
            canvas.line("interval", (x(end), middle - 5), (x(end), middle + 5), 2)
    if value is not None:
        canvas.dot("dot", x(value), middle, 6)


def gaps(values: Sequence[float | None]) -> list[tuple[int, int]]:
    """First and last index of each stretch without data."""
    found: list[tuple[int, int]] = []
    for index, value in enumerate(values):
        if value is None:
            if found and found[-1][1] == index - 1:
                found[-1] = (found[-1][0], index)
            else:
                found.append((index, index))
    return found


def runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Stretches of known values, each to be drawn as one line."""
    found: list[list[tuple[int, float]]] = []
    before = False
    for index, value in enumerate(values):
        if value is not None:
            if not before:
                found.append([])
            found[-1].append((index, value))
        before = value is not None
    return found
