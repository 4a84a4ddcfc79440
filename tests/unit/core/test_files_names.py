"""Names that people give to files: words to be shown, never a path, never a device."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.core.files.names import display_name, file_name, title_of

HOSTILE = st.text(st.sampled_from("aZ0 ./\\:\x00\u202e\u200b\ud800\n\t-*?<>|\"'ўʻ語"), max_size=60) | st.text(
    max_size=300
)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\deed.pdf", "deed.pdf"),
        ("/absolute/act.pdf", "act.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b.pdf", "ab.pdf"),
        ("  scan\n 12 .pdf", "scan 12 .pdf"),
        ("...", ""),
        ("e\u0301.png", "é.png"),
        ("Далолатнома №5.pdf", "Далолатнома №5.pdf"),
    ],
)
def test_shown_name_is_the_last_part_in_plain_characters(sent: str, shown: str) -> None:
    assert display_name(sent) == shown


def test_endless_name_is_cut() -> None:
    assert len(display_name("x" * 10_000 + ".pdf")) <= 200


def test_title_leaves_the_ending_out() -> None:
    assert title_of("dir/Handover act.v2.PDF") == "Handover act.v2"
    assert title_of(".pdf") == "pdf"


@pytest.mark.parametrize("name", ["CON", "nul.txt", "Aux", "com1", "LPT9.pdf", "con .x", "COM¹"])
def test_device_is_never_a_file_name(name: str) -> None:
    assert file_name(name, "file").startswith("_")


@given(HOSTILE)
def test_shown_name_holds_nothing_that_is_not_seen(sent: str) -> None:
    shown = display_name(sent)
    assert len(shown) <= 200
    assert not {"/", "\\"} & set(shown)
    assert not [c for c in shown if unicodedata.category(c)[0] == "C"]


@given(HOSTILE)
def test_file_name_is_one_part_of_a_path_on_every_system(sent: str) -> None:
    name = file_name(sent, "file")
    assert name not in {"", ".", ".."}
    assert PurePosixPath(name).parts == (name,)
    assert PureWindowsPath(name).parts == (name,)
    assert not PureWindowsPath(name).is_reserved()
    assert len(name) <= 81
