"""Compares a paper list with the register; changes nothing, and keeps what was found on a day as a file for a month."""

from assets.exchange.reconciliation.compare import reconcile
from assets.exchange.reconciliation.keep import KeptResult, forget_results, keep_result, kept_result
from assets.exchange.reconciliation.result import RESULT_COLUMNS, STATUSES, Difference, Line, Reconciliation

__all__ = [
    "RESULT_COLUMNS",
    "STATUSES",
    "Difference",
    "KeptResult",
    "Line",
    "Reconciliation",
    "forget_results",
    "keep_result",
    "kept_result",
    "reconcile",
]
