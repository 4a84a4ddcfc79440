"""The API of the register: the keys it promises, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from tests.web.conftest import Api

ApiFor = Callable[[str], Api]
NEW = {"class": "vehicle.patrol", "unit": "IMT-TK"}
KEYS = {
    "code", "class", "model", "serial_number", "vin", "plate", "unit", "life", "condition", "custodian", "fitness",
    "meters", "donor", "grant", "batch", "value", "currency", "version",
}  # fmt: skip


def created(api: Api, **values: Any) -> dict[str, Any]:
    answer = api.post("/assets", {**NEW, **{k.rstrip("_"): v for k, v in values.items()}})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    body: dict[str, Any] = answer.get_json()
    assert body["code"] == code
    return body


def test_a_new_asset_comes_back_with_every_promised_key(api: ApiFor) -> None:
    coordinator = api("coordinator")
    grant = {"code": "EN-2018", "title": "Mobile teams", "donor": "JPN", "en_number": "E/N 1", "amount": "2 500 000,00"}
    assert coordinator.post("/grants", grant).get_json()["amount"] == 2_500_000
    batch = {"number": "R-1", "grant": "EN-2018", "handed_over_on": "25.06.2018", "recipients": ["MIA"], "value": 10}
    assert coordinator.post("/batches", batch).get_json()["handed_over_on"] == "2018-06-25"
    asset = created(
        coordinator, model="Toyota Hilux", batch="R-1", odometer_km=12.5, vin="X1", value="100,50", agency="MIA",
    )  # fmt: skip
    assert set(asset) >= KEYS
    assert asset["meters"] == {"odometer_km": 12.5, "engine_h": None}
    assert (asset["donor"], asset["grant"], asset["batch"], asset["value"]) == ("JPN", "EN-2018", "R-1", 100.5)
    assert set(asset["fitness"]) >= {"fit", "reasons"}
    assert all(set(reason) == {"code", "text"} for reason in asset["fitness"]["reasons"])
    assert coordinator.get(f"/assets/{asset['code']}").get_json() == asset
    assert coordinator.get("/batches", grant="EN-2018").get_json()["items"][0]["recipients"] == ["MIA"]
    assert coordinator.get("/grants").get_json()["items"][0]["donor"] == "JPN"


@pytest.mark.parametrize(
    "key", ["id", "role", "unit_id", "version", "created_at", "custodian", "condition_at", "fitness"]
)
def test_keys_that_are_not_to_be_set_are_refused(api: ApiFor, key: str) -> None:
    """Attack 8, mass assignment."""
    admin = api("administrator")
    assert admin.post("/assets", {**NEW, key: 1}).status_code == 400
    code = created(admin)["code"]
    if key != "version":
        assert admin.patch(f"/assets/{code}", {key: 1}).status_code == 400
    for path in ("/persons", "/grants", "/batches"):
        assert admin.post(path, {"number": "1", "unit": "OCT", key: 1}).status_code == 400


def test_a_change_to_a_foreign_unit_is_refused_on_both_sides(api: ApiFor) -> None:
    """Attack 6: the old and the new parent."""
    coordinator, officer = api("coordinator"), api("logistics_officer")
    mine, foreign = created(coordinator), created(coordinator, unit="IMT-FA")
    problem(officer.patch(f"/assets/{mine['code']}", {"unit": "IMT-FA"}), 403, "not_allowed")
    problem(officer.patch(f"/assets/{foreign['code']}", {"unit": "IMT-TK"}), 404, "not_found")
    problem(officer.patch(f"/assets/{foreign['code']}", {"note": "x"}), 404, "not_found")
    problem(officer.post("/assets", {**NEW, "unit": "IMT-FA"}), 403, "not_allowed")
    assert coordinator.get(f"/assets/{foreign['code']}").get_json() == foreign


def test_a_foreign_asset_looks_like_none_at_all(api: ApiFor) -> None:
    foreign = created(api("coordinator"), unit="IMT-FA")["code"]
    officer = api("officer")
    for path in ("", "/history"):
        there, nowhere = officer.get(f"/assets/{foreign}{path}"), officer.get(f"/assets/0000000000{path}")
        assert (there.status_code, there.get_json()) == (404, nowhere.get_json())
    assert officer.get("/assets").get_json() == {"items": [], "next": None}


def test_a_mistyped_label_says_so_and_any_case_is_forgiven(api: ApiFor) -> None:
    coordinator = api("coordinator")
    code = created(coordinator)["code"]
    assert coordinator.get(f"/assets/{code[:5].lower()}-{code[5:].lower()}").get_json()["code"] == code
    wrong = code[:-1] + ("0" if code[-1] != "0" else "2")
    for path in (f"/assets/{wrong}", f"/assets/{wrong}/history"):
        problem(coordinator.get(path), 400, "label_mistyped")


def test_identity_and_holders_are_for_those_who_may_see_them(api: ApiFor) -> None:
    code = created(api("coordinator"), serial_number="SN-1", vin="V-1", plate="01 A 1 AA")["code"]
    hidden = api("approver").get(f"/assets/{code}").get_json()
    assert [hidden[key] for key in ("serial_number", "vin", "plate", "custodian")] == [None] * 4
    assert api("approver").get("/assets", query="SN-1").get_json()["items"] == []
    assert [item["code"] for item in api("officer").get("/assets", query="sn1").get_json()["items"]] == [code]


def test_a_stale_version_is_a_conflict_and_a_good_one_is_raised(api: ApiFor) -> None:
    officer = api("logistics_officer")
    asset = created(officer)
    changed = officer.patch(f"/assets/{asset['code']}", {"note": "one", "version": 1}).get_json()
    assert (changed["note"], changed["version"]) == ("one", 2)
    problem(officer.patch(f"/assets/{asset['code']}", {"note": "two", "version": 1}), 409, "changed_meanwhile")


def test_a_duplicate_serial_is_a_conflict_that_names_its_field(api: ApiFor) -> None:
    coordinator = api("coordinator")
    created(coordinator, serial_number="AB 12")
    body = problem(coordinator.post("/assets", {**NEW, "serial_number": "АВ-12"}), 409, "duplicate")
    assert [error["field"] for error in body["errors"]] == ["serial_number"]


def test_history_is_newest_first_and_pages(api: ApiFor) -> None:
    coordinator = api("coordinator")
    code = created(coordinator)["code"]
    coordinator.patch(f"/assets/{code}", {"unit": "IMT-FA", "life": "in_service", "note": "x"})
    first = coordinator.get(f"/assets/{code}/history", limit=2).get_json()
    assert all(set(item) >= {"id", "at", "received_at", "kind", "actor", "data"} for item in first["items"])
    rest = coordinator.get(f"/assets/{code}/history", cursor=first["next"], limit=500).get_json()
    kinds = [item["kind"] for item in first["items"] + rest["items"]]
    assert {"assigned", "life", "changed"} <= set(kinds)
    assert len(kinds) == len({item["id"] for item in first["items"] + rest["items"]})
    assert rest["next"] is None


PARAMETERS = (
    "query", "class", "unit", "region", "life", "sort", "grant", "batch", "cursor", "limit", "due", "mark", "title",
)  # fmt: skip
ATTACKS = ("'||pg_sleep(5)--", "1;DROP TABLE asset", "code,(select 1)", "\x00", "%", "\\", "' OR 1=1 --", "🙂" * 50)


def test_no_parameter_reaches_the_database_as_sql(api: ApiFor) -> None:
    """Attack 22: understood, empty, or refused with 400; never an error of ours, never everything."""
    coordinator = api("coordinator")
    created(coordinator)
    for parameter, attack in product(PARAMETERS, ATTACKS):
        answer = coordinator.get("/assets", **{parameter: attack})
        assert answer.status_code in {200, 400}, (parameter, attack)
        if answer.status_code == 200:
            assert answer.get_json()["items"] == [], (parameter, attack)


def test_the_list_is_sorted_and_paged_both_ways(api: ApiFor) -> None:
    coordinator = api("coordinator")
    values = [30, None, 10, 20, None, 10, 40]
    for value in values:
        created(coordinator, value=value)
    for sort in (
        "code",
        "-code",
        "value",
        "-value",
        "seen",
        "-seen",
        "unit",
        "class",
        "life",
        "condition",
        "-registered",
    ):
        cursor, codes, amounts = None, [], []
        while True:
            answer = coordinator.get("/assets", sort=sort, limit=2, **({"cursor": cursor} if cursor else {})).get_json()
            codes += [item["code"] for item in answer["items"]]
            amounts += [item["value"] for item in answer["items"]]
            cursor = answer["next"]
            if cursor is None:
                break
        assert len(codes) == len(set(codes)) == len(values), sort
        if sort.endswith("value"):
            assert amounts == sorted(values, key=lambda v: -1 if v is None else v, reverse=sort[0] == "-")
    problem(coordinator.get("/assets", sort="version"), 400, "invalid_input")
    problem(coordinator.get("/assets", limit="501"), 400, "invalid_input")
    problem(coordinator.get("/assets", cursor="AAAA"), 400, "invalid_input")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fargona", True), ("Fargʻona", True), ("Фарғона", True), ("toyota", True), ("hilux farg", True),
        ("hilux toshkent", False), ("patrol", True), ("01 А 777 АА", True), ("01a777aa", True), ("r-7", False),
        ("'", False), ("100%", False), ("_", False),
    ],
)  # fmt: skip
def test_the_search_finds_what_people_mean(api: ApiFor, query: str, found: bool) -> None:
    coordinator = api("coordinator")
    code = created(coordinator, unit="IMT-FA", model="Toyota Hilux", plate="01 A 777 AA")["code"]
    items = coordinator.get("/assets", query=query).get_json()["items"]
    assert [item["code"] for item in items] == ([code] if found else [])


def test_a_label_code_finds_its_asset_alone(api: ApiFor) -> None:
    coordinator = api("coordinator")
    codes = [created(coordinator)["code"] for _ in range(3)]
    assert [i["code"] for i in coordinator.get("/assets", query=codes[1].lower()).get_json()["items"]] == [codes[1]]
    assert [i["code"] for i in coordinator.get("/assets", query=codes[2][:6]).get_json()["items"]] == [codes[2]]


def test_filters_narrow_the_list(api: ApiFor) -> None:
    coordinator = api("coordinator")
    here = created(coordinator, life="in_service", condition="B")["code"]
    there = created(coordinator, class_="ident.raman", unit="IMT-FA")["code"]
    for query, code in (
        ({"class": "ident.raman"}, there), ({"unit": "IMT-TK"}, here), ({"region": "UZ-FA"}, there),
        ({"life": "in_service"}, here), ({"condition": "B"}, here), ({"condition": "unknown"}, there),
        ({"due": "overdue"}, there),
    ):  # fmt: skip
        assert [item["code"] for item in coordinator.get("/assets", **query).get_json()["items"]] == [code], query
    assert len(coordinator.get("/assets", custody="free", mark="missing").get_json()["items"]) == 2


def test_units_organisations_and_persons_are_listed_and_added(api: ApiFor) -> None:
    officer = api("logistics_officer")
    assert {unit["code"] for unit in officer.get("/units").get_json()["items"]} == {"OCT", "IMT-TK", "IMT-FA", "IMT-SU"}
    assert "JPN" in {row["code"] for row in officer.get("/organisations").get_json()["items"]}
    assert {p["number"] for p in officer.get("/persons").get_json()["items"]} == {"P-001", "P-002"}
    person = {"number": "P-003", "unit": "IMT-TK", "name": "A", "agency": "MIA"}
    assert officer.post("/persons", person).get_json()["agency"] == "MIA"
    problem(officer.post("/persons", person), 409, "number_taken")
    problem(officer.post("/persons", {**person, "number": "P-9", "unit": "IMT-FA"}), 403, "not_allowed")
    problem(officer.post("/persons", {**person, "number": "P-9\x00"}), 400, "invalid_input")
    assert officer.get("/units", limit=3).get_json()["next"]


def test_the_donor_reaches_nothing_of_the_register(api: ApiFor) -> None:
    code = created(api("coordinator"))["code"]
    donor = api("donor")
    for path in (
        "/assets",
        f"/assets/{code}",
        f"/assets/{code}/history",
        "/units",
        "/organisations",
        "/persons",
        "/grants",
        "/batches",
    ):
        problem(donor.get(path), 403, "not_allowed")
