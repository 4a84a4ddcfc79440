"""Another secret by command, at a real broker: the old one counts until the tracker came in with the new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from assets.core.errors import Conflict
from assets.core.journal import JournalEntry
from assets.telemetry import broker, provisioning, rotation
from assets.telemetry.days import to_ms
from assets.telemetry.models import Device, Tracker, TrackerCommand, TrackerRotation
from tests.mqtt.conftest import until
from tests.mqtt.test_doors import NOT_AUTHORISED, Doors, _opened
from tests.support.world import SETUP

LAG = rotation.LAG + timedelta(seconds=1)


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    made = _opened(tmp_path)
    try:
        yield made
    finally:
        made.close()


def _ordered(doors: Doors) -> str:
    """The secret that went to t1 just now."""
    app = doors.site.app
    now = app.clock()
    with app.transaction(SETUP, now) as session:
        command = rotation.order_rotation(session, SETUP, "t1", now)
        command.state, command.sent_at, command.times_sent = "sent", now, 1
        return str(msgspec.json.decode(command.secrets)["secret"])


def _turn(doors: Doors, now: datetime) -> bool:
    app = doors.site.app
    told = rotation.take_turns(app, now, broker.told_at(app.settings))
    if told:
        assert broker.refresh(app)
        # The test runs ahead of the clock by which the file was written.
        os.utime(broker.folder_of(app.settings) / "passwords", (now.timestamp(), now.timestamp()))
    return told


def _comes_in(doors: Doors, secret: str) -> bool:
    code = doors.publish("-u", "t1", "-P", secret, "-t", "imt/v1/t1/hello").returncode
    assert code in {0, NOT_AUTHORISED}
    return code == 0


def _hello(doors: Doors, at: datetime) -> None:
    """As ingest notes it."""
    app = doors.site.app
    with app.telemetry.transaction(SETUP, at) as session:
        session.add(Device(tracker_id="t1", hello_ms=to_ms(at), heard_ms=to_ms(at)))


def _rotation(doors: Doors) -> TrackerRotation:
    with doors.site.app.reading() as session:
        return session.scalars(select(TrackerRotation)).one()


def test_new_secret_takes_over_once_the_tracker_came_in_with_it(doors: Doors) -> None:
    old, now = doors.site.secrets["t1"], doors.site.app.clock()
    new = _ordered(doors)
    assert not _turn(doors, now)
    assert _comes_in(doors, old)
    assert not _comes_in(doors, new)
    assert _turn(doors, now + LAG)
    until(lambda: _comes_in(doors, new), "the new secret to count")
    assert not _comes_in(doors, old)
    _hello(doors, now + 3 * LAG)
    assert not _turn(doors, now + 3 * LAG), "the broker knows already"
    assert _rotation(doors).state == "done"
    doors.site.stop_broker()
    doors.site.start_broker()
    assert _comes_in(doors, new)
    assert not _comes_in(doors, old)


def test_old_secret_counts_again_when_nobody_came_in_with_the_new_one(doors: Doors) -> None:
    old, now = doors.site.secrets["t1"], doors.site.app.clock()
    new = _ordered(doors)
    assert _turn(doors, now + LAG)
    assert _turn(doors, now + LAG + rotation.TURN)
    until(lambda: _comes_in(doors, old), "the old secret to count again")
    assert not _comes_in(doors, new)
    assert _turn(doors, now + LAG + 2 * rotation.TURN), "it may hold the new one: its turn comes again"
    until(lambda: _comes_in(doors, new), "the new secret's second turn")


def test_hello_shows_nothing_before_the_broker_was_told(doors: Doors) -> None:
    now = doors.site.app.clock()
    _ordered(doors)
    app = doors.site.app
    told_at = broker.told_at(app.settings)
    assert rotation.take_turns(app, now + LAG, told_at)
    _hello(doors, now + 3 * LAG)
    # Whoever should have told the broker died: it is told first, and the hello came through the old secret.
    assert rotation.take_turns(app, now + 3 * LAG, told_at)
    assert _rotation(doors).state == "tried"


def test_secret_given_by_hand_or_taken_away_ends_the_one_on_its_way(doors: Doors) -> None:
    app, now = doors.site.app, doors.site.app.clock()
    new = _ordered(doors)
    with pytest.raises(Conflict), app.transaction(SETUP, now) as session:
        rotation.order_rotation(session, SETUP, "t1", now)
    assert _turn(doors, now + LAG)
    with app.transaction(SETUP, now) as session:
        by_hand = provisioning.rotate_secret(session, "t1", now).secret
    assert broker.refresh(app)
    until(lambda: _comes_in(doors, by_hand), "the secret given by hand")
    assert not _comes_in(doors, new)
    assert _rotation(doors).state == "failed"
    assert not _turn(doors, now + timedelta(days=1))


def test_trackers_own_word_ends_it_either_way(doors: Doors) -> None:
    app, now = doors.site.app, doors.site.app.clock()
    for state, expected in (("failed", "failed"), ("done", "done")):
        _ordered(doors)
        with app.transaction(SETUP, now) as session:
            command = session.scalars(select(TrackerCommand).where(TrackerCommand.state == "sent")).one()
            command.state, command.secrets = state, ""
        _turn(doors, now + LAG)
        with app.reading() as session:
            newest = session.scalars(select(TrackerRotation).order_by(TrackerRotation.id.desc())).first()
            assert newest is not None
            assert (newest.state, newest.next_hash) == (expected, "")


def test_secret_on_its_way_stands_in_no_journal(doors: Doors) -> None:
    new = _ordered(doors)
    with doors.site.app.reading() as session:
        bodies = "".join(session.scalars(select(JournalEntry.body)))
        assert str(session.get_one(Tracker, "t1").password_hash) not in bodies
    assert new not in bodies
    assert _rotation(doors).next_hash not in bodies
