"""How values look on pages: dates, numbers, money and ages in the reader's language and the office's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal
from flask import Flask
from markupsafe import Markup, escape

from assets.people.models import Region
from assets.registry.rules.plan_titles import plan_title
from assets.web.context import locale, now, the_app, words

Number = int | float | Decimal
UNKNOWN = "–"


def init_filters(app: Flask) -> None:
    """Make the filters known to templates."""
    app.jinja_env.filters.update(
        date=show_date, datetime=show_datetime, number=show_number, km=show_km, money=show_money, ago=show_ago,
        commands=show_commands, plan_name=show_plan_name, region_name=show_region_name,
    )  # fmt: skip


def _locale() -> Locale:
    try:
        return Locale.parse("uz_Latn_UZ" if locale() == "uz" else locale())
    except UnknownLocaleError:
        return Locale.parse("en")


def show_date(value: date | datetime | None) -> str:
    """A day as the reader writes it; a moment becomes its local day."""
    if value is None:
        return UNKNOWN
    if isinstance(value, datetime):
        value = value.astimezone(the_app().settings.zone).date()
    if locale() in {"ru", "uz"}:
        return value.strftime("%d.%m.%Y")
    return format_date(value, "d MMM y", locale=_locale())


def show_datetime(value: datetime | None) -> str:
    """A moment to the minute, in the office's zone."""
    if value is None:
        return UNKNOWN
    local = value.astimezone(the_app().settings.zone)
    return f"{show_date(value)} {format_datetime(local, 'HH:mm', locale=_locale())}"


def show_number(value: Number | None, decimals: int = 0) -> str:
    """A number with so many decimals; unknown is a dash, never 0."""
    if value is None:
        return UNKNOWN
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(value, pattern, locale=_locale())


def show_km(value: Number | None) -> str:
    """Kilometres: one decimal below 100, none above."""
    if value is None:
        return UNKNOWN
    return f"{show_number(value, 1 if -100 < value < 100 else 0)} km"


def show_money(value: Number | None, currency: str = "USD") -> str:
    """An amount with its currency, with the decimals that the currency has in practice."""
    if value is None:
        return UNKNOWN
    pattern = "#,##0\u00a0¤¤" if currency in {"UZS", "JPY"} else "#,##0.00\u00a0¤¤"
    return format_currency(value, currency, pattern, locale=_locale(), currency_digits=False)


def show_commands(text: str) -> Markup:
    """A sentence with what is typed on the server (between grave accents) set as such."""
    said = Markup("")
    for n, part in enumerate(text.split("`")):
        said += Markup("<code>{}</code>").format(part) if n % 2 else escape(part)
    return said


def show_plan_name(name: str) -> str:
    """A plan's stored name in the reader's language, where it is the title of a default plan."""
    return words(plan_title(name))


def show_region_name(region: Region) -> str:
    """A region as the reader's language calls it."""
    return {"ru": region.name_ru, "uz": region.name_uz}.get(locale(), region.name_en)


def show_ago(value: datetime | None) -> str:
    """How long ago, in one unit."""
    if value is None:
        return UNKNOWN
    return format_timedelta(value.astimezone(UTC) - now(), add_direction=True, locale=_locale())
