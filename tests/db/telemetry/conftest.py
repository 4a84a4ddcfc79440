"""A vehicle with a tracker, and a way to send messages to ingest as the broker would."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.registry.models import Asset
from assets.telemetry import provisioning
from assets.telemetry.days import to_ms
from assets.telemetry.ingest import Ingest, Outcome
from assets.telemetry.messages import Envelope
from assets.telemetry.models import Sample, SetAside
from assets.telemetry.rebuild import Rebuilder
from assets.telemetry.rebuild.clocks import settle_clocks
from tests.support.world import SETUP, Clock, World

LIFE = "9f3a01c7"
TRACKER = "imt-001"


@dataclass
class Field:
    """One tracker in the field and the ingest that hears it."""

    app: App
    clock: Clock
    asset: Asset
    ingest: Ingest
    tracker: str = TRACKER
    sent: list[Envelope] = field(default_factory=list)

    def report(self, seq: int, samples: Sequence[dict[str, Any]], *, boot: int = 1, **more: Any) -> Envelope:
        """A report, not sent yet."""
        body = {"v": 1, "life": LIFE, "boot": boot, "seq": seq, "samples": list(samples), **more}
        return self.envelope("report", json.dumps(body).encode())

    def hello(self, *, boot: int = 1, conn: int = 1, **more: Any) -> Envelope:
        """A hello, not sent yet."""
        body = {"v": 1, "life": LIFE, "boot": boot, "conn": conn, "up": 3.2, "oldest": None, "newest": None, **more}
        return self.envelope("hello", json.dumps(body).encode())

    def envelope(self, kind: str, payload: bytes) -> Envelope:
        """Any payload on one of the tracker's topics."""
        return Envelope(f"imt/v1/{self.tracker}/{kind}", payload, to_ms(self.clock.now))

    def send(self, *envelopes: Envelope) -> Outcome:
        """Hands a batch to ingest."""
        return self.ingest.receive(envelopes, self.clock.now)

    def samples(self) -> list[Sample]:
        """All that is stored, by boot and sequence."""
        with self.app.telemetry.reading() as session:
            return list(session.scalars(select(Sample).order_by(Sample.boot_id, Sample.seq)))

    def asides(self) -> list[SetAside]:
        """All that is set aside, oldest first."""
        with self.app.telemetry.reading() as session:
            return list(session.scalars(select(SetAside).order_by(SetAside.id)))

    def settle(self) -> int:
        """Dates anew what can be dated better now."""
        return settle_clocks(self.app)

    def rebuild(self) -> int:
        """Derives everything that is dirty."""
        return Rebuilder(self.app).run(at_once=True)


def at(moment: datetime, seconds: float) -> float:
    """UNIX seconds some time after a moment."""
    return moment.timestamp() + seconds


@pytest.fixture
def vehicle(app: App, world: World, clock: Clock) -> Callable[[str], Asset]:
    """Makes a vehicle with this label code."""

    def make(code: str) -> Asset:
        with app.transaction(SETUP, clock.now) as session:
            asset = Asset(
                code=code,
                class_id=world.classes["vehicle.patrol"].id,
                unit_id=world.units["IMT-TK"].id,
                registered_at=clock.now,
            )
            session.add(asset)
            session.flush()
            return asset

    return make


@pytest.fixture
def place(app: App, clock: Clock, vehicle: Callable[[str], Asset]) -> Field:
    """A tracker on a vehicle since two days ago."""
    asset = vehicle("AAAAAAAAAA")
    with app.transaction(SETUP, clock.now) as session:
        provisioning.add_tracker(session, TRACKER, asset, clock.now - timedelta(days=2))
    return Field(app, clock, asset, Ingest(app))
