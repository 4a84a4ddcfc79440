"""Reminders: a weekly mail per unit with the lots that expire or must not be used, to its logistics officers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.i18n import msg, say
from assets.core.outbox import queue_mail
from assets.people.queries import role_holders
from assets.people.rules import Role
from assets.registry.queries.stock import LotRow, lots_to_tell
from assets.registry.rules.stock import STANDING_NAMES, plain


def queue_lot_mails(session: Session, actor: Actor, now: datetime, base_url: str) -> int:
    """Queue one mail per unit, logistics officer and ISO week that has such lots; answers how many were queued.

    Told are lots with anything left that are recalled, expired, suspect, or expire within 90 days. Run again in the
    same week it queues nothing new.
    """
    today = local_date(now, zone_of(session))
    year, week, _ = today.isocalendar()
    queued = 0
    for unit, rows in lots_to_tell(session, actor, today):
        subject = msg("Consumables to look after at %(unit)s: %(count)s", unit=unit.name, count=len(rows))
        for account in role_holders(session, Role.LOGISTICS_OFFICER, unit, now):
            address = account.email or (account.person.email if account.person else "")
            if not address:
                continue
            queued += queue_mail(
                session,
                dedupe_key=f"lots-due:{unit.id}:{account.id}:{year}-W{week:02d}",
                recipient=address,
                subject=say(subject, account.locale),
                body=_body(rows, base_url, account.locale),
                now=now,
            )
    return queued


def _body(rows: Iterable[LotRow], base_url: str, locale: str) -> str:
    head = msg("Lots that must not be used, or that expire within 90 days, the first to expire first:")
    lines = [say(head, locale), ""]
    for row in rows:
        lot = row.lot
        what = msg("%(item)s, lot %(lot)s", item=lot.item, lot=lot.lot_number)
        lines.append(f"{say(what, locale)}: {plain(row.on_hand)} {lot.counted_in}")
        words = [say(STANDING_NAMES[row.standing], locale)]
        if lot.expires_on is not None:
            words.append(say(msg("expires on %(day)s", day=lot.expires_on.isoformat()), locale))
        lines.append(f"    {'; '.join(words)}")
        lines.append(f"    {base_url.rstrip('/')}/lots/{lot.id}")
    lines += ["", f"{base_url.rstrip('/')}/lots"]
    return "\n".join(lines)
