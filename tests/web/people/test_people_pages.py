"""Persons: within reach only, on the old and the new unit; what they hold now."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assets.core.app import App
from assets.people.models import Person
from tests.support.world import World
from tests.web.conftest import Browser


def unit_of(app: App, person: Person) -> int:
    with app.reading() as session:
        return session.get_one(Person, person.id).unit_id


def test_search_folds_scripts_and_apostrophes(client_for: Callable[[str], Browser]) -> None:
    browser = client_for("coordinator")
    for query, found in (("ogiloy", "P-101"), ("YULDASHEVA", "P-002"), ("p-001", "P-001")):
        page = browser.get("/people", query_string={"query": query}).get_data(as_text=True)
        assert found in page
        assert page.count("data-href=") == 1


def test_others_persons_are_not_listed_and_look_unknown(client_for: Callable[[str], Browser], world: World) -> None:
    browser = client_for("logistics_officer")
    page = browser.get("/people").get_data(as_text=True)
    assert "P-001" in page
    assert "P-101" not in page
    foreign = world.persons["P-101"].id
    for path in (f"/people/{foreign}", f"/people/{foreign}/edit", "/people/999999"):
        assert browser.get(path).status_code == 404


def test_a_person_is_added_to_ones_own_unit_only(client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    good = browser.post("/people/new", {"number": "P-777", "name": "Oʻrinboyev", "unit": "IMT-TK"})
    assert good.status_code == 303
    assert "Oʻrinboyev" in browser.get(good.location).get_data(as_text=True)
    foreign = browser.post("/people/new", {"number": "P-778", "name": "<i>x", "unit": "IMT-FA"})
    assert foreign.status_code == 403
    assert "&lt;i&gt;x" in foreign.get_data(as_text=True)


def test_a_person_moves_only_between_units_within_reach(
    app: App, client_for: Callable[[str], Browser], world: World
) -> None:
    mine, theirs = world.persons["P-001"], world.persons["P-101"]
    browser = client_for("logistics_officer")
    # The new parent is foreign, then the old one.
    assert browser.post(f"/people/{mine.id}/edit", {"unit": "IMT-FA", "name": "x"}).status_code == 403
    assert browser.post(f"/people/{theirs.id}/edit", {"unit": "IMT-TK", "name": "x"}).status_code == 404
    assert (unit_of(app, mine), unit_of(app, theirs)) == (world.units["IMT-TK"].id, world.units["IMT-FA"].id)
    moved = client_for("coordinator").post(f"/people/{mine.id}/edit", {"unit": "IMT-FA", "name": "x"})
    assert moved.status_code == 303
    assert unit_of(app, mine) == world.units["IMT-FA"].id


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"number": ""}, "must be filled in"),
        ({"number": "P-001"}, "is taken"),
        ({"number": "x" * 33}, "too long"),
        ({"name": "x" * 201}, "too long"),
        ({"name": "a\x00b"}, "control characters"),
        ({"email": "nowhere"}, "not a mail address"),
        ({"unit": "NO"}, "No unit has the code"),
        ({"organisation": "NO"}, "No organisation has the code"),
    ],
)
def test_what_cannot_be_kept_is_said_beside_its_field(
    client_for: Callable[[str], Browser], change: dict[str, str], words: str
) -> None:
    answer = client_for("coordinator").post("/people/new", {"number": "P-9", "name": "kept", "unit": "IMT-TK"} | change)
    assert answer.status_code == 400
    assert words in answer.get_data(as_text=True)


def test_a_donor_sees_no_person(client_for: Callable[[str], Browser], world: World) -> None:
    browser = client_for("donor")
    assert browser.get("/people").status_code == 403
    assert browser.get(f"/people/{world.persons['P-001'].id}").status_code == 403


def test_the_list_takes_few_queries(client_for: Callable[[str], Browser], queries: Callable[[], object]) -> None:
    browser = client_for("coordinator")
    with queries() as seen:  # type: ignore[attr-defined]  # the fixture gives a context manager
        browser.get("/people?query=a")
    assert len(seen) <= 10
