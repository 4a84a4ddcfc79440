"""Static files as they go over a slow line: style sheets in one, a page's modules in few, of the words one language.

The sources stay small modules, and a page that links those works the same. A phone pays for each request with a round
trip of 400 ms, six at a time over HTTP/1.1: thirty modules are five round trips before anything answers. So the page
that is opened in the yard gets its modules joined: one file for what it needs at once, and one for each `import("…")`.
Module scope, order of running and one instance of each module are those of the sources.

Nothing of JavaScript is parsed: what is read are our own sources, formatted as ours are (statements of import and
export begin a line). What it does not understand is a ValueError, which tests/unit/web/test_joining.py looks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

STATIC = Path(__file__).parent / "static"
FOLDER = "joined"
ROOT = "scan/scan.js"
"""The page whose modules are joined; a chunk belongs to it, since what it leaves out is what the page has already."""
LANGUAGES = ("en", "ru", "uz")

_SHEETS = re.compile(r"joined/css/([a-z-]+(?:/[a-z-]+)?(?:\+[a-z-]+(?:/[a-z-]+)?){0,15})\.css")
_MODULES = re.compile(r"joined/(\w\w)/([a-z/-]+\.js)")
_IMPORT = re.compile(r'^import\s+(?:(\{[^}]*\}|\*\s+as\s+\w+)\s+from\s+)?"([^"]+)";[^\n]*\n', re.MULTILINE)
_PASSED_ON = re.compile(r'^export\s+\{([^}]*)\}\s+from\s+"([^"]+)";\n', re.MULTILINE)
_LATER = re.compile(r'(?<![.\w])import\("([^"]+)"\)')
_EXPORTED = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
_EXPORT_LIST = re.compile(r"^export \{([^}]*)\};\n", re.MULTILINE)
_LINES_OF_COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*\*?(?:(?!\*/).)*\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)
_TYPE_IN_A_LINE = re.compile(r"/\*\* ?@\w+ [^\n]*?\*/ ?")
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_CATALOGUE = re.compile(r"^const (EN|RU|UZ) = (\{\n.*?^\});\n", re.MULTILINE | re.DOTALL)


def joined(name: str) -> bytes | None:
    """The text behind a static name that begins with `joined/`; None for one that is none of ours."""
    if sheets := _SHEETS.fullmatch(name):
        return _sheets(tuple(sheets[1].split("+")))
    if modules := _MODULES.fullmatch(name):
        language, entry = modules.groups()
        return _written(entry, language) if language in LANGUAGES and entry in _chunks() else None
    return None


def chunk_names(language: str) -> list[str]:
    """The names below /static/<version>/ of all that the scan page can come to load, the first one first."""
    return [f"{FOLDER}/{language}/{entry}" for entry in _chunks()]


@lru_cache(maxsize=64)
def _sheets(names: tuple[str, ...]) -> bytes | None:
    paths = [STATIC / "css" / f"{name}.css" for name in names]
    if not all(path.is_file() for path in paths):
        return None
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    return _INDENT.sub("", re.sub(r"/\*.*?\*/\s*", "", text, flags=re.DOTALL)).encode()


@dataclass
class _Chunk:
    """What is loaded together: its entry, its modules in the order in which they run, the chunks it needs first."""

    entry: str
    modules: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)


@lru_cache(maxsize=1)
def _chunks() -> dict[str, _Chunk]:
    """The chunks by entry: the page's own, then one for each import that waits, in the order in which they are met."""
    found: dict[str, _Chunk] = {}
    home: dict[str, str] = {}
    entries = [ROOT]
    for entry in entries:
        if entry in home:
            raise ValueError(f"{entry} is imported at once and later: one of the two says nothing")
        chunk = found[entry] = _Chunk(entry)
        for name in _in_order(entry, home, ()):
            if name not in home:
                home[name] = entry
                chunk.modules.append(name)
            elif home[name] != entry and home[name] not in chunk.needs:
                chunk.needs.append(home[name])
        entries += [late for name in chunk.modules for late in _later(name) if late not in entries]
    return found


def _in_order(name: str, home: dict[str, str], above: tuple[str, ...]) -> Iterator[str]:
    if name in above:
        raise ValueError(f"modules in a circle: {' > '.join((*above, name))}")
    for needed in _needed(name):
        if needed not in home:
            yield from _in_order(needed, home, (*above, name))
        else:
            yield needed
    yield name


