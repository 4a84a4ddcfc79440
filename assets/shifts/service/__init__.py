"""What is done with shifts: beginning and closing them, noting what went out, standing sets, reminders."""

from assets.shifts.service.mail import queue_shift_mails
from assets.shifts.service.sets import NewItem, create_set, retire_set, revise_set
from assets.shifts.service.settling import settle
from assets.shifts.service.shifts import close_shift, note_issue, start_shift

__all__ = [
    "NewItem",
    "close_shift",
    "create_set",
    "note_issue",
    "queue_shift_mails",
    "retire_set",
    "revise_set",
    "settle",
    "start_shift",
]
