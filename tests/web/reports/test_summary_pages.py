"""What a donor gets: page, PDF and JSON without anything that he must not see, and nothing but what was released."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.operations.models import EquipmentContribution, Operation, Seizure
from assets.people.models import Account, Person, Region, Unit
from assets.registry.models import Asset, HandoverBatch
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
    with app.transaction(drafter, AFTER) as session:
        made = release.write_words(session, drafter, made.id, WORDS, shown_sha256=made.sha256)
    with app.transaction(approver, AFTER) as session:
        release.approve_summary(session, approver, made.id, AFTER, shown_sha256=made.sha256)
    return made.id


WORDS = {
    "problems": "Spare batteries are missing; eight analysers wait.",
    "requests": "Batteries, and two seats in the operators' course.",
    "lessons": '=HYPERLINK("http//x","click")\n<script>alert(1)</script> {{7*7}} #sys.inputs.data $x$ #panic("no")',
    "results": "Videoscopes contributed to finds on the road.",
}


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


def text_of_pdf(content: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True)
    return done.stdout.decode()


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
        found[f"pdf {lang}"] = text_of_pdf(pdf)
        found[f"pdf bytes {lang}"] = pdf.decode("latin-1")
        book = donor.get(f"/summaries/{released}/file.xlsx?lang={lang}").get_data()
        found[f"xlsx {lang}"] = texts_of_xlsx(book)
        found[f"json {lang}"] = donor.get(f"/summaries/{released}/file.json?lang={lang}").get_data(as_text=True)
    return found


def test_nothing_that_a_donor_must_not_see_is_in_any_page_or_file(
    app: App, released: int, client_for: Callable[[str], Any], api: Callable[[str], Any]
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


def test_page_one_of_the_print_answers_all_seven_questions(released: int, client_for: Callable[[str], Any]) -> None:
    pdf = client_for("donor").get(f"/summaries/{released}/file.pdf").get_data()
    done = subprocess.run(["pdftotext", "-l", "1", "-", "-"], input=pdf, capture_output=True, check=True)
    page_one = " ".join(done.stdout.decode().split())
    for word in ("provided?", "there?", "work?", "used?", "results?", "problems?", "requested?"):
        assert word in page_one
    assert "two seats in the operators" in page_one
    assert "plan 60 %" in page_one


def test_no_cell_that_was_left_out_follows_from_those_that_are_shown(released: int, api: Callable[[str], Any]) -> None:
    figures = api("donor").get(f"/summaries/{released}").get_json()["figures"]
    states, classes = figures["states"], figures["classes"]
    crossed = Unknowns()
    for i, line in enumerate(states["lines"]):
        for j in range(5):
            crossed.know([(i, j, f) for f in range(5)], line["condition"][j])
            crossed.know([(i, f, j) for f in range(5)], line["frequency"][j])
        crossed.know([(i, j, f) for j in range(5) for f in range(5)], line["items"])
    rows = range(len(states["lines"]))
    for j in range(5):
        crossed.know([(i, j, f) for i in rows for f in range(5)], states["condition"][j])
        crossed.know([(i, f, j) for i in rows for f in range(5)], states["frequency"][j])
        for f in range(5):
            crossed.know([(i, j, f) for i in rows], states["matrix"][j][f] if states["matrix"] else None)
    where = Unknowns()
    columns = ("verified", "not_verified", "off_register")
    for i, line in enumerate(classes):
        where.know([(i, column) for column in columns], line["handed_over"])
        # The tables of condition and use say of each class how many are on the register.
        where.know([(i, column) for column in columns[:2]], states["lines"][i]["items"])
        for column in columns:
            where.know([(i, column)], line[column])
    for column in columns[:2]:
        where.know([(i, column) for i in range(len(classes))], figures["whereabouts"][column])
    assert len(crossed.hidden) + len(where.hidden) > 10
    assert crossed.solved() == []
    assert where.solved() == []
    shown = [n for line in states["lines"] for n in (*line["condition"], *line["frequency"])]
    # What is off the register is the difference of two exact sums: told, and not pretended to be hidden.
    shown += [line[column] for line in classes for column in columns[:2]]
    assert not {1, 2} & set(shown)


class Unknowns:
    """A reader's linear equations: which sums of unknown counts he can work out exactly (over the rationals)."""

    def __init__(self) -> None:
        self.rows: list[tuple[frozenset[Any], int]] = []
        self.hidden: list[frozenset[Any]] = []

    def know(self, cells: list[Any], total: int | None) -> None:
        """These unknowns add up to this; None: their sum was left out."""
        if total is None:
            self.hidden.append(frozenset(cells))
        else:
            self.rows.append((frozenset(cells), total))

    def solved(self) -> list[frozenset[Any]]:
        """The left-out sums that follow from the known ones."""
        basis: dict[Any, dict[Any, Fraction]] = {}
        for cells, _ in self.rows:
            rest = _reduced({cell: Fraction(1) for cell in cells}, basis)
            if rest:
                first = min(rest)
                basis[first] = {cell: factor / rest[first] for cell, factor in rest.items()}
        return [cells for cells in self.hidden if not _reduced({cell: Fraction(1) for cell in cells}, basis)]


