"""Printed sheets as a scanner sees them: every label decodes, in its cell, in its place, with its quiet zone white."""

import random
import re
import subprocess
import time
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from assets.labels import qr
from assets.labels.layouts import LAYOUTS, Layout
from assets.labels.sheet import Adjustment, LabelText, Sheet, render_sheet
from assets.labels.token import code_from_scan, format_code, new_code
from assets.labels.trial import crosses_mm, render_trial
from assets.registry.rules.label_layouts import parse_layout

pytestmark = pytest.mark.e2e

BASE = "https://assets.example.uz"
CODE = "84G7ZWYRDA"
PT = 72 / 25.4
DPI = 300
PX_PER_MM = DPI / 25.4
OUT_OF_PLACE_MM = 0.2
LEAST_MODULE_MM = 0.5
DARK = 128
SHEETS = [layout for layout in LAYOUTS.values() if layout.media == "sheet"]
ROLLS = [layout for layout in LAYOUTS.values() if layout.media == "roll"]
# By numbers, as people type them in: to the edge of the page, uneven, the least that holds a symbol, a roll.
OWN = [
    parse_layout({"name": name, "page_width_mm": page[0], "page_height_mm": page[1], **more}).layout()
    for name, page, more in (
        ("own-edge", ("210", "297"), {"columns": 2, "rows": 4, "label_width_mm": 105, "label_height_mm": "74.25"}),
        (
            "own-uneven", ("200", "150.5"),
            {
                "columns": 3, "rows": 4, "label_width_mm": "51.3", "label_height_mm": "23.45",
                "margin_left_mm": "3.1", "margin_top_mm": "11.7", "gap_x_mm": "7.77", "gap_y_mm": "5.55",
            },
        ),
        (
            "own-least", ("100", "100"),
            {"columns": 3, "rows": 5, "label_width_mm": "30", "label_height_mm": "16.5", "gap_x_mm": 2, "gap_y_mm": 2},
        ),
        ("own-roll", ("70", "43"), {"media": "roll", "label_width_mm": 70, "label_height_mm": 43}),
    )
]  # fmt: skip
HOSTILE = (
    ("Interagency Mobile Team 03", ("Qoʻqon shahri, Fargʻona viloyati",)),
    ("Мобильная межведомственная группа № 7 Сурхандарьинской области", ("Республика Узбекистан", "Термез")),
    ("Ўзбекистон Республикаси: Қашқадарё ғарби ҳар куни", ("ҳ" * 400, "қ" * 400, "ғ" * 400)),
    (
        "Oʻzbekistonning gʻarbiy viloyatlaridagi koʻpfunksiyali oʻlchov-tekshiruv asboblari",
        ("From the People of Japan",),
    ),
    ("Высокопроизводительный-рентгенотелевизионный-досмотровый-комплекс", ("От народа Японии", "Yaponiya xalqidan")),
    ("W" * 10_000, ("Щ" * 10_000,) * 5),
    ("\u202e\u2066evil \u200b" + "e" + "\u0301" * 400, ("\u0488" * 300, "\ufdfd" * 80)),
    ("#panic() $x$ `raw` *b* \\ <label> @ref // /* {{7*7}}", ("{% include %}", "\x00\x1b[31m")),
    ("שלום العربية " * 20, ("👩‍👩‍👧" * 40,)),
    ("", ()),
)
Box = tuple[float, float, float, float]
"""Left, top, right and bottom in millimetres on the page."""


def rasterised(pdf: bytes, tmp_path: Path) -> list[Image.Image]:
    for old in tmp_path.glob("page*.pgm"):
        old.unlink()
    (tmp_path / "sheet.pdf").write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", str(DPI), "-gray", "sheet.pdf", "page"], cwd=tmp_path, check=True, timeout=120
    )  # fmt: skip
    pages = []
    for path in sorted(tmp_path.glob("page*.pgm")):
        with Image.open(path) as image:
            pages.append(image.convert("L"))
    return pages


def labels_for(count: int) -> list[LabelText]:
    rng = random.Random(count)
    texts = [HOSTILE[at % len(HOSTILE)] for at in range(count)]
    return [LabelText(new_code(rng), title, lines) for title, lines in texts]


def part_of(page: Image.Image, box: Box) -> Image.Image:
    left, top, right, bottom = (round(side * PX_PER_MM) for side in box)
    return page.crop((left, top, right, bottom))


