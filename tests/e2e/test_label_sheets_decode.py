"""Printed sheets as a scanner sees them: every label decodes, in its cell, with its quiet zone white."""

import random
import subprocess
import time
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from assets.labels.layouts import LAYOUTS, Layout
from assets.labels.sheet import LabelText, Sheet, render_sheet
from assets.labels.token import code_from_scan, format_code, new_code

pytestmark = pytest.mark.e2e

BASE = "https://assets.example.uz"
DPI = 300
QUIET_ZONE_MODULES = 4
LEAST_MODULE_MM = 0.5
PX_PER_MM = DPI / 25.4
HOSTILE = (
    ("Interagency Mobile Team 03", ("Qoʻqon shahri, Fargʻona viloyati",)),
    ("Мобильная межведомственная группа № 7 Сурхандарьинской области", ("Республика Узбекистан", "Термез")),
    ("Ўзбекистон Республикаси: Қашқадарё ғарби ҳар куни", ("ҳ" * 400, "қ" * 400, "ғ" * 400)),
    ("W" * 10_000, ("Щ" * 10_000,) * 5),
    ("\u202e\u2066evil \u200b" + "e" + "\u0301" * 400, ("\u0488" * 300, "\ufdfd" * 80)),
    ("#panic() $x$ `raw` *b* \\ <label> @ref // /* {{7*7}}", ("{% include %}", "\x00\x1b[31m")),
    ("שלום العربية " * 20, ("👩‍👩‍👧" * 40,)),
    ("", ()),
)


def rasterised(pdf: bytes, tmp_path: Path) -> list[Image.Image]:
    (tmp_path / "sheet.pdf").write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", str(DPI), "-gray", "-png", "sheet.pdf", "page"],
        cwd=tmp_path,
        check=True,
        timeout=120,
    )
    pages = []
    for path in sorted(tmp_path.glob("page*.png")):
        with Image.open(path) as image:
            pages.append(image.convert("L"))
    return pages


def labels_for(count: int) -> list[LabelText]:
    rng = random.Random(count)
    texts = [HOSTILE[at % len(HOSTILE)] for at in range(count)]
    return [LabelText(new_code(rng), title, lines) for title, lines in texts]


def cell_box(layout: Layout, cell: int) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a cell (from 0) in pixels."""
    row, column = divmod(cell, layout.columns)
    left = (layout.margins_mm[0] + column * layout.pitch_mm[0]) * PX_PER_MM
    top = (layout.margins_mm[1] + row * layout.pitch_mm[1]) * PX_PER_MM
    return left, top, left + layout.label_mm[0] * PX_PER_MM, top + layout.label_mm[1] * PX_PER_MM


def decoded(page: Image.Image) -> list[tuple[str, tuple[int, int, int, int]]]:
    """Texts and boxes (left, top, right, bottom in pixels) of all QR symbols on a page."""
    found = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    boxes = []
    for symbol in found:
        corners = symbol.position
        points = (corners.top_left, corners.top_right, corners.bottom_left, corners.bottom_right)
        xs, ys = [point.x for point in points], [point.y for point in points]
        boxes.append((symbol.text, (min(xs), min(ys), max(xs), max(ys))))
    return boxes


def assert_sheet(sheet: Sheet, labels: list[LabelText], layout: Layout, start: int, tmp_path: Path) -> None:
    pages = rasterised(sheet.pdf, tmp_path)
    assert len(pages) == sheet.report.pages
    assert sheet.report.module_mm >= LEAST_MODULE_MM
    read: dict[int, str] = {}
    for number, page in enumerate(pages):
        for text, box in decoded(page):
            middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
            [cell] = [
                cell
                for cell in range(layout.cells)
                for left, top, right, bottom in [cell_box(layout, cell)]
                if left < middle[0] < right and top < middle[1] < bottom
            ]
            read[number * layout.cells + cell] = code_from_scan(text, (BASE,))
            assert (text == read[number * layout.cells + cell]) == (sheet.report.bare_because is not None)
            assert_quiet_zone_white(page, box, sheet.report.module_mm, cell_box(layout, cell))
    assert read == {start - 1 + at: label.code for at, label in enumerate(labels)}


def assert_quiet_zone_white(
    page: Image.Image,
    box: tuple[int, int, int, int],
    module_mm: float,
    cell: tuple[float, float, float, float],
) -> None:
    slack = 3  # pixels that the decoder's corners may be off
    zone = int(QUIET_ZONE_MODULES * module_mm * PX_PER_MM) - slack
    left, top, right, bottom = box
    outer = (left - zone, top - zone, right + zone, bottom + zone)
    assert outer[0] >= cell[0] - slack
    assert outer[1] >= cell[1] - slack
    assert outer[3] <= cell[3] + slack
    ring = page.crop(outer)
    ring.paste(255, (zone - slack, zone - slack, ring.width - zone + slack, ring.height - zone + slack))
    assert ring.getextrema()[0] == 255, "something is printed in the quiet zone"


@pytest.mark.parametrize("base", [BASE, ""], ids=["address", "bare"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_every_label_on_a_full_sheet_decodes_beside_hostile_text(layout: Layout, base: str, tmp_path: Path) -> None:
    labels = labels_for(layout.cells)
    assert_sheet(render_sheet(labels, layout, 1, base), labels, layout, 1, tmp_path)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_printing_starts_in_the_start_cell_and_runs_on_to_the_next_sheet(layout: Layout, tmp_path: Path) -> None:
    start = layout.cells - 1
    labels = [LabelText(new_code(random.Random(at))) for at in range(5)]
    assert_sheet(render_sheet(labels, layout, start, BASE), labels, layout, start, tmp_path)


def test_the_longest_address_that_fits_still_decodes(tmp_path: Path) -> None:
    layout = LAYOUTS["plain-a4"]
    labels = labels_for(layout.cells)
    base = "https://" + "a" * 40 + ".example.uz"
    sheet = render_sheet(labels, layout, 1, base)
    assert sheet.report.bare_because is None
    texts = {text for page in rasterised(sheet.pdf, tmp_path) for text, _ in decoded(page)}
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


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_a_thousand_labels_in_one_run_are_all_there(layout: Layout, tmp_path: Path) -> None:
    labels = labels_for(1000)
    started = time.perf_counter()
    sheet = render_sheet(labels, layout, 1, BASE)
    print(f"{layout.name}: 1,000 labels in {time.perf_counter() - started:.1f} s, {len(sheet.pdf) >> 10} KiB")
    texts = texts_of(sheet.pdf, tmp_path)
    assert sheet.report.pages == -(-1000 // layout.cells)
    # On small labels the code stands in two lines, which pdftotext may or may not join.
    assert [label.code for label in labels if not {label.code[:5], label.code[5:]} <= texts] == []
