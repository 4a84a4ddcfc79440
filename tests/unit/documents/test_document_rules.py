"""Documents: subjects as they are written, titles, what may be shown, what a download is called."""

from __future__ import annotations

import pytest

from assets.core.errors import DomainError, InvalidInput
from assets.documents.rules import (
    KIND_NAMES,
    SUBJECT_NAMES,
    Kind,
    SubjectName,
    Upload,
    check_room,
    check_versions,
    download_name,
    may_be_shown,
    parse_subject,
    title_for,
)


@pytest.mark.parametrize("name", list(SubjectName))
def test_subject_is_written_kind_and_number(name: SubjectName) -> None:
    assert parse_subject(f"{name}:12") == (name, 12)


@pytest.mark.parametrize(
    "text",
    ["", "asset", "asset:", "asset:-1", "asset:1x", "person:1", "asset:9999999999", "asset:١", ":1", "../asset:1"],
)
def test_any_other_subject_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="kind:number"):
        parse_subject(text)


def test_every_kind_and_subject_has_a_name() -> None:
    assert set(KIND_NAMES) == set(Kind)
    assert set(SUBJECT_NAMES) == set(SubjectName)


@pytest.mark.parametrize(
    ("title", "file", "kept"),
    [
        ("Act 12/2026", "x.pdf", "Act 12/2026"),
        ("", "../../Deed of gift.pdf", "Deed of gift"),
        ("  ", "scan.jpeg", "scan"),
        ("a\x00b\u202ec", "x.pdf", "abc"),
    ],
)
def test_title_is_what_was_typed_else_the_name_of_the_file(title: str, file: str, kept: str) -> None:
    assert title_for(title, Upload(b"x", file)) == kept


def test_paper_without_title_and_name_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        title_for("\u202e", Upload(b"x", "///"))
    assert caught.value.fields[0].field == "title"


def test_title_of_ten_thousand_letters_is_refused() -> None:
    with pytest.raises(InvalidInput):
        title_for("x" * 10_000, Upload(b"x", "a.pdf"))


def test_pictures_are_shown_and_a_pdf_never_is() -> None:
    shown = {
        kind for kind in ("image/png", "image/jpeg", "image/webp", "application/pdf", "text/html") if may_be_shown(kind)
    }
    assert shown == {"image/png", "image/jpeg", "image/webp"}


def test_download_is_called_by_its_content_not_by_its_old_name() -> None:
    assert download_name("report.html", 3, "application/pdf") == "report.html-v3.pdf"
    assert download_name("CON", 1, "image/png") == "_CON-v1.png"
    assert download_name("../x", 1, "image/png") == "_x-v1.png"


def test_subject_and_paper_do_not_grow_without_end() -> None:
    for check, most in ((check_room, 499), (check_versions, 100)):
        check(most)
        with pytest.raises(DomainError):
            check(most + 1)
