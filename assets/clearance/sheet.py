"""The clearance sheet as PDF, in the form of the act: what a leaver still has, or that it is nothing, and who signs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from assets.clearance.queries import Line, Outstanding
from assets.clearance.rules import Kind
from assets.core.clock import local_date
from assets.core.errors import invalid
from assets.core.i18n import msg, say
from assets.handover.act import ACT_TEMPLATE, breakable
from assets.handover.act_words import ACT_LANGUAGES, ActVoice
from assets.labels.sheet import vendored_fonts
from assets.labels.token import format_code
from assets.labels.typeset import typeset
from assets.people.models import Person
from assets.registry.rules.classes import CLASSES

SHEET_LANGUAGES = ACT_LANGUAGES
# Fixed together in three languages, as the form is used; they do not follow the language of the pages.
SHEET_WORDS: dict[str, dict[str, str]] = {
    "title": {"en": "Clearance sheet", "ru": "Обходной лист", "uz": "Aylanma varaqa"},
    "person": {"en": "Person", "ru": "Сотрудник", "uz": "Xodim"},
    "number": {"en": "Service number", "ru": "Личный номер", "uz": "Xizmat raqami"},
    "unit": {"en": "Unit", "ru": "Подразделение", "uz": "Boʻlinma"},
    "leaves": {"en": "Leaves on", "ru": "Убывает", "uz": "Ketish sanasi"},
    "made": {"en": "As of", "ru": "По состоянию на", "uz": "Holat sanasi"},
    "nothing": {
        "en": "Nothing is outstanding: the person holds no equipment of the programme, and nothing that the person "
        "began is open.",
        "ru": "Задолженности нет: за сотрудником не числится оборудование программы, и ничего из начатого им не "
        "осталось незавершённым.",
        "uz": "Qarzdorlik yoʻq: xodim zimmasida dastur jihozlari yoʻq va u boshlagan ishlardan ochiq qolgani yoʻq.",
    },
    "something": {
        "en": "The following is outstanding. The person is cleared when all of it has been given back or handed on.",
        "ru": "Не завершено нижеследующее. Сотрудник считается рассчитавшимся, когда всё сдано или передано.",
        "uz": "Quyidagilar tugallanmagan. Hammasi topshirilgach, xodim hisob-kitob qilgan deb sanaladi.",
    },
    "hidden": {
        "en": "Besides these, %s more with units that the maker of this sheet does not see.",
        "ru": "Кроме того, ещё %s в подразделениях, недоступных составителю листа.",
        "uz": "Bundan tashqari, varaqani tuzuvchi koʻrmaydigan boʻlinmalarda yana %s ta bor.",
    },
    "list": {"en": "Outstanding", "ru": "Не завершено", "uz": "Tugallanmagan"},
    "what": {"en": "What", "ru": "Что", "uz": "Nima"},
    "since": {"en": "Since", "ru": "С", "uz": "Sana"},
    "shift": {"en": "Shift", "ru": "Смена", "uz": "Smena"},
    Kind.HELD: {"en": "holds it", "ru": "на руках", "uz": "qoʻlida"},
    Kind.TRANSFER: {"en": "sent, not received", "ru": "отправлено, не принято", "uz": "yuborilgan, qabul qilinmagan"},
    Kind.SHIFT: {"en": "not closed", "ru": "не закрыта", "uz": "yopilmagan"},
    Kind.RESERVATION: {"en": "reserved", "ru": "забронировано", "uz": "band qilingan"},
    Kind.WORK_ORDER: {"en": "repair open", "ru": "ремонт не завершён", "uz": "taʼmir tugallanmagan"},
    "leaver": {"en": "Leaves", "ru": "Убывающий", "uz": "Ketayotgan xodim"},
    "store": {"en": "Store of the unit", "ru": "Склад подразделения", "uz": "Boʻlinma ombori"},
    "head": {"en": "Head of the unit", "ru": "Руководитель подразделения", "uz": "Boʻlinma rahbari"},
}


def clearance_pdf(content: dict[str, Any]) -> bytes:
    """The sheet as accessible PDF (PDF/UA-1); the same content gives the same bytes.

    `TypesetError` when it cannot be set.
    """
    return typeset(ACT_TEMPLATE, content, vendored_fonts(), standards=("ua-1",))


def clearance_content(person: Person, found: Outstanding, day: date, lang: str, zone: ZoneInfo) -> dict[str, Any]:
    """Everything that stands on the sheet of local day `day`, in words, as the act's template reads it.

    `InvalidInput` for a language that it is not made in.
    """
    if lang not in SHEET_LANGUAGES:
        raise invalid(
            "lang", msg("The sheet is made in: %(known)s.", known=", ".join(SHEET_LANGUAGES)), code="unknown_word"
        )
    voice = ActVoice(lang)
    head = [
        [_word("person", lang), breakable(person.name) or "–"],
        [_word("number", lang), person.number],
        [_word("unit", lang), person.unit.name],
        [_word("made", lang), voice.date(day)],
    ]
    if person.left_on is not None:
        head.append([_word("leaves", lang), voice.date(person.left_on)])
    is_clear = not found.lines and not found.hidden
    notices = [_word("hidden", lang) % found.hidden] if found.hidden else []
    return {
        "lang": lang,
        "date": [day.year, day.month, day.day],
        "title": _word("title", lang),
        "number": voice.filled("number", person.number),
        "when": [person.unit.name, voice.date(day)],
        "head": head,
        "opening": _word("nothing" if is_clear else "something", lang),
        "notices": notices,
        "columns": [
            voice.say("nr"), voice.say("item"), voice.say("label"), _word("what", lang), _word("unit", lang),
            _word("since", lang),
        ],
        "parts": _parts(found.lines, voice, zone),
        "totals": [],
        "differences": {"title": "", "columns": [], "rows": [], "none": ""},
        "signatures": {
            "title": voice.say("signatures"),
            "fields": [voice.say(key) for key in ("position", "name", "signature", "signed_on")],
            "seal": voice.say("seal"),
            "sides": [
                [_word("leaver", lang), breakable(person.name) or person.number],
                [_word("store", lang), person.unit.name],
                [_word("head", lang), person.unit.name],
            ],
            "copies": voice.say("copies"),
        },
        "page": voice.say("page"),
    }  # fmt: skip


def _parts(lines: Sequence[Line], voice: ActVoice, zone: ZoneInfo) -> list[dict[str, Any]]:
    if not lines:
        return []
    count = voice.filled("total", voice.filled("pieces", voice.number(len(lines))))
    rows = [_row(place, line, voice, zone) for place, line in enumerate(lines, start=1)]
    return [{"agency": _word("list", voice.lang), "rows": rows, "sum": [count, ""]}]


def _row(number: int, line: Line, voice: ActVoice, zone: ZoneInfo) -> list[str]:
    return [
        str(number),
        breakable(_name(line, voice.lang)),
        format_code(line.asset.code) if line.asset is not None else "–",
        _word(line.kind, voice.lang),
        breakable(line.unit.name) if line.unit is not None else "–",
        voice.date(local_date(line.since, zone)) if line.since is not None else "–",
    ]


def _name(line: Line, lang: str) -> str:
    if line.asset is None:
        return _word("shift", lang)
    if line.asset.model is not None:
        return line.asset.model.full_name
    code = line.asset.equipment_class.code
    return say(CLASSES[code].title, lang) if code in CLASSES else line.asset.equipment_class.name


def _word(key: str, lang: str) -> str:
    return SHEET_WORDS[key][lang]
