"""Rounds for programs: entered whole or not at all, counted once however often it is sent, and only one's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.support.rounds import line
from tests.support.world import Clock
from tests.web.conftest import Api
from tests.web.handover.conftest import Enter

ApiFor = Callable[[str], Api]
HEAD = {"number": "R-9", "grant": "G-1", "handed_over_on": "2026-10-26", "place": "Termiz"}


def count(item: int, outcome: str = "received", **more: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "item": item, "outcome": outcome} | more


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.get_json()
    return [result["status"] for result in answer.get_json()["results"]]


@pytest.mark.usefixtures("grant_id")
def test_a_round_is_entered_with_its_lines_and_read_again(api: ApiFor) -> None:
    program = api("coordinator")
    car = line(class_="vehicle.patrol", model="Chevrolet Cobalt", quantity=1, serials=["XWB1"])
    body = {**HEAD, "currency": "JPY", "usd_rate": "151.25", "rate_on": "2026-10-01", "lines": [line(), car]}
    made = program.post("/batches", body)
    assert made.status_code == 201, made.get_json()
    batch = program.get(f"/batches/{made.get_json()['id']}").get_json()
    assert (batch["value"], batch["value_usd"], batch["recipients"]) == (75_000, 495.87, ["CUSTOMS"])
    assert [(row["quantity"], row["model"], row["unit"], row["counted"]) for row in batch["lines"]] == [
        (2, "Thermo TruNarc", "IMT-TK", {"pending": 2}), (1, "Chevrolet Cobalt", "IMT-TK", {"pending": 1}),
    ]  # fmt: skip
    items = program.get(f"/batches/{batch['id']}/items", limit=2).get_json()
    assert [item["serial_on_paper"] for item in items["items"]] == ["TN-1001", "TN-1002"]
    rest = program.get(f"/batches/{batch['id']}/items", cursor=items["next"]).get_json()
    assert ([item["serial"] for item in rest["items"]], rest["next"]) == (["XWB1"], None)
    assert program.get(f"/assets/{rest['items'][0]['code']}").get_json()["life"] == "expected"
    more = program.post(f"/batches/{batch['id']}/lines", {"lines": [line(quantity=1, serials="TN-7")]})
    assert (more.status_code, more.get_json()["value"]) == (201, 100_000)


@pytest.mark.usefixtures("grant_id")
def test_every_wrong_cell_is_named_and_nothing_is_kept(api: ApiFor) -> None:
    program = api("coordinator")
    body = {**HEAD, "lines": [line(), line(unit="IMT-XX", serials=""), line(serials="ТN-1OO1", quantity=1)]}
    answer = program.post("/batches", body)
    assert answer.status_code == 400
    named = {(error["row"], error["field"], error["code"]) for error in answer.get_json()["errors"]}
    assert named == {(2, "unit", "unknown_unit"), (3, "serials", "duplicate")}
    body["lines"] = [line(), line(serials="ТN-1OO1", quantity=1)]
    assert program.post("/batches", body).status_code == 409
    assert program.get("/batches").get_json()["items"] == []
    assert program.get("/assets").get_json()["items"] == []


@pytest.mark.usefixtures("grant_id")
def test_lines_and_counts_of_units_out_of_reach_are_refused(api: ApiFor, enter: Enter) -> None:
    officer = api("logistics_officer")
    assert officer.post("/batches", {**HEAD, "lines": [line(), line(unit="IMT-FA", serials="")]}).status_code == 403
    given = enter(line(), line(unit="IMT-FA", serials="F1\nF2"))
    answer = officer.post(f"/batches/{given.id}/counts", {"counts": [count(item) for item in given.items]})
    assert statuses(answer) == ["accepted", "accepted", "refused", "refused"]
    assert {result["code"] for result in answer.get_json()["results"][2:]} == {"not_found"}
    assert officer.post(f"/batches/{given.id}/lines", {"lines": [line(unit="IMT-FA", serials="")]}).status_code == 403
    assert officer.post(f"/batches/{given.id}/close", {}).status_code == 403
    seen = officer.get(f"/batches/{given.id}").get_json()
    assert [row["unit"] for row in seen["lines"]] == ["IMT-TK"]
    assert len(officer.get(f"/batches/{given.id}/items").get_json()["items"]) == 2
    assert api("officer").post(f"/batches/{given.id}/counts", {"counts": []}).status_code == 403


def test_counts_sent_again_change_nothing(api: ApiFor, enter: Enter) -> None:
    program, given = api("coordinator"), enter()
    body = {"counts": [count(given.items[0]), count(given.items[1], "damaged", condition="C", note="Cracked")]}
    assert statuses(program.post(f"/batches/{given.id}/counts", body)) == ["accepted"] * 2
    assert statuses(program.post(f"/batches/{given.id}/counts", body)) == ["repeated"] * 2
    assert program.get(f"/batches/{given.id}").get_json()["counted"]["damaged"] == 1


def test_a_refused_count_says_why_and_which_item_has_the_number(api: ApiFor, enter: Enter) -> None:
    program, given = api("coordinator"), enter()
    body = {"counts": [count(given.items[0], "wrong_serial", serial="TN-1002"), count(given.items[1], "damaged")]}
    first, second = program.post(f"/batches/{given.id}/counts", body).get_json()["results"]
    assert (first["status"], first["code"]) == ("refused", "duplicate")
    assert f"{given.codes[1][:5]}-{given.codes[1][5:]}" in first["message"]
    assert {error["field"] for error in second["errors"]} == {"condition", "note"}


def test_a_count_is_put_at_the_time_at_which_it_was_made(api: ApiFor, enter: Enter, clock: Clock) -> None:
    program, given = api("coordinator"), enter()
    # The phone's clock is an hour ahead; it counted ten minutes before it sent.
    ahead = clock.now + timedelta(hours=1)
    late = count(given.items[0], "short", occurred_at=(ahead - timedelta(minutes=10)).isoformat())
    program.post(f"/batches/{given.id}/counts", {"sent_at": ahead.isoformat(), "counts": [late]})
    item = program.get(f"/batches/{given.id}/items").get_json()["items"][0]
    assert item["counted_at"] == (clock.now - timedelta(minutes=10)).isoformat()
    older = count(given.items[0], occurred_at=(clock.now - timedelta(minutes=30)).isoformat())
    sent = {"sent_at": clock.now.isoformat(), "counts": [older]}
    (result,) = program.post(f"/batches/{given.id}/counts", sent).get_json()["results"]
    assert (result["status"], result["outcome"]) == ("accepted", "short")


def test_the_count_is_closed_when_all_is_counted(api: ApiFor, enter: Enter) -> None:
    program, given = api("coordinator"), enter()
    refused = program.post(f"/batches/{given.id}/close", {})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "not_counted")
    program.post(f"/batches/{given.id}/counts", {"counts": [count(given.items[0]), count(given.items[1], "short")]})
    assert program.post(f"/batches/{given.id}/close", {}).get_json()["closed_at"]
    again = {"counts": [count(given.items[0], "short"), count(given.items[1])]}
    assert statuses(program.post(f"/batches/{given.id}/counts", again)) == ["refused", "accepted"]


@pytest.mark.parametrize("body", [{}, {"counts": "x"}, {"counts": [{}]}, {"counts": [{"id": "1", "item": 1}]},
                                  {"counts": [], "all": True}, {"counts": [count(1)] * 201},
                                  {"counts": [count(1, occurred_at="2026-10-26T10:00:00")]}])  # fmt: skip
def test_counts_of_a_wrong_shape_are_a_problem_with_words(api: ApiFor, enter: Enter, body: Any) -> None:
    answer = api("coordinator").post(f"/batches/{enter().id}/counts", body)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.get_json()["detail"]


@pytest.mark.parametrize("value", [2**31, 2**63, -1, 0])
def test_an_item_that_cannot_be_is_refused_like_one_that_is_not_there(api: ApiFor, enter: Enter, value: int) -> None:
    answer = api("coordinator").post(f"/batches/{enter().id}/counts", {"counts": [count(value)]})
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        assert statuses(answer) == ["refused"]


def test_who_may_not_see_numbers_sees_none(api: ApiFor, enter: Enter) -> None:
    given = enter()
    items = api("approver").get(f"/batches/{given.id}/items").get_json()["items"]
    assert [(item["serial"], item["serial_on_paper"]) for item in items] == [(None, None)] * 2
    assert api("approver").get(f"/batches/{given.id}/act").status_code == 403
    assert api("donor").get(f"/batches/{given.id}").status_code == 403


def test_the_act_is_made_in_the_language_asked_for(api: ApiFor, enter: Enter) -> None:
    program, given = api("logistics_officer"), enter()
    for lang in ("uz", "ru", "en"):
        answer = program.get(f"/batches/{given.id}/act", lang=lang, agency="CUSTOMS")
        assert (answer.status_code, answer.content_type) == (200, "application/pdf")
        assert answer.data.startswith(b"%PDF")
        assert f"CUSTOMS-{lang}.pdf" in answer.headers["Content-Disposition"]
    assert program.get(f"/batches/{given.id}/act", lang="ja").status_code == 400
    assert program.get(f"/batches/{given.id}/act", agency="MIA").status_code == 404
    assert program.get("/batches/999/act").status_code == 404


def test_plans_are_set_followed_and_ended_never_changed(api: ApiFor, grant_id: int) -> None:
    program = api("coordinator")
    plan = {"kpi": "utilisation_days_rate", "value": "0.6", "note": "PMR p. 4"}
    first = program.post(f"/grants/{grant_id}/targets", plan)
    assert (first.status_code, first.get_json()["value"]) == (201, 0.6)
    assert program.post(f"/grants/{grant_id}/targets", plan).get_json()["id"] == first.get_json()["id"]
    program.post(f"/grants/{grant_id}/targets", {**plan, "class": "vehicle.patrol", "value": 0.8})
    program.post(f"/grants/{grant_id}/targets", {**plan, "value": 0.7})
    rows = program.get(f"/grants/{grant_id}/targets").get_json()["items"]
    assert sorted((row["class"] or "", row["value"], row["ended_at"] is None) for row in rows) == [
        ("", 0.6, False), ("", 0.7, True), ("vehicle.patrol", 0.8, True),
    ]  # fmt: skip
    last = next(row["id"] for row in rows if row["value"] == 0.7)
    assert program.post(f"/grants/{grant_id}/targets/{last}/end", {}).get_json()["ended_at"]
    assert program.post(f"/grants/{grant_id}/targets/{last}/end", {}).status_code == 422
    assert program.post("/grants/999/targets", plan).status_code == 404
    assert program.post(f"/grants/{grant_id}/targets", {**plan, "value": 60}).status_code == 400
    for login in ("logistics_officer", "commander", "auditor"):
        assert api(login).post(f"/grants/{grant_id}/targets", plan).status_code == 403
        assert api(login).get(f"/grants/{grant_id}/targets").status_code == 200


def test_a_logistics_officer_adds_no_grant_and_types_no_value(api: ApiFor, grant_id: int) -> None:
    officer = api("logistics_officer")
    assert officer.post("/grants", {"code": "X", "title": "X", "donor": "JPN"}).status_code == 403
    assert officer.post("/batches", {**HEAD, "value": 10**9}).status_code == 403
    assert officer.post("/batches", {**HEAD, "value": 10**9, "lines": [line()]}).status_code == 400
    assert officer.post("/batches", HEAD).status_code == 201
    assert grant_id


def test_what_was_received_goes_into_service_together_and_only_once(api: ApiFor, enter: Enter) -> None:
    program, given = api("coordinator"), enter(line(quantity=3, serials="A1\nA2\nA3"))
    body = {"counts": [count(given.items[0]), count(given.items[1], "damaged", condition="C", note="Cracked")]}
    program.post(f"/batches/{given.id}/counts", body)
    put = f"/batches/{given.id}/put-into-service"
    answer = program.post(put, {})
    assert answer.status_code == 200, answer.get_json()
    told = answer.get_json()
    assert (told["done"], told["already"], told["left"]) == (1, 0, 2)
    assert [(row["item"], row["asset"], row["status"], row["code"]) for row in told["results"]] == [
        (given.items[0], given.codes[0], "done", ""), (given.items[1], given.codes[1], "left", "damaged"),
        (given.items[2], given.codes[2], "left", "not_received"),
    ]  # fmt: skip
    assert "repair" in told["results"][1]["message"]
    before = program.get(f"/assets/{given.codes[0]}").get_json()
    assert before["life"] == "in_service"
    again = program.post(put, {}).get_json()
    assert (again["done"], again["already"], again["left"]) == (0, 1, 2)
    assert program.get(f"/assets/{given.codes[0]}").get_json() == before


def test_a_program_puts_only_its_own_units_items_into_service(api: ApiFor, enter: Enter) -> None:
    coordinator, officer = api("coordinator"), api("logistics_officer")
    given = enter(line(), line(unit="IMT-FA", serials="F1\nF2"))
    coordinator.post(f"/batches/{given.id}/counts", {"counts": [count(item) for item in given.items]})
    answer = officer.post(f"/batches/{given.id}/put-into-service", {}).get_json()
    assert (answer["done"], [row["asset"] for row in answer["results"]]) == (2, given.codes[:2])
    assert coordinator.get(f"/assets/{given.codes[2]}").get_json()["life"] == "received"
    assert officer.post("/batches/999999/put-into-service", {}).status_code == 404
    assert api("commander").post(f"/batches/{given.id}/put-into-service", {}).status_code == 403


def test_what_is_counted_in_has_its_plans_at_once(api: ApiFor, enter: Enter) -> None:
    program, given = api("coordinator"), enter()
    program.post(f"/batches/{given.id}/counts", {"counts": [count(given.items[0])]})
    due = program.get("/calibration/due").get_json()["items"]
    assert given.codes[0] in {row["asset"] for row in due}
    assert given.codes[1] not in {row["asset"] for row in due}
