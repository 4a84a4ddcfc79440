"""Commands: given, sent, sent again, answered, expired; each once, and never to another tracker."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from assets.core.app import App
from assets.core.errors import Conflict, InvalidInput, NotFound, RuleViolation
from assets.core.journal import JournalEntry
from assets.registry.models import Asset
from assets.telemetry import commands, provisioning
from assets.telemetry.commands.rules import MOST_OPEN
from assets.telemetry.commands.silencing import order_silence
from assets.telemetry.messages import Envelope
from assets.telemetry.models import CommandResult, TrackerCommand
from assets.telemetry.silence.windows import Wish, end_window, extend_window, open_windows, window_by_id
from firmware_stubs.tracker import silence as firmware
from tests.db.telemetry.conftest import TRACKER, Field
from tests.support.world import SETUP, World

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Desk:
    """The desk, and what it published: (topic, body)."""

    place: Field
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def order(self, cmd: str, tracker: str = TRACKER, **args: Any) -> str:
        """Gives an order; its uuid."""
        with self.place.app.transaction(SETUP, self.place.clock.now) as session:
            return commands.order(session, SETUP, tracker, cmd, args, None, self.place.clock.now).uuid

    def round(self) -> list[dict[str, Any]]:
        """One round; the bodies that went out."""
        before = len(self.sent)
        commands.run_once(
            self.place.app, lambda topic, body: self.sent.append((topic, json.loads(body))), self.place.clock.now
        )
        return [body for _, body in self.sent[before:]]

    def answer(self, uuid: str, *, ok: bool = True, tracker: str = TRACKER, **more: Any) -> None:
        """The tracker's answer comes in, as from the broker."""
        body = json.dumps({"v": 1, "id": uuid, "ok": ok, **more}).encode()
        message = self.place.envelope("result", body)
        self.place.send(Envelope(f"imt/v1/{tracker}/result", body, message.received_ms))

    def row(self, uuid: str) -> TrackerCommand:
        """What is kept of an order."""
        with self.place.app.reading() as session:
            return session.scalars(select(TrackerCommand).where(TrackerCommand.uuid == uuid)).one()

    def state(self, uuid: str) -> str:
        """Its state."""
        return self.row(uuid).state


@pytest.fixture
def desk(place: Field) -> Desk:
    """The desk of commands, with a tracker that has said hello."""
    place.send(place.hello())
    place.clock.advance(SECOND)
    return Desk(place)


def test_a_command_goes_out_once_and_is_done_when_the_tracker_says_so(desk: Desk) -> None:
    uuid = desk.order("config", moving_s=5)
    assert desk.state(uuid) == "waiting"
    assert desk.round() == [
        {
            "v": 1, "id": uuid, "cmd": "config", "args": {"moving_s": 5},
            "expires": int((desk.place.clock.now + 7 * DAY).timestamp()),
        }
    ]  # fmt: skip
    assert desk.sent[0][0] == f"imt/v1/{TRACKER}/command"
    assert (desk.state(uuid), desk.round()) == ("sent", [])
    desk.answer(uuid)
    desk.round()
    row = desk.row(uuid)
    assert (row.state, row.times_sent, row.answered_at) == ("done", 1, desk.place.clock.now)
    desk.place.clock.advance(DAY)
    desk.place.send(desk.place.hello(conn=2))
    assert desk.round() == []


def test_a_command_without_an_answer_goes_out_again_on_the_next_hello(desk: Desk) -> None:
    uuid = desk.order("reboot")
    desk.round()
    desk.place.clock.advance(MINUTE)
    assert desk.round() == [], "nobody was heard"
    desk.place.send(desk.place.hello(conn=2))
    assert [body["id"] for body in desk.round()] == [uuid]
    assert desk.round() == []
    assert desk.row(uuid).times_sent == 2


def test_why_a_command_failed_is_kept_and_the_first_answer_counts(desk: Desk) -> None:
    uuid = desk.order("locate")
    desk.round()
    desk.answer(uuid, ok=False, why="silent")
    desk.answer(uuid, ok=True)
    desk.round()
    assert (desk.row(uuid).state, desk.row(uuid).why) == ("failed", "silent")
    desk.answer(uuid, ok=True)
    desk.round()
    assert desk.state(uuid) == "failed"
    assert desk.place.asides() == []


