"""What one local day was for one asset: a pure rule from the facts of the day to its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

# A vehicle was used on a day with a trip and at least this distance (domain.md F2); shorter is moving it in the yard.
MIN_USE_DISTANCE_M = 5_000
# From this many hours down within the day the day counts as off road.
OFF_ROAD_S = 12 * 3600
# An item whose last recorded event is older than this says nothing about its use: the day is unknown, not "unused".
ATTENDED_DAYS = 31
OPERABLE_LIVES = frozenset({"received", "in_service"})


@dataclass(frozen=True, slots=True)
class TrackerFigures:
    """What telemetry derived for the day: distances in metres, times in seconds, trips, and the revisions used."""

    measured_m: int
    estimated_m: int
    engine_s: int
    idle_s: int
    unknown_s: int
    trips: int
    heard: bool
    revision: int


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What is recorded about one asset for one local day; times in seconds within the day.

    `life` is the one at the end of the day; `at_unit_s` and `down_s` say how long at which unit and down for which
    cause. `silent`: a silent window touched the day. `records_use` says whether use of such an item is recorded at all
    (a radio's is not). `recorded` counts the events of the day, `days_since_recorded` is None when there never was one.
    """

    day: date
    is_vehicle: bool
    records_use: bool
    subject_to_calibration: bool
    life: str
    at_unit_s: Mapping[int, int]
    down_s: Mapping[str, int]
    uses: int
    use_s: int
    tracked: bool
    silent: bool
    tracker: TrackerFigures | None
    in_calibration: bool
    seen: bool
    recorded: int
    days_since_recorded: int | None


class DayRow(NamedTuple):
    """A row of `asset_day` without its keys and revision."""

    unit_id: int
    vehicle: bool
    on_register: bool
    off_road: bool
    down_s: int
    down_by_cause: dict[str, int] | None
    known: bool
    used: bool
    uses: int
    use_s: int
    measured_m: int | None
    estimated_m: int | None
    engine_s: int | None
    idle_s: int | None
    unknown_s: int | None
    tracked: bool
    heard: bool
    silent: bool
    seen: bool
    touched: bool
    attended: bool
    subject_to_calibration: bool
    in_calibration: bool
    telemetry_revision: int | None


def day_row(facts: DayFacts) -> DayRow:
    """The row of the day.

    `known` says whether there is data on use at all: for a vehicle that it was heard or a use was recorded; for other
    items that their use is recorded and somebody recorded something about this one within `ATTENDED_DAYS`. Without data
    `used` is false and `known` too: such days stand in no denominator of use and lower the coverage.
    """
    tracker = facts.tracker
    heard = tracker is not None and tracker.heard
    down = sum(facts.down_s.values())
    attended = heard or _attended(facts)
    drove = tracker is not None and tracker.trips > 0 and tracker.measured_m + tracker.estimated_m >= MIN_USE_DISTANCE_M
    return DayRow(
        unit_id=longest(facts.at_unit_s),
        vehicle=facts.is_vehicle,
        on_register=facts.life in OPERABLE_LIVES,
        off_road=down >= OFF_ROAD_S,
        down_s=down,
        down_by_cause=dict(sorted(facts.down_s.items())) or None,
        known=facts.uses > 0 or (heard if facts.is_vehicle else facts.records_use and attended),
        used=facts.uses > 0 or (facts.is_vehicle and drove),
        uses=facts.uses,
        use_s=facts.use_s,
        measured_m=tracker.measured_m if tracker else None,
        estimated_m=tracker.estimated_m if tracker else None,
        engine_s=tracker.engine_s if tracker else None,
        idle_s=tracker.idle_s if tracker else None,
        unknown_s=tracker.unknown_s if tracker else None,
        tracked=facts.tracked or tracker is not None,
        heard=heard,
        silent=facts.silent and (facts.tracked or tracker is not None),
        seen=facts.seen,
        touched=heard or facts.recorded > 0,
        attended=attended,
        subject_to_calibration=facts.subject_to_calibration,
        in_calibration=facts.subject_to_calibration and facts.in_calibration,
        telemetry_revision=tracker.revision if tracker else None,
    )


def longest(at_unit_s: Mapping[int, int]) -> int:
    """The unit that held the asset most of the day; the smaller id when two held it equally long."""
    return min(at_unit_s, key=lambda unit_id: (-at_unit_s[unit_id], unit_id))


def _attended(facts: DayFacts) -> bool:
    return facts.days_since_recorded is not None and facts.days_since_recorded < ATTENDED_DAYS
