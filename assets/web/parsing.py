"""Shapes of what comes in: pages, dates, numbers. Nothing here decides; it only understands or refuses."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import msgspec

from assets.core.clock import day_start, local_date
from assets.core.errors import invalid
from assets.core.i18n import msg

MAX_LIMIT = 500
DEFAULT_LIMIT = 50


@dataclass(frozen=True)
class Page:
    """How many rows, and after which (the key of the last row seen, as its query understands it)."""

    limit: int = DEFAULT_LIMIT
    after: tuple[object, ...] | None = None


def page(args: Mapping[str, str]) -> Page:
    """`limit` (1 to 500) and `cursor` of a list call."""
    text = args.get("limit", "").strip()
    limit = DEFAULT_LIMIT
    if text:
        if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= MAX_LIMIT:
            raise invalid("limit", msg("The limit is a whole number from 1 to %(n)s.", n=MAX_LIMIT))
        limit = int(text)
    cursor = args.get("cursor", "").strip()
    return Page(limit, decode_cursor(cursor) if cursor else None)


def encode_cursor(key: tuple[object, ...] | None) -> str | None:
    """An opaque cursor for the key of the last row given; None stays None."""
    if key is None:
        return None
    return base64.urlsafe_b64encode(msgspec.json.encode(list(key))).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[object, ...]:
    """The key inside a cursor of ours; `InvalidInput` for anything else."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return tuple(msgspec.json.decode(raw, type=list[str | int | float | None]))
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error


def parse_date(text: str, field: str = "date") -> date:
    """A day as YYYY-MM-DD or DD.MM.YYYY."""
    text = text.strip()
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise invalid(field, msg("%(text)s is not a date; write 2026-11-21 or 21.11.2026.", text=text[:40]))


def parse_moment(text: str, zone: ZoneInfo, field: str = "at") -> datetime:
    """A moment in RFC 3339, or a local day (its first moment), as UTC."""
    text = text.strip()
    if len(text) == 10:
        return day_start(parse_date(text, field), zone)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(field, msg("%(text)s is not a time; write 2026-11-21T08:30:00Z.", text=text[:40])) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise invalid(field, msg("%(text)s is out of range.", text=text[:40])) from error


@dataclass(frozen=True)
class Span:
    """A half-open span of moments in UTC, with the local days that it covers (until is the day after the last)."""

    start: datetime
    end: datetime
    first_day: date
    until_day: date


def parse_span(args: Mapping[str, str], now: datetime, zone: ZoneInfo, *, default_days: int = 30) -> Span:
    """`from` and `to` of a call: days (half-open: `to` is not included) or moments; default the last days."""
    until = local_date(now, zone) + timedelta(days=1)
    first = until - timedelta(days=default_days)
    start = parse_moment(args["from"], zone, "from") if args.get("from") else day_start(first, zone)
    end = parse_moment(args["to"], zone, "to") if args.get("to") else day_start(until, zone)
    if end <= start:
        raise invalid("to", msg("The end must lie after the beginning."))
    last = local_date(end - timedelta(microseconds=1), zone)
    return Span(start, end, local_date(start, zone), last + timedelta(days=1))


def parse_decimal(text: str, field: str) -> Decimal:
    """A number; a comma may stand for the decimal point and spaces between thousands."""
    cleaned = text.strip().replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace(",", ".")
    try:
        value = Decimal(cleaned)
    except InvalidOperation as error:
        raise invalid(field, msg("%(text)s is not a number.", text=text[:40])) from error
    if not value.is_finite():
        raise invalid(field, msg("%(text)s is not a number.", text=text[:40]))
    return value
