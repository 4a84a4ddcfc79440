"""The 14 regions as tiles, one size each, in four bands: a large empty region weighs no more than a small full one."""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.reports.render.charts.bars import key
from assets.reports.render.charts.canvas import SMALL, Canvas, Look, finite, plain, wrapped

# Column and row of each region (ISO 3166-2), laid out after the map: west to east, north to south.
REGION_TILES: dict[str, tuple[int, int]] = {
    "UZ-QR": (0, 0),
    "UZ-TO": (4, 0),
    "UZ-NG": (5, 0),
    "UZ-AN": (6, 0),
    "UZ-XO": (0, 1),
    "UZ-NW": (1, 1),
    "UZ-JI": (2, 1),
    "UZ-SI": (3, 1),
    "UZ-TK": (4, 1),
    "UZ-FA": (5, 1),
    "UZ-BU": (1, 2),
    "UZ-SA": (2, 2),
    "UZ-QA": (2, 3),
    "UZ-SU": (3, 3),
}
COLUMNS, ROWS, BANDS = 7, 4, 4
GAP = 4.0


@dataclass(frozen=True)
class Region:
    """One region: its ISO code, its name, its value (None: no data) and the value in words."""

    code: str
    name: str
    value: float | None
    text: str = ""


def region_tiles(rows: Sequence[Region], limits: Sequence[float], look: Look, *, unit: str = "") -> str:
    """Tiles coloured in up to four bands; `limits` are the upper ends of all bands but the last, ascending.

    A region that is not given is drawn as missing, so that the country is always whole. ValueError for an unknown
    code or limits that do not ascend.
    """
    given = {row.code: row for row in rows}
    unknown = sorted(set(given) - set(REGION_TILES))
    if unknown:
        raise ValueError(f"not regions of Uzbekistan by ISO 3166-2: {', '.join(unknown)}")
    if len(limits) >= BANDS or list(limits) != sorted(set(limits)):
        raise ValueError(f"at most {BANDS - 1} ascending limits, not {list(limits)}")
    canvas = Canvas(look)
    side = (look.width - GAP * (COLUMNS - 1)) / COLUMNS
    height = min(side, 84.0)
    for code, (column, line) in REGION_TILES.items():
        row = given.get(code, Region(code, "", None))
        tile(canvas, row, limits, (column * (side + GAP), line * (height + GAP)), (side, height))
    bottom = ROWS * (height + GAP) + 10
    missing = any(finite(given[code].value) is None if code in given else True for code in REGION_TILES)
    y = key(canvas, key_entries(limits, look, missing=missing, unit=unit), bottom)
    return canvas.finish(y)


def band(value: float, limits: Sequence[float]) -> int:
    """The band of a value, 1 to 4; a value on a limit belongs to the band below it."""
    return 1 + sum(value > limit for limit in limits)


def tile(
    canvas: Canvas, row: Region, limits: Sequence[float], at: tuple[float, float], size: tuple[float, float]
) -> None:
    (x, y), (width, height) = at, size
    value = finite(row.value)
    place = 0 if value is None else shade(band(value, limits), len(limits) + 1)
    inset = 0.5 if place == 0 else 0
    canvas.rect(f"band{place}", x + inset, y + inset, width - 2 * inset, height - 2 * inset, 6)
    ink = {0: "", 4: "ink-light"}.get(place, "ink-dark")
    words = "?" if value is None else row.text or plain(value)
    short = row.code.removeprefix("UZ-")
    if canvas.look.is_narrow:
        canvas.text(short, x + width / 2, y + height / 2 - 4, name=ink, anchor="middle", size=SMALL)
        canvas.text(words, x + width / 2, y + height / 2 + 14, name=ink, anchor="middle", bold=True)
        return
    name = row.name or short
    lines = wrapped(name, width - 12, SMALL, most=2)
    for index, line in enumerate(lines):
        canvas.text(line, x + 8, y + 19 + index * 15, name=ink, size=SMALL)
    canvas.text(words, x + 8, y + height - 11, name=ink, size=18, bold=True)


def shade(place: int, bands: int) -> int:
    """Few bands still use the whole ramp: the last is always the darkest."""
    return place if bands == BANDS else max(1, round(1 + (place - 1) * (BANDS - 1) / max(1, bands - 1)))


def key_entries(limits: Sequence[float], look: Look, *, missing: bool, unit: str) -> list[tuple[str, str]]:
    bands = len(limits) + 1
    entries = []
    for place in range(1, bands + 1):
        low = plain(limits[place - 2]) if place > 1 else ""
        high = plain(limits[place - 1]) if place < bands else ""
        words = f"> {low}" if not high else f"≤ {high}" if not low else f"{low}-{high}"
        entries.append((f"band{shade(place, bands)}", f"{words} {unit}".strip()))
    if missing:
        entries.append(("band0", f"? {look.missing}"))
    return entries