def test_a_command_expires_and_is_done_after_all_when_it_was_carried_out_in_time(desk: Desk) -> None:
    late, never = desk.order("locate"), desk.order("reboot")
    desk.round()
    desk.place.clock.advance(HOUR)
    desk.place.send(desk.place.hello(conn=2))
    assert desk.round() == [], "nothing that has expired goes out"
    assert (desk.state(late), desk.state(never)) == ("expired", "expired")
    desk.answer(late)
    desk.answer(never, ok=False, why="expired")
    desk.round()
    assert (desk.state(late), desk.state(never)) == ("done", "expired")


@pytest.mark.parametrize("known", [True, False])
def test_an_answer_to_what_this_tracker_was_not_told_is_set_aside_and_changes_nothing(
    desk: Desk, vehicle: Callable[[str], Asset], known: bool
) -> None:
    other = vehicle("BBBBBBBBBB")
    with desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
        asset = session.get_one(Asset, other.id)
        provisioning.add_tracker(session, "imt-002", asset, desk.place.clock.now)
    uuid = desk.order("reboot") if known else "5b3f7e9a-0000-4000-8000-000000000000"
    desk.round()
    desk.answer(uuid, tracker="imt-002")
    desk.round()
    desk.answer(uuid, tracker="imt-002")
    desk.round()
    (aside,) = desk.place.asides()
    assert (aside.tracker_id, aside.reason, aside.times) == ("imt-002", "result of a command that was not given", 2)
    if known:
        assert desk.state(uuid) == "sent"


def test_an_answer_that_comes_before_its_command_went_out_is_set_aside(desk: Desk) -> None:
    uuid = desk.order("reboot")
    desk.answer(uuid)
    desk.round()
    assert [row.reason for row in desk.place.asides()] == ["result of a command that was not sent"]
    assert desk.state(uuid) == "sent", "it goes out all the same"


def test_answers_are_filed_once_even_when_what_follows_the_filing_breaks_off(desk: Desk) -> None:
    uuid = desk.order("reboot")
    desk.round()
    desk.answer(uuid)
    with desk.place.app.telemetry.reading() as session:
        kept = session.scalars(select(CommandResult)).one()
        values = {"device_id": kept.device_id, "command_id": uuid, "ok": True, "received_ms": kept.received_ms}
    desk.round()
    with desk.place.app.telemetry.transaction(SETUP, desk.place.clock.now) as session:
        session.add(CommandResult(**values))  # as if it had not been forgotten
    desk.round()
    assert desk.state(uuid) == "done"
    assert desk.place.asides() == []
    with desk.place.app.telemetry.reading() as session:
        assert session.scalars(select(CommandResult)).all() == []


def test_only_what_waits_can_be_called_back(desk: Desk) -> None:
    uuid = desk.order("reboot")
    with desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
        commands.cancel(session, TRACKER, uuid)
    assert (desk.state(uuid), desk.round()) == ("cancelled", [])
    gone = desk.order("reboot")
    desk.round()
    with pytest.raises(Conflict, match="sent"), desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
        commands.cancel(session, TRACKER, gone)
    with pytest.raises(NotFound), desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
        commands.cancel(session, "imt-002", gone)


def test_newer_settings_stand_in_the_place_of_older_ones_that_have_no_answer_yet(desk: Desk) -> None:
    lost = desk.order("config", moving_s=5, idle_s=30)
    desk.round()
    newer = desk.order("config", moving_s=20)
    assert desk.state(lost) == "cancelled"
    desk.place.clock.advance(MINUTE)
    desk.place.send(desk.place.hello(conn=2))
    assert [(body["id"], body["args"]) for body in desk.round()] == [(newer, {"moving_s": 20, "idle_s": 30})]
    desk.answer(lost)
    desk.round()
    assert desk.state(lost) == "done", "it had got through before"


def test_one_change_of_server_or_restart_at_a_time(desk: Desk) -> None:
    uuid = desk.order("server", host="imt.example.org", port=8883)
    others: tuple[tuple[str, dict[str, Any]], ...] = (("reboot", {}), ("server", {"port": 8884}))
    for cmd, args in others:
        with pytest.raises(Conflict, match="one_at_a_time"):
            desk.order(cmd, **args)
    desk.round()
    with pytest.raises(Conflict):
        desk.order("reboot")
    desk.answer(uuid)
    desk.round()
    desk.order("reboot")


