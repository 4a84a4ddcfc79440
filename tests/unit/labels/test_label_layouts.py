"""Rules of symbols and sheets: what a symbol says, whether it fits, what text may do."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.labels import qr
from assets.labels.layouts import LAYOUTS, TOO_SMALL, Layout
from assets.labels.sheet import LabelText, render_sheet
from assets.labels.text import printable
from assets.labels.token import CodeError
from assets.labels.zpl import field_data, zpl

CODE = "84G7ZWYRDA"
BASE = "https://assets.example.uz"


@pytest.mark.parametrize(
    ("name", "cells", "label_mm"),
    [  # what stands on the packets
        ("plain-a4", 24, (63.0, 34.0)), ("L7160", 21, (63.5, 38.1)), ("L7161", 18, (63.5, 46.6)),
        ("L7159", 24, (63.5, 33.9)), ("L7162", 16, (99.1, 33.9)), ("L7163", 14, (99.1, 38.1)),
        ("L7651", 65, (38.1, 21.2)), ("L7636", 48, (45.7, 21.2)), ("L4736", 48, (45.7, 21.2)),
        ("3490", 24, (70.0, 36.0)), ("5160", 30, (66.675, 25.4)), ("5163", 10, (101.6, 50.8)),
        ("5267", 80, (44.45, 12.7)),
    ],
)  # fmt: skip
def test_sheets_have_the_sizes_on_their_packets(name: str, cells: int, label_mm: tuple[float, float]) -> None:
    layout = LAYOUTS[name]
    assert layout.cells == cells
    assert layout.label_mm == pytest.approx(label_mm)
    assert layout.page_mm == ((215.9, 279.4) if name.startswith("5") else (210.0, 297.0))
    assert layout.described() == {
        "name": name,
        "columns": layout.columns,
        "rows": layout.rows,
        "label_mm": list(layout.label_mm),
    }


@pytest.mark.parametrize(
    ("name", "left", "top", "pitch"),
    [
        ("L7160", 7.2, 15.15, (66.0, 38.1)), ("L7163", 4.65, 15.15, (101.6, 38.1)),
        ("L7162", 4.65, 12.9, (101.6, 33.9)), ("L7651", 4.7, 10.7, (40.6, 21.2)),
        ("5160", 4.76, 12.7, (69.85, 25.4)), ("5163", 3.97, 12.7, (106.36, 50.8)),
        ("5267", 7.14, 12.7, (52.39, 12.7)), ("3490", 0.0, 4.5, (70.0, 36.0)),
    ],
)  # fmt: skip
def test_the_first_label_and_the_steps_are_those_of_the_packet(
    name: str, left: float, top: float, pitch: tuple[float, float]
) -> None:
    layout = LAYOUTS[name]
    assert layout.margins_mm == pytest.approx((left, top), abs=0.06)
    assert layout.pitch_mm == pytest.approx(pitch, abs=0.06)


def test_a_tape_too_narrow_for_any_symbol_says_by_how_much() -> None:
    tape = TOO_SMALL["tape-12"]
    assert tape.module_mm(len(qr.matrix(CODE))) is None
    # 21 modules and the quiet zone of 4 on both sides at 0.5 mm are 14.5 mm.
    assert tape.missing_mm(len(qr.matrix(CODE))) == pytest.approx((0.0, 2.5))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
@pytest.mark.parametrize("text", [CODE, "HTTPS://ASSETS.EXAMPLE.UZ/A/84G7ZWYRDA"])
def test_nothing_dark_lies_where_the_printer_cannot_reach(layout: Layout, text: str) -> None:
    modules = len(qr.matrix(text))
    module = layout.module_mm(modules)
    if module is None:
        return  # This layout holds the bare code instead.
    place = layout.place(modules)
    quiet = layout.quiet * module
    for axis in (0, 1):
        first, last = place.symbol_mm[axis] + quiet, place.symbol_mm[axis] + place.side_mm - quiet
        assert first >= layout.edge_mm[axis] - 1e-6
        assert last <= layout.label_mm[axis] - layout.edge_mm[axis] + 1e-6
        assert place.text_mm[axis] >= layout.edge_mm[axis] - 1e-6
        end = place.text_mm[axis] + place.text_size_mm[axis]
        assert end <= layout.label_mm[axis] - layout.edge_mm[axis] + 1e-6
    assert place.text_mm[0] >= place.symbol_mm[0] + place.side_mm - 1e-6
    assert place.text_size_mm[0] >= 10


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
    assert module_mm >= 0.5 - 1e-9
    side = module_mm * (len(qr.matrix(CODE)) + 2 * 4)
    assert layout.place(len(qr.matrix(CODE))).side_mm <= min(layout.label_mm) - 2 * layout.padding_mm + 1e-9
    assert side <= min(layout.label_mm) or layout.name == "5267"  # half an inch: half of the quiet zone


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


@pytest.mark.parametrize("name", [layout.name for layout in LAYOUTS.values() if layout.media == "roll"])
@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_every_roll_prints_on_a_zebra_within_its_label(name: str, dpi: int) -> None:
    layout = LAYOUTS[name]
    written = zpl([LabelText(CODE, "Йўл танламас автомобиль", ("Oʻlchash asbobi",))], layout.label_mm, dpi, BASE)
    width, height = (round(side * dpi / 25.4) for side in layout.label_mm)
    assert f"^PW{width}^LL{height}^" in written
    if dpi == 600:  # the printer's own symbols end at ten dots a module: drawn as boxes
        boxes = [tuple(map(int, found)) for found in re.findall(r"\^FO(\d+),(\d+)\^GB(\d+),(\d+),\d+", written)]
        left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
        magnification = boxes[0][3]
        modules = (max(box[1] for box in boxes) - top) // magnification + 1
        text = next(text for text in (CODE, f"HTTPS://ASSETS.EXAMPLE.UZ/A/{CODE}") if len(qr.matrix(text)) == modules)
        drawn = {
            ((x - left) // magnification + step, (y - top) // magnification)
            for x, y, wide, _ in boxes
            for step in range(wide // magnification)
        }
        assert drawn == {(x, y) for y, row in enumerate(qr.matrix(text)) for x, is_dark in enumerate(row) if is_dark}
    else:
        left, top, magnification = map(int, re.findall(r"\^FO(\d+),(\d+)\^BQN,2,(\d+)", written)[0])
        modules = len(qr.matrix("HTTPS://ASSETS.EXAMPLE.UZ/A/" + CODE if "HTTPS" in written else CODE))
    assert magnification >= 0.5 * dpi / 25.4
    quiet, dark = 4 * magnification, modules * magnification
    assert min(left, top) >= quiet
    # Firmware may draw the symbol ten dots lower.
    assert top + dark + 10 <= height
    for x, y, size in re.findall(r"\^FO(\d+),(\d+)\^A0N,(\d+),", written):
        assert int(x) >= left + dark + quiet
        assert int(y) + int(size) <= height
    # No size of text is fixed in millimetres, so that all three lines are there on every roll.
    assert written.count("^A0N") == 3
