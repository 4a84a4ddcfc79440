"""Kits on pages, from the phone and for programs: what each role may do, and within which scope."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from assets.core.app import App
from assets.custody.service.labels import replace_label
from assets.kits.rules.lists import LineDraft
from assets.kits.service import put_counted
from assets.labels.token import format_code
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import happening_now
from tests.support.kits import MIRRORS, Kits
from tests.support.lots import Store
from tests.support.world import Clock, World
from tests.web.conftest import Api, Browser

SignIn = Callable[[str], Browser]
ForPrograms = Callable[[str], Api]
LINE = {"class": "search.mirror_uvss", "number": 2}


@pytest.fixture
def kits(app: App, world: World, clock: Clock) -> Kits:
    return Kits(app, world, clock)


def text(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


def command(browser: Browser, clock: Clock, kind: str, code: str, data: dict[str, Any]) -> dict[str, Any]:
    body = {
        "sent_at": clock.now.isoformat(),
        "commands": [
            {
                "id": str(uuid4()), "n": 1, "kind": kind, "code": code,
                "occurred_at": (clock.now - timedelta(seconds=5)).isoformat(), "data": data,
            }
        ],
    }  # fmt: skip
    answer = browser.post_json("/api/v1/commands", body)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    (result,) = answer.get_json()["results"]
    found: dict[str, Any] = result
    return found


def test_list_and_page_of_a_kit_say_what_lacks_first_in_few_queries(
    client_for: SignIn, kits: Kits, queries: Callable[[], Any]
) -> None:
    kit, one, _ = kits.full_kit()
    kits.set_list(kit, LineDraft("comms.radio", 1, required=False), MIRRORS)
    kits.check(kit, {one: False})
    browser = client_for("logistics_officer")
    for path in ("/kits", "/kits?state=incomplete", "/kits?format=csv", f"/assets/{kit}?tab=kit"):
        with queries() as seen:
            assert "1 of 2" in text(browser, path)
        assert path.endswith("csv") or len(seen) <= 10, "\n\n".join(seen)
    page = text(browser, f"/assets/{kit}?tab=kit")
    assert page.index("1 of 2") < page.index("0 of 1")
    assert f"/assets/{kit}?tab=kit" in text(browser, f"/assets/{one}")
    assert "No kit fits" in text(browser, "/kits?state=complete")


def test_kit_of_another_unit_is_not_there(client_for: SignIn, api: ForPrograms, kits: Kits) -> None:
    kit, one, _ = kits.full_kit()
    theirs, program = client_for("logistics2"), api("logistics2")
    assert kit not in text(theirs, "/kits")
    for path in ("list", "put", "counted", "check"):
        assert theirs.get(f"/kits/{kit}/{path}").status_code == 404
    assert theirs.post(f"/kits/{kit}/take", {"part": one}).status_code == 404
    assert program.get(f"/kits/{kit}").status_code == 404
    assert program.post(f"/kits/{kit}/content", {"act": "take", "part": one}).status_code == 404
    assert program.post(f"/kits/{kit}/checks", {}).status_code == 404
    assert kits.kit_of(one) == (kit, False)


def test_part_of_another_unit_cannot_be_put_into_an_own_kit(client_for: SignIn, kits: Kits) -> None:
    own, radio = kits.kit(unit="IMT-FA"), kits.asset_of("comms.radio")
    assert client_for("logistics2").post(f"/kits/{own}/put", {"part": radio}).status_code == 404
    assert kits.kit_of(radio) is None


@pytest.mark.parametrize(
    ("login", "lists", "puts", "checks"),
    [
        ("coordinator", True, True, True), ("logistics_officer", True, True, True), ("commander", False, True, True),
        ("officer", False, False, True), ("technician", False, False, True), ("administrator", True, False, False),
        ("auditor", False, False, False),
    ],
)  # fmt: skip
def test_each_role_does_what_it_may(
    api: ForPrograms, kits: Kits, login: str, lists: bool, puts: bool, checks: bool
) -> None:
    kit, program = kits.kit(), api(login)
    radio = kits.asset_of("comms.radio")
    assert (program.post(f"/kits/{kit}/list", {"lines": [LINE]}).status_code == 200) is lists
    assert (program.post(f"/kits/{kit}/content", {"act": "put", "part": radio}).status_code == 200) is puts
    assert (program.post(f"/kits/{kit}/checks", {"parts": []}).status_code == 201) is checks
    assert program.get(f"/kits/{kit}").status_code == 200


def test_program_reads_writes_and_checks_a_kit(api: ForPrograms, kits: Kits) -> None:
    store = Store(kits.app, kits.world, kits.clock, login="coordinator")
    lot = store.receive(quantity=10)
    kits.clock.advance(timedelta(hours=1))
    kit, mirrors, program = kits.kit(), [kits.asset_of("search.mirror_uvss") for _ in range(2)], api("coordinator")
    lines = [LINE, {"class": "protect.filter", "item": "Filter", "number": 4}]
    assert program.post(f"/kits/{kit}/list", {"lines": lines, "version": 0}).get_json()["version"] == 1
    again = program.post(f"/kits/{kit}/list", {"lines": lines, "version": 0})
    assert (again.status_code, again.get_json()["code"]) == (409, "changed_meanwhile")
    for mirror in mirrors:
        program.post(f"/kits/{kit}/content", {"act": "put", "part": mirror})
    program.post(f"/kits/{kit}/content", {"act": "put", "lot": lot, "quantity": 4})
    told = program.post(
        f"/kits/{kit}/checks",
        {"parts": [{"code": code, "present": True} for code in mirrors], "counted": [{"lot": lot, "quantity": 4}]},
    ).get_json()
    assert (told["state"], len(told["content"]["parts"]), told["content"]["counted"][0]["quantity"]) == (
        "complete", 2, 4,
    )  # fmt: skip
    (row,) = [row for row in program.get("/kits").get_json()["items"] if row["code"] == kit]
    assert (row["state"], row["parts"]) == ("complete", 2)
    assert program.post(f"/kits/{kit}/content", {"act": "use", "lot": lot, "quantity": 5}).status_code == 400
    assert program.post(f"/kits/{kit}/content", {"act": "use", "lot": 99_999, "quantity": 1}).status_code == 400
    assert program.post(f"/kits/{kit}/content", {"act": "eat", "part": mirrors[0]}).status_code == 400


def test_forms_make_a_list_fill_a_kit_and_check_it(client_for: SignIn, kits: Kits) -> None:
    store = Store(kits.app, kits.world, kits.clock)
    lot = store.receive(quantity=10)
    kits.clock.advance(timedelta(hours=1))
    kit, mirror = kits.kit(), kits.asset_of("search.mirror_uvss")
    browser = client_for("logistics_officer")
    text(browser, f"/kits/{kit}/list")
    wrong = browser.post(f"/kits/{kit}/list", {"version": "0", "lines.0.class": "comms.radio", "lines.0.number": "x"})
    assert wrong.status_code == 400
    assert "whole number" in wrong.get_data(as_text=True)
    lines = {
        "version": "0", "lines.0.class": "search.mirror_uvss", "lines.0.number": "1", "lines.0.required": "1",
        "lines.3.class": "protect.filter", "lines.3.item": "Filter", "lines.3.number": "2", "lines.3.required": "1",
    }  # fmt: skip
    assert browser.post(f"/kits/{kit}/list", lines).status_code == 303
    text(browser, f"/kits/{kit}/put")
    assert browser.post(f"/kits/{kit}/put", {"part": mirror}).status_code == 303
    twice = browser.post(f"/kits/{kit}/put", {"part": mirror})
    assert "in this kit already" in twice.get_data(as_text=True)
    assert browser.post(f"/kits/{kit}/put-lot", {"lot": str(lot), "quantity": "3"}).status_code == 303
    text(browser, f"/kits/{kit}/counted?lot={lot}")
    used = {"lot": str(lot), "quantity": "1", "what": "used"}
    assert browser.post(f"/kits/{kit}/counted", used).status_code == 303
    text(browser, f"/kits/{kit}/check")
    assert browser.post(f"/kits/{kit}/check", {f"part_{mirror}": "yes", f"lot_{lot}": "2"}).status_code == 303
    assert kits.judged(kit)[1].state == "complete"
    kits.clock.advance(timedelta(minutes=1))
    assert browser.post(f"/kits/{kit}/take", {"part": mirror}).status_code == 303
    assert kits.kit_of(mirror) is None
    other = kits.kit()
    assert browser.post(f"/kits/{other}/list", {"from": kit}).status_code == 303
    assert len(kits.judged(other)[1].lines) == 2


def test_scan_offers_the_check_with_the_parts_and_the_phone_records_it(
    client_for: SignIn, kits: Kits, clock: Clock
) -> None:
    kit, one, other = kits.full_kit()
    browser = client_for("officer")
    told = browser.get(f"/scan/asset/{kit}").get_json()
    assert "kit_check" in [action["kind"] for action in told["actions"]]
    assert {part["code"] for part in told["kit"]["parts"]} == {one, other}
    assert browser.get(f"/scan/asset/{one}").get_json()["in_kit"] == kit
    parts = [{"code": one, "present": True}, {"code": other, "present": False}]
    result = command(browser, clock, "kit_check", kit, {"parts": parts, "counted": []})
    assert (result["status"], result["code"]) == ("accepted", "kit_noted")
    assert kits.kit_of(other) == (kit, True)


def test_phone_puts_a_part_in_and_takes_it_out(client_for: SignIn, kits: Kits, clock: Clock) -> None:
    first, second, radio = kits.kit(), kits.kit(), kits.asset_of("comms.radio")
    keeper = client_for("logistics_officer")
    assert command(keeper, clock, "kit_put", radio, {"kit": first})["code"] == "recorded"
    clock.advance(timedelta(minutes=1))
    moved = command(keeper, clock, "kit_put", radio, {"kit": second})
    assert "moved out" in moved["message"]
    clock.advance(timedelta(minutes=1))
    assert command(keeper, clock, "kit_take", radio, {"kit": second})["status"] == "accepted"
    assert kits.kit_of(radio) is None
    assert command(keeper, clock, "kit_put", first, {"kit": second})["code"] == "kit_in_kit"
    assert command(client_for("officer"), clock, "kit_put", radio, {"kit": first})["code"] == "not_allowed"
    assert command(client_for("logistics2"), clock, "kit_put", radio, {"kit": first})["code"] == "not_found"


def test_incomplete_kit_is_refused_at_issue_from_the_phone(client_for: SignIn, kits: Kits, clock: Clock) -> None:
    kit, one, _ = kits.full_kit()
    kits.check(kit, {one: False})
    browser = client_for("logistics_officer")
    assert browser.get(f"/scan/asset/{kit}").get_json()["fit"]["ok"] is False
    refused = command(browser, clock, "issue", kit, {"to": "P-001"})
    assert refused["code"] == "not_fit"
    assert "1 of 2 in it" in refused["message"]


def test_phone_is_told_of_an_unfit_part_that_the_list_does_not_ask_for(
    client_for: SignIn, kits: Kits, clock: Clock
) -> None:
    kit = kits.kit(radio := kits.asset_of("comms.radio"))
    with kits.by("coordinator") as (session, actor):
        asset = asset_by_code(session, actor, radio)
        report_fault(session, actor, asset, Severity.CRITICAL, "cracked", happening_now(clock.now))
    browser = client_for("logistics_officer")
    fit = browser.get(f"/scan/asset/{kit}").get_json()["fit"]
    assert (fit["ok"], [reason["code"] for reason in fit["reasons"]]) == (False, ["kit_part_unfit"])
    (kept,) = [item for item in browser.get("/scan/assets").get_json()["items"] if item["code"] == kit]
    assert kept["fit"] == fit
    assert format_code(radio) in text(browser, f"/assets/{kit}/issue")
    assert command(browser, clock, "issue", kit, {"to": "P-001"})["code"] == "not_fit"


def test_check_that_leaves_parts_out_says_so_on_the_phone_and_in_the_timeline(
    client_for: SignIn, kits: Kits, clock: Clock
) -> None:
    kit, one, other = kits.full_kit()
    browser = client_for("officer")
    told = command(browser, clock, "kit_check", kit, {"parts": [{"code": one, "present": True}], "counted": []})
    assert told["status"] == "accepted"
    assert f"not a check of the whole kit: {format_code(other)}" in told["message"]
    page = text(browser, f"/assets/{kit}")
    assert f"not looked for: {format_code(other)}" in page


def test_monitor_checks_a_kit_and_uses_nothing_up(client_for: SignIn, api: ForPrograms, kits: Kits) -> None:
    lot = Store(kits.app, kits.world, kits.clock, login="coordinator").receive(quantity=10)
    kits.clock.advance(timedelta(hours=1))
    kit, monitor, browser = kits.kit(), api("monitor"), client_for("monitor")
    kits.counted(put_counted, kit, lot, 5)
    used = monitor.post(f"/kits/{kit}/content", {"act": "use", "lot": lot, "quantity": 1})
    assert used.status_code == 403
    assert browser.get(f"/kits/{kit}/counted?lot={lot}").status_code == 403
    assert f"/kits/{kit}/counted" not in text(browser, f"/assets/{kit}?tab=kit")
    assert monitor.post(f"/kits/{kit}/checks", {"counted": [{"lot": lot, "quantity": 5}]}).status_code == 201


def test_phone_knows_old_labels_of_parts_and_how_many_each_required_line_asks_for(
    client_for: SignIn, kits: Kits
) -> None:
    kit, one, other = kits.full_kit()
    spare = kits.asset_of("vehicle.patrol")
    kits.put(spare, kit)
    with kits.by("logistics_officer") as (session, actor):
        part = asset_by_code(session, actor, one)
        replace_label(session, actor, part, kits.occurrence(), "Worn off")
        new = part.code
    told = client_for("logistics_officer").get(f"/scan/asset/{kit}").get_json()["kit"]
    parts = {part["code"]: (part.get("former"), part.get("line")) for part in told["parts"]}
    assert told["lines"] == [2]
    assert parts == {new: ([one], 0), other: (None, 0), spare: (None, None)}
