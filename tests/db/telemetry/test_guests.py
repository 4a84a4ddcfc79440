"""Guests: readings known by their content, trackers bound to logins, and nothing of them dropped without a word."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.errors import Conflict, InvalidInput
from assets.core.journal import JournalEntry
from assets.registry.models import Asset
from assets.telemetry import guests, provisioning, queries
from assets.telemetry.broker import access_list
from assets.telemetry.codecs.guest import LIFE, reading_of, seq_of
from assets.telemetry.days import to_ms
from assets.telemetry.ingest import Ingest, Outcome
from assets.telemetry.messages import Envelope
from assets.telemetry.models import (
    Boot,
    Device,
    Dirty,
    GuestAccount,
    GuestBinding,
    Occurrence,
    Sample,
    SetAside,
    TrackerDay,
    TripRow,
)
from assets.telemetry.pipeline import OWN_CLOCK, RECEIPT
from assets.telemetry.rebuild import Rebuilder
from assets.telemetry.silence.windows import Wish, open_windows
from tests.support.world import SETUP, Clock

Vehicle = Callable[[str], Asset]
PHONE, OTHER, IMEI = "car7", "car8", "356307042441013"


@dataclass
class Yard:
    """A phone, a Traccar server with two devices and a Teltonika device, each device on a vehicle."""

    app: App
    clock: Clock
    ingest: Ingest
    made: dict[str, provisioning.Credential]
    assets: dict[str, Asset]

    def send(self, topic: str, body: Any, *more: Envelope) -> Outcome:
        """Hands one message (and what else is given) to ingest."""
        return self.ingest.receive([self.message(topic, body), *more], self.clock.now)

    def message(self, topic: str, body: Any) -> Envelope:
        """Not sent yet; a body that is bytes goes as it is."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Envelope(topic, raw, to_ms(self.clock.now))

    def location(self, seconds_ago: float = 60, **more: Any) -> dict[str, Any]:
        """What the app sends."""
        tst = int(self.clock.now.timestamp() - seconds_ago)
        return {"_type": "location", "tid": "c7", "lat": 41.3, "lon": 69.2, "tst": tst, **more}

    def position(self, device: str, seconds_ago: float = 60, **more: Any) -> dict[str, Any]:
        """What a Traccar server forwards."""
        at = (self.clock.now - timedelta(seconds=seconds_ago)).isoformat()
        told = {"latitude": 41.3, "longitude": 69.2, "speed": 10.0, "valid": True, "fixTime": at, "deviceTime": at}
        return {"position": {**told, **more}, "device": {"id": 1, "uniqueId": device}}

    def samples(self) -> list[Sample]:
        """All that is stored, in the order of events."""
        with self.app.telemetry.reading() as session:
            return list(session.scalars(select(Sample).order_by(Sample.event_ms, Sample.seq)))

    def asides(self) -> list[tuple[str, str | None, bytes, int]]:
        """(reason, tracker, bytes, times) of what is set aside, oldest first."""
        with self.app.telemetry.reading() as session:
            rows = session.scalars(select(SetAside).order_by(SetAside.id)).all()
            return [(row.reason, row.tracker_id, row.raw, row.times) for row in rows]

    def device(self, tracker: str) -> Device:
        """Its latest state."""
        with self.app.telemetry.reading() as session:
            return session.scalars(select(Device).where(Device.tracker_id == tracker)).one()


@pytest.fixture
def yard(app: App, vehicle: Vehicle, clock: Clock) -> Yard:
    wanted = {
        PHONE: ("owntracks", {}),
        "tr1": ("traccar", {"account": "server", "device": "D-1"}),
        "tr2": ("traccar", {"account": "server", "device": "D-2"}),
        "tel": ("teltonika", {"details": {"imei": IMEI}}),
    }
    assets = {name: vehicle(code * 10) for name, code in zip(wanted, "ABCD", strict=True)}
    made = {}
    with app.transaction(SETUP, clock.now) as session:
        for name, (kind, more) in wanted.items():
            made[name] = provisioning.add_tracker(
                session, name, assets[name], clock.now - timedelta(days=9), kind=kind, **more
            )  # type: ignore[arg-type]  # texts by name
    return Yard(app, clock, Ingest(app), made, assets)


