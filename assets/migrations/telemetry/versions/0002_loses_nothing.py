"""Loses nothing: clocks by boot, samples by months on PostgreSQL, what waits for alarms and commands.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from assets.core.db import TELEMETRY_SCHEMA as SCHEMA
from assets.telemetry.months import MONTHS_SCHEMA, month_statements

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NOTHING_LOST = frozenset(
    {
        "device.version", "boot.offset_by", "boot.fixes", "boot.undated", "boot.clock_dirty", "boot.settled_seq",
        "sample.dated", "sample.can_odo_km", "sample.more",
    }
)  # fmt: skip
"""Columns that go on the way back and whose values stay in others, or are made anew."""

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

KEPT = (
    "boot_id", "seq", "device_id", "received_ms", "up_ms", "device_t", "lat", "lon", "speed_kmh", "heading_deg",
    "satellites", "hdop", "fix", "ignition", "odometer_m", "engine_s", "vehicle_v", "events", "flags",
)  # fmt: skip
"""Columns of samples that both versions have."""


def upgrade() -> None:
    with op.batch_alter_table("device", schema=_schema()) as batch_op:
        batch_op.add_column(sa.Column("version", BIG, server_default=sa.text("0"), nullable=False))
        batch_op.add_column(sa.Column("hello_ms", BIG, nullable=True))
        batch_op.add_column(sa.Column("signal_dbm", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("reset", sa.String(length=120), nullable=True))
    with op.batch_alter_table("boot", schema=_schema()) as batch_op:
        batch_op.add_column(sa.Column("offset_by", sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column("fixes", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("undated", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("clock_dirty", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("settled_seq", BIG, nullable=True))
        batch_op.drop_column("offset_seq")
    boot, sample, _ = _names()
    # What was dated by up time is dated anew by the rule of this version.
    op.execute(
        f"UPDATE {boot} SET undated = true, clock_dirty = true"  # noqa: S608  (names are our own)
        f" WHERE id IN (SELECT boot_id FROM {sample} WHERE dated_by_up OR event_ms IS NULL)"
    )
    op.execute(f"UPDATE {boot} SET offset_by = 1, fixes = true WHERE offset_ms IS NOT NULL")  # noqa: S608  (names are our own)
    with op.batch_alter_table("boot", schema=_schema()) as batch_op:
        batch_op.create_index(
            "ix_boot_clock_dirty",
            ["id"],
            unique=False,
            sqlite_where=sa.text("clock_dirty"),
            postgresql_where=sa.text("clock_dirty"),
        )
    op.create_table(
        "occurrence",
        sa.Column("id", BIG, nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("boot_id", sa.Integer(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("word", sa.String(length=32), nullable=False),
        sa.Column("event_ms", BIG, nullable=False),
        sa.Column("dated", sa.SmallInteger(), nullable=False),
        sa.Column("received_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        schema="telemetry",
    )
    op.create_table(
        "command_result",
        sa.Column("id", BIG, nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("command_id", sa.String(length=120), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(length=120), nullable=True),
        sa.Column("received_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_command_result")),
        sa.UniqueConstraint("device_id", "command_id", name=op.f("uq_command_result_device_id_command_id")),
        schema="telemetry",
    )
    _new_samples()


def downgrade() -> None:
    _old_samples()
    op.drop_table("command_result", schema="telemetry")
    op.drop_table("occurrence", schema="telemetry")
    with op.batch_alter_table("boot", schema=_schema()) as batch_op:
        batch_op.drop_index("ix_boot_clock_dirty")
        batch_op.add_column(sa.Column("offset_seq", BIG, nullable=True))
        batch_op.drop_column("settled_seq")
        batch_op.drop_column("clock_dirty")
        batch_op.drop_column("undated")
        batch_op.drop_column("fixes")
        batch_op.drop_column("offset_by")
    with op.batch_alter_table("device", schema=_schema()) as batch_op:
        batch_op.drop_column("reset")
        batch_op.drop_column("signal_dbm")
        batch_op.drop_column("hello_ms")
        batch_op.drop_column("version")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _schema() -> str | None:
    """Adding a column to a table of another schema is not translated for SQLite, as making tables is."""
    return None if _is_sqlite() else SCHEMA


def _names() -> tuple[str, str, str]:
    prefix = "" if _is_sqlite() else f"{SCHEMA}."
    return f"{prefix}boot", f"{prefix}sample", f"{prefix}sample_before"


def _rename_samples() -> None:
    """Sets the table of samples aside under another name, its index and key out of the way of the new ones."""
    _, sample, _ = _names()
    op.execute(f"ALTER TABLE {sample} RENAME TO sample_before")
    if _is_sqlite():
        op.execute("DROP INDEX ix_sample_device_id_event_ms")
    else:
        op.execute(f"DROP INDEX {SCHEMA}.ix_sample_device_id_event_ms")
        op.execute(f"ALTER TABLE {SCHEMA}.sample_before RENAME CONSTRAINT pk_sample TO pk_sample_before")


def _new_samples() -> None:
    _rename_samples()
    op.create_table(
        "sample",
        sa.Column("boot_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("event_ms", BIG, nullable=False),
        sa.Column("dated", sa.SmallInteger(), nullable=False),
        sa.Column("received_ms", BIG, nullable=False),
        sa.Column("up_ms", BIG, nullable=False),
        sa.Column("device_t", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("speed_kmh", sa.Float(), nullable=True),
        sa.Column("heading_deg", sa.Float(), nullable=True),
        sa.Column("satellites", sa.SmallInteger(), nullable=True),
        sa.Column("hdop", sa.Float(), nullable=True),
        sa.Column("fix", sa.SmallInteger(), nullable=True),
        sa.Column("ignition", sa.Boolean(), nullable=True),
        sa.Column("odometer_m", sa.Float(), nullable=True),
        sa.Column("engine_s", sa.Float(), nullable=True),
        sa.Column("vehicle_v", sa.Float(), nullable=True),
        sa.Column("can_odo_km", sa.Float(), nullable=True),
        sa.Column("events", sa.Text(), nullable=True),
        sa.Column("more", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("boot_id", "seq", "event_ms", name=op.f("pk_sample")),
        schema="telemetry",
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (event_ms)",
    )
    op.create_index("ix_sample_device_id_event_ms", "sample", ["device_id", "event_ms"], schema="telemetry")
    _, sample, before = _names()
    if _is_sqlite():
        odometer, more = (
            "json_extract(can, '$.odo_km')",
            (
                "json_patch('{}', json_object('alt', alt_m, 'vbat', battery_v, 'gsm', signal_dbm,"
                " 'tmp', temperature_c, 'can', CASE WHEN can IS NULL THEN NULL ELSE json_object("
                "'fuel', json_extract(can, '$.fuel_l'), 'level', json_extract(can, '$.level_percent'),"
                " 'rpm', json_extract(can, '$.rpm'), 'dtc', json_extract(can, '$.dtc')) END))"
            ),
        )
    else:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {MONTHS_SCHEMA}")
        _make_months(before)
        odometer, more = (
            "(can::json ->> 'odo_km')::float8",
            (
                "json_strip_nulls(json_build_object('alt', alt_m, 'vbat', battery_v, 'gsm', signal_dbm,"
                " 'tmp', temperature_c, 'can', CASE WHEN can IS NULL THEN NULL ELSE json_build_object("
                "'fuel', can::json -> 'fuel_l', 'level', can::json -> 'level_percent', 'rpm', can::json -> 'rpm',"
                " 'dtc', can::json -> 'dtc') END))::text"
            ),
        )
    names = ", ".join(KEPT)
    op.execute(
        f"INSERT INTO {sample} ({names}, event_ms, dated, can_odo_km, more)"  # noqa: S608  (names are our own)
        f" SELECT {names}, COALESCE(event_ms, received_ms),"
        " CASE WHEN event_ms IS NULL THEN 2 WHEN dated_by_up THEN 1 ELSE 0 END,"
        f" {odometer}, NULLIF({more}, '{{}}') FROM {before}"
    )
    op.drop_table("sample_before", schema="telemetry")


def _make_months(table: str) -> None:
    """Makes the months that the samples of `table` need."""
    span = op.get_bind().exec_driver_sql(
        f"SELECT min(COALESCE(event_ms, received_ms)), max(COALESCE(event_ms, received_ms)) FROM {table}"  # noqa: S608  (names are our own)
    )
    first, last = span.one()
    if first is not None:
        for statement in month_statements(first, last):
            op.execute(statement)


def _old_samples() -> None:
    _rename_samples()
    op.create_table(
        "sample",
        sa.Column("boot_id", sa.Integer(), nullable=False),
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("event_ms", BIG, nullable=True),
        sa.Column("dated_by_up", sa.Boolean(), nullable=False),
        sa.Column("received_ms", BIG, nullable=False),
        sa.Column("up_ms", BIG, nullable=False),
        sa.Column("device_t", sa.Float(), nullable=True),
        sa.Column("digest", BIG, nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("alt_m", sa.Float(), nullable=True),
        sa.Column("speed_kmh", sa.Float(), nullable=True),
        sa.Column("heading_deg", sa.Float(), nullable=True),
        sa.Column("satellites", sa.Integer(), nullable=True),
        sa.Column("hdop", sa.Float(), nullable=True),
        sa.Column("fix", sa.Integer(), nullable=True),
        sa.Column("ignition", sa.Boolean(), nullable=True),
        sa.Column("odometer_m", sa.Float(), nullable=True),
        sa.Column("engine_s", sa.Float(), nullable=True),
        sa.Column("vehicle_v", sa.Float(), nullable=True),
        sa.Column("battery_v", sa.Float(), nullable=True),
        sa.Column("signal_dbm", sa.Float(), nullable=True),
        sa.Column("temperature_c", sa.Float(), nullable=True),
        sa.Column("events", sa.Text(), nullable=True),
        sa.Column("can", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["boot_id"], ["telemetry.boot.id"], name=op.f("fk_sample_boot_id")),
        sa.PrimaryKeyConstraint("boot_id", "seq", name=op.f("pk_sample")),
        schema="telemetry",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sample_device_id_event_ms", "sample", ["device_id", "event_ms"], schema="telemetry")
    _, sample, before = _names()
    read = "json_extract(more, '$.{0}')" if _is_sqlite() else "(more::json ->> '{0}')"
    number = read if _is_sqlite() else f"{read}::float8"
    if _is_sqlite():
        can = (
            "NULLIF(json_patch('{}', json_object('odo_km', can_odo_km, 'fuel_l', json_extract(more, '$.can.fuel'),"
            " 'level_percent', json_extract(more, '$.can.level'), 'rpm', json_extract(more, '$.can.rpm'),"
            " 'dtc', json_extract(more, '$.can.dtc'))), '{}')"
        )
    else:
        can = (
            "NULLIF(json_strip_nulls(json_build_object('odo_km', can_odo_km, 'fuel_l', more::json -> 'can' -> 'fuel',"
            " 'level_percent', more::json -> 'can' -> 'level', 'rpm', more::json -> 'can' -> 'rpm',"
            " 'dtc', more::json -> 'can' -> 'dtc'))::text, '{}')"
        )
    names = ", ".join(KEPT)
    # The prints of what a sample said are not made again: the older program takes a repeat for "key reused".
    op.execute(
        f"INSERT INTO {sample} ({names}, event_ms, dated_by_up, digest, alt_m, battery_v, signal_dbm,"  # noqa: S608  (names are our own)
        f" temperature_c, can) SELECT {names}, CASE WHEN dated = 2 THEN NULL ELSE event_ms END, dated > 0, 0,"
        f" {number.format('alt')}, {number.format('vbat')}, {number.format('gsm')},"
        f" {number.format('tmp')}, {can} FROM {before}"
    )
    op.drop_table("sample_before", schema="telemetry")
    if not _is_sqlite():
        op.execute(f"DROP SCHEMA IF EXISTS {MONTHS_SCHEMA} CASCADE")
