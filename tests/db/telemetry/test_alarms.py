"""Alarms: raised once, joined, ended by the tracker's own word, late ones apart; and silence that is too long."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import Conflict, InvalidInput, NotFound
from assets.core.journal import JournalEntry
from assets.core.outbox import OutboxMail
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass
from assets.registry.service.timeline import append, happening_now
from assets.telemetry import provisioning
from assets.telemetry.alarms import contact, queries, service, watch
from assets.telemetry.alarms.listening import note_listening
from assets.telemetry.days import to_ms
from assets.telemetry.models import Alarm, AlarmWord, Boot, Device, Listening, Occurrence, SilentWindowRow
from assets.telemetry.queries import tracker_states
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Post:
    """One vehicle of IMT-TK with a tracker, and what ingest notes of it."""

    app: App
    clock: Clock
    asset_id: int
    tracker: str = "imt-001"
    seqs: Iterable[int] = field(default_factory=itertools.count)
    device_id: int = 0
    boot_id: int = 0

    def note(self, word: str, at: datetime, *, heard: datetime | None = None, seq: int | None = None) -> int:
        """Ingest stored a sample with this word."""
        number = next(iter(self.seqs)) if seq is None else seq
        with self.app.telemetry.transaction(SETUP, self.clock.now) as session:
            session.add(
                Occurrence(
                    device_id=self.device_id, boot_id=self.boot_id, seq=number, word=word, event_ms=to_ms(at), dated=0,
                    received_ms=to_ms(heard or self.clock.now),
                )
            )  # fmt: skip
        return number

    def look(self) -> int:
        return watch.look(self.app, self.clock.now)

    def alarms(self) -> list[Alarm]:
        with self.app.reading() as session:
            return list(session.scalars(select(Alarm).order_by(Alarm.raised_at, Alarm.kind)))

    def hear(self, heard: datetime, **values: object) -> None:
        """The device's latest contact."""
        with self.app.telemetry.transaction(SETUP, self.clock.now) as session:
            device = session.get_one(Device, self.device_id)
            device.heard_ms = to_ms(heard)
            for name, value in values.items():
                setattr(device, name, value)

    def listen(self, since: datetime, until: datetime) -> None:
        """Ingest was connected in this time."""
        with self.app.telemetry.transaction(SETUP, self.clock.now) as session:
            session.add(Listening(from_ms=to_ms(since), until_ms=to_ms(until)))


@pytest.fixture
def post(app: App, world: World, clock: Clock) -> Post:
    with app.transaction(SETUP, clock.now) as session:
        asset = put_asset(session, world, "vehicle.patrol", clock.now, plans=False)
        provisioning.add_tracker(session, "imt-001", session.get_one(Asset, asset.id), clock.now - timedelta(days=30))
    made = Post(app, clock, asset.id)
    with app.telemetry.transaction(SETUP, clock.now) as session:
        device = Device(tracker_id="imt-001", stored=0, set_aside=0)
        session.add(device)
        session.flush()
        boot = Boot(device_id=device.id, life="9f3a01c7", boot=1, first_heard_ms=to_ms(clock.now))
        session.add(boot)
        session.flush()
        made.device_id, made.boot_id = device.id, boot.id
    return made


def waiting(app: App) -> int:
    with app.telemetry.reading() as session:
        return session.scalar(select(func.count()).select_from(Occurrence)) or 0


def mails(app: App) -> list[str]:
    with app.reading() as session:
        return sorted(session.scalars(select(OutboxMail.recipient)))


def test_word_raises_an_alarm_for_the_vehicle_and_unit_of_then(post: Post, world: World) -> None:
    post.note("sos", post.clock.now - MINUTE)
    assert post.look() == 1
    (alarm,) = post.alarms()
    assert (alarm.kind, alarm.state, alarm.late, alarm.times) == ("sos", "open", False, 1)
    assert (alarm.asset_id, alarm.unit_id) == (post.asset_id, world.units["IMT-TK"].id)
    assert waiting(post.app) == 0
    with post.app.reading() as session:
        entry = session.scalar(select(JournalEntry.action).where(JournalEntry.entity == "alarm"))
    assert entry == "added"


def test_words_that_are_no_alarm_leave_nothing(post: Post) -> None:
    post.note("ignition_on", post.clock.now)
    assert post.look() == 1
    assert (post.alarms(), waiting(post.app), post.look()) == ([], 0, 0)


