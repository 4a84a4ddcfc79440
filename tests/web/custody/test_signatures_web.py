"""Signatures over the web: for what each stands, what is refused as one, and who sees it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.custody.models import Signature
from tests.support.commands import command, commanded
from tests.support.custody import Custody, confirmations
from tests.support.engines import ON_ONE_ENGINE
from tests.support.papers import picture
from tests.support.transfers import pass_on
from tests.support.world import Clock
from tests.web.conftest import Api, Browser

Make = Callable[..., str]
ClientFor = Callable[[str], Browser]
ApiFor = Callable[[str], Api]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def drawn(width: int = 300) -> bytes:
    return picture(size=(width, 120))


def address_of(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def upload(who: Api, event: str, content: bytes, signature: str) -> Any:
    sent = {"photo": (BytesIO(content), "signature.png"), "signature": signature}
    return who.client.post(f"/api/v1/commands/{event}/photos", data=sent, headers=who.headers)


def test_one_signature_for_many_is_seen_by_those_who_see_custody(
    app: App, client_for: ClientFor, api: ApiFor, make: Make, clock: Clock
) -> None:
    signature, who = str(uuid4()), api("logistics_officer")
    codes = [make(), make()]
    data = {"to": "P-002", "signature": signature}
    first, second = (command("issue", code, clock.now, data) for code in codes)
    assert commanded(who, clock.now, first)[0]["status"] == "accepted"
    assert upload(who, first["id"], drawn(), signature).status_code == 201
    assert commanded(who, clock.now, second)[0]["status"] == "accepted", "it comes after the picture"
    assert upload(who, second["id"], drawn(), signature).status_code == 200
    assert confirmations(app) == [("signature", True)] * 2
    for login, status in (
        ("logistics_officer", 200), ("officer", 200), ("auditor", 200), ("technician", 404), ("approver", 404),
        ("donor", 404), ("logistics2", 404), ("officer2", 404),
    ):  # fmt: skip
        answer = client_for(login).get(f"/signatures/{second['id']}")
        assert answer.status_code == status, login
    shown = client_for("logistics_officer").get(f"/signatures/{second['id']}")
    assert shown.headers["Content-Type"] == "image/png"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    page = client_for("logistics_officer").get(f"/assets/{codes[1]}").get_data(as_text=True)
    assert f"/signatures/{second['id']}" in page
    assert "confirmed by P-002 by signature" in page
    assert "/signatures/" not in client_for("technician").get(f"/assets/{codes[1]}").get_data(as_text=True)


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (SVG, "file_type"),
        (picture("JPEG"), "file_type"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "picture_broken"),
        (picture(size=(5000, 10)), "file_too_large"),
        (drawn() + b"\0" * 300_001, "file_too_large"),
        (b"", "file_type"),
    ],
    ids=["svg", "jpeg", "broken", "wide", "heavy", "empty"],
)
def test_what_is_no_signature_is_refused(
    app: App, api: ApiFor, make: Make, clock: Clock, content: bytes, code: str
) -> None:
    signature, who = str(uuid4()), api("logistics_officer")
    sent = command("issue", make(), clock.now, {"to": "P-002", "signature": signature})
    commanded(who, clock.now, sent)
    refused = upload(who, sent["id"], content, signature)
    assert refused.status_code == 400
    assert code in {refused.get_json()["code"], *(each["code"] for each in refused.get_json()["errors"])}
    with app.reading() as session:
        assert not session.scalars(select(Signature)).all()


def test_an_issue_cannot_take_the_signature_of_another(app: App, api: ApiFor, make: Make, clock: Clock) -> None:
    signature, who = str(uuid4()), api("logistics_officer")
    first = command("issue", make(), clock.now, {"to": "P-002", "signature": signature})
    commanded(who, clock.now, first)
    upload(who, first["id"], drawn(), signature)
    other = command("issue", make(), clock.now, {"to": "P-001", "signature": signature})
    clock.advance(timedelta(hours=1))
    later = command("issue", make(), clock.now, {"to": "P-002", "signature": signature})
    results = commanded(who, clock.now, other, later)
    assert [(each["status"], each["code"]) for each in results] == [("refused", "signature_taken")] * 2
    assert confirmations(app) == [("signature", True)]


def test_a_new_owner_or_borrower_reads_no_signature_of_the_unit_before(
    app: App, client_for: ClientFor, make: Make, custody: Custody, clock: Clock
) -> None:
    codes, events = [make(), make()], [str(uuid4()), str(uuid4())]
    before, after = client_for("logistics_officer"), client_for("logistics2")
    for code, event in zip(codes, events, strict=True):
        form = {"event_id": event, "to": "P-002", "signature_png": address_of(drawn())}
        assert before.post(f"/assets/{code}/issue", form).status_code == 303
        clock.advance(timedelta(minutes=5))
        custody.give_back(code)
    clock.advance(timedelta(minutes=5))
    pass_on(custody, codes[0])
    pass_on(custody, codes[1], until=clock.now + timedelta(days=3))
    for code, event in zip(codes, events, strict=True):
        assert after.get(f"/assets/{code}").status_code == 200
        for address in (f"/signatures/{event}", f"/confirmations/{event}/sheet.pdf"):
            assert after.get(address).status_code == 404, address
            assert before.get(address).status_code == 200, "the unit that had it then keeps its proof"
            assert client_for("officer").get(address).status_code == 200, "he signed it"
            assert client_for("auditor").get(address).status_code == 200
        shown = after.get(f"/assets/{code}").get_data(as_text=True)
        assert f"/signatures/{event}" not in shown
        assert f"/confirmations/{event}/" not in shown
    clock.advance(timedelta(minutes=5))
    late = str(uuid4())
    form = {"event_id": late, "to": "P-101", "signature_png": address_of(drawn())}
    assert after.post(f"/assets/{codes[0]}/issue", form).status_code == 303
    assert after.get(f"/signatures/{late}").status_code == 200
    assert before.get(f"/signatures/{late}").status_code == 404


def test_a_signature_is_refused_for_an_action_that_does_not_name_it(api: ApiFor, make: Make, clock: Clock) -> None:
    signature, who = str(uuid4()), api("logistics_officer")
    sent = command("issue", make(), clock.now, {"to": "P-002", "signature": signature})
    commanded(who, clock.now, sent)
    assert upload(who, sent["id"], drawn(), str(uuid4())).status_code == 404
    assert upload(api("commander"), sent["id"], drawn(), signature).status_code == 404
    assert upload(who, str(uuid4()), drawn(), signature).status_code == 404
    assert upload(who, sent["id"], drawn(), "no uuid").status_code in {400, 422}


def test_the_ordinary_forms_take_the_signature(
    app: App, client_for: ClientFor, make: Make, custody: Custody, clock: Clock
) -> None:
    code, browser, event = make(), client_for("logistics_officer"), str(uuid4())
    form = {"event_id": event, "to": "P-002", "signature_png": address_of(drawn())}
    assert browser.post(f"/assets/{code}/issue", form).status_code == 303
    assert confirmations(app) == [("signature", True)]
    assert browser.get(f"/signatures/{event}").status_code == 200
    clock.advance(timedelta(hours=1))
    back = {"event_id": str(uuid4()), "condition": "A", "signed_on_paper": "yes"}
    assert browser.post(f"/assets/{code}/return", back).status_code == 303
    assert "signed on paper" in browser.get(f"/assets/{code}").get_data(as_text=True)
    for hostile in ("data:image/svg+xml;base64,AAAA", address_of(SVG), "data:image/png;base64,%%%"):
        answer = browser.post(f"/assets/{code}/issue", {**form, "event_id": str(uuid4()), "signature_png": hostile})
        assert answer.status_code == 400, hostile
    assert custody.holder(code) is None


def test_the_sheet_of_an_issue_shows_the_signature_and_is_for_those_concerned(
    app: App, client_for: ClientFor, make: Make, custody: Custody
) -> None:
    code, browser, event = make(), client_for("logistics_officer"), str(uuid4())
    custody_page = {"event_id": event, "to": "P-002", "signature_png": address_of(drawn())}
    browser.post(f"/assets/{code}/issue", custody_page)
    signed = browser.get(f"/confirmations/{event}/sheet.pdf?lang=uz")
    assert signed.status_code == 200, signed.get_data(as_text=True)[:300]
    assert signed.data.startswith(b"%PDF")
    assert b"/Image" in signed.data
    unsigned = custody.issue(make(), "P-002")
    assert b"/Subtype /Image" not in browser.get(f"/confirmations/{unsigned}/sheet.pdf?lang=ru").data
    assert client_for("officer").get(f"/confirmations/{event}/sheet.pdf").status_code == 200
    for login in ("technician", "logistics2", "donor"):
        assert client_for(login).get(f"/confirmations/{event}/sheet.pdf").status_code == 404, login
    assert browser.get(f"/confirmations/{event}/sheet.pdf?lang=xx").status_code == 400


def test_a_transfer_is_signed_by_both_sides_on_its_sheet(app: App, client_for: ClientFor, make: Make) -> None:
    codes, sheet = [make(), make()], str(uuid4())
    sender, receiver = client_for("logistics_officer"), client_for("logistics2")
    form = {"sheet_id": sheet, "to_unit": "IMT-FA", "codes": "\n".join(codes), "signature_png": address_of(drawn())}
    assert sender.post("/transfers/new", form).status_code == 303
    half = sender.get(f"/transfers/{sheet}/sheet.pdf?lang=en").data
    with app.reading() as session:
        assert len(session.scalars(select(Signature)).all()) == 1
    page = receiver.get(f"/transfers/{sheet}").get_data(as_text=True)
    ids = {part.split('"')[0] for part in page.split('name="outcome_')[1:]}
    received = {"form_id": str(uuid4()), "signature_png": address_of(drawn(320))}
    received |= {f"outcome_{each}": "good" for each in ids} | {f"condition_{each}": "A" for each in ids}
    assert receiver.post(f"/transfers/{sheet}/receive", received).status_code == 303
    whole = receiver.get(f"/transfers/{sheet}/sheet.pdf?lang=en").data
    assert (half.count(b"/Subtype/Image") + half.count(b"/Subtype /Image")) * 2 == (
        whole.count(b"/Subtype/Image") + whole.count(b"/Subtype /Image")
    )
    assert confirmations(app) == [], "a unit confirms by receiving"
