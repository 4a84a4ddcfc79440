"""A restored backup is what was backed up; what is no sound backup is refused, and live data stays as it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import select, text

from assets.core import anchor
from assets.core.journal import JournalEntry
from assets.migrations.run import versions
from assets.safekeeping import archive, keys, log, swap
from assets.safekeeping.manifest import ABOUT, MANIFEST, SETTINGS, read_manifest
from assets.safekeeping.proof import proof_file
from assets.safekeeping.refusals import Refused
from assets.safekeeping.upgrade import go_back
from assets.settings import SettingsError
from tests.db.safekeeping.conftest import PERSON, House

SEED = 51_2026
FLIPS, CUTS = 200, 60


def _tree(folder: Path) -> dict[str, str]:
    """Every file of a data directory with its hash, without locks and the folder where restores are tried."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _refused(house: House, backup: Path, code: str, identity: pyrage.x25519.Identity | None = None) -> Refused:
    with pytest.raises(Refused) as refused:
        house.restored(backup, identity or house.identity(), replace_present=True)
    assert refused.value.code == code, refused.value
    return refused.value


def _contents(backup: Path, identity: pyrage.x25519.Identity) -> dict[str, bytes]:
    """What is packed in a backup, by name, in its order."""
    seen: dict[str, bytes] = {}
    archive.read(backup, identity, lambda name, content: seen.update({name: content.read()}))
    return seen


def _packed(backup: Path, identity: pyrage.x25519.Identity, contents: dict[str, bytes]) -> Path:
    """A backup with these contents, closed for the key of `identity`."""
    with archive.writing(backup, identity.to_public(), lambda _: None) as pack:
        for name, content in contents.items():
            pack.add_bytes(name, content)
    return backup


@pytest.fixture
def lone_backup(sqlite_house: House, tmp_path: Path) -> Path:
    """A sound backup without its proof beside it, so that only the file itself can tell."""
    made = sqlite_house.backed_up(target=tmp_path / "lone.age")
    proof_file(made.path).unlink()
    return made.path


def test_restored_elsewhere_it_has_the_same_rows_head_and_files(house: House, tmp_path: Path) -> None:
    before = house.state()
    made = house.backed_up(target=tmp_path / "b.age")
    assert made.proven_at is not None
    other = house.elsewhere(tmp_path / "other")
    done = other.restored(made.path, house.identity())
    assert other.state() == before
    assert (done.journal_seq, done.tables) == (before[1].seq, before[0])  # type: ignore[attr-defined]  # a Head
    assert keys.own_identity(other.settings.data_dir).to_public().__str__() == str(house.identity().to_public())
    assert (other.settings.data_dir / "secrets" / "session.key").read_bytes() == (
        house.settings.data_dir / "secrets" / "session.key"
    ).read_bytes()
    with closing(other.opened()) as app:
        anchor.refuse_older(app)
        assert anchor.verify(app).ok


def test_backup_opens_with_nothing_but_age_and_tar_and_tells_what_is_in_it(
    sqlite_house: House, lone_backup: Path
) -> None:
    seen = _contents(lone_backup, sqlite_house.identity())
    assert next(iter(seen)) == ABOUT
    assert list(seen)[-1] == MANIFEST
    manifest = read_manifest(seen[MANIFEST])
    rows, head, stored = sqlite_house.state()
    assert (manifest.tables, manifest.journal) == (rows, head)
    for one in manifest.files:
        assert hashlib.sha256(seen[one.name]).hexdigest() == one.sha256
    assert {name.removeprefix("files/files/") for name in seen if name.startswith("files/files/")} == set(stored)
    assert json.loads(seen[SETTINGS])["ASSETS_TIMEZONE"] == "Asia/Tashkent"
    assert not any("backup.key" in name for name in seen)
    assert not any(str(sqlite_house.identity()).encode() in content for content in seen.values())