def test_word_that_was_taken_before_its_watch_died_counts_once(post: Post) -> None:
    at = post.clock.now - MINUTE
    seq = post.note("tamper", at)
    post.look()
    post.note("tamper", at, seq=seq)
    assert post.look() == 1
    (alarm,) = post.alarms()
    assert alarm.times == 1
    assert waiting(post.app) == 0


def test_repeats_within_ten_minutes_are_one_alarm(post: Post) -> None:
    for minutes in (60, 55, 48, 30):
        post.note("crash", post.clock.now - minutes * MINUTE, heard=post.clock.now - minutes * MINUTE)
    post.look()
    first, second = post.alarms()
    assert (first.times, second.times) == (3, 1)
    assert first.last_at - first.raised_at == 12 * MINUTE


def test_repeat_after_it_was_closed_is_a_new_alarm(post: Post, world: World) -> None:
    post.note("tow", post.clock.now - 5 * MINUTE)
    post.look()
    with post.app.transaction(world.actors["coordinator"], post.clock.now) as session:
        service.close(session, world.actors["coordinator"], post.alarms()[0].id, "Evacuated by us", post.clock.now)
    post.clock.advance(2 * MINUTE)
    post.note("tow", post.clock.now)
    post.look()
    assert [alarm.state for alarm in post.alarms()] == ["closed", "open"]


def test_late_alarm_is_listed_and_mailed_to_nobody(post: Post) -> None:
    post.note("sos", post.clock.now - 16 * MINUTE)
    post.look()
    (alarm,) = post.alarms()
    assert alarm.late
    assert mails(post.app) == []
    with post.app.reading() as session:
        assert session.scalars(queries.open_alarms(SETUP)).all() == []


def test_live_alarm_is_mailed_to_coordinator_and_commander_of_the_unit(post: Post) -> None:
    post.note("sos", post.clock.now - 14 * MINUTE)
    post.note("low_battery", post.clock.now)
    post.look()
    assert mails(post.app) == ["commander@example.org", "coordinator@example.org"]
    with post.app.reading() as session:
        bodies = session.scalars(select(OutboxMail.body)).all()
    assert not any("41." in body or "lat" in body for body in bodies)


def test_setting_says_which_alarms_are_mailed(post: Post) -> None:
    silent = replace(post.app, settings=replace(post.app.settings, alarm_mail=("none",)))
    post.note("sos", post.clock.now)
    watch.look(silent, post.clock.now)
    assert (len(post.alarms()), mails(post.app)) == (1, [])


def test_clock_that_runs_ahead_is_judged_as_now(post: Post) -> None:
    post.note("sos", post.clock.now + 20 * MINUTE)
    post.look()
    assert not post.alarms()[0].late


