"""The pages of the register: few queries, nothing of other units, nothing that runs, nothing typed is lost."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import load_workbook
from werkzeug.test import TestResponse

from tests.web.conftest import Api, Browser

ApiFor = Callable[[str], Api]
ClientFor = Callable[[str], Browser]
NEW = {"class": "vehicle.patrol", "unit": "IMT-TK"}


def created(api: Api, **values: Any) -> str:
    answer = api.post("/assets", {**NEW, **{k.rstrip("_"): v for k, v in values.items()}})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.get_json()["code"])


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def test_every_page_of_the_register_needs_ten_queries_at_most(api: ApiFor, client_for: ClientFor, queries: Any) -> None:
    coordinator = api("coordinator")
    coordinator.post("/grants", {"code": "G", "title": "Grant", "donor": "JPN"})
    coordinator.post("/batches", {"number": "B", "grant": "G", "handed_over_on": "2018-06-25"})
    codes = [
        created(coordinator, class_=kind, model=f"Maker {kind}", batch="B", agency="MIA", serial_number=str(n))
        for n, kind in enumerate(("vehicle.patrol", "ident.raman", "radiation.prd", "comms.radio", "kit") * 4)
    ]
    code = codes[0]
    browser = client_for("coordinator")
    pages = (
        "/assets", "/assets?query=maker+ident", "/assets?due=overdue&unit=IMT-TK&sort=-value", f"/assets/{code}",
        f"/assets/{code}?tab=care", f"/assets/{code}?tab=labels", f"/assets/{code}/edit", "/assets/new", "/grants",
        "/batches", "/models", "/grants/new", "/batches/new", "/models/new",
    )  # fmt: skip
    for path in pages:
        with queries() as seen:
            answer = browser.get(path)
        assert answer.status_code == 200, (path, text(answer))
        assert len(seen) <= 10, (path, seen)


def test_a_foreign_item_is_nowhere_on_any_page(api: ApiFor, client_for: ClientFor) -> None:
    foreign, mine = created(api("coordinator"), unit="IMT-FA"), created(api("coordinator"))
    browser = client_for("logistics_officer")
    for path in (f"/assets/{foreign}", f"/a/{foreign}", f"/assets/{foreign}/edit", f"/assets/{foreign}?tab=labels"):
        assert browser.get(path).status_code == 404, path
    assert browser.post(f"/assets/{foreign}/edit", {"note": "mine now", "version": "1"}).status_code == 404
    assert foreign not in text(browser.get("/assets"))
    assert mine in text(browser.get("/assets"))


def test_the_export_holds_what_the_page_shows_and_nothing_else(api: ApiFor, client_for: ClientFor) -> None:
    """Attack 11: an export that skips the row filter."""
    coordinator = api("coordinator")
    mine = created(coordinator, serial_number="SN-1", value="12.5")
    created(coordinator, unit="IMT-FA")
    rows = list(csv.DictReader(StringIO(client_for("officer").get("/assets/export").get_data().decode("utf-8-sig"))))
    assert [(row["code"], row["serial_number"], row["value"]) for row in rows] == [(mine, "SN-1", "12.50")]
    hidden = client_for("approver").get("/assets/export?unit=IMT-TK").get_data().decode("utf-8-sig")
    assert [row["serial_number"] for row in csv.DictReader(StringIO(hidden))] == [""]
    assert client_for("officer").get("/assets/export?life=nonsense").status_code == 400
    assert client_for("officer").get("/assets/export?format=exe").status_code == 400
    assert client_for("donor").get("/assets/export").status_code == 403


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_cell_of_an_export_runs_as_a_formula(api: ApiFor, client_for: ClientFor, start: str) -> None:
    """Attack 18; numbers stay numbers."""
    evil = f"{start}cmd|'/c calc'!A1"
    created(api("coordinator"), note=evil, serial_number=f"{start}1+1", value=5)
    browser = client_for("coordinator")
    (row,) = csv.DictReader(StringIO(browser.get("/assets/export").get_data().decode("utf-8-sig")))
    assert (row["note"], row["value"]) == (f"'{evil}", "5.00")
    sheet = load_workbook(BytesIO(browser.get("/assets/export?format=xlsx").get_data())).worksheets[0]
    head = [cell.value for cell in sheet[1]]
    cells = {name: sheet[2][position] for position, name in enumerate(head)}
    assert cells["note"].data_type == "s"
    assert (cells["value"].data_type, cells["value"].value) == ("n", 5)


def test_an_export_is_journalled(api: ApiFor, client_for: ClientFor, queries: Any) -> None:
    created(api("coordinator"))
    with queries() as seen:
        client_for("coordinator").get("/assets/export?class=vehicle.patrol")
    assert any("INSERT INTO journal_entry" in statement for statement in seen)


def test_what_people_write_never_becomes_markup(api: ApiFor, client_for: ClientFor) -> None:
    """Attacks 19 and 21: stored script, template syntax."""
    evil = "<script>alert(1)</script>{{7*7}}{% include 'x' %}"
    code = created(api("coordinator"), note=evil, model="<img src=x> {{config}}", serial_number="<b>1</b>")
    browser = client_for("coordinator")
    for path in ("/assets", f"/assets/{code}", f"/assets/{code}/edit", "/models", "/assets?query=%3Cscript%3E"):
        page = text(browser.get(path))
        assert "<script>alert" not in page
        assert "<img src=x>" not in page
        assert "<b>1</b>" not in page
    assert "{{7*7}}" in text(browser.get(f"/assets/{code}"))


def test_a_label_leads_to_its_item_however_it_is_typed(api: ApiFor, client_for: ClientFor) -> None:
    code = created(api("coordinator"))
    browser = client_for("officer")
    low = f"{code[:5]}-{code[5:]}".lower()
    for path in (f"/a/{code}", f"/A/{code}", f"/a/{low}", f"/a?code={low}", f"/a/{code.replace('0', 'o')}"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/assets/{code}"), path
    wrong = code[:-1] + ("0" if code[-1] != "0" else "2")
    for path in (f"/a/{wrong}", f"/assets/{wrong}"):
        assert browser.get(path).status_code == 400
    assert "mistyped" in text(browser.get(f"/a/{wrong}"))
    assert browser.get("/a/0000000000").status_code == 404


def test_the_form_registers_and_a_wrong_one_keeps_what_was_typed(client_for: ClientFor) -> None:
    browser = client_for("logistics_officer")
    form = {**NEW, "model": "Toyota Hilux", "value": "12 500,50", "odometer_km": "abc", "note": "typed & kept"}
    wrong = browser.post("/assets/new", form)
    assert wrong.status_code == 400
    assert "typed &amp; kept" in text(wrong)
    assert 'id="odometer_km-error"' in text(wrong)
    done = browser.post("/assets/new", {**form, "odometer_km": "15"})
    assert done.status_code == 303
    page = text(browser.get(done.headers["Location"]))
    assert "Toyota Hilux" in page
    assert "typed &amp; kept" in page


def test_the_form_cannot_set_what_the_api_cannot(client_for: ClientFor) -> None:
    """Attack 7: one gate for every door."""
    browser = client_for("logistics_officer")
    assert browser.post("/assets/new", {**NEW, "custodian_person_id": "1"}).status_code == 400
    assert browser.post("/assets/new", {**NEW, "unit": "IMT-FA"}).status_code == 403


def test_a_form_that_is_out_of_date_shows_what_stands_there_now(api: ApiFor, client_for: ClientFor) -> None:
    code = created(api("coordinator"), note="first")
    browser = client_for("logistics_officer")
    values = dict(re.findall(r'name="(version)" value="(\d+)"', text(browser.get(f"/assets/{code}/edit"))))
    api("coordinator").patch(f"/assets/{code}", {"note": "second"})
    late = browser.post(f"/assets/{code}/edit", {**NEW, **values, "note": "third"})
    assert late.status_code == 409
    assert "third" in text(late)
    assert "second" in text(late)
    assert api("coordinator").get(f"/assets/{code}").get_json()["note"] == "second"
    again = browser.post(f"/assets/{code}/edit", {**NEW, "version": "2", "note": "third"})
    assert again.status_code == 303


def test_grants_batches_and_models_are_added_by_form(client_for: ClientFor) -> None:
    browser = client_for("coordinator")
    grant = {"code": "EN-1", "title": "Mobile teams", "donor": "JPN", "amount": "263 000 000", "currency": "JPY"}
    assert browser.post("/grants/new", grant).status_code == 303
    assert browser.post("/grants/new", grant).status_code == 409
    batch = {"number": "R-1", "grant": "EN-1", "handed_over_on": "2018-06-25", "recipients": ["MIA", "CUSTOMS"]}
    assert browser.post("/batches/new", batch).status_code == 303
    assert browser.post("/batches/new", {**batch, "number": "R-2", "handed_over_on": "x"}).status_code == 400
    assert browser.post("/models/new", {"class": "kit", "maker": "CT", "name": "CT-30"}).status_code == 303
    for path, word in (("/grants", "Mobile teams"), ("/batches?grant=EN-1", "Customs committee"), ("/models", "CT-30")):
        assert word in text(browser.get(path))
    assert client_for("officer").get("/grants/new").status_code == 403


def test_paging_by_the_links_of_the_page_shows_each_item_once(api: ApiFor, client_for: ClientFor) -> None:
    coordinator = api("coordinator")
    codes = {created(coordinator) for _ in range(5)}
    browser, path = client_for("coordinator"), "/assets?limit=2&sort=-registered"
    seen: list[str] = []
    firsts: list[set[str]] = []
    for _ in range(3):
        page = text(browser.get(path))
        firsts.append(set(re.findall(r'row-link" href="/assets/(\w{10})"', page)))
        seen += firsts[-1]
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following.group(1).replace("&amp;", "&") if following else ""
    assert (path, set(seen), len(seen)) == ("", codes, 5)
    back = re.search(r'rel="prev" href="([^"]+)"', page)
    assert back
    assert (
        set(re.findall(r'row-link" href="/assets/(\w{10})"', text(browser.get(back.group(1).replace("&amp;", "&")))))
        == firsts[1]
    )
    assert "5-5 of 5" in page
