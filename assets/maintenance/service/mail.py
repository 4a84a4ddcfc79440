"""Reminders: a weekly mail per unit with what is due, to its logistics officers, through the outbox."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.i18n import Message, msg, say
from assets.core.outbox import queue_mail
from assets.labels.token import format_code
from assets.maintenance.queries.due import DueRow, due_for_mail
from assets.people.models import Unit
from assets.people.queries import role_holders
from assets.people.rules import Role
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.meters import METER_KINDS
from assets.registry.rules.plan_titles import plan_title


def queue_due_mails(session: Session, actor: Actor, now: datetime, base_url: str) -> int:
    """Queue one mail per unit, logistics officer and ISO week that has something due; answers how many were queued.

    Run again in the same week it queues nothing new.
    """
    year, week, _ = local_date(now, zone_of(session)).isocalendar()
    queued = 0
    for unit_due in due_for_mail(session, actor, now):
        for account in role_holders(session, Role.LOGISTICS_OFFICER, unit_due.unit, now):
            address = account.email or (account.person.email if account.person else "")
            if not address:
                continue
            queued += queue_mail(
                session,
                dedupe_key=f"maintenance-due:{unit_due.unit.id}:{account.id}:{year}-W{week:02d}",
                recipient=address,
                subject=say(_subject(unit_due.unit, len(unit_due.rows)), account.locale),
                body=_body(unit_due.rows, base_url, account.locale),
                now=now,
            )
    return queued


def _subject(unit: Unit, count: int) -> Message:
    return msg("Care due at %(unit)s: %(count)s", unit=unit.name, count=count)


def _body(rows: Iterable[DueRow], base_url: str, locale: str) -> str:
    lines = [say(msg("Care that is due, or will be within two weeks, the most urgent first:"), locale), ""]
    for row in rows:
        what = say(CLASSES[row.asset.equipment_class.code].title, locale)
        lines.append(f"{format_code(row.asset.code)}  {what}: {say(plan_title(row.plan.name), locale)}")
        lines.append(f"    {_when(row, locale)}")
        lines.append(f"    {base_url.rstrip('/')}/a/{row.asset.code}")
    lines += ["", f"{base_url.rstrip('/')}/maintenance"]
    return "\n".join(lines)


def _when(row: DueRow, locale: str) -> str:
    words = []
    if row.due.due_on is not None:
        words.append(say(msg("due on %(day)s", day=row.due.due_on.isoformat()), locale))
    if row.due.due_at_meter is not None:
        meter = METER_KINDS[row.plan.meter_kind]
        words.append(say(msg("due at %(value)s (%(meter)s)", value=row.due.due_at_meter, meter=meter), locale))
    words.append(say(row.due.assumption, locale))
    return "; ".join(words)
