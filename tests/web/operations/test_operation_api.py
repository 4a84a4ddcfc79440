"""Operations through the API: what is kept, who may, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.operations import JOINT, PATROL, Operations
from tests.web.conftest import Api

WHOLE: dict[str, Any] = {
    **JOINT,
    "arrests": 2,
    "searches": 9,
    "finds": 2,
    "note": "two cars",
    "seizures": [
        {
            "seized_on": "2026-10-28",
            "concealment": "spare wheel",
            "items": [
                {"substance": "heroin", "quantity": "20 kg 32 g"},
                {"substance": "tropicamide", "quantity": 30, "unit": "ampoules"},
            ],
        }
    ],
    "contributions": [{"class": "search.videoscope", "contribution": "decisive"}],
}


def record(program: Api, **values: Any) -> dict[str, Any]:
    answer = program.post("/operations", {**PATROL, **values})
    assert answer.status_code == 201, answer.json
    made: dict[str, Any] = answer.get_json()
    return made


def test_what_is_recorded_is_given_back_with_raw_quantities_and_kilogrammes(api: Callable[[str], Api]) -> None:
    program = api("commander")
    made = record(program, **WHOLE)
    assert (made["code"], made["state"], made["region"], made["arrests"]) == ("OP-2026-0001", "open", "UZ-TK", 2)
    (seizure,) = made["seizures"]
    assert [(i["substance"], i["quantity"], i["unit"], i["kg"]) for i in seizure["items"]] == [
        ("heroin", 20032, "g", 20.032),
        ("tropicamide", 30, "ampoules", None),
    ]
    assert made["contributions"] == [{"class": "search.videoscope", "contribution": "decisive", "note": None}]
    assert program.get(f"/operations/{made['id']}").json == {**made, "corrections": []}
    listed = program.get("/operations").get_json()
    assert (listed["items"], listed["next"]) == ([made], None)


def test_closed_record_is_editable_only_by_correction_with_trace(api: Callable[[str], Api]) -> None:
    program = api("commander")
    made = record(program, **WHOLE)
    path = f"/operations/{made['id']}"
    changed = program.patch(path, {"arrests": 3, "version": made["version"]})
    assert (changed.status_code, changed.get_json()["arrests"]) == (200, 3)
    closed = program.post(f"{path}/closing", {})
    assert (closed.get_json()["state"], closed.get_json()["ends_on"]) == ("closed", "2026-10-28")
    refused = program.patch(path, {"arrests": 4})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "operation_closed")
    assert program.post(f"{path}/corrections", {"arrests": 4}).status_code == 400
    corrected = program.post(f"{path}/corrections", {"arrests": 4, "reason": "one more in the second car"})
    assert corrected.status_code == 201
    (trace,) = corrected.get_json()["corrections"]
    assert (trace["before"], trace["after"]) == ({"arrests": 3}, {"arrests": 4})
    assert (trace["actor"], trace["reason"]) == ("commander", "one more in the second car")


def test_seizures_are_added_and_struck_out_with_their_substances(api: Callable[[str], Api]) -> None:
    program = api("commander")
    path = f"/operations/{record(program)['id']}"
    seizure = program.post(
        f"{path}/seizures", {"items": [{"substance": "opium", "quantity": 940, "unit": "g"}]}
    ).get_json()["seizures"][0]
    more = program.post(f"{path}/seizures/{seizure['id']}/items", {"substance": "heroin", "quantity": "2 kg"})
    assert [item["kg"] for item in more.get_json()["seizures"][0]["items"]] == [0.94, 2]
    wrong = more.get_json()["seizures"][0]["items"][1]["id"]
    program.post(f"{path}/closing", {})
    unsaid = program.post(f"{path}/seizures/{seizure['id']}/items/{wrong}/striking", {})
    assert (unsaid.status_code, unsaid.get_json()["errors"][0]["field"]) == (400, "reason")
    struck = program.post(f"{path}/seizures/{seizure['id']}/items/{wrong}/striking", {"reason": "weighed twice"})
    assert [item["struck_out"] for item in struck.get_json()["seizures"][0]["items"]] == [False, True]
    whole = program.post(f"{path}/seizures/{seizure['id']}/striking", {"reason": "another team's"})
    assert whole.get_json()["seizures"][0]["struck_out"] is True
    assert len(whole.get_json()["corrections"]) == 2
    assert program.post(f"{path}/seizures/999999/striking", {"reason": "x"}).status_code == 404


@pytest.mark.parametrize("key", ["id", "role", "unit_id", "closed_at", "recorded_at", "annulled_at", "recorded_by_id"])
def test_extra_keys_are_refused_in_every_body(api: Callable[[str], Api], key: str) -> None:
    program = api("coordinator")
    assert program.post("/operations", {**PATROL, key: 1}).status_code == 400
    made = record(program)
    path = f"/operations/{made['id']}"
    assert program.patch(path, {"arrests": 1, key: 1}).status_code == 400
    for call in ("closing", "corrections", "annulment", "seizures"):
        assert program.post(f"{path}/{call}", {"reason": "x", key: 1}).status_code == 400
    item = {"substance": "heroin", "quantity": 1, "unit": "g"}
    assert program.post(f"{path}/seizures", {"items": [{**item, key: 1}]}).status_code == 400
    assert program.post(f"{path}/seizures", {"items": [{**item, "kg": 500}]}).status_code == 400
    assert program.get(path).json == {**made, "corrections": []}


def test_a_change_may_not_close_nor_rename_nor_bring_seizures(api: Callable[[str], Api]) -> None:
    program = api("officer")
    made = record(program)
    bodies: tuple[dict[str, Any], ...] = ({"closed": True}, {"code": "X-1"}, {"seizures": []}, {"state": "closed"})
    for protected in bodies:
        assert program.patch(f"/operations/{made['id']}", protected).status_code == 400
    assert program.post(f"/operations/{made['id']}/closing", {}).status_code == 403
    assert program.post(f"/operations/{made['id']}/corrections", {"reason": "x", "arrests": 3}).status_code == 403


def test_another_units_operation_is_not_there_and_not_taken_over(
    api: Callable[[str], Api], operations: Operations
) -> None:
    theirs = operations.record("coordinator", unit="IMT-FA", closed=True, seizures="heroin 1 kg")
    program = api("commander")
    unknown = program.get("/operations/999999")
    for answer in (
        program.get(f"/operations/{theirs}"),
        program.patch(f"/operations/{theirs}", {"unit": "IMT-TK"}),
        program.post(f"/operations/{theirs}/closing", {}),
        program.post(f"/operations/{theirs}/corrections", {"reason": "x", "unit": "IMT-TK"}),
        program.post(f"/operations/{theirs}/annulment", {"reason": "x"}),
        program.post(f"/operations/{theirs}/seizures", {"items": [{"substance": "heroin", "quantity": "1 g"}]}),
    ):
        assert (answer.status_code, answer.get_json()["detail"]) == (404, unknown.get_json()["detail"])
    mine = record(program)
    assert program.patch(f"/operations/{mine['id']}", {"unit": "IMT-FA"}).status_code == 403
    assert program.post("/operations", {**PATROL, "unit": "IMT-FA"}).status_code == 403
    assert program.get("/operations").get_json()["items"] == [mine]


@pytest.mark.parametrize("role", ["administrator", "approver", "technician", "monitor", "donor"])
def test_roles_without_operations_reach_none_of_it(role: str, api: Callable[[str], Api]) -> None:
    program = api(role)
    assert program.get("/operations").status_code == 403
    assert program.get("/operations/1").status_code == 403
    assert program.post("/operations", PATROL).status_code == 403


def test_auditor_reads_closed_ones_and_writes_nothing(api: Callable[[str], Api], operations: Operations) -> None:
    still_open, closed = operations.record(), operations.record(closed=True)
    program = api("auditor")
    assert [item["id"] for item in program.get("/operations").get_json()["items"]] == [closed]
    assert program.get(f"/operations/{still_open}").status_code == 404
    assert program.patch(f"/operations/{closed}", {"arrests": 1}).status_code == 403
    assert program.post(f"/operations/{closed}/annulment", {"reason": "x"}).status_code == 403


ATTACKS = ("'||pg_sleep(5)--", "1; DROP TABLE operation", "%00", "' OR '1'='1", "\u202e", "9" * 400)


def test_parameters_are_refused_or_match_nothing(api: Callable[[str], Api], operations: Operations) -> None:
    operations.record("coordinator")
    program = api("coordinator")
    for key in ("kind", "unit", "region", "state", "query", "from", "to", "limit", "cursor"):
        for attack in ATTACKS:
            answer = program.get("/operations", **{key: attack})
            refused = answer.status_code == 400
            assert refused or (answer.status_code == 200 and not answer.get_json()["items"]), (key, attack)


def test_list_is_paged_by_cursor(api: Callable[[str], Api], operations: Operations) -> None:
    ids = [operations.record("coordinator", starts_on=f"2026-10-0{1 + n // 2}") for n in range(5)]
    program, seen, cursor = api("coordinator"), [], ""
    while True:
        answer = program.get("/operations", limit="2", cursor=cursor).get_json()
        seen += [item["id"] for item in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert seen == ids[::-1]


def test_a_stale_version_is_refused(api: Callable[[str], Api]) -> None:
    program = api("commander")
    made = record(program)
    path = f"/operations/{made['id']}"
    assert program.patch(path, {"arrests": 1, "version": 1}).status_code == 200
    again = program.patch(path, {"arrests": 2, "version": 1})
    assert (again.status_code, again.get_json()["code"]) == (409, "changed_meanwhile")
    assert program.post(f"{path}/closing", {"version": 1}).status_code == 409


def test_every_wrong_field_is_named_at_once(api: Callable[[str], Api]) -> None:
    wrong = {"kind": "raid", "starts_on": "soon", "seizures": [{"items": [{"substance": "x", "quantity": "1 kg"}]}]}
    answer = api("commander").post("/operations", wrong)
    assert answer.status_code == 400
    assert {error["field"] for error in answer.get_json()["errors"]} == {
        "kind", "unit", "starts_on", "seizures.0.items.0.substance",
    }  # fmt: skip


def test_openapi_names_the_calls(api: Callable[[str], Api]) -> None:
    program = api("commander")
    described = program.client.get("/api/openapi.json", headers=program.headers).get_json()["paths"]
    assert {"get", "post"} <= set(described["/api/v1/operations"])
    assert {"get", "patch"} <= set(described["/api/v1/operations/{id}"])
    for call in ("closing", "corrections", "seizures", "annulment"):
        assert "post" in described[f"/api/v1/operations/{{id}}/{call}"]