def test_each_of_200_flipped_bits_is_refused_and_live_data_untouched(sqlite_house: House, lone_backup: Path) -> None:
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    sound, before = lone_backup.read_bytes(), _tree(sqlite_house.settings.data_dir)
    identity = sqlite_house.identity()
    head = range(250)
    places = [*rng.sample(head, 40), *(rng.randrange(len(sound)) for _ in range(FLIPS - 40))]
    for place in places:
        damaged = bytearray(sound)
        damaged[place] ^= 1 << rng.randrange(8)
        lone_backup.write_bytes(damaged)
        with pytest.raises(Refused) as refused:
            sqlite_house.restored(lone_backup, identity, replace_present=True)
        assert refused.value.code in {"backup_altered", "backup_cut", "backup_wrong_key", "backup_not_ours"}, place
    assert _tree(sqlite_house.settings.data_dir) == before


def test_cut_file_is_refused_at_any_length_and_live_data_untouched(sqlite_house: House, lone_backup: Path) -> None:
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    sound, before = lone_backup.read_bytes(), _tree(sqlite_house.settings.data_dir)
    body = sound.index(b"\n--- ") + 49
    lengths = [0, 1, 21, body, body + 16, body + 16 + 65_552, len(sound) - 1]
    assert max(lengths) < len(sound)
    for length in [*lengths, *(rng.randrange(len(sound)) for _ in range(CUTS))]:
        lone_backup.write_bytes(sound[:length])
        with pytest.raises(Refused):
            sqlite_house.restored(lone_backup, sqlite_house.identity(), replace_present=True)
    lone_backup.write_bytes(sound + b"\0")
    _refused(sqlite_house, lone_backup, "backup_altered")
    assert _tree(sqlite_house.settings.data_dir) == before


def test_with_its_proof_beside_it_cut_and_altered_are_told_apart(sqlite_house: House, tmp_path: Path) -> None:
    made = sqlite_house.backed_up(target=tmp_path / "b.age")
    sound = made.path.read_bytes()
    made.path.write_bytes(sound[:-100])
    assert "cut short" in str(_refused(sqlite_house, made.path, "backup_cut").message)
    made.path.write_bytes(sound[:30] + bytes([sound[30] ^ 4]) + sound[31:])
    assert "altered" in str(_refused(sqlite_house, made.path, "backup_altered").message)


def test_wrong_key_is_named(sqlite_house: House, lone_backup: Path) -> None:
    _refused(sqlite_house, lone_backup, "backup_wrong_key", pyrage.x25519.Identity.generate())


@pytest.mark.parametrize(
    "content",
    [b"a letter to a friend", random.Random(SEED).randbytes(5000), b"SQLite format 3\0" * 40, b"\x1f\x8b" + bytes(90)],
    ids=["text", "noise", "a database", "gzip"],
)
def test_what_is_no_backup_is_named(sqlite_house: House, tmp_path: Path, content: bytes) -> None:
    keys.make_key(sqlite_house.settings.data_dir)
    (tmp_path / "x").write_bytes(content)
    _refused(sqlite_house, tmp_path / "x", "backup_not_ours")
    (tmp_path / "y").write_bytes(pyrage.encrypt(content, [sqlite_house.identity().to_public()]))
    _refused(sqlite_house, tmp_path / "y", "backup_not_ours")


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "files/../../outside"])
def test_archive_that_somebody_else_closed_for_our_key_leaves_its_folder_nowhere(
    sqlite_house: House, lone_backup: Path, tmp_path: Path, name: str
) -> None:
    identity = sqlite_house.identity()
    about = _contents(lone_backup, identity)[ABOUT]
    evil = _packed(tmp_path / "evil.age", identity, {ABOUT: about, name: b"outside"})
    _refused(sqlite_house, evil, "backup_not_ours")
    assert not list(tmp_path.rglob("outside"))


def test_exchanged_file_inside_is_noticed_by_the_manifest(
    sqlite_house: House, lone_backup: Path, tmp_path: Path
) -> None:
    identity = sqlite_house.identity()
    seen = _contents(lone_backup, identity)
    exchanged = {name: b"%PDF-forged" for name in seen if name.startswith("files/files/")}
    forged = _packed(tmp_path / "forged.age", identity, {**seen, **exchanged})
    _refused(sqlite_house, forged, "backup_altered")


