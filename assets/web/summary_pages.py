"""What the pages of donor summaries show beside the document: boxes, files, and how each figure was worked out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from assets.core.i18n import LOCALES, Message, msg
from assets.people.rules import Permission, may
from assets.reports import release
from assets.reports.figures import Figures
from assets.reports.models import DonorSummary
from assets.reports.narrative import BOXES, BY_CODE
from assets.reports.render.sections import measures
from assets.reports.render.words import DEFINITIONS, FORMULAS, Voice
from assets.web.context import actor, locale, words
from assets.web.revision_words import revised_words

STATES: dict[str, tuple[str, Message]] = {
    "draft": ("due", msg("draft")),
    "released": ("ready", msg("released")),
    "withdrawn": ("blocked", msg("withdrawn")),
}
# Where the days and records behind a figure are listed, for those who may see them.
_BEHIND = {
    "distance_per_vehicle_month": "used", "estimated_distance_share": "all", "utilisation_days_rate": "used",
    "availability_rate": "off_road", "tracker_coverage": "unknown", "uses_per_asset_month": "used",
    "used_rate": "used", "verification_rate": "seen", "in_calibration_rate": "out_of_calibration",
    "overdue_calibrations": "out_of_calibration",
}  # fmt: skip
_OF_WORK = frozenset({"pm_compliance", "mttr", "mean_downtime", "waiting_parts_share", "accidents_per_100k_km"})
_FORM_NAMES = {"pdf": "PDF", "xlsx": "XLSX", "json": "JSON"}


def head(summary: DonorSummary) -> dict[str, Any]:
    """A summary as lists and heads name it."""
    state, label = STATES[summary.state]
    return {
        "id": summary.id,
        "donor": summary.donor.name,
        "first": summary.first,
        "last": summary.until - timedelta(days=1),
        "state": state,
        "state_words": words(label),
        "released_at": summary.approved_at,
        "drafted_at": summary.drafted_at,
        "sha256": summary.sha256,
    }


def revised(session: Session, summary: DonorSummary) -> str:
    """What was revised since the release, in words; a donor learns that a figure as given changed, not by how much."""
    found = release.revised_after_release(session, summary)
    if found is None:
        return ""
    if may(actor(), Permission.SUMMARY_READ_DRAFT):
        return words(msg("Kilometres of this period: %(what)s.", what=revised_words(found)))
    # As given they are rounded to 100 km.
    if round(found.before_m / 1e5) == round(found.after_m / 1e5):
        return ""
    return words(msg("Kilometres of this period were revised after the release, because data came late."))


def language() -> str:
    """The reader's language, as far as summaries are written in it."""
    return locale() if locale() in release.LANGUAGES else "en"


def files(session: Session, summary: DonorSummary) -> list[dict[str, str]]:
    """The buttons of the page: files in the reader's language first, then the other languages."""
    if summary.state == "draft":
        there = [(form, lang) for form in release.FORMATS for lang in release.LANGUAGES]
    else:
        there = release.kept_files(session, summary.id)
    mine = language()
    names = dict(LOCALES)
    # The figures for programs are the same in every language.
    wanted = [(form, lang) for form, lang in there if form != "json" or lang == "en"]
    ordered = sorted(wanted, key=lambda file: (file[1] != mine or file[0] == "json", file[0] == "json", file[1]))
    return [
        {
            "label": words(
                msg("Figures (JSON)")
                if form == "json"
                else msg("Download %(form)s, %(lang)s", form=_FORM_NAMES[form], lang=names[lang])
            ),
            "href": f"/summaries/{summary.id}/file.{form}?lang={lang}",
            "icon": "download",
        }
        for form, lang in ordered
    ]


def boxes(figures: Figures, typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """The boxes with what was typed, or else with what is kept."""
    return [
        {
            "code": box.code,
            "title": words(box.title),
            "limit": box.limit,
            "hint": words(msg("At most %(n)s characters.", n=box.limit)) + (f" {words(box.hint)}" if box.hint else ""),
            "text": typed.get(box.code, figures.said(box.code)),
        }
        for box in BOXES
    ]


def findings(session: Session, summary: DonorSummary) -> list[dict[str, str]]:
    """What in the words must not leave the house."""
    return [
        {"box": words(BY_CODE[box].title), "kind": words(finding.kind), "words": finding.words}
        for box, finding in release.findings_of(session, summary)
    ]


def explained(figures: Figures, lang: str) -> dict[str, dict[str, Any]]:
    """How each figure was worked out: definition, formula, what it is made of, against plan and the period before."""
    voice = Voice(lang)
    found = {}
    for measure in figures.measures:
        code = measure.code
        facts = (
            (msg("This period"), measures.value(measure, voice)),
            (msg("Made of"), measures.of_how_many(measure, voice)),
            (msg("Data cover"), measures.coverage(measure, voice)),
            (msg("95 % interval"), measures.interval(measure, voice)),
            (msg("Period before"), measures.before(figures, code, voice)),
            (msg("Plan"), measures.planned(figures, code, voice)),
        )
        found[code] = {
            "name": measures.name(measure, voice),
            "definition": voice.say(DEFINITIONS[code][1]),
            "formula": voice.say(FORMULAS[code]),
            "facts": [(voice.say(label), text) for label, text in facts],
            "href": _behind(code, figures),
        }
    return found


def _behind(code: str, figures: Figures) -> str:
    """The address of the days or records that a figure was made of; '' for who may not see them."""
    if code in _BEHIND and may(actor(), Permission.UTILISATION_READ):
        span = {"kind": _BEHIND[code], "from": figures.head.first.isoformat(), "to": figures.head.until.isoformat()}
        return f"/utilisation/days?{urlencode(span)}"
    return "/maintenance/orders" if code in _OF_WORK and may(actor(), Permission.WORK_READ) else ""
