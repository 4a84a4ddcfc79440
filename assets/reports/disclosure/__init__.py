"""What a donor may be shown: when, in which groups, how roughly, and which cells not. Pure; domain.md section 7."""

from assets.reports.disclosure.groups import (
    BANDS,
    KM_STEP,
    MIN_ASSETS,
    MIN_UNITS,
    VEHICLES,
    Cell,
    band,
    count_band,
    is_publishable,
    merged,
    reporting_class,
    rounded_km,
    two_digits,
)
from assets.reports.disclosure.periods import (
    MIN_DELAY_DAYS,
    MIN_PERIOD_DAYS,
    USUAL_DELAY_DAYS,
    check_delay,
    check_period,
    released_from,
    usually_released_from,
)

__all__ = [
    "BANDS",
    "KM_STEP",
    "MIN_ASSETS",
    "MIN_DELAY_DAYS",
    "MIN_PERIOD_DAYS",
    "MIN_UNITS",
    "USUAL_DELAY_DAYS",
    "VEHICLES",
    "Cell",
    "band",
    "check_delay",
    "check_period",
    "count_band",
    "is_publishable",
    "merged",
    "released_from",
    "reporting_class",
    "rounded_km",
    "two_digits",
    "usually_released_from",
]
