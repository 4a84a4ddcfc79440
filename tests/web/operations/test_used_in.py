"""At a return: what it was used in with one tap, and only operations that the one who takes it back may know of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.custody.models import UseSession
from tests.support.custody import Custody
from tests.support.operations import Operations
from tests.support.world import Clock
from tests.web.conftest import Api, Browser

Make = Callable[..., str]
ClientFor = Callable[[str], Browser]


def uses(app: App) -> list[tuple[int | None, str, str]]:
    with app.reading() as session:
        rows = session.execute(select(UseSession.count, UseSession.operation, UseSession.contribution))
        return [(row[0], row[1], row[2]) for row in rows]


def give_back(program: Api, clock: Clock, code: str, use: dict[str, Any]) -> dict[str, Any]:
    data = {"condition": "A", "use": use}
    command = {"id": str(uuid4()), "kind": "return", "code": code, "occurred_at": clock.now.isoformat(), "data": data}
    body = {"sent_at": clock.now.isoformat(), "commands": [command]}
    (result,) = program.post("/commands", body).get_json()["results"]
    found: dict[str, Any] = result
    return found


def test_scan_offers_the_open_operations_of_the_unit_and_the_return_names_one(
    app: App, api: Callable[[str], Api], client_for: ClientFor, clock: Clock, operations: Operations, issued: Make
) -> None:
    operations.record(code="LOLA-1", starts_on="2026-10-20")
    operations.record(code="LOLA-2", kind="checkpoint")
    operations.record("coordinator", code="HIDDEN-1", unit="IMT-FA")
    code = issued()
    offered = client_for("logistics_officer").get(f"/scan/asset/{code}").get_json()["operations"]
    assert [each["code"] for each in offered] == ["LOLA-2", "LOLA-1"]
    assert offered[0]["label"].startswith("Checkpoint")
    use = {"count": 3, "operation": "lola-2", "contribution": "decisive"}
    assert give_back(api("logistics_officer"), clock, code, use)["status"] == "accepted"
    assert uses(app) == [(3, "LOLA-2", "decisive")]


def test_who_takes_nothing_back_is_offered_nothing(client_for: ClientFor, operations: Operations, issued: Make) -> None:
    operations.record(code="LOLA-1")
    code = issued()
    for login in ("auditor", "technician", "officer"):
        assert client_for(login).get(f"/scan/asset/{code}").get_json()["operations"] is None


@pytest.mark.parametrize("operation", ["HIDDEN-1", "NEVER-1", "some free text"])
def test_unknown_and_hidden_operations_are_refused_alike_and_nothing_is_returned(
    operation: str,
    app: App,
    api: Callable[[str], Api],
    clock: Clock,
    operations: Operations,
    issued: Make,
    custody: Custody,
) -> None:
    operations.record("coordinator", code="HIDDEN-1", unit="IMT-FA")
    code = issued()
    result = give_back(api("logistics_officer"), clock, code, {"count": 1, "operation": operation})
    assert (result["status"], result["code"]) == ("refused", "unknown_operation")
    assert operation in result["message"]
    assert (uses(app), custody.holder(code) is not None) == ([], True)


def test_a_vehicle_is_used_in_an_operation_without_a_count(
    app: App, api: Callable[[str], Api], clock: Clock, operations: Operations, issued: Make
) -> None:
    operations.record(code="LOLA-1")
    use = {"operation": "LOLA-1", "contribution": "supported"}
    assert give_back(api("logistics_officer"), clock, issued("vehicle.patrol"), use)["status"] == "accepted"
    assert uses(app) == [(None, "LOLA-1", "supported")]


def test_what_comes_back_late_may_name_what_is_closed_by_now(
    app: App, api: Callable[[str], Api], clock: Clock, operations: Operations, issued: Make
) -> None:
    operations.record(code="LOLA-1", closed=True)
    result = give_back(api("logistics_officer"), clock, issued(), {"count": 1, "operation": "LOLA-1"})
    assert (result["status"], uses(app)) == ("accepted", [(1, "LOLA-1", "none")])


def test_the_form_asks_the_same_and_keeps_what_was_chosen(
    app: App, client_for: ClientFor, operations: Operations, issued: Make
) -> None:
    operations.record(code="LOLA-1")
    operations.record("coordinator", code="HIDDEN-1", unit="IMT-FA")
    code, browser = issued(), client_for("logistics_officer")
    page = browser.get(f"/assets/{code}/return").get_data(as_text=True)
    assert 'name="operation" value="LOLA-1"' in page
    assert "HIDDEN-1" not in page
    given = {"event_id": str(uuid4()), "condition": "A", "operation": "other", "contribution": "decisive"}
    for typed, words in (
        ("", "must be filled in"),
        ("HIDDEN-1", "No operation that you may see has the code HIDDEN-1"),
    ):
        answer = browser.post(f"/assets/{code}/return", {**given, "other_operation": typed})
        shown = answer.get_data(as_text=True)
        assert (answer.status_code, words in shown) == (400, True), typed
        assert 'value="decisive" checked' in shown
    assert browser.post(f"/assets/{code}/return", {**given, "operation": "LOLA-1"}).status_code == 303
    assert uses(app) == [(None, "LOLA-1", "decisive")]


def test_the_form_without_an_operation_records_only_what_was_counted(
    app: App, client_for: ClientFor, issued: Make
) -> None:
    browser = client_for("logistics_officer")
    for operation in ("none", ""):
        form = {"event_id": str(uuid4()), "condition": "A", "operation": operation}
        assert browser.post(f"/assets/{issued()}/return", form).status_code == 303
    assert uses(app) == []
    form = {"event_id": str(uuid4()), "condition": "A", "operation": "none", "count": "2"}
    assert browser.post(f"/assets/{issued()}/return", form).status_code == 303
    assert uses(app) == [(2, "", "none")]


def test_the_page_of_the_operation_shows_what_was_used_in_it(
    api: Callable[[str], Api], client_for: ClientFor, clock: Clock, operations: Operations, issued: Make
) -> None:
    made = operations.record(code="LOLA-1")
    code = issued()
    give_back(api("logistics_officer"), clock, code, {"count": 1, "operation": "LOLA-1", "contribution": "decisive"})
    page = client_for("commander").get(f"/operations/{made}").get_data(as_text=True)
    assert f'href="/assets/{code}"' in page.partition('id="uses"')[2]
    # What the return said is offered for the class, and recorded only when a person takes it over.
    assert "Returns say something of" in page
    form = client_for("commander").get(f"/operations/{made}/edit").get_data(as_text=True)
    assert 'name="contribution.search.mirror_uvss" value="decisive" checked' in form
    with operations.read(made) as operation:
        assert operation.contributions == []


def test_history_of_an_item_names_open_operations_only_to_those_who_know_of_them(
    api: Callable[[str], Api], clock: Clock, operations: Operations, issued: Make
) -> None:
    made = operations.record(code="LOLA-1")
    code = issued()
    give_back(api("logistics_officer"), clock, code, {"count": 1, "operation": "LOLA-1"})

    def named(login: str) -> object:
        items = api(login).get(f"/assets/{code}/history").get_json()["items"]
        return next(item["data"]["use"]["operation"] for item in items if item["kind"] == "return")

    assert (named("officer"), named("auditor"), named("technician")) == ("LOLA-1", None, None)
    operations.close(made)
    assert (named("officer"), named("auditor"), named("technician")) == ("LOLA-1", "LOLA-1", None)


def test_a_use_on_its_own_names_only_what_its_teller_may_know_of(
    app: App, api: Callable[[str], Api], clock: Clock, operations: Operations, issued: Make
) -> None:
    operations.record(code="LOLA-1")
    code = issued()
    for login, status in (("technician", "refused"), ("officer", "accepted")):
        data = {"started_at": (clock.now - timedelta(hours=1)).isoformat(), "operation": "LOLA-1", "count": 1}
        command = {"id": str(uuid4()), "kind": "use", "code": code, "occurred_at": clock.now.isoformat(), "data": data}
        body = {"sent_at": clock.now.isoformat(), "commands": [command]}
        assert api(login).post("/commands", body).get_json()["results"][0]["status"] == status
    assert uses(app) == [(1, "LOLA-1", "none")]
