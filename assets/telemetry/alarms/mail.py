"""Mail about alarms: at once about those that cannot wait, once a day about silence; no place stands in any."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.i18n import msg, say
from assets.core.outbox import queue_mail
from assets.labels.token import format_code
from assets.people.models import Account, RoleGrant, Unit
from assets.people.queries import role_holders
from assets.people.rules import Role
from assets.registry.models import Asset
from assets.registry.rules.classes import CLASSES
from assets.settings import Settings
from assets.telemetry.alarms.rules import CLOSED, KIND_NAMES, SILENT
from assets.telemetry.models import Alarm


def queue_alarm_mails(session: Session, alarm: Alarm, settings: Settings) -> int:
    """Queue a mail to each who should know at once; answers how many.

    None for alarms that came too late to be acted on, and for kinds that the setting does not name.
    """
    if alarm.late or alarm.kind not in settings.alarm_mail or alarm.asset_id is None:
        return 0
    asset = session.get_one(Asset, alarm.asset_id)
    unit = asset.unit if alarm.unit_id is None else session.get_one(Unit, alarm.unit_id)
    readers = {
        account.id: account
        for role in (Role.COORDINATOR, Role.COMMANDER)
        for account in role_holders(session, role, unit, alarm.received_at)
    }
    queued = 0
    for account in readers.values():
        address = account.email or (account.person.email if account.person else "")
        if address:
            subject = msg("Alarm: %(kind)s, %(item)s", kind=KIND_NAMES[alarm.kind], item=_title(asset, account))
            queued += queue_mail(
                session, dedupe_key=f"alarm:{alarm.id}:{account.id}", recipient=address,
                subject=say(subject, account.locale), body=_body(alarm, asset, unit, account, settings),
                now=alarm.received_at,
            )  # fmt: skip
    return queued


def _title(asset: Asset, account: Account) -> str:
    code = asset.equipment_class.code
    if asset.model is not None:
        return asset.model.full_name
    return say(CLASSES[code].title, account.locale) if code in CLASSES else code


def _body(alarm: Alarm, asset: Asset, unit: Unit, account: Account, settings: Settings) -> str:
    at = alarm.raised_at.astimezone(ZoneInfo(settings.timezone))
    return "\n".join(
        (
            f"{say(KIND_NAMES[alarm.kind], account.locale)}: {_title(asset, account)} ({format_code(asset.code)})",
            f"{unit.name}, {at:%Y-%m-%d %H:%M} {settings.timezone}",
            f"{settings.base_url.rstrip('/')}/alarms/{alarm.id}",
        )
    )


def queue_silence_mails(session: Session, now: datetime, base_url: str) -> tuple[int, int]:
    """Queue a mail to each coordinator of everything about the vehicles that are silent too long, once a day.

    Answers (vehicles, mails).
    """
    rows = session.execute(
        select(Alarm, Asset.code)
        .join(Asset, Asset.id == Alarm.asset_id)
        .where(Alarm.kind == SILENT, Alarm.ended_at.is_(None), Alarm.state != CLOSED)
        .order_by(Alarm.raised_at)
    ).all()
    if not rows:
        return 0, 0
    readers = session.scalars(
        select(Account)
        .join(RoleGrant)
        .where(RoleGrant.role == Role.COORDINATOR.value, RoleGrant.unit_id.is_(None), RoleGrant.region_id.is_(None))
        .where(Account.active, Account.email != "")
    ).unique()
    lines = [f"{alarm.tracker_id}: {format_code(code)}, {alarm.raised_at:%Y-%m-%d %H:%M} UTC" for alarm, code in rows]
    queued = 0
    for account in readers:
        queued += queue_mail(
            session, dedupe_key=f"silent:{account.id}:{now:%Y-%m-%d}", recipient=account.email,
            subject=say(msg("Vehicles that are silent too long: %(n)d", n=len(rows)), account.locale),
            body="\n".join([*lines, "", f"{base_url.rstrip('/')}/alarms?kind={SILENT}"]), now=now,
        )  # fmt: skip
    return len(rows), queued