def _needed(name: str) -> list[str]:
    text = _bare(name)
    return [_at(name, found[2]) for found in (*_IMPORT.finditer(text), *_PASSED_ON.finditer(text))]


def _later(name: str) -> list[str]:
    return [_at(name, found[1]) for found in _LATER.finditer(_bare(name))]


def _at(name: str, address: str) -> str:
    if not address.startswith("."):
        raise ValueError(f"{name} imports {address}: only files beside it can be joined")
    return normpath(str(PurePosixPath(name).parent / address))


@lru_cache(maxsize=128)
def _bare(name: str) -> str:
    """A source without its comments and indents, which are for those who read it here."""
    text = (STATIC / name).read_text(encoding="utf-8")
    return _INDENT.sub("", _LINES_OF_COMMENT.sub("", _TYPE_IN_A_LINE.sub("", text)))


@lru_cache(maxsize=64)
def _written(entry: str, language: str) -> bytes:
    chunk = _chunks()[entry]
    lines = ["export const m = {};\n" if chunk.entry == ROOT else f'import {{ m }} from "{_to(chunk, ROOT)}";\n']
    lines += [f'import "{_to(chunk, needed)}";\n' for needed in chunk.needs if needed != ROOT]
    exported: list[str] = []
    for name in chunk.modules:
        body, exported = _wrapped(name, chunk, language)
        lines.append(body)
    if exported and chunk.entry != ROOT:
        lines.append(f'export const {{ {", ".join(exported)} }} = m["{chunk.entry}"];\n')
    return "".join(lines).encode()


def _to(chunk: _Chunk, entry: str) -> str:
    """From a chunk to another one of the same language."""
    found = relpath(entry, PurePosixPath(chunk.entry).parent)
    return found if found.startswith(".") else f"./{found}"


def _wrapped(name: str, chunk: _Chunk, language: str) -> tuple[str, list[str]]:
    """A module as a function of its own that gives back what it exports, and the names of that."""
    text = _one_language(_bare(name), language)
    passed_on = [part for found in _PASSED_ON.finditer(text) for part in _names(found[1])]
    text = _PASSED_ON.sub(r'import {\1} from "\2";' + "\n", text)
    text = _IMPORT.sub(lambda found: _taken(name, found), text)
    listed = [part for found in _EXPORT_LIST.finditer(text) for part in _names(found[1])]
    exported = [found[2] for found in _EXPORTED.finditer(text)] + listed + passed_on
    text = _EXPORT_LIST.sub("", _EXPORTED.sub(r"\1 \2", text))
    if wrong := re.search(r"^(?:import|export)\b(?!\()[^\n]*", text, re.MULTILINE):
        raise ValueError(f"{name}: {wrong[0]} is not understood")
    text = _LATER.sub(lambda found: f'import("{_to(chunk, _at(name, found[1]))}")', text)
    source = relpath(name, PurePosixPath(f"{FOLDER}/{language}/{chunk.entry}").parent)
    text = text.replace("import.meta.url", f'new URL("{source}", import.meta.url).href')
    return f'm["{name}"] = (() => {{\n{text}return {{ {", ".join(exported)} }};\n}})();\n', exported


def _names(listed: str) -> list[str]:
    found = [part.strip() for part in listed.split(",") if part.strip()]
    if wrong := [part for part in found if " as " in part]:
        raise ValueError(f"exported under another name: {wrong}")
    return found


def _taken(name: str, found: re.Match[str]) -> str:
    what, address = found.groups()
    if what is None:
        return ""
    names = what.removeprefix("* as ") if what.startswith("*") else re.sub(r"\s+as\s+", ": ", what)
    return f'const {names} = m["{_at(name, address)}"];\n'


def _one_language(text: str, language: str) -> str:
    """The catalogue of words with the asked language under every name: all have the same words (tsc looks)."""
    catalogues = {found[1]: found[2] for found in _CATALOGUE.finditer(text)}
    if set(catalogues) != {"EN", "RU", "UZ"}:
        return text
    kept = catalogues[language.upper()]
    return _CATALOGUE.sub(
        lambda found: f"const EN = {kept};\n" if found[1] == "EN" else f"const {found[1]} = EN;\n", text
    )