def test_each_format_is_stored_under_its_own_tracker_with_its_units_converted(yard: Yard) -> None:
    yard.send(f"owntracks/{PHONE}/{PHONE}", yard.location(vel=36))
    yard.send("traccar/positions", yard.position("D-2", attributes={"hours": 7_200_000, "ignition": True}))
    reported = {"ts": to_ms(yard.clock.now) - 60_000, "latlng": "41.3,69.2", "sat": 9, "sp": 36, "66": 12600, "16": 5}
    yard.send(f"teltonika/{IMEI}/data", {"state": {"reported": reported}})
    assert yard.asides() == []
    states = {name: yard.device(name) for name in (PHONE, "tr2", "tel")}
    assert {(one.lat, one.lon, one.stored) for one in states.values()} == {(41.3, 69.2, 1)}
    assert [round(states[name].speed_kmh or 0, 2) for name in (PHONE, "tr2", "tel")] == [36, 18.52, 36]
    assert (states["tr2"].ignition, states["tel"].vehicle_v) == (True, 12.6)
    assert [row.engine_s for row in yard.samples() if row.engine_s] == [7200.0]


def test_same_reading_again_changes_nothing(yard: Yard) -> None:
    topic, body = f"owntracks/{PHONE}/{PHONE}", yard.location(vel=36)
    yard.send(topic, [body, body], yard.message(topic, body))
    before = [(row.seq, row.received_ms) for row in yard.samples()]
    yard.clock.advance(timedelta(days=2))
    outcome = yard.send(topic, {**body, "conn": "w", "created_at": 1})
    assert (outcome.stored, outcome.set_aside, len(before)) == (0, 0, 1)
    assert [(row.seq, row.received_ms) for row in yard.samples()] == before
    assert yard.device(PHONE).stored == 1


def test_undated_reading_that_comes_again_later_is_known_too(yard: Yard) -> None:
    topic = f"owntracks/{PHONE}/{PHONE}"
    for _ in range(3):
        yard.send(topic, yard.location(tst=0))
        yard.clock.advance(timedelta(hours=1))
    (row,) = yard.samples()
    assert (row.dated, row.flags, row.event_ms) == (RECEIPT, "clock_unset", row.received_ms)


def test_other_reading_of_the_same_second_is_stored_beside_the_first(yard: Yard) -> None:
    topic = f"owntracks/{PHONE}/{PHONE}"
    yard.send(topic, [yard.location(lat=41.3 + n / 1000) for n in range(40)])
    assert len(yard.samples()) == 40
    assert len({row.seq for row in yard.samples()}) == 40


def test_readings_that_meet_at_a_number_are_both_kept_and_both_known_again(yard: Yard) -> None:
    topic, key = f"owntracks/{PHONE}/{PHONE}", yard.app.secret_key[:64]
    body = yard.location()
    seen: dict[int, float] = {}
    for n in range(40_000):
        lat = 41 + n / 1_000_000
        seq = seq_of(reading_of(t=body["tst"], lat=lat, lon=body["lon"]), key)
        if seq in seen:
            break
        seen[seq] = lat
    pair = [{**body, "lat": seen[seq]}, {**body, "lat": lat}]
    for _ in range(2):
        for each in pair:
            yard.send(topic, each)
    assert [(row.seq - seq, row.lat) for row in yard.samples()] == [(0, seen[seq]), (1, lat)]


def test_result_does_not_depend_on_order_doubles_or_batches(yard: Yard) -> None:
    topic = f"owntracks/{PHONE}/{PHONE}"
    messages = [yard.message(topic, yard.location(600 - 10 * n, lat=41 + n / 1000, vel=n)) for n in range(60)]
    mixed = messages * 2
    random.Random(7).shuffle(mixed)
    for start in range(0, len(mixed), 7):
        yard.ingest.receive(mixed[start : start + 7], yard.clock.now)
    assert [row.speed_kmh for row in yard.samples()] == [float(n) for n in range(60)]
    state = yard.device(PHONE)
    assert (state.stored, state.speed_kmh, state.lat) == (60, 59.0, 41.059)


