"""Reminders: a daily mail to the logistics officers of both units while a loan is not back on the day agreed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.i18n import msg, say
from assets.core.outbox import queue_mail
from assets.custody.models import Transfer
from assets.custody.queries.transfers import overdue_loans
from assets.labels.token import format_code
from assets.people.queries import role_holders
from assets.people.rules import Role
from assets.registry.rules.classes import CLASSES


def queue_loan_mails(session: Session, actor: Actor, now: datetime, base_url: str) -> int:
    """Queue one mail per unit, logistics officer and local day for loans that are overdue, at either end.

    Answers how many were queued; run again on the same day it queues nothing new.
    """
    today = local_date(now, zone_of(session))
    queued = 0
    for unit, rows in overdue_loans(session, actor, now):
        subject = msg("Loans not back at %(unit)s: %(count)s", unit=unit.name, count=len(rows))
        for account in role_holders(session, Role.LOGISTICS_OFFICER, unit, now):
            address = account.email or (account.person.email if account.person else "")
            if not address:
                continue
            queued += queue_mail(
                session,
                dedupe_key=f"loans-overdue:{unit.id}:{account.id}:{today.isoformat()}",
                recipient=address,
                subject=say(subject, account.locale),
                body=_body(rows, base_url, account.locale, now),
                now=now,
            )
    return queued


def _body(rows: Iterable[Transfer], base_url: str, locale: str, now: datetime) -> str:
    lines = [say(msg("These loans were to be back and are not, the longest overdue first:"), locale), ""]
    for row in rows:
        asset = row.asset
        code = asset.equipment_class.code
        title = asset.model.full_name if asset.model else say(CLASSES[code].title, locale) if code in CLASSES else code
        late = (now - asset.lent_until).days if asset.lent_until is not None else 0
        lines.append(f"{title} ({format_code(asset.code)})")
        words = msg(
            "lent by %(owner)s to %(unit)s, %(days)s days overdue",
            owner=asset.unit.name, unit=row.to_unit.name, days=late,
        )  # fmt: skip
        lines.append(f"    {say(words, locale)}")
        lines.append(f"    {base_url.rstrip('/')}/transfers/{row.sheet_id}")
    lines += ["", f"{base_url.rstrip('/')}/transfers?show=overdue"]
    return "\n".join(lines)
