"""Flags that people lift or put back: the decision, what it changes of the day, and the mark of what follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.core.actor import Actor, system_actor
from assets.core.app import App
from assets.core.errors import NotFound, RuleViolation, invalid
from assets.core.i18n import msg
from assets.telemetry import queries
from assets.telemetry.days import day_of, day_span_ms, to_moment, to_ms
from assets.telemetry.marks import mark_stretch
from assets.telemetry.models import FlagDecision
from assets.telemetry.pipeline import NO_POSITION_FLAGS
from assets.telemetry.queries import Genuine
from assets.telemetry.queries.flags import Key
from assets.telemetry.rebuild.pieces import Stretch, derived_piece
from assets.telemetry.trips import DEFAULT_LIMITS, Doubt, Limits

ACTOR = system_actor("rebuild")
DECIDABLE = frozenset({*NO_POSITION_FLAGS, *(doubt.value for doubt in Doubt)})
"""Flags that leave something out of distance. The others (a wrong clock, a silent window) are no matter of opinion."""
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with what it makes of the sample's local day: measured metres before and after."""

    decision: FlagDecision
    day: date
    before_m: float
    after_m: float


def decide_flag(
    main: Session,
    telemetry: Session,
    actor: Actor,
    tracker: str,
    key: Key,
    flag: str,
    *,
    genuine: bool,
    reason: str,
    now: datetime,
    zone: ZoneInfo,
) -> Decided:
    """Records that a flagged sample is genuine (it counts again), or takes that back; the last word holds.

    The caller has checked the right, for the moment at which the sample happened. What follows from it is derived anew
    with the next rebuild; `mark_decisions` sees to that. `NotFound` for an unknown sample, `InvalidInput` for a flag
    that it does not have or an empty reason, `RuleViolation` when that is what holds already.
    """
    event_ms = queries.sample_moment(telemetry, tracker, key)
    if event_ms is None:
        raise NotFound(msg("There is no such sample."))
    decided = queries.decisions(main, tracker)
    last = decided.get((key, flag))
    _check(queries.flags_of(telemetry, tracker, key), flag, last, genuine=genuine, reason=reason)
    before = queries.lifted(decided)
    after = dict(before)
    others = after.pop(key, frozenset()) - {flag}
    if chosen := others | {flag} if genuine else others:
        after[key] = chosen
    row = FlagDecision(
        tracker_id=tracker, life=key[0], boot=key[1], seq=key[2], flag=flag, genuine=genuine, reason=reason.strip(),
        event_at=to_moment(event_ms), decided_at=now, decided_by_id=actor.account_id,
    )  # fmt: skip
    main.add(row)
    main.flush()
    day = day_of(event_ms, zone)
    metres = [measured_on(main, telemetry, tracker, event_ms, zone, lifted) for lifted in (before, after)]
    return Decided(row, day, *metres)


def _check(flags: frozenset[str], flag: str, last: FlagDecision | None, *, genuine: bool, reason: str) -> None:
    if not reason.strip():
        raise invalid("reason", msg("Say why."))
    if len(reason.strip()) > LONGEST_REASON:
        raise invalid("reason", msg("At most %(n)s characters.", n=LONGEST_REASON))
    # A flag that was lifted is told by nothing any more: the decision itself is the proof that it was there.
    if flag not in DECIDABLE or (flag not in flags and last is None):
        raise invalid("flag", msg("The sample does not have this flag, or nothing can be decided about it."))
    if genuine == (last is not None and last.genuine):
        raise RuleViolation(msg("That is what holds already."), code="nothing_changes")


def measured_on(
    main: Session,
    telemetry: Session,
    tracker: str,
    event_ms: int,
    zone: ZoneInfo,
    genuine: Genuine,
    limits: Limits = DEFAULT_LIMITS,
) -> float:
    """Metres measured on the local day of a moment, on the asset that carried the tracker then, with these lifted."""
    device_id = queries.device_id_of(telemetry, tracker)
    if device_id is None:
        return 0.0
    day = day_of(event_ms, zone)
    stretch = Stretch(tracker, device_id, event_ms, event_ms, ())
    for span in queries.installations(main, tracker):
        piece = derived_piece(telemetry, stretch, span, limits, zone, genuine)
        if piece is not None:
            start_ms = day_span_ms(day, zone)[0]
            return sum(part.totals.distance_mm for part in piece.segments.days if part.start_ms == start_ms) / 1000
    return 0.0


def mark_decisions(app: App, now: datetime) -> int:
    """Marks the stretches of decisions that are not marked yet; how many there were.

    The mark is committed before it is noted that it was made: whatever breaks off in between, it is made again.
    """
    with app.reading() as main:
        waiting = queries.waiting_decisions(main)
    if not waiting:
        return 0
    with app.telemetry.transaction(ACTOR, now) as telemetry:
        for row in waiting:
            key = (row.life, row.boot, row.seq)
            device_id = queries.device_id_of(telemetry, row.tracker_id)
            found = queries.sample_moment(telemetry, row.tracker_id, key)
            if device_id is not None:
                at_ms = to_ms(row.event_at) if found is None else found
                mark_stretch(telemetry, device_id, at_ms, at_ms, app.settings.zone)
    with app.transaction(ACTOR, now) as main:
        for row in waiting:
            kept = main.get(FlagDecision, row.id)
            if kept is not None:
                kept.marked = True
    return len(waiting)
