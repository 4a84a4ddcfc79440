"""The wording of the trip sheet in its three languages, side by side: a form whose words are fixed together. Pure."""

from __future__ import annotations

from datetime import date as Day  # noqa: N812  # `SheetVoice.date` takes the name
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal

SHEET_LANGUAGES = ("en", "ru", "uz")
_LOCALES = {"uz": "uz_Latn_UZ", "ru": "ru", "en": "en_GB"}

SHEET_WORDS: dict[str, dict[str, str]] = {
    "title": {"en": "Trip sheet", "ru": "Путевой лист", "uz": "Yoʻl varaqasi"},
    "vehicle": {"en": "Vehicle", "ru": "Транспортное средство", "uz": "Transport vositasi"},
    "plate": {"en": "Plate", "ru": "Государственный номер", "uz": "Davlat raqami"},
    "label": {"en": "Label code", "ru": "Код этикетки", "uz": "Yorliq kodi"},
    "unit": {"en": "Unit", "ru": "Подразделение", "uz": "Boʻlinma"},
    "period": {"en": "Period", "ru": "Период", "uz": "Davr"},
    "odometer_begin": {"en": "Odometer at the beginning", "ru": "Одометр в начале", "uz": "Odometr boshida"},
    "odometer_end": {"en": "Odometer at the end", "ru": "Одометр в конце", "uz": "Odometr oxirida"},
    "trips": {"en": "Trips", "ru": "Поездки", "uz": "Safarlar"},
    "day": {"en": "Day", "ru": "День", "uz": "Kun"},
    "start": {"en": "Start", "ru": "Начало", "uz": "Boshlanishi"},
    "end": {"en": "End", "ru": "Конец", "uz": "Tugashi"},
    "measured": {"en": "Measured, km", "ru": "Измерено, км", "uz": "Oʻlchangan, km"},
    "estimated": {"en": "Estimated, km", "ru": "Оценка, км", "uz": "Taxminiy, km"},
    "driver": {"en": "Driver", "ru": "Водитель", "uz": "Haydovchi"},
    "in_store": {"en": "issued to nobody", "ru": "никому не выдано", "uz": "hech kimga berilmagan"},
    "other_unit": {
        "en": "a person of another unit", "ru": "сотрудник другого подразделения", "uz": "boshqa boʻlinma xodimi",
    },
    "no_trips": {"en": "no trips", "ru": "поездок не было", "uz": "safar boʻlmagan"},
    "nothing_heard": {
        "en": "not known: nothing was heard from the vehicle",
        "ru": "неизвестно: данных от транспортного средства нет",
        "uz": "nomaʼlum: transport vositasidan maʼlumot kelmagan",
    },
    "elsewhere": {
        "en": "another unit had it then: its trips are not shown here",
        "ru": "было у другого подразделения: его поездки здесь не показаны",
        "uz": "boshqa boʻlinmada edi: uning safarlari bu yerda koʻrsatilmaydi",
    },
    "total": {"en": "In all", "ru": "Всего", "uz": "Jami"},
    "unknown_days": {
        "en": "Days of which nothing is known, and which stand in no sum: %s.",
        "ru": "Дней без данных, не вошедших в суммы: %s.",
        "uz": "Maʼlumotsiz va yigʻindiga kirmagan kunlar: %s.",
    },
    "apart": {
        "en": "Measured and estimated kilometres are apart: what is estimated is not in what is measured. "
        "The driver is the person who had the vehicle by the record of custody when the trip began.",
        "ru": "Измеренные и оценённые километры показаны отдельно: оценка не входит в измеренное. "
        "Водитель — тот, кому транспортное средство было выдано по учёту в момент начала поездки.",
        "uz": "Oʻlchangan va taxminiy kilometrlar alohida: taxminiysi oʻlchanganiga kirmaydi. "
        "Haydovchi — safar boshlanganda transport vositasi hisob boʻyicha kimga berilgan boʻlsa, oʻsha shaxs.",
    },
    "fuel": {"en": "Fuel", "ru": "Топливо", "uz": "Yoqilgʻi"},
    "when": {"en": "When", "ru": "Когда", "uz": "Qachon"},
    "litres": {"en": "Litres", "ru": "Литры", "uz": "Litr"},
    "tank": {"en": "Tank", "ru": "Бак", "uz": "Bak"},
    "full": {"en": "full", "ru": "полный", "uz": "toʻla"},
    "partial": {"en": "partial", "ru": "неполный", "uz": "toʻla emas"},
    "odometer": {"en": "Odometer, km", "ru": "Одометр, км", "uz": "Odometr, km"},
    "cost": {"en": "Cost", "ru": "Стоимость", "uz": "Narxi"},
    "no_fuel": {
        "en": "No fuel was entered for this period.",
        "ru": "За этот период заправки не внесены.",
        "uz": "Bu davr uchun yoqilgʻi kiritilmagan.",
    },
    "not_known": {"en": "not known", "ru": "неизвестно", "uz": "nomaʼlum"},
    "made": {"en": "Made on %s", "ru": "Составлено %s", "uz": "Tuzilgan: %s"},
    "responsible": {
        "en": "Responsible for the vehicle", "ru": "Ответственный за транспорт", "uz": "Transport uchun masʼul",
    },
    "page": {"en": "page", "ru": "стр.", "uz": "bet"},
}  # fmt: skip


class SheetVoice:
    """Says the sheet's words, days, times and numbers in one of its languages."""

    def __init__(self, lang: str, zone: ZoneInfo) -> None:
        self.lang = lang
        self.zone = zone

    def say(self, key: str) -> str:
        return SHEET_WORDS[key][self.lang]

    def date(self, day: Day) -> str:
        return format_date(day, "d MMM y", locale="en_GB") if self.lang == "en" else day.strftime("%d.%m.%Y")

    def time(self, at: datetime, day: Day) -> str:
        """The local time to the minute, with its day where that is not `day`."""
        local = at.astimezone(self.zone)
        text = local.strftime("%H:%M")
        return text if local.date() == day else f"{text} ({local.strftime('%d.%m')})"

    def moment(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return f"{self.date(local.date())} {local.strftime('%H:%M')}"

    def number(self, value: Decimal | float | None, decimals: int = 1) -> str:
        """A number; what is not known is said, never 0."""
        if value is None:
            return self.say("not_known")
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return str(format_decimal(value, pattern, locale=_LOCALES[self.lang]))
