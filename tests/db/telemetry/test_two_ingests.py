"""Two that take messages of the same trackers, as the broker's writer and a web process do: as one would have."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import DropTable

from assets.telemetry import queries
from assets.telemetry.ingest import Ingest
from assets.telemetry.models import Device, Dirty
from tests.db.telemetry.conftest import Field
from tests.support.tables import create_tables


def _sample(place: Field, up: float, **more: Any) -> dict[str, Any]:
    return {"up": up, "t": place.clock.now.timestamp() - 3600 + up, "lat": 41.3, "lon": 69.2, **more}


def _take(place: Field, ingest: Ingest, seq: int, **more: Any) -> tuple[int, int]:
    outcome = ingest.receive([place.report(seq, [_sample(place, seq + 1, **more)])], place.clock.now)
    return outcome.receipts[0].upto, outcome.set_aside


def test_each_sees_what_the_other_stored(place: Field) -> None:
    other = Ingest(place.app)
    uptos = [_take(place, (place.ingest, other)[seq % 2], seq)[0] for seq in range(8)]
    assert uptos == list(range(8))
    with place.app.telemetry.reading() as session:
        assert session.scalars(select(Device.stored)).one() == 8
        (account,) = queries.boot_accounts(session, place.tracker)
    assert (account.missing, account.stored) == ((), 8)


def test_sample_that_the_other_stored_is_known_and_other_content_is_a_key_reused(place: Field) -> None:
    other = Ingest(place.app)
    assert _take(place, place.ingest, 0) == (0, 0)
    assert _take(place, other, 0) == (0, 0)
    assert _take(place, other, 0, lat=42.0) == (0, 1)
    assert len(place.samples()) == 1


def test_latest_state_of_the_other_is_not_overwritten_by_an_older_one(place: Field) -> None:
    other = Ingest(place.app)
    _take(place, place.ingest, 0)
    _take(place, other, 9, lat=42.0)
    _take(place, place.ingest, 5, lat=41.5)
    with place.app.telemetry.reading() as session:
        assert session.scalars(select(Device.lat)).one() == 42.0


def test_failed_batch_leaves_nothing_in_memory(place: Field) -> None:
    _take(place, place.ingest, 0)
    with place.app.telemetry.engine.begin() as connection:
        connection.execute(DropTable(Dirty.metadata.tables["telemetry.dirty"]))
    with pytest.raises(SQLAlchemyError):
        _take(place, place.ingest, 1)
    create_tables(place.app)
    assert _take(place, place.ingest, 2) == (0, 0)
    assert _take(place, place.ingest, 1) == (2, 0)
    with place.app.telemetry.reading() as session:
        assert session.scalars(select(Device.stored)).one() == 3