def test_the_database_itself_keeps_two_restarts_apart(desk: Desk) -> None:
    row = desk.row(desk.order("reboot"))
    values = {name: getattr(row, name) for name in ("tracker_id", "cmd", "args", "given_at", "expires_at")}
    with pytest.raises(IntegrityError), desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
        session.add(TrackerCommand(uuid="another", state="waiting", times_sent=0, secrets="", why="", **values))


def test_a_secret_goes_out_and_is_kept_nowhere_once_the_command_has_ended(desk: Desk) -> None:
    uuid = desk.order("server", host="imt.example.org", port=8883, secret="n3w-s3cret")
    assert desk.round()[0]["args"] == {"host": "imt.example.org", "port": 8883, "secret": "n3w-s3cret"}
    assert "n3w-s3cret" in desk.row(uuid).secrets, "it may have to be sent again"
    assert "secret" not in desk.row(uuid).args
    desk.answer(uuid)
    desk.round()
    assert desk.row(uuid).secrets == ""
    with desk.place.app.reading() as session:
        bodies = session.scalars(select(JournalEntry.body).where(JournalEntry.entity == "tracker_command")).all()
    assert len(bodies) == 3
    assert all("n3w-s3cret" not in body for body in bodies)


@pytest.mark.parametrize("end", ["expires", "cancelled", "fails"])
def test_however_a_command_ends_its_secret_goes(desk: Desk, end: str) -> None:
    uuid = desk.order("server", secret="n3w-s3cret")
    if end == "cancelled":
        with desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
            commands.cancel(session, TRACKER, uuid)
    else:
        desk.round()
        if end == "expires":
            desk.place.clock.advance(8 * DAY)
        else:
            desk.answer(uuid, ok=False, why="no receipt came through the new server")
        desk.round()
    assert desk.row(uuid).secrets == ""


def test_what_cannot_be_ordered_is_refused(desk: Desk) -> None:
    with pytest.raises(RuleViolation, match="by_window_only"):
        desk.order("silent", until=1)
    with pytest.raises(InvalidInput):
        desk.order("explode")
    with pytest.raises(InvalidInput):
        desk.order("config", moving_s=-1)
    with pytest.raises(NotFound):
        desk.order("locate", tracker="nobody")
    for expires_at in (desk.place.clock.now, desk.place.clock.now + 31 * DAY):
        with pytest.raises(InvalidInput), desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
            commands.order(session, SETUP, TRACKER, "locate", {}, expires_at, desk.place.clock.now)
    with pytest.raises(InvalidInput, match="too much"):
        desk.order("server", authority="\n" * 2999)
    for number in range(MOST_OPEN):
        desk.order("resend", boot=1, ranges=[[number, number]])
    with pytest.raises(Conflict, match="too_many"):
        desk.order("locate")
    with desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
        provisioning.revoke_tracker(session, TRACKER, desk.place.clock.now)
    with pytest.raises(RuleViolation, match="revoked"):
        desk.order("locate")


def _open(desk: Desk, start: timedelta, end: timedelta) -> int:
    now = desk.place.clock.now
    with desk.place.app.transaction(SETUP, now) as session:
        wish = Wish(now + start, now + end, "surveillance", may_erase=True)
        (row,) = open_windows(session, SETUP, [desk.place.asset.id], wish, now)
        return row.id


def _told(bodies: list[dict[str, Any]]) -> list[tuple[int, int]]:
    assert all(body["cmd"] == "silent" and firmware.fault(body["args"]) == "" for body in bodies)
    return [(body["args"]["from"], body["args"]["until"]) for body in bodies]


def test_a_tracker_is_told_its_window_and_each_change_of_it_once(desk: Desk) -> None:
    clock = desk.place.clock
    from_s = int(clock.now.timestamp())
    window = _open(desk, 0 * HOUR, 2 * HOUR)
    assert _told(desk.round()) == [(from_s, from_s + 7200)]
    assert desk.round() == []
    with desk.place.app.transaction(SETUP, clock.now) as session:
        extend_window(session, window_by_id(session, SETUP, window, lock=True), clock.now + 3 * HOUR, clock.now)
    assert _told(desk.round()) == [(from_s, from_s + 10_800)]
    clock.advance(HOUR)
    with desk.place.app.transaction(SETUP, clock.now) as session:
        end_window(session, SETUP, window_by_id(session, SETUP, window, lock=True), clock.now)
    assert _told(desk.round()) == [(from_s, from_s + 3600)]
    clock.advance(SECOND)
    assert desk.round() == []


