"""CHECK constraints of standing tables that a migration widens: new words in a column of known words.

SQLite cannot alter a constraint, and copying a table is refused by the rows of others that point to it; that a CHECK's
text may be changed in the stored schema, as it changes nothing that is stored, its manual says itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Check:
    """A constraint of one table under its full name, and its condition before and after."""

    table: str
    name: str
    before: str
    after: str


_SUBJECTS = "'grant','batch','model','asset','calibration','work_order','operation','loss','disposal'"
IN_THE_FIELD: tuple[Check, ...] = (
    Check(
        "document",
        "ck_document_subject_known",
        f"subject_kind IN ({_SUBJECTS})",
        f"subject_kind IN ({_SUBJECTS},'fuel','vehicle_paper','accident')",
    ),
    Check(
        "stock_movement",
        "ck_stock_movement_kind_known",
        "kind IN ('received','counted','written_off','annulled')",
        "kind IN ('received','counted','written_off','annulled','issued','returned')",
    ),
)
"""What migration 0003 widens."""

GUESTS: tuple[Check, ...] = (
    Check(
        "tracker", "ck_tracker_kind_known", "kind IN ('native')", "kind IN ('native','owntracks','traccar','teltonika')"
    ),
)
"""What migration 0008 widens."""


def widen(connection: Connection, checks: tuple[Check, ...]) -> None:
    """Put each condition `after` in the place of the one `before`; one that is widened already stays.

    There is no way back, and none is needed: an older program writes none of the new words, and shows no rows with
    them; a narrower condition would call the rows that are there unsound.
    """
    for check in checks:
        if connection.dialect.name == "sqlite":
            _widen_in_schema(connection, check)
            continue
        connection.execute(text(f'ALTER TABLE "{check.table}" DROP CONSTRAINT "{check.name}"'))
        connection.execute(text(f'ALTER TABLE "{check.table}" ADD CONSTRAINT "{check.name}" CHECK ({check.after})'))


def _widen_in_schema(connection: Connection, check: Check) -> None:
    found = connection.execute(
        text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"), {"name": check.table}
    ).scalar_one()
    old, new = f"CHECK ({check.before})", f"CHECK ({check.after})"
    if new in found:
        return
    if old not in found:
        raise RuntimeError(f"{check.name} of {check.table} is not what it was: {found}")
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(
        text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name"),
        {"sql": found.replace(old, new), "name": check.table},
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
