"""Alembic's environment of the telemetry database: it is given a connection and a transaction by `migrations.run`."""

from __future__ import annotations

from alembic import context

from assets.migrations.run import compared, version_schema

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes["tables"],
    version_table_schema=version_schema("telemetry", connection.dialect.name),
    include_schemas=True,
    include_name=compared("telemetry"),
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