def _reduced(row: dict[Any, Fraction], basis: dict[Any, dict[Any, Fraction]]) -> dict[Any, Fraction]:
    """What is left of an equation after those of the basis are taken out of it."""
    rest, done = dict(row), set()
    while True:
        pivot = min((cell for cell in rest if cell in basis and cell not in done), default=None)
        if pivot is None:
            return {cell: factor for cell, factor in rest.items() if factor}
        factor = rest[pivot]
        for cell, weight in basis[pivot].items():
            rest[cell] = rest.get(cell, Fraction(0)) - factor * weight
        rest = {cell: factor for cell, factor in rest.items() if factor}
        done.add(pivot)


def _without_drawing(text: str) -> str:
    # Numbers inside a picture are no places.
    return re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)


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
    text = approver.get(place).get_data(as_text=True)
    assert f"{place}/approve" not in text
    answer = approver.post(f"{place}/approve", {"shown": shown_in(text)})
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


def shown_in(text: str) -> str:
    """The hash of the draft that a page was made from."""
    found = re.search(r'name="shown" value="([0-9a-f]{64})"', text)
    assert found
    return found.group(1)


@pytest.fixture
def draft(app: App, world: World, clock: Clock) -> str:
    """The address of a draft of the coordinator's; the clock stands on its day."""
    clock.now = AFTER
    give(app, world)
    drafter = world.actors["coordinator"]
    with app.transaction(drafter, AFTER) as session:
        made = release.draft_summary(session, drafter, donor_code="JPN", first=FIRST, until=UNTIL, now=AFTER)
    return f"/summaries/{made.id}"


def test_office_writes_another_approves_and_the_donor_reads(draft: str, client_for: Callable[[str], Any]) -> None:
    coordinator, approver, donor = client_for("coordinator"), client_for("approver"), client_for("donor")
    text = coordinator.get(draft).get_data(as_text=True)
    answer = coordinator.post(f"{draft}/words", {"shown": shown_in(text), "problems": "Tyres <b>are</b> worn."})
    assert answer.status_code == 303
    text = approver.get(draft).get_data(as_text=True)
    assert "Tyres &lt;b&gt;are&lt;/b&gt; worn." in text
    assert approver.post(f"{draft}/approve", {"shown": shown_in(text)}).status_code == 303
    assert "Tyres &lt;b&gt;are&lt;/b&gt; worn." in donor.get(draft).get_data(as_text=True)
    book = donor.get(f"{draft}/file.xlsx?lang=uz")
    assert book.mimetype.endswith("spreadsheetml.sheet")


def test_figures_stand_before_the_boxes_and_the_comparison_is_one_tap_away(
    draft: str, client_for: Callable[[str], Any]
) -> None:
    for role in ("approver", "coordinator"):
        text = client_for(role).get(draft).get_data(as_text=True)
        assert text.index("Was it provided?") < text.index('id="release"')
        assert text.index(f'href="{draft}/compare"') < text.index("Was it provided?")
        assert f'href="{draft}/compare"' not in "".join(re.findall(r"<details.*?</details>", text, re.DOTALL))
    assert text.index("Was it provided?") < text.index('id="words"')


def test_draft_warns_of_a_round_that_was_counted_in_after_the_period(
    draft: str, app: App, world: World, client_for: Callable[[str], Any]
) -> None:
    warning = "Some items of these rounds were counted in or registered only after the period"
    assert warning not in client_for("coordinator").get(draft).get_data(as_text=True)
    drafter = world.actors["coordinator"]
    with app.transaction(drafter, AFTER) as session:
        batch = session.query(HandoverBatch).filter_by(number="R3").one()
        session.query(Asset).filter_by(batch_id=batch.id).limit(1).one().received_on = UNTIL
    text = client_for("coordinator").get(draft).get_data(as_text=True)
    assert warning in text
    assert "R3 (1)" in text


def test_draft_with_its_boxes_takes_few_queries(
    draft: str, client_for: Callable[[str], Any], queries: Callable[[], Any]
) -> None:
    coordinator = client_for("coordinator")
    shown = shown_in(coordinator.get(draft).get_data(as_text=True))
    coordinator.post(f"{draft}/words", {"shown": shown, "problems": "Tyres are worn."})
    for path in (draft, f"{draft}/compare"):
        with queries() as seen:
            coordinator.get(path)
        assert len(seen) <= 10, (path, seen)


