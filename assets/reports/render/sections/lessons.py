"""Section 10: lessons, requests and the plan of the next period, in people's own words."""

from __future__ import annotations

from assets.core.i18n import msg
from assets.reports.figures import Figures
from assets.reports.render.blocks import Block, Boxed, Paragraph
from assets.reports.render.sections.said import said
from assets.reports.render.words import Voice

ID = "lessons"
TITLE = msg("Lessons, requests and the next period")


def blocks(figures: Figures, voice: Voice) -> tuple[Block, ...]:
    """What was written; that nothing was is said as well."""
    written = said(figures, voice, ID)
    requests = figures.said("requests")
    asked = (Boxed(voice.say(msg("Requests")), tuple(requests.split("\n"))),) if requests else ()
    found: tuple[Block, ...] = (*written, *asked)
    return found or (Paragraph(voice.say(msg("Nothing was written down for this period."))),)
