"""Writes the settings file: whole or not at all, for its owner alone, keeping what people wrote beside the values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

HEAD = """\
# Settings of this installation, written by `assets setup` and to be changed by it or by hand.
# What stands in the environment wins. `assets doctor` prints what is in force; a restart makes a change count.
"""


def write_settings(path: Path, changes: Mapping[str, str]) -> None:
    """Put `changes` into the file; an empty value takes its line out. Comments and other lines stay as they are."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else HEAD.splitlines()
    left = dict(changes)
    written = []
    for line in lines:
        key = line.partition("=")[0].strip()
        if key not in changes or line.lstrip().startswith("#"):
            written.append(line)
        elif value := left.pop(key, ""):
            written.append(f"{key}={value}")
    written += [f"{key}={value}" for key, value in left.items() if value]
    _replace(path, "".join(f"{line}\n" for line in written))


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as target:
        target.write(text)
        target.flush()
        os.fsync(target.fileno())
    beside.replace(path)
