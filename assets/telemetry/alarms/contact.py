"""Silence that is too long: raised as an alarm when a class expects to hear sooner, closed when it is heard again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from assets.core.app import App
from assets.registry.models import Asset
from assets.telemetry import queries
from assets.telemetry.alarms import rules
from assets.telemetry.alarms.mail import queue_alarm_mails
from assets.telemetry.alarms.watch import ACTOR, over
from assets.telemetry.days import to_ms
from assets.telemetry.models import Alarm, Tracker, TrackerInstallation
from assets.telemetry.presence import Outage, unheard_ms
from assets.telemetry.silence import excused_until

_EXPECTED_LIVES = ("in_service",)


@dataclass(frozen=True)
class Expected:
    """A tracker on an item in service: since when it is there, and how long its class may be silent."""

    tracker: str
    asset: Asset
    since: datetime
    limit_ms: int


def judge(app: App, now: datetime) -> tuple[int, int]:
    """Raises what is silent too long and closes what was heard again; answers (raised, closed)."""
    with app.reading() as session:
        expected = _expected(session)
        excused = excused_until(session, [each.asset.id for each in expected], now)
        standing = set(session.scalars(_standing().with_only_columns(Alarm.tracker_id)))
    with app.telemetry.reading() as telemetry:
        heard = queries.last_heard(telemetry, [*{each.tracker for each in expected} | standing])
        first_ms = min((to_ms(each.since) for each in expected), default=to_ms(now))
        outages = queries.outages(telemetry, first_ms, to_ms(now))
    silent = {
        each.tracker: each for each in expected if _is_silent(each, heard.get(each.tracker), excused, outages, now)
    }
    with app.transaction(ACTOR, now) as session:
        closed = _close_heard(session, {each.tracker for each in expected}, heard, set(silent), now)
        raised = sum(_raise(session, each, app, now) for each in silent.values())
    return raised, closed


def _expected(session: Session) -> list[Expected]:
    """The trackers that somebody expects to hear of: on an item in service, and allowed to speak."""
    limits = queries.contact_hours(session)
    rows = session.execute(
        select(Tracker.id, Asset, TrackerInstallation.started_at)
        .join(TrackerInstallation, TrackerInstallation.tracker_id == Tracker.id)
        .join(Asset, Asset.id == TrackerInstallation.asset_id)
        .where(
            TrackerInstallation.ended_at.is_(None), Tracker.revoked_at.is_(None), Asset.annulled_at.is_(None),
            Asset.life.in_(_EXPECTED_LIVES),
        )
    )  # fmt: skip
    return [
        Expected(tracker, asset, since, limits.get(asset.class_id, queries.USUAL_HOURS) * 3_600_000)
        for tracker, asset, since in rows
    ]


def _is_silent(
    each: Expected,
    heard: datetime | None,
    excused: Mapping[int, datetime],
    outages: tuple[Outage, ...],
    now: datetime,
) -> bool:
    """Whether we have listened for it in vain for longer than its class may be silent, under no orders to be."""
    from_at = max(filter(None, (heard, each.since, excused.get(each.asset.id))))
    return unheard_ms(to_ms(from_at), outages, to_ms(now)) > each.limit_ms if from_at < now else False


def _standing() -> Select[Alarm]:
    return select(Alarm).where(Alarm.kind == rules.SILENT, Alarm.ended_at.is_(None))


def _close_heard(
    session: Session, expected: set[str], heard: Mapping[str, datetime], silent: set[str], now: datetime
) -> int:
    """Ends what is silent no more: it was heard, nobody expects it any more, or more silence is allowed now."""
    closed = 0
    for alarm in session.scalars(_standing()):
        spoke = heard.get(alarm.tracker_id)
        if alarm.tracker_id not in silent:
            again = spoke is not None and alarm.tracker_id in expected and spoke > alarm.raised_at
            over(alarm, spoke if again and spoke is not None else now, now)
            closed += 1
    return closed


def _raise(session: Session, each: Expected, app: App, now: datetime) -> int:
    """One alarm for one silence, whatever is done about it; answers how many were raised."""
    known = select(Alarm.id).where(
        Alarm.tracker_id == each.tracker, Alarm.kind == rules.SILENT, Alarm.ended_at.is_(None)
    )
    if session.scalar(known.limit(1)) is not None:
        return 0
    asset = session.get_one(Asset, each.asset.id)
    alarm = Alarm(
        tracker_id=each.tracker, asset_id=asset.id,
        unit_id=asset.holding_unit_id if asset.holding_unit_id is not None else asset.unit_id, kind=rules.SILENT,
        key=f"at:{to_ms(now)}", raised_at=now, last_at=now, received_at=now, late=False, times=1, state=rules.OPEN,
        note="",
    )  # fmt: skip
    session.add(alarm)
    session.flush()
    queue_alarm_mails(session, alarm, app.settings)
    return 1
