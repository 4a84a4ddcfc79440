"""What a donor gets: page, PDF and JSON without anything that he must not see, and nothing but what was released."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.people.models import Account, Person, Region, Unit
from assets.registry.models import Asset
from assets.reports import release
from assets.telemetry.models import Tracker
from tests.db.metrics.days import FIRST
from tests.db.reports.given import AFTER, UNTIL, give
from tests.support.world import Clock, World


@pytest.fixture
def released(app: App, world: World, clock: Clock) -> int:
    """A released summary; the clock stands on its day."""
    clock.now = AFTER
    give(app, world)
    drafter, approver = world.actors["coordinator"], world.actors["approver"]
    with app.transaction(drafter, AFTER) as session:
        made = release.draft_summary(session, drafter, donor_code="JPN", first=FIRST, until=UNTIL, now=AFTER)
    with app.transaction(approver, AFTER) as session:
        release.approve_summary(session, approver, made.id, AFTER, shown_sha256=made.sha256)
    return made.id


def forbidden(app: App) -> set[str]:
    """Everything in the database that must reach no donor, as it stands there."""
    with app.reading() as session:
        found: set[str] = set()
        for asset in session.scalars(select(Asset)):
            found |= {asset.code, asset.serial_number, asset.vin, asset.plate, asset.inventory_number}
        for person in session.scalars(select(Person)):
            found |= {person.name, person.number, person.email, person.phone}
        found |= set(session.scalars(select(Tracker.id)))
        # The donor's own login stands on his page; it is his.
        found |= set(session.scalars(select(Account.email)))
        found |= set(session.scalars(select(Account.login).where(Account.login.not_in(["donor", "approver"]))))
        for unit in session.scalars(select(Unit)):
            found |= {unit.name, unit.code}
        for region in session.scalars(select(Region)):
            found |= {f"{region.lat:.3f}", f"{region.lon:.3f}"}
    return {text for text in found if len(text) > 2} - {"administrator", "coordinator", "officer", "monitor"}


def text_of_pdf(content: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True)
    return done.stdout.decode()


def test_nothing_that_a_donor_must_not_see_is_in_page_pdf_or_json(
    app: App, released: int, client_for: Callable[[str], Any], api: Callable[[str], Any]
) -> None:
    donor = client_for("donor")
    pdf = donor.get(f"/summaries/{released}/file.pdf").get_data()
    whole = {
        "page": donor.get(f"/summaries/{released}").get_data(as_text=True),
        "list": donor.get("/summaries").get_data(as_text=True),
        "pdf": text_of_pdf(pdf),
        "pdf bytes": pdf.decode("latin-1"),
        "json": donor.get(f"/summaries/{released}/file.json").get_data(as_text=True),
        "api": api("donor").get(f"/summaries/{released}").get_data(as_text=True),
    }
    words = forbidden(app)
    assert len(words) > 100
    for name, text in whole.items():
        assert [word for word in words if word in text] == [], name
    for name in ("page", "pdf", "json"):
        # A coordinate of this country: two digits, a point and three or more decimals.
        found = re.findall(r"(?<![\d.])(?:3[7-9]|4[0-6]|5[5-9]|6\d|7[0-4])\.\d{3,}", _without_drawing(whole[name]))
        assert found == [], name
        assert "nvestigation" not in whole[name]
        assert "covert" not in whole[name].lower()
    assert "Use of donated equipment" in whole["pdf"]


def _without_drawing(text: str) -> str:
    # Numbers inside a picture or a share of the coverage are no places; neither is the hash.
    text = re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
    return re.sub(r'"(coverage|value|low|high|availability)": ?[\d.]+', "", text)


def test_donor_reaches_released_summaries_and_nothing_else(released: int, client_for: Callable[[str], Any]) -> None:
    donor = client_for("donor")
    assert donor.get(f"/summaries/{released}").status_code == 200
    for path in ("/assets", "/utilisation", "/utilisation/days", "/summaries/new", "/maintenance", "/map", "/people"):
        assert donor.get(path).status_code == 403, path


def test_pdf_meets_the_standard_for_accessible_documents(released: int, client_for: Callable[[str], Any]) -> None:
    answer = client_for("donor").get(f"/summaries/{released}/file.pdf")
    assert answer.mimetype == "application/pdf"
    assert b"pdfuaid:part" in answer.get_data()


def test_drafter_does_not_get_the_button_and_is_refused(
    app: App, world: World, clock: Clock, client_for: Callable[[str], Any]
) -> None:
    clock.now = AFTER
    give(app, world)
    approver = client_for("approver")
    form = {"donor": "JPN", "from": str(FIRST), "to": str(UNTIL)}
    place = approver.post("/summaries/new", form).headers["Location"]
    assert f"{place}/approve" not in approver.get(place).get_data(as_text=True)
    answer = approver.post(f"{place}/approve")
    assert answer.status_code == 400
    assert "second person" in answer.get_data(as_text=True)
    assert client_for("donor").get(place).status_code == 404


def test_form_comes_back_with_what_was_typed(world: World, client_for: Callable[[str], Any]) -> None:
    answer = client_for("coordinator").post(
        "/summaries/new", {"donor": "JPN", "from": "2026-01-01", "to": "2026-02-01"}
    )
    assert answer.status_code == 400
    text = answer.get_data(as_text=True)
    assert 'value="2026-01-01"' in text
    assert "a quarter or longer" in text


def test_draft_is_not_in_the_interface_for_programs(
    app: App, world: World, clock: Clock, api: Callable[[str], Any]
) -> None:
    clock.now = AFTER
    give(app, world)
    drafter = world.actors["coordinator"]
    with app.transaction(drafter, AFTER) as session:
        made = release.draft_summary(session, drafter, donor_code="JPN", first=FIRST, until=UNTIL, now=AFTER)
    coordinator = api("coordinator")
    assert coordinator.get("/summaries").get_json() == {"items": [], "next": None}
    assert coordinator.get(f"/summaries/{made.id}").status_code == 404


def test_pages_of_summaries_take_few_queries(
    released: int, client_for: Callable[[str], Any], queries: Callable[[], Any]
) -> None:
    donor = client_for("donor")
    for path in ("/summaries", f"/summaries/{released}"):
        with queries() as seen:
            donor.get(path)
        assert len(seen) <= 10, path
