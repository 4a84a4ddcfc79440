"""The pages of the manual agree with each other, with the pictures that are taken, and with the product's own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assets.people.rules import ROLE_NAMES, Role
from assets.web import manual
from tests.e2e.manual_pictures import MANUAL_PICTURES
from tests.support.manual import addresses, buttons, differences, headings, links, pictures, product_words

EVERY = [(language, name) for language in manual.LANGUAGES for name in manual.NAMES]
TRANSLATED = [(language, name) for language, name in EVERY if language != "en"]
A_WALK_MIN = 30
TWO_PAGES_WORDS = 620


def text_of(language: str, name: str) -> str:
    text = manual.source(language, name)
    assert text, f"{language}/{name}.md is missing"
    return text


@pytest.mark.parametrize("language", manual.LANGUAGES)
def test_each_role_has_its_page_and_there_is_nothing_besides(language: str) -> None:
    there = {path.stem for path in (manual.FOLDER / language).glob("*.md")}
    assert there == {"index", "going-live", "in-the-field", *(role.value.replace("_", "-") for role in Role)}


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_page_begins_with_its_title(language: str, name: str) -> None:
    tags = [tag for tag, _ in headings(text_of(language, name))]
    assert tags[0] == "h1"
    assert set(tags[1:]) == {"h2"}


@pytest.mark.parametrize("role", list(Role))
def test_page_of_a_role_is_called_as_the_product_calls_the_role(role: Role) -> None:
    assert manual.title_of("en", manual.PAGE_OF[role.value]) == ROLE_NAMES[role.value].text


@pytest.mark.parametrize("role", list(Role))
def test_page_of_a_role_is_at_most_two_printed_pages(role: Role) -> None:
    assert len(text_of("en", manual.PAGE_OF[role.value]).split()) <= TWO_PAGES_WORDS
    assert 1 <= len(pictures(text_of("en", manual.PAGE_OF[role.value]))) <= 3


@pytest.mark.parametrize("language", manual.LANGUAGES)
def test_page_for_the_field_is_at_most_two_printed_pages(language: str) -> None:
    assert len(text_of(language, manual.IN_THE_FIELD).split()) <= TWO_PAGES_WORDS


@pytest.mark.parametrize(("language", "name"), TRANSLATED)
def test_translation_has_the_same_parts_pictures_pages_and_buttons(language: str, name: str) -> None:
    english, other = text_of("en", name), text_of(language, name)
    assert [tag for tag, _ in headings(other)] == [tag for tag, _ in headings(english)]
    assert [_subject(src) for src in pictures(other)] == [_subject(src) for src in pictures(english)]
    assert addresses(other) == addresses(english)
    assert links(other) == links(english)
    assert len(buttons(other)) == len(buttons(english))


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_links_lead_to_pages_that_are_there(language: str, name: str) -> None:
    folder = manual.FOLDER / language
    assert [link for link in links(text_of(language, name)) if not (folder / link).is_file()] == []


@pytest.mark.parametrize("language", manual.LANGUAGES)
def test_first_page_leads_to_all_others(language: str) -> None:
    assert {Path(link).stem for link in links(text_of(language, "index"))} == set(manual.NAMES) - {"index"}


def test_pictures_that_are_linked_are_those_that_are_taken() -> None:
    linked = {src for language, name in EVERY for src in pictures(text_of(language, name))}
    taken = {f"../pictures/{picture.name}.png" for picture in MANUAL_PICTURES}
    assert linked - taken == set(), "no entry of tests/e2e/manual_pictures.py makes these"
    assert taken - linked == set(), "no page shows these"


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_page_shows_pictures_in_its_own_language(language: str, name: str) -> None:
    assert [src for src in pictures(text_of(language, name)) if not src.endswith(f"-{language}.png")] == []


def test_pictures_that_lie_there_are_all_of_them_and_no_others() -> None:
    there = {path.name for path in manual.PICTURES.glob("*.png")}
    if not there:
        pytest.skip("`make docs` has not taken the pictures yet")
    assert there == {f"{picture.name}.png" for picture in MANUAL_PICTURES}, "run `make docs`"


def test_no_name_of_a_picture_is_taken_twice() -> None:
    names = [picture.name for picture in MANUAL_PICTURES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", manual.NAMES)
def test_words_in_bold_stand_in_the_product_exactly_so(name: str) -> None:
    assert [words for words in buttons(text_of("en", name)) if words not in product_words()] == []


@pytest.mark.parametrize(("language", "name"), TRANSLATED)
def test_buttons_are_called_as_in_the_translated_product(language: str, name: str) -> None:
    wrong = [f"{there} -> {' or '.join(said)}" for _, there, said in differences(name, language)]
    assert wrong == [], "run `python -m tests.support.manual`"


def test_walk_of_a_new_office_has_numbered_steps_of_less_than_half_an_hour() -> None:
    steps = [words for _, words in headings(text_of("en", "going-live")) if words[0].isdigit()]
    assert [int(words.partition(".")[0]) for words in steps] == list(range(1, len(steps) + 1))
    minutes = [int(found[1]) for words in steps if (found := re.search(r"\((\d+) min\)$", words))]
    assert len(minutes) == len(steps)
    assert sum(minutes) < A_WALK_MIN


@pytest.mark.parametrize("name", manual.NAMES)
def test_uzbek_letters_are_those_of_the_alphabet(name: str) -> None:
    text = re.sub(r"`[^`]*`", "", text_of("uz", name))
    assert re.findall(r"[oOgG]['’‘`ʼ]\w*", text) == []
    assert re.findall(r"\w*[’‘`]\w+", text) == []


def _subject(src: str) -> str:
    return src.rpartition("-")[0]
