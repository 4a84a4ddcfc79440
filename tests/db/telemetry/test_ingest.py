"""Ingest: stored, known already or set aside; receipts that never run ahead; the same in any order."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import DropTable

from assets.core.errors import InvalidInput, NotFound
from assets.telemetry import queries
from assets.telemetry.days import to_ms
from assets.telemetry.ingest.http import HttpIngest
from assets.telemetry.messages import Envelope
from assets.telemetry.models import Boot, Device, Dirty, Sample
from assets.telemetry.pipeline import RECEIPT, UP_TIME
from tests.db.telemetry.conftest import Field
from tests.support.tables import create_tables
from tests.support.world import SETUP


def _sample(place: Field, up: float, **more: Any) -> dict[str, Any]:
    start = place.clock.now.timestamp() - 3600
    return {"up": up, "t": start + up, "lat": 41.3, "lon": 69.2, **more}


def test_samples_are_stored_and_the_receipt_names_them(place: Field) -> None:
    outcome = place.send(place.report(0, [_sample(place, 1), _sample(place, 2, ign=True, ev=["moving"])]))
    assert [(row.seq, row.lat, row.ignition, row.events) for row in place.samples()] == [
        (0, 41.3, None, None),
        (1, 41.3, True, "moving"),
    ]
    (receipt,) = outcome.receipts
    assert (receipt.upto, receipt.got, receipt.want) == (1, (), ())


def test_same_sample_sent_again_changes_nothing(place: Field) -> None:
    message = place.report(0, [_sample(place, 1), _sample(place, 2)])
    place.send(message, message)
    before = [(row.seq, row.received_ms) for row in place.samples()]
    for _ in range(5):
        outcome = place.send(message)
        assert (outcome.stored, outcome.set_aside, outcome.receipts[0].upto) == (0, 0, 1)
    assert [(row.seq, row.received_ms) for row in place.samples()] == before


def test_same_key_with_other_content_is_set_aside_as_key_reused(place: Field) -> None:
    place.send(place.report(0, [_sample(place, 1)]), place.report(0, [_sample(place, 1, lat=42.0)]))
    place.send(place.report(0, [_sample(place, 1, lat=42.0)]))
    (aside,) = place.asides()
    assert (aside.reason, aside.seq, aside.times) == ("key reused", 0, 2)
    assert place.samples()[0].lat == 41.3


def test_bad_sample_does_not_cost_its_neighbours(place: Field) -> None:
    outcome = place.send(place.report(0, [_sample(place, 1), _sample(place, 2, lat=91), _sample(place, 3)]))
    assert [row.seq for row in place.samples()] == [0, 2]
    (aside,) = place.asides()
    assert (aside.seq, aside.boot, aside.tracker_id) == (1, 1, place.tracker)
    assert "lat" in aside.reason
    assert outcome.receipts[0].upto == 2


def test_unreadable_message_is_one_entry_and_counts_its_repeats(place: Field) -> None:
    broken = place.envelope("report", b'{"v":1,"life":"9f3a01c7","boot":1,"seq":0,"samples":[{"up":NaN}]}')
    assert place.send(broken, broken).receipts == ()
    place.send(broken)
    (aside,) = place.asides()
    assert (aside.times, aside.seq, aside.raw) == (3, None, broken.payload)


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("imt/v1/nobody/report", "no tracker of this id is known"),
        ("imt/v1/imt-001/position", "topic kind is not one that trackers send"),
        ("other/imt-001", "topic is not imt/v1/<tracker>/<kind>"),
    ],
)
def test_message_of_nobody_is_set_aside(place: Field, topic: str, reason: str) -> None:
    place.send(Envelope(topic, b"{}", to_ms(place.clock.now)))
    assert [row.reason for row in place.asides()] == [reason]


def test_message_over_4096_bytes_is_set_aside_cut(place: Field) -> None:
    place.send(place.envelope("report", b" " * 5000))
    (aside,) = place.asides()
    assert len(aside.raw) == 4096
    assert "4096" in aside.reason


def test_number_higher_than_the_boot_can_have_is_set_aside(place: Field) -> None:
    place.send(place.report(5000, [_sample(place, 10)]))
    assert place.samples() == []
    assert [row.seq for row in place.asides()] == [5000]


@pytest.mark.parametrize(
    "crafted",
    [
        {"up": 10},
        {"up": 10, "lat": 91, "lon": 0},
        {"up": "x"},
        {"up": 1e300, "lat": 91, "lon": 0},
    ],
)
def test_number_that_no_boot_reaches_never_permits_erasing(place: Field, crafted: dict[str, Any]) -> None:
    place.send(place.report(0, [_sample(place, 1)]))
    place.send(place.report(9_000_000_000_000, [crafted]))
    (answer,) = place.send(place.hello(conn=2)).answers
    (receipt,) = place.send(place.report(1, [_sample(place, 2)])).receipts
    assert (answer.upto, receipt.upto, receipt.got) == (0, 1, ())
    assert [row.seq for row in place.asides()] == [9_000_000_000_000]


def test_hole_is_asked_for_after_a_report_in_turn_beyond_it(place: Field) -> None:
    place.send(place.report(0, [_sample(place, 1)]))
    live = place.send(place.report(5, [_sample(place, 6)], live=True))
    assert (live.receipts[0].upto, live.receipts[0].got, live.receipts[0].want) == (0, ((5, 5),), ())
    in_turn = place.send(place.report(3, [_sample(place, 4)]))
    assert in_turn.receipts[0].want == ((1, 2),)


def test_number_asked_for_five_times_in_vain_is_given_up(place: Field) -> None:
    place.send(place.report(0, [_sample(place, 1)]))
    message = place.report(2, [_sample(place, 3)])
    asked = 0
    for _ in range(40):
        (receipt,) = place.send(message).receipts
        asked += receipt.want == ((1, 1),)
        place.clock.advance(timedelta(minutes=1))
    assert (asked, receipt.upto) == (5, 2)


def test_gone_numbers_close_a_hole_and_one_that_arrives_is_recovered(place: Field) -> None:
    place.send(place.report(0, [_sample(place, 1)]))
    outcome = place.send(place.report(3, [_sample(place, 4)], gone=[[1, 2], [900_000, 999_999]]))
    assert (outcome.receipts[0].upto, outcome.receipts[0].want) == (3, ())
    place.send(place.report(1, [_sample(place, 2)]))
    with place.app.telemetry.reading() as session:
        (account,) = queries.boot_accounts(session, place.tracker)
        recovered = session.scalar(select(Boot.recovered))
    assert (account.gone, account.stored, recovered) == (((2, 2),), 3, 1)


def test_hello_is_answered_for_each_boot_it_spans_and_buries_what_is_older(place: Field) -> None:
    place.send(place.report(0, [_sample(place, 1)]), place.report(2, [_sample(place, 3)]), place.report(0, [], boot=2))
    place.send(place.report(7, [_sample(place, 8)], boot=2))
    outcome = place.send(place.hello(boot=3, oldest=[2, 5], newest=[3, 0]))
    assert {receipt.boot: receipt.upto for receipt in outcome.answers} == {2: 4, 3: -1}
    with place.app.telemetry.reading() as session:
        accounts = {account.boot: account.gone for account in queries.boot_accounts(session, place.tracker)}
    assert accounts[1] == ((1, 1),)
    assert accounts[2] == ((0, 4),)


def test_wiped_tracker_begins_a_new_life_and_loses_nothing(place: Field) -> None:
    place.send(place.report(0, [_sample(place, 1), _sample(place, 2)]))
    wiped = {"v": 1, "life": "00000001", "boot": 1, "seq": 0, "samples": [_sample(place, 1), _sample(place, 2)]}
    outcome = place.send(place.envelope("report", json.dumps(wiped).encode()))
    assert (outcome.stored, outcome.set_aside, outcome.receipts[0].life) == (2, 0, "00000001")


@pytest.mark.parametrize(
    ("claimed", "flag"),
    [
        (0, "clock_unset"),
        (315_964_800, "clock_unset"),
        (1_174_000_000, "clock_rollover"),
        (1_825_000_000, "clock_future"),
        (1_793_600_000_000, "clock_milliseconds"),
    ],
)
def test_wrong_clock_is_flagged_and_dated_by_up_time(place: Field, claimed: float, flag: str) -> None:
    good = _sample(place, 100)
    place.send(place.report(0, [{"up": 40, "t": claimed}, good]))
    wrong, right = place.samples()
    assert wrong.flags == flag
    assert wrong.device_t == claimed
    assert right.event_ms is not None
    assert wrong.event_ms == right.event_ms - 60_000


def test_sample_without_time_is_dated_by_receipt_until_its_boot_can_be(place: Field) -> None:
    place.send(place.report(1, [{"up": 20}]))
    (row,) = place.samples()
    assert (row.event_ms, row.dated) == (to_ms(place.clock.now), RECEIPT)
    place.send(place.report(2, [_sample(place, 30)]))
    assert place.settle() == 1
    early, later = place.samples()
    assert (early.event_ms, early.dated) == (later.event_ms - 10_000, UP_TIME)
    assert place.settle() == 0


def test_boot_without_any_fix_began_when_its_receipts_first_allow(place: Field) -> None:
    place.send(place.report(0, [{"up": 100}]))
    place.clock.advance(timedelta(seconds=30))
    # Forty seconds later on the device, thirty here: the first message was ten seconds on its way.
    place.send(place.report(1, [{"up": 140}]))
    place.settle()
    first, second = place.samples()
    assert second.event_ms == to_ms(place.clock.now)
    assert (first.event_ms, first.dated) == (second.event_ms - 40_000, RECEIPT)


def test_boot_began_at_the_median_of_its_fixes(place: Field) -> None:
    fixes = [_sample(place, up, t=place.clock.now.timestamp() - 3600 + up + late) for up, late in
             ((10, 0), (20, 250), (30, 1), (40, -900), (50, 1))]  # fmt: skip
    place.send(place.report(0, [*fixes, {"up": 60}]))
    place.settle()
    last = place.samples()[-1]
    assert last.event_ms == to_ms(place.clock.now) - 3_600_000 + 61_000


def test_result_does_not_depend_on_order_doubles_or_batches(place: Field) -> None:
    chance = random.Random(11)
    messages = []
    for seq in range(0, 60, 3):
        samples = [_sample(place, 10 * n, lat=41 + n / 1000) for n in range(seq, seq + 3)]
        if seq % 2:
            samples[1] = {"up": 10 * (seq + 1)}
        messages.append(place.report(seq, samples))
    summaries = set()
    for _ in range(4):
        shuffled = [*messages, *chance.sample(messages, 8)]
        chance.shuffle(shuffled)
        while shuffled:
            size = chance.randint(1, 6)
            place.send(*shuffled[:size])
            del shuffled[:size]
        place.settle()
        summaries.add(tuple((row.seq, row.event_ms, row.lat, row.flags) for row in place.samples()))
        with place.app.telemetry.transaction(SETUP, place.clock.now) as session:
            for model in (Sample, Dirty, Boot, Device):
                session.execute(delete(model))
    assert len(summaries) == 1


def test_latest_state_follows_event_time_not_arrival(place: Field) -> None:
    place.send(place.report(5, [_sample(place, 50, lat=42.0, ign=True)], live=True))
    place.send(place.report(4, [_sample(place, 40, lat=41.0, ign=False)]))
    with place.app.reading() as main, place.app.telemetry.reading() as telemetry:
        (state,) = queries.tracker_states(main, telemetry, [place.tracker], place.clock.now)
    assert (state.lat, state.ignition, state.stored, state.presence) == (42.0, True, 2, "online")


def test_farewell_of_an_earlier_connection_is_ignored(place: Field) -> None:
    def presence() -> str:
        with place.app.reading() as main, place.app.telemetry.reading() as telemetry:
            return queries.tracker_states(main, telemetry, [place.tracker], place.clock.now)[0].presence

    place.send(place.hello(boot=2, conn=2))
    place.send(place.envelope("bye", b'{"v":1,"life":"9f3a01c7","boot":2,"conn":1}'))
    assert presence() == "online"
    place.send(place.envelope("bye", b'{"v":1,"life":"9f3a01c7","boot":2,"conn":2}'))
    assert presence() == "offline"


def test_database_error_leaves_nothing_of_the_batch(place: Field) -> None:
    with place.app.telemetry.engine.begin() as connection:
        connection.execute(DropTable(Dirty.metadata.tables["telemetry.dirty"]))
    with pytest.raises(SQLAlchemyError):
        place.send(place.report(0, [_sample(place, 1)]), place.envelope("report", b"x"))
    assert (place.samples(), place.asides()) == ([], [])
    create_tables(place.app)


def test_http_takes_a_report_and_answers_its_receipt(place: Field) -> None:
    body = place.report(0, [_sample(place, 1)]).payload
    answer = HttpIngest(place.app).receive(place.tracker, body, place.clock.now)
    assert answer == {"v": 1, "life": "9f3a01c7", "boot": 1, "upto": 0, "got": [], "want": []}
    again = HttpIngest(place.app).receive(
        place.tracker, place.hello(oldest=[1, 0], newest=[1, 0]).payload, place.clock.now
    )
    assert again["upto"] == 0


def test_http_says_when_a_body_cannot_be_read_and_keeps_it(place: Field) -> None:
    with pytest.raises(InvalidInput):
        HttpIngest(place.app).receive(place.tracker, b"[", place.clock.now)
    assert len(place.asides()) == 1
    with pytest.raises(NotFound):
        HttpIngest(place.app).receive("nobody", b"{}", place.clock.now)


def test_payload_zoo_ends_in_the_table_or_aside_and_good_messages_get_through(place: Field) -> None:
    zoo: list[bytes] = [
        b"",
        b"x",
        b"\xff\xfe",
        '{"v":1}'.encode("utf-16"),
        b"[" * 4000,
        b'{"v":1,"x":' + b"[" * 3000 + b"]" * 3000 + b"}",
        b"null",
        b"true",
        b'{"v":2}',
        b'{"v":1e999}',
        b'{"v":1,"life":"9f3a01c7","boot":1,"seq":' + b"9" * 3000 + b"}",
        b'{"v":1,"life":"9F3A01C7","boot":1,"seq":0}',
    ]
    bad_fields = [
        '"lat":91,"lon":0',
        '"lat":0,"lon":181',
        '"lat":true,"lon":1',
        '"lat":1',
        '"spd":-5',
        '"ev":["\\u0000"]',
        '"ev":["a b"]',
        '"t":-1',
        '"sat":1.5',
        '"can":[]',
        '"odo":-1',
        '"hdg":361',
        '"fix":1',
        '"t":1e300',
    ]
    odd_fields = ['"spd":900', '"lat":0,"lon":0', '"lat":69.2,"lon":41.3', '"up":100,"up":200', '"new":{"a":[1]}']
    sent = 0
    for payload in zoo:
        place.send(place.envelope("report", payload))
    for extra in [*bad_fields, *odd_fields]:
        text_body = f'{{"v":1,"life":"9f3a01c7","boot":1,"seq":{sent},"samples":[{{"up":200,{extra}}}]}}'
        place.send(place.envelope("report", text_body.encode()), place.report(sent + 1, [_sample(place, 200)]))
        sent += 2
    assert len(place.samples()) == len(bad_fields) + 2 * len(odd_fields)
    assert len(place.asides()) == len(zoo) + len(bad_fields)
