"""Reads of fitness: of the assets of a page, as a condition for filters, and of a whole register at once."""

from assets.fitness.queries.one_by_one import fitness_of, unfit_assets_condition
from assets.fitness.queries.readiness import ReadinessFilter, readiness

__all__ = ["ReadinessFilter", "fitness_of", "readiness", "unfit_assets_condition"]
