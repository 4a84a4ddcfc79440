"""The label door: what may be printed by whom, from which cell, and what the sheet's record says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from assets.core.app import App
from assets.labels.token import format_code
from assets.registry.models import Asset, Label
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.service.assets import register_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Browser

BASE = {"layout": "L7160", "start_cell": "1", "choice": "codes"}


@pytest.fixture
def codes(app: App, world: World, clock: Clock) -> dict[str, str]:
    """Label codes of one radio in each of two units."""
    found = {}
    with app.transaction(SETUP, clock.now) as session:
        for unit in ("IMT-TK", "IMT-FA"):
            draft = parse_asset({"class": "comms.radio", "unit": unit, "serial_number": f"S-{unit}"})
            found[unit] = register_asset(session, SETUP, draft, clock.now).code
    return found


def printed(app: App) -> set[str]:
    with app.reading() as session:
        return set(session.scalars(select(Label.code).where(Label.printed_at.is_not(None))))


def test_chosen_codes_become_a_pdf_and_count_as_printed(
    app: App, codes: dict[str, str], client_for: Callable[[str], Browser]
) -> None:
    answer = client_for("logistics_officer").post("/labels", {**BASE, "codes": format_code(codes["IMT-TK"]).lower()})
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.data.startswith(b"%PDF-")
    assert printed(app) == {codes["IMT-TK"]}


def test_another_units_label_is_refused_like_an_unknown_one(
    app: App, codes: dict[str, str], client_for: Callable[[str], Browser]
) -> None:
    browser = client_for("logistics_officer")
    foreign = browser.post("/labels", {**BASE, "codes": codes["IMT-FA"]})
    unknown = browser.post("/labels", {**BASE, "codes": "00000-00000"})
    assert foreign.status_code == unknown.status_code == 400
    for answer, code in ((foreign, codes["IMT-FA"]), (unknown, "0000000000")):
        assert f"No label of yours has the code {format_code(code)}" in answer.get_data(as_text=True)
    assert browser.post("/labels", {**BASE, "choice": "unit", "unit": "IMT-FA"}).status_code == 403
    assert printed(app) == set()


def test_a_units_items_are_printed(app: App, codes: dict[str, str], client_for: Callable[[str], Browser]) -> None:
    assert client_for("commander").post("/labels", {**BASE, "choice": "unit", "unit": "IMT-TK"}).status_code == 200
    assert printed(app) == {codes["IMT-TK"]}


def test_blank_labels_are_made_and_can_be_claimed(app: App, client_for: Callable[[str], Browser]) -> None:
    assert client_for("commander").post("/labels", {**BASE, "choice": "blank", "blank": "25"}).status_code == 200
    with app.reading() as session:
        states = session.execute(select(Label.state, func.count()).group_by(Label.state)).all()
    assert [tuple(row) for row in states] == [("blank", 25)]
    assert len(printed(app)) == 25


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start_cell": "22"}, "cells 1 to 21"),
        ({"start_cell": "0"}, "cells 1 to 21"),
        ({"start_cell": "-1"}, "whole number"),
        ({"layout": "A0"}, "A layout is one of"),
        ({"choice": "blank", "blank": "2001"}, "Between 1 and 2000"),
        ({"choice": "blank", "blank": ""}, "whole number"),
        ({"choice": ""}, "Choose a unit"),
        ({"codes": ""}, "at least one label code"),
        ({"codes": "hello\n12345-67890"}, "Line 1"),
    ],
)
def test_what_cannot_be_printed_says_why_and_prints_nothing(
    app: App, client_for: Callable[[str], Browser], change: dict[str, str], words: str
) -> None:
    answer = client_for("logistics_officer").post("/labels", {**BASE, "codes": "00000-00000", **change})
    assert answer.status_code == 400
    assert words in answer.get_data(as_text=True)
    assert printed(app) == set()


def test_the_page_says_why_symbols_hold_the_bare_code(client_for: Callable[[str], Browser]) -> None:
    page = client_for("logistics_officer").get("/labels").get_data(as_text=True)
    assert "leads to this machine only" in page
    assert "too small for an address" in page


def test_items_ticked_in_a_list_stand_in_the_form(codes: dict[str, str], client_for: Callable[[str], Browser]) -> None:
    page = client_for("logistics_officer").post("/labels/choose", {"codes": [codes["IMT-TK"], "{{7*7}}<b>"]})
    text = page.get_data(as_text=True)
    assert format_code(codes["IMT-TK"]) in text
    assert "{{7*7}}&lt;b&gt;" in text


def test_officers_and_technicians_print_no_labels(client_for: Callable[[str], Browser]) -> None:
    for login in ("officer", "technician", "donor", "auditor"):
        assert client_for(login).get("/labels").status_code == 403


def test_a_printed_label_keeps_its_asset(app: App, codes: dict[str, str], client_for: Callable[[str], Browser]) -> None:
    client_for("coordinator").post(
        "/labels", {**BASE, "codes": "\n".join(codes.values()), "owner_line": "{{config}} <b>"}
    )
    assert printed(app) == set(codes.values())
    with app.reading() as session:
        assert set(session.scalars(select(Asset.code))) == set(codes.values())
