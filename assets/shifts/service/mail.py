"""Reminders: a mail to the logistics officers of a unit when something is not back at its shift's end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.i18n import msg, say
from assets.core.outbox import queue_mail
from assets.labels.token import format_code
from assets.people.models import Unit
from assets.people.queries import role_holders
from assets.people.rules import Role
from assets.registry.models import Asset
from assets.registry.rules.classes import CLASSES
from assets.shifts.queries import ShiftFilter, ShiftRow, board

MOST_SHIFTS = 500


def queue_shift_mails(session: Session, actor: Actor, now: datetime, base_url: str) -> int:
    """Queue one mail per unit, logistics officer, shift and local day for what is not back at the shift's end.

    Answers how many were queued; run again on the same day it queues nothing new.
    """
    today = local_date(now, zone_of(session))
    units: dict[int, Unit] = {}
    late: dict[int, list[ShiftRow]] = defaultdict(list)
    for row in board(session, actor, ShiftFilter("late"), now, limit=MOST_SHIFTS):
        units[row.unit.id] = row.unit
        late[row.unit.id].append(row)
    queued = 0
    for unit_id, rows in sorted(late.items()):
        for account in role_holders(session, Role.LOGISTICS_OFFICER, units[unit_id], now):
            address = account.email or (account.person.email if account.person else "")
            if not address:
                continue
            queued += sum(
                queue_mail(
                    session,
                    dedupe_key=f"shift-not-back:{row.id}:{account.id}:{today.isoformat()}",
                    recipient=address,
                    subject=say(
                        msg("Not back at the shift's end at %(unit)s: %(count)s", unit=row.unit.name, count=row.out),
                        account.locale,
                    ),
                    body=_body(row, base_url, account.locale),
                    now=now,
                )
                for row in rows
            )
    return queued


def _body(row: ShiftRow, base_url: str, locale: str) -> str:
    lines = [say(msg("The shift has ended and these items are not back:"), locale), ""]
    lines += [f"{_title(asset, locale)} ({format_code(asset.code)})" for asset in row.missing]
    if len(row.missing) < row.out:
        lines.append(say(msg("and %(n)s more", n=row.out - len(row.missing)), locale))
    lines += ["", say(msg("Held by: %(persons)s", persons=_persons(row)), locale)]
    lines += ["", f"{base_url.rstrip('/')}/shifts/{row.id}"]
    return "\n".join(lines)


def _persons(row: ShiftRow) -> str:
    named: Sequence[str] = [person.name or person.number for person in row.holders]
    return ", ".join(named)


def _title(asset: Asset, locale: str) -> str:
    code = asset.equipment_class.code
    if asset.model is not None:
        return asset.model.full_name
    return say(CLASSES[code].title, locale) if code in CLASSES else code