def test_guest_gets_no_receipt_and_its_completeness_cannot_be_known(yard: Yard) -> None:
    outcome = yard.send(f"owntracks/{PHONE}/{PHONE}", yard.location())
    assert (outcome.receipts, outcome.answers, outcome.stored) == ((), (), 1)
    with yard.app.telemetry.reading() as session:
        accounts = queries.boot_accounts(session, PHONE)
        boots = session.scalars(select(Boot.life)).all()
    assert (accounts, queries.completeness(accounts), boots) == ([], None, [LIFE])


def test_reading_marks_its_day_and_its_event_words_for_who_follows(yard: Yard) -> None:
    yard.send("traccar/positions", yard.position("D-1", attributes={"alarm": "powerCut", "ignition": False}))
    with yard.app.telemetry.reading() as session:
        assert session.scalars(select(Occurrence.word)).all() == ["power_cut"]
        assert len(session.scalars(select(Dirty)).all()) == 1


@pytest.mark.parametrize(
    ("topic", "reason", "tracker"),
    [
        (f"owntracks/{PHONE}/{OTHER}", "the device is not bound to this login", None),
        (f"owntracks/tr1/{PHONE}", "the device is not bound to this login", None),
        ("teltonika/356307042441014/data", "the device is not bound to this login", None),
        (f"owntracks/{PHONE}", "topic is not one of owntracks", None),
        ("traccar/events", "topic is not one of traccar", None),
        (f"imt/v1/{PHONE}/report", "the tracker is a guest, with a topic of its own format", PHONE),
    ],
)
def test_message_for_another_tracker_is_set_aside(yard: Yard, topic: str, reason: str, tracker: str | None) -> None:
    yard.send(topic, yard.location())
    assert [each[:2] for each in yard.asides()] == [(reason, tracker)]
    assert yard.samples() == []


def test_server_cannot_speak_for_devices_that_are_not_bound_to_it(yard: Yard, vehicle: Vehicle) -> None:
    with yard.app.transaction(SETUP, yard.clock.now) as session:
        other = provisioning.add_tracker(
            session, "tr3", vehicle("EEEEEEEEEE"), yard.clock.now - timedelta(days=1), kind="traccar"
        )
    assert other.guest is not None
    assert other.guest.topics == ("traccar/tr3/positions",), "the first server alone has the common topic"
    yard.send("traccar/positions", yard.position("tr3"), yard.message("traccar/tr3/positions", yard.position("D-1")))
    assert [each[0] for each in yard.asides()] == ["the device is not bound to this login"] * 2
    yard.send("traccar/tr3/positions", yard.position("tr3"))
    assert [row.lat for row in yard.samples()] == [41.3]


def test_bad_part_of_a_message_does_not_cost_its_neighbours(yard: Yard) -> None:
    yard.send(f"owntracks/{PHONE}/{PHONE}", [yard.location(90), yard.location(lat=95), yard.location(30)])
    assert len(yard.samples()) == 2
    ((reason, tracker, raw, _),) = yard.asides()
    assert ("lat" in reason, tracker, b"95" in raw) == (True, PHONE, True)


def test_messages_without_a_position_are_counted_and_their_content_is_not_kept(yard: Yard) -> None:
    for n in range(3):
        yard.send(f"owntracks/{PHONE}/{PHONE}/step", {"_type": "steps", "steps": n})
    yard.send(f"owntracks/{PHONE}/{PHONE}/info", {"_type": "card", "name": "A person", "face": "iVBORw0KGgo"})
    yard.send(f"owntracks/{PHONE}/{PHONE}", b"")
    assert yard.asides() == [
        ("steps: tells no position, and is only counted", PHONE, b"steps", 3),
        ("card: tells no position, and is only counted", PHONE, b"card", 1),
        ("empty: tells no position, and is only counted", PHONE, b"empty", 1),
    ]
    assert yard.device(PHONE).set_aside == 0


