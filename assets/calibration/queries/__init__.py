"""Reads of calibration: what is due, records, and when each instrument was in calibration."""

from assets.calibration.queries.due import (
    DueRow,
    PlanView,
    UnitDue,
    due_condition,
    due_count,
    due_counting,
    due_first,
    due_for_mail,
    due_rows,
    is_subject,
    plan_by_id,
    subject_class_ids,
    unfit_condition,
    views_for,
)
from assets.calibration.queries.measures import PlanValidity, calibration_validity
from assets.calibration.queries.records import (
    certificate_by_id,
    corrected_among,
    correction_of,
    newest_counting,
    record_by_id,
    record_to_follow,
    records,
)

__all__ = [
    "DueRow",
    "PlanValidity",
    "PlanView",
    "UnitDue",
    "calibration_validity",
    "certificate_by_id",
    "corrected_among",
    "correction_of",
    "due_condition",
    "due_count",
    "due_counting",
    "due_first",
    "due_for_mail",
    "due_rows",
    "is_subject",
    "newest_counting",
    "plan_by_id",
    "record_by_id",
    "record_to_follow",
    "records",
    "subject_class_ids",
    "unfit_condition",
    "views_for",
]
