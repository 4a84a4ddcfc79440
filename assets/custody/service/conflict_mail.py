"""Reminders: a daily mail to who may settle them while entries that contradict each other are open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.i18n import msg, say
from assets.core.outbox import queue_mail
from assets.custody.models import ConflictCase
from assets.custody.queries.conflicts import open_by_unit
from assets.custody.rules.conflicts import KIND_NAMES
from assets.labels.token import format_code
from assets.people.queries import role_holders
from assets.people.rules import Role
from assets.registry.rules.classes import CLASSES


def queue_conflict_mails(session: Session, actor: Actor, now: datetime, base_url: str) -> int:
    """Queue one mail per unit, coordinator or commander, and local day while cases of the unit's items are open.

    Answers how many were queued; run again on the same day it queues nothing new.
    """
    today = local_date(now, zone_of(session))
    queued = 0
    for unit, rows in open_by_unit(session, actor):
        subject = msg("Conflicts about who has what at %(unit)s: %(count)s", unit=unit.name, count=len(rows))
        holders = {
            account.id: account
            for role in (Role.COORDINATOR, Role.COMMANDER)
            for account in role_holders(session, role, unit, now)
        }
        for account in holders.values():
            address = account.email or (account.person.email if account.person else "")
            if not address:
                continue
            queued += queue_mail(
                session,
                dedupe_key=f"conflicts:{unit.id}:{account.id}:{today.isoformat()}",
                recipient=address,
                subject=say(subject, account.locale),
                body=_body(rows, base_url, account.locale),
                now=now,
            )
    return queued


def _body(rows: Iterable[ConflictCase], base_url: str, locale: str) -> str:
    lines = [say(msg("These entries contradict each other, the oldest first. Both are kept:"), locale), ""]
    for case in rows:
        asset = case.asset
        code = asset.equipment_class.code
        title = asset.model.full_name if asset.model else say(CLASSES[code].title, locale) if code in CLASSES else code
        lines += [
            f"{title} ({format_code(asset.code)})",
            f"    {say(KIND_NAMES[case.kind], locale)}",
            f"    {base_url.rstrip('/')}/conflicts/{case.id}",
        ]
    lines += ["", f"{base_url.rstrip('/')}/conflicts"]
    return "\n".join(lines)
