"""Calibration records and certificates, within the actor's sight."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from assets.calibration.models import CalibrationCertificate, CalibrationPlan, CalibrationRecord
from assets.core.actor import Actor
from assets.core.errors import NotFound
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import assets_for


def record_by_id(session: Session, actor: Actor, record_id: int) -> CalibrationRecord:
    """The record with its points and certificates; `NotFound` when it is out of the actor's sight."""
    found = session.scalar(
        select(CalibrationRecord)
        .join(CalibrationRecord.asset)
        .options(
            joinedload(CalibrationRecord.asset).joinedload(Asset.unit),
            joinedload(CalibrationRecord.asset).joinedload(Asset.equipment_class),
            joinedload(CalibrationRecord.plan),
            joinedload(CalibrationRecord.organisation),
            joinedload(CalibrationRecord.account),
            selectinload(CalibrationRecord.points),
            selectinload(CalibrationRecord.certificates),
        )
        .where(CalibrationRecord.id == record_id, assets_for(actor, Permission.CALIBRATION_READ))
    )
    if found is None:
        raise NotFound
    return found


def certificate_by_id(session: Session, actor: Actor, certificate_id: int) -> CalibrationCertificate:
    """The certificate's row; `NotFound` when its instrument is out of the actor's sight."""
    found = session.scalar(
        select(CalibrationCertificate)
        .join(CalibrationCertificate.record)
        .join(CalibrationRecord.asset)
        .where(CalibrationCertificate.id == certificate_id, assets_for(actor, Permission.CALIBRATION_READ))
    )
    if found is None:
        raise NotFound
    return found


def correction_of(session: Session, record_id: int) -> int | None:
    """The id of the record that corrects this one, or None."""
    return session.scalar(select(CalibrationRecord.id).where(CalibrationRecord.corrects_id == record_id))


def records(
    session: Session,
    actor: Actor,
    *,
    asset_id: int | None = None,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[CalibrationRecord]:
    """The actor's records, the newest entry first; `after` is (id of the last one seen,)."""
    statement = (
        select(CalibrationRecord)
        .join(CalibrationRecord.asset)
        .options(
            joinedload(CalibrationRecord.asset).joinedload(Asset.equipment_class),
            joinedload(CalibrationRecord.asset).joinedload(Asset.unit),
            joinedload(CalibrationRecord.plan),
            selectinload(CalibrationRecord.points),
            selectinload(CalibrationRecord.certificates),
        )
        .where(assets_for(actor, Permission.CALIBRATION_READ))
        .order_by(CalibrationRecord.id.desc())
        .limit(limit)
    )
    if asset_id is not None:
        statement = statement.where(CalibrationRecord.asset_id == asset_id)
    if after is not None:
        statement = statement.where(CalibrationRecord.id < int(str(after[0])))
    return list(session.scalars(statement))


def corrected_among(session: Session, record_ids: Sequence[int]) -> set[int]:
    """Those of these records that a later one corrects."""
    rows = session.scalars(select(CalibrationRecord.corrects_id).where(CalibrationRecord.corrects_id.in_(record_ids)))
    return {row for row in rows if row is not None}


def newest_counting(session: Session, plan_id: int) -> CalibrationRecord | None:
    """The record that decides where the plan stands: the last one done that no other corrects."""
    return session.scalar(_newest_first().where(CalibrationRecord.plan_id == plan_id))


def record_to_follow(session: Session, actor: Actor, plan: CalibrationPlan) -> CalibrationRecord | None:
    """The record whose points and limits a new one starts with: the plan's newest that counts and has points.

    For a first one it is the newest of another item of the same model under the plan of the same code, within the
    actor's sight; None when there is none either.
    """
    measured = _newest_first().where(CalibrationRecord.points.any()).options(selectinload(CalibrationRecord.points))
    own = session.scalar(measured.where(CalibrationRecord.plan_id == plan.id))
    if own is not None or plan.asset.model_id is None:
        return own
    return session.scalar(
        measured.join(CalibrationRecord.plan)
        .join(CalibrationRecord.asset)
        .where(
            CalibrationPlan.code == plan.code,
            CalibrationRecord.kind == plan.kind,
            Asset.model_id == plan.asset.model_id,
            assets_for(actor, Permission.CALIBRATION_READ),
        )
    )


def _newest_first() -> Select[CalibrationRecord]:
    """The records that count, to be narrowed: the last one done, and no other."""
    correction = aliased(CalibrationRecord)
    return (
        select(CalibrationRecord)
        .where(
            CalibrationRecord.annulled_at.is_(None),
            ~select(correction.id).where(correction.corrects_id == CalibrationRecord.id).exists(),
        )
        .order_by(CalibrationRecord.performed_at.desc(), CalibrationRecord.id.desc())
        .limit(1)
    )
