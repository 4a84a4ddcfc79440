"""The full export: every table and file, hashes that fit, no formula, no name of a person, no more than may be seen."""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from sqlalchemy import select

from assets.cli import run
from assets.core import files
from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import NotAllowed
from assets.core.journal import JournalEntry
from assets.documents import service
from assets.documents.models import DocumentVersion
from assets.documents.rules import Kind, SubjectName, Upload
from assets.exchange.whole import Whole, export_whole
from assets.operations.models import Operation
from assets.people.models import Person
from assets.registry.models import Asset
from assets.registry.service.timeline import happening_now, record
from tests.support.papers import PDF, picture, put_subjects
from tests.support.world import SETUP, Clock, World

Places = dict[SubjectName, int]


@pytest.fixture
def places(app: App, world: World, clock: Clock) -> Places:
    """One of each thing with a paper, the item's with two versions and a picture of the same title taken off."""
    folder = files.folder_in(app.settings.data_dir)
    with app.transaction(SETUP, clock.now) as session:
        found = put_subjects(session, world, clock.now)
        for name, subject_id in found.items():
            draft = service.Draft((name, subject_id), Kind.ACT, "=Act: 1/2")
            made = service.add_document(session, SETUP, draft, Upload(PDF + name.encode()), folder, clock.now)
        draft = service.Draft((SubjectName.ASSET, found[SubjectName.ASSET]), Kind.PHOTO, "=act: 1/2")
        for _ in range(2):
            made = service.add_document(session, SETUP, draft, Upload(picture()), folder, clock.now)
        service.add_version(session, SETUP, made.id, Upload(PDF), "", folder, clock.now)
        service.remove_document(session, SETUP, made.id, "doubled", clock.now)
        asset = session.get_one(Asset, found[SubjectName.ASSET])
        person = session.get_one(Person, world.persons["P-001"].id)
        named = {"operation": "OP-IMT-TK"}
        data = {"person_id": person.id, **named, "use": {"count": 1, **named}, "note": "=1+1"}
        record(session, SETUP, asset, "use", happening_now(clock.now), data)
    return found


def export(app: App, actor: Actor, clock: Clock) -> tuple[Whole, zipfile.ZipFile]:
    target = BytesIO()
    whole = export_whole(app, actor, target, clock.now)
    return whole, zipfile.ZipFile(target)


def table(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(archive.read(f"tables/{name}.csv").decode("utf-8-sig"))))


def test_every_file_is_there_in_every_version_and_every_hash_fits(app: App, places: Places, clock: Clock) -> None:
    whole, archive = export(app, SETUP, clock)
    lines = archive.read("SHA256SUMS").decode().splitlines()
    sums = {path: digest for digest, path in (line.split("  ", 1) for line in lines)}
    assert set(sums) == set(archive.namelist()) - {"SHA256SUMS"}
    assert {path: hashlib.sha256(archive.read(path)).hexdigest() for path in sums} == sums
    with app.reading() as session:
        kept = sorted(session.scalars(select(DocumentVersion.sha256)))
    listed = table(archive, "documents")
    assert sorted(row["sha256"] for row in listed) == kept
    assert all(sums[row["path"]] == row["sha256"] for row in listed)
    assert whole.files == len(kept) == 15
    assert (whole.missing, whole.damaged, whole.left_out) == ([], [], [])
    assert json.loads(archive.read("export.json"))["tables"] == whole.tables


def test_paths_say_what_a_file_belongs_to_and_none_leaves_the_folder(app: App, places: Places, clock: Clock) -> None:
    _, archive = export(app, SETUP, clock)
    with app.reading() as session:
        code = session.get_one(Asset, places[SubjectName.ASSET]).code
    papers = [path for path in archive.namelist() if path.startswith("files/")]
    assert f"files/asset/{code}/=Act_ 1_2-v1.pdf" in papers
    assert f"files/asset/{code}/=act_ 1_2-v1.png" in papers
    assert f"files/asset/{code}/=act_ 1_2-v1 (2).png" in papers
    assert f"files/work_order/W-{places[SubjectName.WORK_ORDER]:06d}/=Act_ 1_2-v1.pdf" in papers
    assert len({path.casefold() for path in papers}) == len(papers)
    assert not [path for path in papers if ".." in path or path.startswith("/") or "\\" in path]


