"""Upgrades: never between two versions however they end, a backup first, and a way back that loses nothing unsaid."""

from __future__ import annotations

import json
import os
import random
import signal
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, inspect, select, text
from sqlalchemy.engine import Engine

from assets.cli.ready import make_ready, make_ready_safely
from assets.core import anchor
from assets.core.app import App
from assets.core.journal import JournalEntry
from assets.migrations.run import GOES_WITH, integrity_errors, upgrade, versions
from assets.people.models import Organisation
from assets.registry.models.labels import DonorMark
from assets.safekeeping import log
from assets.safekeeping.refusals import Refused
from assets.safekeeping.upgrade import go_back, newest_before, rows_lost
from assets.settings import SettingsError
from tests.db.safekeeping.conftest import PERSON, House

LONGEST = 2_000
SOAK = os.environ.get("SOAK") == "1"


def _old(house: House) -> None:
    with closing(house.opened()) as app:
        go_back(app, PERSON, to="0001", reason="")


def _schema(app: App) -> dict[str, object]:
    """Everything that stands in the catalogue about tables, columns, indexes and constraints."""
    with app.main.engine.connect() as connection:
        if app.main.dialect == "sqlite":
            found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
            return {str(row[0]): row[1] for row in found}
        columns = connection.exec_driver_sql(
            "SELECT table_name || '.' || column_name, data_type || is_nullable FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        )
        indexes = connection.exec_driver_sql("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")
        rules = connection.exec_driver_sql(
            "SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace"
        )
        return {str(row[0]): row[1] for rows in (columns, indexes, rules) for row in rows}


def _die_at(engine: Engine, number: int) -> None:
    """Kill this process at the so-many-th statement, and at each commit, as a cut in power would."""
    left = [number]

    def strike(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "after_cursor_execute", strike)
    event.listen(engine, "commit", strike)


def test_migration_killed_at_each_statement_leaves_the_old_or_the_new_version_and_goes_on(house: House) -> None:
    """F19: from 0001 to the newest, with data in the tables; every eighth statement from a random one on, or SOAK=1."""
    with closing(house.opened()) as app:
        new = _schema(app)
        head = versions(app)["main"][1]
    _old(house)
    rows = house.state()
    with closing(house.opened()) as app:
        old = _schema(app)
    assert old != new
    for number in range(1 if SOAK else random.randrange(1, 9), LONGEST, 1 if SOAK else 8):
        child = os.fork()
        if child == 0:
            app = house.opened()
            _die_at(app.main.engine, number)
            upgrade(app)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        with closing(house.opened()) as app:
            schema, version = _schema(app), versions(app)["main"][0]
        assert (schema, version) in [(old, "0001"), (new, head)], f"killed at statement {number}: between the two"
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            break
        assert version == "0001" or number > 20, "nothing is committed before everything is done"
    else:
        raise AssertionError("the migration never came to its end")
    assert number > 30, "the killing did not reach the migration's statements"
    after = house.state()
    assert after[1:] == rows[1:]
    assert {name: after[0][name] for name in rows[0]} == rows[0]
    with closing(house.opened()) as app:
        assert upgrade(app) == [], "run again, there is nothing left to do"
        assert integrity_errors(app) == []


def test_way_back_and_forth_again_keeps_schema_and_data(house: House) -> None:
    with closing(house.opened()) as app:
        schema = _schema(app)
        content = _content(app)
    before = house.state()
    _old(house)
    with closing(house.opened()) as app:
        assert versions(app)["main"][0] == "0001"
        assert any("0001" in error for error in integrity_errors(app)), "the newer program says what it found"
        assert _schema(app) != schema
        upgrade(app)
        assert _schema(app) == schema
        assert _content(app) == content
        assert integrity_errors(app) == []
    assert house.state() == before


def _content(app: App) -> dict[str, list[str]]:
    """Every row of every table, by table."""
    with app.main.engine.connect() as connection:
        return {
            table: sorted(str(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"'))  # noqa: S608  # from the catalogue
            for table in inspect(connection).get_table_names()
        }


def _something_new(house: House) -> dict[str, int]:
    """A row that the older version has no place for; what going back would lose."""
    with closing(house.opened()) as app:
        with app.transaction(PERSON) as session:
            session.add(DonorMark(donor_id=session.scalars(select(Organisation.id)).first(), line="From all of us"))
        return rows_lost(app, "0002")


def test_way_back_that_would_lose_rows_says_how_many_and_needs_a_reason(house: House) -> None:
    assert _something_new(house) == {"main.donor_mark": 1}
    before = house.state()
    with closing(house.opened()) as app:
        with pytest.raises(Refused, match="would lose 1 rows") as refused:
            go_back(app, PERSON, to="0002", reason=" ")
        assert refused.value.data["lost"] == {"main.donor_mark": 1}
        assert versions(app)["main"][0] == versions(app)["main"][1]
    assert house.state() == before
    with closing(house.opened()) as app:
        lines = go_back(app, PERSON, to="0002", reason="the new program does not start here")
        assert any("before-downgrade" in line for line in lines)
        with app.reading() as session:
            entry = session.scalars(select(JournalEntry).order_by(JournalEntry.seq.desc()).limit(1)).one()
        assert json.loads(entry.body)["values"]["reason"] == "the new program does not start here"
        assert versions(app)["main"][0] == "0002"


def test_upgrade_of_data_makes_a_proven_backup_first_and_an_empty_one_none(house: House, tmp_path: Path) -> None:
    _old(house)
    with closing(house.opened()) as app:
        lines = make_ready_safely(app)
    assert "proven by restoring it" in lines[0]
    made = newest_before(house.settings, "0001")
    assert made.proven_at is not None
    assert made.revisions == ("0001", GOES_WITH["0001"])
    with closing(house.opened()) as app:
        assert make_ready_safely(app) == [], "nothing is due, so nothing is backed up"
    fresh = house.elsewhere(tmp_path / "fresh")
    if not fresh.settings.database_url:
        with closing(fresh.opened()) as app:
            make_ready_safely(app)
        assert log.entries(fresh.settings.data_dir) == []


def test_backup_before_the_upgrade_is_the_way_back_with_everything(house: House) -> None:
    _old(house)
    before = house.state()
    with closing(house.opened()) as app:
        make_ready_safely(app)
    made = newest_before(house.settings, None)
    house.change("LATER")
    with closing(house.opened()) as app:
        anchor.anchor(app)
    with pytest.raises(Refused) as refused:
        house.restored(made.path, house.identity(), replace_present=True, make_ready=None)
    assert refused.value.code == "backup_older_than_anchor", "what was recorded since is not lost unsaid"
    house.restored(made.path, house.identity(), replace_present=True, make_ready=None, older_reason="back")
    with closing(house.opened()) as app:
        assert versions(app)["main"][0] == "0001"
    assert {k: v for k, v in house.state()[0].items() if k != "main.journal_entry"} == {
        k: v for k, v in before[0].items() if k != "main.journal_entry"
    }


def test_backup_that_fails_stops_the_upgrade(sqlite_house: House) -> None:
    _old(sqlite_house)
    with closing(sqlite_house.opened()) as app, app.main.engine.execution_options(writer=True).begin() as connection:
        connection.execute(text("UPDATE journal_entry SET body = 'x' WHERE seq = 1"))
    with closing(sqlite_house.opened()) as app:
        with pytest.raises(Refused, match="nothing was changed"):
            make_ready_safely(app)
        assert versions(app)["main"][0] == "0001"
        make_ready_safely(app, without_backup=True)
        assert versions(app)["main"][0] == versions(app)["main"][1]


def test_database_of_a_newer_program_is_refused_with_words(house: House) -> None:
    with closing(house.opened()) as app:
        with app.main.engine.execution_options(writer=True).begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(SettingsError, match="made by a newer program"):
            make_ready(app)


def test_way_back_waits_until_nobody_else_works_here(sqlite_house: House) -> None:
    with (
        closing(sqlite_house.opened()) as app,
        closing(sqlite_house.opened()),
        pytest.raises(SettingsError, match="stop `assets serve`"),
    ):
        go_back(app, PERSON, to=None, reason="")


def test_every_version_of_the_main_database_has_its_telemetry_version(sqlite_house: House) -> None:
    with closing(sqlite_house.opened()) as app:
        main, telemetry = versions(app)["main"][1], versions(app)["telemetry"][1]
    assert GOES_WITH[str(main)] == telemetry, "add the pair to GOES_WITH in migrations/run.py"
