"""A backup counts as good only once it was restored; under load of one moment; a full disk leaves the old ones."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from assets.core import files
from assets.people import service
from assets.safekeeping import backup, keys, log
from assets.safekeeping.engines import postgresql, sqlite
from assets.safekeeping.proof import proof_file
from assets.safekeeping.refusals import Refused
from assets.settings import SettingsError
from assets.telemetry.models import Device
from tests.db.safekeeping.conftest import PDF, House
from tests.support.postgres import Cluster
from tests.support.world import SETUP


def test_proven_backup_says_so_beside_itself_in_the_log_and_to_the_doctor(house: House) -> None:
    made = house.backed_up()
    assert made.proven_at is not None
    said = json.loads(proof_file(made.path).read_text())
    assert (said["sha256"], said["proven_at"]) == (made.sha256, made.proven_at.isoformat())
    assert log.entries(house.settings.data_dir) == [made]
    assert backup.last_proven(house.settings.data_dir) == made.made_at
    assert made.path.parent == house.settings.backup_folder
    assert made.path.stat().st_mode & 0o077 == 0
    assert not list((house.settings.data_dir / "work").iterdir()), "nothing that is not encrypted is left"
    made.path.unlink()
    assert backup.last_proven(house.settings.data_dir) is None, "a backup that is gone proves nothing"


def test_backup_under_load_is_of_one_moment_and_holds_up_no_writer(house: House, tmp_path: Path) -> None:
    """Three writers go on without pause; afterwards the copy stands for itself, files included."""
    stop, failures, written = threading.Event(), [], [0, 0, 0]
    # Looking through these takes long enough for the writers to add files meanwhile.
    (house.settings.data_dir / "imports").mkdir()
    for n in range(2_000):
        (house.settings.data_dir / "imports" / str(n)).touch()
    started = threading.Barrier(4)

    def write(number: int) -> None:
        try:
            with closing(house.opened()) as app:
                started.wait(20)
                while not stop.is_set():
                    name = f"L{number}-{written[number]}"
                    with app.transaction(SETUP) as session:
                        stored = files.store(house.settings.data_dir / "files", PDF + name.encode())
                        service.add_organisation(session, SETUP, code=name, kind="agency", name=stored.key)
                    with app.telemetry.transaction(SETUP, house.clock.now) as samples:
                        samples.add(Device(tracker_id=name))
                    written[number] += 1
        except Exception as error:  # noqa: BLE001  # told in the test's own thread
            failures.append(error)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    started.wait(20)
    before = list(written)
    made = house.backed_up(target=tmp_path / "b.age")
    during = [now - then for now, then in zip(written, before, strict=True)]
    stop.set()
    for writer in writers:
        writer.join(30)
    assert failures == []
    assert made.proven_at is not None, made.reason
    assert min(during) > 0, "each writer went on while the backup was made"

    other = house.elsewhere(tmp_path / "other")
    done = other.restored(made.path, house.identity())
    rows, head, stored_files = other.state()
    assert rows == done.tables
    assert (head.seq, head.hash) == (done.journal_seq, done.journal_hash)  # type: ignore[attr-defined]  # a Head
    with closing(other.opened()) as app, app.main.engine.connect() as connection:
        named = set(connection.execute(text("SELECT name FROM organisation WHERE code LIKE 'L%-%'")).scalars())
    assert named <= set(stored_files), "each file that a restored row names came along"
    mine = {path.name for path in (house.settings.data_dir / "files").iterdir()}
    assert set(stored_files) <= mine


def test_damaged_database_makes_no_proven_backup(sqlite_house: House) -> None:
    with closing(sqlite_house.opened()) as app, app.main.engine.execution_options(writer=True).begin() as connection:
        connection.execute(text("UPDATE journal_entry SET body = replace(body, 'UZ-TK', 'UZ-XX') WHERE seq = 1"))
    made = sqlite_house.backed_up()
    assert made.proven_at is None
    assert "entry 1 of the journal" in made.reason
    assert backup.last_proven(sqlite_house.settings.data_dir) is None
    assert json.loads(proof_file(made.path).read_text())["proven_at"] is None


def test_role_that_may_make_no_database_gets_an_unproven_backup_and_is_told_what_to_do(
    postgres_house: House, cluster: Cluster
) -> None:
    name = postgresql.name_of(postgres_house.settings.database_url)
    cluster.psql("DROP ROLE IF EXISTS plain")
    cluster.psql("CREATE ROLE plain LOGIN")
    cluster.psql(
        "GRANT USAGE ON SCHEMA public, telemetry TO plain;"
        "GRANT ALL ON ALL TABLES IN SCHEMA public, telemetry TO plain;"
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public, telemetry TO plain",
        name,
    )
    url = postgres_house.settings.database_url.replace("postgres@", "plain@")
    plain = House(dataclasses.replace(postgres_house.settings, database_url=url), postgres_house.clock)
    made = plain.backed_up()
    assert made.proven_at is None
    assert "ALTER ROLE plain CREATEDB" in made.reason
    assert made.is_there, "it is kept: an unproven backup is better than none"


def test_missing_postgresql_tools_are_named(postgres_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_TOOLS", Path("/nowhere"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Refused, match="postgresql-client"):
        postgres_house.backed_up()
    assert log.entries(postgres_house.settings.data_dir) == []


@pytest.mark.parametrize("limit", [60_000, 700_000], ids=["while the database is copied", "while the file is written"])
def test_full_disk_leaves_the_old_backups_and_says_so(sqlite_house: House, limit: int) -> None:
    """The limit on the size of one file is met by the same error, and at the same places, as the end of a disk."""
    old = sqlite_house.backed_up()
    for n in range(40):
        files.store(sqlite_house.settings.data_dir / "files", PDF + f"more {n}".encode())
    sqlite_house.clock.advance(timedelta(days=1))
    incoming, outgoing = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            sqlite_house.backed_up()
            said = "no error"
        except Exception as error:  # noqa: BLE001  # told through the pipe
            said = f"{type(error).__name__} {error}"
        os.write(outgoing, said.encode())
        os._exit(0)
    os.waitpid(child, 0)
    said = os.read(incoming, 2000).decode()
    os.close(incoming)
    os.close(outgoing)
    assert said.startswith("Refused"), said
    assert log.entries(sqlite_house.settings.data_dir) == [old]
    assert old.is_there
    assert [path for path in sqlite_house.settings.backup_folder.iterdir() if path.suffix == ".part"] == []
    assert len(list(sqlite_house.settings.backup_folder.iterdir())) == 2, "the old one and its proof"


def test_backup_never_takes_the_place_of_another_file(sqlite_house: House, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear friend")
    with pytest.raises(FileExistsError):
        sqlite_house.backed_up(target=tmp_path / "letter")
    assert (tmp_path / "letter").read_text() == "dear friend"


def test_second_backup_at_once_is_refused(sqlite_house: House) -> None:
    with closing(sqlite_house.opened()) as app, backup._only_one(app.settings), pytest.raises(Refused) as refused:
        backup.make(app, "nightly")
    assert refused.value.code == "backup_running"


def test_empty_database_is_no_backup(tmp_path: Path, sqlite_house: House) -> None:
    empty = sqlite_house.elsewhere(tmp_path / "empty")
    empty.settings.data_dir.mkdir()
    for name in (sqlite.MAIN, sqlite.TELEMETRY):
        with closing(sqlite3.connect(empty.settings.data_dir / name.replace("main", "assets"))):
            pass
    with pytest.raises(Refused) as refused:
        empty.backed_up()
    assert refused.value.code == "nothing_to_back_up"


def test_old_backups_go_but_never_the_last_proven_one(sqlite_house: House) -> None:
    sqlite_house.settings = dataclasses.replace(sqlite_house.settings, backup_keep="2d")
    first = sqlite_house.backed_up()
    made = [first]
    for _ in range(3):
        sqlite_house.clock.advance(timedelta(days=1))
        made.append(sqlite_house.backed_up())
    assert [one.is_there for one in made] == [False, False, True, True]
    assert not proof_file(first.path).exists()
    with closing(sqlite_house.opened()) as app, app.main.engine.execution_options(writer=True).begin() as connection:
        connection.execute(text("UPDATE journal_entry SET body = 'x' WHERE seq = 1"))
    for _ in range(4):
        sqlite_house.clock.advance(timedelta(days=1))
        assert sqlite_house.backed_up().proven_at is None
    assert made[-1].is_there, "what comes after it is not proven, so it stays"


def test_key_is_made_once_for_its_owner_alone_and_must_be_a_key(sqlite_house: House) -> None:
    folder = sqlite_house.settings.data_dir
    printed = keys.make_key(folder)
    assert keys.make_key(folder) == printed
    path = keys.key_file(folder)
    assert path.stat().st_mode & 0o777 == 0o600
    line = next(line.strip() for line in printed.splitlines() if line.strip().startswith(keys.PREFIX))
    assert str(keys.identity_from(line.lower())) == str(keys.own_identity(folder)), "copied by hand, in small letters"
    assert str(keys.identity_from(printed)) == str(keys.own_identity(folder)), "the whole page, as it was printed"
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 0600"):
        keys.own_identity(folder)
    path.chmod(0o600)
    path.write_text("not a key\n")
    with pytest.raises(SettingsError, match="does not hold a key"):
        sqlite_house.backed_up()


def test_files_that_are_made_anew_are_left_out(sqlite_house: House, tmp_path: Path) -> None:
    folder = sqlite_house.settings.data_dir
    for name in ("broker/store/mosquitto.db", "broker/passwords", "files/.unfinished", "imports/abc/table", "x.lock"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    sqlite_house.backed_up()
    made = sqlite_house.backed_up(target=tmp_path / "b.age")
    other = sqlite_house.elsewhere(tmp_path / "other")
    other.restored(made.path, sqlite_house.identity())
    there = {str(p.relative_to(other.settings.data_dir)) for p in other.settings.data_dir.rglob("*") if p.is_file()}
    assert {"broker/passwords", "imports/abc/table"} <= there
    assert not {name for name in there if "mosquitto.db" in name or "unfinished" in name or name == "x.lock"}
    assert not [name for name in there if name.endswith(".age")], "a backup holds no backups"