def test_encrypted_message_is_set_aside_with_what_to_do(yard: Yard) -> None:
    yard.send(f"owntracks/{PHONE}/{PHONE}", {"_type": "encrypted", "data": "6fPu9hBL"})
    ((reason, tracker, _, _),) = yard.asides()
    assert (reason[:21], tracker) == ("encrypted by the app,", PHONE)


def test_large_card_is_read_and_what_no_broker_takes_is_set_aside(yard: Yard) -> None:
    card = {"_type": "card", "name": "n", "face": "x" * 60_000}
    yard.send(f"owntracks/{PHONE}/{PHONE}/info", card)
    yard.send(f"owntracks/{PHONE}/{PHONE}/info", {**card, "face": "x" * 70_000})
    assert [each[0][:11] for each in yard.asides()] == ["card: tells", "larger than"]


def test_position_without_satellites_is_kept_as_doubtful_and_is_not_the_latest_place(yard: Yard) -> None:
    topic, now_ms = f"teltonika/{IMEI}/data", to_ms(yard.clock.now)
    yard.send(topic, {"state": {"reported": {"ts": now_ms - 60_000, "latlng": "41.1,69.1", "sat": 9}}})
    yard.send(topic, {"state": {"reported": {"ts": now_ms - 30_000, "latlng": "41.2,69.2", "sat": 0, "239": 1}}})
    state = yard.device("tel")
    assert (state.lat, state.ignition, state.event_ms) == (41.1, True, now_ms - 30_000)
    assert [(row.lat, row.flags) for row in yard.samples()] == [(41.1, None), (41.2, "no_fix")]


def test_retained_old_position_is_never_taken_for_contact_now(yard: Yard) -> None:
    yard.send(f"owntracks/{PHONE}/{PHONE}", yard.location(3 * 86_400))
    with yard.app.reading() as main, yard.app.telemetry.reading() as session:
        (state,) = queries.tracker_states(main, session, [PHONE], yard.clock.now)
    assert state.heard_at == yard.clock.now - timedelta(days=3)
    assert state.presence == "offline"
    yard.send(f"owntracks/{PHONE}/{PHONE}", yard.location(10))
    yard.clock.advance(timedelta(hours=5))
    yard.send(f"owntracks/{PHONE}/{PHONE}", yard.location(5 * 3600 + 10))
    assert yard.device(PHONE).heard_ms == to_ms(yard.clock.now) - 5 * 3_600_000 - 10_000


def test_will_says_that_the_phone_is_gone_until_it_speaks_again(yard: Yard) -> None:
    topic, began = f"owntracks/{PHONE}/{PHONE}", int(yard.clock.now.timestamp()) - 3600
    yard.send(topic, yard.location(60))
    yard.send(topic, {"_type": "lwt", "tst": began})
    assert yard.device(PHONE).online is False
    yard.send(topic, yard.location(30))
    assert yard.device(PHONE).online is True
    yard.send(topic, {"_type": "lwt", "tst": began})
    assert yard.device(PHONE).online is True, "a retained will is told again at each connect of ours"
    yard.send(topic, {"_type": "lwt", "tst": began + 3500})
    assert yard.device(PHONE).online is False
    assert yard.asides() == []


def test_no_place_of_a_guest_is_kept_in_a_silent_window(yard: Yard) -> None:
    now = yard.clock.now
    with yard.app.transaction(SETUP, now) as session:
        for name in (PHONE, "tr1"):
            wish = Wish(now - timedelta(hours=1), now + timedelta(hours=1), "surveillance", may_erase=True)
            open_windows(session, SETUP, [yard.assets[name].id], wish, now)
    phone = f"owntracks/{PHONE}/{PHONE}"
    yard.send(phone, yard.location(60, lat=41.777, vel=30))
    yard.send(phone, yard.location(60, lat=41.777, vel=30))
    yard.send(phone, yard.location(60, lat=95, lon=41.777))
    yard.send("traccar/positions", yard.position("D-1", latitude=41.777, attributes={"odometer": 900}))
    yard.send("traccar/positions", {"position": {"latitude": 41.777}})
    yard.send(phone, yard.location(2 * 3600))
    rows = yard.samples()
    assert [(row.lat, row.flags) for row in rows] == [(41.3, None), (None, "silent"), (None, "silent")]
    assert {row.odometer_m for row in rows} == {None, 900.0}
    assert {raw for _, _, raw, _ in yard.asides()} == {b""}


