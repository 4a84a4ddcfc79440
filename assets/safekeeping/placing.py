"""Where each thing of an opened backup goes, and where what is there now goes instead."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from assets.safekeeping import archive
from assets.safekeeping.contents import KEPT_ASIDE, OF_THE_MACHINE, data_directories_inside, database_files, kept_files
from assets.safekeeping.engines import postgresql, sqlite
from assets.safekeeping.manifest import SETTINGS
from assets.safekeeping.swap import Move, Plan
from assets.safekeeping.unpack import Unpacked
from assets.settings import FILE_NAME, Settings

HALVES = {"broker", "secrets"}
"""Folders that also hold what no backup has."""


def plan(settings: Settings, folder: Path, content: Unpacked, aside: Path, fresh: str) -> Plan:
    """What goes aside and what takes its place. Nothing of it has been moved yet."""
    away: list[Move] = []
    into: list[Move] = []
    kept_database = ""
    if fresh:
        live = postgresql.name_of(settings.main_url)
        present = postgresql.exists(settings.main_url)
        kept_database = f"{live[:30]}_before_restore_{aside.name.removeprefix(KEPT_ASIDE).lower()}" if present else ""
    else:
        away += [Move(str(path), str(path.parent / aside.name / path.name)) for path in database_files(settings)]
        for name, url in ((sqlite.MAIN, settings.main_url), (sqlite.TELEMETRY, settings.telemetry_url)):
            into.append(Move(*_beside(content.databases / name, Path(url.removeprefix("sqlite:///")))))
    _write_settings(settings, folder, content.files)
    for other in data_directories_inside(content.files):  # older backups hold them
        shutil.rmtree(other)
    # A folder with another data directory inside stays where it is, and only single files of it are exchanged.
    others = data_directories_inside(settings.data_dir)
    split = HALVES | {other.relative_to(settings.data_dir).parts[0] for other in others}
    names = [path.relative_to(content.files).as_posix() for path in content.files.rglob("*") if path.is_file()]
    new = {_unit(name, split) for name in names} - {FILE_NAME}
    new -= {name for name in OF_THE_MACHINE if (settings.data_dir / name).exists()}
    old = {_unit(name, split) for name, _ in kept_files(settings)} - set(OF_THE_MACHINE)
    away += [Move(str(settings.data_dir / name), str(aside / name)) for name in sorted(old)]
    into += [Move(str(content.files / name), str(settings.data_dir / name)) for name in sorted(new)]
    return Plan(tuple(move for move in away if Path(move.source).exists()), tuple(into), fresh, kept_database)


def _unit(name: str, split: set[str]) -> str:
    """What is moved as one: a folder, but a single file of those that also hold what no backup has."""
    top = name.split("/", 1)[0]
    return name if top in split else top


def _beside(source: Path, target: Path) -> tuple[str, str]:
    """Bring a restored database onto the file system where it will live: from there it can be renamed at once."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if source.stat().st_dev == target.parent.stat().st_dev:
        return str(source), str(target)
    near = target.with_name(f".{target.name}.restored")
    near.unlink(missing_ok=True)
    with source.open("rb") as content:
        archive.copied(content, near)
    return str(near), str(target)


def _write_settings(settings: Settings, folder: Path, files: Path) -> None:
    """Keep the settings of the machine that was backed up beside this one's; none of them comes into force by itself:
    a drill must not send mail through the server of the office that is at work."""
    values = json.loads((folder / SETTINGS).read_text())
    lines = [f"{key}={value}" for key, value in values.items() if value]
    files.mkdir(mode=0o700, exist_ok=True)
    _write_private(files / f"{FILE_NAME}.from-backup", "\n".join(["# As they were in force when backed up.", *lines]))


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as target:
        target.write(text + "\n")