def test_newer_version_is_refused_and_older_one_restored_and_migrated(house: House, tmp_path: Path) -> None:
    with closing(house.opened()) as app:
        current = versions(app)["main"][1]
        go_back(app, PERSON, to="0001", reason="")
    old = house.backed_up(target=tmp_path / "old.age")
    assert old.revisions[0] == "0001"
    assert old.proven_at is not None
    with closing(house.opened()) as app, app.main.engine.execution_options(writer=True).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    new = house.backed_up(target=tmp_path / "new.age")
    other = house.elsewhere(tmp_path / "other")
    with pytest.raises(Refused) as refused:
        other.restored(new.path, house.identity())
    assert refused.value.code == "backup_newer"
    done = other.restored(old.path, house.identity())
    assert any("0001 -> " in line for line in done.lines)
    with closing(other.opened()) as app:
        assert versions(app)["main"] == (current, current)
    rows = other.state()[0]
    assert rows["main.journal_entry"] >= done.journal_seq
    same = done.tables.keys() - {"main.journal_entry"}
    assert {name: rows[name] for name in same} == {name: done.tables[name] for name in same}, "no row is lost"


def test_older_than_the_last_anchor_is_refused_without_a_reason_that_is_then_recorded(
    house: House, tmp_path: Path
) -> None:
    """Attack 54, by way of a restore."""
    outside = tmp_path / "other-disk.jsonl"
    house.settings = dataclasses.replace(house.settings, anchor_file=str(outside))
    made = house.backed_up(target=tmp_path / "b.age")
    house.change("LATER")
    with closing(house.opened()) as app:
        anchor.anchor(app)
    with pytest.raises(Refused) as refused:
        house.restored(made.path, house.identity(), replace_present=True)
    assert refused.value.code == "backup_older_than_anchor"
    done = house.restored(made.path, house.identity(), replace_present=True, older_reason="the disk died")
    assert any("given up" in line for line in done.lines)
    with closing(house.opened()) as app:
        anchor.refuse_older(app)
        verdict = anchor.verify(app)
        assert verdict.ok
        assert "the disk died" in verdict.text
        with app.reading() as session:
            last = session.scalars(select(JournalEntry).order_by(JournalEntry.seq.desc()).limit(1)).one()
    assert (last.action, json.loads(last.body)["values"]["reason"]) == ("accepted_older", "the disk died")
    assert json.loads(outside.read_text().splitlines()[-1])["accepted"] == "the disk died"


def test_data_that_is_there_is_refused_and_with_replace_kept_aside(house: House, tmp_path: Path) -> None:
    made = house.backed_up(target=tmp_path / "b.age")
    with pytest.raises(Refused) as refused:
        house.restored(made.path, house.identity())
    assert refused.value.code == "target_not_empty"
    before = house.state()
    done = house.restored(made.path, house.identity(), replace_present=True)
    assert house.state() == before
    aside = next(house.settings.data_dir.glob("before-restore-*"))
    assert str(aside) in done.kept_aside
    assert {path.name for path in (aside / "files").iterdir()} == set(before[2])
    if house.settings.database_url:
        assert "before_restore" in done.kept_aside
    else:
        with closing(sqlite3.connect(aside / "assets.db")) as kept:
            assert kept.execute("SELECT count(*) FROM organisation").fetchone()[0] == before[0]["main.organisation"]


def test_data_in_use_is_refused(house: House, tmp_path: Path) -> None:
    made = house.backed_up(target=tmp_path / "b.age")
    with closing(house.opened()), pytest.raises(SettingsError, match="stop `assets serve`"):
        house.restored(made.path, house.identity(), replace_present=True)
    with closing(house.opened()) as app:
        # Another program, which knows nothing of our locks.
        app.occupancy.close()  # type: ignore[union-attr]  # build_app gives one
        with app.main.engine.connect() as connection:
            connection.execute(text("SELECT 1 FROM journal_entry"))
            _refused(house, made.path, "target_in_use")


def test_other_kind_of_database_is_refused(sqlite_house: House, postgres_house: House, tmp_path: Path) -> None:
    made = sqlite_house.backed_up(target=tmp_path / "lite.age")
    _refused(postgres_house, made.path, "backup_other_engine", sqlite_house.identity())
    made = postgres_house.backed_up(target=tmp_path / "post.age")
    _refused(sqlite_house, made.path, "backup_other_engine", postgres_house.identity())


