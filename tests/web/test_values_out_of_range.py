"""Numbers, dates and characters that no column or calendar holds: refused in words on both engines, never a 500."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from uuid import uuid4

import pytest

from assets.core.app import App
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser


def cursor(*key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


@pytest.mark.parametrize(
    "path",
    [
        "/people/{}",
        "/summaries/{}",
        "/maintenance/orders/{}",
        "/calibration/records/{}",
        "/calibration/certificates/{}",
    ],
)
@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_an_id_beyond_every_column_is_an_id_that_is_unknown(
    path: str, number: int, client_for: Callable[[str], Browser]
) -> None:
    assert client_for("coordinator").get(path.format(number)).status_code == 404


@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("coordinator", f"/maintenance/orders?cursor={cursor(1.5)}"),
        ("coordinator", f"/api/v1/calibrations?cursor={cursor(1.5)}"),
        ("coordinator", f"/api/v1/calibration/due?cursor={cursor(0.5, 0.5)}"),
        ("coordinator", "/utilisation?from=0001-01-01"),
        ("auditor", "/journal?from=0001-01-01"),
        ("auditor", "/journal?to=9999-12-31"),
        ("coordinator", "/api/v1/set-aside?from=0001-01-01"),
        ("coordinator", f"/api/v1/assets?limit={'0' * 8}1{'9' * 5000}"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_words(
    login: str, path: str, client_for: Callable[[str], Browser]
) -> None:
    assert client_for(login).get(path).status_code == 400


@pytest.mark.parametrize("number", [2**63, 10**30])
@pytest.mark.parametrize("path", ["/maintenance/orders", "/calibration/records", "/trackers/set-aside", "/summaries"])
def test_a_cursor_beyond_every_column_breaks_nothing(
    path: str, number: int, client_for: Callable[[str], Browser]
) -> None:
    # PostgreSQL compares with it and finds nothing; SQLite cannot hold it.
    assert client_for("coordinator").get(f"{path}?cursor={cursor(number)}").status_code in {200, 400}


def test_zeros_before_the_limit_do_not_hide_a_larger_one(api: Callable[[str], Api]) -> None:
    assert api("coordinator").get("/assets", limit="0000000019999").status_code == 400
    assert api("coordinator").get("/assets", limit="000000001").status_code == 200


def test_a_nul_character_is_refused_on_both_engines(client_for: Callable[[str], Browser]) -> None:
    browser = client_for("coordinator")
    assert browser.get("/people?unit=%00").status_code in {200, 400}
    form = {"number": "P-9", "unit": "IMT-TK", "name": "with a \x00 in it"}
    assert browser.post("/people/new", form).status_code in {303, 400}


def test_brackets_without_end_are_no_body(api: Callable[[str], Api]) -> None:
    program = api("coordinator")
    answer = program.client.post(
        "/api/v1/commands", data=b"[" * 100_000, headers=program.headers, content_type="application/json"
    )
    assert answer.status_code == 400


def test_half_a_surrogate_pair_is_refused(app: App, world: World, clock: Clock, api: Callable[[str], Api]) -> None:
    with app.transaction(SETUP, clock.now) as session:
        code = put_asset(session, world, "vehicle.patrol", clock.now, plans=False).code
    body = {"asset": code, "kind": "corrective", "title": "\ud800", "severity": "minor"}
    assert api("coordinator").post("/work-orders", body).status_code == 400


@pytest.mark.parametrize(
    ("kind", "data", "code"),
    [
        ("issue", {"to": "P-001", "until": "9999-12-31"}, "out_of_range"),
        ("use", {"started_at": "0001-01-01T00:00:00+14:00"}, "invalid_input"),
    ],
)
def test_a_command_out_of_range_is_refused_and_not_the_servers_fault(
    kind: str, data: dict[str, str], code: str, app: App, world: World, clock: Clock, api: Callable[[str], Api]
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        asset = put_asset(session, world, "vehicle.patrol", clock.now, plans=False).code
    moment = clock.now.isoformat()
    command = {"id": str(uuid4()), "n": 1, "kind": kind, "code": asset, "occurred_at": moment, "data": data}
    answer = api("coordinator").post("/commands", {"sent_at": moment, "commands": [command]}).get_json()
    assert (answer["results"][0]["status"], answer["results"][0]["code"]) == ("refused", code)
