"""How pages say what was revised, and why."""

from __future__ import annotations

from assets.core.clock import local_date
from assets.core.i18n import Message, msg
from assets.metrics.queries.revisions import Revised
from assets.web.context import the_app, words
from assets.web.filters import show_date, show_number

REASONS: dict[str, Message] = {
    "late_data": msg("late data"),
    "flag_decided": msg("a decision on flagged samples"),
    "tracker_moved": msg("a tracker moved"),
    "derived_anew": msg("derived anew"),
}


def revised_words(found: Revised) -> str:
    """Revised on which day, from how much to how much, and why."""
    reasons = ", ".join(words(REASONS[reason]) for reason in found.reasons)
    if found.late_samples:
        late = words(msg("%(n)s late samples", n=show_number(found.late_samples)))
        reasons = reasons.replace(words(REASONS["late_data"]), late)
    return words(
        msg(
            "revised on %(day)s from %(before)s to %(after)s km: %(reasons)s",
            day=show_date(local_date(found.at, the_app().settings.zone)),
            before=show_number(found.before_m / 1000, 1),
            after=show_number(found.after_m / 1000, 1),
            reasons=reasons,
        )
    )
