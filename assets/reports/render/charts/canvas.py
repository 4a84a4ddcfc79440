"""What all charts share: an SVG being written, colours by palette, widths of text, round scales."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from xml.sax.saxutils import quoteattr

WIDE = 720
NARROW = 360
TEXT = 14.0  # font sizes in px of the picture's own width
SMALL = 12.5
LINE = 19.0

Palette = Literal["page", "print"]
Anchor = Literal["start", "middle", "end"]

# Fixed colours for PDFs: each step is clearly lighter than the one before, so that a grey copy reads the same.
PRINT: dict[str, dict[str, str]] = {
    "": {"fill": "#111827"},
    "quiet": {"fill": "#3d495a"},
    "axis": {"stroke": "#66758a", "fill": "none"},
    "grid": {"stroke": "#d5dce5", "fill": "none"},
    "line": {"stroke": "#123f86", "fill": "none"},
    "dot": {"fill": "#123f86"},
    "interval": {"stroke": "#123f86"},
    "gap": {"fill": "#edf1f5"},
    "s1": {"fill": "#123f86"},
    "s2": {"fill": "#5f87c4"},
    "s3": {"fill": "#a9c0e4"},
    "s4": {"fill": "#dbe5f4"},
    "on1": {"fill": "#ffffff"},
    "on2": {"fill": "#0d1729"},
    "on3": {"fill": "#0d1729"},
    "on4": {"fill": "#0d1729"},
    "ink-light": {"fill": "#ffffff"},
    "ink-dark": {"fill": "#0d1729"},
    "band0": {"fill": "#ffffff", "stroke": "#66758a", "stroke-dasharray": "3 3"},
    "band1": {"fill": "#dbe5f4"},
    "band2": {"fill": "#a9c0e4"},
    "band3": {"fill": "#6d93cd"},
    "band4": {"fill": "#123f86"},
    "ready": {"fill": "#0a5232"},
    "due": {"fill": "#b07a1a"},
    "blocked": {"fill": "#861420"},
    "unknown": {"fill": "#8a94a3"},
    "away": {"fill": "#3f74c4"},
}

# Control characters, surrogates and non-characters have no place in XML and would make the whole picture unreadable.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Look:
    """What a chart is called, how wide it is drawn, in which palette, and its word for missing data."""

    title: str
    description: str = ""
    width: int = WIDE
    palette: Palette = "page"
    missing: str = "no data"

    @property
    def is_narrow(self) -> bool:
        return self.width < 560


@dataclass
class Canvas:
    """An SVG being written: shapes are added in order, the height is known at the end."""

    look: Look
    parts: list[str] = field(default_factory=list)

    def rect(self, name: str, x: float, y: float, width: float, height: float, radius: float = 0) -> None:
        attributes = {"x": x, "y": y, "width": max(0.0, width), "height": height}
        self._add("rect", name, {**attributes, "rx": radius} if radius else {**attributes})

    def line(self, name: str, start: tuple[float, float], end: tuple[float, float], thick: float = 1) -> None:
        (x1, y1), (x2, y2) = start, end
        self._add("line", name, {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "stroke-width": thick})

    def path(self, name: str, points: Sequence[tuple[float, float]], thick: float = 2.5) -> None:
        steps = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self._add("polyline", name, {"points": steps, "stroke-width": thick, "stroke-linejoin": "round"})

    def dot(self, name: str, x: float, y: float, radius: float) -> None:
        self._add("circle", name, {"cx": x, "cy": y, "r": radius})

    def text(
        self,
        words: str,
        x: float,
        y: float,
        *,
        name: str = "",
        anchor: Anchor = "start",
        size: float = TEXT,
        bold: bool = False,
    ) -> None:
        """Words with their baseline at y."""
        attributes: dict[str, float | str] = {"x": x, "y": y, "font-size": size}
        if anchor != "start":
            attributes["text-anchor"] = anchor
        if bold:
            attributes["font-weight"] = 600 if self.look.palette == "page" else 700
        self._add("text", name, attributes, clean(words))

    def finish(self, height: float) -> str:
        """The whole picture; screen readers say its title and description instead of its parts."""
        size = f"0 0 {self.look.width} {number(height)}"
        kind = "narrow" if self.look.is_narrow else "wide"
        spoken = ". ".join(part for part in (self.look.title, self.look.description) if part)
        font = ' font-family="Noto Sans"' if self.look.palette == "print" else ""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart {kind}" viewBox="{size}" '
            f'width="{self.look.width}" height="{number(height)}" role="img" aria-label={quoted(spoken)}{font}>'
        )
        described = f"<desc>{clean(self.look.description)}</desc>" if self.look.description else ""
        return f"{head}<title>{clean(self.look.title)}</title>{described}{''.join(self.parts)}</svg>"

    def _add(self, tag: str, name: str, attributes: dict[str, float | str], words: str | None = None) -> None:
        painted: dict[str, float | str] = dict(attributes)
        if self.look.palette == "print":
            painted.update(PRINT[name])
        elif name:
            painted["class"] = name
        written = "".join(
            f" {key}={quoted(value if isinstance(value, str) else number(value))}" for key, value in painted.items()
        )
        self.parts.append(f"<{tag}{written}/>" if words is None else f"<{tag}{written}>{words}</{tag}>")


def clean(words: str) -> str:
    """Words as XML text: markup escaped, what XML cannot hold left out."""
    kept = NOT_XML.sub("", words)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quoted(words: str) -> str:
    return quoteattr(NOT_XML.sub("", words))


def number(value: float) -> str:
    """A coordinate with at most two decimals and no useless nought."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def plain(value: float) -> str:
    """A value as words where the caller gave none: at most one decimal."""
    return f"{value:,.1f}".removesuffix(".0").replace(",", "\u202f")


def text_width(words: str, size: float = TEXT) -> float:
    """About how wide words are in px: there is no font to ask, so it errs to the wide side."""
    return size * sum(letter_width(letter) for letter in words)


def letter_width(letter: str) -> float:
    if letter >= "\u2e80":
        return 1.0
    if letter in " .,:;'|!()il-\u02bb\u02bc":
        return 0.33
    if letter in "mwMWШЩЮЖФшщюжфм":
        return 0.88
    if letter.isupper():
        return 0.72
    return 0.63 if "\u0400" <= letter <= "\u052f" else 0.57


def wrapped(words: str, width: float, size: float = TEXT, most: int = 3) -> list[str]:
    """Words in lines that fit the width; a word too long for a line is broken, past `most` lines an ellipsis."""
    lines: list[str] = []
    line = ""
    for piece in pieces(words, width, size):
        joined = f"{line} {piece}".strip()
        if line and text_width(joined, size) > width:
            lines.append(line)
            line = piece
        else:
            line = joined
    lines.append(line)
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]} …"]


def pieces(words: str, width: float, size: float) -> list[str]:
    found = []
    for word in words.split():
        while text_width(word, size) > width and len(word) > 1:
            fit = max(1, sum(text_width(word[: n + 1], size) <= width for n in range(len(word))))
            found.append(word[:fit])
            word = word[fit:]
        found.append(word)
    return found


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round values from at or below `low` to at or above `high`, in steps of 1, 2 or 5 times a power of ten."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        high = low + 1
    raw = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def finite(value: float | None) -> float | None:
    """The value, or None for what cannot be drawn: missing, infinite, not a number."""
    return value if value is not None and math.isfinite(value) else None
