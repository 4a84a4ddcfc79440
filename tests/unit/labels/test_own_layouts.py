"""Own layouts and printers: what is refused by how many millimetres, and what makes up for a printer that is off."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.core.errors import InvalidInput
from assets.labels import qr
from assets.labels.layouts import LAYOUTS, Layout
from assets.labels.sheet import Adjustment
from assets.labels.trial import Measured, adjustment_for, crosses_mm
from assets.registry.rules.label_layouts import adjustment_from, parse_layout, parse_printer, symbol_holds

L7173: dict[str, Any] = {
    "name": "L7173", "media": "sheet", "page_width_mm": "210", "page_height_mm": "297", "columns": "2", "rows": "5",
    "label_width_mm": "99.1", "label_height_mm": "57", "margin_left_mm": "4.65", "margin_top_mm": "6",
    "gap_x_mm": "2.5", "gap_y_mm": "0",
}  # fmt: skip
MODULES = len(qr.matrix("84G7ZWYRDA"))


def mm(low: str, high: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=2, allow_nan=False, allow_infinity=False)


def refusals(values: dict[str, Any]) -> dict[str, tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        parse_layout(values)
    return {error.field: (error.code, str(error.message)) for error in caught.value.fields}


def attempted(values: dict[str, Any]) -> tuple[Layout | None, set[str]]:
    """The layout, or the codes of what is wrong with it."""
    try:
        return parse_layout(values).layout(), set()
    except InvalidInput as error:
        return None, {problem.code for problem in error.fields}


def test_a_packet_typed_in_by_its_numbers_is_that_sheet() -> None:
    layout = parse_layout(L7173).layout()
    assert (layout.cells, layout.label_mm, layout.margins_mm) == (10, (99.1, 57.0), (4.65, 6.0))
    assert layout.pitch_mm == pytest.approx((101.6, 57.0))


def test_on_a_roll_only_the_size_of_the_label_counts() -> None:
    layout = parse_layout({**L7173, "media": "roll", "label_height_mm": "30"}).layout()
    assert (layout.media, layout.cells) == ("roll", 1)
    assert layout.page_mm == layout.label_mm == (99.1, 30.0)
    assert layout.margins_mm == (0, 0)


@pytest.mark.parametrize(
    ("change", "field", "code", "words"),
    [
        ({"columns": "3"}, "page_width_mm", "beyond_the_page", "96.95 mm beyond the right edge"),
        ({"rows": "6"}, "page_height_mm", "beyond_the_page", "51.00 mm beyond the lower edge"),
        ({"label_height_mm": "12"}, "label_height_mm", "too_small", "4.50 mm too low"),
        ({"label_width_mm": "20"}, "label_width_mm", "too_small", "9.36 mm too narrow"),
        ({"name": "l7160"}, "name", "name_taken", "comes with the product"),
        ({"name": "tape-12"}, "name", "name_taken", "comes with the product"),
        ({"name": "../x"}, "name", "invalid", "letters, digits"),
        ({"name": ""}, "name", "required", "filled in"),
        ({"columns": "0"}, "columns", "out_of_range", "1 to 100"),
        ({"rows": "2.5"}, "rows", "too_precise", "decimals"),
        ({"gap_x_mm": "-1"}, "gap_x_mm", "out_of_range", "from 0"),
        ({"label_width_mm": "nan"}, "label_width_mm", "not_a_number", "not a number"),
        ({"label_width_mm": ""}, "label_width_mm", "required", "filled in"),
        ({"media": "stone"}, "media", "unknown_word", "sheet"),
        ({"colour": "red"}, "colour", "unknown_field", "not known"),
    ],
)
def test_what_is_no_sheet_is_refused_at_its_field(change: dict[str, str], field: str, code: str, words: str) -> None:
    found = refusals({**L7173, **change})
    assert found[field][0] == code
    assert words in found[field][1]


@settings(max_examples=150, deadline=None)
@given(
    page=st.tuples(mm("50", "400"), mm("50", "400")), grid=st.tuples(st.integers(1, 12), st.integers(1, 30)),
    label=st.tuples(mm("5", "120"), mm("5", "120")), margins=st.tuples(mm("0", "30"), mm("0", "30")),
    gaps=st.tuples(mm("0", "8"), mm("0", "8")),
)  # fmt: skip
def test_every_cell_of_an_accepted_layout_lies_on_the_page_and_holds_a_symbol(
    page: tuple[Decimal, Decimal], grid: tuple[int, int], label: tuple[Decimal, Decimal],
    margins: tuple[Decimal, Decimal], gaps: tuple[Decimal, Decimal],
) -> None:  # fmt: skip
    values = {
        "name": "mine", "page_width_mm": page[0], "page_height_mm": page[1], "columns": grid[0], "rows": grid[1],
        "label_width_mm": label[0], "label_height_mm": label[1], "margin_left_mm": margins[0],
        "margin_top_mm": margins[1], "gap_x_mm": gaps[0], "gap_y_mm": gaps[1],
    }  # fmt: skip
    reach = [
        m + count * side + (count - 1) * gap for m, count, side, gap in zip(margins, grid, label, gaps, strict=True)
    ]
    fits = reach[0] <= page[0] and reach[1] <= page[1]
    layout, codes = attempted(values)
    assert codes <= {"beyond_the_page", "too_small"}
    assert ("beyond_the_page" in codes) != fits
    if layout is None:
        return
    module = layout.module_mm(MODULES)
    assert module is not None
    assert module >= 0.5 - 1e-6
    for cell in range(layout.cells):
        for start, side, whole in zip(layout.cell_mm(cell), layout.label_mm, layout.page_mm, strict=True):
            assert 0 <= start <= start + side <= whole + 1e-6


@settings(max_examples=100, deadline=None)
@given(width=mm("5", "60"), height=mm("5", "40"))
def test_so_many_millimetres_more_are_enough(width: Decimal, height: Decimal) -> None:
    values: dict[str, Any] = {"name": "mine", "media": "roll", "label_width_mm": width, "label_height_mm": height}
    try:
        parse_layout(values)
    except InvalidInput as error:
        for problem in error.fields:
            values[problem.field] += problem.message.params["mm"]
    assert attempted(values)[1] == set()


@settings(max_examples=100, deadline=None)
@given(stretch=st.floats(0.95, 1.05), shift=st.floats(-8, 8))
def test_what_is_drawn_by_the_measured_adjustment_lies_in_its_place(stretch: float, shift: float) -> None:
    layout = LAYOUTS["L7160"]
    drawn = crosses_mm(layout)

    def printed(x: float) -> float:
        return stretch * x + shift

    found = adjustment_for(
        layout,
        Measured(
            printed(drawn.first_x_mm), printed(drawn.first_y_mm), printed(drawn.second_x_mm), printed(drawn.second_y_mm)
        ),
    )
    for x in (0.0, 7.21, 105.0, 210.0):
        assert printed(x * found.scale_x + found.dx_mm) == pytest.approx(x, abs=0.02)
    for y in (0.0, 15.15, 297.0):
        assert printed(y * found.scale_y + found.dy_mm) == pytest.approx(y, abs=0.03)


def test_an_exact_printer_needs_no_adjustment() -> None:
    for layout in LAYOUTS.values():
        assert adjustment_for(layout, crosses_mm(layout)) == Adjustment(0, 0, 1, 1)


@pytest.mark.parametrize(
    "measured",
    [("190", "20", "20", "277"), ("20", "20", "120", "277"), ("60", "20", "230", "277")],
    ids=["crosses exchanged", "shrunk to a half", "moved by four centimetres"],
)
def test_measurements_that_no_printer_explains_are_refused(measured: tuple[str, ...]) -> None:
    fields = ("first_x_mm", "first_y_mm", "second_x_mm", "second_y_mm")
    with pytest.raises(InvalidInput, match="No printer is that far off") as caught:
        adjustment_from(LAYOUTS["L7160"], dict(zip(fields, measured, strict=True)))
    assert caught.value.fields[0].code == "implausible"


def test_a_printers_numbers_have_limits() -> None:
    draft = parse_printer({"name": "office", "dx_mm": "-1,5", "scale_x": "1.002"})
    assert [float(side) for side in (draft.dx_mm, draft.dy_mm, draft.scale_x, draft.scale_y)] == [-1.5, 0, 1.002, 1]
    with pytest.raises(InvalidInput) as caught:
        parse_printer({"name": "", "dx_mm": "-21", "dy_mm": "--1", "scale_x": "0.5", "scale_y": "2"})
    assert {error.field for error in caught.value.fields} == {"name", "dx_mm", "dy_mm", "scale_x", "scale_y"}


def test_a_layout_says_beforehand_what_its_symbols_will_hold() -> None:
    base = "https://assets.example.uz"
    assert symbol_holds(LAYOUTS["L7160"], base) is None
    assert symbol_holds(LAYOUTS["5267"], base) == "layout"
    assert symbol_holds(LAYOUTS["L7160"], "") == "no_address"
    narrow = parse_layout({"name": "mine", "media": "roll", "label_width_mm": "40", "label_height_mm": "17"}).layout()
    assert symbol_holds(narrow, base) == "does_not_fit"
