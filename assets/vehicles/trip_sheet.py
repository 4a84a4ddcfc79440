"""The trip sheet of a vehicle as PDF: when it was driven, how far and by whom, and the fuel; never where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import day_span, days, local_date
from assets.core.errors import invalid
from assets.core.i18n import msg, say
from assets.custody.queries import custody_chain
from assets.custody.rules import Holding
from assets.labels.sheet import vendored_fonts
from assets.labels.token import format_code
from assets.labels.typeset import typeset
from assets.people.models import Person
from assets.people.rules import Permission
from assets.registry.models import Asset, Meter, MeterReading
from assets.registry.rules.classes import CLASSES
from assets.registry.scope import persons_for, require_asset
from assets.registry.service.meters import value_at
from assets.telemetry import queries as telemetry
from assets.telemetry.models import TripRow
from assets.vehicles.models import FuelFill
from assets.vehicles.queries.entries import counts
from assets.vehicles.queries.tracks import Part, stretches_within
from assets.vehicles.rules.entries import check_vehicle
from assets.vehicles.trip_sheet_words import SHEET_LANGUAGES, SheetVoice

_TEMPLATE = Path(__file__).with_name("trip_sheet.typ")
MAX_DAYS = 62
DAY = timedelta(days=1)


@dataclass(frozen=True)
class SheetTrip:
    """One trip; `driver` None: issued to nobody then; '': to a person who is not the reader's to see."""

    started_at: datetime
    ended_at: datetime
    distance_m: float
    estimated_m: float
    driver: str | None


@dataclass(frozen=True)
class SheetDay:
    """One local day: its trips, or whether anything was heard of the vehicle at all.

    `elsewhere`: some of the day another unit had it, whose trips are not the reader's to see.
    """

    day: date
    trips: tuple[SheetTrip, ...]
    heard: bool
    elsewhere: bool = False


@dataclass(frozen=True)
class TripSheet:
    """What a trip sheet is made of; the days are half-open, an odometer that nobody ever read is None."""

    asset: Asset
    first: date
    until: date
    days: tuple[SheetDay, ...]
    fills: tuple[FuelFill, ...]
    odometer_begin: Decimal | None
    odometer_end: Decimal | None
    made_on: date


def trip_sheet(
    session: Session, actor: Actor, asset: Asset, first: date, until: date, now: datetime, zone: ZoneInfo
) -> TripSheet:
    """The sheet of a vehicle for the days from `first` to the one before `until`, while units in reach had it.

    `NotAllowed` without the right to trip sheets of its unit; `InvalidInput` for a period that is empty or too long.
    """
    require_asset(actor, Permission.TRIP_READ, asset)
    check_vehicle(is_vehicle=asset.equipment_class.is_vehicle, life="")
    if not 0 < (until - first).days <= MAX_DAYS:
        raise invalid("to", msg("A trip sheet is for 1 to %(n)s days.", n=MAX_DAYS), code="out_of_range")
    start, end = day_span(first, until, zone)
    parts = stretches_within(session, actor, Permission.TRIP_READ, asset, start, end)
    trips = [trip for part in parts for trip in telemetry.trips_of_asset(session, asset.id, *part)]
    heard = {row.day for row in telemetry.days_of_asset(session, asset.id, first, until) if row.samples}
    told = _with_drivers(session, actor, asset, trips)
    fills = [
        fill
        for fill in session.scalars(
            select(FuelFill)
            .where(FuelFill.asset_id == asset.id, FuelFill.at >= start, FuelFill.at < end, counts(FuelFill))
            .order_by(FuelFill.at, FuelFill.id)
        )
        if any(begun <= fill.at < ended for begun, ended in parts)
    ]
    by_day: dict[date, list[SheetTrip]] = {}
    for trip in told:
        by_day.setdefault(local_date(trip.started_at, zone), []).append(trip)
    return TripSheet(
        asset, first, until,
        tuple(
            SheetDay(day, tuple(by_day.get(day, ())), day in heard, not _covers(parts, *day_span(day, day + DAY, zone)))
            for day in days(first, until)
        ),
        tuple(fills), _odometer(session, asset, start), _odometer(session, asset, min(end, now)),
        local_date(now, zone),
    )  # fmt: skip


def _covers(parts: Sequence[Part], start: datetime, end: datetime) -> bool:
    """Whether these parts, oldest first, leave nothing out of [start, end)."""
    at = start
    for first, last in parts:
        if first <= at < last:
            at = last
    return at >= end


def _with_drivers(session: Session, actor: Actor, asset: Asset, trips: Sequence[TripRow]) -> list[SheetTrip]:
    chain = custody_chain(session, [asset.id]).get(asset.id, [])
    holders = {trip.id: _holder(chain, trip.started_at) for trip in trips}
    wanted = {person_id for person_id in holders.values() if person_id is not None}
    names: Mapping[int, str] = {
        row.id: row.name
        for row in session.execute(
            select(Person.id, Person.name).where(Person.id.in_(wanted), persons_for(actor, Permission.TRIP_READ))
        )
    }
    return [
        SheetTrip(
            trip.started_at, trip.ended_at, trip.distance_m, trip.estimated_m,
            None if (holder := holders[trip.id]) is None else names.get(holder, ""),
        )
        for trip in trips
    ]  # fmt: skip


