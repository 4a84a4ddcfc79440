"""The hand-over sheet of a transfer between units as PDF, in the form of the act: what goes, and who signs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from assets.core.clock import local_date
from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import msg, say
from assets.custody.models import Transfer
from assets.handover.act import ACT_TEMPLATE, breakable
from assets.handover.act_words import ACT_LANGUAGES, ActVoice
from assets.labels.sheet import vendored_fonts
from assets.labels.token import format_code
from assets.labels.typeset import typeset
from assets.registry.models import Asset
from assets.registry.rules.classes import CLASSES

SHEET_LANGUAGES = ACT_LANGUAGES
# Fixed together in three languages, as the form is used; they do not follow the language of the pages.
SHEET_WORDS: dict[str, dict[str, str]] = {
    "title": {
        "en": "Hand-over sheet", "ru": "Накладная на внутреннее перемещение", "uz": "Ichki topshirish varaqasi",
    },
    "from": {"en": "From", "ru": "Откуда", "uz": "Qayerdan"},
    "to": {"en": "To", "ru": "Куда", "uz": "Qayerga"},
    "sent": {"en": "Sent", "ru": "Отправлено", "uz": "Yuborilgan"},
    "until": {"en": "On loan until", "ru": "Во временное пользование до", "uz": "Vaqtincha foydalanish muddati"},
    "opening": {
        "en": "The sending unit hands over, and the receiving unit accepts, the equipment listed below. Until it is "
        "received, the sending unit answers for it.",
        "ru": "Отправляющее подразделение передаёт, а принимающее принимает нижеперечисленное оборудование. До приёма "
        "за него отвечает отправляющее подразделение.",
        "uz": "Yuboruvchi boʻlinma quyida sanab oʻtilgan jihozlarni topshiradi, qabul qiluvchi boʻlinma esa ularni "
        "qabul qiladi. Qabul qilinguniga qadar ular uchun yuboruvchi boʻlinma javob beradi.",
    },
    "unit_state": {"en": "Remark", "ru": "Примечание", "uz": "Izoh"},
    "condition": {"en": "Condition", "ru": "Состояние", "uz": "Holati"},
    "not_fit": {"en": "not fit for use", "ru": "не годно к использованию", "uz": "foydalanishga yaroqsiz"},
    "damaged": {"en": "Damaged", "ru": "Повреждено", "uz": "Shikastlangan"},
    "missing": {"en": "Missing", "ru": "Не поступило", "uz": "Kelmadi"},
    "wrong_item": {"en": "Another item", "ru": "Другой предмет", "uz": "Boshqa buyum"},
    "no_differences": {
        "en": "None: everything that was received came in order.",
        "ru": "Нет: всё принятое поступило в порядке.",
        "uz": "Yoʻq: qabul qilinganlarning barchasi joyida keldi.",
    },
}  # fmt: skip


def sheet_pdf(content: dict[str, Any]) -> bytes:
    """The sheet as accessible PDF (PDF/UA-1); the same content gives the same bytes.

    `TypesetError` when it cannot be set.
    """
    return typeset(ACT_TEMPLATE, content, vendored_fonts(), standards=("ua-1",))


def sheet_content(
    transfers: Sequence[Transfer],
    notes: Mapping[str, str],
    lang: str,
    zone: ZoneInfo,
    *,
    identity: Collection[str],
    signatures: Mapping[str, bytes] | None = None,
) -> dict[str, Any]:
    """Everything that stands on the sheet, in words, as the act's template reads it.

    `notes`: what was said at each step, by event id. Serial numbers only of the transfers in `identity`, by id.
    `signatures`: pictures (PNG) by event id; a side that signed for every item with one has it printed.
    `InvalidInput` for a language that it is not made in, `RuleViolation` where the sending has not been heard of.
    """
    if lang not in SHEET_LANGUAGES:
        raise invalid(
            "lang", msg("The sheet is made in: %(known)s.", known=", ".join(SHEET_LANGUAGES)), code="unknown_word"
        )
    first = transfers[0]
    if first.from_unit is None or first.sent_at is None:
        raise RuleViolation(msg("Its sending has not been heard of yet, so there is no sheet."), code="not_sent")
    voice, day, drawn = ActVoice(lang), local_date(first.sent_at, zone), signatures or {}
    count = voice.filled("total", voice.filled("pieces", voice.number(len(transfers))))
    head = [
        [_word("from", lang), first.from_unit.name],
        [_word("to", lang), first.to_unit.name],
        [_word("sent", lang), voice.date(day)],
    ]
    if first.until is not None:
        head.append([_word("until", lang), voice.date(last_day(first.until, zone))])
    numbers = [voice.say("nr"), voice.say("item"), voice.say("label"), voice.say("serial")]
    return {
        "lang": lang,
        "date": [day.year, day.month, day.day],
        "title": _word("title", lang),
        "number": voice.filled("number", first.sheet_id[:8].upper()),
        "when": [first.from_unit.name, voice.date(day)],
        "head": head,
        "opening": _word("opening", lang),
        "notices": [],
        "columns": [*numbers, _word("unit_state", lang), _word("condition", lang)],
        "parts": [
            {
                "agency": first.to_unit.name,
                "rows": [
                    _row(place, each, lang, identity=each.id in identity)
                    for place, each in enumerate(transfers, start=1)
                ],
                "sum": [count, ""],
            }
        ],
        "totals": [],
        "differences": _differences(transfers, notes, voice),
        "signatures": {
            "title": voice.say("signatures"),
            "fields": [voice.say(key) for key in ("position", "name", "signature", "signed_on")],
            "seal": voice.say("seal"),
            "sides": [
                signature_side(
                    voice.say("gave"), first.from_unit.name, _shared([each.id for each in transfers], drawn)
                ),
                signature_side(
                    voice.say("took"), first.to_unit.name, _shared([each.receipt_id for each in transfers], drawn)
                ),
            ],
            "copies": voice.say("copies"),
        },
        "page": voice.say("page"),
    }


def signature_side(role: str, name: str, picture: bytes | None) -> list[Any]:
    """One side's line to sign, as the template reads it; with the picture of a signature it is signed."""
    return [role, name] if picture is None else [role, name, list(picture)]


