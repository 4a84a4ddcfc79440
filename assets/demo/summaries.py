"""The made-up programme's donor summaries: one released by two people, one draft."""

from __future__ import annotations

from datetime import date, datetime

from assets.core.app import App
from assets.demo.setting import Setting
from assets.reports import release


def make_summaries(app: App, made: Setting, quarter: tuple[date, date], now: datetime) -> None:
    """Draft and release the quarter before the last one that ended; draft the last one."""
    until = quarter[0]
    before = (date(until.year - 1, 10, 1) if until.month == 1 else date(until.year, until.month - 3, 1), until)
    coordinator, approver = made.actors["coordinator"], made.actors["approver"]
    with app.transaction(coordinator, now) as session:
        drafted = release.draft_summary(
            session, coordinator, donor_code="JPN", first=before[0], until=before[1], now=now
        )
    with app.transaction(approver, now) as session:
        release.approve_summary(session, approver, drafted.id, now)
    with app.transaction(coordinator, now) as session:
        release.draft_summary(session, coordinator, donor_code="JPN", first=quarter[0], until=quarter[1], now=now)
