"""What stands in the pages of the manual, and what the product calls its buttons: for tests and for translators.

`python -m tests.support.manual` puts the words of the catalogues into the Russian and Uzbek pages where a button is
called otherwise there, and tells what it changed. `--untranslated` lists the buttons that have no translation yet, each
with what the manual calls it (English, Russian, Uzbek; tab between them).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it.token import Token

from assets.core.i18n import translations
from assets.web import manual

ROOT = Path(__file__).resolve().parents[2]
WORD_FILES = tuple(
    ROOT / "assets/web/static" / name for name in ("scan/words.js", "scan/checks.js", "scan/kit.js", "shifts/words.js")
)
BOLD = re.compile(r"\*\*(.+?)\*\*")


def inlines(text: str) -> Iterator[Token]:
    """Every piece of the lines of a page."""
    for token in manual.parsed(text):
        yield from token.children or ()


def buttons(text: str) -> list[str]:
    """The words in bold, in their order: those that stand in the product exactly so."""
    return BOLD.findall(text)


def addresses(text: str) -> list[str]:
    """The addresses of pages, in their order."""
    return [token.content for token in inlines(text) if token.type == "code_inline" and token.content.startswith("/")]


def pictures(text: str) -> list[str]:
    """The pictures that a page links, as written."""
    return [str(token.attrGet("src")) for token in inlines(text) if token.type == "image"]


def links(text: str) -> list[str]:
    """Where the links of a page lead, as written."""
    return [str(token.attrGet("href")) for token in inlines(text) if token.type == "link_open"]


def headings(text: str) -> list[tuple[str, str]]:
    """(h1, h2, …; words) of each heading."""
    tokens = manual.parsed(text)
    return [(token.tag, words.content) for token, words in pairwise(tokens) if token.type == "heading_open"]


@cache
def collector() -> Any:
    """`.ci/words`, which finds every message of the product."""
    loader = SourceFileLoader("words", str(ROOT / ".ci" / "words"))
    spec = spec_from_loader("words", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@cache
def phone_words() -> dict[str, dict[str, str]]:
    """The words of the pages that are drawn on the phone: language -> file and id -> words."""
    found: dict[str, dict[str, str]] = {language: {} for language in manual.LANGUAGES}
    for path in WORD_FILES:
        for name, body in re.findall(r"const (EN|RU|UZ) = \{(.*?)\n\};", path.read_text(encoding="utf-8"), re.DOTALL):
            words = re.findall(r'^\s+(\w+): "(.*)",$', body, re.MULTILINE)
            found[name.lower()] |= {f"{path.parent.name}/{path.stem}.{key}": text for key, text in words}
    return found


@cache
def product_words() -> frozenset[str]:
    """Everything that the product says in English."""
    said = {form for _, text in collector().messages() for form in ([text] if isinstance(text, str) else text)}
    return frozenset(said | set(phone_words()["en"].values()))


def translated(words: str, language: str) -> list[str]:
    """What the product calls it in the language: on its pages, then on the phone; [] when it says English yet."""
    found = [translations(language).gettext(words)]
    english = phone_words()["en"]
    found += [phone_words()[language][key] for key, text in english.items() if text == words]
    return [text for text in dict.fromkeys(found) if text != words]


def differences(name: str, language: str) -> list[tuple[int, str, list[str]]]:
    """(which bold words of the page, what stands there, what the product says) where the two differ."""
    english, other = (buttons(manual.source(lang, name) or "") for lang in ("en", language))
    found = []
    for n, (wanted, there) in enumerate(zip(english, other, strict=True)):
        said = translated(wanted, language)
        if said and there not in said:
            found.append((n, there, said))
    return found


def _rewrite(name: str, language: str) -> Iterator[str]:
    wrong = {n: said[0] for n, _, said in differences(name, language)}
    path = manual.FOLDER / language / f"{name}.md"
    text = path.read_text(encoding="utf-8")
    for n, match in reversed(list(enumerate(BOLD.finditer(text)))):
        if n in wrong:
            yield f"{language}/{name}.md: {match[1]} -> {wrong[n]}"
            text = f"{text[: match.start(1)]}{wrong[n]}{text[match.end(1) :]}"
    path.write_text(text, encoding="utf-8")


def _untranslated() -> Iterator[str]:
    rows = []
    for name in manual.NAMES:
        pages = [buttons(manual.source(language, name) or "") for language in manual.LANGUAGES]
        rows += [row for row in zip(*pages, strict=True) if not all(translated(row[0], lang) for lang in ("ru", "uz"))]
    yield from ("\t".join(row) for row in dict.fromkeys(rows))


def main(arguments: list[str]) -> int:
    if "--untranslated" in arguments:
        lines = list(_untranslated())
    else:
        lines = [line for name in manual.NAMES for language in ("ru", "uz") for line in _rewrite(name, language)]
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