def test_box_that_is_too_full_comes_back_with_what_was_typed(draft: str, client_for: Callable[[str], Any]) -> None:
    coordinator = client_for("coordinator")
    shown = shown_in(coordinator.get(draft).get_data(as_text=True))
    answer = coordinator.post(f"{draft}/words", {"shown": shown, "problems": "too long " * 60, "lessons": "kept too"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "At most 280 characters" in text
    assert "kept too" in text


def test_words_of_two_writers_are_both_there(draft: str, client_for: Callable[[str], Any]) -> None:
    coordinator, approver = client_for("coordinator"), client_for("approver")
    shown = shown_in(coordinator.get(draft).get_data(as_text=True))
    coordinator.post(f"{draft}/words", {"shown": shown, "problems": "The first words."})
    answer = approver.post(f"{draft}/words", {"shown": shown, "problems": "The second words."})
    assert answer.status_code == 409
    # What was typed stands in the box, what is kept in the preview below.
    text = answer.get_data(as_text=True)
    assert "The second words." in text
    assert "The first words." in text


def test_draft_with_a_name_in_it_says_so_and_is_not_released(draft: str, client_for: Callable[[str], Any]) -> None:
    coordinator, approver = client_for("coordinator"), client_for("approver")
    shown = shown_in(coordinator.get(draft).get_data(as_text=True))
    coordinator.post(f"{draft}/words", {"shown": shown, "went_well": "Karimov worked hard."})
    text = approver.get(draft).get_data(as_text=True)
    assert "a person&#39;s name" in text
    answer = approver.post(f"{draft}/approve", {"shown": shown_in(text)})
    assert answer.status_code == 400
    assert client_for("donor").get(draft).status_code == 404


def test_figure_opens_to_its_making_and_to_its_days_for_those_who_may_see_them(
    released: int, client_for: Callable[[str], Any]
) -> None:
    donor = client_for("donor").get(f"/summaries/{released}").get_data(as_text=True)
    assert "days used / days with data that were not off the road" in donor
    assert "/utilisation/days" not in donor
    approver = client_for("approver")
    days = f"/utilisation/days?kind=used&amp;from={FIRST}&amp;to={UNTIL}"
    assert days in approver.get(f"/summaries/{released}").get_data(as_text=True)
    assert approver.get(days.replace("&amp;", "&")).status_code == 200


def test_program_drafts_writes_and_releases_with_the_same_rules(
    app: App, world: World, clock: Clock, api: Callable[[str], Any]
) -> None:
    clock.now = AFTER
    give(app, world)
    coordinator, approver = api("coordinator"), api("approver")
    made = coordinator.post("/summaries", {"donor": "JPN", "from": str(FIRST), "to": str(UNTIL)})
    assert made.status_code == 201
    number = made.get_json()["id"]
    body = {"words": {"lessons": "Ask +998 90 123 45 67"}, "sha256": made.get_json()["sha256"]}
    written = coordinator.patch(f"/summaries/{number}/words", body).get_json()
    assert [found["box"] for found in written["findings"]] == ["lessons"]
    refused = approver.post(f"/summaries/{number}/approve", {"sha256": written["sha256"]})
    assert refused.get_json()["code"] == "words_tell"
    body = {"words": {"lessons": ""}, "sha256": written["sha256"]}
    written = coordinator.patch(f"/summaries/{number}/words", body).get_json()
    assert approver.post(f"/summaries/{number}/approve", {"sha256": made.get_json()["sha256"]}).status_code == 200
    assert written["sha256"] == made.get_json()["sha256"]
    assert api("donor").get("/summaries").get_json()["items"][0]["state"] == "released"


def test_auditor_reads_a_draft_and_is_offered_and_allowed_nothing(
    draft: str, client_for: Callable[[str], Any], api: Callable[[str], Any]
) -> None:
    auditor = client_for("auditor")
    shown = auditor.get(draft)
    text = shown.get_data(as_text=True)
    assert (shown.status_code, "This is a draft" in text) == (200, True)
    for offered in (f"{draft}/words", f"{draft}/approve", "<textarea", "Keep the words"):
        assert offered not in text
    assert auditor.get(f"{draft}/file.pdf").status_code == 200
    assert "/summaries/new" not in auditor.get("/summaries").get_data(as_text=True)
    assert auditor.get("/summaries/new").status_code == 403
    period = {"from": FIRST.isoformat(), "to": UNTIL.isoformat()}
    assert auditor.post("/summaries/new", {"donor": "JPN", **period}).status_code == 403
    words = {"shown": shown_in(client_for("coordinator").get(draft).get_data(as_text=True)), "problems": "By me."}
    assert auditor.post(f"{draft}/words", words).status_code == 403
    program, number = api("auditor"), draft.rpartition("/")[2]
    assert program.post("/summaries", {"donor": "JPN", **period}).status_code == 403
    body = {"words": {"problems": "By me."}, "sha256": words["shown"]}
    written = program.client.patch(f"/api/v1/summaries/{number}/words", json=body, headers=program.headers)
    assert written.status_code == 403
    assert "By me." not in auditor.get(draft).get_data(as_text=True)
