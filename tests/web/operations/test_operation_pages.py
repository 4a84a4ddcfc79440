"""Operations on pages: recorded in a minute, nothing typed is lost, corrections shown, exports without free text."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest

from tests.support.operations import JOINT, Operations
from tests.web.conftest import Browser

FORM: dict[str, Any] = {
    "kind": "search",
    "delivery": "",
    "unit": "IMT-TK",
    "starts_on": "2026-10-28",
    "agencies-asked": "1",
    "agencies": ["MIA"],
    "substance-0": "heroin",
    "quantity-0": "1 kg 681 g",
    "unit-0": "g",
    "arrests": "1",
    "units-asked": "1",
}
ClientFor = Callable[[str], Browser]


def text_of(answer: Any) -> str:
    body: str = answer.get_data(as_text=True)
    return body


def shown_errors(page: str) -> set[str]:
    return set(re.findall(r'<li><a href="#([^"]+)">', page))


def test_an_operation_is_recorded_from_one_form_and_shown(client_for: ClientFor) -> None:
    browser = client_for("officer")
    form = text_of(browser.get("/operations/new"))
    assert 'value="2026-11-02"' in form
    assert 'value="IMT-TK" selected' in form
    assert "IMT-FA" not in form.partition('name="starts_on"')[0]
    said = {"substance-3": "tropicamide", "quantity-3": "30", "unit-3": "ampoules"}
    said["contribution.ident.raman"] = "decisive"
    answer = browser.post("/operations/new", {**FORM, **said})
    assert answer.status_code == 303
    page = text_of(browser.get(answer.headers["Location"]))
    results = ("Heroin 1,681 g", "= 1.681 kg", "Tropicamide 30 ampoules", "mass unknown", "decided it")
    for shown in (*results, "OP-2026-0001"):
        assert shown in page, shown
    assert 'href="/operations/1"' in text_of(browser.get("/operations"))


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(client_for: ClientFor) -> None:
    browser = client_for("commander")
    wrong = {
        **FORM, "kind": "joint_operation", "starts_on": "28/10", "quantity-0": "much", "substance-2": "opium",
        "note": "two cars", "other_contribution": "decisive", "arrests": "three",
    }  # fmt: skip
    answer = browser.post("/operations/new", wrong)
    page = text_of(answer)
    assert answer.status_code == 400
    assert shown_errors(page) == {"starts_on", "quantity-0", "quantity-2", "other_class", "arrests"}
    for kept in (
        'value="28/10"',
        'value="much"',
        'value="opium" selected',
        "two cars",
        'value="three"',
        'value="MIA" checked',
    ):
        assert kept in page, kept
    answer = browser.post("/operations/new", {**FORM, "kind": "joint_operation"})
    assert (answer.status_code, shown_errors(text_of(answer))) == (400, {"agencies"})


def test_a_type_of_delivery_left_from_another_kind_means_nothing(client_for: ClientFor) -> None:
    browser = client_for("commander")
    assert browser.post("/operations/new", {**FORM, "delivery": "internal"}).status_code == 303
    answer = browser.post("/operations/new", {**FORM, "kind": "controlled_delivery"})
    assert shown_errors(text_of(answer)) == {"delivery"}


def test_closed_operation_is_corrected_with_a_reason_that_the_page_shows(
    client_for: ClientFor, operations: Operations
) -> None:
    made = operations.record(arrests=1, seizures="heroin 2 kg")
    browser = client_for("commander")
    assert browser.post(f"/operations/{made}/close", {"version": "1", "ends_on": ""}).status_code == 303
    change = {"kind": "patrol", "unit": "IMT-TK", "starts_on": "2026-10-28", "arrests": "4", "version": "2"}
    answer = browser.post(f"/operations/{made}/edit", change)
    assert (answer.status_code, shown_errors(text_of(answer))) == (400, {"reason"})
    assert browser.post(f"/operations/{made}/edit", {**change, "reason": "counted again"}).status_code == 303
    page = text_of(browser.get(f"/operations/{made}"))
    assert "counted again" in page
    assert "<del>1</del> → <ins>4</ins>" in page
    assert browser.post(f"/operations/{made}/edit", {**change, "reason": "x"}).status_code == 409


def test_seizures_are_added_and_struck_out_on_the_page(client_for: ClientFor, operations: Operations) -> None:
    made = operations.record(closed=True, seizures="heroin 2 kg + opium 5 g")
    browser = client_for("commander")
    path = f"/operations/{made}/seizures"
    added = {"substance-0": "opium", "quantity-0": "940", "unit-0": "g", "seized_on": "2026-10-28"}
    answer = browser.post(path, added)
    assert (answer.status_code, shown_errors(text_of(answer))) == (400, {"reason"})
    assert 'value="940"' in text_of(answer)
    assert browser.post(path, {**added, "reason": "forgotten"}).status_code == 303
    with operations.read(made) as operation:
        first = operation.seizures[0]
        opium = first.items[1].id
    assert browser.post(f"{path}/{first.id}/strike", {"item": str(opium), "reason": "none"}).status_code == 303
    assert browser.post(f"{path}/{first.id}/strike", {"item": "x", "reason": "none"}).status_code == 400
    assert browser.post(f"{path}/999999/strike", {"reason": "none"}).status_code == 404
    page = text_of(browser.get(f"/operations/{made}"))
    assert page.count('class="struck"') == 1
    assert "Opium 5 g (struck out)" in page


def test_officer_sees_no_way_to_close_and_cannot(client_for: ClientFor, operations: Operations) -> None:
    made = operations.record()
    browser = client_for("officer")
    assert f'action="/operations/{made}/close"' not in text_of(browser.get(f"/operations/{made}"))
    assert browser.post(f"/operations/{made}/close", {"version": "1"}).status_code == 403
    operations.close(made)
    assert browser.get(f"/operations/{made}/edit").status_code == 403
    assert "edit" not in text_of(browser.get(f"/operations/{made}")).partition("<main")[2].partition("</header>")[0]


@pytest.mark.parametrize("login", ["officer2", "auditor", "logistics2"])
def test_open_operations_of_others_are_not_there(login: str, client_for: ClientFor, operations: Operations) -> None:
    made = operations.record(code="ZARAFSHON-9")
    browser = client_for(login)
    assert browser.get(f"/operations/{made}").status_code == 404
    for path in ("/operations", "/operations?query=zarafshon", "/operations/export?format=csv"):
        page = text_of(browser.get(path))
        assert f'href="/operations/{made}"' not in page
        assert "ZARAFSHON-9" not in page, path


def test_what_people_write_is_text_and_never_markup(client_for: ClientFor, operations: Operations) -> None:
    markup = "<script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"
    made = operations.record(
        note=markup, seizures=[{"items": ["heroin 1 g"], "concealment": "<b>tank</b>"}],
        contributions=[{"class": "ident.raman", "contribution": "decisive", "note": markup}],
    )  # fmt: skip
    operations.close(made)
    operations.correct(made, "<i>why</i>", note=markup + "!")
    page = text_of(client_for("commander").get(f"/operations/{made}"))
    for raw in ("<script>alert", "<img src=x", "<b>tank", "<i>why", "49!"):
        assert raw not in page
    assert "{{7*7}}" in page


def test_export_holds_the_list_and_no_free_text_and_no_formula(client_for: ClientFor, operations: Operations) -> None:
    operations.record("coordinator", **JOINT, closed=True, note="Source is the driver", arrests=2,
                      seizures=[{"items": ["heroin 20 kg 32 g", "opium 940 g"], "concealment": "=HYPERLINK(1)"}],
                      contributions={"ident.raman": "decisive"})  # fmt: skip
    operations.record("coordinator", unit="IMT-FA", starts_on="2026-10-01")
    body = text_of(client_for("coordinator").get("/operations/export?kind=joint_operation"))
    (row,) = csv.DictReader(StringIO(body.removeprefix("\ufeff")))
    assert (row["code"], row["state"], row["agencies"], row["arrests"]) == (
        "OP-2026-0001",
        "closed",
        "CUSTOMS; MIA",
        "2",
    )
    assert row["seizures"] == "heroin 20032 g + opium 940 g"
    assert row["contributions"] == "ident.raman=decisive"
    for hidden in ("driver", "HYPERLINK", "note"):
        assert hidden not in body
    assert client_for("coordinator").get("/operations/export?format=pdf").status_code == 400
    assert client_for("coordinator").get("/operations/export?format=xlsx").data[:2] == b"PK"


def test_pages_ask_the_database_at_most_ten_times(
    client_for: ClientFor, operations: Operations, queries: Callable[[], Any]
) -> None:
    for number in range(8):
        operations.record(
            "coordinator", **{**JOINT, "units": ["IMT-FA"]}, closed=True, arrests=number,
            seizures="heroin 2 kg + opium 3 g; opium 1 kg", contributions={"ident.raman": "none"},
        )  # fmt: skip
    browser = client_for("commander")
    browser.get("/operations")
    for path in ("/operations", "/operations/1", "/operations/new", "/operations/1/edit"):
        with queries() as seen:
            assert browser.get(path).status_code == 200
        assert len(seen) <= 10, (path, len(seen), "\n".join(s[-160:].replace("\n", " ") for s in seen))


def test_filters_say_what_they_do_not_understand(client_for: ClientFor) -> None:
    browser = client_for("commander")
    for wrong in ("kind=raid", "state=lost", "from=soon", "unit=IMT-XX", "region=UZ-XX", "cursor=abc"):
        assert browser.get(f"/operations?{wrong}").status_code == 400, wrong
    assert browser.get("/operations?kind=patrol&state=open&from=2026-01-01&to=2026-12-31&query=op").status_code == 200


def test_annulled_operation_says_why_and_offers_nothing(client_for: ClientFor, operations: Operations) -> None:
    made = operations.record(closed=True)
    browser = client_for("commander")
    assert browser.post(f"/operations/{made}/annul", {"reason": ""}).status_code == 400
    assert browser.post(f"/operations/{made}/annul", {"reason": "recorded twice"}).status_code == 303
    page = text_of(browser.get(f"/operations/{made}"))
    assert "recorded twice" in page
    assert f"/operations/{made}/edit" not in page
    said = {"class": "ident.raman", "contribution": "none"}
    assert browser.post(f"/operations/{made}/contributions", said).status_code in {400, 422}


def test_what_a_class_did_is_said_on_the_page(client_for: ClientFor, operations: Operations) -> None:
    made = operations.record()
    browser = client_for("officer")
    path = f"/operations/{made}/contributions"
    assert shown_errors(text_of(browser.post(path, {"class": "", "contribution": "magic"}))) == {
        "class",
        "contribution",
    }
    assert browser.post(path, {"class": "ident.raman", "contribution": "supported"}).status_code == 303
    assert "supported it" in text_of(browser.get(f"/operations/{made}"))
