"""What people do with operations: record, change, close, correct and annul them, with their seizures."""

from assets.operations.service.parts import add_item, add_seizure, set_contribution, strike_item, strike_seizure
from assets.operations.service.records import (
    annul_operation,
    change_operation,
    close_operation,
    correct_operation,
    record_operation,
)

__all__ = [
    "add_item",
    "add_seizure",
    "annul_operation",
    "change_operation",
    "close_operation",
    "correct_operation",
    "record_operation",
    "set_contribution",
    "strike_item",
    "strike_seizure",
]
