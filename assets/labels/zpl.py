"""Writes labels in ZPL II, the language of Zebra label printers."""

import math
from collections.abc import Sequence
from itertools import groupby

from assets.labels import qr
from assets.labels.layouts import MIN_MODULE_MM
from assets.labels.sheet import LabelText
from assets.labels.text import printable
from assets.labels.token import format_code, parse_code

# Firmware draws a QR field up to ten dots below its origin (a known peculiarity of ^BQ); room is kept for
# printers with and without it.
_QR_DROP_DOTS = 10
_LARGEST_MAGNIFICATION = 10  # of ^BQ: at 600 dpi that is less than half a millimetre
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:/()-")


def field_data(text: str) -> str:
    """`text` for a field after ^FH: all but plain characters as UTF-8 bytes in hexadecimal.

    So nothing in it can end the field or start a command, whatever it says.
    """
    return "".join(
        letter if letter in _PLAIN else "".join(f"_{byte:02X}" for byte in letter.encode()) for letter in text
    )


def _text_block(x: int, y: int, width: int, height: int, size: int, text: str) -> str:
    # ^TB cuts what does not fit (^FB would print it over the last line); it reads <...> as escapes.
    safe = text.replace("<", "‹").replace(">", "›")
    return f"^FO{x},{y}^A0N,{size},{size}^TBN,{width},{height}^FH^FD{field_data(safe)}^FS"


def _magnification(text: str, room_dots: int, dpi: int) -> int | None:
    """Dots per module for a symbol of `text` with its quiet zone in `room_dots`; None if below 0.5 mm."""
    try:
        side = len(qr.matrix(text)) + 2 * qr.QUIET_ZONE
    except ValueError:
        return None
    least = math.ceil(MIN_MODULE_MM * dpi / 25.4)
    magnification = room_dots // side
    if least <= _LARGEST_MAGNIFICATION:
        magnification = min(magnification, _LARGEST_MAGNIFICATION)
    return magnification if magnification >= least else None


def _symbol(text: str, x: int, y: int, magnification: int) -> str:
    """The symbol with its first dark module at (x, y): the printer's own field, or where that ends, black boxes."""
    if magnification <= _LARGEST_MAGNIFICATION:
        return f"^FO{x},{y}^BQN,2,{magnification}^FH^FDQA,{field_data(text)}^FS"
    boxes = []
    for row, modules in enumerate(qr.matrix(text)):
        for dark, run in groupby(enumerate(modules), key=lambda module: module[1]):
            columns = [column for column, _ in run]
            if dark:
                width = len(columns) * magnification
                left, top = x + columns[0] * magnification, y + row * magnification
                boxes.append(f"^FO{left},{top}^GB{width},{magnification},{magnification}^FS")
    return "".join(boxes)


def zpl(labels: Sequence[LabelText], label_mm: tuple[float, float], dpi: int = 203, base_address: str = "") -> str:
    """One ZPL format per label: symbol on the left, code, title and lines beside it.

    The symbol holds `base_address` and the code when that fits with modules of 0.5 mm, else the bare code.
    Cyrillic and Uzbek letters need a printer font that has them (^CI28, firmware V60.14 or later). Raises
    ValueError when the label is too small even for the bare code, CodeError for a code that is none.
    """
    width, height = (round(side * dpi / 25.4) for side in label_mm)
    room = min(height - _QR_DROP_DOTS, round(width * 0.55))
    formats = []
    for label in labels:
        code = parse_code(label.code)
        says = qr.payload(code, base_address).text
        magnification = _magnification(says, room, dpi)
        if magnification is None:
            says = code
            magnification = _magnification(code, room, dpi)
        if magnification is None:
            raise ValueError(f"a label of {label_mm[0]:g} x {label_mm[1]:g} mm is too small for a QR symbol")
        symbol = len(qr.matrix(says)) * magnification
        quiet = qr.QUIET_ZONE * magnification
        top = max((height - _QR_DROP_DOTS - symbol) // 2, quiet)
        x = symbol + 2 * quiet
        column = width - x - quiet // 2
        # Font 0 is proportional; its widest capitals take about 0.7 of the height.
        large = max(12, min(int(column / (11 * 0.7)), height // 4))
        small = max(10, large * 2 // 3)
        fields = [
            _symbol(says, quiet, top, magnification),
            _text_block(x, top, column, large + 4, large, format_code(code)),
        ]
        y = top + large + small // 2
        texts = [printable(label.title, 80), *(printable(line, 60) for line in label.lines[:3])]
        for text in filter(None, texts):
            if y + small + 2 > height:
                break
            fields.append(_text_block(x, y, column, small + 2, small, text))
            y += small + small // 3
        formats.append(f"^XA^CI28^PW{width}^LL{height}^LH0,0\n" + "\n".join(fields) + "\n^XZ\n")
    return "".join(formats)
