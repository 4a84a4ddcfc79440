"""The paper list against the register: what differs, by whom it is seen, and that nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select

from assets.core.app import App
from assets.core.journal import JournalEntry
from assets.exchange.reconciliation import forget_results, reconcile
from assets.exchange.tables import read_table, write_csv
from tests.support.world import Clock, World
from tests.web.conftest import Api, Browser


def compare(browser: Browser, content: bytes, unit: str = "") -> Any:
    return browser.post(
        "/reconcile", {"table": (BytesIO(content), "paper.csv"), "unit": unit}, content_type="multipart/form-data"
    )


@pytest.fixture
def register(api: Callable[[str], Api]) -> dict[str, str]:
    """Codes by serial number: two radios of Tashkent, one of Fergana, a kit without a number."""
    found = {}
    for login, unit, serial in (
        ("logistics_officer", "IMT-TK", "R-1"),
        ("logistics_officer", "IMT-TK", "R-2"),
        ("logistics2", "IMT-FA", "R-3"),
        ("logistics_officer", "IMT-TK", ""),
    ):
        body = {"class": "comms.radio" if serial else "kit", "unit": unit, "condition": "A", "value": 100}
        answer = api(login).post("/assets", body | ({"serial_number": serial} if serial else {}))
        assert answer.status_code == 201, answer.get_json()
        found[serial] = answer.get_json()["code"]
    return found


def test_each_difference_is_said_and_leads_to_its_item(
    app: App, register: dict[str, str], client_for: Callable[[str], Browser]
) -> None:
    browser = client_for("logistics_officer")
    with app.reading() as session:
        before = session.scalar(select(func.max(JournalEntry.seq)))
    content = b"class,unit,serial_number,condition,value\ncomms.radio,IMT-TK,r 1,C,100\ncomms.radio,IMT-TK,X-9,,\n"
    answer = compare(browser, content)
    assert answer.status_code == 303
    page = browser.get(answer.location).get_data(as_text=True)
    assert "3 lines to look at" in page
    assert f"/assets/{register['R-1']}" in page
    assert "paper C, register A" in page
    assert f"/assets/{register['R-2']}" in page, "it is in the register only"
    assert register["R-3"] not in page
    for kind in ("csv", "xlsx"):
        whole = browser.get(f"{answer.location}/export?format={kind}")
        assert "reconciliation-2026-11-02" in whole.headers["Content-Disposition"]
        states = [row.cells["status"] for row in read_table("result", whole.data).rows]
        assert states == ["differs", "paper_only", "register_only"]
    with app.reading() as session:
        assert session.scalar(select(func.max(JournalEntry.seq))) == before, "comparing changes nothing"


def test_a_result_is_its_accounts_alone_and_kept_for_a_month(
    app: App, register: dict[str, str], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    mine, other = client_for("logistics_officer"), client_for("coordinator")
    address = compare(mine, b"serial_number\nR-1\n").location
    assert other.get(address).status_code == 404
    clock.advance(timedelta(days=29))
    assert forget_results(app.settings.data_dir, clock.now) == 0
    clock.advance(timedelta(days=2))
    assert forget_results(app.settings.data_dir, clock.now) == 1
    assert client_for("logistics_officer").get(address).status_code == 404


def test_a_list_never_tells_of_another_units_items(
    app: App, register: dict[str, str], client_for: Callable[[str], Browser]
) -> None:
    browser = client_for("logistics_officer")
    content = b"class,unit,serial_number\ncomms.radio,IMT-FA,R-3\n"
    page = browser.get(compare(browser, content).location).get_data(as_text=True)
    assert "on paper only" in page
    assert register["R-3"] not in page
    assert compare(browser, content, unit="IMT-FA").status_code == 403
    everywhere = client_for("coordinator")
    assert "Paper and register say the same" in everywhere.get(compare(everywhere, content).location).get_data(
        as_text=True
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"colour\nred\n", "not known"),
        (b"condition\nA\n", "column to know items by"),
    ],
)
def test_a_list_that_cannot_be_compared_says_why(
    client_for: Callable[[str], Browser], content: bytes, said: str
) -> None:
    answer = compare(client_for("logistics_officer"), content)
    assert answer.status_code == 400
    assert said in answer.get_data(as_text=True)


def result(app: App, world: World, *rows: list[object], head: list[str], unit: str = "") -> dict[str, int]:
    content = b"".join(write_csv(head, rows))
    with app.reading() as session:
        found = reconcile(session, world.actors["logistics_officer"], read_table("p.csv", content), unit=unit)
    return {status: count for status, count in found.counts.items() if count}


def test_rows_without_a_number_are_paired_off_by_kind(app: App, world: World, register: dict[str, str]) -> None:
    head = ["class", "unit"]
    kit: list[object] = ["kit", "IMT-TK"]
    assert result(app, world, kit, head=head) == {"same": 1}
    assert result(app, world, kit, kit, head=head) == {"same": 1, "paper_only": 1}
    assert result(app, world, ["comms.radio"], head=["class"], unit="IMT-TK") == {"paper_only": 1, "register_only": 2}


def test_look_alike_serials_are_one_item_and_twice_on_paper_is_said(
    app: App, world: World, register: dict[str, str]
) -> None:
    rows: list[list[object]] = [["R-1"], ["R 1"], ["R-2"], ["NEW-1"], ["new 1"], ["a\x07b"]]
    assert result(app, world, *rows, head=["serial_number"], unit="IMT-TK") == {
        "same": 2, "twice": 2, "paper_only": 1, "unreadable": 1, "register_only": 1
    }  # fmt: skip


def test_a_serial_and_an_inventory_number_of_different_items_cannot_be_read(
    app: App, world: World, register: dict[str, str], api: Callable[[str], Api]
) -> None:
    code = register["R-1"]
    row: list[object] = [code, "R-2"]
    assert result(app, world, row, head=["code", "serial_number"]) == {"unreadable": 1}