def test_restore_killed_at_any_rename_ends_whole_at_the_next_start(
    sqlite_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sqlite_house.backed_up(target=tmp_path / "b.age")
    backed_up = sqlite_house.state()
    identity = sqlite_house.identity()
    for number in range(1, 60):
        sqlite_house.change(f"AFTER-{number}")
        live = sqlite_house.state()
        child = os.fork()
        if child == 0:
            _die_at_rename(monkeypatch, number)
            sqlite_house.restored(made.path, identity, replace_present=True, older_reason="trial")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            break
        now = sqlite_house.state()
        restored = now[0]["main.organisation"] == backed_up[0]["main.organisation"]
        assert restored or now == live, f"killed at rename {number}: neither the one nor the other"
        assert not (sqlite_house.settings.data_dir / swap.NAME).exists()
        assert now[2] == backed_up[2]
    else:
        raise AssertionError("the restore never came to its end")
    assert number > 5


def _die_at_rename(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    left = [number]
    real = os.rename

    def dying(source: object, target: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        real(source, target)  # type: ignore[arg-type]  # as given

    monkeypatch.setattr(os, "rename", dying)


def test_settings_of_the_other_machine_come_along_but_not_into_force(sqlite_house: House, tmp_path: Path) -> None:
    folder = sqlite_house.settings.data_dir
    (folder / "settings.env").write_text("ASSETS_BASE_URL=https://old.example\nASSETS_BACKUP_DIR=/mnt/old\n")
    made = sqlite_house.backed_up(target=tmp_path / "b.age")
    bare = sqlite_house.elsewhere(tmp_path / "bare")
    bare.restored(made.path, sqlite_house.identity())
    assert not (bare.settings.data_dir / "settings.env").exists(), "a drill must not mail through the office's server"
    assert "ASSETS_" in (bare.settings.data_dir / "settings.env.from-backup").read_text()
    settled = sqlite_house.elsewhere(tmp_path / "settled")
    settled.settings.data_dir.mkdir()
    (settled.settings.data_dir / "settings.env").write_text("ASSETS_BASE_URL=https://new.example\n")
    settled.restored(made.path, sqlite_house.identity())
    assert "new.example" in (settled.settings.data_dir / "settings.env").read_text()
    assert (settled.settings.data_dir / "settings.env.from-backup").exists()
    assert log.entries(settled.settings.data_dir) == []


@pytest.mark.parametrize("other", ["demo", "drills/first"])
def test_other_data_directory_inside_is_neither_backed_up_nor_restored(
    sqlite_house: House, tmp_path: Path, other: str
) -> None:
    data_dir = sqlite_house.settings.data_dir
    inside, own = data_dir / other, data_dir / "drills" / "own"
    for path in (inside / "kept", own):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    (inside / "assets.db").write_text("of another office")
    made = sqlite_house.backed_up(target=tmp_path / "b.age")
    names = [packed.name for packed in archive.read(made.path, sqlite_house.identity(), lambda *_: None)]
    assert "files/drills/own" in names
    assert [name for name in names if name.startswith(f"files/{other}/")] == []
    own.write_text("changed")
    sqlite_house.restored(made.path, sqlite_house.identity(), replace_present=True)
    assert own.read_text() == "own"
    assert (inside / "kept").read_text() == "kept", "the other one stays where it is"


def test_demonstration_inside_an_older_backup_is_not_put_back(
    sqlite_house: House, lone_backup: Path, tmp_path: Path
) -> None:
    identity = sqlite_house.identity()
    seen = _contents(lone_backup, identity)
    manifest = read_manifest(seen.pop(MANIFEST))
    inside = {"files/demo/assets.db": b"made up", "files/demo/broker/passwords": b"made up"}
    packed = tuple(archive.Packed(n, len(c), hashlib.sha256(c).hexdigest()) for n, c in inside.items())
    told = dataclasses.replace(manifest, files=(*manifest.files, *packed)).dumped()
    older = _packed(tmp_path / "older.age", identity, {**seen, **inside, MANIFEST: told})
    bare = sqlite_house.elsewhere(tmp_path / "bare")
    bare.restored(older, identity)
    assert bare.state()[0] == sqlite_house.state()[0]
    assert not (bare.settings.data_dir / "demo").exists()
