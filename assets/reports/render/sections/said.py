"""What people wrote into the boxes of a section, in the language in which they wrote it."""

from __future__ import annotations

from assets.reports.figures import Figures
from assets.reports.narrative import BOXES
from assets.reports.render.blocks import Boxed
from assets.reports.render.words import Voice


def said(figures: Figures, voice: Voice, section: str) -> tuple[Boxed, ...]:
    """The filled boxes of a section."""
    return tuple(
        Boxed(voice.say(box.title), tuple(line for line in text.split("\n") if line))
        for box in BOXES
        if box.section == section and (text := figures.said(box.code))
    )
