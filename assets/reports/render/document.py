"""The document that page, PDF and workbook show alike: figures put into sections of words, tables and charts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from assets.core.i18n import Message, msg
from assets.reports.figures import Figures, to_json
from assets.reports.render.blocks import Block, Document, Facts, Section
from assets.reports.render.sections import (
    annex,
    condition_and_use,
    findings,
    instruments,
    lessons,
    maintenance,
    provided,
    results,
    summary,
    vehicles,
    where,
)
from assets.reports.render.words import Voice

Blocks = Callable[[Figures, Voice], tuple[Block, ...]]

_NUMBERED = (
    summary, provided, where, condition_and_use, vehicles, instruments, maintenance, results, findings, lessons,
)  # fmt: skip
_PARTS: tuple[tuple[str, str, Message, Blocks], ...] = (
    *((part.ID, str(n), part.TITLE, part.blocks) for n, part in enumerate(_NUMBERED, 1)),
    ("assets", "A", annex.LIST_TITLE, annex.asset_list),
    ("definitions", "B", annex.DEFINITIONS_TITLE, annex.definitions),
)


@dataclass(frozen=True, slots=True)
class Issue:
    """Which issue of the figures this is: number, `draft` or `released`, hash of the figures, day of release."""

    number: int
    state: str
    sha256: str
    released_on: date | None


def document(figures: Figures, issue: Issue, lang: str) -> Document:
    """The summary in one language; nothing but `figures` and `issue` goes into it."""
    voice = Voice(lang)
    sections = [Section(id_, number, voice.say(title), blocks(figures, voice)) for id_, number, title, blocks in _PARTS]
    draft = issue.state == "draft"
    return Document(
        title=voice.say(msg("Use of donated equipment")),
        subtitle=_period(figures, voice),
        lang=lang,
        head=_head(figures, issue, voice),
        status=voice.say(_status(issue, voice)),
        draft=draft,
        notice=voice.say(msg("Positions and operational details are excluded.")),
        sections=tuple(sections),
        footer=voice.say(
            msg("Summary %(n)s, figures %(hash)s", n=issue.number, hash=issue.sha256[:16])
        ),
    )  # fmt: skip


def as_json(figures: Figures, issue: Issue, lang: str) -> bytes:
    """The figures for programs: what the document is made from, with the same hash, in any language alike."""
    whole = {
        "id": issue.number,
        "state": issue.state,
        "released_on": issue.released_on.isoformat() if issue.released_on else None,
        "sha256": issue.sha256,
        "notice": "positions and operational details are excluded",
        "figures": json.loads(to_json(figures)),
    }
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _period(figures: Figures, voice: Voice) -> str:
    return voice.period(figures.head.first, figures.head.until)


def _status(issue: Issue, voice: Voice) -> Message:
    if issue.released_on is None:
        return msg("Draft: not released, not for passing on")
    return msg("Released on %(day)s by two persons: one drafted, another approved", day=voice.day(issue.released_on))


def _head(figures: Figures, issue: Issue, voice: Voice) -> Facts:
    head = figures.head
    unknown = voice.say(msg("not stated"))
    numbers = [
        " · ".join(part for part in (grant.code, _pair("E/N", grant.en_number), _pair("G/A", grant.ga_number)) if part)
        for grant in head.grants
    ]
    rows: tuple[tuple[Message, str], ...] = (
        (msg("Project"), "; ".join(grant.title for grant in head.grants)),
        (msg("Grants"), "; ".join(numbers)),
        (msg("Donor"), head.donor),
        (msg("Implementing agency"), ", ".join(head.implementing_agencies)),
        (msg("Period"), _period(figures, voice)),
        (msg("Data as of"), voice.day(head.data_as_of)),
        (msg("Version"), f"{issue.number}.{figures.template}"),
    )
    return Facts(tuple((voice.say(label), words or unknown) for label, words in rows))


def _pair(label: str, number: str) -> str:
    if not number or number.upper().startswith(label):
        return number
    return f"{label} {number}"
