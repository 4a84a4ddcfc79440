"""Which tables the journal leaves out is decided here, by name: a new one must be thought about."""

from __future__ import annotations

import ast
from pathlib import Path

import assets
from assets.core.db import Base
from assets.core.journal import NOTED, is_journalled
from assets.migrations.tables import metadata
from assets.people.queries import journal_entities

NOT_JOURNALLED = {
    "journal_entry",  # the journal itself
    "command_receipt", "outbox_mail", "job_run", "sign_in", "login_failure",  # evidence of traffic
    "trip", "tracker_day", "day_revision", "meter_increment", "asset_day", "asset_day_state",  # derived
    "maintenance_plan_state", "calibration_plan_state",  # derived
    "transfer",  # derived of transfer_step
    "reservation_hour",  # derived of reservation
    "silence_version",  # counts changes that stand in the journal themselves
    "kit_part", "kit_count",  # derived of kit_entry
    "alarm_word",  # what trackers said, as it was heard
    "place_visit",  # derived of positions
    "imported_thing",  # one entry for each stretch of an import stands for its things
}  # fmt: skip


def test_every_table_is_journalled_but_these() -> None:
    metadata()
    left_out = {str(m.local_table) for m in Base.registry.mappers if not is_journalled(m.class_)}
    assert left_out == NOT_JOURNALLED


def _names_noted() -> set[str]:
    """The names that every `note`, `note_export` and `export_csv` in the product writes there as they are."""
    found, writers = set(), {"note", "journal.note", "note_export", "export_csv"}
    for path in Path(assets.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in writers:
                name = node.args[1]
                if isinstance(name, ast.Constant):
                    found.add(str(name.value))
    return found


def test_whatever_is_noted_can_be_looked_for_in_the_journal() -> None:
    metadata()
    tables = {str(m.local_table) for m in Base.registry.mappers if is_journalled(m.class_)}
    assert len(_names_noted()) > 14
    assert _names_noted() <= NOTED | tables
    assert set(journal_entities()) == NOTED | tables
