"""Keeps each simulated tracker in a directory: its flash as files, what the vehicle was doing as JSON."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from firmware_stubs.fleet.flash import BYTES, FileFlash

_TRACKER = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _directory(root: Path, tracker: str) -> Path:
    if not _TRACKER.fullmatch(tracker):
        raise ValueError(f"{tracker!r} is no tracker id (1-64 characters of A-Z a-z 0-9 _ -)")
    return root / tracker


def open_flash(root: Path, tracker: str) -> FileFlash:
    """The tracker's flash in this directory; empty if the tracker is new."""
    return FileFlash(_directory(root, tracker) / "flash")


def load(root: Path, tracker: str) -> dict[str, object] | None:
    """What the vehicle was doing, or None for a new one. ValueError if the file is damaged."""
    path = _directory(root, tracker) / "vehicle.json"
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); remove it to start the vehicle at its depot") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} is damaged; remove it to start the vehicle at its depot")
    return found


def save(root: Path, tracker: str, sim: Mapping[str, object]) -> None:
    """Writes what the vehicle is doing, whole or not at all."""
    directory = _directory(root, tracker)
    directory.mkdir(parents=True, exist_ok=True)
    draft = directory / "vehicle.json.new"
    draft.write_text(json.dumps(sim))
    draft.replace(directory / "vehicle.json")


def hand_over(root: Path, tracker: str, state: Mapping[str, object]) -> None:
    """Writes the state that `history.generate` left, so that a live vehicle goes on from it: same life, next boot."""
    sim, files = state.get("sim"), state.get("flash")
    if not isinstance(sim, dict) or not isinstance(files, dict):
        raise ValueError("this is not the state of a finished history")
    flash = open_flash(root, tracker)
    for name in flash.names():
        flash.remove(name)
    for name, text in files.items():
        flash.write(str(name), str(text).encode(BYTES))
    save(root, tracker, sim)
