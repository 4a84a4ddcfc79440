"""The whole way from messages to utilisation: in whatever order samples come, the same rows, byte for byte."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, inspect, select

from assets.core.db import Base
from assets.metrics.models import AssetDay, RollUpState
from assets.metrics.queries.extent import Extent
from assets.metrics.queries.revisions import revised_months, revised_since
from assets.metrics.roll_up import roll_up_days
from assets.metrics.utilisation import utilisation_of
from assets.registry.models import Asset, Meter, MeterIncrement
from assets.telemetry.ingest import Ingest
from assets.telemetry.messages import Envelope
from assets.telemetry.models import Boot, DayRevision, Device, Dirty, Sample, SampleDoubt, TrackerDay, TripRow
from tests.db.telemetry.conftest import Field
from tests.support.world import SETUP

METRE = 1 / 111_319.5
# What tells how often or when something was worked out, and not what came out.
HISTORY = {"id", "revision", "telemetry_revision", "meter_id", "value_at"}
# The drives begin on the last days of October; the world's clock stands at 2 November.
DAYS = 4


@pytest.fixture
def place(place: Field) -> Field:
    """A tracker on a vehicle that is on the register since before the drives."""
    with place.app.transaction(SETUP, place.clock.now) as session:
        session.get_one(Asset, place.asset.id).registered_at = place.clock.now - timedelta(days=30)
    return place


def _history(place: Field, seed: int) -> list[Envelope]:
    """Days of drives and rests over a month's end, two boots, strays, lost fixes, a counter that is turned back."""
    chance = random.Random(seed)
    start = place.clock.now.timestamp() - DAYS * 86_400
    messages: list[Envelope] = []
    east_m = 0.0
    for boot, (first_s, last_s) in enumerate([(0, 40 * 3600), (40 * 3600 + 900, DAYS * 86_400 - 3600)], start=1):
        samples, odometer, up = [], 0.0, 5
        while first_s + up < last_s:
            driving = (first_s + up) % 14_400 < 2400
            step = 20 if driving else 600
            moved = 12.0 * step * driving
            east_m, odometer, up = east_m + moved, odometer + moved, up + step
            sample: dict[str, Any] = {"up": up, "ign": driving, "eng": odometer / 12}
            if chance.random() < 0.95:
                sample["t"] = round(start + first_s + up, 1)
            if chance.random() < 0.9:
                stray = 30_000.0 if chance.random() < 0.01 else 0.0
                sample |= {"lat": round(chance.gauss(0, 3) * METRE, 7), "lon": round(60 + (east_m + stray) * METRE, 7)}
            if chance.random() < 0.8:
                sample["odo"] = odometer - (4000 if chance.random() < 0.005 and odometer > 4000 else 0)
            if chance.random() < 0.5:
                sample["can"] = {"odo": 500 + east_m // 100 / 10}
            samples.append(sample)
        messages += [place.report(at, samples[at : at + 12], boot=boot) for at in range(0, len(samples), 12)]
    return messages


def _rows(session: Any, table: Any) -> list[str]:
    names = [column.key for column in inspect(table).columns if column.key not in HISTORY]
    return sorted(repr([(name, getattr(row, name)) for name in names]) for row in session.scalars(select(table)))


def _results(place: Field) -> tuple[bytes, Any]:
    """Everything that follows from the samples, as bytes, and the figures of October."""
    roll_up_days(lambda: place.app.transaction(SETUP, place.clock.now), place.clock.now, place.app.settings.zone)
    tables: list[type[Base]] = [TripRow, TrackerDay, MeterIncrement, Meter, AssetDay]
    with place.app.reading() as session:
        rows = {table.__tablename__: _rows(session, table) for table in tables}
        october = Extent(date(2026, 10, 1), date(2026, 11, 1), (AssetDay.asset_id == place.asset.id,))
        figures = utilisation_of(session, october, place.clock.now, place.app.settings.zone).kpis("month")
        revised = revised_months(session, october)
    with place.app.telemetry.reading() as telemetry:
        rows["doubts"] = sorted(f"{r.seq} {r.flag} {r.event_ms}" for r in telemetry.scalars(select(SampleDoubt)))
    return repr((rows, figures)).encode(), revised


def _derive(place: Field) -> None:
    place.settle()
    place.rebuild()


def _send_in_order(place: Field, seed: int) -> tuple[bytes, Any]:
    place.send(*_history(place, seed))
    _derive(place)
    place.clock.advance(timedelta(days=10))
    return _results(place)


def _forgotten(place: Field) -> Field:
    """The same place before anything was heard, ten days ago."""
    place.clock.advance(timedelta(days=-10))
    with place.app.telemetry.transaction(SETUP, place.clock.now) as session:
        for raw in (SampleDoubt, Sample, Dirty, Boot, Device):
            session.execute(delete(raw))
    with place.app.transaction(SETUP, place.clock.now) as session:
        for derived in (TripRow, TrackerDay, DayRevision, MeterIncrement, AssetDay, RollUpState):
            session.execute(delete(derived))
    return replace(place, ingest=Ingest(place.app))


def _send_anyhow(place: Field, seed: int, chance: random.Random) -> tuple[bytes, Any]:
    """A part in time, the rest ten days late: shuffled, doubled, in batches of any size, derived now and then."""
    messages = _history(place, seed)
    in_time, late = messages[: len(messages) // 3], messages[len(messages) // 3 :]
    place.send(*in_time)
    _derive(place)
    place.clock.advance(timedelta(days=10))
    roll_up_days(lambda: place.app.transaction(SETUP, place.clock.now), place.clock.now, place.app.settings.zone)
    waiting = late + chance.sample(messages, len(messages) // 4)
    chance.shuffle(waiting)
    while waiting:
        size = chance.randint(1, 40)
        place.send(*waiting[:size])
        del waiting[:size]
        if chance.random() < 0.5:
            _derive(place)
    _derive(place)
    return _results(place)


@pytest.mark.parametrize("seed", [1, 2])
def test_shuffled_doubled_and_late_samples_end_in_the_same_bytes(seed: int, place: Field) -> None:
    expected, calm = _send_in_order(place, seed)
    found, revised = _send_anyhow(_forgotten(place), seed, random.Random(seed))
    assert found == expected
    missing = [told for told in ("jump", "replayed_counter", "can") if told.encode() not in expected]
    assert missing == []
    assert calm.keys() <= {202610}
    assert revised[202610].late_samples > 0
    assert revised[202610].before_m < revised[202610].after_m


def test_closed_month_says_what_late_samples_changed(place: Field) -> None:
    messages = _history(place, 3)
    place.send(*messages[: len(messages) // 3])
    _derive(place)
    zone = place.app.settings.zone
    released_at = place.clock.advance(timedelta(days=8))
    october = Extent(date(2026, 10, 1), date(2026, 11, 1), ())
    roll_up_days(lambda: place.app.transaction(SETUP, place.clock.now), place.clock.now, zone)
    with place.app.reading() as session:
        before = utilisation_of(session, october, place.clock.now, zone).days.sums("month")[202610].measured_m
        assert revised_since(session, october, released_at) is None
    place.clock.advance(timedelta(days=2))
    place.send(*messages)
    _derive(place)
    roll_up_days(lambda: place.app.transaction(SETUP, place.clock.now), place.clock.now, zone)
    with place.app.reading() as session:
        after = utilisation_of(session, october, place.clock.now, zone).days.sums("month")[202610].measured_m
        (revised,) = revised_months(session, october).values()
        since = revised_since(session, october, released_at)
    assert since is not None
    assert (round(since.before_m), round(since.after_m)) == pytest.approx((before, after), abs=3)
    assert since.reasons == ("late_data",)
    assert revised.after_m == since.after_m