def _shared(event_ids: Sequence[str | None], drawn: Mapping[str, bytes]) -> bytes | None:
    """The one picture that stands for all of these events; None where they were not all signed by it."""
    found = {drawn.get(event_id or "") for event_id in event_ids}
    return found.pop() if len(found) == 1 else None


def last_day(until: datetime, zone: ZoneInfo) -> date:
    """The last day of a loan: a day counts to its end: the moment after it is the first of the next."""
    return local_date(until - timedelta(microseconds=1), zone)


def _row(number: int, transfer: Transfer, lang: str, *, identity: bool) -> list[str]:
    asset = transfer.asset
    serial = (asset.serial_number or asset.vin) if identity else ""
    remark = _word("not_fit", lang) if transfer.sent.data.get("not_fit") else "–"
    receipt = transfer.receipt
    told = (receipt.grade or receipt.data.get("condition")) if receipt is not None else None
    return [
        str(number), breakable(item_name(asset, lang)), format_code(asset.code), breakable(serial) or "–", remark,
        told or "–",
    ]  # fmt: skip


def _differences(transfers: Sequence[Transfer], notes: Mapping[str, str], voice: ActVoice) -> dict[str, Any]:
    rows = [
        [
            str(number), breakable(item_name(each.asset, voice.lang)), format_code(each.asset.code),
            _word(each.outcome, voice.lang), breakable(notes.get(each.receipt_id or "", "")),
        ]
        for number, each in enumerate(transfers, start=1)
        if each.outcome in {"damaged", "missing", "wrong_item"}
    ]  # fmt: skip
    received = any(each.receipt_id is not None for each in transfers)
    return {
        "title": voice.say("differences"),
        "columns": [voice.say(key) for key in ("nr", "item", "label", "difference", "remark")],
        "rows": rows,
        "none": _word("no_differences", voice.lang) if received and not rows else "",
    }


def item_name(asset: Asset, lang: str) -> str:
    """What the asset is called on paper: its model, else its class."""
    if asset.model is not None:
        return asset.model.full_name
    code = asset.equipment_class.code
    return say(CLASSES[code].title, lang) if code in CLASSES else asset.equipment_class.name


def _word(key: str, lang: str) -> str:
    return SHEET_WORDS[key][lang]
