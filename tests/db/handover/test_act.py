"""The transfer and acceptance act: in three languages, with every number and both sides' signatures, one's own only."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import InvalidInput, NotAllowed, NotFound
from assets.handover.act import Act, act_content, act_of, act_pdf
from assets.handover.act_words import ACT_LANGUAGES, ACT_WORDS
from assets.handover.queries import round_by_id
from assets.labels.token import format_code
from tests.db.handover.conftest import Entered
from tests.support.rounds import YEN, line
from tests.support.world import SETUP

Enter = Callable[..., Entered]
ActorFor = Callable[[str], Actor]
LONG_NAME = "Thermo " + "Analizator-uzun-nomli-qurilma" * 4
LONG_NUMBER = "SN" + "0123456789" * 7


def text_of(pdf: bytes, folder: Path) -> str:
    """The words of a PDF, as a reader's program gets them, on one line and without the breaks within long numbers."""
    file = folder / "act.pdf"
    file.write_bytes(pdf)
    said = subprocess.run(["pdftotext", "-raw", str(file), "-"], capture_output=True, check=True).stdout.decode()
    return re.sub(r"\s+", " ", said.replace("\u200b", ""))


def act(entered: Entered, app: App, agency: str = "", actor: Actor = SETUP) -> Act:
    with app.reading() as session:
        return act_of(session, actor, round_by_id(session, entered.id), agency)


@pytest.mark.parametrize("lang", ACT_LANGUAGES)
def test_the_act_holds_every_number_label_total_and_both_sides_signatures(
    enter: Enter, app: App, tmp_path: Path, lang: str
) -> None:
    entered = enter(
        line(), line(class_="kit", model="", serials="", quantity=1, agency="MIA", unit_value="1000"), **YEN
    )
    text = text_of(act_pdf(act(entered, app), lang), tmp_path)
    for place in range(3):
        assert format_code(entered.asset(place).code) in text
    for words in ("TN-1001", "TN-1002", "Customs committee", "Ministry of internal affairs", "E/N 17/2018", "UNODC",
                  "Government of Japan", "Toshkent shahri guruhi", "R-1", "337.19", "151.25"):  # fmt: skip
        assert words.replace(".", "," if lang != "en" and words[0].isdigit() else ".") in text, words
    for key in ("title", "gave", "took", "position", "signature"):
        assert ACT_WORDS[key][lang] in text
    assert text.count(ACT_WORDS["took"][lang] + ":") == 2
    assert ("26 October 2026" if lang == "en" else "26.10.2026") in text


def test_an_act_of_one_agency_holds_its_items_alone(enter: Enter, app: App) -> None:
    entered = enter(line(), line(serials="M-1\nM-2", agency="MIA"))
    whole = act_content(act(entered, app), "en")
    assert [row[0] for part in whole["parts"] for row in part["rows"]] == ["1", "2", "3", "4"]
    assert [total[0] for total in whole["totals"]] == ["In all: 4 items"]
    assert whole["notices"] == []
    content = act_content(act(entered, app, "MIA"), "en")
    assert [row[3] for part in content["parts"] for row in part["rows"]] == ["M-1", "M-2"]
    assert [side[1] for side in content["signatures"]["sides"]] == ["UNODC", "Ministry of internal affairs"]
    with pytest.raises(NotFound):
        act(entered, app, "UNODC")


def test_what_differed_at_the_count_stands_in_the_act(enter: Enter, app: App) -> None:
    entered = enter(line(quantity=5, serials="A1\nA2\nA3\nA4"))
    entered.say(0)
    entered.say(1, "short")
    entered.say(2, "damaged", grade="D", note="Crushed on the way")
    entered.say(3, "wrong_serial", serial="A9")
    content = act_content(act(entered, app), "en")
    assert [(row[0], row[3], row[4]) for row in content["differences"]["rows"]] == [
        ("2", "Short: not there", "On paper: A2"),
        ("3", "Damaged (D)", "Crushed on the way"),
        ("4", "Other number", "On paper: A4. Found: A9"),
    ]
    assert content["notices"] == ["The count is not finished: 1 items are not counted yet."]
    assert [total[0] for total in content["totals"]] == ["In all: 5 items", "Of these received: 3 items"]
    assert content["parts"][0]["rows"][3][3] == "A9"


