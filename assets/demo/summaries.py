"""The made-up programme's donor summaries: one released by two people, with words as an office writes; one draft."""

from __future__ import annotations

from datetime import date, datetime

from assets.core.app import App
from assets.demo.setting import Setting
from assets.reports import release

WORDS = {
    "problems": "Batteries of the trace detectors and one make of tyre are out of stock; items wait for parts longer "
    "than for anything else.",
    "requests": "Spare batteries for trace detectors and Raman analysers, and four seats in the operators' course.",
    "where": "Teams far from the capital are visited once a quarter; items that were in the field on the day of the "
    "visit are counted at the next one.",
    "condition": "Radios and body armour are used daily, but few teams write it down. No data does not mean no use.",
    "maintenance": "Since the spring the recipients pay the oil services of all vehicles out of their own budget.",
    "results": "Videoscopes contributed to finds in hiding places that could not be opened on the road.",
    "actions": "Overdue services were put into the plan of the next quarter, oldest first.",
    "went_well": "All teams now scan what they issue and take back.\n\nNo vehicle was idle for want of a driver.",
    "lessons": "A kit that is complete on paper is not complete in the car: the check by scan found missing probes.",
    "next_period": "Order the spares named above; train two operators for each analyser; bring the oldest vehicles "
    "before the board.",
}
DRAFT_WORDS = {"problems": "To be written after the visits.", "went_well": "Scanning at return is routine now."}


def make_summaries(app: App, made: Setting, quarter: tuple[date, date], now: datetime) -> None:
    """Draft, write and release the quarter before the last one that ended; draft the last one."""
    until = quarter[0]
    before = (date(until.year - 1, 10, 1) if until.month == 1 else date(until.year, until.month - 3, 1), until)
    approver = made.actors["approver"]
    drafted, shown = _draft(app, made, before, WORDS, now)
    with app.transaction(approver, now) as session:
        release.approve_summary(session, approver, drafted, now, shown_sha256=shown)
    _draft(app, made, quarter, DRAFT_WORDS, now)


def _draft(app: App, made: Setting, period: tuple[date, date], words: dict[str, str], now: datetime) -> tuple[int, str]:
    """Number and hash of a new draft with these words."""
    coordinator = made.actors["coordinator"]
    with app.transaction(coordinator, now) as session:
        draft = release.draft_summary(session, coordinator, donor_code="JPN", first=period[0], until=period[1], now=now)
        written = release.write_words(session, coordinator, draft.id, words, shown_sha256=draft.sha256)
        return written.id, written.sha256
