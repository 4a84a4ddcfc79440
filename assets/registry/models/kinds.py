"""The fixed words of the register's tables, and the constraint that keeps a column to them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint

LIVES = ("expected", "received", "in_service", "withdrawn", "disposed", "lost")
GRADES = ("A", "B", "C", "D")
VISIBILITY_MARKS = ("applied", "missing", "damaged", "exempt")
EXEMPTION_REASONS = ("consumable", "too_small", "fragile", "impairs_function", "covert_use", "embassy_waiver")
TITLE_STATUSES = ("retained_by_agency", "right_of_use", "conditional_title", "title_transferred")


def one_of(column: str, values: tuple[str, ...], name: str) -> CheckConstraint:
    listed = ",".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)