def test_without_differences_the_act_says_so(enter: Enter, app: App) -> None:
    entered = enter()
    for place in range(2):
        entered.say(place)
    content = act_content(act(entered, app), "ru")
    assert content["differences"]["rows"] == []
    assert content["differences"]["none"] == ACT_WORDS["no_differences"]["ru"]
    assert content["notices"] == []


def test_an_act_holds_only_what_its_maker_may_see_and_says_so(enter: Enter, app: App, actor_for: ActorFor) -> None:
    entered = enter(line(), line(unit="IMT-FA", serials="F-1\nF-2"))
    content = act_content(act(entered, app, actor=actor_for("logistics_officer")), "en")
    rows = [row for part in content["parts"] for row in part["rows"]]
    assert [row[3] for row in rows] == ["TN-1001", "TN-1002"]
    assert "Toshkent shahri guruhi" in content["notices"][-1]
    for login in ("approver", "donor"):
        with pytest.raises(NotAllowed):
            act(entered, app, actor=actor_for(login))
    # Who may read everything under one role sees numbers only where the other role shows them.
    officer, reader = actor_for("logistics_officer"), actor_for("approver")
    both = act(entered, app, actor=dataclasses.replace(officer, grants=(*officer.grants, *reader.grants)))
    assert {item.asset.unit.code for item in both.items} == {"IMT-TK"}
    other = enter(line(unit="IMT-SU", serials=""), number="R-2")
    with pytest.raises(NotFound):
        act(other, app, actor=actor_for("logistics_officer"))


def test_long_names_and_numbers_wrap_and_the_same_act_is_the_same_file(enter: Enter, app: App, tmp_path: Path) -> None:
    entered = enter(line(model=LONG_NAME, quantity=1, serials=LONG_NUMBER, unit="IMT-SU"))
    first, second = (act_pdf(act(entered, app), "uz") for _ in range(2))
    assert first == second
    text = text_of(first, tmp_path).replace(" ", "")
    assert LONG_NUMBER in text
    assert LONG_NAME.replace(" ", "") in text


def test_an_act_is_made_in_its_three_languages_only(enter: Enter, app: App) -> None:
    made = act(enter(), app)
    with pytest.raises(InvalidInput):
        act_content(made, "ja")


def test_every_word_of_the_act_is_there_in_every_language() -> None:
    assert {frozenset(words) for words in ACT_WORDS.values()} == {frozenset(ACT_LANGUAGES)}
    places = {key: {words.count("%") for words in table.values()} for key, table in ACT_WORDS.items()}
    assert all(len(counts) == 1 for counts in places.values())
    assert all("'" not in table["uz"] and "‘" not in table["uz"] for table in ACT_WORDS.values())


def test_the_typesetters_own_language_is_text_in_an_act(enter: Enter, app: App, tmp_path: Path) -> None:
    hostile = '#sys.inputs.data $x$ *b* #panic("no") @ref {{7*7}}'
    entered = enter(line(class_="comms.radio", model=hostile, serials="#1", quantity=1))
    text = text_of(act_pdf(act(entered, app), "en"), tmp_path)
    assert hostile in text
    assert "#1" in text


@pytest.mark.parametrize("lang", ACT_LANGUAGES)
@pytest.mark.parametrize("quantity", [20, 23, 26])
def test_signatures_never_stand_on_a_page_without_items(
    enter: Enter, app: App, tmp_path: Path, lang: str, quantity: int
) -> None:
    numbers = "\n".join(f"TN-{n:04d}" for n in range(quantity))
    entered = enter(line(serials=numbers, quantity=quantity), **YEN)
    file = tmp_path / "act.pdf"
    file.write_bytes(act_pdf(act(entered, app), lang))
    said = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True).stdout.decode()
    pages = [page.replace("\u200b", "") for page in said.split("\f") if page.strip()]
    assert len(re.findall(r"TN-\d{4}", said.replace("\u200b", ""))) == quantity
    signed = next(page for page in pages if f"{ACT_WORDS['gave'][lang]}:" in page)
    assert "TN-" in signed
    # The rows of each page stand under the heads of their columns, once.
    assert all(page.count(ACT_WORDS["label"][lang]) == ("TN-" in page) for page in pages)
