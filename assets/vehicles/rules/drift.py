"""Drift: what a tracker measured between two readings of the dashboard, beside what the dashboard went on by. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

DOUBTFUL_SHARE = 0.05
"""From here on either the tracker or somebody's reading wants looking at."""
LEAST_KM = Decimal(50)
"""Less between two readings tells nothing: a reading is whole kilometres, read off some time before or after."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person read off the dashboard; `begins`: it goes on from nothing before (another meter, a correction)."""

    at: datetime
    value: Decimal
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """Between two readings: kilometres by the dashboard, by the tracker, and estimated across gaps (in neither)."""

    start: datetime
    end: datetime
    dashboard_km: Decimal
    tracker_km: Decimal
    estimated_km: Decimal

    @property
    def share(self) -> float | None:
        """How much more (or less) the tracker measured, as a share of the dashboard's kilometres; None when too few."""
        if self.dashboard_km < LEAST_KM:
            return None
        return float((self.tracker_km - self.dashboard_km) / self.dashboard_km)

    @property
    def is_doubtful(self) -> bool:
        """Whether the two differ by more than what was estimated and what a reading can be off by."""
        if self.share is None:
            return False
        bridged = float(self.estimated_km / self.dashboard_km)
        return self.share > DOUBTFUL_SHARE or self.share + bridged < -DOUBTFUL_SHARE


Added = Mapping[tuple[datetime, datetime], Decimal]


def drifts(readings: Iterable[Shown], measured: Added, estimated: Added) -> Sequence[Drift]:
    """The drift between every two readings of one meter, oldest first; a span without data counts as 0 km."""
    found = []
    for before, after in pairwise(readings):
        span = (before.at, after.at)
        if not after.begins and span[0] < span[1]:
            found.append(
                Drift(
                    *span, after.value - before.value, measured.get(span, Decimal(0)), estimated.get(span, Decimal(0))
                )
            )
    return found
