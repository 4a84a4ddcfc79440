"""Words: messages that are written once in English and said in the reader's language.

Below the web nothing knows a language: rules and services return `Message` values, made with `msg("…")`, which
the extraction tool finds. A door says them with `say(message, locale)`. Catalogues are the .po files under
`assets/translations/`; they are read as they are, so setting up needs no compile step.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES: tuple[tuple[str, str], ...] = (("en", "English"), ("uz", "Oʻzbekcha"), ("ru", "Русский"))
DEFAULT_LOCALE = "en"
CATALOGUES = Path(__file__).resolve().parent.parent / "translations"


def offered(languages: Sequence[str]) -> list[tuple[str, str]]:
    """The languages with their own names, in the order given."""
    names = dict(LOCALES)
    return [(code, names[code]) for code in languages]


@dataclass(frozen=True)
class Message:
    """English words with named places (`%(name)s`) and what stands in them; a place may hold a Message."""

    text: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return say(self, DEFAULT_LOCALE)


def msg(text: str, /, **params: object) -> Message:
    """A message to be said later; `text` must be a literal, so that it is found for translation."""
    return Message(text, params)


@lru_cache
def translations(locale: str) -> gettext.NullTranslations:
    """The catalogue of a language; English, and what has no catalogue, says the source text."""
    path = CATALOGUES / locale / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return gettext.NullTranslations()
    with path.open("rb") as source:
        catalogue = read_po(source, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def say(message: Message | str, locale: str) -> str:
    """The words of `message` in `locale`."""
    if isinstance(message, str):
        return message
    words = translations(locale).gettext(message.text)
    if not message.params:
        return words
    params = {k: say(v, locale) if isinstance(v, Message) else v for k, v in message.params.items()}
    return words % params