def test_future_clock_of_a_guest_does_not_freeze_its_vehicle(yard: Yard) -> None:
    topic = f"owntracks/{PHONE}/{PHONE}"
    yard.send(topic, yard.location(-400 * 86_400, lat=42.0))
    yard.send(topic, yard.location(10))
    assert yard.device(PHONE).lat == 41.3
    assert [row.dated for row in yard.samples()] == [OWN_CLOCK, RECEIPT]


def test_one_login_of_a_server_serves_many_trackers_and_shows_its_secret_once(yard: Yard) -> None:
    first, second = yard.made["tr1"], yard.made["tr2"]
    assert first.shown("h", 1)["username"] == second.shown("h", 1)["username"] == "server"
    assert (len(first.secret), second.shown("h", 1)["password"]) == (32, None)
    assert first.shown("h", 1)["topics"] == {"publish": ["traccar/positions"], "subscribe": []}
    with yard.app.reading() as session:
        assert guests.is_secret_of(session, "server", first.secret)
        assert not guests.is_secret_of(session, "tr1", first.secret)
        assert not provisioning.is_secret_of(session, "tr1", first.secret)
        bodies = "".join(session.scalars(select(JournalEntry.body)))
        kept = session.get_one(GuestAccount, "server").password_hash
    assert kept is not None
    assert kept not in bodies
    assert first.secret not in bodies


def test_tracker_of_a_shared_login_that_is_revoked_is_refused_and_the_others_go_on(yard: Yard) -> None:
    with yard.app.transaction(SETUP, yard.clock.now) as session:
        provisioning.revoke_tracker(session, "tr1", yard.clock.now)
    yard.send("traccar/positions", yard.position("D-1"), yard.message("traccar/positions", yard.position("D-2")))
    assert [each[:2] for each in yard.asides()] == [("the tracker was revoked", "tr1")]
    assert len(yard.samples()) == 1
    with yard.app.transaction(SETUP, yard.clock.now) as session:
        assert session.get_one(GuestAccount, "server").password_hash is not None
        provisioning.revoke_tracker(session, "tr2", yard.clock.now)
        assert session.get_one(GuestAccount, "server").password_hash is None
        again = provisioning.rotate_secret(session, "tr1", yard.clock.now)
        assert guests.is_secret_of(session, "server", again.secret)
    yard.send("traccar/positions", yard.position("D-1"))
    assert len(yard.samples()) == 2


def test_access_list_lets_a_guest_write_its_topics_alone(yard: Yard) -> None:
    with yard.app.reading() as session:
        logins = guests.accounts(session)
    assert [(login, topics) for login, _, topics in logins] == [
        (PHONE, [f"owntracks/{PHONE}/#"]),
        ("server", ["traccar/positions"]),
        ("tel", [f"teltonika/{IMEI}/data"]),
    ]
    lines = access_list([(login, topics) for login, _, topics in logins]).splitlines()
    assert lines[:3] == [f"user {PHONE}", "topic deny imt/v1/#", f"topic write owntracks/{PHONE}/#"]


def test_names_of_logins_and_trackers_cannot_be_mixed_up(yard: Yard, vehicle: Vehicle) -> None:
    asset, now = vehicle("FFFFFFFFFF"), yard.clock.now
    for name, more in (
        ("server", {}),
        ("x", {"kind": "traccar", "account": PHONE}),
        ("x", {"kind": "owntracks", "account": "server"}),
        ("x", {"kind": "traccar", "account": "server", "device": "D-1"}),
        ("x", {"kind": "teltonika", "device": IMEI}),
    ):
        with pytest.raises(Conflict), yard.app.transaction(SETUP, now) as session:
            provisioning.add_tracker(session, name, asset, now, **more)  # type: ignore[arg-type]  # texts by name
    for more in ({"account": "a/b"}, {"device": "a#b"}, {"device": "x" * 129}):
        with pytest.raises(InvalidInput), yard.app.transaction(SETUP, now) as session:
            provisioning.add_tracker(session, "x", asset, now, kind="traccar", **more)  # type: ignore[arg-type]