def ink(page: Image.Image, box: Box) -> Box | None:
    """What is dark within the box: its outer edges in millimetres on the page; None when nothing is."""
    found = part_of(page, box).point(lambda value: 255 if value < DARK else 0).getbbox()
    if found is None:
        return None
    left, top = round(box[0] * PX_PER_MM), round(box[1] * PX_PER_MM)
    return (
        (left + found[0]) / PX_PER_MM, (top + found[1]) / PX_PER_MM,
        (left + found[2]) / PX_PER_MM, (top + found[3]) / PX_PER_MM,
    )  # fmt: skip


def decoded(image: Image.Image) -> list[str]:
    """Texts of all QR symbols in a picture."""
    found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    return [symbol.text for symbol in found]


def assert_sheet(sheet: Sheet, labels: list[LabelText], layout: Layout, start: int, tmp_path: Path) -> None:
    """Each label decodes in its own cell and lies there within 0.2 mm; what is no label's cell is white."""
    pages = rasterised(sheet.pdf, tmp_path)
    assert len(pages) == sheet.report.pages
    assert sheet.report.module_mm >= LEAST_MODULE_MM - 1e-9
    for number, page in enumerate(pages):
        assert page.size == pytest.approx([side * PX_PER_MM for side in layout.page_mm], abs=1.01)
        for cell in range(layout.cells):
            at = number * layout.cells + cell - (start - 1)
            x, y = layout.cell_mm(cell)
            box = (x, y, x + layout.label_mm[0], y + layout.label_mm[1])
            if 0 <= at < len(labels):
                assert_label(page, box, labels[at].code, sheet, layout)
            elif not layout.cut_lines:
                assert ink(page, box) is None, f"ink in the empty cell {cell + 1}"


def assert_label(page: Image.Image, box: Box, code: str, sheet: Sheet, layout: Layout) -> None:
    said = code if sheet.report.bare_because else qr.payload(code, BASE).text
    assert decoded(part_of(page, box)) == [said]
    assert code_from_scan(said, (BASE,)) == code
    modules = len(qr.matrix(said))
    place, module = layout.place(modules), sheet.report.module_mm
    quiet = layout.quiet * module
    square = (box[0] + place.symbol_mm[0], box[1] + place.symbol_mm[1])
    whole = (*square, square[0] + place.side_mm, square[1] + place.side_mm)
    # Finder patterns stand in three corners: the ink of the symbol reaches from edge to edge.
    expected = (whole[0] + quiet, whole[1] + quiet, whole[2] - quiet, whole[3] - quiet)
    assert ink(page, whole) == pytest.approx(expected, abs=OUT_OF_PLACE_MM)
    assert_text_within(page, box, place.text_mm, place.text_size_mm)


def assert_text_within(page: Image.Image, box: Box, corner: tuple[float, float], size: tuple[float, float]) -> None:
    """The words touch neither the edges of their box, where they would be cut off, nor what lies beyond."""
    left, top = box[0] + corner[0], box[1] + corner[1]
    right, bottom = left + size[0], top + size[1]
    found = ink(page, (left, box[1], box[2], box[3]))
    assert found is not None
    slack = 1 / PX_PER_MM
    assert found[0] >= left - slack
    assert found[1] >= top + slack
    assert found[2] <= right - slack
    assert found[3] <= bottom - slack


@pytest.mark.parametrize("layout", [*LAYOUTS.values(), *OWN], ids=lambda layout: layout.name)
def test_every_label_on_a_full_sheet_decodes_beside_hostile_text(layout: Layout, tmp_path: Path) -> None:
    labels = labels_for(max(layout.cells, len(HOSTILE)))
    assert_sheet(render_sheet(labels, layout, 1, BASE), labels, layout, 1, tmp_path)


@pytest.mark.parametrize("name", ["plain-a4", "5160", "dk-62"])
def test_labels_without_an_address_hold_the_bare_code(name: str, tmp_path: Path) -> None:
    labels = labels_for(4)
    sheet = render_sheet(labels, LAYOUTS[name], 1, "")
    assert sheet.report.bare_because == "no_address"
    assert_sheet(sheet, labels, LAYOUTS[name], 1, tmp_path)


