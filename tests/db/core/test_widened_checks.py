"""A migration that widens a CHECK lets the new words in and nothing else, and its way back closes the door again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from assets.bootstrap import build_app
from assets.core.app import App
from assets.migrations import checks
from assets.migrations.run import move
from assets.settings import Settings
from tests.support.postgres import Cluster

ADD = text(
    "INSERT INTO document (subject_kind, subject_id, kind, title, added_at, removal_reason)"
    " VALUES (:word, 1, 'photo', 'x', '2026-11-02', '')"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    """A main database of version 0002."""
    url = ""
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        cluster.psql("DROP DATABASE IF EXISTS widened")
        cluster.psql("CREATE DATABASE widened")
        url = cluster.url("widened")
    app = build_app(Settings(data_dir=tmp_path, database_url=url))
    move("main", app.main, "0002")
    yield app
    app.close()


def takes(app: App, word: str) -> bool:
    try:
        with app.main.engine.execution_options(writer=True).begin() as connection:
            connection.execute(ADD, {"word": word})
    except IntegrityError:
        return False
    return True


def test_check_is_widened_with_rows_in_the_table_and_stays_so_a_second_time(before: App) -> None:
    assert takes(before, "asset")
    assert not takes(before, "accident")
    engine = before.main.engine.execution_options(writer=True)
    for _ in range(2):
        with engine.begin() as connection:
            checks.widen(connection, checks.IN_THE_FIELD)
        assert [takes(before, word) for word in ("fuel", "vehicle_paper", "accident", "asset", "nonsense")] == [
            True, True, True, True, False,
        ]  # fmt: skip
    if before.main.dialect == "sqlite":
        with before.main.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


def test_database_that_was_widened_goes_back_and_forth(before: App) -> None:
    move("main", before.main, "head")
    assert takes(before, "accident")
    move("main", before.main, "0002")
    move("main", before.main, "head")
    assert takes(before, "accident")


def test_check_that_is_not_what_it_was_is_not_guessed_at(before: App) -> None:
    wrong = (checks.Check("document", "ck_document_kind_known", "kind IN ('x')", "kind IN ('x','y')"),)
    if before.main.dialect == "sqlite":
        with (
            before.main.engine.execution_options(writer=True).begin() as connection,
            pytest.raises(RuntimeError, match="ck_document_kind_known"),
        ):
            checks.widen(connection, wrong)