def _holder(chain: Sequence[Holding], at: datetime) -> int | None:
    """Who had the vehicle at a moment, by its record of custody."""
    for holding in chain:
        if holding.since <= at and (holding.ended is None or at < holding.ended):
            return holding.person_id
    return None


def _odometer(session: Session, asset: Asset, at: datetime) -> Decimal | None:
    """What the odometer showed; None unless somebody had read it by then, for telemetry alone only counts on."""
    meter = session.scalar(select(Meter).where(Meter.asset_id == asset.id, Meter.kind == "odometer_km"))
    if meter is None:
        return None
    read = select(MeterReading.id).where(
        MeterReading.meter_id == meter.id, MeterReading.annulled_at.is_(None), MeterReading.at <= at
    )
    return value_at(session, meter, at) if session.scalar(read.limit(1)) is not None else None


def sheet_pdf(sheet: TripSheet, lang: str, zone: ZoneInfo) -> bytes:
    """The sheet as accessible PDF (PDF/UA-1); the same sheet gives the same bytes."""
    return typeset(_TEMPLATE, sheet_content(sheet, lang, zone), vendored_fonts(), standards=("ua-1",))


def sheet_content(sheet: TripSheet, lang: str, zone: ZoneInfo) -> dict[str, Any]:
    """Everything that stands in the sheet, in words; `InvalidInput` for a language that it is not made in."""
    if lang not in SHEET_LANGUAGES:
        known = ", ".join(SHEET_LANGUAGES)
        raise invalid("lang", msg("A trip sheet is made in: %(known)s.", known=known), code="unknown_word")
    voice = SheetVoice(lang, zone)
    unknown = sum(not day.trips and not day.heard and not day.elsewhere for day in sheet.days)
    notes = [voice.say("unknown_days") % unknown] if unknown else []
    return {
        "lang": lang,
        "date": [sheet.made_on.year, sheet.made_on.month, sheet.made_on.day],
        "title": voice.say("title"),
        "head": _head(sheet, voice),
        "trips": {
            "title": voice.say("trips"),
            "columns": [voice.say(key) for key in ("day", "start", "end", "measured", "estimated", "driver")],
            "rows": [row for day in sheet.days for row in _day_rows(day, voice)],
            "total": _total(sheet, voice),
        },
        "notes": [*notes, voice.say("apart")],
        "fuel": {
            "title": voice.say("fuel"),
            "columns": [voice.say(key) for key in ("when", "litres", "tank", "odometer", "cost")],
            "rows": [_fill_row(fill, voice) for fill in sheet.fills],
            "none": voice.say("no_fuel"),
        },
        "signature": voice.say("responsible"),
        "footer": f"{format_code(sheet.asset.code)}, {voice.say('made') % voice.date(sheet.made_on)}",
        "page": voice.say("page"),
    }


def _head(sheet: TripSheet, voice: SheetVoice) -> list[list[str]]:
    asset = sheet.asset
    code = asset.equipment_class.code
    name = asset.model.full_name if asset.model is not None else say(CLASSES[code].title, voice.lang)
    last = date.fromordinal(sheet.until.toordinal() - 1)
    period = voice.date(sheet.first) if last == sheet.first else f"{voice.date(sheet.first)} – {voice.date(last)}"
    pairs = [
        ("vehicle", name),
        ("plate", asset.plate),
        ("label", format_code(asset.code)),
        ("unit", asset.unit.name),
        ("period", period),
        ("odometer_begin", _km(sheet.odometer_begin, voice)),
        ("odometer_end", _km(sheet.odometer_end, voice)),
    ]
    return [[voice.say(key), text] for key, text in pairs if text]


def _km(value: Decimal | None, voice: SheetVoice) -> str:
    return voice.say("not_known") if value is None else f"{voice.number(value)} km"


def _day_rows(day: SheetDay, voice: SheetVoice) -> list[list[str]]:
    shown = voice.date(day.day)
    apart = [[shown, voice.say("elsewhere")]] if day.elsewhere else []
    if not day.trips:
        return apart or [[shown, voice.say("no_trips" if day.heard else "nothing_heard")]]
    return apart + [
        [
            shown, voice.time(trip.started_at, day.day), voice.time(trip.ended_at, day.day),
            voice.number(trip.distance_m / 1000), voice.number(trip.estimated_m / 1000), _driver(trip, voice),
        ]
        for trip in day.trips
    ]  # fmt: skip


def _driver(trip: SheetTrip, voice: SheetVoice) -> str:
    if trip.driver is None:
        return voice.say("in_store")
    return trip.driver or voice.say("other_unit")


def _total(sheet: TripSheet, voice: SheetVoice) -> list[str]:
    """The sums; not known where nothing at all is known of any day."""
    trips = [trip for day in sheet.days for trip in day.trips]
    known = any(day.trips or (day.heard and not day.elsewhere) for day in sheet.days)
    measured = sum(trip.distance_m for trip in trips) / 1000 if known else None
    estimated = sum(trip.estimated_m for trip in trips) / 1000 if known else None
    return [voice.say("total"), "", "", voice.number(measured), voice.number(estimated), ""]


def _fill_row(fill: FuelFill, voice: SheetVoice) -> list[str]:
    cost = f"{voice.number(fill.cost, 2)} {fill.currency}" if fill.cost is not None else voice.say("not_known")
    return [
        voice.moment(fill.at), voice.number(fill.litres, 2), voice.say("full" if fill.is_full else "partial"),
        voice.number(fill.odometer_km), cost,
    ]  # fmt: skip
