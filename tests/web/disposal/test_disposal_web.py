"""Losses and disposals over HTTP: each step by who has the right, scope, the paper, and what was typed is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

import pytest
from PIL import Image

from assets.core.app import App
from assets.registry.models import Asset
from tests.support.care import put_asset
from tests.support.journal import noted
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

Clients = Callable[[str], Browser]
TODAY = "2026-11-02"


@pytest.fixture
def code(app: App, world: World, clock: Clock) -> str:
    return put(app, world, clock)


def put(app: App, world: World, clock: Clock, **more: Any) -> str:
    with app.transaction(SETUP, clock.now) as session:
        return put_asset(session, world, "search.mirror_uvss", clock.now, plans=False, **more).code


def life(app: App, code: str) -> str:
    with app.reading() as session:
        return session.query(Asset).filter_by(code=code).one().life


def text_of(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
    return answer.get_data(as_text=True)


def picture() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (40, 30), "white").save(buffer, "PNG")
    return buffer.getvalue()


def test_sale_goes_from_the_items_page_to_the_end(app: App, code: str, client_for: Clients) -> None:
    keeper, decider = client_for("logistics_officer"), client_for("coordinator")
    assert f"/assets/{code}/withdraw" in text_of(keeper, f"/assets/{code}")
    assert keeper.post(f"/assets/{code}/withdraw", {"reason": "Glass broken"}).status_code == 303
    page = text_of(keeper, f"/assets/{code}")
    assert f"/assets/{code}/propose-disposal" in page
    assert f"/assets/{code}/put-back" in page
    text_of(keeper, f"/assets/{code}/propose-disposal")
    proposed = keeper.post(
        f"/assets/{code}/propose-disposal", {"trigger": "obsolete", "assessment": "No spare glass is made."}
    )
    place = proposed.headers["Location"]
    assert "No spare glass is made." in text_of(keeper, place)
    assert f"{place}/approve" not in text_of(keeper, place)
    decision = {"number": "B-1", "decided_on": TODAY, "method": "sale"}
    assert decider.post(f"{place}/approve", decision).status_code == 303
    done = {"carried_out_on": TODAY, "paper_number": "C-9", "recipient": "A buyer", "proceeds": "1 200,50"}
    refused = keeper.post(f"{place}/carry-out", done)
    assert refused.status_code == 422
    assert "Attach the paper first" in refused.get_data(as_text=True)
    assert "A buyer" in refused.get_data(as_text=True)
    paper = {
        "subject": f"disposal:{place.rsplit('/', 1)[1]}", "kind": "act", "title": "Contract",
        "files": (BytesIO(picture()), "contract.png"),
    }  # fmt: skip
    assert keeper.post("/documents", paper, content_type="multipart/form-data").status_code == 303
    assert keeper.post(f"{place}/carry-out", done).status_code == 303
    assert life(app, code) == "disposed"
    page = text_of(keeper, f"/assets/{code}")
    assert "It is disposed of." in page
    assert place in page
    for gone in ("withdraw", "report-loss", "propose-disposal", "issue", "edit"):
        assert f"/assets/{code}/{gone}" not in page
    assert keeper.get(f"/a/{code}").headers["Location"] == f"/assets/{code}"


def test_loss_is_reported_inquired_into_and_found(app: App, code: str, client_for: Clients) -> None:
    officer, keeper, decider = client_for("officer"), client_for("logistics_officer"), client_for("coordinator")
    assert f"/assets/{code}/report-loss" in text_of(officer, f"/assets/{code}")
    wrong = officer.post(f"/assets/{code}/report-loss", {"lost_on": "2030-01-01", "circumstances": "Left in a train"})
    assert wrong.status_code == 400
    assert "Left in a train" in wrong.get_data(as_text=True)
    sent = officer.post(f"/assets/{code}/report-loss", {"lost_on": TODAY, "circumstances": "Left in a train"})
    place = sent.headers["Location"]
    assert life(app, code) == "lost"
    assert place in text_of(officer, f"/assets/{code}")
    assert f"{place}/inquiry" not in text_of(officer, place)
    assert keeper.post(f"{place}/inquiry", {"inquiry_by": "Commission 5", "opened_on": TODAY}).status_code == 303
    assert place in text_of(keeper, "/losses")
    missing = decider.post(f"{place}/decide", {"decision": "written_off", "decided_on": TODAY, "note": "kept"})
    assert missing.status_code == 400
    assert "kept" in missing.get_data(as_text=True)
    # The form sends all its fields, also those of the other decisions.
    found = {"decision": "found", "decided_on": TODAY, "condition": "B", "life": "", "recovered_amount": ""}
    assert decider.post(f"{place}/decide", found).status_code == 303
    assert life(app, code) == "in_service"


def test_item_seen_after_its_loss_was_reported_is_shown(app: App, code: str, client_for: Clients, clock: Clock) -> None:
    officer = client_for("officer")
    place = officer.post(f"/assets/{code}/report-loss", {"lost_on": TODAY, "circumstances": "Gone"}).headers["Location"]
    assert "after it was reported lost" not in text_of(officer, place)
    with app.transaction(SETUP, clock.now) as session:
        session.query(Asset).filter_by(code=code).one().last_seen_at = clock.now.replace(hour=23)
    assert "after it was reported lost" in text_of(officer, place)
    assert "seen since" in text_of(officer, "/losses")


def test_another_units_cases_look_like_none(client_for: Clients, app: App, world: World, clock: Clock) -> None:
    code = put(app, world, clock, unit="IMT-FA")
    place = (
        client_for("officer2")
        .post(f"/assets/{code}/report-loss", {"lost_on": TODAY, "circumstances": "Gone"})
        .headers["Location"]
    )
    keeper = client_for("logistics_officer")
    assert keeper.get(place).status_code == 404
    assert keeper.post(f"{place}/inquiry", {"inquiry_by": "Me", "opened_on": TODAY}).status_code == 404
    assert code not in text_of(keeper, "/losses/cases?format=csv")
    assert code in text_of(client_for("logistics2"), "/losses/cases?format=csv")


@pytest.mark.parametrize(
    "path",
    [
        "/disposals", "/losses", "/disposals/assess", "/disposals/cases", "/losses/cases", "/disposals/values",
        "/disposals/assess?format=csv", "/disposals/cases?format=csv&state=proposed", "/losses/cases?format=csv",
        "/disposals/values?format=csv&on=2026-01-01",
    ],
)  # fmt: skip
def test_pages_answer_in_few_queries_empty_and_full(
    path: str, app: App, world: World, clock: Clock, client_for: Clients, queries: Callable[[], Any]
) -> None:
    browser = client_for("coordinator")
    text_of(browser, path)
    officer = client_for("officer")
    for _ in range(3):
        officer.post(f"/assets/{put(app, world, clock)}/report-loss", {"lost_on": TODAY, "circumstances": "Gone"})
        old = put(app, world, clock, life="withdrawn")
        browser.post(f"/assets/{old}/propose-disposal", {"trigger": "age", "assessment": "Old"})
    with app.transaction(SETUP, clock.now) as session:
        session.query(Asset).filter_by(code=put(app, world, clock)).one().condition = "D"
    with queries() as seen:
        text_of(browser, path)
    assert len(seen) <= 10


@pytest.mark.parametrize("query", ["state=gone", "unit=NONE", "class=none", "cursor=%00", "limit=0"])
def test_address_that_cannot_be_meant_is_refused(query: str, client_for: Clients, api: Callable[[str], Api]) -> None:
    for path in ("/disposals/cases", "/losses/cases"):
        assert client_for("coordinator").get(f"{path}?{query}").status_code in {400, 404}
    for path in ("/disposals", "/losses"):
        assert api("coordinator").get(path, **dict(parse_qsl(query))).status_code in {400, 404}


def test_program_takes_the_same_steps(app: App, code: str, api: Callable[[str], Api]) -> None:
    keeper, decider = api("logistics_officer"), api("coordinator")
    assert keeper.patch(f"/assets/{code}", {"life": "lost"}).get_json()["code"] == "life_by_case"
    assert keeper.post(f"/assets/{code}/withdraw", {"reason": "worn"}).get_json()["life"] == "withdrawn"
    made = keeper.post("/disposals", {"asset": code, "trigger": "other", "assessment": "Worn"})
    assert made.status_code == 201
    path = f"/disposals/{made.get_json()['id']}"
    assert keeper.patch(path, {"state": "approved", "decision_number": "B"}).status_code == 403
    approved = {"state": "approved", "decision_number": "B", "decided_on": TODAY, "method": "destruction"}
    assert decider.patch(path, approved).get_json()["state"] == "approved"
    done = {"state": "carried_out", "carried_out_on": TODAY, "paper_number": "A-1"}
    assert keeper.patch(path, done).get_json()["code"] == "paper_missing"
    assert decider.patch(path, {"state": "reversed", "reason": "Wrong one"}).get_json()["state"] == "reversed"
    assert keeper.post(f"/assets/{code}/put-back", {"reason": "Mended"}).get_json()["life"] == "in_service"
    assert [row["state"] for row in decider.get("/disposals", asset=code).get_json()["items"]] == ["reversed"]
    lost = keeper.post("/losses", {"asset": code, "lost_on": TODAY, "circumstances": "Gone"})
    path = f"/losses/{lost.get_json()['id']}"
    assert keeper.patch(path, {"state": "inquiry", "inquiry_by": "C", "opened_on": TODAY}).status_code == 200
    decided = {
        "state": "decided", "decision": "recovered_value", "decided_on": TODAY, "paper_number": "P",
        "inquiry_result": "Paid back", "recovered_amount": 55.5, "currency": "USD",
    }  # fmt: skip
    assert decider.patch(path, decided).get_json()["recovered_amount"] == 55.5
    assert decider.get(path).get_json()["decision"] == "recovered_value"
    assert decider.get("/losses", state="decided").get_json()["items"][0]["asset"] == code
    for path, state in (("/losses", "reported"), ("/disposals", "proposed")):
        assert decider.get(path, state=state).get_json() == {"items": [], "next": None}


def test_program_pages_through_what_is_to_be_assessed(
    app: App, world: World, clock: Clock, api: Callable[[str], Api]
) -> None:
    made = {put(app, world, clock) for _ in range(3)}
    with app.transaction(SETUP, clock.now) as session:
        for asset in session.query(Asset).filter(Asset.code.in_(made)):
            asset.condition = "D"
    program, seen, cursor = api("coordinator"), [], ""
    while True:
        page = program.get("/disposals/assess", limit=2, cursor=cursor).get_json()
        seen += [(item["asset"], item["triggers"]) for item in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert sorted(seen) == sorted((code, ["condition"]) for code in made)


def test_memo_value_stands_on_the_items_page(app: App, code: str, client_for: Clients, clock: Clock) -> None:
    with app.transaction(SETUP, clock.now) as session:
        asset = session.query(Asset).filter_by(code=code).one()
        asset.value, asset.in_service_on = Decimal(6000), date(2026, 11, 1)
    # One month of sixty is charged.
    assert "5,900.00" in text_of(client_for("coordinator"), f"/assets/{code}")
    assert "5,900.00" in text_of(client_for("coordinator"), "/disposals/values")


@pytest.mark.parametrize(
    ("path", "entity", "filters"),
    [
        ("/disposals/assess?unit=IMT-TK&format=csv", "to_assess_list", {"unit": "IMT-TK"}),
        ("/disposals/cases?state=proposed&format=csv", "disposals_list", {"state": "proposed"}),
        ("/losses/cases?format=csv&limit=3", "losses_list", {}),
        ("/disposals/values?on=2026-01-01&format=csv", "memo_values_list", {"on": "2026-01-01"}),
    ],
)
def test_what_is_taken_away_is_journalled_and_what_is_looked_at_is_not(
    path: str, entity: str, filters: dict[str, str], app: App, world: World, client_for: Clients
) -> None:
    browser = client_for("coordinator")
    text_of(browser, path.replace("format=csv", "").rstrip("?&"))
    assert noted(app, entity) == []
    text_of(browser, path)
    assert noted(app, entity) == [("csv", "exported", world.accounts["coordinator"].id, {"filters": filters})]
    assert f'value="{entity}"' in text_of(client_for("auditor"), "/journal")
    assert client_for("donor").get(path).status_code == 403
    assert browser.get(f"{path.partition('?')[0]}?format=csv&unit=NONE").status_code in {400, 404}
    assert len(noted(app, entity)) == 1
