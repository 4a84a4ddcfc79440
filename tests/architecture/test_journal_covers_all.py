"""Which tables the journal leaves out is decided here, by name: a new one must be thought about."""

from __future__ import annotations

from assets.core.db import Base
from assets.core.journal import is_journalled
from assets.migrations.tables import metadata

NOT_JOURNALLED = {
    "journal_entry",  # the journal itself
    "command_receipt", "outbox_mail", "job_run", "sign_in", "login_failure",  # evidence of traffic
    "trip", "tracker_day", "meter_increment", "asset_day", "asset_day_state",  # derived
    "maintenance_plan_state", "calibration_plan_state",  # derived
    "imported_thing",  # one entry for each stretch of an import stands for its things
}  # fmt: skip


def test_every_table_is_journalled_but_these() -> None:
    metadata()
    left_out = {str(m.local_table) for m in Base.registry.mappers if not is_journalled(m.class_)}
    assert left_out == NOT_JOURNALLED
