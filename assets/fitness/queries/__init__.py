"""Reads of fitness: of the assets of a page, as a condition for filters, and of a whole register at once."""

from assets.fitness.queries.checks import LastCheck, not_checked_today
from assets.fitness.queries.one_by_one import (
    fitness_of,
    incomplete_kits,
    judged_assets,
    kits_of,
    unfit_assets_condition,
)
from assets.fitness.queries.readiness import ReadinessFilter, readiness

__all__ = [
    "LastCheck",
    "ReadinessFilter",
    "fitness_of",
    "incomplete_kits",
    "judged_assets",
    "kits_of",
    "not_checked_today",
    "readiness",
    "unfit_assets_condition",
]
