"""Reads of shifts: the board of what is out, one shift with its items, and the sets that stand ready."""

from assets.shifts.queries.board import (
    SHOWS,
    NotBack,
    ShiftFilter,
    ShiftRow,
    board,
    late_shifts,
    not_back,
    row_key,
)
from assets.shifts.queries.one import ItemView, ShiftView, shift_by_id
from assets.shifts.queries.sets import set_by_id, sets_for_phone, sets_page

__all__ = [
    "SHOWS",
    "ItemView",
    "NotBack",
    "ShiftFilter",
    "ShiftRow",
    "ShiftView",
    "board",
    "late_shifts",
    "not_back",
    "row_key",
    "set_by_id",
    "sets_for_phone",
    "sets_page",
    "shift_by_id",
]
