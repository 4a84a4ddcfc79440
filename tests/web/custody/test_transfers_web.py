"""Transfers by page, by call and by the phone's commands: each side does its step, and the other sees it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from assets.core.app import App
from assets.labels.token import ALPHABET, format_code, new_code
from tests.support.custody import Custody
from tests.support.engines import ON_ONE_ENGINE
from tests.support.journal import noted
from tests.support.world import Clock
from tests.web.conftest import Api, Browser

Make = Callable[..., str]
HERE, THERE = "logistics_officer", "logistics2"  # of IMT-TK and of IMT-FA
Send = Callable[..., dict[str, Any]]


@pytest.fixture
def send(api: Callable[[str], Api]) -> Send:
    """Sends by a call from Tashkent to Fergana unless said otherwise; answers the transfer."""

    def sent(*codes: str, to: str = "IMT-FA", login: str = HERE, **more: Any) -> dict[str, Any]:
        answer = api(login).post("/transfers", {"to_unit": to, "items": list(codes), **more})
        assert answer.status_code == 201, answer.get_data(as_text=True)
        first: dict[str, Any] = answer.get_json()["items"][0]
        return first

    return sent


def commanded(api: Api, kind: str, code: str, at: datetime, sent_at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    command = {"id": str(uuid4()), "kind": kind, "code": code, "occurred_at": at.isoformat(), "data": data}
    answer = api.post("/commands", {"sent_at": sent_at.isoformat(), "commands": [command]})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    result: dict[str, Any] = answer.get_json()["results"][0]
    return result


def state(api: Api, code: str) -> list[str]:
    return [item["state"] for item in api.get("/transfers", asset=code).get_json()["items"]]


@pytest.mark.parametrize("first", ["send", "receive"])
def test_phones_of_both_units_sync_in_either_order(
    first: str, make: Make, api: Callable[[str], Api], clock: Clock
) -> None:
    code, here, there = make(), api(HERE), api(THERE)
    steps = {
        "send": lambda: commanded(
            here, "transfer_send", code, clock.now - timedelta(hours=3), clock.now, {"to_unit": "IMT-FA"}
        ),
        "receive": lambda: commanded(
            there, "transfer_receive", code, clock.now - timedelta(hours=2), clock.now, {"condition": "B"}
        ),
    }
    results = {name: steps[name]() for name in sorted(steps, key=lambda name: name != first)}
    assert {name: result["status"] for name, result in results.items()} == {"send": "accepted", "receive": "accepted"}
    assert results["receive"]["code"] == ("recorded" if first == "send" else "waits_for_sending")
    whole = api("coordinator")
    asset = whole.get(f"/assets/{code}").get_json()
    assert (asset["unit"], asset["condition"], state(whole, code)) == ("IMT-FA", "B", ["received"])


def test_unknown_code_is_no_receipt(api: Callable[[str], Api], clock: Clock) -> None:
    result = commanded(api(THERE), "transfer_receive", new_code(), clock.now, clock.now, {"condition": "A"})
    assert (result["status"], result["code"]) == ("refused", "not_found")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, "required"),
        ({"condition": "A", "differences": [{"kind": "missing"}]}, "no_condition"),
        ({"condition": "A", "differences": [{"kind": "vanished"}]}, "invalid_input"),
        ({"condition": "A", "from": "here"}, "invalid_input"),
    ],
)
@ON_ONE_ENGINE
def test_receipt_that_says_nonsense_is_refused(
    data: dict[str, Any], code: str, make: Make, send: Send, api: Callable[[str], Api], clock: Clock
) -> None:
    item = make()
    send(item)
    result = commanded(api(THERE), "transfer_receive", item, clock.now, clock.now, data)
    assert (result["status"], result["code"]) == ("refused", code)


def test_several_items_go_on_one_sheet_or_none_does(make: Make, api: Callable[[str], Api]) -> None:
    one, other, foreign = make(), make(), make(unit="IMT-SU")
    here = api(HERE)
    answer = here.post("/transfers", {"to_unit": "IMT-FA", "items": [one, foreign, other]})
    assert answer.status_code == 400
    assert format_code(foreign) in answer.get_data(as_text=True)
    assert here.get("/transfers").get_json()["items"] == []
    sheet = str(uuid4())
    for status in (201, 200):
        body = {"to_unit": "IMT-FA", "items": [one, other], "sheet": sheet}
        answer = here.post("/transfers", body)
        assert (answer.status_code, answer.get_json()["sheet"]) == (status, sheet)
    assert [item["state"] for item in here.get("/transfers").get_json()["items"]] == ["in_transit"] * 2


def test_form_sends_what_was_ticked_and_named_once(
    make: Make, client_for: Callable[[str], Browser], api: Callable[[str], Api]
) -> None:
    ticked, named = make(), make()
    browser = client_for(HERE)
    page = browser.get("/transfers/new").get_data(as_text=True)
    assert ticked in page
    assert 'class="error"' not in page
    sheet_field = re.search(r'name="sheet_id" value="([^"]+)"', page)
    assert sheet_field
    form = {
        "sheet_id": sheet_field.group(1),
        "to_unit": "IMT-FA", "items": [ticked], "codes": format_code(named), "note": "charger in the lid",
    }  # fmt: skip
    answers = [browser.post("/transfers/new", form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(api(HERE).get("/transfers").get_json()["items"]) == 2
    sheet = browser.get(answers[0].headers["Location"]).get_data(as_text=True)
    assert "charger in the lid" in sheet
    assert format_code(named) in sheet


@ON_ONE_ENGINE
def test_form_keeps_what_was_typed_and_says_which_item_cannot_go(
    make: Make, client_for: Callable[[str], Browser], custody: Custody
) -> None:
    held, free = make(), make()
    custody.issue(held, "P-001", override_reason="night shift")
    answer = client_for(HERE).post(
        "/transfers/new", {"to_unit": "IMT-FA", "codes": f"{held}\n{free}", "note": "by the morning car"}
    )
    text = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert f"{format_code(held)}: It is issued to a person" in text
    assert "by the morning car" in text


def test_item_by_item_receipt_is_seen_by_the_sender(
    make: Make, send: Send, client_for: Callable[[str], Browser], api: Callable[[str], Api]
) -> None:
    good, broken, gone, later = make(), make(), make(), make()
    sheet = send(good, broken, gone, later)["sheet"]
    ids = {item["asset"]: item["id"] for item in api(THERE).get("/transfers").get_json()["items"]}
    browser = client_for(THERE)
    form = {
        f"outcome_{ids[good]}": "good", f"condition_{ids[good]}": "A",
        f"outcome_{ids[broken]}": "damaged", f"condition_{ids[broken]}": "D", f"note_{ids[broken]}": "lens cracked",
        f"outcome_{ids[gone]}": "missing",
    }  # fmt: skip
    wrong = browser.post(f"/transfers/{sheet}/receive", form | {f"note_{ids[broken]}": ""})
    assert wrong.status_code == 400
    assert browser.post(f"/transfers/{sheet}/receive", form).status_code == 303
    here = api(HERE)
    found = {item["asset"]: item for item in here.get("/transfers").get_json()["items"]}
    assert {code: found[code]["state"] for code in found} == {
        good: "received", broken: "received", gone: "question", later: "in_transit",
    }  # fmt: skip
    assert (found[broken]["found"], found[broken]["note"]) == ("damaged", "lens cracked")
    page = client_for(HERE).get(f"/transfers/{sheet}").get_data(as_text=True)
    assert "lens cracked" in page
    assert "Answer the question about" in page


@ON_ONE_ENGINE
def test_sender_settles_and_cancels_with_a_reason(make: Make, send: Send, client_for: Callable[[str], Browser]) -> None:
    asked, unwanted = send(make()), send(make())
    there, here = client_for(THERE), client_for(HERE)
    there.post(f"/transfers/{asked['sheet']}/receive", {f"outcome_{asked['id']}": "missing"})
    here.post(f"/transfers/items/{asked['id']}/settle", {"outcome": "with_sender", "reason": "left on the shelf"})
    assert "stays with the sender" in here.get(f"/transfers/{asked['sheet']}").get_data(as_text=True)
    assert there.post(f"/transfers/items/{unwanted['id']}/cancel", {"reason": "x"}).status_code == 403
    here.post(f"/transfers/items/{unwanted['id']}/cancel", {"reason": ""})
    assert "on the way" in here.get(f"/transfers/{unwanted['sheet']}").get_data(as_text=True)
    here.post(f"/transfers/items/{unwanted['id']}/cancel", {"reason": "wrong unit"})
    shown = here.get(f"/transfers/{unwanted['sheet']}").get_data(as_text=True)
    assert "cancelled" in shown
    assert "wrong unit" in shown


def test_calls_receive_settle_and_cancel(make: Make, send: Send, api: Callable[[str], Api]) -> None:
    here, there = api(HERE), api(THERE)
    came, asked, unwanted = send(make()), send(make()), send(make())
    assert there.post(f"/transfers/{came['id']}/receive", {"condition": "A"}).get_json()["state"] == "received"
    missing = {"differences": [{"kind": "missing"}]}
    assert there.post(f"/transfers/{asked['id']}/receive", missing).get_json()["state"] == "question"
    settled = {"outcome": "with_sender", "reason": "left on the shelf"}
    assert here.post(f"/transfers/{asked['id']}/settle", settled).get_json()["state"] == "settled_back"
    assert here.post(f"/transfers/{unwanted['id']}/cancel", {"reason": "x"}).get_json()["state"] == "cancelled"
    assert here.get(f"/transfers/{unwanted['id']}").get_json()["state"] == "cancelled"


def test_foreign_transfer_looks_like_none(
    make: Make, send: Send, api: Callable[[str], Api], client_for: Callable[[str], Browser]
) -> None:
    foreign = send(make(unit="IMT-SU"), to="OCT", login="coordinator")
    program, browser = api(THERE), client_for(THERE)
    for path in (f"/transfers/{foreign['id']}", f"/transfers/{uuid4()}"):
        assert program.get(path).status_code == 404
    assert program.post(f"/transfers/{foreign['id']}/receive", {"condition": "A"}).status_code == 404
    for path in (f"/transfers/{foreign['sheet']}", f"/transfers/{foreign['sheet']}/sheet.pdf", f"/transfers/{uuid4()}"):
        assert browser.get(path).status_code == 404
    assert foreign["asset"] not in browser.get("/transfers").get_data(as_text=True)


def test_receipt_of_an_unseen_item_shows_its_code_alone(
    make: Make, api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    code = make()
    commanded(api(THERE), "transfer_receive", code, clock.now, clock.now, {"condition": "A"})
    page = client_for(THERE).get("/transfers?show=questions").get_data(as_text=True)
    assert format_code(code) in page
    assert "mirror" not in page.lower()
    assert "mirror" in client_for(HERE).get("/transfers?show=questions").get_data(as_text=True).lower()


def test_pages_say_where_it_is(
    make: Make, send: Send, api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    code = make()
    lent = send(code, until=(clock.now + timedelta(days=2)).date().isoformat())
    here, there = client_for(HERE), client_for(THERE)
    for path in (f"/assets/{code}", "/assets", f"/scan/asset/{code}"):
        assert "on its way to" in here.get(path).get_data(as_text=True), path
    scanned = there.get(f"/scan/asset/{code}").get_json()
    assert [action["kind"] for action in scanned["actions"]] == ["transfer_receive"]
    assert "items are on their way to you" in there.get("/").get_data(as_text=True)
    api(THERE).post(f"/transfers/{lent['id']}/receive", {"condition": "A"})
    assert "lent to" in here.get(f"/assets/{code}").get_data(as_text=True)
    assert "transfer_send" in [each["kind"] for each in there.get(f"/scan/asset/{code}").get_json()["actions"]]
    assert there.get(f"/scan/asset/{code}").get_json()["units"] == [
        {"code": "IMT-TK", "name": "Toshkent shahri guruhi"}
    ]
    clock.advance(timedelta(days=4))
    assert "loans are not back" in client_for(HERE).get("/").get_data(as_text=True)


@ON_ONE_ENGINE
def test_list_is_paged_and_exported_whole(
    app: App, make: Make, send: Send, client_for: Callable[[str], Browser]
) -> None:
    codes = {make() for _ in range(3)}
    for code in codes:
        send(code)
    browser, seen, path = client_for(HERE), [], "/transfers?limit=2"
    while path:
        text = browser.get(path).get_data(as_text=True)
        seen += [code for code in codes if format_code(code) in text]
        following = re.search(r'rel="next" href="([^"]+)"', text)
        path = following.group(1).replace("&amp;", "&") if following else ""
    assert sorted(seen) == sorted(codes)
    exported = browser.get("/transfers/export?format=csv&show=outgoing").get_data().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(exported), delimiter=";" if ";" in exported.splitlines()[0] else ","))
    assert {row["asset"] for row in rows} == codes
    ((what, done, _, told),) = noted(app, "transfers_list")
    assert (what, done, told) == ("csv", "exported", {"filters": {"show": "outgoing"}})


@pytest.mark.parametrize("question", ["show=nothing", "cursor=abc", "unit=NONE", "asset=" + ALPHABET[:3]])
@ON_ONE_ENGINE
def test_bad_questions_get_an_answer(question: str, client_for: Callable[[str], Browser]) -> None:
    assert client_for(HERE).get(f"/transfers?{question}").status_code == 400


@ON_ONE_ENGINE
@pytest.mark.parametrize("lang", ["en", "ru", "uz"])
def test_sheet_is_made_to_be_signed(lang: str, make: Make, send: Send, client_for: Callable[[str], Browser]) -> None:
    sent = send(make(), make(), until="2026-12-01")
    answer = client_for(THERE).get(f"/transfers/{sent['sheet']}/sheet.pdf?lang={lang}")
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert answer.get_data().startswith(b"%PDF")


@ON_ONE_ENGINE
def test_list_asks_few_questions_of_the_database(
    make: Make, send: Send, client_for: Callable[[str], Browser], queries: Any
) -> None:
    browser = client_for(HERE)
    counts = []
    for _ in range(2):
        send(make(), make())
        with queries() as asked:
            browser.get("/transfers")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 10


def test_what_was_sent_by_its_code_alone_tells_nothing_whatever_became_of_it(
    make: Make, api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    code, there = make(), api(THERE)
    at = clock.now - timedelta(minutes=11)
    result = commanded(there, "transfer_send", code, at, clock.now, {"to_unit": "IMT-SU"})
    assert (result["status"], result["code"]) == ("accepted", "in_conflict")
    entry = there.get("/transfers").get_json()["items"][0]
    browser = client_for(THERE)
    for state_now in ("unclear", "cancelled"):
        assert there.get(f"/transfers/{entry['id']}").get_json()["state"] == state_now
        for path in ("/transfers", f"/transfers/{entry['sheet']}"):
            page = browser.get(path).get_data(as_text=True)
            assert format_code(code) in page
            assert "mirror" not in page.lower()
        assert browser.get(f"/transfers/{entry['sheet']}/sheet.pdf").status_code == 404
        if state_now == "unclear":
            assert there.post(f"/transfers/{entry['id']}/cancel", {"reason": "a mistake"}).status_code == 200


def test_owner_ends_what_others_say_of_the_item(
    make: Make, api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    code, here = make(), api(HERE)
    commanded(api(THERE), "transfer_receive", code, clock.now, clock.now, {"condition": "D"})
    entry = here.get("/transfers", show="questions").get_json()["items"][0]
    assert "It was a mistake" in client_for(HERE).get(f"/transfers/{entry['sheet']}").get_data(as_text=True)
    answer = here.post(f"/transfers/{entry['id']}/cancel", {"reason": "it never left the store"})
    assert (answer.status_code, answer.get_json()["state"]) == (200, "cancelled")


def test_sheet_sent_again_says_the_truth(make: Make, api: Callable[[str], Api]) -> None:
    one, other, third = make(), make(), make()
    here, sheet = api(HERE), str(uuid4())
    body = {"to_unit": "IMT-FA", "items": [one, other], "sheet": sheet}
    assert here.post("/transfers", body).status_code == 201
    changed = here.post("/transfers", body | {"items": [one, third]})
    assert (changed.status_code, changed.get_json()["code"]) == (409, "sheet_changed")
    assert state(here, third) == []
    assert api(THERE).post(f"/transfers/{here.get('/transfers').get_json()['items'][0]['id']}/receive",
                           {"condition": "A"}).status_code == 200  # fmt: skip
    assert here.post("/transfers", body).status_code == 200, "what has arrived meanwhile was sent all the same"


@pytest.mark.parametrize(("login", "unit", "to"), [(THERE, "IMT-FA", "IMT-TK"), (HERE, "IMT-TK", "IMT-SU")])
def test_sheet_is_one_accounts_from_one_unit_to_another(
    login: str, unit: str, to: str, make: Make, send: Send, api: Callable[[str], Api]
) -> None:
    sheet, code = send(make())["sheet"], make(unit=unit)
    answer = api(login).post("/transfers", {"to_unit": to, "items": [code], "sheet": sheet})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "sheet_taken")
    assert state(api(login), code) == []
