"""Own label layouts and printers: which numbers make a sheet that a symbol fits on, and which a printer can be off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from assets.core.errors import FieldError, InvalidInput, invalid
from assets.core.i18n import Message, msg
from assets.labels import qr
from assets.labels.layouts import LAYOUTS, MIN_MODULE_MM, TOO_SMALL, Layout, roll
from assets.labels.sheet import Adjustment
from assets.labels.trial import LARGEST_OFFSET_MM, SCALES, Measured, adjustment_for
from assets.registry.rules.values import (
    Reader,
    ValueRefused,
    read_choice,
    read_decimal,
    read_fields,
    read_text,
    text_field,
)

MAX_PAGE_MM = Decimal(1000)
MAX_CELLS = 600
MEDIA_NAMES: dict[str, Message] = {"sheet": msg("sheet"), "roll": msg("roll or tape")}
_SMALLEST_SYMBOL = 21
"""Modules a side of the symbol of a bare code (QR version 1)."""
_NAME = re.compile(r"[\w][\w .+()×-]*")


def _length(value: object) -> Decimal:
    return read_decimal(value, 2, MAX_PAGE_MM)


def _count(value: object) -> int:
    number = read_decimal(value, 0, Decimal(100))
    if number < 1:
        raise ValueRefused(msg("This is a whole number from 1 to 100."), "out_of_range")
    return int(number)


def _name(value: object) -> str:
    text = read_text(value, 40)
    if not _NAME.fullmatch(text):
        words = msg("A name has letters, digits, spaces, points and hyphens, and begins with a letter or a digit.")
        raise ValueRefused(words)
    if folded(text) in {folded(name) for name in (*LAYOUTS, *TOO_SMALL)}:
        raise ValueRefused(msg("A layout that comes with the product has this name; take another."), "name_taken")
    return text


_SIZES = ("page_width_mm", "page_height_mm", "margin_left_mm", "margin_top_mm", "gap_x_mm", "gap_y_mm")
_FIELDS = {
    "name": Reader(_name, required=True),
    "media": Reader(lambda value: read_choice(value, MEDIA_NAMES), blank="sheet"),
    "columns": Reader(_count, blank=1),
    "rows": Reader(_count, blank=1),
    "label_width_mm": Reader(_length, required=True),
    "label_height_mm": Reader(_length, required=True),
    **{field: Reader(_length, blank=Decimal(0)) for field in _SIZES},
}
LAYOUT_FIELDS = tuple(_FIELDS)


def folded(name: str) -> str:
    """What two names of layouts or printers must not share."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, kw_only=True)
class LayoutDraft:
    """The numbers of an own layout, in millimetres; `gap`: between two labels."""

    name: str
    media: str = "sheet"
    page_width_mm: Decimal = Decimal(0)
    page_height_mm: Decimal = Decimal(0)
    columns: int = 1
    rows: int = 1
    label_width_mm: Decimal
    label_height_mm: Decimal
    margin_left_mm: Decimal = Decimal(0)
    margin_top_mm: Decimal = Decimal(0)
    gap_x_mm: Decimal = Decimal(0)
    gap_y_mm: Decimal = Decimal(0)

    def layout(self) -> Layout:
        """The layout that these numbers make."""
        label = (float(self.label_width_mm), float(self.label_height_mm))
        if self.media == "roll":
            return roll(self.name, label)
        return Layout(
            name=self.name, columns=self.columns, rows=self.rows, label_mm=label,
            margins_mm=(float(self.margin_left_mm), float(self.margin_top_mm)),
            pitch_mm=(
                float(self.label_width_mm + self.gap_x_mm), float(self.label_height_mm + self.gap_y_mm),
            ),
            page_mm=(float(self.page_width_mm), float(self.page_height_mm)),
        )  # fmt: skip


def parse_layout(values: Mapping[str, object]) -> LayoutDraft:
    """An own layout as typed or sent; `InvalidInput` names every field that is wrong, and by how many millimetres.

    On a roll only the label's size counts. The labels lie within the page, and a symbol of a bare code has modules of
    at least 0.5 mm and its quiet zone on the label.
    """
    read = read_fields(_FIELDS, values)
    if read["media"] == "roll":
        read |= dict.fromkeys(_SIZES, Decimal(0)) | {"columns": 1, "rows": 1}
        read |= {"page_width_mm": read["label_width_mm"], "page_height_mm": read["label_height_mm"]}
    draft = LayoutDraft(**read)
    problems = [*_beyond_the_page(draft), *_too_small(draft.layout())]
    if draft.columns * draft.rows > MAX_CELLS:
        problems.append(FieldError("rows", msg("A sheet has at most %(n)s labels.", n=MAX_CELLS), "too_many"))
    if problems:
        raise InvalidInput(problems[0].message, fields=problems, code=problems[0].code)
    return draft


