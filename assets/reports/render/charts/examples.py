"""One made-up chart of each kind, for the page that shows all parts."""

from assets.reports.render.charts.bars import Bar, StackedBar, bars, stacked_bars
from assets.reports.render.charts.canvas import NARROW, WIDE, Look, Palette
from assets.reports.render.charts.lines import Estimate, Point, interval_dots, line
from assets.reports.render.charts.tiles import Region, region_tiles

UNITS = (
    Bar("Qoraqalpogʻiston Respublikasi tezkor guruhi", 21.4, "21.4 days"),
    Bar("Мобильная группа Сурхандарьинской области", 17.9, "17.9 days"),
    Bar("Fargʻona", 12.0, "12 days"),
    Bar("Sirdaryo", None),
    Bar("Toshkent shahri", 3.2, "3.2 days"),
)
STATES = (
    StackedBar("Patrol vehicles", (38, 9, 6, 2), "55 vehicles"),
    StackedBar("Trace detectors", (21, 4, 8, 0), "33 instruments"),
    StackedBar("Портативные рентгеновские установки", (7, 1, 2, 1), "11 instruments"),
    StackedBar("Radiation pagers", None),
)
MONTHS = (41, 44, 46, 43, None, None, 52, 55, 54, 58, 61, 63)
EFFECTS = (
    Estimate("Seizures per 100 patrol days", 1.24, 0.98, 1.57, "1.24 (0.98-1.57)"),
    Estimate("Checks with an instrument", 1.61, 1.32, 1.97, "1.61 (1.32-1.97)"),
    Estimate("Controlled deliveries", 0.9, 0.4, 2.1, "0.9 (0.4-2.1)"),
)
SEEN = {"QR": 92, "XO": 88, "NW": 61, "BU": 95, "JI": 74, "SI": None, "SA": 97, "TO": 82, "TK": 100, "QA": 55}


def examples(palette: Palette = "page") -> dict[str, tuple[str, str]]:
    """Charts by kind, each wide and narrow."""
    return {kind: (draw(kind, palette, WIDE), draw(kind, palette, NARROW)) for kind in DRAWINGS}


def draw(kind: str, palette: Palette, width: int) -> str:
    return DRAWINGS[kind](Look(kind, "Made-up data", width=width, palette=palette))


def draw_line(look: Look) -> str:
    labels = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return line([Point(label, value) for label, value in zip(labels, MONTHS, strict=True)], look, unit="km/day")


def draw_tiles(look: Look) -> str:
    rows = [Region(f"UZ-{code}", code, value, f"{value} %") for code, value in SEEN.items()]
    return region_tiles(rows, (60, 75, 90), look, unit="%")


DRAWINGS = {
    "bars": lambda look: bars(UNITS, look),
    "stacked": lambda look: stacked_bars(STATES, ("ready", "due", "blocked", "unknown"), look),
    "line": draw_line,
    "intervals": lambda look: interval_dots(EFFECTS, look, reference=1.0, unit="rate ratio"),
    "tiles": draw_tiles,
}
