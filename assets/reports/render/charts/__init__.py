"""Small SVG charts, drawn once and shown alike on a page, on a phone, in print and in a PDF.

Every function takes frozen rows and gives one SVG text. `Look` holds what is common: title and description (read
aloud, never drawn: the page's own heading stands above), width (`WIDE`, or `NARROW` for phones), the palette
(`"page"`: classes that the style sheet colours, light or dark; `"print"`: fixed colours, for PDFs) and the words for
missing data. Nothing is ever cut off below zero, and what is missing is a gap with a word, not a nought.
"""

from assets.reports.render.charts.bars import Bar, StackedBar, bars, stacked_bars
from assets.reports.render.charts.canvas import NARROW, WIDE, Look
from assets.reports.render.charts.lines import Estimate, Point, interval_dots, line
from assets.reports.render.charts.tiles import REGION_TILES, Region, region_tiles

__all__ = [
    "NARROW",
    "REGION_TILES",
    "WIDE",
    "Bar",
    "Estimate",
    "Look",
    "Point",
    "Region",
    "StackedBar",
    "bars",
    "interval_dots",
    "line",
    "region_tiles",
    "stacked_bars",
]
