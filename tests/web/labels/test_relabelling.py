"""A new label for an item: the old code is void, still leads to the item, and says so, on the page and the phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.labels.token import format_code
from assets.registry.models import Asset, AssetEvent, Label
from assets.registry.service.labels import register_label_blank
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

ClientFor = Callable[[str], Browser]
ApiFor = Callable[[str], Api]


@pytest.fixture
def code(api: ApiFor) -> str:
    answer = api("coordinator").post("/assets", {"class": "comms.radio", "unit": "IMT-TK"})
    return str(answer.get_json()["code"])


@pytest.fixture
def blank(app: App, clock: Clock) -> str:
    with app.transaction(SETUP, clock.now) as session:
        return register_label_blank(session, SETUP, clock.now).code


def present(app: App) -> str:
    with app.reading() as session:
        return session.scalars(select(Asset.code)).one()


def states(app: App) -> dict[str, str]:
    with app.reading() as session:
        return {label.code: label.state for label in session.scalars(select(Label))}


def test_an_item_gets_a_new_code_with_the_reason_and_keeps_the_old_one(
    app: App, code: str, client_for: ClientFor
) -> None:
    browser = client_for("logistics_officer")
    assert f"/assets/{code}/new-label" in browser.get(f"/assets/{code}").get_data(as_text=True)
    answer = browser.post(f"/assets/{code}/new-label", {"choice": "print", "reason": "Torn off"})
    new = present(app)
    assert answer.headers["Location"] == f"/assets/{new}"
    assert new != code
    assert states(app) == {code: "void", new: "active"}
    with app.reading() as session:
        event = session.scalars(select(AssetEvent).where(AssetEvent.kind == "labelled")).one()
        assert event.data == {"code": new, "replaced": code, "reason": "Torn off"}
        assert not event.seen, "nobody says that he has the item before him"
    page = browser.get(f"/assets/{new}").get_data(as_text=True)
    assert "Torn off" in page
    assert "You came by the label" not in page


def test_who_comes_by_the_old_label_is_told(app: App, code: str, client_for: ClientFor) -> None:
    browser = client_for("logistics_officer")
    browser.post(f"/assets/{code}/new-label", {"choice": "print", "reason": "Faded"})
    new = present(app)
    page = browser.get(f"/a/{code}", follow_redirects=True).get_data(as_text=True)
    assert f"You came by the label {format_code(code)}, which was replaced" in page
    assert "Faded" in page
    assert format_code(new) in page
    scanned = browser.get(f"/scan/asset/{code}").get_json()
    assert scanned["code"] == new
    assert format_code(new) in scanned["notice"]
    assert browser.get(f"/scan/asset/{new}").get_json()["notice"] is None


def test_a_blank_label_is_put_on_from_the_page(app: App, code: str, blank: str, client_for: ClientFor) -> None:
    form = {"choice": "stuck", "code": format_code(blank).lower(), "reason": "Torn"}
    assert client_for("logistics_officer").post(f"/assets/{code}/new-label", form).status_code == 303
    assert states(app) == {code: "void", blank: "active"}


def test_the_same_form_twice_makes_one_label(app: App, code: str, client_for: ClientFor) -> None:
    form = {"choice": "print", "reason": "Torn", "event_id": "0b7a6a2e-7a0e-4b6e-9d3f-2f4f5f6f7f8f"}
    browser = client_for("logistics_officer")
    for _ in range(2):
        assert browser.post(f"/assets/{code}/new-label", form).headers["Location"] == f"/assets/{present(app)}"
    assert len(states(app)) == 2


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"reason": " "}, 400, "Say why"),
        ({"reason": "x" * 301}, 400, "too long"),
        ({"choice": "stuck", "code": ""}, 400, "not a label code"),
        ({"choice": "stuck", "code": "00000-00000"}, 400, "No blank label"),
        ({"choice": "stuck", "code": "{code}"}, 409, "on an item already"),
    ],
)
def test_what_is_no_new_label_is_refused_and_nothing_changes(
    app: App, code: str, client_for: ClientFor, change: dict[str, str], status: int, words: str
) -> None:
    form = {"choice": "print", "reason": "Torn", **{key: value.format(code=code) for key, value in change.items()}}
    answer = client_for("logistics_officer").post(f"/assets/{code}/new-label", form)
    assert answer.status_code == status
    assert words in answer.get_data(as_text=True)
    assert states(app) == {code: "active"}


def test_programs_relabel_and_only_within_their_units(app: App, code: str, blank: str, api: ApiFor) -> None:
    program = api("logistics_officer")
    answer = program.post(f"/assets/{code}/label", {"reason": "Copied", "code": blank})
    assert (answer.status_code, answer.get_json()) == (201, {"code": blank, "replaced": code, "reason": "Copied"})
    assert program.post(f"/assets/{code}/label", {"reason": ""}).status_code == 400
    foreign = api("coordinator").post("/assets", {"class": "comms.radio", "unit": "IMT-FA"}).get_json()["code"]
    assert program.post(f"/assets/{foreign}/label", {"reason": "x"}).status_code == 404
    assert api("officer").post(f"/assets/{code}/label", {"reason": "x"}).status_code == 403


def test_a_scanned_blank_label_is_offered_to_be_put_on_an_item(
    app: App, code: str, blank: str, client_for: ClientFor, clock: Clock
) -> None:
    browser = client_for("logistics_officer")
    scanned = browser.get(f"/scan/asset/{blank}").get_json()
    assert scanned["blank"] is True
    assert [action["kind"] for action in scanned["actions"]] == ["claim_label"]
    command = {
        "id": "6f0f3c6e-8f0e-4a3b-9c1d-0123456789ab", "n": 1, "kind": "claim_label", "code": blank,
        "occurred_at": clock.now.isoformat(), "data": {"asset": code},
    }  # fmt: skip
    answer = browser.post_json("/api/v1/commands", {"sent_at": clock.now.isoformat(), "commands": [command]})
    assert answer.get_json()["results"][0]["status"] == "accepted"
    after = browser.get(f"/scan/asset/{blank}").get_json()
    assert (after["code"], after.get("blank")) == (blank, None)
    assert states(app) == {code: "void", blank: "active"}


def test_a_blank_label_is_nothing_to_those_who_put_none_on(blank: str, client_for: ClientFor) -> None:
    officer = client_for("officer")
    unknown, found = officer.get("/scan/asset/0000000000"), officer.get(f"/scan/asset/{blank}")
    plain = [re.sub(r'csrf-token" content="[^"]+"', "", answer.get_data(as_text=True)) for answer in (unknown, found)]
    plain[1] = plain[1].replace(blank, "0000000000")
    assert found.status_code == unknown.status_code == 404
    assert plain[0] == plain[1]


def test_a_blank_of_another_unit_is_used_with_a_notice(
    app: App, api: ApiFor, client_for: ClientFor, clock: Clock, world: World
) -> None:
    maker = world.actors["logistics2"]
    with app.transaction(maker, clock.now) as session:
        found = register_label_blank(session, maker, clock.now).code
    item = str(api("coordinator").post("/assets", {"class": "comms.radio", "unit": "IMT-TK"}).get_json()["code"])
    browser = client_for("logistics_officer")
    scanned = browser.get(f"/scan/asset/{found}").get_json()
    assert (scanned["blank"], "made for Fargʻona viloyati guruhi" in scanned["notice"]) == (True, True)
    command = {"id": str(uuid4()), "kind": "claim_label", "code": found, "occurred_at": clock.now.isoformat()}
    batch = {"sent_at": clock.now.isoformat(), "commands": [{**command, "data": {"asset": item}}]}
    told = api("logistics_officer").post("/commands", batch).get_json()["results"][0]
    assert (told["status"], "made for another unit" in told["message"]) == ("accepted", True)
    assert "the blank label was made for IMT-FA" in browser.get(f"/assets/{found}").get_data(as_text=True)
