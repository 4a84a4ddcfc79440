"""Confirming by PIN on another's phone: what it confirms, what guessing costs, and where it never stands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import FrameType
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.idempotency import CommandReceipt
from assets.core.journal import JournalEntry
from assets.people.models import PersonPin
from assets.people.service import LOCKOUT_AFTER, LOCKOUT_TIME, passwords
from assets.registry.scope import asset_by_code
from tests.support.commands import command, commanded
from tests.support.custody import Custody, confirmations
from tests.support.engines import ON_ONE_ENGINE
from tests.support.sealing import sealed
from tests.support.world import PASSWORD, SETUP, Clock
from tests.web.conftest import Api, Browser

Make = Callable[..., str]
ClientFor = Callable[[str], Browser]
ApiFor = Callable[[str], Api]
PIN = "730418"


def set_pin(browser: Browser, pin: str = PIN, **changed: str) -> Any:
    return browser.post("/account/pin", {"current": PASSWORD, "pin": pin, "again": pin, **changed})


def key_of(browser: Browser) -> str:
    return str(browser.get("/scan/pin-key").get_json()["key"])


def issue_with(clock: Clock, code: str, key: str, **told: str) -> dict[str, Any]:
    """An issue to P-002 with a PIN sealed for it; `told` changes what is sealed."""
    made = command("issue", code, clock.now, {"to": "P-002"})
    pin = {"pin": PIN, "command": made["id"], "person": "P-002", "code": code, "occurred_at": made["occurred_at"]}
    return {**made, "data": {"to": "P-002", "confirmed": {"sealed": sealed(key, pin | told)}}}


def test_a_right_pin_confirms_and_a_wrong_one_leaves_the_issue_as_it_happened(
    app: App, client_for: ClientFor, api: ApiFor, make: Make, clock: Clock, custody: Custody
) -> None:
    assert set_pin(client_for("officer")).status_code == 303
    key, who = key_of(client_for("logistics_officer")), api("logistics_officer")
    right, wrong = make(), make()
    results = commanded(who, clock.now, issue_with(clock, right, key), issue_with(clock, wrong, key, pin="990001"))
    assert [each["status"] for each in results] == ["accepted", "accepted"]
    assert [each["code"] for each in results] == ["recorded", "not_confirmed"]
    assert "wrong PIN" in results[1]["message"]
    assert custody.holder(right) == custody.holder(wrong) == custody.world.persons["P-002"].id
    assert confirmations(app) == [("pin", True)]
    with app.reading() as session:
        assert session.scalars(select(PersonPin.wrong)).one() == 1


def test_a_pin_sealed_for_one_issue_or_person_confirms_no_other(
    app: App, client_for: ClientFor, api: ApiFor, make: Make, clock: Clock
) -> None:
    set_pin(client_for("officer"))
    key, who = key_of(client_for("logistics_officer")), api("logistics_officer")
    first = issue_with(clock, make(), key)
    assert commanded(who, clock.now, first)[0]["code"] == "recorded"
    replayed = {**command("issue", make(), clock.now), "data": first["data"]}
    for_another = issue_with(clock, make(), key, person="P-001")
    garbage = {**command("issue", make(), clock.now), "data": {"to": "P-002", "confirmed": {"sealed": "AAAA"}}}
    for sent, said in ((replayed, "not_confirmed"), (for_another, "not_confirmed"), (garbage, "pin_unreadable")):
        (result,) = commanded(who, clock.now, sent)
        assert (result["status"], result["code"]) == ("accepted", said), result
    assert confirmations(app) == [("pin", True)]
    again = commanded(who, clock.now, first)[0]
    assert (again["status"], again["code"]) == ("repeated", "recorded")
    assert confirmations(app) == [("pin", True)]


def test_a_pin_of_a_refused_issue_confirms_nothing_later(
    app: App, client_for: ClientFor, api: ApiFor, make: Make, clock: Clock
) -> None:
    set_pin(client_for("officer"))
    key, who = key_of(client_for("logistics_officer")), api("logistics_officer")
    for changed in ({"code": make()}, {"occurred_at": (clock.now - timedelta(days=3)).isoformat()}):
        code = make(life="expected")
        refused = issue_with(clock, code, key)
        assert commanded(who, clock.now, refused)[0]["status"] == "refused"
        with app.transaction(SETUP, clock.now) as session:  # It comes into service after all.
            asset_by_code(session, SETUP, code, lock=True).life = "in_service"
        (result,) = commanded(who, clock.now, {**refused, **changed})
        assert (result["status"], result["code"]) == ("accepted", "not_confirmed"), result
    assert confirmations(app) == []


@ON_ONE_ENGINE
def test_pins_cost_the_server_little_whatever_is_sent(
    app: App, client_for: ClientFor, api: ApiFor, make: Make, clock: Clock, hashed: list[str]
) -> None:
    set_pin(client_for("officer"))
    key, who = key_of(client_for("logistics_officer")), api("logistics_officer")
    hashed.clear()
    strange = [make(unit="IMT-FA"), "2222222222", *(make() for _ in range(12))]
    results = commanded(
        who, clock.now, *(issue_with(clock, code, key, pin=f"55{n:04d}") for n, code in enumerate(strange[:2]))
    )
    assert [each["status"] for each in results] == ["refused", "refused"]
    assert hashed == [], "what is out of reach is refused before its PIN is looked at"
    made = [issue_with(clock, code, key, person=f"P-0{n:02d}") for n, code in enumerate(strange[2:])]
    for n, each in enumerate(made):
        each["data"] = {**issue_with(clock, each["code"], key)["data"], "to": f"P-9{n:02d}"}
        pin = {"pin": PIN, "command": each["id"], "person": f"P-9{n:02d}", "code": each["code"]}
        each["data"]["confirmed"] = {"sealed": sealed(key, {**pin, "occurred_at": each["occurred_at"]})}
    assert {each["status"] for each in commanded(who, clock.now, *made)} == {"refused"}
    assert hashed == [], "nobody with such a number"
    tried = [issue_with(clock, make(life="expected"), key, pin=f"55{n:04d}") for n in range(12)]
    last = issue_with(clock, make(), key)
    results = commanded(who, clock.now, *tried, {**last, "n": 99})
    assert len(hashed) == 10
    assert (results[-1]["status"], results[-1]["code"]) == ("accepted", "not_confirmed")
    assert confirmations(app) == []


@pytest.fixture
def hashed() -> Iterator[list[str]]:
    """The names of the slow comparisons that were made meanwhile."""
    seen: list[str] = []

    def note(frame: FrameType, event: str, _arg: object) -> None:
        if event == "call" and frame.f_code is passwords.verify.__code__:
            seen.append(frame.f_code.co_name)

    sys.setprofile(note)
    yield seen
    sys.setprofile(None)


def test_the_password_cannot_be_guessed_where_a_pin_is_set(app: App, client_for: ClientFor, clock: Clock) -> None:
    browser = client_for("officer")
    for n in range(LOCKOUT_AFTER):
        assert set_pin(browser, current=f"wrong {n}").status_code == 400
    assert set_pin(browser).status_code == 400, "the right one counts for nothing meanwhile"
    with app.reading() as session:
        assert not session.scalars(select(PersonPin)).all()
    clock.advance(LOCKOUT_TIME)
    assert set_pin(browser).status_code == 303
    wrong = {"current": "wrong", "password": "another long one 77", "again": "another long one 77"}
    for _ in range(LOCKOUT_AFTER):
        assert browser.post("/account/password", wrong).status_code == 400
    assert browser.post("/account/password", {**wrong, "current": PASSWORD}).status_code == 400


def test_guessing_on_an_issuers_phone_is_locked(
    app: App, client_for: ClientFor, api: ApiFor, make: Make, clock: Clock
) -> None:
    set_pin(client_for("officer"))
    key, who = key_of(client_for("logistics_officer")), api("logistics_officer")
    for n in range(5):
        (result,) = commanded(who, clock.now, issue_with(clock, make(), key, pin=f"99000{n}"))
        assert "wrong PIN" in result["message"]
    (locked,) = commanded(who, clock.now, issue_with(clock, make(), key))
    assert (locked["code"], "locked" in locked["message"]) == ("not_confirmed", True)
    clock.advance(timedelta(minutes=15))
    assert commanded(who, clock.now, issue_with(clock, make(), key))[0]["code"] == "recorded"
    assert confirmations(app) == [("pin", True)]


def test_the_pin_stands_nowhere_in_clear(
    app: App, client_for: ClientFor, api: ApiFor, make: Make, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    set_pin(client_for("officer"))
    key, who = key_of(client_for("logistics_officer")), api("logistics_officer")
    sent = issue_with(clock, make(), key)
    commanded(who, clock.now, sent)
    given_up = issue_with(clock, make(), key)
    body = {key: given_up[key] for key in ("kind", "code", "occurred_at", "data")} | {"reason": "Lost it"}
    assert who.post(f"/commands/{given_up['id']}/given-up", body).status_code == 200
    with app.reading() as session:
        told = [str(row) for table in (JournalEntry, CommandReceipt, PersonPin) for row in rows_of(session, table)]
    assert len(told) > 3
    assert not [row for row in told if PIN in row]
    assert not [row for row in told if given_up["data"]["confirmed"]["sealed"] in row], "not even sealed"
    assert PIN not in caplog.text


def rows_of(session: Any, table: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in session.execute(select(*table.__table__.columns))]


def test_a_pin_is_set_and_taken_away_only_with_the_password(app: App, client_for: ClientFor) -> None:
    browser = client_for("officer")
    assert set_pin(browser, current="something else").status_code == 400
    assert set_pin(browser, "123456").status_code == 400
    assert set_pin(browser, again="730419").status_code == 400
    with app.reading() as session:
        assert not session.scalars(select(PersonPin)).all()
    assert set_pin(browser).status_code == 303
    assert set_pin(browser, what="remove", current="something else").status_code == 400
    assert set_pin(browser, what="remove").status_code == 303
    with app.reading() as session:
        assert session.scalars(select(PersonPin.pin_hash)).all() == [""]
    refused = set_pin(client_for("auditor"))
    assert refused.status_code == 400, "nobody's account has no PIN"
