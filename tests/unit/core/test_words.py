"""Rules for the catalogues: complete on the way of a scan, placeholders kept, Uzbek letters right, nothing guessed."""

from __future__ import annotations

import re
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from assets.core.i18n import CATALOGUES, LOCALES, say, translations
from assets.registry.rules.asset_fields import ASSET_FIELDS

ROOT = Path(__file__).resolve().parents[3]
TRANSLATED = tuple(locale for locale, _name in LOCALES if locale != "en")

# All that an officer or a logistics officer is shown on the way of a scan and right after it.
SCAN = (
    "assets/calibration/rules.py",
    "assets/core/",
    "assets/custody/",
    "assets/fitness/",
    "assets/labels/",
    "assets/maintenance/rules/",
    "assets/people/",
    "assets/registry/",
    "assets/web/asset_",
    "assets/web/auth.py",
    "assets/web/care.py",
    "assets/web/errors.py",
    "assets/web/event_words.py",
    "assets/web/filters.py",
    "assets/web/guessing.py",
    "assets/web/label_codes.py",
    "assets/web/nav.py",
    "assets/web/parsing.py",
    "assets/web/templates/assets/",
    "assets/web/templates/custody/",
    "assets/web/templates/error.html",
    "assets/web/templates/home.html",
    "assets/web/templates/layout.html",
    "assets/web/templates/pages/",
    "assets/web/templates/parts/",
    "assets/web/templates/scan.html",
    "assets/web/templates/sessions/",
    "assets/web/views/assets.py",
    "assets/web/views/commands/",
    "assets/web/views/custody.py",
    "assets/web/views/home.py",
    "assets/web/views/scan.py",
    "assets/web/views/sessions.py",
)

PLACE = re.compile(r"%\(\w+\)[a-z]|%%|\{\w+\}")
# Between letters: what is typed for U+02BB and U+02BC; after o and g: the tutuq belgisi in place of U+02BB.
WRONG_APOSTROPHE = re.compile(r"(?<=\w)['‘’`´](?=\w)|[oOgG]['‘’`´\u02bc]|(?<![oOgG])\u02bb")


@pytest.fixture(scope="module")
def tool() -> Any:
    """The maintainers' script, which knows where messages stand."""
    loader = SourceFileLoader("words", str(ROOT / ".ci" / "words"))
    spec = spec_from_loader("words", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def on_the_way(tool: Any) -> set[str | tuple[str, str]]:
    """The messages of the files in SCAN; a plural counts as itself, also where its singular stands alone."""
    found = {text for _place, text in tool.messages(SCAN)}
    assert len(found) > 400, "the files of the scan were not found"
    return found


def catalogue(locale: str) -> Catalog:
    with (CATALOGUES / locale / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return read_po(source, locale=locale, abort_invalid=True)


def entries(locale: str) -> list[Message]:
    return [message for message in catalogue(locale) if message.id]


def forms(text: Any) -> list[str]:
    return [form for form in (text if isinstance(text, list | tuple) else [text]) if form]


def places(text: str) -> tuple[list[str], int]:
    """The places of a text, and how many percent signs stand outside them."""
    return sorted(PLACE.findall(text)), PLACE.sub("", text).count("%")


def test_every_file_and_folder_of_the_scan_exists(tool: Any) -> None:
    assert [prefix for prefix in SCAN if not tool.sources([prefix])] == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_message_on_the_way_of_a_scan_is_translated(
    locale: str, tool: Any, on_the_way: set[str | tuple[str, str]]
) -> None:
    known = catalogue(locale)
    missing = []
    for text in on_the_way:
        entry = known.get(text if isinstance(text, str) else text[0])
        if entry is None or not tool.is_translated(entry) or isinstance(text, tuple) != isinstance(entry.id, tuple):
            missing.append(text)
    assert missing == [], "run .ci/words, then translate what it names"


def test_the_template_is_current_for_the_scan(on_the_way: set[str | tuple[str, str]]) -> None:
    with (CATALOGUES / "messages.pot").open("rb") as source:
        template = read_po(source)
    listed = {
        message.id if isinstance(message.id, str) else message.id[0]
        for message in template
        if message.id and any(place.startswith(SCAN) for place, _line in message.locations)
    }
    assert listed == {text if isinstance(text, str) else text[0] for text in on_the_way}, "run .ci/words"


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_translation_keeps_exactly_the_places_of_its_source(locale: str) -> None:
    wrong = []
    for entry in entries(locale):
        allowed = [places(form) for form in forms(entry.id)]
        wrong += [(entry.id, form) for form in forms(entry.string) if places(form) not in allowed]
    assert wrong == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_plural_has_all_its_forms_or_none(locale: str) -> None:
    known = catalogue(locale)
    assert known.num_plurals == {"ru": 3, "uz": 2}[locale]
    plurals = [entry for entry in known if isinstance(entry.id, tuple) and forms(entry.string)]
    assert plurals
    assert [entry.id for entry in plurals if len(forms(entry.string)) != known.num_plurals] == []


@pytest.mark.parametrize(
    ("locale", "n", "words"),
    [
        ("ru", 1, "1 подразделение"),
        ("ru", 3, "3 подразделения"),
        ("ru", 11, "11 подразделений"),
        ("ru", 21, "21 подразделение"),
        ("uz", 1, "1 ta boʻlinma"),
        ("uz", 5, "5 ta boʻlinma"),
    ],
)
def test_a_count_is_said_in_the_form_of_its_number(locale: str, n: int, words: str) -> None:
    assert translations(locale).ngettext("%(num)d unit", "%(num)d units", n) % {"num": n} == words


@pytest.mark.parametrize("locale", TRANSLATED)
def test_no_translation_is_guessed_or_left_over(locale: str) -> None:
    known = catalogue(locale)
    assert [entry.id for entry in known if entry.id and entry.fuzzy] == []
    assert list(known.obsolete) == []


def test_uzbek_is_written_with_its_own_letters() -> None:
    wrong = [
        form
        for entry in entries("uz")
        for form in forms(entry.string)
        if WRONG_APOSTROPHE.search(form) or re.search(r"[а-яёА-ЯЁ]", form)
    ]
    assert wrong == []


@pytest.mark.parametrize("text", ["bo'linma", "bo‘linma", "bo’linma", "g`ildirak", "boʼlinma", "ma’lumot", "maʻlumot"])
def test_wrong_uzbek_apostrophes_are_recognised(text: str) -> None:
    assert WRONG_APOSTROPHE.search(text)


@pytest.mark.parametrize("text", ["boʻlinma", "maʼlumot", "sogʻ", "“yoʻq”", "Oʻzbekiston"])
def test_right_uzbek_letters_pass(text: str) -> None:
    assert not WRONG_APOSTROPHE.search(text)


@pytest.mark.parametrize("locale", TRANSLATED)
def test_an_import_can_tell_the_fields_of_an_asset_apart_by_their_titles(locale: str) -> None:
    titles = [say(field.title, locale).casefold() for field in ASSET_FIELDS.values()]
    assert len(set(titles)) == len(titles)