@pytest.mark.parametrize("layout", [*SHEETS, *OWN[:3]], ids=lambda layout: layout.name)
def test_printing_starts_in_the_start_cell_and_runs_on_to_the_next_sheet(layout: Layout, tmp_path: Path) -> None:
    for start in (layout.cells // 2 + 1, layout.cells):
        labels = labels_for(2)
        sheet = render_sheet(labels, layout, start, BASE)
        assert sheet.report.pages == (2 if start == layout.cells else 1)
        assert_sheet(sheet, labels, layout, start, tmp_path)


@pytest.mark.parametrize("layout", [*SHEETS, *OWN[:3]], ids=lambda layout: layout.name)
def test_each_word_of_a_label_stands_at_the_same_place_in_every_cell(layout: Layout, tmp_path: Path) -> None:
    name, line = "Мобильная группа Қашқадарё", "Oʻzbekiston, Fargʻona"
    labels = [LabelText(label.code, name, (line,)) for label in labels_for(layout.cells)]
    sheet = render_sheet(labels, layout, 1, BASE)
    [words] = words_of(sheet.pdf, tmp_path)
    cells = [
        sorted((word, box[0] - x, box[1] - y) for word, box in within(words, layout, cell) if word not in printed)
        for cell in range(layout.cells)
        for (x, y), printed in [(layout.cell_mm(cell), printed_code(labels[cell].code))]
    ]
    place = layout.place(len(qr.matrix(labels[0].code if sheet.report.bare_because else qr.payload(CODE, BASE).text)))
    assert len(cells[0]) >= 1, "some of the name is there"
    for cell in cells:
        assert [word for word, _, _ in cell] == [word for word, _, _ in cells[0]]
        for (_, x, y), (_, first_x, first_y) in zip(cell, cells[0], strict=True):
            assert (x, y) == pytest.approx((first_x, first_y), abs=OUT_OF_PLACE_MM)
            assert x >= place.text_mm[0] - OUT_OF_PLACE_MM, "within the quiet zone"


def printed_code(code: str) -> set[str]:
    """The pieces in which a code may stand."""
    return {code[:5], code[5:], code[:5] + "-", format_code(code)}


def test_cut_lines_lie_on_the_edges_of_the_labels(tmp_path: Path) -> None:
    layout = LAYOUTS["plain-a4"]
    [page] = rasterised(render_sheet(labels_for(layout.cells), layout, 1, BASE).pdf, tmp_path)
    for cell in range(layout.cells):
        x, y = layout.cell_mm(cell)
        middle_x, middle_y = x + layout.label_mm[0] / 2, y + layout.label_mm[1] / 2
        for edge in (x, x + layout.label_mm[0]):
            upright = ink_lines(page, (edge - 0.9, middle_y - 0.5, edge + 0.9, middle_y + 0.5))
            assert abs((upright[0] + upright[2]) / 2 - edge) < OUT_OF_PLACE_MM
        for edge in (y, y + layout.label_mm[1]):
            flat = ink_lines(page, (middle_x - 0.5, edge - 0.9, middle_x + 0.5, edge + 0.9))
            assert abs((flat[1] + flat[3]) / 2 - edge) < OUT_OF_PLACE_MM


def words_of(pdf: bytes, tmp_path: Path) -> list[list[tuple[str, Box]]]:
    """The words of each page with their boxes as the PDF has them, in millimetres."""
    (tmp_path / "sheet.pdf").write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "-bbox", "sheet.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    word = r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">([^<]*)</word>'
    return [
        [
            (found[4], (float(found[0]) / PT, float(found[1]) / PT, float(found[2]) / PT, float(found[3]) / PT))
            for found in re.findall(word, page)
        ]
        for page in done.stdout.split("<page ")[1:]
    ]


def within(words: list[tuple[str, Box]], layout: Layout, cell: int) -> list[tuple[str, Box]]:
    """The words whose middle lies in the cell."""
    x, y = layout.cell_mm(cell)
    return [
        (word, box)
        for word, box in words
        if x <= (box[0] + box[2]) / 2 < x + layout.label_mm[0] and y <= (box[1] + box[3]) / 2 < y + layout.label_mm[1]
    ]


def test_what_makes_up_for_a_printer_moves_and_stretches_every_mark(tmp_path: Path) -> None:
    layout = LAYOUTS["L7160"]
    labels = labels_for(layout.cells)
    adjustment = Adjustment(1.5, -2.0, 1.004, 0.997)
    sheet = render_sheet(labels, layout, 1, BASE, adjustment=adjustment)
    [page] = rasterised(sheet.pdf, tmp_path)
    place, module = layout.place(29), sheet.report.module_mm
    for cell in range(layout.cells):
        x, y = (start + inset for start, inset in zip(layout.cell_mm(cell), place.symbol_mm, strict=True))
        quiet = 4 * module
        drawn = [
            side * scale + offset
            for side, scale, offset in (
                (x, 1.004, 1.5), (y, 0.997, -2.0), (x + place.side_mm, 1.004, 1.5), (y + place.side_mm, 0.997, -2.0),
            )
        ]  # fmt: skip
        expected = (drawn[0] + quiet, drawn[1] + quiet, drawn[2] - quiet, drawn[3] - quiet)
        found = ink(page, (drawn[0], drawn[1], drawn[2], drawn[3]))
        assert found == pytest.approx(expected, abs=OUT_OF_PLACE_MM)


@pytest.mark.parametrize("name", ["L7160", "5163", "dk-29"])
def test_the_crosses_of_the_test_page_lie_where_they_are_measured_from(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    [page] = rasterised(render_trial(layout, "Test page", ["Measure."]), tmp_path)
    crosses = crosses_mm(layout)
    # The second cross lies apart from the rulers: its arms below and to the right of the middle.
    x, y = crosses.second_x_mm, crosses.second_y_mm
    upright = ink_lines(page, (x - 0.9, y + 1.5, x + 0.9, y + 3))
    flat = ink_lines(page, (x + 1.5, y - 0.9, x + 3, y + 0.9))
    assert abs((upright[0] + upright[2]) / 2 - x) < OUT_OF_PLACE_MM
    assert abs((flat[1] + flat[3]) / 2 - y) < OUT_OF_PLACE_MM


@pytest.mark.parametrize("name", ["L7651", "5163"])
def test_the_outlines_of_the_test_page_lie_on_the_edges_of_the_labels(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    [page] = rasterised(render_trial(layout, "Test page", ["Measure."]), tmp_path)
    for cell in (0, layout.columns - 1, layout.cells - 1):
        x, y = layout.cell_mm(cell)
        # Across a corner that nothing else lies on: the lower left one, a little in from the ends.
        upright = ink_lines(page, (x - 1, y + layout.label_mm[1] - 3, x + 1, y + layout.label_mm[1] - 2))
        flat = ink_lines(page, (x + 2, y + layout.label_mm[1] - 1, x + 3, y + layout.label_mm[1] + 1))
        assert abs((upright[0] + upright[2]) / 2 - x) < OUT_OF_PLACE_MM
        assert abs((flat[1] + flat[3]) / 2 - (y + layout.label_mm[1])) < OUT_OF_PLACE_MM


def ink_lines(page: Image.Image, box: Box) -> Box:
    """As `ink`, for lines so thin that they come out grey."""
    found = ink(page.point(lambda value: 0 if value < 235 else 255), box)
    assert found is not None
    return found


def test_the_longest_address_that_fits_still_decodes(tmp_path: Path) -> None:
    layout = LAYOUTS["plain-a4"]
    labels = labels_for(layout.cells)
    base = "https://" + "a" * 40 + ".example.uz"
    sheet = render_sheet(labels, layout, 1, base)
    assert sheet.report.bare_because is None
    texts = {text for page in rasterised(sheet.pdf, tmp_path) for text in decoded(page)}
    assert {code_from_scan(text, (base,)) for text in texts} == {label.code for label in labels}


def texts_of(pdf: bytes, tmp_path: Path) -> set[str]:
    (tmp_path / "sheet.pdf").write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "sheet.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    return {done.stdout[at : at + 5] for at in range(len(done.stdout))} | set(done.stdout.split())


def test_the_printed_code_is_text_that_can_be_searched_and_copied(tmp_path: Path) -> None:
    labels = labels_for(21)
    texts = texts_of(render_sheet(labels, LAYOUTS["L7160"], 1, BASE).pdf, tmp_path)
    assert {format_code(label.code) for label in labels} <= texts


@pytest.mark.parametrize("name", ["plain-a4", "L7651", "tape-24"])
def test_a_thousand_labels_in_one_run_are_all_there(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    labels = labels_for(1000)
    started = time.perf_counter()
    sheet = render_sheet(labels, layout, 1, BASE)
    print(f"{layout.name}: 1,000 labels in {time.perf_counter() - started:.1f} s, {len(sheet.pdf) >> 10} KiB")
    texts = texts_of(sheet.pdf, tmp_path)
    assert sheet.report.pages == -(-1000 // layout.cells)
    # On small labels the code stands in two lines, which pdftotext may or may not join.
    assert [label.code for label in labels if not {label.code[:5], label.code[5:]} <= texts] == []
