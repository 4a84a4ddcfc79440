"""The orders that silent windows ask for: each tracker is told its windows, and when one is off.

They follow the windows: opened, longer, ended early, another vehicle for the tracker. A tracker knows a window by its
beginning: the same beginning with another end takes its place. What a tracker makes of it decides nothing, since
ingest keeps the windows by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.telemetry.commands.orders import put
from assets.telemetry.commands.rules import Cmd
from assets.telemetry.days import to_moment, to_ms
from assets.telemetry.models import SilentWindowRow, Tracker, TrackerCommand, TrackerInstallation
from assets.telemetry.silence import silent_spans

MOST_TOLD = 8
"""So many windows a tracker keeps; of more, those that come first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a tracker is to be told: silent from and until (UNIX seconds); for one that is off the end has passed."""

    tracker: str
    from_s: int
    until_s: int
    expires_at: datetime


def silence_is_due(session: Session, now: datetime) -> bool:
    """Whether some tracker was told something else than what its windows ask for."""
    return bool(_wanted(session, now))


def order_silence(session: Session, actor: Actor, now: datetime) -> None:
    """Gives the orders that are due; of two who do so at once, the second finds nothing left."""
    due = {wanted.tracker for wanted in _wanted(session, now)}
    if not due:
        return
    session.execute(select(Tracker.id).where(Tracker.id.in_(due)).order_by(Tracker.id).with_for_update())
    for wanted in _wanted(session, now):
        if wanted.tracker in due:
            args = {"from": wanted.from_s, "until": wanted.until_s}
            put(session, actor, wanted.tracker, Cmd.SILENT, args, wanted.expires_at, now)


def _wanted(session: Session, now: datetime) -> list[Wanted]:
    trackers = _concerned(session, now)
    if not trackers:
        return []
    spans, told = silent_spans(session, trackers), _told(session, trackers, now)
    now_ms = to_ms(now)
    found: list[Wanted] = []
    for tracker in trackers:
        ahead = [span for span in spans.get(tracker, ()) if span.until_ms > now_ms][:MOST_TOLD]
        asked = {span.first_ms // 1000: -(-span.until_ms // 1000) for span in ahead}
        known = told.get(tracker, {})
        for from_s, until_s in known.items():
            if from_s not in asked and until_s * 1000 > now_ms:
                # Off as of now; one that has not begun ends as it begins.
                off_s = max(now_ms // 1000, from_s + 1)
                found.append(Wanted(tracker, from_s, off_s, to_moment(until_s * 1000)))
        for from_s, until_s in asked.items():
            if known.get(from_s) != until_s:
                found.append(Wanted(tracker, from_s, until_s, to_moment(until_s * 1000)))
    return found


def _concerned(session: Session, now: datetime) -> list[str]:
    """Trackers that hear orders and that are, or were, on an asset whose window was to last longer than now."""
    return list(
        session.scalars(
            select(TrackerInstallation.tracker_id)
            .join(SilentWindowRow, SilentWindowRow.asset_id == TrackerInstallation.asset_id)
            .join(Tracker, Tracker.id == TrackerInstallation.tracker_id)
            .where(SilentWindowRow.ends_at > now, Tracker.kind == "native", Tracker.revoked_at.is_(None))
            .distinct()
            .order_by(TrackerInstallation.tracker_id)
        )
    )


def _told(session: Session, trackers: list[str], now: datetime) -> dict[str, dict[int, int]]:
    """By tracker what it was last told of each window that matters still (from: until), whatever it answered."""
    rows = session.execute(
        select(TrackerCommand.tracker_id, TrackerCommand.args)
        .where(TrackerCommand.cmd == Cmd.SILENT, TrackerCommand.tracker_id.in_(trackers))
        .where(TrackerCommand.expires_at > now)
        .order_by(TrackerCommand.id)
    )
    found: dict[str, dict[int, int]] = {}
    for tracker, args in rows:
        found.setdefault(tracker, {})[int(args["from"])] = int(args["until"])
    return found
