"""Section 1: six figures and three sentences."""

from __future__ import annotations

from assets.core.i18n import msg
from assets.reports.figures import Figures
from assets.reports.render.blocks import Block, Paragraph, Tile, Tiles
from assets.reports.render.sections import measures
from assets.reports.render.words import Voice

ID = "summary"
TITLE = msg("Summary")
TILES = ("verification_rate", "in_service_rate", "used_rate", "pm_compliance", "in_calibration_rate")


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """The first page."""
    handed_over = figures.measure("handed_over")
    tiles = [
        Tile(
            voice.say(msg("Handed over")),
            voice.number(handed_over.value),
            voice.say(msg("items in %(n)s handovers", n=len(figures.batches))),
        )
    ]
    for code in TILES:
        measure = figures.measure(code)
        state, words = measures.state(measure, voice)
        tiles.append(
            Tile(
                measures.name(measure, voice),
                measures.value(measure, voice),
                measures.of_how_many(measure, voice),
                state,
                words,
                measures.covered(measure, voice),
            )
        )
    return (
        Tiles(tuple(tiles)),
        *(Paragraph(sentence, "strong") for sentence in _sentences(figures, voice)),
        Paragraph(
            voice.say(
                msg(
                    "On target: 80 % or more; below target: 50 to 80 %; far below: under 50 %. Figures describe use "
                    "and care; they do not show what effect the equipment had."
                )
            ),
            "quiet",
        ),
    )


def _sentences(figures: Figures, voice: Voice) -> tuple[str, ...]:
    verified, used = figures.measure("verification_rate"), figures.measure("used_rate")
    distance, available = figures.measure("distance_per_vehicle_month"), figures.measure("availability_rate")
    care = figures.measure("pm_compliance")
    return (
        voice.say(
            msg(
                "Of %(whole)s items on the register, %(part)s (%(share)s) were seen by a person in the period; of the "
                "%(known)s items whose use is known, %(used)s were used.",
                whole=voice.number(verified.denominator),
                part=voice.number(verified.numerator),
                share=measures.value(verified, voice),
                known=voice.number(used.denominator),
                used=voice.number(used.numerator),
            )
        ),
        voice.say(
            msg(
                "The vehicles covered about %(km)s per vehicle and month (%(coverage)s) and were available on "
                "%(share)s of their days.",
                km=measures.value(distance, voice),
                coverage=measures.covered(distance, voice) or voice.say(msg("coverage unknown")),
                share=measures.value(available, voice),
            )
        ),
        voice.say(
            msg(
                "Of %(due)s planned services that fell due, %(done)s were done on time (%(share)s).",
                due=voice.number(care.denominator),
                done=voice.number(care.numerator),
                share=measures.value(care, voice),
            )
            if care.denominator
            else msg("No planned service fell due in the period.")
        ),
    )
