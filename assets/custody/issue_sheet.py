"""The hand-over sheet of an issue to a person as PDF, in the form of the act: what he got, and who signs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from assets.core.clock import local_date
from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.custody.models import CustodyEntry
from assets.custody.sheet import SHEET_LANGUAGES, item_name, last_day, signature_side
from assets.handover.act import breakable
from assets.handover.act_words import ActVoice
from assets.labels.token import format_code

# Fixed together in three languages, as the form is used; they do not follow the language of the pages.
ISSUE_WORDS: dict[str, dict[str, str]] = {
    "title": {"en": "Issue sheet", "ru": "Накладная на выдачу", "uz": "Berish varaqasi"},
    "from": {"en": "Issued by", "ru": "Кем выдано", "uz": "Kim berdi"},
    "to": {"en": "Issued to", "ru": "Кому выдано", "uz": "Kimga berildi"},
    "issued": {"en": "Issued", "ru": "Выдано", "uz": "Berilgan"},
    "until": {"en": "To be returned by", "ru": "Вернуть до", "uz": "Qaytarish muddati"},
    "opening": {
        "en": "The person named below has received the equipment listed here and answers for it until it is returned.",
        "ru": "Указанное лицо получило нижеперечисленное оборудование и отвечает за него до возврата.",
        "uz": "Quyida koʻrsatilgan shaxs sanab oʻtilgan jihozlarni oldi va ular qaytarilgunga qadar javob beradi.",
    },
    "until_column": {"en": "Until", "ru": "До", "uz": "Muddat"},
    "condition": {"en": "Condition", "ru": "Состояние", "uz": "Holati"},
}  # fmt: skip


def issue_content(
    issues: Sequence[CustodyEntry], lang: str, zone: ZoneInfo, *, identity: Collection[str], signature: bytes | None
) -> dict[str, Any]:
    """Everything that stands on the sheet of these issues to one person, as the act's template reads it.

    Serial numbers only of the issues in `identity`, by event id. `InvalidInput` for a language that it is not made in.
    """
    if lang not in SHEET_LANGUAGES:
        raise invalid(
            "lang", msg("The sheet is made in: %(known)s.", known=", ".join(SHEET_LANGUAGES)), code="unknown_word"
        )
    first = issues[0]
    voice, day = ActVoice(lang), local_date(first.at, zone)
    person = first.person
    name = "" if person is None else " · ".join(filter(None, (person.name, person.number)))
    unit = first.unit.name if first.unit is not None else first.asset.unit.name
    head = [
        [_word("from", lang), f"{first.asset.unit.name} · {first.event.actor_name}"],
        [_word("to", lang), f"{name} · {unit}"],
        [_word("issued", lang), voice.date(day)],
    ]
    count = voice.filled("total", voice.filled("pieces", voice.number(len(issues))))
    numbers = [voice.say("nr"), voice.say("item"), voice.say("label"), voice.say("serial")]
    return {
        "lang": lang,
        "date": [day.year, day.month, day.day],
        "title": _word("title", lang),
        "number": voice.filled("number", first.event_id[:8].upper()),
        "when": [first.asset.unit.name, voice.date(day)],
        "head": head,
        "opening": _word("opening", lang),
        "notices": [],
        "columns": [*numbers, _word("until_column", lang), _word("condition", lang)],
        "parts": [
            {
                "agency": unit,
                "rows": [
                    _row(place, each, voice, zone, identity=each.event_id in identity)
                    for place, each in enumerate(issues, start=1)
                ],
                "sum": [count, ""],
            }
        ],
        "totals": [],
        "differences": {"title": "", "columns": [""] * 5, "rows": [], "none": ""},
        "signatures": {
            "title": voice.say("signatures"),
            "fields": [voice.say(key) for key in ("position", "name", "signature", "signed_on")],
            "seal": "",
            "sides": [
                signature_side(voice.say("gave"), first.event.actor_name, None),
                signature_side(voice.say("took"), name, signature),
            ],
            "copies": "",
        },
        "page": voice.say("page"),
    }


def _row(number: int, issue: CustodyEntry, voice: ActVoice, zone: ZoneInfo, *, identity: bool) -> list[str]:
    asset = issue.asset
    serial = (asset.serial_number or asset.vin) if identity else ""
    until = voice.date(last_day(issue.until, zone)) if issue.until is not None else "–"
    return [
        str(number), breakable(item_name(asset, voice.lang)), format_code(asset.code), breakable(serial) or "–", until,
        issue.event.grade or asset.condition or "–",
    ]  # fmt: skip


def _word(key: str, lang: str) -> str:
    return ISSUE_WORDS[key][lang]
