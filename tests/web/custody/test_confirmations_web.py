"""Confirming over the web what was issued: by whom, what for, and who reads of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.journal import JournalEntry
from assets.custody.models import ConflictCase
from tests.support.commands import command, commanded
from tests.support.custody import Custody, confirmations
from tests.support.world import Clock
from tests.web.conftest import Api, Browser

Make = Callable[..., str]
ClientFor = Callable[[str], Browser]
ApiFor = Callable[[str], Api]


def test_the_receiver_confirms_many_at_once_on_his_page(
    app: App, client_for: ClientFor, make: Make, custody: Custody
) -> None:
    issues = [custody.issue(make(), "P-002", occurrence=custody.occurrence(n=n)) for n in range(3)]
    browser = client_for("officer")
    page = browser.get("/confirmations").get_data(as_text=True)
    assert all(issue in page for issue in issues)
    sent = {"form_id": str(uuid4()), "answer": "yes", "issue": issues[:2]}
    for _ in range(2):  # a double tap says it once
        assert browser.post("/confirmations", sent).status_code == 303
    assert confirmations(app) == [("own_phone", True)] * 2
    denied = {"form_id": str(uuid4()), "answer": "no", "issue": issues[2:], "note": "Never got it <b>"}
    assert browser.post("/confirmations", denied).status_code == 303
    assert "waits for your word" in browser.get("/confirmations").get_data(as_text=True)
    listed = client_for("logistics_officer").get("/confirmations/unit?show=denied").get_data(as_text=True)
    assert "Never got it &lt;b&gt;" in listed
    with app.reading() as session:
        assert [case.kind for case in session.scalars(select(ConflictCase))] == ["denied"]


def test_nothing_ticked_or_said_records_nothing(app: App, client_for: ClientFor, make: Make, custody: Custody) -> None:
    issue = custody.issue(make(), "P-002")
    browser = client_for("officer")
    assert browser.post("/confirmations", {"answer": "yes"}).status_code == 400
    assert browser.post("/confirmations", {"issue": issue}).status_code == 400
    for text in ("x", "\x00", "' OR 1=1 --", "0" * 5000):
        assert browser.post("/confirmations", {"answer": "yes", "issue": [text]}).status_code == 404
    for address in ("/signatures/%00", "/confirmations/%00/sheet.pdf", f"/signatures/{uuid4()}"):
        assert browser.get(address).status_code == 404, address
    assert confirmations(app) == []


@pytest.mark.parametrize("login", ["logistics_officer", "officer2", "coordinator", "technician", "commander"])
def test_what_was_issued_to_another_looks_unknown(
    app: App, login: str, client_for: ClientFor, api: ApiFor, make: Make, custody: Custody, clock: Clock
) -> None:
    code = make()
    issue = custody.issue(code, "P-002")
    sent = {"answer": "yes", "issue": [issue]}
    assert client_for(login).post("/confirmations", sent).status_code == 404
    told = [{"event": issue, "has_it": False}, {"event": str(uuid4()), "has_it": False}]
    results = commanded(api(login), clock.now, *(command("confirm", code, clock.now, data) for data in told))
    assert len({(each["status"], each["code"], each["message"]) for each in results}) == 1
    assert results[0]["code"] == "not_found"
    assert confirmations(app) == []


def test_confirming_offline_is_said_once_and_for_the_item_scanned(
    app: App, api: ApiFor, make: Make, custody: Custody, clock: Clock
) -> None:
    code, other = make(), make()
    issue = custody.issue(code, "P-002")
    custody.issue(other, "P-002")
    who = api("officer")
    mistaken = command("confirm", other, clock.now, {"event": issue, "has_it": True})
    assert commanded(who, clock.now, mistaken)[0]["code"] == "not_found"
    sent = command("confirm", code, clock.now - timedelta(hours=3), {"event": issue, "has_it": True, "note": "Here"})
    assert [commanded(who, clock.now, sent)[0]["status"] for _ in range(3)] == ["accepted", "repeated", "repeated"]
    assert confirmations(app) == [("own_phone", True)]
    listed = who.get("/confirmations").get_json()["items"]
    assert [item["asset"] for item in listed] == [other]
    of_unit = api("logistics_officer").get("/confirmations/unit", show="confirmed").get_json()["items"]
    assert [(item["event"], item["state"], item["person"]) for item in of_unit] == [(issue, "confirmed", "P-002")]


def test_the_officers_list_ends_at_his_units_and_is_taken_away_as_csv(
    app: App, client_for: ClientFor, make: Make, custody: Custody
) -> None:
    code = make()
    custody.issue(code, "P-002")
    assert code in client_for("logistics_officer").get("/confirmations/unit").get_data(as_text=True)
    csv = client_for("logistics_officer").get("/confirmations/unit/export?format=csv")
    assert code in csv.get_data(as_text=True)
    assert code not in client_for("logistics2").get("/confirmations/unit/export?format=csv").get_data(as_text=True)
    assert code not in client_for("logistics2").get("/confirmations/unit?show=all").get_data(as_text=True)
    assert client_for("technician").get("/confirmations/unit").status_code == 403
    assert client_for("logistics_officer").get("/confirmations/unit?show=nonsense").status_code == 400
    with app.reading() as session:
        noted = session.scalars(select(JournalEntry.entity).where(JournalEntry.entity == "confirmations_list")).all()
    assert len(noted) == 2


def test_the_page_of_an_item_says_what_its_holder_said(
    client_for: ClientFor, make: Make, custody: Custody, clock: Clock
) -> None:
    code = make()
    issue = custody.issue(code, "P-002")
    browser = client_for("logistics_officer")
    assert "not confirmed yet" in browser.get(f"/assets/{code}").get_data(as_text=True)
    client_for("officer").post("/confirmations", {"answer": "no", "issue": [issue]})
    assert "denied by P-002" in browser.get(f"/assets/{code}").get_data(as_text=True)
    clock.advance(timedelta(hours=1))
    client_for("officer").post("/confirmations", {"answer": "yes", "issue": [issue], "form_id": str(uuid4())})
    assert "confirmed by P-002 on his own phone" in browser.get(f"/assets/{code}").get_data(as_text=True)
