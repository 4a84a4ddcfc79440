"""Reads of flags: which samples are doubted, by themselves or by their neighbours, and what people said of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from assets.telemetry.days import to_moment, to_ms
from assets.telemetry.models import Boot, Device, FlagDecision, Sample, SampleDoubt

Key = tuple[str, int, int]
"""What a sample is known by within its tracker: (life, boot, seq)."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """A sample with a flag; `flags` are those of its own and those that its neighbours tell."""

    at: datetime
    received_at: datetime
    life: str
    boot: int
    seq: int
    flags: tuple[str, ...]

    @property
    def key(self) -> Key:
        """What it is known by."""
        return (self.life, self.boot, self.seq)


def decisions(session: Session, tracker: str) -> dict[tuple[Key, str], FlagDecision]:
    """The decision that holds on each flag of each sample of a tracker: the last one (main database)."""
    rows = session.scalars(select(FlagDecision).where(FlagDecision.tracker_id == tracker).order_by(FlagDecision.id))
    return {((row.life, row.boot, row.seq), row.flag): row for row in rows}


def lifted(decided: Mapping[tuple[Key, str], FlagDecision]) -> dict[Key, frozenset[str]]:
    """The flags that people lifted, by sample, of the decisions that hold."""
    found: dict[Key, frozenset[str]] = {}
    for (key, flag), row in decided.items():
        if row.genuine:
            found[key] = found.get(key, frozenset()) | {flag}
    return found


def waiting_decisions(session: Session) -> Sequence[FlagDecision]:
    """Decisions whose stretch was not marked yet, oldest first."""
    return session.scalars(select(FlagDecision).where(~FlagDecision.marked).order_by(FlagDecision.id)).all()


def sample_moment(session: Session, tracker: str, key: Key) -> int | None:
    """When a sample happened, None when there is no such sample (telemetry database)."""
    return session.scalar(
        select(Sample.event_ms)
        .join(Boot, Boot.id == Sample.boot_id)
        .join(Device, Device.id == Boot.device_id)
        .where(Device.tracker_id == tracker, Boot.life == key[0], Boot.boot == key[1], Sample.seq == key[2])
    )


def flags_of(session: Session, tracker: str, key: Key) -> frozenset[str]:
    """The flags of one sample, its own and its neighbours'."""
    where = (Device.tracker_id == tracker, Boot.life == key[0], Boot.boot == key[1])
    own = session.scalar(
        select(Sample.flags)
        .join(Boot, Boot.id == Sample.boot_id)
        .join(Device, Device.id == Boot.device_id)
        .where(*where, Sample.seq == key[2])
    )
    told = session.scalars(
        select(SampleDoubt.flag)
        .join(Boot, Boot.id == SampleDoubt.boot_id)
        .join(Device, Device.id == Boot.device_id)
        .where(*where, SampleDoubt.seq == key[2])
    )
    return frozenset(own.split(",") if own else ()) | frozenset(told)


def doubts(session: Session, tracker: str, start: datetime, until: datetime) -> dict[Key, tuple[str, ...]]:
    """What their neighbours tell of samples in a half-open span, by sample."""
    rows = session.execute(
        select(Boot.life, Boot.boot, SampleDoubt.seq, SampleDoubt.flag)
        .join(Boot, Boot.id == SampleDoubt.boot_id)
        .join(Device, Device.id == SampleDoubt.device_id)
        .where(Device.tracker_id == tracker, SampleDoubt.event_ms >= to_ms(start), SampleDoubt.event_ms < to_ms(until))
        .order_by(SampleDoubt.event_ms, SampleDoubt.flag)
    )
    found: dict[Key, tuple[str, ...]] = {}
    for life, boot, seq, flag in rows:
        found[life, boot, seq] = (*found.get((life, boot, seq), ()), flag)
    return found


def flagged(
    session: Session,
    tracker: str,
    start: datetime,
    until: datetime,
    *,
    also: Collection[Key] = (),
    offset: int = 0,
    limit: int = 500,
) -> list[Flagged]:
    """Samples of a half-open span with any flag, in event order, and those in `also`; no place is told."""
    named = [and_(Boot.life == life, Boot.boot == boot, Sample.seq == seq) for life, boot, seq in also]
    told = select(SampleDoubt.id).where(SampleDoubt.boot_id == Sample.boot_id, SampleDoubt.seq == Sample.seq).exists()
    rows = session.execute(
        select(Sample.event_ms, Sample.received_ms, Boot.life, Boot.boot, Sample.seq, Sample.flags)
        .join(Boot, Boot.id == Sample.boot_id)
        .join(Device, Device.id == Sample.device_id)
        .where(Device.tracker_id == tracker, Sample.event_ms >= to_ms(start), Sample.event_ms < to_ms(until))
        .where(or_(Sample.flags.is_not(None), told, *named))
        .order_by(Sample.event_ms, Boot.life, Boot.boot, Sample.seq)
        .offset(offset)
        .limit(limit)
    ).all()
    by_neighbours = doubts(session, tracker, start, until) if rows else {}
    found = []
    for event_ms, received_ms, life, boot, seq, own in rows:
        flags = (*(own.split(",") if own else ()), *by_neighbours.get((life, boot, seq), ()))
        found.append(Flagged(to_moment(event_ms), to_moment(received_ms), life, boot, seq, flags))
    return found
