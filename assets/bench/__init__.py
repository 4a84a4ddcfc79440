"""Measurements of the product at work: the command line's `assets bench`; nothing else may import this folder."""

from __future__ import annotations

import importlib

SUBJECTS = ("ingest", "register", "readiness", "labels", "summary", "import", "backup", "commands")
_MODULES = {"import": "imports"}  # a module cannot be called like a word of the language


def run_bench(subject: str) -> dict[str, object]:
    """Measure one of `SUBJECTS` against temporary data, and give the figures by name; units stand in the names.

    `ValueError` for an unknown subject, `SettingsError` for a size in the environment that is none, `OSError` when
    something that is needed is missing or a part of the product failed while it was measured.
    """
    if subject not in SUBJECTS:
        raise ValueError(f"subject: one of {', '.join(SUBJECTS)}")
    found: dict[str, object] = importlib.import_module(f"assets.bench.{_MODULES.get(subject, subject)}").measure()
    return found
