"""Nothing that a donor must not see reaches him, by any page, file or program."""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO
from typing import Any

from sqlalchemy import select

from assets.core.app import App
from assets.operations.models import EquipmentContribution, Operation, Seizure
from assets.people.models import Account, Person, Region, Unit
from assets.registry.models import Asset
from assets.reports import release
from assets.telemetry.models import Tracker
from tests.web.reports.released.markup import Clients, pages_of


def forbidden(app: App) -> set[str]:
    """Everything in the database that must reach no donor, as it stands there."""
    with app.reading() as session:
        found: set[str] = set()
        for asset in session.scalars(select(Asset)):
            found |= {asset.code, asset.serial_number, asset.vin, asset.plate, asset.inventory_number}
        for person in session.scalars(select(Person)):
            found |= {person.name, person.number, person.email, person.phone, person.name.split()[0]}
        found |= set(session.scalars(select(Tracker.id)))
        # The donor's own login stands on his page; it is his.
        found |= set(session.scalars(select(Account.email)))
        found |= set(session.scalars(select(Account.login).where(Account.login.not_in(["donor", "approver"]))))
        for unit in session.scalars(select(Unit)):
            found |= {unit.name, unit.code}
        for region in session.scalars(select(Region)):
            found |= {f"{region.lat:.3f}", f"{region.lon:.3f}"}
        for operation in session.scalars(select(Operation)):
            found |= {operation.code, operation.note}
        found |= set(session.scalars(select(Seizure.concealment)))
        found |= set(session.scalars(select(EquipmentContribution.note)))
        # What only the open operation seized.
        found |= {"MDMA", "mdma", "7654", "7,654", "Guliston", "courier"}
    return {text for text in found if len(text) > 2} - {"administrator", "coordinator", "officer", "monitor"}


def texts_of_xlsx(content: bytes) -> str:
    """Everything in the workbook that is no number: names of sheets, texts, properties."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        parts = {name: book.read(name).decode() for name in book.namelist()}
    assert not any("<f>" in text for text in parts.values())
    return "\n".join(text for name, text in parts.items() if not name.startswith("xl/worksheets/sheet"))


def texts_of_json(value: Any) -> str:
    """Every text of the figures: names and values that are no numbers."""
    if isinstance(value, dict):
        return "\n".join(f"{key}\n{texts_of_json(each)}" for key, each in value.items())
    if isinstance(value, list):
        return "\n".join(texts_of_json(each) for each in value)
    return value if isinstance(value, str) else ""


# A coordinate of this country: two digits, a point and three or more decimals (with a comma four: else a thousand).
COORDINATE = re.compile(r"(?<![\d.,#a-f])(?:3[7-9]|4[0-6]|5[5-9]|6\d|7[0-4])(?:\.\d{3,}|,\d{4,})")


def everything(released: int, donor: Any, program: Any) -> dict[str, str]:
    """All that a donor can get of a summary, by what it is."""
    found = {
        "page": donor.get(f"/summaries/{released}").get_data(as_text=True),
        "list": donor.get("/summaries").get_data(as_text=True),
        "compare": donor.get(f"/summaries/{released}/compare").get_data(as_text=True),
        "api": program.get(f"/summaries/{released}").get_data(as_text=True),
    }
    for lang in release.LANGUAGES:
        pdf = donor.get(f"/summaries/{released}/file.pdf?lang={lang}").get_data()
        found[f"pdf {lang}"] = "\n".join(pages_of(pdf))
        found[f"pdf bytes {lang}"] = pdf.decode("latin-1")
        book = donor.get(f"/summaries/{released}/file.xlsx?lang={lang}").get_data()
        found[f"xlsx {lang}"] = texts_of_xlsx(book)
        found[f"json {lang}"] = donor.get(f"/summaries/{released}/file.json?lang={lang}").get_data(as_text=True)
    return found


def test_nothing_that_a_donor_must_not_see_is_in_any_page_or_file(
    app: App, released: int, client_for: Clients, api: Clients
) -> None:
    whole = everything(released, client_for("donor"), api("donor"))
    words = forbidden(app)
    assert len(words) > 150
    for name, text in whole.items():
        # Short words and numbers stand in compressed bytes by chance.
        sought = {word for word in words if len(word) > 7} if "bytes" in name else words
        assert [word for word in sought if word in text] == [], name
    for name, text in whole.items():
        if "bytes" in name:
            continue
        shown = texts_of_json(json.loads(text)) if name.startswith(("json", "api")) else _without_drawing(text)
        assert COORDINATE.findall(shown) == [], name
        assert "nvestigation" not in shown
        assert "covert" not in shown.lower()
    assert "Use of donated equipment" in whole["pdf en"]
    # The typesetter's own language is text as well.
    assert '{{7*7}} #sys.inputs.data $x$ #panic("no")' in whole["pdf en"]
    for heading in ("10. Lessons, requests", "A. Asset list", "B. Definitions", "Limits of attribution", "Sign-off"):
        assert heading in whole["pdf en"]


def _without_drawing(text: str) -> str:
    # Numbers inside a picture are no places.
    return re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)


def test_donor_reaches_released_summaries_and_nothing_else(released: int, client_for: Clients) -> None:
    donor = client_for("donor")
    assert donor.get(f"/summaries/{released}").status_code == 200
    for path in ("/assets", "/utilisation", "/utilisation/days", "/summaries/new", "/maintenance", "/map", "/people"):
        assert donor.get(path).status_code == 403, path
