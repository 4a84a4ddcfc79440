"""The watch: takes what ingest noted as it stored it, and raises, repeats or ends alarms, each word once.

What was taken is deleted after the commit. A watch that dies between the two takes it again: `alarm_word` knows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from assets.core.actor import system_actor
from assets.core.app import App
from assets.registry.models import Asset, AssetEvent
from assets.telemetry.alarms import rules
from assets.telemetry.alarms.mail import queue_alarm_mails
from assets.telemetry.days import to_moment
from assets.telemetry.models import Alarm, AlarmWord, Boot, Device, Occurrence
from assets.telemetry.queries import installed_on

ACTOR = system_actor("alarms")
AT_ONCE = 500
# After one of these another unit may have had the item than has it now.
_CHANGES_HANDS = ("transfer_receive", "transfer_settle", "assigned", "correction")


@dataclass(frozen=True)
class Told:
    """A word of one sample, and when it was said and heard."""

    id: int
    tracker: str
    life: str
    boot: int
    seq: int
    word: str
    at: datetime
    dated: int
    received_at: datetime

    @property
    def key(self) -> str:
        return f"{self.life}:{self.boot}:{self.seq}"


def look(app: App, now: datetime) -> int:
    """Takes what waits, a piece of it; answers how many words there were."""
    with app.telemetry.reading() as telemetry:
        waiting = _waiting(telemetry)
    if not waiting:
        return 0
    with app.transaction(ACTOR, now) as session:
        for told in sorted(waiting, key=lambda told: (told.at, told.id)):
            take(session, told, app)
    with app.telemetry.transaction(ACTOR, now) as telemetry:
        telemetry.execute(delete(Occurrence).where(Occurrence.id.in_([told.id for told in waiting])))
    return len(waiting)


def _waiting(telemetry: Session) -> list[Told]:
    statement = (
        select(Occurrence, Device.tracker_id, Boot.life, Boot.boot)
        .join(Device, Device.id == Occurrence.device_id)
        .join(Boot, Boot.id == Occurrence.boot_id)
        .order_by(Occurrence.id)
        .limit(AT_ONCE)
    )
    return [
        Told(
            row.id, tracker, life, boot, row.seq, row.word, to_moment(row.event_ms), row.dated,
            to_moment(row.received_ms),
        )
        for row, tracker, life, boot in telemetry.execute(statement)
    ]  # fmt: skip


def take(session: Session, told: Told, app: App) -> None:
    """Raises, repeats or ends alarms by one word; one that is known already changes nothing."""
    if told.word not in rules.WORDS and told.word not in rules.ENDED_BY:
        return
    known = select(AlarmWord.id).where(
        AlarmWord.tracker_id == told.tracker,
        AlarmWord.life == told.life,
        AlarmWord.boot == told.boot,
        AlarmWord.seq == told.seq,
        AlarmWord.word == told.word,
    )
    if session.scalar(known) is not None:
        return
    if told.word in rules.ENDED_BY:
        ended = [_end(session, told, kind) for kind in rules.ENDED_BY[told.word]]
        _remember(session, told, next((alarm for alarm in ended if alarm is not None), None))
        return
    alarm = _same(session, told)
    if alarm is None:
        alarm = _raised(session, told)
        session.add(alarm)
        session.flush()
        queue_alarm_mails(session, alarm, app.settings)
    else:
        alarm.times += 1
        alarm.raised_at, alarm.last_at = min(alarm.raised_at, told.at), max(alarm.last_at, told.at)
    _remember(session, told, alarm)


def _remember(session: Session, told: Told, alarm: Alarm | None) -> None:
    session.add(
        AlarmWord(
            alarm_id=alarm.id if alarm is not None else None, tracker_id=told.tracker, life=told.life, boot=told.boot,
            seq=told.seq, word=told.word, at=told.at, dated=told.dated, received_at=told.received_at,
        )
    )  # fmt: skip
    session.flush()


def _same(session: Session, told: Told) -> Alarm | None:
    """The alarm that a word repeats, if there is one; of several the one that began last."""
    near = session.scalars(
        select(Alarm)
        .where(
            Alarm.tracker_id == told.tracker, Alarm.kind == told.word, Alarm.raised_at <= told.at + rules.REPEAT,
        )
        .order_by(Alarm.raised_at.desc(), Alarm.id.desc())
        .limit(5)
    )  # fmt: skip
    over_at = _end_after(session, told.tracker, told.word, told.at)
    for alarm in near:
        if over_at is not None and alarm.raised_at > over_at:
            continue
        if rules.joins(
            told.word, told.at, raised_at=alarm.raised_at, last_at=alarm.last_at, ended_at=alarm.ended_at,
            closed=alarm.state == rules.CLOSED,
        ):  # fmt: skip
            return alarm
    return None


def _raised(session: Session, told: Told) -> Alarm:
    ended_at = _end_after(session, told.tracker, told.word, told.at)
    asset_id = installed_on(session, told.tracker, told.at)
    alarm = Alarm(
        tracker_id=told.tracker, asset_id=asset_id, unit_id=unit_then(session, asset_id, told.at), kind=told.word,
        key=told.key, raised_at=told.at, last_at=told.at, received_at=told.received_at, times=1, state=rules.OPEN,
        late=rules.is_late(told.at, told.received_at, ended_at), note="",
    )  # fmt: skip
    if ended_at is not None:
        over(alarm, ended_at, max(told.received_at, ended_at))
    return alarm


def _end(session: Session, told: Told, kind: str) -> Alarm | None:
    """Ends the last alarm of a kind that began before a word, unless it ended earlier."""
    alarm = session.scalar(
        select(Alarm)
        .where(Alarm.tracker_id == told.tracker, Alarm.kind == kind, Alarm.raised_at <= told.at)
        .order_by(Alarm.raised_at.desc(), Alarm.id.desc())
        .limit(1)
    )
    if alarm is None or (alarm.ended_at is not None and alarm.ended_at <= told.at):
        return None
    if alarm.last_at > told.at:
        _split(session, alarm, told.at)
    over(alarm, told.at, told.received_at)
    return alarm


def _split(session: Session, alarm: Alarm, at: datetime) -> None:
    """What was taken for one alarm was two: an end in between was heard last. The later words are another alarm."""
    words = session.scalars(
        select(AlarmWord).where(AlarmWord.alarm_id == alarm.id).order_by(AlarmWord.at, AlarmWord.id)
    ).all()
    before = [word for word in words if word.at <= at and word.word == alarm.kind]
    later = [word for word in words if word.at > at]
    begun = [word for word in later if word.word == alarm.kind]
    alarm.times, alarm.last_at = len(before), max(word.at for word in before)
    first = begun[0]
    told = Told(0, first.tracker_id, first.life, first.boot, first.seq, alarm.kind, first.at, 0, first.received_at)
    other = _raised(session, told)
    other.times, other.last_at = len(begun), begun[-1].at
    if alarm.ended_at is not None:
        over(other, alarm.ended_at, first.received_at)
    # An alarm bears the name of the word that raised it, which may be one that goes.
    alarm.key, other.key = f"{before[0].life}:{before[0].boot}:{before[0].seq}", f"{told.key}"
    session.flush()
    session.add(other)
    session.flush()
    for word in later:
        word.alarm_id = other.id


def over(alarm: Alarm, ended_at: datetime, heard_at: datetime) -> None:
    """The cause is gone by the tracker's own word: the alarm closes by itself, if nobody has closed it."""
    alarm.ended_at = ended_at
    if alarm.state != rules.CLOSED:
        alarm.state, alarm.closed_at = rules.CLOSED, heard_at


def _end_after(session: Session, tracker: str, kind: str, at: datetime) -> datetime | None:
    """When a lasting alarm that began at a moment ended, as far as words are known."""
    words = [word for word, kinds in rules.ENDED_BY.items() if kind in kinds]
    if not words:
        return None
    return session.scalar(
        select(AlarmWord.at)
        .where(AlarmWord.tracker_id == tracker, AlarmWord.word.in_(words), AlarmWord.at >= at)
        .order_by(AlarmWord.at)
        .limit(1)
    )


def unit_then(session: Session, asset_id: int | None, at: datetime) -> int | None:
    """The unit that had an asset at a moment: the one that has it now, or None when it changed hands since.

    An alarm that is told to nobody but who sees everything is better than one told to a unit whose vehicle it was not.
    """
    asset = None if asset_id is None else session.get(Asset, asset_id)
    if asset is None:
        return None
    since = select(AssetEvent.id).where(
        AssetEvent.asset_id == asset.id, AssetEvent.kind.in_(_CHANGES_HANDS), AssetEvent.occurred_at > at
    )
    if session.scalar(since.limit(1)) is not None:
        return None
    return asset.holding_unit_id if asset.holding_unit_id is not None else asset.unit_id
