"""Tables as files: nothing runs as a formula, numbers stay numbers, bad files are refused in words with their row."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from assets.core.errors import InvalidInput
from assets.exchange.tables import MAX_BYTES, Table, read_table, write_csv, write_xlsx
from assets.exchange.tables.formulas import is_dangerous, neutral, original
from assets.exchange.tables.model import RawRow, table_of

DANGEROUS = [
    "=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "'=1",
    "“=1",
    "＝1", "＋1+1", "－1+1", "＠SUM(A1)", "\u200b=1", "\ufeff=1", "-", "--1", "-1e5x",
]  # fmt: skip
HARMLESS = ["", "Buster K910B", "A-1", "1=1", "-5", "+998901234567", "-12.75", "Oʻktam", "3-4", "x@y.uz"]


def csv_of(*rows: list[object], columns: tuple[str, ...] = ("a", "b")) -> bytes:
    return b"".join(write_csv(columns, rows))


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def refused(content: bytes, name: str = "file") -> InvalidInput:
    with pytest.raises(InvalidInput) as error:
        read_table(name, content)
    return error.value


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_a_spreadsheet_could_run_is_neutralised_and_read_back(text: str) -> None:
    assert neutral(text) == "'" + text
    assert original(neutral(text)) == text
    assert cells(csv_of([text, "x"]))[1][0] == "'" + text


@pytest.mark.parametrize("text", HARMLESS)
def test_plain_text_and_numbers_with_a_sign_stay_as_they_are(text: str) -> None:
    assert neutral(text) == text


@given(st.text())
def test_neutral_text_never_runs_and_comes_back(text: str) -> None:
    assert original(neutral(text)) == text
    if is_dangerous(text):
        assert neutral(text).startswith("'")


def test_numbers_and_times_stay_what_they_are_in_csv() -> None:
    moment = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
    row: list[object] = [-5, Decimal("-0.50"), -1.5, None, True, date(2026, 11, 2), moment]
    written = cells(csv_of(row, columns=tuple("abcdefg")))[1]
    assert written == ["-5", "-0.50", "-1.5", "", "true", "2026-11-02", "2026-11-02T06:00:00Z"]


def test_heads_are_neutralised_too() -> None:
    assert cells(csv_of(columns=("=cmd()", "b")))[0] == ["'=cmd()", "b"]


def test_a_workbook_holds_text_as_text_and_numbers_as_numbers() -> None:
    content = write_xlsx(
        ["a", "b", "c", "d"], [["=1+1", -5, Decimal("2.50"), date(2026, 11, 2)], ["https://x", "007", 1, ""]]
    )
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    first = sheet[2]
    assert [cell.data_type for cell in first] == ["s", "n", "n", "d"]
    assert first[0].value == "=1+1"
    # The mark keeps it text when somebody edits the cell.
    assert first[0].quotePrefix
    assert sheet["B3"].value == "007"
    assert sheet["A3"].hyperlink is None


def test_too_long_and_unwritable_text_does_not_vanish() -> None:
    content = write_xlsx(["a"], [["x" * 40_000], ["\ud800"]])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert len(sheet["A2"].value) == 32_767
    assert sheet["A3"].value == "?"


def test_a_long_list_is_written_in_pieces() -> None:
    pieces = list(write_csv(["a"], ([n] for n in range(2000))))
    assert len(pieces) > 3
    assert len(cells(b"".join(pieces))) == 2001


TEXT = "serial;имя\nA-1;Ғанижон\n"


@pytest.mark.parametrize(
    ("content", "read_as"),
    [
        (TEXT.encode("utf-8-sig"), "csv, utf-8, semicolon"),
        (TEXT.encode(), "csv, utf-8, semicolon"),
        (TEXT.encode("utf-16"), "csv, utf-16, semicolon"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "csv, utf-16, semicolon"),
        (TEXT.replace(";", "\t").encode(), "csv, utf-8, tab"),
        (TEXT.replace(";", ",").encode(), "csv, utf-8, comma"),
        (("sep=;\n" + TEXT).encode(), "csv, utf-8, semicolon"),
        (TEXT.replace("\n", "\r\n").encode(), "csv, utf-8, semicolon"),
    ],
)
def test_encodings_and_separators_are_found(content: bytes, read_as: str) -> None:
    table = read_table("x.csv", content)
    assert (table.columns, table.read_as) == (("serial", "имя"), read_as)
    assert (table.rows[0].number, table.rows[0].cells) == (2, {"serial": "A-1", "имя": "Ғанижон"})


def test_utf_16_without_a_mark_and_windows_1251_are_found() -> None:
    latin = "serial;unit\nA-1;IMT-TK\n"
    for encoding in ("utf-16-le", "utf-16-be"):
        assert read_table("x.csv", latin.encode(encoding)).rows[0].text("unit") == "IMT-TK"
    cyrillic = read_table("x.csv", "номер;имя\n1;Иванов\n".encode("cp1251"))
    assert (cyrillic.rows[0].text("имя"), cyrillic.read_as) == ("Иванов", "csv, windows-1251, semicolon")


def test_a_damaged_utf_8_file_is_refused_with_its_row_not_guessed() -> None:
    content = "a,b\nҒанижон,1\nЎткир,2\n".encode() + b"\xd0,3\n"
    error = refused(content)
    assert (error.code, error.fields[0].row) == ("file_encoding", 4)


def test_a_separator_inside_quotes_is_no_separator() -> None:
    table = read_table("x.csv", b'"a,b,c";d\n"x,y";z\n')
    assert table.columns == ("a_b_c", "d")


def test_rows_keep_their_numbers_over_blank_rows_and_line_breaks() -> None:
    table = read_table("x.csv", b'a,b\n\n"two\nlines",1\n , \nx,2\n')
    assert [row.number for row in table.rows] == [3, 5]
    assert table.rows[0].text("a") == "two\nlines"


def test_a_nul_is_a_problem_of_its_row_alone() -> None:
    table = read_table("x.csv", b"a,b\n1,2\n3,4\x00\n5,6\n")
    assert [(row.number, [(p.field, p.code, p.row) for p in row.problems]) for row in table.rows] == [
        (2, []),
        (3, [("b", "nul", 3)]),
        (4, []),
    ]


def test_a_cell_under_no_head_is_a_problem_of_its_row() -> None:
    (row,) = read_table("x.csv", b"a,b\n1,2,3\n").rows
    assert [problem.code for problem in row.problems] == ["no_column"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b" \n ", "file_empty"),
        (b"a,b\n", "no_rows"),
        (b",,\n1,2,3\n", "no_head"),
        (b"a,A\n1,2\n", "column_twice"),
        (b'a,b\n"unclosed,1\n', "file_malformed"),
        (b'a,b\n"x"y,1\n', "file_malformed"),
        (b"x" * (MAX_BYTES + 1), "file_too_large"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old", "file_type"),
        (b"PK\x03\x04 not a zip", "file_malformed"),
        (",".join(f"c{n}" for n in range(201)).encode() + b"\n1\n", "too_many_columns"),
    ],
)
def test_files_that_cannot_be_read_are_refused_with_a_code(content: bytes, code: str) -> None:
    assert refused(content).code == code


def test_more_than_a_hundred_thousand_rows_are_refused() -> None:
    rows = (RawRow(n, ["x"]) for n in range(1, 100_003))
    with pytest.raises(InvalidInput) as error:
        table_of(rows, "csv")
    assert error.value.code == "too_many_rows"


def archive(**parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return target.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = archive(xl__workbook_xml=b"<workbook/>", xl__worksheets__sheet1_xml=b" " * (60 * 2**20))
    assert len(bomb) < 2**20
    assert refused(bomb).code == "file_too_large"


def test_other_archives_and_declared_entities_are_refused() -> None:
    assert refused(archive(content_xml=b"<x/>")).code == "file_type"
    billion = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><workbook>&a;</workbook>'
    assert refused(archive(xl__workbook_xml=billion)).code == "file_malformed"


def workbook(fill: object) -> Table:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    page = book.add_worksheet()
    page.write_row(0, 0, ["Serial number", "value", "received_on"])
    fill(book, page)  # type: ignore[operator]  # a small function per test
    book.close()
    return read_table("x.xlsx", target.getvalue())


def test_a_workbook_gives_cached_formula_values_whole_numbers_and_iso_days() -> None:
    def fill(book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet) -> None:
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        page.write_number(3, 0, 12345)
        page.write_formula(3, 1, "=100+0.5", None, 100.5)
        page.write_datetime(3, 2, datetime(2021, 5, 6), day)  # noqa: DTZ001  # a spreadsheet's day has no zone

    (row,) = workbook(fill).rows
    assert (row.number, dict(row.cells)) == (
        4,
        {"serial_number": "12345", "value": "100.5", "received_on": "2021-05-06"},
    )


def test_error_cells_and_numbers_that_lost_digits_are_problems_of_their_row() -> None:
    def fill(_book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet) -> None:
        page.write_formula(1, 1, "=1/0", None, "#DIV/0!")
        page.write_number(2, 0, 12345678901234567)

    rows = workbook(fill).rows
    assert [(row.number, [p.code for p in row.problems]) for row in rows] == [(2, ["cell_error"]), (3, ["digits_lost"])]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_words(content: bytes) -> None:
    try:
        table = read_table("x", content)
    except InvalidInput:
        return
    assert table.rows
    assert table.columns


PLAIN = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=12)


@given(st.lists(st.lists(PLAIN, min_size=2, max_size=2), min_size=1, max_size=8))
def test_what_was_written_is_read_back(rows: list[list[str]]) -> None:
    for content in (b"".join(write_csv(["a", "b"], rows)), write_xlsx(["a", "b"], rows)):
        read = [[row.text("a"), row.text("b")] for row in read_table("x", content).rows]
        assert read == rows
