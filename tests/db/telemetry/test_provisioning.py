"""Provisioning: one secret per tracker, shown once, kept as a hash only; one tracker per asset."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from assets.core.errors import Conflict, InvalidInput, NotFound, RuleViolation
from assets.core.journal import JournalEntry
from assets.registry.models import Asset
from assets.telemetry import provisioning, queries
from assets.telemetry.models import Tracker
from tests.db.telemetry.conftest import Field
from tests.support.world import SETUP


@pytest.mark.parametrize("bad", ["", "a" * 65, "a/b", "a+b", "a#b", "a b", "ü", "a\0b", "../x"])
def test_id_with_topic_or_path_characters_is_refused(place: Field, vehicle: Callable[[str], Asset], bad: str) -> None:
    asset = vehicle("BBBBBBBBBB")
    with pytest.raises(InvalidInput), place.app.transaction(SETUP) as session:
        provisioning.add_tracker(session, bad, asset, place.clock.now)


def test_secret_is_in_no_table_and_no_journal(place: Field, vehicle: Callable[[str], Asset]) -> None:
    with place.app.transaction(SETUP) as session:
        credential = provisioning.add_tracker(session, "t2", vehicle("BBBBBBBBBB"), place.clock.now)
    with place.app.reading() as session:
        row = session.get_one(Tracker, "t2")
        assert row.password_hash is not None
        assert row.password_hash.startswith("$7$101$")
        bodies = "".join(session.scalars(select(JournalEntry.body)))
    assert credential.secret not in bodies + row.password_hash
    assert row.password_hash not in bodies
    assert "t2" in bodies


def test_rotation_and_revocation_end_the_old_secret(place: Field) -> None:
    with place.app.transaction(SETUP) as session:
        first = provisioning.rotate_secret(session, place.tracker, place.clock.now)
    with place.app.transaction(SETUP) as session:
        second = provisioning.rotate_secret(session, place.tracker, place.clock.now)
    with place.app.reading() as session:
        assert not provisioning.is_secret_of(session, place.tracker, first.secret)
        assert provisioning.is_secret_of(session, place.tracker, second.secret)
        assert not provisioning.is_secret_of(session, "nobody", second.secret)
        assert not provisioning.is_secret_of(session, place.tracker, "")
    with place.app.transaction(SETUP) as session:
        provisioning.revoke_tracker(session, place.tracker, place.clock.now)
    with place.app.reading() as session:
        assert not provisioning.is_secret_of(session, place.tracker, second.secret)


def test_second_tracker_on_an_asset_and_a_taken_id_are_refused(place: Field, vehicle: Callable[[str], Asset]) -> None:
    with pytest.raises(Conflict), place.app.transaction(SETUP) as session:
        provisioning.add_tracker(session, "t2", place.asset, place.clock.now)
    with pytest.raises(Conflict), place.app.transaction(SETUP) as session:
        provisioning.add_tracker(session, place.tracker, vehicle("BBBBBBBBBB"), place.clock.now)
    with pytest.raises(NotFound), place.app.transaction(SETUP) as session:
        provisioning.revoke_tracker(session, "nobody", place.clock.now)


def test_move_keeps_where_the_tracker_was_before(place: Field, vehicle: Callable[[str], Asset]) -> None:
    second, now = vehicle("BBBBBBBBBB"), place.clock.now
    moved_at = now - timedelta(hours=3)
    with place.app.transaction(SETUP) as session:
        provisioning.move_tracker(session, place.tracker, second, moved_at, now)
    with place.app.reading() as session:
        assert queries.installed_on(session, place.tracker, moved_at - timedelta(seconds=1)) == place.asset.id
        assert queries.installed_on(session, place.tracker, moved_at) == second.id
    for impossible in (now - timedelta(days=9), now + timedelta(hours=1)):
        with pytest.raises(RuleViolation), place.app.transaction(SETUP) as session:
            provisioning.move_tracker(session, place.tracker, place.asset, impossible, now)
