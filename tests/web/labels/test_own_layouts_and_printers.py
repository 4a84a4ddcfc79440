"""Own layouts, printers and donors' lines: kept by those who print, refused with words, and used when printing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.core.journal import JournalEntry
from assets.registry.models import LabelLayout, LabelPrinter
from tests.support.world import World
from tests.web.conftest import Api, Browser

ClientFor = Callable[[str], Browser]
ApiFor = Callable[[str], Api]
L7173 = {
    "name": "L7173", "media": "sheet", "page_width_mm": "210", "page_height_mm": "297", "columns": "2", "rows": "5",
    "label_width_mm": "99,1", "label_height_mm": "57", "margin_left_mm": "4.65", "margin_top_mm": "6",
    "gap_x_mm": "2.5", "gap_y_mm": "0",
}  # fmt: skip
BLANKS = {"choice": "blank", "blank": "2", "start_cell": "1"}


def words_of(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=60)
    return done.stdout.decode()


def test_an_own_layout_is_offered_on_the_page_in_the_api_and_printed_on(
    client_for: ClientFor, api: ApiFor, app: App
) -> None:
    browser = client_for("logistics_officer")
    assert browser.post("/labels/layouts/new", L7173).status_code == 303
    assert "L7173: 10" in browser.get("/labels").get_data(as_text=True)
    assert ">L7173<" in browser.get("/labels/layouts").get_data(as_text=True)
    listed = {item["name"]: item for item in api("commander").get("/labels/layouts").get_json()["items"]}
    assert {"L7173", "L7160", "5160", "dk-62"} <= set(listed)
    assert (listed["L7173"]["columns"], listed["L7173"]["label_mm"]) == (2, [99.1, 57.0])
    answer = browser.post("/labels", {**BLANKS, "layout": "l7173", "start_cell": "10"})
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert words_of(answer.data).count("\f") == 2, "one label in the last cell, one on the next sheet"
    with app.reading() as session:
        entries = session.scalars(select(JournalEntry).where(JournalEntry.entity == "label_layout")).all()
        assert len(entries) == 1


def test_a_layout_is_changed_retired_and_offered_again(client_for: ClientFor, app: App) -> None:
    browser = client_for("logistics_officer")
    browser.post("/labels/layouts/new", L7173)
    with app.reading() as session:
        layout_id = session.scalars(select(LabelLayout.id)).one()
    page = f"/labels/layouts/{layout_id}"
    assert 'value="99.1"' in browser.get(page).get_data(as_text=True)
    assert browser.post(page, {**L7173, "rows": "4"}).status_code == 303
    assert "L7173: 8" in browser.get("/labels").get_data(as_text=True)
    assert browser.post(f"{page}/retire").status_code == 303
    assert "L7173" not in browser.get("/labels").get_data(as_text=True)
    assert "A layout is one of" in browser.post("/labels", {**BLANKS, "layout": "L7173"}).get_data(as_text=True)
    assert browser.post(page, L7173).status_code == 303
    assert "L7173: 10" in browser.get("/labels").get_data(as_text=True)


@pytest.mark.parametrize("kind", ["layouts", "printers"])
def test_what_one_unit_prints_with_another_uses_and_does_not_change(
    kind: str, client_for: ClientFor, api: ApiFor, app: App
) -> None:
    body = L7173 if kind == "layouts" else {"name": "store", "dx_mm": "1", "dy_mm": "0", "scale_x": "1", "scale_y": "1"}
    assert client_for("logistics_officer").post(f"/labels/{kind}/new", body).status_code == 303
    with app.reading() as session:
        row_id = session.scalars(select(LabelLayout.id if kind == "layouts" else LabelPrinter.id)).one()
    stranger, page = client_for("logistics2"), f"/labels/{kind}/{row_id}"
    assert stranger.get(page).status_code == 200
    answer = stranger.post(page, body)
    assert answer.status_code == 409
    assert "Another unit keeps this" in answer.get_data(as_text=True)
    assert stranger.post(f"{page}/retire").status_code == 409
    names = [item["name"] for item in api("logistics2").get(f"/labels/{kind}").get_json()["items"]]
    assert body["name"] in names, "it is offered to print with"
    for keeper in ("commander", "coordinator"):  # of the same unit, and of all
        assert client_for(keeper).post(page, body).status_code == 303
    assert client_for("logistics_officer").post(f"{page}/retire").status_code == 303


def test_what_is_made_for_all_is_changed_by_who_keeps_it_for_all(client_for: ClientFor, app: App) -> None:
    assert client_for("coordinator").post("/labels/layouts/new", L7173).status_code == 303
    with app.reading() as session:
        page = f"/labels/layouts/{session.scalars(select(LabelLayout.id)).one()}"
    assert client_for("logistics_officer").post(page, L7173).status_code == 409
    assert client_for("coordinator").post(page, L7173).status_code == 303


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"columns": "3"}, 400, "96.95 mm beyond the right edge"),
        ({"label_height_mm": "12"}, 400, "4.50 mm too low"),
        ({"name": "L7160"}, 400, "comes with the product"),
        ({"name": "l 7173 "}, 303, ""),
        ({"name": "l7173"}, 409, "Another layout has this name"),
    ],
)
def test_a_layout_that_cannot_be_is_refused_and_what_was_typed_is_kept(
    client_for: ClientFor, change: dict[str, str], status: int, words: str
) -> None:
    browser = client_for("logistics_officer")
    browser.post("/labels/layouts/new", L7173)
    answer = browser.post("/labels/layouts/new", {**L7173, "name": "mine", **change})
    assert answer.status_code == status
    assert words in answer.get_data(as_text=True)
    if status != 303:
        assert 'value="99,1"' in answer.get_data(as_text=True)


def test_the_narrow_tape_is_refused_with_what_is_missing(client_for: ClientFor) -> None:
    browser = client_for("logistics_officer")
    answer = browser.post("/labels", {**BLANKS, "layout": "tape-12"})
    assert answer.status_code == 400
    assert "2.50 mm too low for a symbol" in answer.get_data(as_text=True)
    assert "cannot be used" in browser.get("/labels/layouts").get_data(as_text=True)


def test_programs_keep_layouts_and_printers(api: ApiFor) -> None:
    program = api("logistics_officer")
    made = program.post(
        "/labels/layouts", {"name": "Roll 40", "media": "roll", "label_width_mm": 60, "label_height_mm": 40}
    )
    assert made.status_code == 201
    refused = program.post(
        "/labels/layouts", {"name": "tiny", "media": "roll", "label_width_mm": 60, "label_height_mm": 9}
    )
    assert refused.status_code == 400
    assert refused.get_json()["errors"][0]["field"] == "label_height_mm"
    printer = program.post("/labels/printers", {"name": "office", "dx_mm": -1.25, "scale_y": "1.003"})
    assert printer.status_code == 201
    assert printer.get_json() | {"id": 0} == {
        "id": 0, "name": "office", "dx_mm": -1.25, "dy_mm": 0.0, "scale_x": 1.0, "scale_y": 1.003,
    }  # fmt: skip
    assert [row["name"] for row in program.get("/labels/printers").get_json()["items"]] == ["office"]
    sheet = program.post("/labels/sheets", {"blank": 3, "layout": "roll 40", "printer": "Office"})
    assert sheet.data.startswith(b"%PDF-")
    unknown = program.post("/labels/sheets", {"blank": 3, "layout": "L7160", "printer": "cellar"})
    assert (unknown.status_code, unknown.get_json()["errors"][0]["code"]) == (400, "unknown_printer")


def test_four_measured_distances_become_offset_and_scale(client_for: ClientFor, app: App) -> None:
    browser = client_for("logistics_officer")
    # The crosses of an A4 test page are drawn at 20 and 190, 20 and 277 mm.
    measured = {"first_x_mm": "21", "first_y_mm": "18", "second_x_mm": "191", "second_y_mm": "275"}
    answer = browser.post("/labels/printers/new", {"name": "Office", "layout": "L7160", "dx_mm": "9", **measured})
    assert answer.status_code == 303
    with app.reading() as session:
        row = session.scalars(select(LabelPrinter)).one()
        assert [float(value) for value in (row.dx_mm, row.dy_mm, row.scale_x, row.scale_y)] == [-1, 2, 1, 1]
    assert browser.get(answer.headers["Location"]).status_code == 200
    wrong = browser.post("/labels/printers/new", {"name": "B", "layout": "L7160", **measured, "second_x_mm": "120"})
    assert "No printer is that far off" in wrong.get_data(as_text=True)
    half = browser.post("/labels/printers/new", {"name": "B", "layout": "L7160", "first_x_mm": "21"})
    assert half.status_code == 400


def test_the_test_page_says_how_to_measure_and_the_check_page_how_to_look(client_for: ClientFor) -> None:
    browser = client_for("logistics_officer")
    page = words_of(browser.get("/labels/test-page?layout=L7160").data)
    assert "Exact would be 20.0 mm and 20.0 mm" in " ".join(page.split())
    browser.post("/labels/printers/new", {"name": "Office", "dx_mm": "1"})
    assert "against the light" in " ".join(words_of(browser.get("/labels/test-page?printer=Office").data).split())
    assert browser.get("/labels/test-page?layout=A0").status_code == 400


def test_a_donors_line_is_set_by_those_who_keep_grants(client_for: ClientFor, world: World) -> None:
    donor = world.organisations["JPN"].id
    keeper, coordinator = client_for("logistics_officer"), client_for("coordinator")
    assert keeper.post(f"/labels/donors/{donor}", {"line": "x"}).status_code == 403
    assert coordinator.post(f"/labels/donors/{donor}", {"line": " From the People\n of Japan "}).status_code == 303
    assert "From the People of Japan" in keeper.get("/labels/donors").get_data(as_text=True)
    agency = world.organisations["MIA"].id
    assert coordinator.post(f"/labels/donors/{agency}", {"line": "x"}).status_code == 404


@pytest.mark.parametrize("login", ["officer", "technician", "donor", "auditor"])
def test_those_who_print_no_labels_see_none_of_it(login: str, client_for: ClientFor, api: ApiFor) -> None:
    browser = client_for(login)
    for path in ("/labels/layouts", "/labels/printers", "/labels/donors", "/labels/test-page"):
        assert browser.get(path).status_code == 403
    assert browser.post("/labels/layouts/new", L7173).status_code == 403
    assert api(login).post("/labels/sheets", {"blank": 1, "layout": "L7160"}).status_code == 403


def test_the_pages_need_ten_queries_at_most(client_for: ClientFor, queries: Any) -> None:
    browser = client_for("logistics_officer")
    for number in range(12):
        browser.post("/labels/layouts/new", {**L7173, "name": f"own {number}"})
        browser.post("/labels/printers/new", {"name": f"printer {number}"})
    for path in ("/labels", "/labels/layouts", "/labels/printers", "/labels/donors", "/labels/layouts?limit=3"):
        with queries() as seen:
            assert browser.get(path).status_code == 200
        assert len(seen) <= 10, (path, seen)
    assert "own 2" in browser.get("/labels/layouts?limit=5").get_data(as_text=True)
