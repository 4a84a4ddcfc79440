"""Where the docs say that a test holds something, that test is there: `path::name` below tests/, without `test_`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
NAMED = re.compile(r"`((?:[\w/]+\.py)?)::(\w+)`")


def named_in(text: str) -> list[tuple[str, str]]:
    """(path, name) of each test that a text names; after the first of a line its path may be left out."""
    found = []
    for line in text.splitlines():
        path = ""
        for match in NAMED.finditer(line):
            path = match.group(1) or path
            found.append((path, match.group(2)))
    return found


@pytest.mark.parametrize("document", sorted(ROOT.glob("docs/*.md")), ids=lambda path: path.name)
def test_each_test_that_a_document_names_is_there(document: Path) -> None:
    sources: dict[str, str] = {}
    missing = []
    for path, name in named_in(document.read_text()):
        source = sources.setdefault(path, (TESTS / path).read_text() if (TESTS / path).is_file() else "")
        if f"def test_{name}(" not in source:
            missing.append(f"{path}::{name}")
    assert not missing
