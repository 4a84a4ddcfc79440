"""Commands: what may be ordered, when an order goes out again, and what an answer makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import InvalidInput, RuleViolation
from assets.telemetry.commands.rules import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    NO_CONTACT,
    OPEN,
    SETTINGS,
    Cmd,
    Contact,
    State,
    answered,
    check_args,
    check_tracker,
    is_due,
)
from firmware_stubs.tracker import sampling, servers


def test_the_limits_of_settings_are_those_of_the_firmware() -> None:
    theirs = {name: (least, most) for name, (_, least, most) in sampling.LIMITS.items()}
    assert {name: (least, most) for name, (least, most, _) in SETTINGS.items()} == theirs


@given(args=st.dictionaries(st.sampled_from([*SETTINGS, "colour"]), st.integers(-1, 10**6) | st.booleans() | st.none()))
def test_settings_are_taken_exactly_when_the_firmware_takes_them(args: dict[str, Any]) -> None:
    try:
        check_args(Cmd.CONFIG, args)
    except InvalidInput:
        assert sampling.fault(args) is not None
    else:
        assert sampling.fault(args) is None


_TEXTS = st.sampled_from(["imt.example.org", "10.0.0.7", "", "x" * 129, "x" * 254]) | st.integers(0, 70_000) | st.none()


@given(args=st.dictionaries(st.sampled_from(["host", "port", "secret", "authority"]), _TEXTS))
def test_no_server_is_ordered_that_the_firmware_would_refuse(args: dict[str, Any]) -> None:
    try:
        clean = check_args(Cmd.SERVER, args)
    except InvalidInput:
        return
    assert servers.fault(clean) == ""


@pytest.mark.parametrize(
    ("cmd", "args"),
    [
        (Cmd.RESEND, {"boot": 3, "ranges": [[0, 9], [12, 12]]}),
        (Cmd.RESEND, {"boot": 3, "ranges": [[0, 9]], "life": "9f3a01c7"}),
        (Cmd.SERVER, {"host": "imt.example.org", "port": 8883, "secret": "s3cret", "authority": "-----BEGIN"}),
        (Cmd.SERVER, {"secret": "s3cret"}),
        (Cmd.LOCATE, {}),
        (Cmd.REBOOT, {}),
    ],
)
def test_what_a_tracker_understands_may_be_ordered(cmd: Cmd, args: dict[str, Any]) -> None:
    assert check_args(cmd, args) == args


@pytest.mark.parametrize(
    ("cmd", "args"),
    [
        (Cmd.LOCATE, {"now": True}),
        (Cmd.REBOOT, {"hard": 1}),
        (Cmd.RESEND, {}),
        (Cmd.RESEND, {"boot": 3, "ranges": []}),
        (Cmd.RESEND, {"boot": 3, "ranges": [[9, 0]]}),
        (Cmd.RESEND, {"boot": True, "ranges": [[0, 9]]}),
        (Cmd.RESEND, {"boot": 3, "ranges": [[0, 2**53]]}),
        (Cmd.RESEND, {"boot": 3, "ranges": [[0, 1]] * 33}),
        (Cmd.RESEND, {"boot": 3, "ranges": [[0, 1]], "life": "9F3A01C7"}),
        (Cmd.RESEND, {"boot": 3, "ranges": [[0, 1]], "lives": 9}),
        (Cmd.SERVER, {}),
        (Cmd.SERVER, {"host": "-x", "port": 8883}),
        (Cmd.SERVER, {"host": "a b", "port": 8883}),
        (Cmd.SERVER, {"host": "imt.example.org", "port": 0}),
        (Cmd.SERVER, {"host": "imt.example.org", "port": True}),
        (Cmd.SERVER, {"host": "imt.example.org", "port": 8883, "secret": ""}),
        (Cmd.SERVER, {"host": "imt.example.org", "port": 8883, "path": "/"}),
    ],
)
def test_what_a_tracker_would_refuse_is_refused_here(cmd: Cmd, args: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        check_args(cmd, args)


def test_guests_and_revoked_trackers_take_no_commands(clock: Any) -> None:
    check_tracker("native", None)
    with pytest.raises(RuleViolation, match="takes_no_commands"):
        check_tracker("owntracks", None)
    with pytest.raises(RuleViolation, match="revoked"):
        check_tracker("native", clock.now)


def test_a_new_order_goes_out_at_once_whether_or_not_the_tracker_was_ever_heard() -> None:
    assert is_due(State.WAITING, None, 0, NO_CONTACT, 1_000)


def test_an_order_without_an_answer_goes_out_again_on_the_next_hello() -> None:
    assert not is_due(State.SENT, 1_000, 1, Contact(heard_ms=900, hello_ms=900), 10**9)
    assert is_due(State.SENT, 1_000, 1, Contact(heard_ms=1_001, hello_ms=1_001), 1_002)


@given(times=st.integers(1, 60))
def test_while_a_tracker_is_heard_its_order_is_repeated_with_pauses_that_double_up_to_an_hour(times: int) -> None:
    pause_ms = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (times - 1)) * 1000
    heard = Contact(heard_ms=2_000, hello_ms=500)
    assert not is_due(State.SENT, 1_000, times, heard, round(1_000 + pause_ms - 1))
    assert is_due(State.SENT, 1_000, times, heard, round(1_000 + pause_ms))
    assert not is_due(State.SENT, 1_000, times, Contact(heard_ms=999, hello_ms=500), 10**12), "nobody is there"


def test_the_first_answer_counts() -> None:
    assert answered(State.SENT, ok=True, why="") == State.DONE
    assert answered(State.SENT, ok=False, why="unknown command") == State.FAILED
    assert answered(State.DONE, ok=False, why="late") is None
    assert answered(State.FAILED, ok=True, why="") is None


def test_what_expired_here_and_was_carried_out_in_time_is_done() -> None:
    assert answered(State.EXPIRED, ok=True, why="") == State.DONE
    assert answered(State.EXPIRED, ok=False, why="expired") is None
    assert answered(State.SENT, ok=False, why="expired") == State.EXPIRED


def test_what_a_newer_order_replaced_and_was_carried_out_is_done() -> None:
    assert answered(State.CANCELLED, ok=True, why="") == State.DONE
    assert answered(State.CANCELLED, ok=False, why="bad") is None


@given(state=st.sampled_from(list(State)), oks=st.lists(st.booleans(), min_size=1, max_size=6), why=st.text(max_size=8))
def test_an_answer_repeated_changes_nothing_more(state: State, oks: list[bool], why: str) -> None:
    for ok in oks:
        after = answered(state, ok=ok, why=why) or state
        assert answered(after, ok=ok, why=why) is None
        assert after not in OPEN or after == state
        state = after
