"""The manual: Markdown pages on disk, a folder for each language, and how a page becomes part of ours."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from assets.people.rules import Role

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "manual"
PICTURES = FOLDER / "pictures"
LANGUAGES = ("en", "ru", "uz")
INDEX, GOING_LIVE, IN_THE_FIELD = "index", "going-live", "in-the-field"
PAGE_OF: dict[str, str] = {role.value: role.value.replace("_", "-") for role in Role}
"""The page of each role."""
NAMES = (INDEX, GOING_LIVE, IN_THE_FIELD, *PAGE_OF.values())
PHONE_PX = 480
"""A picture that is narrower was taken on a phone, and is shown no wider than it is."""

PICTURE_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\.png")
_PAGE_LINK = re.compile(r"([a-z-]+)\.md(#[a-z0-9-]+)?")
_PICTURE_LINK = re.compile(r"\.\./pictures/(.+)")
_ADDRESS = re.compile(r"/[a-z0-9/-]*")
_PNG_SIZE_AT = 16

# The pages are ours, and still nothing in them is taken for HTML.
_MARKDOWN = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True)
class Section:
    """A part of a page: the anchor that leads to it, and its heading."""

    anchor: str
    title: str


@dataclass(frozen=True)
class ManualPage:
    """One page: its title, the HTML below the title, and its sections."""

    name: str
    title: str
    body: Markup
    sections: tuple[Section, ...]


def source(language: str, name: str) -> str | None:
    """The Markdown of a page; None when there is none (or the manual was not installed with the program)."""
    if language not in LANGUAGES or name not in NAMES:
        return None
    path = FOLDER / language / f"{name}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else None


def title_of(language: str, name: str) -> str:
    """The first heading of a page, '' without one."""
    first = (source(language, name) or "").partition("\n")[0]
    return first.removeprefix("# ").strip()


def page_of(language: str, name: str, opens: Callable[[str], bool], pictures: Path = PICTURES) -> ManualPage | None:
    """The page as HTML: links lead to our pages, and an address such as `/scan` is a link where `opens` says so."""
    text = source(language, name)
    if text is None:
        return None
    tokens = parsed(text)
    # The title stands in the head of the page that shows it.
    title = tokens[1].content if tokens and tokens[0].tag == "h1" else name
    rest = tokens[3:] if tokens and tokens[0].tag == "h1" else tokens
    sections = tuple(_sections(rest))
    for token in rest:
        if token.children:
            token.children = [made for child in token.children for made in _ours(child, opens, pictures)]
    return ManualPage(name, title, Markup(_MARKDOWN.renderer.render(rest, _MARKDOWN.options, {})), sections)  # noqa: S704  # made by the renderer, with HTML off


def parsed(text: str) -> list[Token]:
    """The Markdown as the parser sees it."""
    return _MARKDOWN.parse(text)


def _sections(tokens: list[Token]) -> Iterator[Section]:
    """The headings of the second level; each gets its anchor."""
    found = 0
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            found += 1
            token.attrSet("id", f"part-{found}")
            yield Section(f"part-{found}", inline.content)


def _ours(token: Token, opens: Callable[[str], bool], pictures: Path) -> list[Token]:
    """A piece of a line with links, pictures and addresses as they are in the product."""
    if token.type == "link_open":
        page = _PAGE_LINK.fullmatch(str(token.attrGet("href")))
        if page:
            token.attrSet("href", f"/help/{page[1]}{page[2] or ''}")
    elif token.type == "image":
        return [_picture(token, pictures)]
    elif token.type == "code_inline" and _ADDRESS.fullmatch(token.content) and opens(token.content):
        return [Token("link_open", "a", 1, attrs={"href": token.content}), token, Token("link_close", "a", -1)]
    return [token]


def _picture(token: Token, pictures: Path) -> Token:
    """The picture at our address and in its size; its words where it is not there."""
    found = _PICTURE_LINK.fullmatch(str(token.attrGet("src")))
    size = _size(pictures / found[1]) if found and PICTURE_NAME.fullmatch(found[1]) else None
    if found is None or size is None:
        return Token("text", "", 0, content=f"({token.content})")
    token.attrs |= {
        "src": f"/help/pictures/{found[1]}", "width": size[0], "height": size[1], "loading": "lazy",
        "class": "phone" if size[0] < PHONE_PX else "desktop",
    }  # fmt: skip
    return token


def _size(path: Path) -> tuple[int, int] | None:
    """Width and height in pixels, as the head of the file says; None for what is no PNG."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return None
    return _size_at(path, changed)


@cache
def _size_at(path: Path, _changed: int) -> tuple[int, int] | None:
    with path.open("rb") as file:
        head = file.read(_PNG_SIZE_AT + 8)
    if len(head) < _PNG_SIZE_AT + 8 or not head.startswith(b"\x89PNG"):
        return None
    width, height = struct.unpack(">II", head[_PNG_SIZE_AT:])
    return int(width), int(height)
