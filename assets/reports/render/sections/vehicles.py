"""Section 5: vehicles."""

from __future__ import annotations

from assets.core.i18n import msg
from assets.reports.figures import Figures
from assets.reports.render.blocks import Block, Chart, Column, Table
from assets.reports.render.charts import Look, Point, line
from assets.reports.render.sections import measures
from assets.reports.render.words import Voice

ID = "vehicles"
TITLE = msg("Vehicles")
_SHOWN = (
    "distance_per_vehicle_month", "estimated_distance_share", "utilisation_days_rate", "availability_rate",
    "tracker_coverage",
)  # fmt: skip


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """The national figures, and how they went month by month."""
    if not figures.vehicles:
        return ()
    return (measures_table(figures, _SHOWN, voice, _title(figures, voice)), *_pictures(figures, voice))


def _title(figures: Figures, voice: Voice) -> str:
    return voice.say(msg("%(n)s vehicles on the register, whole country", n=voice.number(figures.vehicles)))


def measures_table(figures: Figures, codes: tuple[str, ...], voice: Voice, title: str) -> Table:
    """Figures with what each was made of."""
    columns = (
        Column(voice.say(msg("Measure")), number=False, weight=2.4),
        Column(voice.say(msg("Value"))),
        Column(voice.say(msg("Made of")), weight=1.7),
        Column(voice.say(msg("95 % interval")), weight=1.3),
        Column(voice.say(msg("Data cover")), weight=1.0),
    )
    rows = []
    for code in codes:
        measure = figures.measure(code)
        rows.append(
            (
                measures.name(measure, voice),
                measures.value(measure, voice),
                measures.of_how_many(measure, voice),
                measures.interval(measure, voice),
                measures.coverage(measure, voice),
            )
        )
    return Table(title, columns, tuple(rows))


def _pictures(figures: Figures, voice: Voice) -> tuple[Chart, ...]:
    km = [Point(voice.month(month.month, "MMM yy"), month.km) for month in figures.months]
    share = [
        Point(voice.month(month.month, "MMM yy"), None if month.availability is None else month.availability * 100)
        for month in figures.months
    ]

    def draw_km(look: Look) -> str:
        return line(km, look, unit="km")

    def draw_share(look: Look) -> str:
        return line(share, look, unit="%")

    distance, available = figures.measure("distance_per_vehicle_month"), figures.measure("availability_rate")
    return (
        Chart(
            voice.say(msg("About %(km)s per vehicle and month", km=measures.value(distance, voice))),
            voice.say(msg("Measured kilometres per vehicle-month with data, rounded to 100")),
            _spoken(km, voice, 0),
            draw_km,
        ),
        Chart(
            voice.say(msg("Available on %(share)s of the vehicle-days", share=measures.value(available, voice))),
            voice.say(msg("Availability by month, percent of vehicle-days")),
            _spoken(share, voice, 1),
            draw_share,
        ),
    )  # fmt: skip


def _spoken(points: list[Point], voice: Voice, decimals: int) -> str:
    return "; ".join(f"{point.label}: {voice.number(point.value, decimals)}" for point in points)