def test_a_lost_order_of_silence_is_not_sent_again_after_the_window_was_ended(desk: Desk) -> None:
    window = _open(desk, 0 * HOUR, 2 * HOUR)
    (lost,) = desk.round()
    desk.place.clock.advance(MINUTE)
    with desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
        end_window(session, SETUP, window_by_id(session, SETUP, window, lock=True), desk.place.clock.now)
    desk.round()
    desk.place.clock.advance(MINUTE)
    desk.place.send(desk.place.hello(conn=2))
    assert [until < desk.place.clock.now.timestamp() for _, until in _told(desk.round())] == [True]
    assert desk.state(lost["id"]) == "cancelled"


def test_a_planned_window_that_is_called_off_ends_as_it_would_have_begun(desk: Desk) -> None:
    begins_s = int((desk.place.clock.now + HOUR).timestamp())
    window = _open(desk, HOUR, 2 * HOUR)
    assert _told(desk.round()) == [(begins_s, begins_s + 3600)]
    with desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
        end_window(session, SETUP, window_by_id(session, SETUP, window, lock=True), desk.place.clock.now)
    assert _told(desk.round()) == [(begins_s, begins_s + 1)]


def test_windows_one_after_another_are_all_told(desk: Desk) -> None:
    from_s = int(desk.place.clock.now.timestamp())
    _open(desk, 0 * HOUR, HOUR)
    _open(desk, 3 * HOUR, 4 * HOUR)
    assert sorted(_told(desk.round())) == [(from_s, from_s + 3600), (from_s + 10_800, from_s + 14_400)]
    desk.place.clock.advance(2 * HOUR)
    assert desk.round() == []


def test_a_tracker_that_leaves_a_silent_vehicle_is_told_that_it_is_off(
    desk: Desk, vehicle: Callable[[str], Asset]
) -> None:
    clock = desk.place.clock
    _open(desk, 0 * HOUR, 2 * HOUR)
    ((from_s, _),) = _told(desk.round())
    other = vehicle("BBBBBBBBBB")
    clock.advance(HOUR)
    with desk.place.app.transaction(SETUP, clock.now) as session:
        provisioning.move_tracker(session, TRACKER, session.get_one(Asset, other.id), clock.now, clock.now)
    (off,) = _told(desk.round())
    assert off == (from_s, from_s + 3600)


def test_an_order_of_silence_is_called_back_by_its_window_alone(desk: Desk) -> None:
    _open(desk, 0 * HOUR, 2 * HOUR)
    with desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
        order_silence(session, SETUP, desk.place.clock.now)
        uuid = session.scalars(select(TrackerCommand.uuid)).one()
    with pytest.raises(RuleViolation), desk.place.app.transaction(SETUP, desk.place.clock.now) as session:
        commands.cancel(session, TRACKER, uuid)


def test_a_round_without_work_writes_nothing(desk: Desk, app: App) -> None:
    def entries() -> int:
        with app.reading() as session:
            return len(session.scalars(select(JournalEntry.seq)).all())

    desk.order("reboot")
    desk.round()
    before = entries()
    desk.place.clock.advance(SECOND)
    desk.round()
    assert entries() == before


def test_the_journal_says_who_ordered_what(desk: Desk, world: World) -> None:
    coordinator = world.actors["coordinator"]
    with desk.place.app.transaction(coordinator, desk.place.clock.now) as session:
        commands.order(session, coordinator, TRACKER, "config", {"moving_s": 5}, None, desk.place.clock.now)
    with desk.place.app.reading() as session:
        body = json.loads(
            session.scalars(select(JournalEntry.body).where(JournalEntry.entity == "tracker_command")).one()
        )
    assert body["by"] == {"account": world.accounts["coordinator"].id}
    assert (body["values"]["cmd"], body["values"]["args"]) == ("config", {"moving_s": 5})
