"""Maintenance over HTTP: scope on read and write, moves, forms that keep what was typed, few queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.maintenance import service
from assets.maintenance.models import MaintenancePlan
from assets.maintenance.rules.orders import Severity
from assets.registry.service.timeline import happening_now
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

Place = dict[str, Any]


@pytest.fixture
def here(app: App, world: World, clock: Clock) -> Place:
    return _place(app, world, clock, "IMT-TK")


@pytest.fixture
def elsewhere(app: App, world: World, clock: Clock) -> Place:
    return _place(app, world, clock, "IMT-FA")


def _place(app: App, world: World, clock: Clock, unit: str) -> Place:
    with app.transaction(SETUP, clock.now) as session:
        mirror = put_asset(session, world, "search.mirror_uvss", clock.now, unit=unit)
        plan = session.scalars(select(MaintenancePlan).where(MaintenancePlan.asset_id == mirror.id)).one()
        order = service.report_fault(session, SETUP, mirror, Severity.MAJOR, "Lamp broken", happening_now(clock.now))
        return {"code": mirror.code, "plan": plan.id, "order": order.id}


def test_due_list_shows_what_is_due_in_scope_only(
    here: Place, elsewhere: Place, clock: Clock, api: Callable[[str], Api]
) -> None:
    clock.advance(timedelta(days=183))
    items = api("logistics_officer").get("/maintenance/due", within_days=0).get_json()["items"]
    assert [(item["asset"], item["standing"]) for item in items] == [(here["code"], "due")]
    everyone = api("coordinator").get("/maintenance/due", within_days=0).get_json()["items"]
    assert {item["asset"] for item in everyone} == {here["code"], elsewhere["code"]}


def test_due_list_is_paged_without_gaps_or_repeats(
    app: App, world: World, clock: Clock, api: Callable[[str], Api]
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        for _ in range(3):
            put_asset(session, world, "comms.radio", clock.now)
    program, seen, cursor = api("coordinator"), [], ""
    while True:
        answer = program.get(
            "/maintenance/due", within_days=800, limit=2, **({"cursor": cursor} if cursor else {})
        ).get_json()
        seen += [(item["asset"], item["plan"]) for item in answer["items"]]
        cursor = answer["next"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 6
    assert program.get("/maintenance/due", cursor="WyJ4Il0").status_code == 400


def test_foreign_work_order_looks_like_none(elsewhere: Place, api: Callable[[str], Api]) -> None:
    program = api("logistics_officer")
    foreign = program.get(f"/work-orders/{elsewhere['order']}")
    unknown = program.get("/work-orders/999999")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.get_json() == unknown.get_json()
    assert program.patch(f"/work-orders/{elsewhere['order']}", {"state": "planned"}).status_code == 404
    assert (
        program.post("/work-orders", {"asset": elsewhere["code"], "title": "x", "severity": "minor"}).status_code == 404
    )


def test_work_order_cannot_be_moved_to_another_asset_or_a_foreign_plan(
    here: Place, elsewhere: Place, api: Callable[[str], Api]
) -> None:
    program = api("logistics_officer")
    assert program.patch(f"/work-orders/{here['order']}", {"asset": elsewhere["code"]}).status_code == 400
    assert program.patch(f"/work-orders/{here['order']}", {"asset_id": 1, "state": "ready"}).status_code == 400
    assert program.post("/work-orders", {"asset": here["code"], "plan": elsewhere["plan"]}).status_code == 404
    theirs = api("coordinator").post("/work-orders", {"asset": here["code"], "plan": elsewhere["plan"]})
    assert (theirs.status_code, theirs.get_json()["errors"][0]["field"]) == (400, "plan")


def test_readers_cannot_write(here: Place, api: Callable[[str], Api], client_for: Callable[[str], Browser]) -> None:
    for login in ("officer", "monitor", "auditor", "administrator"):
        assert api(login).get(f"/work-orders/{here['order']}").status_code == 200
        assert api(login).patch(f"/work-orders/{here['order']}", {"state": "planned"}).status_code == 403
    assert api("donor").get("/work-orders").status_code == 403
    assert client_for("officer").post(f"/maintenance/orders/{here['order']}/done").status_code == 403


def test_closed_work_order_stays_closed(here: Place, api: Callable[[str], Api]) -> None:
    program = api("technician")
    address = f"/work-orders/{here['order']}"
    body = {
        "state": "done", "done_text": "New lamp", "cost": "12.50", "currency": "USD", "payer": "recipient_budget",
    }  # fmt: skip
    closed = program.patch(address, body)
    assert closed.status_code == 200, closed.get_json()
    assert (closed.get_json()["state"], closed.get_json()["cost"]) == ("done", 12.5)
    assert [(d["cause"], d["until"] is not None) for d in closed.get_json()["downtime"]] == [("failure", True)]
    for state in ("planned", "cancelled", "done", "in_progress"):
        answer = program.patch(address, {"state": state, "reason": "because"})
        assert (answer.status_code, answer.get_json()["code"]) == (422, "state_move")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"state": "cancelled"}, "reason"),
        ({"state": "done"}, "done_text"),
        ({"state": "done", "done_text": "x", "cost": -1}, "cost"),
        ({"state": "done", "done_text": "x", "cost": 5}, "payer"),
        ({"state": "done", "done_text": "x", "cost": 5, "payer": "donor", "currency": "dollars"}, "currency"),
        ({"state": "done", "done_text": "x", "done_at": "2030-01-01"}, "done_at"),
        ({"state": "planned", "cost": 5}, "cost"),
        ({"state": "flying"}, "state"),
        ({"state": "waiting_parts", "waiting_for": "godot"}, "waiting_for"),
    ],
)
def test_wrong_field_is_named(here: Place, api: Callable[[str], Api], body: dict[str, Any], field: str) -> None:
    program = api("technician")
    program.patch(f"/work-orders/{here['order']}", {"state": "ready"})
    answer = program.patch(f"/work-orders/{here['order']}", body)
    assert answer.status_code == 400, answer.get_json()
    assert answer.get_json()["errors"][0]["field"] == field
    assert program.get(f"/work-orders/{here['order']}").get_json()["state"] == "ready"


def test_plan_has_one_open_work_order(here: Place, api: Callable[[str], Api]) -> None:
    program = api("logistics_officer")
    body = {"asset": here["code"], "plan": here["plan"]}
    assert program.post("/work-orders", body).status_code == 201
    again = program.post("/work-orders", body)
    assert (again.status_code, again.get_json()["code"]) == (409, "order_open")


def test_mistyped_label_code_is_told(api: Callable[[str], Api], here: Place) -> None:
    wrong = here["code"][:-1] + ("0" if here["code"][-1] != "0" else "1")
    answer = api("technician").post("/work-orders", {"asset": wrong, "title": "x", "severity": "minor"})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "label_mistyped")


def test_pages_open_with_few_queries(
    here: Place, client_for: Callable[[str], Browser], queries: Callable[[], Any], clock: Clock
) -> None:
    clock.advance(timedelta(days=1))
    browser = client_for("technician")
    for path in (
        "/maintenance?within_days=800", "/maintenance/board", "/maintenance/orders",
        f"/maintenance/orders/{here['order']}",
        f"/assets/{here['code']}/plans", f"/maintenance/plans/{here['plan']}/change",
        f"/assets/{here['code']}/work-orders/new",
    ):  # fmt: skip
        with queries() as seen:
            answer = browser.get(path)
        assert answer.status_code == 200, path
        assert len(seen) <= 10, (path, len(seen))


def test_order_is_worked_through_by_forms(here: Place, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("technician")
    address = f"/maintenance/orders/{here['order']}"
    assert browser.post(f"{address}/move", {"state": "waiting_parts"}).status_code == 400
    assert browser.post(f"{address}/move", {"state": "in_progress"}).status_code == 303
    moved = browser.post(f"{address}/move", {"state": "waiting_parts", "waiting_for": "waiting_budget"})
    assert moved.status_code == 303
    assert "waiting for budget" in browser.get(address).get_data(as_text=True)
    refused = browser.post(f"{address}/done", {"done_text": "Typed words stay", "cost": "abc"})
    assert refused.status_code == 400
    assert "Typed words stay" in refused.get_data(as_text=True)
    assert browser.post(f"{address}/done", {"done_text": "New lamp"}).status_code == 303
    assert "How it ended" in browser.get(address).get_data(as_text=True)


def test_plan_changes_with_a_reason_only(here: Place, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    address = f"/maintenance/plans/{here['plan']}/change"
    assert browser.post(address, {"interval_days": "90", "reason": ""}).status_code == 400
    assert browser.post(address, {"interval_days": "0", "reason": "maker's manual"}).status_code == 400
    assert browser.post(address, {"interval_days": "90", "reason": "maker's manual"}).status_code == 303
    page = browser.get(f"/assets/{here['code']}/plans").get_data(as_text=True)
    assert "every 90 days" in page
    assert "maker&#39;s manual" in page


def test_foreign_plan_looks_like_none(elsewhere: Place, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    for path in (f"/maintenance/plans/{elsewhere['plan']}/change", f"/assets/{elsewhere['code']}/plans"):
        assert browser.get(path).status_code == 404
    for path in (f"/maintenance/plans/{elsewhere['plan']}/change", f"/maintenance/plans/{elsewhere['plan']}/order"):
        assert browser.post(path, {"reason": "because I can", "interval_days": "9"}).status_code == 404
