"""Rules of symbols and sheets: what a symbol says, whether it fits, what text may do."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.labels import qr
from assets.labels.layouts import LAYOUTS, Layout
from assets.labels.sheet import LabelText, render_sheet
from assets.labels.text import printable
from assets.labels.token import CodeError
from assets.labels.zpl import field_data, zpl

CODE = "84G7ZWYRDA"
BASE = "https://assets.example.uz"


@pytest.mark.parametrize(
    ("name", "cells", "label_mm"),
    [("plain-a4", 24, (63.0, 34.0)), ("L7160", 21, (63.5, 38.1)), ("L7651", 65, (38.1, 21.2))],
)
def test_sheets_have_the_sizes_on_their_packets(name: str, cells: int, label_mm: tuple[float, float]) -> None:
    layout = LAYOUTS[name]
    assert (layout.cells, layout.label_mm) == (cells, label_mm)
    assert layout.described() == {
        "name": name,
        "columns": layout.columns,
        "rows": layout.rows,
        "label_mm": list(label_mm),
    }


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_labels_lie_apart_and_centred_on_the_page(layout: Layout) -> None:
    for axis, count in enumerate((layout.columns, layout.rows)):
        assert layout.pitch_mm[axis] >= layout.label_mm[axis]
        extent = layout.margins_mm[axis] * 2 + layout.pitch_mm[axis] * (count - 1) + layout.label_mm[axis]
        assert extent == pytest.approx(layout.page_mm[axis], abs=0.1)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_a_bare_code_fits_every_layout_with_modules_of_half_a_millimetre(layout: Layout) -> None:
    module_mm = layout.module_mm(len(qr.matrix(CODE)))
    assert module_mm is not None
    assert module_mm >= 0.5
    side = module_mm * (len(qr.matrix(CODE)) + 2 * 4)
    assert side <= min(layout.label_mm) - 2 * layout.padding_mm + 1e-9


@pytest.mark.parametrize(
    ("base", "text", "because"),
    [
        (BASE, "HTTPS://ASSETS.EXAMPLE.UZ/A/84G7ZWYRDA", None),
        (BASE + "/", "HTTPS://ASSETS.EXAMPLE.UZ/A/84G7ZWYRDA", None),
        ("http://10.0.0.5:8000", "HTTP://10.0.0.5:8000/A/84G7ZWYRDA", None),
        (BASE + "/Team/", "https://assets.example.uz/Team/a/84G7ZWYRDA", None),
        ("", CODE, "no_address"),
        ("http://127.0.0.1:8000", CODE, "loopback_address"),
        ("http://localhost", CODE, "loopback_address"),
        ("http://[::1]:8000", CODE, "loopback_address"),
        ("http://0.0.0.0", CODE, "loopback_address"),
        ("https://активы.уз", CODE, "unusable_address"),
        ("ftp://assets.example.uz", CODE, "unusable_address"),
        ("https://me@assets.example.uz", CODE, "unusable_address"),
        (BASE + "?x=1", CODE, "unusable_address"),
        ("https://assets.example.uz:port", CODE, "unusable_address"),
        ("assets.example.uz", CODE, "unusable_address"),
    ],
)
def test_the_symbol_says_our_address_in_capitals_or_the_bare_code(base: str, text: str, because: str | None) -> None:
    said = qr.payload(CODE, base)
    assert (said.text, said.bare_because) == (text, because)


def test_capitals_make_the_symbol_smaller() -> None:
    upper, lower = "HTTPS://ASSETS.EXAMPLE.UZ/A/84G7ZWYRDA", "https://assets.example.uz/a/84G7ZWYRDA"
    assert len(qr.matrix(upper)) < len(qr.matrix(lower))


def test_the_path_draws_exactly_the_dark_modules() -> None:
    modules = qr.matrix(CODE)
    drawn = set()
    for piece in qr.svg_path(modules).removeprefix("M").split("M"):
        place, width = piece.split("h")[0], piece.split("h")[1].split("v")[0]
        x, y = map(int, place.split())
        drawn |= {(x + step - qr.QUIET_ZONE, y - qr.QUIET_ZONE) for step in range(int(width))}
    assert drawn == {(x, y) for y, row in enumerate(modules) for x, dark in enumerate(row) if dark}


def test_an_address_that_does_not_fit_gives_way_to_the_bare_code_and_is_reported() -> None:
    long = "https://" + "a" * 60 + ".example.uz/" + "p" * 300
    report = render_sheet([LabelText(CODE)], LAYOUTS["L7160"], 1, long).report
    assert report.bare_because == "does_not_fit"
    assert render_sheet([LabelText(CODE)], LAYOUTS["L7160"], 1, "https://a.uz/" + "p" * 3000).report == report
    assert render_sheet([LabelText(CODE)], LAYOUTS["L7160"], 1, BASE).report.bare_because is None
    assert render_sheet([LabelText(CODE)], LAYOUTS["L7651"], 1, BASE).report.bare_because == "layout"


def test_the_same_labels_give_the_same_file() -> None:
    labels = [LabelText(CODE, "Patrol vehicle", ("Termez",))]
    assert render_sheet(labels, LAYOUTS["L7160"]).pdf == render_sheet(labels, LAYOUTS["L7160"]).pdf


@pytest.mark.parametrize("start", [0, 22, -1])
def test_a_start_cell_outside_the_sheet_is_refused_with_its_range(start: int) -> None:
    with pytest.raises(ValueError, match="cells 1 to 21"):
        render_sheet([LabelText(CODE)], LAYOUTS["L7160"], start)


def test_nothing_to_print_and_codes_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="no labels"):
        render_sheet([], LAYOUTS["L7160"])
    with pytest.raises(CodeError):
        render_sheet([LabelText("84G7ZWYRDB")], LAYOUTS["L7160"])


def test_a_run_past_the_sheet_takes_another_one() -> None:
    labels = [LabelText(CODE)] * 21
    assert render_sheet(labels, LAYOUTS["L7160"], 1).report.pages == 1
    assert render_sheet(labels, LAYOUTS["L7160"], 2).report.pages == 2


@given(st.text(max_size=120), st.integers(5, 80))
def test_printed_text_is_visible_short_and_goes_one_way(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(letter)[0] == "C" for letter in shown)
    assert shown == shown.strip()


def test_hostile_names_are_cut_and_cleaned() -> None:
    assert printable("A" * 10_000, 20) == "A" * 19 + "…"
    assert printable("a\u202eb\u200bc\u2066d", 20) == "abcd"
    assert printable("e" + "\u0301" * 90 + "x", 20) == "é\u0301\u0301x"
    assert printable("  one\n\n two\t", 20) == "one two"
    assert printable("Qoʻqon, Farg\u02bbona, Ўзбекистон № 7", 60) == "Qoʻqon, Fargʻona, Ўзбекистон № 7"


@given(st.text(max_size=100))
def test_no_text_ends_a_printer_field_or_starts_a_command(text: str) -> None:
    encoded = field_data(text)
    assert "^" not in encoded
    assert "~" not in encoded
    decoded = bytearray()
    at = 0
    while at < len(encoded):
        if encoded[at] == "_":
            decoded.append(int(encoded[at + 1 : at + 3], 16))
            at += 3
        else:
            decoded += encoded[at].encode()
            at += 1
    assert decoded.decode() == text


def test_a_zebra_label_holds_symbol_code_and_text() -> None:
    label = LabelText(CODE, "^XZ~JR <Ўз>", ("b" * 10_000,))
    written = zpl([label, LabelText(CODE)], (51.0, 25.4), 203, BASE)
    assert written.count("^XA") == written.count("^XZ") == 2
    assert "~" not in written
    assert "^BQN,2,5^FH^FDQA,HTTPS://ASSETS.EXAMPLE.UZ/A/84G7ZWYRDA^FS" in written
    assert "^FD84G7Z-WYRDA^FS" in written
    # Too small for the address at half a millimetre a module: the bare code. Too small for that: refused.
    assert "^FDQA,84G7ZWYRDA^FS" in zpl([label], (32.0, 18.0), 203, BASE)
    with pytest.raises(ValueError, match="too small"):
        zpl([label], (15.0, 10.0), 203, BASE)