def test_tables_hold_each_thing_by_codes_and_persons_by_number(app: App, places: Places, clock: Clock) -> None:
    whole, archive = export(app, SETUP, clock)
    filled = "assets events grants batches persons work_orders calibrations operations losses disposals units models"
    for name in filled.split():
        assert len(table(archive, name)) == whole.tables[name] > 0, name
    everything = b"".join(archive.read(path) for path in archive.namelist() if path.startswith("tables/")).decode()
    assert "Karimov" not in everything
    (use,) = [row for row in table(archive, "events") if row["kind"] == "use"]
    assert json.loads(use["details"]) == {
        "person": "P-001",
        "operation": "OP-IMT-TK",
        "use": {"count": 1, "operation": "OP-IMT-TK"},
        "note": "=1+1",
    }
    assert table(archive, "grants")[0]["donor"] == "JPN"


def test_no_cell_runs_as_a_formula(app: App, places: Places, clock: Clock) -> None:
    """Attack 18."""
    with app.transaction(SETUP, clock.now) as session:
        session.get_one(Asset, places[SubjectName.ASSET]).note = "@SUM(1+1)*cmd|' /C calc'!A0"
    _, archive = export(app, SETUP, clock)
    for path in archive.namelist():
        if path.startswith("tables/"):
            rows = csv.reader(StringIO(archive.read(path).decode("utf-8-sig")))
            assert not [cell for row in rows for cell in row if cell[:1] in set("=@\t\r")], path


@pytest.mark.parametrize(
    "login", ["coordinator", "commander", "logistics_officer", "officer", "technician", "monitor", "approver", "donor"]
)
def test_only_who_reads_the_whole_journal_takes_everything_out(
    app: App, world: World, places: Places, clock: Clock, login: str
) -> None:
    """Attack 11."""
    with pytest.raises(NotAllowed):
        export_whole(app, world.actors[login], BytesIO(), clock.now)


def test_role_that_reads_no_operations_takes_none_out_and_is_told(
    app: App, world: World, places: Places, clock: Clock
) -> None:
    whole, archive = export(app, world.actors["administrator"], clock)
    assert whole.left_out == ["operations", "seizures", "contributions"]
    assert not [path for path in archive.namelist() if "operation" in path]
    assert "OP-IMT-TK" not in "".join(str(archive.read(path)) for path in archive.namelist())


def test_open_operation_stays_out_of_the_auditors_export(app: App, world: World, places: Places, clock: Clock) -> None:
    auditor = world.actors["auditor"]
    assert "OP-IMT-TK" in str(export(app, auditor, clock)[1].read("tables/operations.csv"))
    with app.transaction(SETUP, clock.now) as session:
        session.get_one(Operation, places[SubjectName.OPERATION]).closed_at = None
    _, archive = export(app, auditor, clock)
    assert "OP-IMT-TK" not in "".join(str(archive.read(path)) for path in archive.namelist())
    assert not [path for path in archive.namelist() if path.startswith("files/operation")]


def test_export_is_journalled(app: App, world: World, places: Places, clock: Clock) -> None:
    export(app, world.actors["auditor"], clock)
    with app.reading() as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.entity == "export")).one()
        assert (entry.action, entry.account_id) == ("exported", world.actors["auditor"].account_id)
        assert json.loads(entry.body)["values"]["files"] == 15


def test_file_that_is_missing_or_altered_is_named_and_the_rest_is_there(app: App, places: Places, clock: Clock) -> None:
    folder = files.folder_in(app.settings.data_dir)
    with app.reading() as session:
        first, second = session.scalars(select(DocumentVersion.file_key).order_by(DocumentVersion.id).limit(2))
    (folder / first).unlink()
    (folder / second).write_bytes(b"something else")
    whole, archive = export(app, SETUP, clock)
    assert (len(whole.missing), len(whole.damaged), whole.files) == (1, 1, 14)
    assert json.loads(archive.read("export.json"))["missing"] == whole.missing


def test_command_line_writes_the_zip_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSETS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("ASSETS_DATABASE_URL", raising=False)
    assert run(["db", "upgrade"]) == 0
    target = tmp_path / "out" / "all.zip"
    assert run(["export", "whole", "-o", str(target)]) == 1, "there is no such folder"
    target.parent.mkdir()
    assert run(["export", "whole", "-o", str(target)]) == 0
    assert "tables" in capsys.readouterr().out
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert "tables/assets.csv" in archive.namelist()
    assert [path.name for path in target.parent.iterdir()] == ["all.zip"]
