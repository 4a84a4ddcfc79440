"""The wording of the transfer and acceptance act in its three languages, side by side, as the form is used.

It is a legal form: its words are fixed together, and do not follow the language of the pages.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal

ACT_LANGUAGES = ("uz", "ru", "en")
_LOCALES = {"uz": "uz_Latn_UZ", "ru": "ru", "en": "en_GB"}

ACT_WORDS: dict[str, dict[str, str]] = {
    "title": {
        "en": "Transfer and acceptance act",
        "ru": "Акт приёма-передачи",
        "uz": "Qabul qilish-topshirish dalolatnomasi",
    },
    "number": {"en": "No. %s", "ru": "№ %s", "uz": "%s-son"},
    "grant": {"en": "Grant", "ru": "Грант", "uz": "Grant"},
    "en_number": {"en": "Exchange of notes (E/N)", "ru": "Обмен нотами (E/N)", "uz": "Nota almashinuvi (E/N)"},
    "ga_number": {"en": "Grant agreement (G/A)", "ru": "Соглашение о гранте (G/A)", "uz": "Grant bitimi (G/A)"},
    "donor": {"en": "Donor", "ru": "Донор", "uz": "Donor"},
    "implementing": {"en": "Implementing agency", "ru": "Исполнительное агентство", "uz": "Ijrochi agentlik"},
    "round": {"en": "Handover round", "ru": "Партия передачи", "uz": "Topshirish bosqichi"},
    "place": {"en": "Place", "ru": "Место", "uz": "Joy"},
    "date": {"en": "Date of handover", "ru": "Дата передачи", "uz": "Topshirilgan sana"},
    "receiver": {"en": "Receiving agency", "ru": "Принимающее ведомство", "uz": "Qabul qiluvchi idora"},
    "no_agency": {"en": "Agency not named", "ru": "Ведомство не указано", "uz": "Idora koʻrsatilmagan"},
    "opening": {
        "en": "The giving side hands over, and the receiving side accepts, the equipment listed below.",
        "ru": "Передающая сторона передаёт, а принимающая сторона принимает нижеперечисленное оборудование.",
        "uz": "Topshiruvchi tomon quyida sanab oʻtilgan jihozlarni topshiradi, qabul qiluvchi tomon esa ularni "
        "qabul qiladi.",
    },
    "items": {"en": "Equipment", "ru": "Оборудование", "uz": "Jihozlar"},
    "nr": {"en": "No.", "ru": "№", "uz": "№"},
    "item": {"en": "Item", "ru": "Наименование", "uz": "Nomi"},
    "label": {"en": "Label", "ru": "Код этикетки", "uz": "Yorliq kodi"},
    "serial": {"en": "Serial number or VIN", "ru": "Серийный номер или VIN", "uz": "Seriya raqami yoki VIN"},
    "unit": {"en": "Unit", "ru": "Подразделение", "uz": "Boʻlinma"},
    "value": {"en": "Value, %s", "ru": "Стоимость, %s", "uz": "Qiymati, %s"},
    "total": {"en": "In all: %s", "ru": "Всего: %s", "uz": "Jami: %s"},
    "received": {"en": "Of these received: %s", "ru": "Из них принято: %s", "uz": "Shundan qabul qilindi: %s"},
    "no_value": {
        "en": "%s items have no value in the deed and stand in no sum.",
        "ru": "Без стоимости в документах: %s; в суммы не вошли.",
        "uz": "Hujjatlarda qiymati yoʻq: %s; yigʻindiga kirmagan.",
    },
    "in_usd": {"en": "In US dollars", "ru": "В долларах США", "uz": "AQSH dollarida"},
    "rate": {
        "en": "%(value)s at the rate of %(rate)s %(currency)s for 1 USD on %(date)s",
        "ru": "%(value)s по курсу %(rate)s %(currency)s за 1 USD на %(date)s",
        "uz": "%(value)s, %(date)s kungi kurs: 1 USD = %(rate)s %(currency)s",
    },
    "no_rate": {
        "en": "unknown: the round has no rate",
        "ru": "неизвестно: курс не указан",
        "uz": "nomaʼlum: kurs koʻrsatilmagan",
    },
    "differences": {
        "en": "Differences found at the count", "ru": "Расхождения, выявленные при приёмке",
        "uz": "Qabul qilishda aniqlangan tafovutlar",
    },
    "no_differences": {
        "en": "None: everything counted was there, whole and with its number.",
        "ru": "Нет: всё пересчитанное в наличии, исправно, номера совпадают.",
        "uz": "Yoʻq: sanalgan barcha jihozlar mavjud, butun, raqamlari mos.",
    },
    "difference": {"en": "Difference", "ru": "Расхождение", "uz": "Tafovut"},
    "remark": {"en": "Remark", "ru": "Примечание", "uz": "Izoh"},
    "short": {"en": "Short: not there", "ru": "Недостача", "uz": "Kamomad"},
    "damaged": {"en": "Damaged (%s)", "ru": "Повреждено (%s)", "uz": "Shikastlangan (%s)"},
    "wrong_serial": {"en": "Other number", "ru": "Другой номер", "uz": "Raqami boshqa"},
    "not_delivered": {"en": "Not delivered", "ru": "Не поставлено", "uz": "Yetkazib berilmagan"},
    "paper_number": {"en": "On paper: %s", "ru": "По документам: %s", "uz": "Hujjatda: %s"},
    "paper_blank": {"en": "no number", "ru": "номера нет", "uz": "raqam yoʻq"},
    "found_number": {"en": "Found: %s", "ru": "Фактически: %s", "uz": "Amalda: %s"},
    "not_counted": {
        "en": "The count is not finished: %s items are not counted yet.",
        "ru": "Приёмка не завершена: не пересчитано позиций: %s.",
        "uz": "Qabul qilish yakunlanmagan: hali sanalmagan jihozlar: %s.",
    },
    "partial": {
        "en": "This act holds the part of the round that was handed over to: %s.",
        "ru": "Акт охватывает часть партии, переданную подразделениям: %s.",
        "uz": "Dalolatnoma bosqichning quyidagi boʻlinmalarga topshirilgan qismini qamrab oladi: %s.",
    },
    "signatures": {"en": "Signatures", "ru": "Подписи сторон", "uz": "Tomonlarning imzolari"},
    "gave": {"en": "Handed over by", "ru": "Передал", "uz": "Topshirdi"},
    "took": {"en": "Received by", "ru": "Принял", "uz": "Qabul qildi"},
    "position": {"en": "Position", "ru": "Должность", "uz": "Lavozimi"},
    "name": {"en": "Full name", "ru": "Ф.И.О.", "uz": "F.I.O."},
    "signature": {"en": "Signature", "ru": "Подпись", "uz": "Imzo"},
    "signed_on": {"en": "Date", "ru": "Дата", "uz": "Sana"},
    "seal": {"en": "Seal", "ru": "М.П.", "uz": "M.Oʻ."},
    "copies": {
        "en": "Made in copies of equal force, one for each side.",
        "ru": "Составлен в экземплярах равной силы, по одному для каждой стороны.",
        "uz": "Teng kuchga ega nusxalarda, har bir tomon uchun bittadan tuzildi.",
    },
    "page": {"en": "Page", "ru": "Страница", "uz": "Sahifa"},
    "pieces": {"en": "%s items", "ru": "%s шт.", "uz": "%s dona"},
}  # fmt: skip


class ActVoice:
    """Says the act's words, dates and numbers in one of its languages."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def say(self, key: str) -> str:
        return ACT_WORDS[key][self.lang]

    def filled(self, key: str, value: object) -> str:
        """The words with what stands in their one place, or their named places."""
        return self.say(key) % value

    def date(self, day: date | None) -> str:
        """26.10.2026, or 26 October 2026 in English; a dash when it is not known."""
        if day is None:
            return "–"
        return format_date(day, "d MMMM y", locale="en_GB") if self.lang == "en" else day.strftime("%d.%m.%Y")

    def number(self, value: int | Decimal, decimals: int = 0) -> str:
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return str(format_decimal(value, pattern, locale=_LOCALES[self.lang]))

    def money(self, value: Decimal | None, currency: str) -> str:
        """An amount with the decimals that its currency has in practice, without the currency's name."""
        if value is None:
            return "–"
        whole = currency in {"UZS", "JPY"} and value == value.to_integral_value()
        return self.number(value, 0 if whole else 2)
