"""From points to steps: each measured by the best that tells it: the vehicle's bus, the device's counter, positions."""

from __future__ import annotations

from bisect import bisect_left
from operator import gt, sub

from assets.telemetry.trips import counters
from assets.telemetry.trips.motion import MOVING, STILL, UNKNOWN, Steps, Walk
from assets.telemetry.trips.points import Doubt, Limits, Track


def steps(track: Track, limits: Limits, flags: bytearray) -> Steps:
    """The steps of points in order, with what counters and positions tell of each."""
    doubts: dict[int, Doubt] = {}
    durations = list(map(sub, track.event_ms[1:], track.event_ms))
    by_device = counters.counted(track, track.odometer_m, flags, limits.fastest_ms, doubts)
    counters.drop_stuck(track, by_device, flags, limits, doubts)
    engines = counters.counted(track, track.engine_s, flags, 1.0, doubts)
    engines = [None if e is None else min(e, d) for e, d in zip(engines, durations, strict=True)]
    found = Steps(
        track,
        durations,
        bytearray(len(durations)),
        counters.ignitions(track, flags),
        by_device,
        engines,
        [0] * len(durations),
        doubts=doubts,
    )
    lats = track.lat
    frozen = counters.frozen_positions(track, by_device, flags, limits)
    if frozen:
        lats = list(lats)
        for index in frozen:
            lats[index] = None
            doubts[index] = Doubt.FROZEN
    Walk(found, lats, limits, flags).run()
    _settle_by_device(found, limits)
    _settle_by_bus(found, limits, flags)
    return found


def _settle_by_device(found: Steps, limits: Limits) -> None:
    """Lets the device's count decide distance and motion wherever there is one (it counts at 1 Hz, samples do not)."""
    counts, durations, gap_ms = found.by_device, found.durations, limits.gap_s * 1000
    walked = list(map(limits.walking_ms.__mul__, durations))
    if None not in counts and counts:
        blind = [i for i, motion in enumerate(found.motions) if motion == UNKNOWN and durations[i] > gap_ms]
        found.distances = counts  # type: ignore[assignment]  # none is missing
        found.motions[:] = bytes(map(gt, counts, walked))  # type: ignore[arg-type]  # as above
        for step in blind:
            found.motions[step] = UNKNOWN
        return
    for step, count in enumerate(counts):
        if count is None:
            continue
        found.distances[step] += count
        if durations[step] <= gap_ms or found.motions[step] != UNKNOWN:
            found.motions[step] = MOVING if count > walked[step] else STILL


def _settle_by_bus(found: Steps, limits: Limits, flags: bytearray) -> None:
    """Puts the dashboard's kilometres in place of the rest wherever it tells them, in the same proportions."""
    spans = counters.bus_spans(found.track, flags, limits, found.doubts)
    if not spans:
        return
    found.by_bus = [0] * len(found.durations)
    if found.distances is found.by_device:
        found.distances = list(found.distances)
    gaps = sorted(found.estimated)
    for first, last, whole in spans:
        weights = found.distances[first:last]
        for step in gaps[bisect_left(gaps, first) : bisect_left(gaps, last)]:
            weights[step - first] += found.estimated.pop(step)[0]
        # Where nothing else measured, the time tells, as far as the ignition was not off.
        blindly = not any(weights)
        if blindly:
            weights = _times_under_way(found, first, last)
        marks = [0]
        for weight in weights:
            marks.append(marks[-1] + weight)
        found.by_device[first:last] = [None] * (last - first)
        for step, share in counters.shares(whole, marks, first):
            found.distances[step] = found.by_bus[step] = share
            if blindly and found.durations[step] <= limits.gap_s * 1000:
                found.motions[step] = MOVING if share > limits.walking_ms * found.durations[step] else STILL


def _times_under_way(found: Steps, first: int, last: int) -> list[int]:
    times = found.durations[first:last]
    under_way = [
        0 if ignition is not None and not ignition else duration
        for duration, ignition in zip(times, found.ignitions[first:last], strict=True)
    ]
    return under_way if any(under_way) else times