def _beyond_the_page(draft: LayoutDraft) -> list[FieldError]:
    if draft.media == "roll":
        return []
    across = draft.margin_left_mm + draft.columns * draft.label_width_mm + (draft.columns - 1) * draft.gap_x_mm
    down = draft.margin_top_mm + draft.rows * draft.label_height_mm + (draft.rows - 1) * draft.gap_y_mm
    found = []
    if across > draft.page_width_mm:
        words = msg("The labels reach %(mm)s mm beyond the right edge of the page.", mm=across - draft.page_width_mm)
        found.append(FieldError("page_width_mm", words, "beyond_the_page"))
    if down > draft.page_height_mm:
        words = msg("The labels reach %(mm)s mm beyond the lower edge of the page.", mm=down - draft.page_height_mm)
        found.append(FieldError("page_height_mm", words, "beyond_the_page"))
    return found


def _too_small(layout: Layout) -> list[FieldError]:
    narrow, low = layout.missing_mm(_SMALLEST_SYMBOL)
    found = []
    if narrow:
        words = msg(
            "The label is %(mm)s mm too narrow for a symbol with modules of %(least)s mm and its code beside it.",
            mm=_up(narrow), least=MIN_MODULE_MM,
        )  # fmt: skip
        found.append(FieldError("label_width_mm", words, "too_small"))
    if low:
        words = msg(
            "The label is %(mm)s mm too low for a symbol with modules of %(least)s mm.",
            mm=_up(low), least=MIN_MODULE_MM,
        )  # fmt: skip
        found.append(FieldError("label_height_mm", words, "too_small"))
    return found


def _up(mm: float) -> Decimal:
    """Rounded up to a hundredth, so that so much more is enough."""
    return Decimal(mm + 0.0049).quantize(Decimal("0.01"))


def why_too_small(layout: Layout) -> Message | None:
    """Why no label can be printed on this, in words; None when one can."""
    problems = _too_small(layout)
    return problems[0].message if problems else None


def symbol_holds(layout: Layout, base_address: str) -> qr.BareBecause | None:
    """Why the symbols of this layout will hold the bare code; None when they hold the address."""
    if layout.content == "bare":
        return "layout"
    said = qr.payload("0" * 10, base_address)
    if said.bare_because is not None:
        return said.bare_because
    try:
        modules = len(qr.matrix(said.text))
    except ValueError:
        return "does_not_fit"
    return None if layout.module_mm(modules) is not None else "does_not_fit"


@dataclass(frozen=True, kw_only=True)
class PrinterDraft:
    """A printer's name and what makes up for it."""

    name: str
    dx_mm: Decimal
    dy_mm: Decimal
    scale_x: Decimal
    scale_y: Decimal


def _offset(value: object) -> Decimal:
    text = str(value).strip().replace("\u2212", "-")
    sign = -1 if text.startswith("-") else 1
    return sign * read_decimal(text.removeprefix("-") if sign < 0 else value, 2, Decimal(LARGEST_OFFSET_MM))


def _scale(value: object) -> Decimal:
    number = read_decimal(value, 4, Decimal(str(SCALES[1])))
    if number < Decimal(str(SCALES[0])):
        raise ValueRefused(msg("This is a number from %(low)s to %(high)s.", low=SCALES[0], high=SCALES[1]))
    return number


MEASURED_FIELDS = ("first_x_mm", "first_y_mm", "second_x_mm", "second_y_mm")
_PRINTER_FIELDS = {
    "name": text_field(60, required=True),
    "dx_mm": Reader(_offset, blank=Decimal(0)),
    "dy_mm": Reader(_offset, blank=Decimal(0)),
    "scale_x": Reader(_scale, blank=Decimal(1)),
    "scale_y": Reader(_scale, blank=Decimal(1)),
}
PRINTER_FIELDS = tuple(_PRINTER_FIELDS)
_MEASURED = {field: Reader(_length, required=True) for field in MEASURED_FIELDS}


def parse_printer(values: Mapping[str, object]) -> PrinterDraft:
    """A printer as typed or sent; `InvalidInput` names every field that is wrong."""
    return PrinterDraft(**read_fields(_PRINTER_FIELDS, values))


def adjustment_from(layout: Layout, values: Mapping[str, object]) -> Adjustment:
    """The adjustment read off a test page of this layout; `InvalidInput` when no printer is that far off."""
    read = read_fields(_MEASURED, values)
    try:
        return adjustment_for(layout, Measured(**{field: float(read[field]) for field in MEASURED_FIELDS}))
    except ValueError as error:
        words = msg(
            "No printer is that far off: print the test page in its actual size and measure each cross from the left "
            "and the upper edge of the paper."
        )
        raise invalid("first_x_mm", words, code="implausible") from error
