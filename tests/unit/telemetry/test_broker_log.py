"""The broker's log is read as mosquitto 2.0.11 writes it: each line here came out of a real one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.telemetry.broker_log import BrokerEvent, broker_events, is_flapping

AT = datetime(2026, 11, 23, 2, 5, 16, tzinfo=UTC)
STAMP = "2026-11-23T02:05:16+0000: "
CAME = "New connection from 10.0.0.7:58850 on port 1883."


def _told(*lines: str) -> list[tuple[str, str, str]]:
    return [(e.kind, e.client, e.address) for e in broker_events(STAMP + line for line in lines)]


def test_a_tracker_that_came_in_is_named_with_its_address() -> None:
    (event,) = broker_events(
        [STAMP + CAME, STAMP + "New client connected from 10.0.0.7:58850 as t1 (p2, c1, k60, u't1')."]
    )
    assert event == BrokerEvent(AT, "connected", "t1", "10.0.0.7")


def test_times_are_taken_with_their_offset() -> None:
    line = "2026-11-23T07:05:16+0500: Client t1 disconnected."
    assert next(iter(broker_events([line]))).at == AT


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Client <unknown> disconnected, not authorised.", "refused"),
        ("Client <unknown> disconnected due to protocol error.", "not_mqtt"),
        ("Client connection from 10.0.0.7 failed: error:0A000102:SSL routines::unsupported protocol.", "tls_failed"),
    ],
)
def test_a_refusal_that_names_nobody_tells_the_address(line: str, kind: str) -> None:
    assert _told(CAME, line) == [(kind, "", "10.0.0.7")]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("error:0A000418:SSL routines::tlsv1 alert unknown ca", "no_trust"),
        ("error:0A000412:SSL routines::sslv3 alert bad certificate", "no_trust"),
        ("error:0A00010B:SSL routines::wrong version number", "tls_failed"),
    ],
)
def test_a_failed_handshake_says_whether_the_tracker_lacks_trust(words: str, kind: str) -> None:
    lines = [CAME, f"OpenSSL Error[0]: {words}", "Client <unknown> disconnected: Protocol error."]
    assert _told(*lines) == [(kind, "", "10.0.0.7")]


def test_among_several_who_have_not_said_their_name_no_address_is_guessed() -> None:
    other = "New connection from 10.9.9.9:4711 on port 1883."
    assert _told(CAME, other, "Client <unknown> disconnected, not authorised.") == [("refused", "", "")]


def test_who_came_in_is_not_taken_for_who_was_refused_later() -> None:
    told = _told(
        CAME,
        "New client connected from 10.0.0.7:58850 as t1 (p2, c1, k60, u't1').",
        "New connection from 10.9.9.9:4711 on port 1883.",
        "Client <unknown> disconnected, not authorised.",
    )
    assert told[-1] == ("refused", "", "10.9.9.9")


def test_a_newer_mosquitto_that_names_the_refused_is_believed() -> None:
    assert _told("Client t1 [10.0.0.7:58850] disconnected: not authorised.") == [("refused", "t1", "10.0.0.7")]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Client t1 disconnected.", "left"),
        ("Client t1 closed its connection.", "lost"),
        ("Client t1 has exceeded timeout, disconnecting.", "silent"),
        ("Client t1 already connected, closing old connection.", "replaced"),
        ("Bad socket read/write on client t1: Unknown error.", "thrown_out"),
        ("Client t1 disconnected due to oversize packet.", "thrown_out"),
    ],
)
def test_how_a_connection_ended_is_told(line: str, kind: str) -> None:
    assert _told(line) == [(kind, "t1", "")]


def test_a_scan_of_ports_and_the_brokers_own_words_tell_nothing() -> None:
    assert _told(
        "mosquitto version 2.0.11 running", CAME, "Client <unknown> closed its connection.", "Reloading config."
    ) == []  # fmt: skip


def test_flapping_is_three_cut_connections_and_not_one_return() -> None:
    lines = [STAMP + "Client t1 already connected, closing old connection."] * 3
    events = list(broker_events(lines))
    assert is_flapping(events, "t1", AT - timedelta(minutes=10))
    assert not is_flapping(events[:2], "t1", AT - timedelta(minutes=10))
    assert not is_flapping(events, "t2", AT - timedelta(minutes=10))
    assert not is_flapping(events, "t1", AT + timedelta(seconds=1))


@given(st.lists(st.text(), max_size=20))
def test_no_line_whatever_it_holds_stops_the_reading(lines: list[str]) -> None:
    list(broker_events([STAMP + line for line in lines] + lines))


def test_a_damaged_time_is_passed_over() -> None:
    assert list(broker_events(["2026-99-99T99:99:99+0000: Client t1 disconnected."])) == []
