"""Reminders: a weekly mail per unit with what must be calibrated or verified, to its logistics officers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from assets.calibration.queries.due import DueRow, due_for_mail
from assets.calibration.rules import KIND_NAMES, STANDING_NAMES, Kind
from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.i18n import msg, say
from assets.core.outbox import queue_mail
from assets.labels.token import format_code
from assets.people.queries import role_holders
from assets.people.rules import Role
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.plan_titles import plan_title


def queue_due_mails(session: Session, actor: Actor, now: datetime, base_url: str) -> int:
    """Queue one mail per unit, logistics officer and ISO week that has something due; answers how many were queued.

    Run again in the same week it queues nothing new.
    """
    year, week, _ = local_date(now, zone_of(session)).isocalendar()
    queued = 0
    for unit_due in due_for_mail(session, actor, now):
        subject = msg("Calibration due at %(unit)s: %(count)s", unit=unit_due.unit.name, count=len(unit_due.rows))
        for account in role_holders(session, Role.LOGISTICS_OFFICER, unit_due.unit, now):
            address = account.email or (account.person.email if account.person else "")
            if not address:
                continue
            queued += queue_mail(
                session,
                dedupe_key=f"calibration-due:{unit_due.unit.id}:{account.id}:{year}-W{week:02d}",
                recipient=address,
                subject=say(subject, account.locale),
                body=_body(unit_due.rows, base_url, account.locale),
                now=now,
            )
    return queued


def _body(rows: Iterable[DueRow], base_url: str, locale: str) -> str:
    lines = [say(msg("Instruments without a valid result, or whose result ends within 30 days:"), locale), ""]
    for row in rows:
        plan, until = row.view.plan, row.view.valid_until
        words = [say(KIND_NAMES[Kind(plan.kind)], locale), say(STANDING_NAMES[row.view.standing], locale)]
        if until is not None:
            words.append(say(msg("valid until %(day)s", day=until.isoformat()), locale))
        what = say(CLASSES[row.asset.equipment_class.code].title, locale)
        lines.append(f"{format_code(row.asset.code)}  {what}: {say(plan_title(plan.name), locale)}")
        lines.append(f"    {'; '.join(words)}")
        lines.append(f"    {base_url.rstrip('/')}/a/{row.asset.code}")
    lines += ["", f"{base_url.rstrip('/')}/calibration"]
    return "\n".join(lines)
