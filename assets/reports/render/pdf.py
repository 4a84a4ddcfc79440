"""The summary as a PDF: the same document as the page, set by typst in a child process, accessible (PDF/UA-1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assets.core.i18n import msg
from assets.labels.sheet import vendored_fonts
from assets.labels.typeset import typeset
from assets.reports.figures import Figures
from assets.reports.render.blocks import Answer, Answers, Block, Boxed, Chart, Facts, Paragraph, Table
from assets.reports.render.charts import WIDE
from assets.reports.render.document import Issue, document
from assets.reports.render.words import Voice

_TEMPLATE = Path(__file__).with_name("summary.typ")


def as_pdf(figures: Figures, issue: Issue, lang: str) -> bytes:
    """The PDF; the same figures and issue give the same bytes. `TypesetError` when it cannot be set."""
    shown, voice = document(figures, issue, lang), Voice(lang)
    as_of = figures.head.data_as_of
    data = {
        "title": shown.title,
        "subtitle": shown.subtitle,
        "lang": lang,
        "donor": figures.head.donor,
        "date": [as_of.year, as_of.month, as_of.day],
        "head": list(shown.head.facts),
        "status": shown.status,
        "draft": voice.say(msg("DRAFT")) if shown.draft else "",
        "notice": shown.notice,
        "footer": shown.footer,
        "page": voice.say(msg("Page")),
        "sections": [
            {"number": section.number, "title": section.title, "blocks": [_plain(block) for block in section.blocks]}
            for section in shown.sections
        ],
    }
    return typeset(_TEMPLATE, data, vendored_fonts(), standards=("ua-1",))


def _plain(block: Block) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": block.kind}
    match block:
        case Paragraph(text, tone):
            return found | {"text": text, "tone": tone}
        case Boxed(title, lines, tone):
            return found | {"title": title, "lines": list(lines), "tone": tone}
        case Facts(facts):
            return found | {"facts": list(facts)}
        case Answers(heads, answers):
            return found | {"heads": list(heads), "answers": [_answer(answer) for answer in answers]}
        case Table():
            columns = [{"label": c.label, "number": c.number, "weight": c.weight} for c in block.columns]
            return found | {
                "title": block.title, "columns": columns, "rows": [[str(cell) for cell in row] for row in block.rows],
                "note": block.note, "total": block.total,
            }  # fmt: skip
        case Chart():
            return found | {
                "title": block.title, "subtitle": block.subtitle, "alt": f"{block.title}. {block.spoken}",
                "svg": block.svg("print", WIDE), "note": block.note,
            }  # fmt: skip


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "question": answer.question, "figure": str(answer.figure), "lines": list(answer.lines),
        "against": [{"words": each.words, "state": each.state, "band": each.band} for each in answer.against],
        "before": answer.before,
    }  # fmt: skip
