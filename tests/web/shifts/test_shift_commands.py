"""Commands of shifts and checks: done once, refused with words that say what to do, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.maintenance.models import WorkOrder
from assets.maintenance.service import Completion, close_work_order
from assets.registry.scope import asset_by_code
from tests.support.commands import command
from tests.support.custody import Custody
from tests.support.world import SETUP, Clock
from tests.web.conftest import Api, Browser

Make = Callable[..., str]
Post = Callable[..., list[dict[str, Any]]]
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def post(api: Callable[[str], Api], clock: Clock) -> Post:
    """Posts commands as a login; answers the results."""

    def send(
        commands: list[Any], login: str = "logistics_officer", sent_at: datetime | None = None
    ) -> list[dict[str, Any]]:
        answer = api(login).post("/commands", {"sent_at": (sent_at or clock.now).isoformat(), "commands": commands})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        results: list[dict[str, Any]] = answer.get_json()["results"]
        return results

    return send


def outcomes(results: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(result["status"], result["code"]) for result in results]


def night(codes: list[str], at: datetime, shift: str, **start: Any) -> list[dict[str, Any]]:
    """The start of a shift and an issue for each code, as a phone sends them."""
    until = (at + 8 * HOUR).isoformat()
    told = {"id": shift, "crew": ["P-001", "P-002"], "ends_at": until, **start}
    issues = [
        command("issue", code, at, {"to": "P-001", "until": until, "shift": shift}, n + 2)
        for n, code in enumerate(codes)
    ]
    return [command("shift_start", codes[0], at, told, 1), *issues]


def fit(api: Api, code: str) -> tuple[bool, list[str]]:
    """Whether the item is fit, and why not; that nobody has judged its condition is not asked here."""
    answer = api.get(f"/assets/{code}").get_json()["fitness"]
    return answer["fit"], [reason["code"] for reason in answer["reasons"] if reason["code"] != "condition_unknown"]


def test_basket_is_done_once_however_often_it_is_sent(
    post: Post, make: Make, clock: Clock, api: Callable[[str], Api]
) -> None:
    codes, shift = [make() for _ in range(3)], str(uuid4())
    basket = night(codes, clock.now - HOUR, shift)
    assert outcomes(post(basket)) == [("accepted", "recorded")] * 4
    assert outcomes(post(list(reversed(basket)))) == [("repeated", "recorded")] * 4
    told = api("logistics_officer").get(f"/shifts/{shift}").get_json()
    assert (told["state"], told["crew"], told["out"]) == ("out", ["P-001", "P-002"], 3)
    assert sorted(item["asset"] for item in told["items"]) == sorted(codes)


def test_refused_start_loses_no_issue(post: Post, make: Make, clock: Clock, api: Callable[[str], Api]) -> None:
    codes, shift = [make(), make()], str(uuid4())
    basket = night(codes, clock.now - HOUR, shift, crew=["P-404"])
    assert outcomes(post(basket)) == [("refused", "unknown_person"), *[("accepted", "recorded")] * 2]
    assert api("logistics_officer").get(f"/shifts/{shift}").get_json()["out"] == 2


@pytest.mark.parametrize(
    ("start", "code"),
    [
        ({"crew": []}, "required"),
        ({"ends_at": ""}, "required"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "invalid_input"),
        ({"id": "no uuid"}, "invalid_input"),
        ({"plan": "x"}, "invalid_input"),
        ({"vehicle": "0000000000"}, "not_found"),
    ],
)
def test_start_that_cannot_be_is_refused_with_its_code(
    start: dict[str, Any], code: str, post: Post, make: Make, clock: Clock
) -> None:
    (answer, *_) = post(night([make()], clock.now - HOUR, str(uuid4()), **start))
    assert (answer["status"], answer["code"]) == ("refused", code)
    assert answer["message"]


def test_end_of_a_shift_goes_by_the_phones_clock(
    post: Post, make: Make, clock: Clock, api: Callable[[str], Api]
) -> None:
    behind, shift = timedelta(days=3), str(uuid4())
    phone = clock.now - behind
    assert outcomes(post(night([make()], phone, shift), sent_at=phone)) == [("accepted", "recorded")] * 2
    told = api("logistics_officer").get(f"/shifts/{shift}").get_json()
    assert told["started_at"] == clock.now.isoformat().replace("+00:00", "Z")
    assert told["ends_at"] == (clock.now + 8 * HOUR).isoformat().replace("+00:00", "Z")


def test_officer_begins_no_shift_and_who_sees_another_unit_knows_of_none(
    post: Post, make: Make, clock: Clock, api: Callable[[str], Api]
) -> None:
    code, shift = make(), str(uuid4())
    assert outcomes(post(night([code], clock.now - HOUR, shift), "officer")) == [("refused", "not_allowed")] * 2
    assert outcomes(post(night([code], clock.now - HOUR, shift), "logistics2")) == [("refused", "not_found")] * 2
    post(night([code], clock.now - HOUR, shift))
    assert api("logistics2").get(f"/shifts/{shift}").status_code == 404
    assert api("officer").get(f"/shifts/{shift}").status_code == 200


def test_failed_check_keeps_the_item_here_until_it_is_passed(
    post: Post, make: Make, clock: Clock, api: Callable[[str], Api], client_for: Callable[[str], Browser]
) -> None:
    code = make()
    office = api("logistics_officer")
    failed = {"items": {"glass": "not", "lamp": "ok", "wheels": "ok"}, "passed": False, "note": "cracked"}
    post([command("check", code, clock.now, failed)], "officer")
    assert fit(office, code) == (False, ["check_failed", "fault_minor"])
    clock.advance(MINUTE)
    (refused,) = post([command("issue", code, clock.now, {"to": "P-001"}, 5)])
    assert (refused["status"], refused["code"]) == ("refused", "not_fit")
    assert "Glass whole and clean. Repair it, or check it again." in refused["message"]
    page = client_for("logistics_officer").get(f"/assets/{code}").get_data(as_text=True)
    assert "Last check before use" in page
    assert "not passed" in page
    passed = {"items": {"glass": "ok", "lamp": "ok", "wheels": "ok"}, "passed": True}
    post([command("check", code, clock.now, passed, 6)], "officer")
    assert fit(office, code)[0] is True


def test_fault_told_with_a_check_is_the_one_that_is_reported(
    post: Post, make: Make, clock: Clock, api: Callable[[str], Api]
) -> None:
    code = make()
    told = {"items": {"glass": "not"}, "passed": False, "fault": {"severity": "critical", "text": "Splinters"}}
    post([command("check", code, clock.now, told)], "officer")
    assert fit(api("logistics_officer"), code) == (False, ["check_failed", "fault_critical"])


def test_late_check_counts_by_when_it_was_done(
    post: Post, make: Make, clock: Clock, api: Callable[[str], Api], app: App, custody: Custody
) -> None:
    code, office = make(), api("logistics_officer")
    ok, wrong = {"items": {"glass": "ok"}, "passed": True}, {"items": {"glass": "not"}, "passed": False}
    post([command("check", code, clock.now, ok, 9)])
    post([command("check", code, clock.now - HOUR, wrong, 1)])
    assert fit(office, code)[0] is True, "it was put right since"
    post([command("check", code, clock.now + timedelta(0), wrong, 10)])
    assert fit(office, code)[0] is False
    clock.advance(MINUTE)
    with app.transaction(SETUP, clock.now) as session:
        asset = asset_by_code(session, SETUP, code)
        for order in session.scalars(select(WorkOrder).where(WorkOrder.asset_id == asset.id)).all():
            close_work_order(session, SETUP, order, Completion(clock.now, "New glass"), clock.now)
    assert fit(office, code)[0] is True, "a repair ends it"
    assert custody.holder(code) is None


def test_issue_of_before_the_failed_check_stands_though_it_is_heard_of_later(
    post: Post, make: Make, clock: Clock, custody: Custody
) -> None:
    code = make()
    post([command("check", code, clock.now - HOUR, {"items": {"glass": "not"}, "passed": False}, 7)])
    (late,) = post([command("issue", code, clock.now - 2 * HOUR, {"to": "P-001"}, 1)])
    assert late["status"] == "accepted", late
    assert custody.holder(code) is not None


def test_check_that_was_a_mistake_no_longer_counts(
    post: Post, make: Make, clock: Clock, api: Callable[[str], Api], custody: Custody
) -> None:
    code = make()
    wrong = command("check", code, clock.now, {"items": {"glass": "not"}, "passed": False})
    post([wrong])
    custody.correct(code, wrong["id"], reason="the other mirror")
    assert "check_failed" not in fit(api("logistics_officer"), code)[1]


def test_each_shift_check_is_due_until_it_was_passed_today(
    post: Post, make: Make, clock: Clock, client_for: Callable[[str], Browser]
) -> None:
    code = make("ident.raman")

    def scanned() -> dict[str, Any]:
        told: dict[str, Any] = client_for("logistics_officer").get(f"/scan/asset/{code}").get_json()
        return told

    assert scanned()["check_due"]
    points = dict(scanned()["points"])
    assert list(points) == ["self_check", "window", "library"]
    post([command("check", code, clock.now, {"items": dict.fromkeys(points, "ok"), "passed": True})])
    assert not scanned()["check_due"]
    clock.advance(24 * HOUR)
    assert scanned()["check_due"]
