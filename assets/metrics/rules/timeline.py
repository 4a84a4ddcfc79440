"""Cuts what is recorded about one asset into its local days; pure, in whole seconds since 1970."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from assets.core.clock import day_start, days
from assets.metrics.rules.day import DayFacts, DayRow, TrackerFigures, day_row

Interval = tuple[int, int]


@dataclass(frozen=True)
class Calendar:
    """Consecutive local days; `bounds[i]` to `bounds[i + 1]` is day i, half-open."""

    days: tuple[date, ...]
    bounds: tuple[int, ...]

    @classmethod
    def of(cls, first: date, until: date, zone: ZoneInfo) -> Calendar:
        """The days from `first` to the day before `until`."""
        found = days(first, until)
        return cls(tuple(found), tuple(int(day_start(day, zone).timestamp()) for day in [*found, until]))

    def index(self, second: int) -> int | None:
        """Which day a moment lies in; None outside."""
        at = bisect_right(self.bounds, second) - 1
        return at if 0 <= at < len(self.days) else None

    def split(self, interval: Interval) -> Iterator[tuple[int, int]]:
        """(day, seconds within it) for each day that a half-open interval touches."""
        start, end = max(interval[0], self.bounds[0]), min(interval[1], self.bounds[-1])
        while start < end:
            at = bisect_right(self.bounds, start) - 1
            cut = min(end, self.bounds[at + 1])
            yield at, cut - start
            start = cut


@dataclass(frozen=True)
class AssetFacts:
    """Everything recorded about one asset that makes its days.

    `units` and `lives` are steps (from when, what), oldest first; the first holds from ever. Events and sightings are
    moments; `uses` (moment, seconds); `downtimes` (start, end, cause), which may overlap.
    """

    is_vehicle: bool
    records_use: bool
    subject_to_calibration: bool
    units: Sequence[tuple[int, int]]
    lives: Sequence[tuple[int, str]]
    first_day: date
    downtimes: Sequence[tuple[int, int, str]] = ()
    uses: Sequence[tuple[int, int]] = ()
    events: Sequence[int] = ()
    sightings: Sequence[int] = ()
    tracked: Sequence[Interval] = ()
    silent: Sequence[Interval] = ()
    tracker_days: Mapping[date, TrackerFigures] = field(default_factory=dict)
    calibrated: Sequence[Interval] = ()


def day_rows(facts: AssetFacts, calendar: Calendar) -> Iterator[tuple[date, DayRow]]:
    """The rows of the asset's days within the calendar, from its first day on."""
    uses, use_s = _uses(facts, calendar)
    down = _by_day(calendar, ((start, end, cause) for start, end, cause in without_overlaps(facts.downtimes)))
    at_unit = _by_day(calendar, _lasting(facts.units, calendar.bounds[-1]))
    tracked = {at for interval in facts.tracked for at, _ in calendar.split(interval)}
    silent = {at for interval in facts.silent for at, _ in calendar.split(interval)}
    events = Counter(at for moment in facts.events if (at := calendar.index(moment)) is not None)
    seen = {calendar.index(moment) for moment in facts.sightings}
    last_event = _last_before(facts.events, calendar)
    for at, day in enumerate(calendar.days):
        if at in events:
            last_event = at
        if day < facts.first_day:
            continue
        last_second = calendar.bounds[at + 1] - 1
        yield (
            day,
            day_row(
                DayFacts(
                    day=day,
                    is_vehicle=facts.is_vehicle,
                    records_use=facts.records_use,
                    subject_to_calibration=facts.subject_to_calibration,
                    life=_step(facts.lives, last_second),
                    at_unit_s=at_unit[at],
                    down_s=down.get(at, {}),
                    uses=uses.get(at, 0),
                    use_s=use_s.get(at, 0),
                    tracked=at in tracked,
                    silent=at in silent,
                    tracker=facts.tracker_days.get(day),
                    in_calibration=any(start <= last_second < end for start, end in facts.calibrated),
                    seen=at in seen,
                    recorded=events.get(at, 0),
                    days_since_recorded=None if last_event is None else at - last_event,
                )
            ),
        )


def without_overlaps(stretches: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """The stretches, each moment given to the one that began first: two orders do not double a standstill."""
    covered = None
    for start, end, cause in sorted(stretches):
        start = start if covered is None else max(start, covered)
        if start < end:
            yield start, end, cause
            covered = end


def _uses(facts: AssetFacts, calendar: Calendar) -> tuple[dict[int, int], dict[int, int]]:
    count: dict[int, int] = {}
    seconds: dict[int, int] = {}
    for moment, lasted in facts.uses:
        at = calendar.index(moment)
        if at is not None:
            count[at] = count.get(at, 0) + 1
            seconds[at] = seconds.get(at, 0) + lasted
    return count, seconds


def _by_day(calendar: Calendar, stretches: Iterable[tuple[int, int, str | int]]) -> dict[int, dict]:  # type: ignore[type-arg]  # keyed by cause or unit
    found: dict[int, dict[str | int, int]] = {}
    for start, end, key in stretches:
        for at, seconds in calendar.split((start, end)):
            of_day = found.setdefault(at, {})
            of_day[key] = of_day.get(key, 0) + seconds
    return found


def _lasting(steps: Sequence[tuple[int, int]], until: int) -> Iterator[tuple[int, int, int]]:
    for n, (since, what) in enumerate(steps):
        end = steps[n + 1][0] if n + 1 < len(steps) else until
        yield (since if n else 0), end, what


def _step(steps: Sequence[tuple[int, str]], moment: int) -> str:
    found = steps[0][1]
    for since, what in steps[1:]:
        if since > moment:
            break
        found = what
    return found


def _last_before(events: Sequence[int], calendar: Calendar) -> int | None:
    """The day number, negative, of the last event before the calendar begins."""
    earlier = [moment for moment in events if moment < calendar.bounds[0]]
    return -1 - (calendar.bounds[0] - 1 - max(earlier)) // 86_400 if earlier else None