def test_power_that_is_back_closes_the_alarm_by_itself(post: Post) -> None:
    cut, back = post.clock.now - 10 * MINUTE, post.clock.now - 2 * MINUTE
    post.note("power_cut", cut, heard=cut)
    post.look()
    post.note("power_back", back)
    post.look()
    (alarm,) = post.alarms()
    assert (alarm.state, alarm.ended_at, alarm.closed_by_id) == ("closed", back, None)
    with post.app.reading() as session:
        assert [word.word for word in queries.words_of(session, alarm)] == ["power_cut", "power_back"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_order_of_arrival_decides_nothing_about_power(post: Post, order: tuple[int, ...]) -> None:
    start = post.clock.now - 10 * HOUR
    told = [
        ("power_cut", start), ("power_back", start + HOUR), ("power_cut", start + 2 * HOUR),
        ("power_back", start + 3 * HOUR),
    ]  # fmt: skip
    for place in order:
        post.note(*told[place])
        post.look()
    found = [(alarm.raised_at, alarm.ended_at, alarm.state, alarm.late) for alarm in post.alarms()]
    assert found == [(start, start + HOUR, "closed", True), (start + 2 * HOUR, start + 3 * HOUR, "closed", True)]


def test_alarm_of_before_the_vehicle_changed_hands_is_told_to_neither_unit(post: Post, world: World) -> None:
    at = post.clock.now - HOUR
    with post.app.transaction(SETUP, post.clock.now) as session:
        asset = session.get_one(Asset, post.asset_id)
        moved = happening_now(post.clock.now - 30 * MINUTE)
        append(session, SETUP, asset, "assigned", moved, {"from": "IMT-FA", "to": "IMT-TK"})
    post.note("tamper", at)
    post.look()
    assert post.alarms()[0].unit_id is None
    with post.app.reading() as session:
        assert queries.alarms_page(session, world.actors["commander"], queries.AlarmFilter()) == []
        assert len(queries.alarms_page(session, world.actors["coordinator"], queries.AlarmFilter())) == 1


def test_list_shows_open_before_taken_on_before_closed_page_by_page(post: Post, world: World) -> None:
    who = world.actors["coordinator"]
    for hours in range(6):
        post.note("crash", post.clock.now - hours * HOUR, heard=post.clock.now - hours * HOUR)
    post.look()
    ids = [alarm.id for alarm in post.alarms()]
    with post.app.transaction(who, post.clock.now) as session:
        service.acknowledge(session, who, ids[5], post.clock.now)
        service.close(session, who, ids[4], "A pothole", post.clock.now)
    seen: list[int] = []
    after = None
    with post.app.reading() as session:
        while found := queries.alarms_page(session, who, queries.AlarmFilter(), limit=2, after=after):
            seen += [alarm.id for alarm in found]
            after = queries.alarm_key(found[-1])
    assert seen == [ids[3], ids[2], ids[1], ids[0], ids[5], ids[4]]


def test_who_may_handle_alarms_and_of_which_unit(post: Post, actor_for: Callable[[str], Actor]) -> None:
    post.note("crash", post.clock.now)
    post.look()
    (alarm,) = post.alarms()
    for login, allowed in (
        ("commander", True), ("logistics_officer", True), ("logistics2", False), ("auditor", False), ("donor", False),
        ("technician", False),
    ):  # fmt: skip
        with post.app.transaction(actor_for(login), post.clock.now) as session:
            if allowed:
                service.acknowledge(session, actor_for(login), alarm.id, post.clock.now)
            else:
                with pytest.raises(NotFound):
                    service.acknowledge(session, actor_for(login), alarm.id, post.clock.now)
    assert post.alarms()[0].state == "acknowledged"


def test_closing_takes_words_and_happens_once(post: Post, world: World) -> None:
    post.note("crash", post.clock.now)
    post.look()
    (alarm,) = post.alarms()
    who = world.actors["commander"]
    with post.app.transaction(who, post.clock.now) as session, pytest.raises(InvalidInput):
        service.close(session, who, alarm.id, " ", post.clock.now)
    with post.app.transaction(who, post.clock.now) as session:
        service.close(session, who, alarm.id, "A pothole near the yard", post.clock.now)
    with post.app.transaction(who, post.clock.now) as session, pytest.raises(Conflict):
        service.close(session, who, alarm.id, "Something else", post.clock.now)


def test_many_are_handled_at_once_or_none(post: Post, world: World) -> None:
    for hours in (1, 2, 3):
        post.note("crash", post.clock.now - hours * HOUR)
    post.look()
    ids = [alarm.id for alarm in post.alarms()]
    who = world.actors["commander"]
    with pytest.raises(NotFound), post.app.transaction(who, post.clock.now) as session:
        service.handle_many(session, who, [*ids, 999_999], "Old ones", post.clock.now)
    assert {alarm.state for alarm in post.alarms()} == {"open"}
    with post.app.transaction(who, post.clock.now) as session:
        assert service.handle_many(session, who, ids[:2], None, post.clock.now) == 2
    with post.app.transaction(who, post.clock.now) as session:
        assert service.handle_many(session, who, ids, "Old ones", post.clock.now) == 3
        assert service.handle_many(session, who, ids, "Old ones", post.clock.now) == 0


def test_silence_longer_than_the_class_allows_is_an_alarm_until_it_is_heard(post: Post) -> None:
    start = post.clock.now
    post.hear(start)
    assert contact.judge(post.app, post.clock.advance(24 * HOUR)) == (0, 0)
    assert contact.judge(post.app, post.clock.advance(MINUTE)) == (1, 0)
    assert contact.judge(post.app, post.clock.advance(HOUR)) == (0, 0)
    (alarm,) = post.alarms()
    assert (alarm.kind, alarm.state, alarm.late) == ("silent", "open", False)
    post.hear(post.clock.now)
    assert contact.judge(post.app, post.clock.advance(MINUTE)) == (0, 1)
    (alarm,) = post.alarms()
    assert (alarm.state, alarm.closed_by_id) == ("closed", None)


def test_class_may_be_allowed_a_longer_silence(post: Post, world: World) -> None:
    who = world.actors["coordinator"]
    with post.app.transaction(who, post.clock.now) as session:
        patrol = session.get_one(EquipmentClass, world.classes["vehicle.patrol"].id)
        service.set_contact_limit(session, who, patrol, 72)
    post.hear(post.clock.now)
    assert contact.judge(post.app, post.clock.advance(71 * HOUR)) == (0, 0)
    assert contact.judge(post.app, post.clock.advance(2 * HOUR)) == (1, 0)


def test_silence_under_orders_is_no_alarm(post: Post) -> None:
    post.hear(post.clock.now)
    with post.app.transaction(SETUP, post.clock.now) as session:
        now = post.clock.now
        session.add(
            SilentWindowRow(
                asset_id=post.asset_id, starts_at=now, ends_at=now + 40 * HOUR, reason="Exercise", given_at=now
            )
        )
    assert contact.judge(post.app, post.clock.advance(30 * HOUR)) == (0, 0)
    assert contact.judge(post.app, post.clock.advance(30 * HOUR)) == (0, 0)
    assert contact.judge(post.app, post.clock.advance(5 * HOUR)) == (1, 0)


def test_time_in_which_we_did_not_listen_raises_no_alarm(post: Post) -> None:
    start = post.clock.now
    post.hear(start)
    post.listen(start - HOUR, start + HOUR)
    post.listen(start + 30 * HOUR, start + 100 * HOUR)
    assert contact.judge(post.app, start + 50 * HOUR) == (0, 0)
    assert contact.judge(post.app, start + 55 * HOUR) == (1, 0)


def test_pause_of_ours_is_an_outage_and_presence_says_so(post: Post) -> None:
    start = post.clock.now
    for seconds in range(0, 120, 5):
        with post.app.telemetry.transaction(SETUP, start) as session:
            note_listening(session, start + timedelta(seconds=seconds))
    post.hear(start + 2 * MINUTE, ignition=True, speed_kmh=40.0)
    with post.app.reading() as main, post.app.telemetry.reading() as telemetry:
        (state,) = tracker_states(main, telemetry, ["imt-001"], start + 30 * MINUTE)
    assert (state.presence, state.reason) == ("offline", "outage")
    with post.app.telemetry.transaction(SETUP, start) as session:
        note_listening(session, start + 30 * MINUTE)
        spans = session.execute(select(Listening.from_ms, Listening.until_ms).order_by(Listening.from_ms)).all()
    assert [(until - since) // 1000 for since, until in spans] == [115, 0]


def test_presence_is_explained_by_what_the_tracker_said_last(post: Post) -> None:
    cut = post.clock.now - 4 * HOUR
    post.listen(post.clock.now - 100 * HOUR, post.clock.now)
    post.note("power_cut", cut, heard=cut)
    post.look()
    post.hear(cut + MINUTE, ignition=False)
    with post.app.reading() as main, post.app.telemetry.reading() as telemetry:
        (state,) = tracker_states(main, telemetry, ["imt-001"], post.clock.now)
    assert (state.presence, state.reason, state.reason_since) == ("offline", "power_cut", cut)


def test_alarm_words_name_every_alarm_once(post: Post) -> None:
    post.note("tamper", post.clock.now)
    post.look()
    with post.app.reading() as session:
        rows = session.execute(select(AlarmWord.alarm_id, AlarmWord.word)).all()
    assert [row.word for row in rows] == ["tamper"]
    assert rows[0].alarm_id == post.alarms()[0].id


def test_reading_alarms_needs_a_right(post: Post, actor_for: Callable[[str], Actor]) -> None:
    post.note("tamper", post.clock.now)
    post.look()
    with post.app.reading() as session:
        for login in ("donor", "officer", "monitor", "approver"):
            assert session.scalars(
                select(Alarm.id).where(queries.alarms_for(actor_for(login), Permission.TRACKER_READ))
            ).all() == []  # fmt: skip
