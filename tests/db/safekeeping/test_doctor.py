"""The doctor: what can be wrong is provoked and found, with words that say what to do; nothing is changed."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from assets.bootstrap import build_app
from assets.core.app import App
from assets.core.leases import JobRun
from assets.core.outbox import MAX_ATTEMPTS, OutboxMail
from assets.people import queries, service
from assets.people.rules import Role
from assets.safekeeping import keys, log
from assets.safekeeping.doctor import Finding, Level, Site, databases, examine_database, examine_machine
from assets.settings import Settings
from assets.telemetry.models import IngestStatus
from tests.support.postgres import Cluster
from tests.support.world import SETUP, START


def found(site: Site, name: str) -> list[Finding]:
    return [f for f in [*examine_machine(site), *examine_database(site)] if f.name == name]


def levels(site: Site, name: str) -> list[str]:
    return [f.level.value for f in found(site, name)]


def words(site: Site, name: str) -> str:
    return " ".join(str(f.text) for f in found(site, name))


def test_new_installation_is_well_but_for_what_people_have_to_do(site: Site) -> None:
    mends = {f.name for f in [*examine_machine(site), *examine_database(site)] if f.level is Level.MEND}
    assert mends <= {"backup", "accounts", "space", "mosquitto"}, "the last two are this machine's"


# -- the machine ---------------------------------------------------------------------------


def test_open_data_directory_is_to_be_closed(site: Site) -> None:
    site.settings.data_dir.chmod(0o750)
    assert levels(site, "data_dir") == ["mend"]
    assert f"chmod 0700 {site.settings.data_dir}" in words(site, "data_dir")
    assert site.settings.data_dir.stat().st_mode & 0o777 == 0o750, "the doctor changes nothing"


@pytest.mark.parametrize("name", ["settings.env", "secrets/session.key", "secrets/backup.key", "broker/passwords"])
def test_secret_that_others_can_read_is_named(name: str, site: Site) -> None:
    assert levels(site, "permissions") == ["well"]
    path = site.settings.data_dir / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    path.chmod(0o640)
    assert levels(site, "permissions") == ["mend"]
    assert f"chmod 0600 {path}" in words(site, "permissions")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_secret_of_another_user_is_named(site: Site) -> None:
    path = site.settings.data_dir / "secrets" / "session.key"
    os.chown(path, 65534, -1)
    assert "chown root" in words(site, "permissions")


def test_short_session_key_is_found_without_starting_anything(site: Site) -> None:
    (site.settings.data_dir / "secrets" / "session.key").write_bytes(b"short")
    assert levels(site, "secrets") == ["mend"]
    assert "too short" in words(site, "secrets")


def test_missing_backup_key_is_to_be_mended(site: Site) -> None:
    keys.key_file(site.settings.data_dir).unlink()
    assert "mend" in levels(site, "secrets")
    assert "`assets setup`" in words(site, "secrets")


def test_missing_data_directory_is_the_only_finding(tmp_path: Path) -> None:
    there = examine_machine(Site(Settings(data_dir=tmp_path / "none"), START))
    assert [(f.name, f.level) for f in there] == [("data_dir", Level.MEND)]
    assert not (tmp_path / "none").exists()


def with_settings(site: Site, **values: object) -> Site:
    return dataclasses.replace(site, settings=dataclasses.replace(site.settings, **values))  # type: ignore[arg-type]  # of the fields' types


@pytest.mark.parametrize(
    ("values", "name", "level"),
    [
        ({"base_url": "http://127.0.0.1:8000"}, "base_url", "look"),
        ({"base_url": "http://10.0.0.5"}, "base_url", "look"),
        ({"base_url": "https://assets.example.uz"}, "base_url", "well"),
        ({"base_url": "http://localhost"}, "label_base", "look"),
        ({"label_base_url": "https://192.168.1.4"}, "label_base", "look"),
        ({"label_base_url": "https://q.example.uz"}, "label_base", "well"),
        ({"listen": "0.0.0.0:8000"}, "listening", "look"),
        ({"mqtt_listen": "8.8.8.8:1883"}, "listening", "mend"),
        ({"mqtt_listen": "8.8.8.8:1883", "mqtt_url": "mqtts://u:s@h"}, "listening", "well"),
        ({"listen": "10.0.0.5:8000"}, "listening", "look"),
        ({"smtp_url": ""}, "mail", "look"),
    ],
)
def test_addresses_are_judged_by_who_can_reach_and_read(
    values: dict[str, object], name: str, level: str, site: Site
) -> None:
    machine = [f for f in examine_machine(with_settings(site, **values)) if f.name == name]
    assert [f.level.value for f in machine] == [level]


def test_proxy_that_can_be_walked_around_is_told(site: Site) -> None:
    chosen = with_settings(site, listen="0.0.0.0:8000", trusted_proxies=1)
    assert any("TRUSTED_PROXIES" in str(f.text) for f in examine_machine(chosen))


# -- backups ---------------------------------------------------------------------------


def back_up(site: Site, made_at: datetime, *, proven: bool = True) -> Path:
    folder = site.settings.backup_folder
    folder.mkdir(exist_ok=True)
    path = folder / f"{made_at:%Y%m%d}.backup"
    path.write_bytes(b"12345")
    log.write(
        site.settings.data_dir,
        log.Made(
            file=str(path), kind="nightly", made_at=made_at, size=5, sha256="", took_s=1.0,
            proven_at=made_at if proven else None, reason="" if proven else "a table lacks rows", journal_seq=1,
            revisions=("0002", "0001"),
        ),
    )  # fmt: skip
    return path


def test_backup_is_well_when_young_and_proven(site: Site) -> None:
    assert levels(site, "backup") == ["mend"], "there is none"
    path = back_up(site, START - timedelta(hours=30))
    assert levels(site, "backup") == ["well", "look"], "and it lies on the same disk"
    path.unlink()
    assert levels(site, "backup")[0] == "mend", "a backup that is gone is none"


def test_old_backup_is_to_be_mended(site: Site) -> None:
    back_up(site, START - timedelta(days=3))
    assert levels(site, "backup")[0] == "mend"
    assert "3 days old" in words(site, "backup")


def test_backup_that_failed_its_proof_is_told_though_an_older_one_is_good(site: Site) -> None:
    back_up(site, START - timedelta(hours=30))
    back_up(site, START - timedelta(hours=6), proven=False)
    assert levels(site, "backup")[:2] == ["mend", "well"]
    assert "a table lacks rows" in words(site, "backup")


# -- the databases ---------------------------------------------------------------------------


def test_changed_journal_entry_is_found(site: Site) -> None:
    with site.opened.main.engine.begin() as connection:
        connection.execute(text("UPDATE journal_entry SET body = '{}' WHERE seq = 3"))
    assert levels(site, "journal")[0] == "mend"
    assert "entry 3" in words(site, "journal")


def test_clock_behind_the_journal_is_to_be_mended(site: Site) -> None:
    behind = dataclasses.replace(site, now=START - timedelta(minutes=2))
    assert levels(behind, "clock") == ["mend"]
    assert levels(dataclasses.replace(site, now=START - timedelta(seconds=59)), "clock") != ["mend"]


def test_database_written_in_the_future_means_that_the_clock_went_back(site: Site) -> None:
    path = site.settings.data_dir / "assets.db"
    os.utime(path, (time.time() + 3600, time.time() + 3600))
    assert levels(site, "clock") == ["mend"]


def test_empty_database_leads_to_setup(tmp_path: Path) -> None:
    app = build_app(Settings(data_dir=tmp_path / "data"))
    assert "`assets setup`" in str(databases.unanswered(app.settings).text)  # type: ignore[union-attr]  # None fails too
    site = Site(app.settings, START, app)
    assert [(f.name, f.level.value) for f in examine_database(site)] == [("schema", "mend")]
    app.close()


@pytest.mark.parametrize(
    ("version", "said"), [("0001", "`assets db upgrade`"), ("9999", "newer program"), (None, "`assets setup`")]
)
def test_schema_of_another_version_stops_the_look_into_tables(version: str | None, said: str, site: Site) -> None:
    with site.opened.main.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if version:
            connection.execute(text("INSERT INTO alembic_version VALUES (:v)"), {"v": version})
    findings = examine_database(site)
    assert [(f.name, f.level.value) for f in findings] == [("schema", "mend")]
    assert said in str(findings[0].text)


def test_postgresql_that_does_not_answer_is_a_finding_and_no_traceback(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://nobody@/none?host={tmp_path}"
    finding = databases.unanswered(Settings(data_dir=tmp_path, database_url=url))
    assert finding is not None
    assert finding.level is Level.MEND
    assert "does not answer" in str(finding.text)


def test_postgresql_role_without_rights_is_told_what_to_be_granted(cluster: Cluster, tmp_path: Path) -> None:
    cluster.psql("DROP ROLE IF EXISTS doctor_poor")
    cluster.psql("CREATE ROLE doctor_poor LOGIN")
    url = cluster.url("postgres").replace("postgres@", "doctor_poor@")
    findings = databases.postgresql(Settings(data_dir=tmp_path, database_url=url))
    assert [f.level for f in findings] == [Level.MEND]
    assert "GRANT CREATE" in str(findings[0].text)
    cluster.psql("GRANT CREATE ON DATABASE postgres TO doctor_poor")
    cluster.psql("GRANT CREATE ON SCHEMA public TO doctor_poor")
    findings = databases.postgresql(Settings(data_dir=tmp_path, database_url=url))
    assert ["CREATEDB" in str(f.text) for f in findings] == [True], "it may make tables, but prove no backup"
    cluster.psql("DROP OWNED BY doctor_poor")
    cluster.psql("DROP ROLE doctor_poor")


def test_every_examiner_works_on_each_engine(app: App) -> None:
    """Tables are not versioned in this fixture, so each is called by itself."""
    from assets.safekeeping.doctor import IN_THE_DATABASE

    keys.make_key(app.settings.data_dir)
    site = Site(app.settings, START, app)
    for examiner in IN_THE_DATABASE:
        assert all(str(f.text) for f in examiner(site))


# -- what runs ---------------------------------------------------------------------------


def add_mail(site: Site, key: str, **values: object) -> None:
    with site.opened.transaction(SETUP, START) as session:
        session.add(
            OutboxMail(
                dedupe_key=key, recipient="a@example.org", subject="s", body="b", created_at=START - timedelta(hours=2),
                send_after=START, **values,
            )
        )  # fmt: skip


def test_mail_that_waits_for_an_hour_is_stuck(site: Site) -> None:
    assert levels(site, "outbox") == ["well"]
    add_mail(site, "sent", sent_at=START)
    assert levels(site, "outbox") == ["well"]
    add_mail(site, "stuck", attempts=3, last_error="ConnectionRefusedError: no")
    assert levels(site, "outbox") == ["mend"]
    assert "ConnectionRefusedError" in words(site, "outbox")


def test_mail_that_was_given_up_is_told_apart(site: Site) -> None:
    add_mail(site, "given up", attempts=MAX_ATTEMPTS, last_error="refused")
    assert levels(site, "outbox") == ["mend"]
    assert f"after {MAX_ATTEMPTS} attempts: refused" in words(site, "outbox")


def test_ingest_without_a_beat_is_to_be_mended_only_while_the_server_runs(site: Site) -> None:
    with site.opened.telemetry.transaction(SETUP, START) as session:
        session.add(IngestStatus(id=1, pid=1, started_at=START, beat_at=START - timedelta(seconds=90)))
    assert levels(site, "ingest") == ["look"]
    assert levels(site, "server") == ["look"]
    with (site.settings.data_dir / "serve.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert levels(site, "server") == ["well"]
        assert levels(site, "ingest") == ["mend"]


def test_failed_job_is_to_be_mended_and_a_late_one_only_while_the_server_runs(site: Site) -> None:
    assert levels(site, "scheduler") == ["look"], "nothing ran yet"
    with site.opened.transaction(SETUP, START) as session:
        for name in site.opened.job_periods():
            session.add(JobRun(job=name, slot=START, owner="t", started_at=START, leased_until=START))
    assert levels(site, "scheduler") == ["well"]
    later = dataclasses.replace(site, now=START + timedelta(hours=1))
    assert set(levels(later, "scheduler")) == {"look"}, "send_mail runs each minute"
    with site.opened.transaction(SETUP, START) as session:
        run = session.query(JobRun).filter_by(job="due_list").one()
        run.failed, run.outcome = True, "ValueError: what"
    assert levels(site, "scheduler") == ["mend"]


def test_broker_is_asked_only_where_one_was_started(site: Site) -> None:
    assert levels(site, "broker_runs") == []
    assert levels(site, "broker") == ["look"]


# -- accounts ---------------------------------------------------------------------------


def add_account(site: Site, login: str, role: Role) -> None:
    with site.opened.transaction(SETUP, START) as session:
        service.add_account(
            session, SETUP, login=login, password="Ishonchli-Soz-77", role=role, scope=service.Scope(), now=START
        )


def test_roles_that_nobody_holds_are_named(site: Site) -> None:
    assert levels(site, "accounts")[0] == "mend", "nobody administers"
    add_account(site, "one", Role.ADMINISTRATOR)
    assert levels(site, "accounts") == ["look", "look"]
    assert "Technician" in words(site, "accounts")
    add_account(site, "two", Role.ADMINISTRATOR)
    for role in (Role.COORDINATOR, Role.APPROVER, Role.LOGISTICS_OFFICER, Role.TECHNICIAN):
        add_account(site, role.value, role)
    assert levels(site, "accounts") == ["well"]


def test_open_account_of_somebody_who_left_is_to_be_closed(site: Site) -> None:
    with site.opened.transaction(SETUP, START) as session:
        region = service.add_region(
            session, SETUP, code="UZ-TK", name_en="T", name_uz="T", name_ru="T", lat=41.0, lon=69.0
        )
        unit = service.add_unit(session, SETUP, code="OCT", name="OCT", region=region)
        person = service.add_person(session, SETUP, number="P-1", unit=unit)
        account = service.add_account(
            session, SETUP, login="gone", password="Ishonchli-Soz-77", role=Role.OFFICER, scope=service.Scope(),
            now=START, person=person,
        )  # fmt: skip
        service.mark_left(session, SETUP, person, START.date())
    assert "1 accounts are open whose persons have left" in words(site, "accounts")
    with site.opened.transaction(SETUP, START) as session:
        service.end_account(session, SETUP, queries.account_by_login(session, account.login), START)
    assert "have left" not in words(site, "accounts")


def test_role_that_has_ended_is_not_held(site: Site) -> None:
    add_account(site, "one", Role.ADMINISTRATOR)
    with site.opened.reading() as session:
        assert queries.role_counts(session, START) == {"administrator": 1}
        assert queries.role_counts(session, START - timedelta(seconds=1)) == {}


# -- the command ---------------------------------------------------------------------------


def test_command_prints_values_with_where_they_come_from_and_ends_with_1(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from assets.cli import run

    for key in [key for key in os.environ if key.startswith("ASSETS_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("ASSETS_DATA_DIR", str(site.settings.data_dir))
    monkeypatch.setenv("ASSETS_TIMEZONE", "Asia/Samarkand")
    path = site.settings.data_dir / "settings.env"
    path.write_text("ASSETS_BASE_URL=https://assets.example.uz\n")
    path.chmod(0o600)
    assert run(["doctor", "--json"]) == 1, "there is no backup and no administrator"
    said = json.loads(capsys.readouterr().out)
    assert said["settings"]["ASSETS_BASE_URL"] == "https://assets.example.uz"
    assert said["sources"]["ASSETS_BASE_URL"] == str(path)
    assert said["sources"]["ASSETS_TIMEZONE"] == "environment"
    assert said["sources"]["ASSETS_LISTEN"] == "default"
    assert {f["level"] for f in said["findings"]} == {"well", "look", "mend"}
