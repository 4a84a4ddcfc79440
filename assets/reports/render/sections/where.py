"""Section 3: where it is, and whether it was seen."""

from __future__ import annotations

from assets.core.i18n import Message, msg
from assets.reports.disclosure import MIN_ASSETS, MIN_UNITS
from assets.reports.figures import Count, Figures, RegionLine
from assets.reports.render.blocks import Block, Cell, Chart, Column, Paragraph, Table
from assets.reports.render.charts import REGION_TILES, Look, Region, region_tiles
from assets.reports.render.sections.said import said
from assets.reports.render.words import BAND_WORDS, COUNT_WORDS, HIDDEN_NOTE, NOT_SHOWN, Voice

ID = "where"
TITLE = msg("Where it is, and whether it was seen")
# Middle of each band in percent, for colouring; the tiles say the band, never a number.
_MIDDLE = {"below_50": 25.0, "50_to_80": 65.0, "80_or_more": 90.0}
_SHORT = {"below_50": "< 50 %", "50_to_80": "50-80 %", "80_or_more": "80 % +"}


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """Classes, regions in bands, and the donor's marks."""
    return (
        _classes(figures, voice), _gone(figures, voice), *_regions(figures, voice), _marks(figures, voice),
        *said(figures, voice, "where"),
    )  # fmt: skip


def _classes(figures: Figures, voice: Voice) -> Table:
    labels: tuple[Message, ...] = (
        msg("Handed over"), msg("Verified"), msg("Not verified"), msg("Off the register"),
    )  # fmt: skip
    columns = (
        Column(voice.say(msg("Class")), number=False, weight=2.6),
        *(Column(voice.say(label)) for label in labels),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            voice.name(line.name),
            voice.cell(line.handed_over),
            *(voice.count(count) for count in (line.verified, line.not_verified, line.off_register)),
        )
        for line in figures.classes
    ]
    where = figures.whereabouts
    gone = where.withdrawn + where.lost + where.disposed
    sums = (where.handed_over, where.verified, where.not_verified, gone)
    rows.append((voice.say(msg("All")), *(voice.cell(count) for count in sums)))
    note = (
        f"{voice.say(msg('Verified: a person had the item before them within the period.'))} {voice.say(HIDDEN_NOTE)}"
    )
    return Table(
        voice.say(msg("Each item handed over is counted once")), columns, tuple(rows), note, total=True, sheet="Classes"
    )


def _gone(figures: Figures, voice: Voice) -> Paragraph:
    where = figures.whereabouts
    words = msg(
        "Off the register, whole country: withdrawn %(withdrawn)s, lost %(lost)s, disposed of %(disposed)s.",
        withdrawn=voice.number(where.withdrawn),
        lost=voice.number(where.lost),
        disposed=voice.number(where.disposed),
    )
    return Paragraph(voice.say(words))


def _regions(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    if not figures.regions:
        words = msg("Regions are not shown: too few items or units to be shown without pointing at one of them.")
        return (Paragraph(voice.say(words), "quiet"),)
    columns = (
        Column(voice.say(msg("Region")), number=False, weight=2.4),
        Column(voice.say(msg("Items")), number=False),
        Column(voice.say(msg("Verified")), number=False, weight=1.4),
        Column(voice.say(msg("Vehicles available")), number=False, weight=1.4),
    )
    table = Table(
        voice.say(msg("Regions, in bands")),
        columns,
        tuple(_region_row(line, figures, voice) for line in figures.regions),
        voice.say(
            msg(
                "A region stands by itself from %(assets)s items and %(units)s units on; others are shown together.",
                assets=MIN_ASSETS,
                units=MIN_UNITS,
            )
        ),
        sheet="Regions",
    )  # fmt: skip
    return (_map(figures, voice), table)


def _band(code: str | None, voice: Voice) -> str:
    return voice.say(NOT_SHOWN) if code is None else voice.say(BAND_WORDS[code])


def _region_row(line: RegionLine, figures: Figures, voice: Voice) -> tuple[str, ...]:
    return (
        _name(line, figures, voice),
        voice.say(COUNT_WORDS[line.items]) if line.items else voice.say(NOT_SHOWN),
        _band(line.verified, voice),
        _band(line.availability, voice),
    )


def _name(line: RegionLine, figures: Figures, voice: Voice) -> str:
    if not line.code:
        return voice.say(msg("%(n)s regions together", n=len(figures.regions_shown_together)))
    return dict(line.names).get(voice.lang) or line.code


def _map(figures: Figures, voice: Voice) -> Chart:
    tiles = []
    spoken = []
    for line in figures.regions:
        codes = [line.code] if line.code else list(figures.regions_shown_together)
        spoken.append(f"{_name(line, figures, voice)}: {_band(line.verified, voice)}")
        for code in codes:
            if code in REGION_TILES:
                star = "" if line.code else "†"
                words = (_SHORT[line.verified] if line.verified else "?") + star
                tiles.append(Region(code, "", _MIDDLE.get(line.verified or ""), words))

    def draw(look: Look) -> str:
        return region_tiles(tiles, [50, 80], look, unit="%")

    return Chart(
        voice.say(msg("Share of the items seen in the period, by region")),
        voice.say(msg("Bands of the share verified; one tile for each region, no places")),
        "; ".join(spoken),
        draw,
        voice.say(msg("† one band for all regions marked so, taken together. Dashed: no items of this donor.")),
    )


def _marks(figures: Figures, voice: Voice) -> Paragraph:
    where = figures.whereabouts
    words = msg(
        "Donor's mark: applied on %(applied)s items, missing or damaged on %(missing)s, exempt %(exempt)s.",
        applied=_mark(where.marks_applied, voice),
        missing=_mark(where.marks_missing, voice),
        exempt=_mark(where.marks_exempt, voice),
    )
    hidden = None in (where.marks_applied, where.marks_missing, where.marks_exempt)
    return Paragraph(voice.say(words) + (f" {voice.say(HIDDEN_NOTE)}" if hidden else ""))


def _mark(count: Count, voice: Voice) -> str:
    return str(voice.count(count))
