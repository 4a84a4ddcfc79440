"""Times, transactions and the outbox."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, StatementError

from assets.core import idempotency, outbox
from assets.core.app import App
from assets.core.errors import Conflict
from assets.core.outbox import OutboxMail
from assets.people.models import Organisation
from tests.support.world import SETUP, Clock, World


def _queue(app: App, key: str = "k", subject: str = "Due") -> bool:
    with app.transaction(SETUP) as session:
        return outbox.queue_mail(
            session, dedupe_key=key, recipient="a@example.org", subject=subject, body="Text", now=app.clock()
        )


def test_time_comes_back_as_the_same_moment_in_utc(app: App, clock: Clock) -> None:
    clock.now = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5)))
    _queue(app)
    with app.reading() as session:
        found = session.scalars(select(OutboxMail)).one()
    assert found.created_at == datetime(2026, 3, 28, 21, 30, 0, 123456, tzinfo=UTC)
    assert found.created_at.utcoffset() == timedelta(0)


def test_time_without_a_zone_is_refused(app: App, clock: Clock) -> None:
    clock.now = datetime(2026, 3, 29)  # noqa: DTZ001  # the point of the test
    with pytest.raises(StatementError, match="without a time zone"):
        _queue(app)


def test_read_then_write_waits_for_the_other_writer(app: App) -> None:
    """A deferred BEGIN on SQLite would fail at once here, whatever the timeout."""

    def add(number: int) -> None:
        with app.transaction(SETUP) as session:
            count = session.scalar(select(func.count()).select_from(Organisation))
            session.add(Organisation(code=f"{number}", kind="agency", name=f"{count}"))

    threads = [threading.Thread(target=add, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.reading() as session:
        assert session.scalar(select(func.count()).select_from(Organisation)) == 12


def test_missing_parent_is_refused_by_the_database(app: App) -> None:
    with pytest.raises(IntegrityError), app.transaction(SETUP) as session:
        idempotency.remember(session, 999, "x" * 36, "h", idempotency.Outcome("accepted", ""), app.clock())


def test_same_notice_goes_out_once(app: App) -> None:
    assert _queue(app)
    assert not _queue(app)
    assert outbox.send_waiting(app) == (1, 0)
    assert outbox.send_waiting(app) == (0, 0)
    (sent,) = (app.settings.data_dir / "outbox").glob("*.eml")
    assert b"Subject: Due" in sent.read_bytes()


def test_header_cannot_be_smuggled_into_a_mail(app: App) -> None:
    _queue(app, subject="Due\r\nBcc: victim@example.org")
    outbox.send_waiting(app)
    (sent,) = (app.settings.data_dir / "outbox").glob("*.eml")
    assert b"\nBcc:" not in sent.read_bytes()


def test_mail_that_fails_is_kept_and_tried_later(app: App, clock: Clock) -> None:
    _queue(app)
    folder = app.settings.data_dir / "outbox"
    folder.write_text("a file where the folder should be")
    assert outbox.send_waiting(app) == (0, 1)
    assert outbox.send_waiting(app) == (0, 0), "it pauses before the next attempt"
    folder.unlink()
    clock.advance(timedelta(minutes=1))
    assert outbox.send_waiting(app) == (1, 0)


def test_command_id_stands_for_one_body(app: App, world: World) -> None:
    account = world.accounts["officer"].id
    first = idempotency.body_hash({"kind": "sighting", "data": {"a": 1, "b": 2}})
    with app.transaction(world.actors["officer"]) as session:
        outcome = idempotency.Outcome("accepted", "Seen")
        idempotency.remember(session, account, "c1", first, outcome, app.clock())
    reordered = idempotency.body_hash({"data": {"b": 2, "a": 1}, "kind": "sighting"})
    with app.reading() as session:
        assert idempotency.seen_before(session, account, "c1", reordered) == outcome
        assert idempotency.seen_before(session, world.accounts["monitor"].id, "c1", first) is None
        with pytest.raises(Conflict):
            idempotency.seen_before(session, account, "c1", idempotency.body_hash({"kind": "fault"}))
