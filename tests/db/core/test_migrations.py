"""The migrations make just the tables that the models describe, on both engines, and never a half."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, inspect

from assets.bootstrap import build_app
from assets.core.app import App
from assets.core.db import Database
from assets.migrations.run import compared, integrity_errors, upgrade, version_schema, versions
from assets.migrations.tables import metadata
from assets.settings import Settings
from tests.support.postgres import Cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> App:
    url = ""
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        cluster.psql("DROP DATABASE IF EXISTS migrated")
        cluster.psql("CREATE DATABASE migrated")
        url = cluster.url("migrated")
    return build_app(Settings(data_dir=tmp_path, database_url=url))


def test_migrations_make_the_tables_of_the_models(empty: App) -> None:
    assert len(upgrade(empty)) == 2
    main, telemetry = metadata()
    assert not _differences(empty.main, main, "main")
    if empty.telemetry.dialect == "postgresql":
        assert not _differences(empty.telemetry, telemetry, "telemetry")
    else:
        # Alembic cannot compare under a translated schema: names of tables, columns and indexes do.
        seen = inspect(empty.telemetry.engine)
        for table in telemetry.sorted_tables:
            assert {c["name"] for c in seen.get_columns(table.name)} == {c.name for c in table.columns}
            assert {i["name"] for i in seen.get_indexes(table.name)} == {i.name for i in table.indexes}
    empty.close()


def _differences(database: Database, tables: MetaData, name: str) -> list[Any]:
    schema = version_schema(name, database.dialect)
    options = {
        "compare_type": True,
        "include_schemas": schema is not None,
        "include_name": compared(name),
        "version_table_schema": schema,
    }
    with database.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))


def test_second_upgrade_changes_nothing(empty: App) -> None:
    upgrade(empty)
    assert upgrade(empty) == []
    assert all(now == head for now, head in versions(empty).values())
    assert integrity_errors(empty) == []
    empty.close()


def test_old_or_empty_database_is_named(empty: App) -> None:
    errors = integrity_errors(empty)
    assert len(errors) == 2
    assert all("assets db upgrade" in error for error in errors)
    empty.close()