def test_teltonika_device_is_bound_by_its_imei_as_written_down(yard: Yard, vehicle: Vehicle) -> None:
    with yard.app.transaction(SETUP, yard.clock.now) as session:
        provisioning.add_tracker(
            session, "tel2", vehicle("FFFFFFFFFF"), yard.clock.now - timedelta(days=1), kind="teltonika"
        )
        provisioning.describe_tracker(session, "tel2", {"imei": "490154203237518"})
        assert session.get_one(GuestBinding, "tel2").source == "teltonika/490154203237518"
    yard.send("teltonika/490154203237518/data", {"state": {"reported": {"ts": 1, "latlng": "41.3,69.2"}}})
    assert yard.device("tel2").stored == 1


def test_retained_messages_of_a_revoked_phone_are_cleared_once_the_broker_is_there(yard: Yard) -> None:
    cleared: list[list[str]] = []

    def clear(topics: list[str]) -> bool:
        cleared.append(topics)
        return len(cleared) > 1

    def run() -> int:
        return guests.clear_revoked(yard.app, clear, yard.clock.now)

    assert run() == 0
    with yard.app.transaction(SETUP, yard.clock.now) as session:
        provisioning.revoke_tracker(session, PHONE, yard.clock.now)
    assert run() == 0
    yard.clock.advance(timedelta(seconds=6))
    assert [run(), run(), run()] == [0, 1, 0]
    assert len(cleared) == 2
    assert cleared[1][:2] == [f"owntracks/{PHONE}/{PHONE}", f"owntracks/{PHONE}/{PHONE}/event"]
    yard.send(f"owntracks/{PHONE}/{PHONE}", b"")
    assert yard.asides() == []


def test_drive_of_a_guest_becomes_a_trip_by_the_best_source_it_has(yard: Yard) -> None:
    """Ten minutes at 20 m/s: the phone's kilometres follow from its places, the van's from what its device counted."""
    phone, van = [], []
    for n in range(120):
        ago, lat = 7200 - 10 * n, 41.3 + max(0, min(n - 30, 60)) * 200 / 111_195
        speed = 20 if 30 <= n < 90 else 0
        phone.append(yard.location(ago, lat=lat, vel=speed * 3.6))
        told = {"odometer": 80_000_000 + 203.0 * max(0, min(n - 30, 60)), "ignition": speed > 0}
        more = {"latitude": lat, "speed": speed * 1.943844, "attributes": told}
        van.append(yard.message("traccar/positions", yard.position("D-1", ago, **more)))
    yard.send(f"owntracks/{PHONE}/{PHONE}", phone, *van)
    assert yard.asides() == []
    assert Rebuilder(yard.app).run(at_once=True) > 0
    with yard.app.reading() as session:
        rows = session.scalars(select(TrackerDay).order_by(TrackerDay.tracker_id)).all()
        found = {row.tracker_id: (round(row.distance_m), row.trips) for row in rows if row.distance_m}
        trips = {row.tracker_id: row.source for row in session.scalars(select(TripRow))}
    assert found.keys() == {PHONE, "tr1"}
    assert abs(found[PHONE][0] - 12_000) < 60
    assert found["tr1"] == (12_180, 1)
    assert trips.keys() == {PHONE, "tr1"}
    assert trips[PHONE] != trips["tr1"]


def test_message_that_no_batch_can_be_stored_with_is_set_aside_under_its_tracker(yard: Yard) -> None:
    for topic in (f"owntracks/{PHONE}/{PHONE}", f"owntracks/{PHONE}/{OTHER}", "traccar/positions"):
        yard.ingest.set_aside_whole(yard.message(topic, b"{"), "could not be stored", yard.clock.now)
    assert [each[:3] for each in yard.asides()] == [
        ("could not be stored", PHONE, b"{"),
        ("could not be stored", None, b"{"),
        ("could not be stored", None, b"{"),
    ]
