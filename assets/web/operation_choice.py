"""What a return asks about operations: those it was likely used in, for one tap, and what it did for the result."""

from __future__ import annotations

from sqlalchemy.orm import Session

from assets.operations.models import Operation
from assets.operations.queries import UseThere, operation_for_use, usual_operations
from assets.operations.rules import CONTRIBUTION_RANK, KIND_NAMES
from assets.people.rules import Permission, may
from assets.registry.models import Asset
from assets.web.context import actor, now, words
from assets.web.filters import show_date

NO_OPERATION, ANOTHER = "none", "other"


def likely_operations(session: Session, asset: Asset) -> list[tuple[str, str]]:
    """(code, words) of the open operations that this asset was most likely used in; empty for who may see none."""
    if not may(actor(), Permission.OPERATION_READ):
        return []
    return [(each.code, operation_words(each)) for each in usual_operations(session, actor(), asset.unit_id, now())]


def operation_words(operation: Operation) -> str:
    """An operation as one is chosen: its kind, first day and code."""
    return f"{words(KIND_NAMES[operation.kind])}, {show_date(operation.starts_on)} \u00b7 {operation.code}"


def named_operation(session: Session, code: str, field: str = "operation") -> str:
    """The code that a use is recorded with; `InvalidInput` naming `field` for one that the actor may not know of."""
    return operation_for_use(session, actor(), code, field)


def told_by_returns(uses: list[UseThere]) -> dict[str, str]:
    """The most that the returns said of each class, by its code."""
    found: dict[str, str] = {}
    for use in uses:
        code = use.asset.equipment_class.code
        found[code] = max(found.get(code, "none"), use.contribution, key=CONTRIBUTION_RANK.__getitem__)
    return found
