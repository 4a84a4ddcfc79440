"""Joined files say what their sources say: every module once, in order, with everything that others take from it."""

from __future__ import annotations

import re
from posixpath import dirname, join, normpath

import pytest

from assets.web import joining
from assets.web.compression import static_text
from assets.web.joining import LANGUAGES, ROOT, chunk_names, joined

MODULE = re.compile(r'^m\["([^"]+)"\] = \(\(\) => \{$', re.MULTILINE)
TAKEN = re.compile(r'^const \{([^}]*)\} = m\["([^"]+)"\];$', re.MULTILINE)
GIVEN = re.compile(r"^return \{([^}]*)\};\n\}\)\(\);$", re.MULTILINE)


def text_of(name: str) -> str:
    content = joined(name)
    assert content is not None, name
    return content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_module_is_there_once_before_those_that_need_it(language: str) -> None:
    given: dict[str, set[str]] = {}
    for name in chunk_names(language):
        text = text_of(name)
        parts = list(MODULE.finditer(text))
        for part, gives in zip(parts, GIVEN.finditer(text), strict=True):
            body = text[part.end() : gives.start()]
            for names, source in TAKEN.findall(body):
                wanted = {each.split(":")[0].strip() for each in names.split(",")}
                assert wanted <= given[source], f"{part[1]} takes from {source}"
            assert part[1] not in given, f"{part[1]} is there twice"
            given[part[1]] = {each.strip() for each in gives[1].split(",")} - {""}
        assert not re.search(r"^(import|export) .* from (?!\"\.)", text, re.MULTILINE)
    assert {ROOT, "app.js", "outbox/outbox.js"} <= given.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_chunks_ask_for_each_other_by_addresses_that_are_there(language: str) -> None:
    names = chunk_names(language)
    for name in names:
        asked = re.findall(r'import(?: \{ m \} from )? ?\(?"(\.[^"]+)"', text_of(name))
        assert {normpath(join(dirname(name), address)) for address in asked} <= set(names), name
    assert names[0].endswith(ROOT)


def test_files_beside_a_module_are_still_found_from_the_joined_one() -> None:
    for name in chunk_names("uz"):
        for source in re.findall(r'new URL\("(\.[^"]+)", import\.meta\.url\)\.href', text_of(name)):
            assert (joining.STATIC / normpath(join(dirname(name), source))).is_file(), source


def test_words_are_of_one_language_and_all_of_them() -> None:
    texts = {language: text_of(chunk_names(language)[0]) for language in LANGUAGES}
    keys = {language: set(re.findall(r"^(\w+): [\"']", text, re.MULTILINE)) for language, text in texts.items()}
    assert keys["en"] == keys["ru"] == keys["uz"]
    assert "camera_point" in keys["en"]
    for language, text in texts.items():
        own = re.findall(r'^camera_point: "([^"]+)"', text, re.MULTILINE)
        assert len(own) == 1, language
    assert len({re.findall(r"^camera_point: (.*)", text, re.MULTILINE)[0] for text in texts.values()}) == 3


def test_style_sheets_are_joined_in_the_order_asked_for() -> None:
    text = text_of("joined/css/tokens+base+parts/form.css")
    assert "/*" not in text
    first, second = (text_of(f"joined/css/{name}.css") for name in ("tokens", "base"))
    assert text.startswith(first + second)
    assert static_text("joined/css/tokens+base.css") == static_text("joined/css/tokens+base.css")


@pytest.mark.parametrize(
    "name",
    [
        "joined/css/nothing.css", "joined/css/../../app.css", "joined/css/parts/../tokens.css", "joined/css/.css",
        "joined/de/scan/scan.js", "joined/en/app.js", "joined/en/scan/../scan/scan.js", "joined/scan/scan.js",
    ],
)  # fmt: skip
def test_nothing_else_is_handed_out(name: str) -> None:
    assert joined(name) is None
