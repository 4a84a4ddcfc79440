"""What a phone is given to answer scans without a connection: the same as the scan page says, and no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from assets.core.app import App
from assets.custody.service import transfers
from assets.custody.service.labels import replace_label
from assets.labels.token import format_code
from assets.maintenance.rules.orders import Severity
from assets.maintenance.service import report_fault
from assets.people.queries import unit_by_code
from assets.registry.models import Asset, EquipmentModel, StockLot
from assets.registry.scope import asset_by_code
from assets.registry.service.lot_labels import give_label
from assets.web.phone_words import KINDS
from assets.web.views.commands.shapes import SHAPES
from tests.support.custody import Custody
from tests.support.lots import Store
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Browser

Make = Callable[..., str]
SignIn = Callable[[str], Browser]
JSON = {"Accept": "application/json"}
SAME = ("code", "title", "class", "state", "fit", "custodian", "unit", "meters", "usual_use")


def kept(browser: Browser) -> dict[str, Any]:
    answer = browser.get("/scan/assets", headers=JSON)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    told: dict[str, Any] = answer.get_json()
    return told


def items(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["code"]: item for item in told["items"]}


def report(custody: Custody, code: str, severity: Severity) -> None:
    with custody.by("technician") as (session, actor):
        report_fault(session, actor, asset_by_code(session, actor, code), severity, "Broken", custody.occurrence())


def test_phone_is_told_of_each_item_what_the_scan_page_says(
    client_for: SignIn, make: Make, custody: Custody, world: World
) -> None:
    free, held, broken, vehicle, sent = make(), make(), make(), make("vehicle.patrol"), make()
    custody.issue(held, "P-002")
    report(custody, broken, Severity.MAJOR)
    with custody.by("logistics_officer") as (session, actor):
        asset = transfers.asset_to_move(session, actor, sent)
        transfers.send(session, actor, asset, unit_by_code(session, "IMT-FA", "to_unit"), custody.occurrence())
    for login in ("logistics_officer", "officer", "technician", "coordinator"):
        browser = client_for(login)
        told = kept(browser)
        found = items(told)
        assert set(found) == {free, held, broken, vehicle, sent}
        for code, item in found.items():
            answered = browser.get(f"/scan/asset/{code}", headers=JSON).get_json()
            assert {key: item[key] for key in SAME} == {key: answered[key] for key in SAME}
            assert [(kind, told["labels"][kind]) for kind in item["actions"]] == [
                (action["kind"], action["label"]) for action in answered["actions"]
            ]
            if "transfer_send" in item["actions"]:
                others = [unit for unit in told["units"] if unit["code"] != item["own"]]
                assert (item["units"] is True, answered["units"]) == (True, others)
            if answered["operations"] is not None:
                assert answered["operations"] == told["operations"].get(item["asks"], [])


def test_each_has_what_he_works_with_and_nobody_else_s(client_for: SignIn, make: Make) -> None:
    here, there = make(), make(unit="IMT-FA")
    assert set(items(kept(client_for("logistics_officer")))) == {here}
    assert set(items(kept(client_for("officer")))) == {here}
    assert set(items(kept(client_for("logistics2")))) == {there}
    assert set(items(kept(client_for("monitor")))) == {here, there}
    for login in ("approver", "auditor", "donor", "administrator"):
        assert client_for(login).get("/scan/assets", headers=JSON).status_code == 403


def test_what_is_on_its_way_is_on_the_addressees_phone(client_for: SignIn, make: Make, custody: Custody) -> None:
    code = make()
    with custody.by("logistics_officer") as (session, actor):
        asset = transfers.asset_to_move(session, actor, code)
        transfers.send(session, actor, asset, unit_by_code(session, "IMT-FA", "to_unit"), custody.occurrence())
    assert items(kept(client_for("logistics2")))[code]["actions"][0] == "transfer_receive"
    assert code not in items(kept(client_for("officer2")))


def test_persons_are_there_for_who_issues_and_names_for_who_may_see_them(
    client_for: SignIn, make: Make, custody: Custody
) -> None:
    code = make()
    custody.issue(code, "P-002")
    keeper, technician = kept(client_for("logistics_officer")), kept(client_for("technician"))
    assert [person["id"] for person in keeper["persons"]] == ["P-001", "P-002"]
    assert technician["persons"] == []
    assert items(technician)[code]["custodian"] == "issued to a person"
    assert "Юлдашева" not in str(technician)


def test_units_are_named_to_who_sends_things_and_to_nobody_else(client_for: SignIn, make: Make) -> None:
    make()
    for login in ("logistics_officer", "officer", "technician", "monitor", "coordinator"):
        told = kept(client_for(login))
        sends = any("transfer_send" in item["actions"] for item in told["items"])
        assert (len(told["units"]) > 1) == sends, login
        assert ("IMT-FA" in str(told)) == sends, login


def test_no_serial_number_vin_plate_or_place_leaves_for_a_phone(
    client_for: SignIn, make: Make, custody: Custody
) -> None:
    code = make("vehicle.patrol")
    with custody.by("coordinator") as (session, actor):
        asset = asset_by_code(session, actor, code)
        asset.serial_number, asset.vin, asset.plate, asset.inventory_number = "SN-77", "VIN-88", "01 A 777", "INV-99"
    text = client_for("logistics_officer").get("/scan/assets", headers=JSON).get_data(as_text=True)
    assert code in text
    for secret in ("SN-77", "VIN-88", "01 A 777", "INV-99", "lat", "lon"):
        assert secret not in text


def test_replaced_label_leads_to_its_item_with_what_to_do(client_for: SignIn, make: Make, custody: Custody) -> None:
    old = make()
    with custody.by("logistics_officer") as (session, actor):
        replace_label(session, actor, asset_by_code(session, actor, old), custody.occurrence(), "Worn off")
    browser = client_for("logistics_officer")
    code, notice = kept(browser)["aliases"][old]
    assert code != old
    assert format_code(old) in notice
    assert notice == browser.get(f"/scan/asset/{old}", headers=JSON).get_json()["notice"]


def test_lots_say_which_goes_first_and_which_cannot_be_issued(
    client_for: SignIn, store: Store, app: App, clock: Clock
) -> None:
    today = clock.now.date()
    given = {
        "first": store.receive("L-1", expires_on=(today + timedelta(days=40)).isoformat()),
        "second": store.receive("L-2", expires_on=(today + timedelta(days=400)).isoformat()),
        "expired": store.receive("L-3", expires_on=(today - timedelta(days=1)).isoformat()),
        "recalled": store.receive("L-4"),
    }
    store.recall(given["recalled"])
    codes = {}
    for name, lot_id in given.items():
        with app.transaction(SETUP, clock.now) as session:
            codes[name] = give_label(session, SETUP, session.get_one(StockLot, lot_id), clock.now)
    browser = client_for("logistics_officer")
    found = items(kept(browser))
    for name, code in codes.items():
        answered = browser.get(f"/scan/asset/{code}", headers=JSON).get_json()
        same = ("code", "title", "class", "state", "fit", "unit", "counted_in", "first_out")
        assert {key: found[code][key] for key in same} == {key: answered[key] for key in same}, name
        assert found[code]["facts"] == answered["facts"][:-1]
        assert found[code]["actions"] == [action["kind"] for action in answered["actions"]]
    assert found[codes["first"]]["ends"][0] == (today + timedelta(days=40)).isoformat()
    assert found[codes["expired"]]["actions"] == found[codes["recalled"]]["actions"] == []
    assert items(kept(client_for("officer")))[codes["first"]]["actions"] == []


def test_nothing_new_costs_no_second_copy(client_for: SignIn, make: Make, custody: Custody, clock: Clock) -> None:
    code = make()
    browser = client_for("logistics_officer")
    first = browser.get("/scan/assets", headers=JSON)
    later = clock.advance(timedelta(minutes=5))
    again = browser.get("/scan/assets", headers={**JSON, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    assert again.headers["X-As-Of"] == later.isoformat()
    custody.issue(code, "P-002")
    assert browser.get("/scan/assets", headers={**JSON, "If-None-Match": first.headers["ETag"]}).status_code == 200


def test_number_of_queries_does_not_grow_with_the_items(
    client_for: SignIn, make: Make, custody: Custody, store: Store, queries: Callable[[], Any]
) -> None:
    def some_more() -> None:
        store.receive(f"L-{len(counted)}")
        for class_code in ("search.mirror_uvss", "vehicle.patrol", "ident.ims_trace"):
            custody.issue(make(class_code), "P-002", override_reason="Needed")
        with queries() as seen:
            kept(browser)
        counted.append(len(seen))

    counted: list[int] = []
    browser = client_for("logistics_officer")
    some_more()
    some_more()
    assert counted[0] == counted[1] <= 20


def test_two_thousand_items_come_in_a_few_hundred_kilobytes(
    client_for: SignIn, app: App, world: World, clock: Clock
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        made_by = EquipmentModel(maker="Example", name="Detector 5", class_id=world.classes["ident.ims_trace"].id)
        session.add(made_by)
        session.flush()
        for n in range(2000):
            session.add(
                Asset(
                    code=f"{n:010d}", class_id=made_by.class_id, model_id=made_by.id, unit_id=world.units["IMT-TK"].id,
                    registered_at=clock.now, life="in_service",
                )
            )  # fmt: skip
    answer = client_for("logistics_officer").get("/scan/assets", headers={**JSON, "Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.get_data()) < 300_000


def test_every_action_that_a_phone_can_record_has_a_name_there() -> None:
    assert set(SHAPES) <= set(KINDS)


@pytest.mark.parametrize("login", ["donor", "approver"])
def test_who_scans_nothing_is_given_nothing(login: str, client_for: SignIn) -> None:
    assert client_for(login).get("/scan/assets").status_code == 403
