"""The installer's checklist: each step ticks on what came since the mounting, and says what to do where it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from assets.telemetry.broker_log import BrokerEvent
from assets.telemetry.installing import Heard, Standing, Step, attempts_of, cuts_itself_off, steps

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SINCE = NOW - timedelta(hours=2)
ALL = Heard(NOW, NOW, NOW, 12.6, -71.0, "1.2.0")


def _event(kind: str, client: str = "", address: str = "", minutes_ago: float = 1) -> BrokerEvent:
    return BrokerEvent(NOW - timedelta(minutes=minutes_ago), kind, client, address)  # type: ignore[arg-type]  # a test's


def _steps(heard: Heard, *events: BrokerEvent, revoked: bool = False, ours: bool = True) -> dict[str, Step]:
    found = steps(heard, attempts_of(events, "t1", NOW), SINCE, revoked=revoked, broker_is_ours=ours)
    return {step.name: step for step in found}


def test_everything_that_came_is_ticked() -> None:
    found = _steps(ALL, _event("connected", "t1", "10.0.0.7"))
    assert {step.standing for step in found.values()} == {Standing.DONE}
    assert found["supply"].value == "12.6 V"
    assert found["hello"].value == "1.2.0"


def test_what_came_before_the_mounting_counts_for_nothing() -> None:
    before = SINCE - timedelta(seconds=1)
    old = Heard(before, before, before, 12.6, -71.0, "1.2.0")
    found = _steps(old, _event("connected", "t1", "10.0.0.7", minutes_ago=121))
    assert {step.standing for step in found.values()} == {Standing.WAITING}


@pytest.mark.parametrize(
    ("kind", "part"),
    [("refused", "letter by letter"), ("not_mqtt", "no MQTT"), ("tls_failed", "TLS 1.2"), ("no_trust", "authority")],
)
def test_refusal_says_what_to_do(kind: str, part: str) -> None:
    step = _steps(Heard(), _event(kind, "", "10.0.0.7"))["connection"]
    assert step.standing is Standing.WRONG
    assert part in str(step.advice)
    assert step.value == "10.0.0.7"


def test_a_refusal_does_not_stand_once_it_came_in() -> None:
    events = (_event("connected", "t1", "10.0.0.7", 5), _event("refused", "", "10.0.0.7", 1))
    assert _steps(Heard(), *events)["connection"].standing is Standing.DONE


def test_revoked_tracker_needs_another_secret_first() -> None:
    step = _steps(ALL, _event("connected", "t1"), revoked=True)["connection"]
    assert step.standing is Standing.WRONG


def test_hello_shows_that_it_came_in_where_the_broker_is_anothers() -> None:
    assert _steps(ALL, ours=False)["connection"].standing is Standing.DONE
    waiting = _steps(Heard(), ours=False)["connection"]
    assert waiting.standing is Standing.WAITING
    assert "not ours" in str(waiting.advice)


@pytest.mark.parametrize(
    ("volts", "standing"),
    [
        (8.9, Standing.WRONG),
        (9.0, Standing.DONE),
        (28.2, Standing.DONE),
        (32.1, Standing.WRONG),
        (None, Standing.WAITING),
    ],
)
def test_supply_of_cars_and_lorries_is_right(volts: float | None, standing: Standing) -> None:
    assert _steps(replace(ALL, vehicle_v=volts))["supply"].standing is standing


@pytest.mark.parametrize(
    ("dbm", "standing"), [(-101.0, Standing.WRONG), (-85.0, Standing.DONE), (None, Standing.WAITING)]
)
def test_weak_signal_is_told(dbm: float | None, standing: Standing) -> None:
    assert _steps(replace(ALL, signal_dbm=dbm))["signal"].standing is standing


def test_tries_of_others_are_not_shown_and_old_nameless_ones_neither() -> None:
    events = (
        _event("connected", "t2", "10.9.9.9"), _event("refused", "", "10.9.9.9", 61),
        _event("refused", "", "10.0.0.7", 3),
        _event("connected", "t1", "10.0.0.7", 2),
    )  # fmt: skip
    found = attempts_of(events, "t1", NOW)
    assert [(a.event.kind, a.certain, a.same_address) for a in found] == [
        ("connected", True, True), ("refused", False, True)
    ]  # fmt: skip


def test_two_devices_of_one_name_are_told() -> None:
    events = [_event("replaced", "t1", minutes_ago=minutes) for minutes in (1, 2, 3)]
    assert cuts_itself_off(events, "t1", NOW)
    assert not cuts_itself_off(events, "t1", NOW + timedelta(minutes=15))
