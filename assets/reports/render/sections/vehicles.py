"""Section 5: vehicles."""

from __future__ import annotations

from assets.core.i18n import msg
from assets.disposal.rules.assessment import ASSESS_AFTER_KM, ASSESS_AFTER_YEARS
from assets.reports.figures import Count, Figures
from assets.reports.render.blocks import Block, Chart, Column, Paragraph, Table
from assets.reports.render.charts import Look, Point, line
from assets.reports.render.sections import measures
from assets.reports.render.words import HIDDEN, HIDDEN_NOTE, Voice

ID = "vehicles"
TITLE = msg("Vehicles")
_SHOWN = (
    "distance_per_vehicle_month", "estimated_distance_share", "utilisation_days_rate", "availability_rate",
    "tracker_coverage", "accidents_per_100k_km",
)  # fmt: skip


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """The national figures, how they went month by month, and what is due to be assessed."""
    if not figures.vehicles.count:
        return (Paragraph(voice.say(msg("Fewer than three vehicles of this donor are on the register."))),)
    title = voice.say(
        msg("%(n)s vehicles on the register, whole country", n=voice.number(figures.vehicles.count))
    )  # fmt: skip
    return (
        measures.table(figures, _SHOWN, voice, title, "Vehicles"),
        *_pictures(figures, voice),
        _due(figures, voice),
        Paragraph(
            voice.say(
                msg(
                    "Not recorded in this system: fuel (litres between full fills), tyres and insurance. Fuel per "
                    "100 km and running cost per km are therefore not shown; maintenance cost stands in section 7. "
                    "Accidents are those reported as faults; small ones are usually not reported."
                )
            ),
            "quiet",
        ),
    )


def _due(figures: Figures, voice: Voice) -> Paragraph:
    fleet = figures.vehicles

    def told(count: Count, known: int) -> str:
        if not known:
            return voice.number(None)
        return voice.say(
            msg("%(part)s of %(whole)s", part=HIDDEN if count is None else voice.number(count), whole=known)
        )

    words = msg(
        "Due to be assessed for replacement: by age (%(years)s years) %(old)s vehicles whose age is known; by distance "
        "(%(km)s km read off the odometer) %(far)s with a reading. A trigger to look at them, no decision.",
        years=ASSESS_AFTER_YEARS,
        km=voice.number(ASSESS_AFTER_KM),
        old=told(fleet.due_by_age, fleet.age_known),
        far=told(fleet.due_by_distance, fleet.distance_known),
    )
    hidden = (fleet.due_by_age is None and fleet.age_known) or (fleet.due_by_distance is None and fleet.distance_known)
    return Paragraph(voice.say(words) + (f" {voice.say(HIDDEN_NOTE)}" if hidden else ""))


def _pictures(figures: Figures, voice: Voice) -> tuple[Chart, ...]:
    months = figures.vehicles.months
    km = [Point(voice.month(month.month, "MMM yy"), month.km) for month in months]
    share = [
        Point(voice.month(month.month, "MMM yy"), None if month.availability is None else month.availability * 100)
        for month in months
    ]

    def draw_km(look: Look) -> str:
        return line(km, look, unit="km")

    def draw_share(look: Look) -> str:
        return line(share, look, unit="%")

    distance, available = figures.measure("distance_per_vehicle_month"), figures.measure("availability_rate")
    table = Table(
        voice.say(msg("Vehicles month by month")),
        (
            Column(voice.say(msg("Month")), number=False),
            Column(voice.say(msg("km per vehicle"))),
            Column(voice.say(msg("Availability"))),
        ),
        tuple(
            (voice.month(month.month), voice.cell(month.km), voice.share(month.availability)) for month in months
        ),
        sheet="Months",
    )  # fmt: skip
    return (
        Chart(
            voice.say(msg("About %(km)s per vehicle and month", km=measures.value(distance, voice))),
            voice.say(msg("Measured kilometres per vehicle-month with data, rounded to 100")),
            _spoken(km, voice, 0),
            draw_km,
            table=table,
        ),
        Chart(
            voice.say(msg("Available on %(share)s of the vehicle-days", share=measures.value(available, voice))),
            voice.say(msg("Availability by month, percent of vehicle-days")),
            _spoken(share, voice, 0),
            draw_share,
        ),
    )  # fmt: skip


def _spoken(points: list[Point], voice: Voice, decimals: int) -> str:
    return "; ".join(f"{point.label}: {voice.number(point.value, decimals)}" for point in points)
