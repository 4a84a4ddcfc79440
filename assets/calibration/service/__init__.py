"""What people do in calibration: adopt and change plans, record what was done, add certificates; and reminders."""

from assets.calibration.service.adoption import adopt_default_plans, adopt_missing_plans, adopt_plans_of
from assets.calibration.service.mail import queue_due_mails
from assets.calibration.service.plans import (
    add_plan,
    change_plan,
    refresh_plan,
    retire_plan,
)
from assets.calibration.service.records import Performed, attach_certificate, record_calibration

__all__ = [
    "Performed",
    "add_plan",
    "adopt_default_plans",
    "adopt_missing_plans",
    "adopt_plans_of",
    "attach_certificate",
    "change_plan",
    "queue_due_mails",
    "record_calibration",
    "refresh_plan",
    "retire_plan",
]
