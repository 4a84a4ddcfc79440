"""What people do in maintenance: plans, faults, work orders; and the reminders that follow from them."""

from assets.maintenance.service.adoption import adopt_default_plans, adopt_missing_plans, adopt_plans_of
from assets.maintenance.service.mail import queue_due_mails
from assets.maintenance.service.orders import (
    Completion,
    cancel_work_order,
    close_work_order,
    move_work_order,
    open_work_order,
    open_work_order_from_plan,
    report_fault,
    schedule_work_order,
)
from assets.maintenance.service.plans import (
    add_plan,
    change_plan,
    refresh_due_dates,
    refresh_plans,
    retire_plan,
)

__all__ = [
    "Completion",
    "add_plan",
    "adopt_default_plans",
    "adopt_missing_plans",
    "adopt_plans_of",
    "cancel_work_order",
    "change_plan",
    "close_work_order",
    "move_work_order",
    "open_work_order",
    "open_work_order_from_plan",
    "queue_due_mails",
    "refresh_due_dates",
    "refresh_plans",
    "report_fault",
    "retire_plan",
    "schedule_work_order",
]
