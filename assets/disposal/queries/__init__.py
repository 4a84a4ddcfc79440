"""Reads of disposal: loss and disposal cases, what is to be assessed, memo values, and counts for summaries."""

from assets.disposal.queries.cases import (
    BoardColumn,
    CaseFilter,
    board,
    disposal_case,
    disposal_cases,
    disposal_count,
    loss_case,
    loss_cases,
    loss_count,
    open_disposal_of,
    open_loss_of,
    settled_loss_of,
)
from assets.disposal.queries.counts import disposal_counts, loss_counts
from assets.disposal.queries.due import AssessmentRow, assessment_count, assessment_due, triggers_of
from assets.disposal.queries.values import ClassValue, MemoRow, asset_memo, by_currency, memo_rows, memo_totals

__all__ = [
    "AssessmentRow",
    "BoardColumn",
    "CaseFilter",
    "ClassValue",
    "MemoRow",
    "assessment_count",
    "assessment_due",
    "asset_memo",
    "board",
    "by_currency",
    "disposal_case",
    "disposal_cases",
    "disposal_count",
    "disposal_counts",
    "loss_case",
    "loss_cases",
    "loss_count",
    "loss_counts",
    "memo_rows",
    "memo_totals",
    "open_disposal_of",
    "open_loss_of",
    "settled_loss_of",
    "triggers_of",
]
