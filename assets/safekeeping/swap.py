"""The exchange at the end of a restore: what is there is moved aside, what was restored takes its place.

What is to be moved is written down first. Should the machine stop in the middle, the next start goes on from there: by
then everything restored has been verified, and each step can be repeated.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from assets.core.occupancy import alone
from assets.safekeeping.engines import postgresql
from assets.safekeeping.refusals import Refused
from assets.settings import Settings

NAME = "restore-plan.json"


@dataclass(frozen=True)
class Move:
    """One file or folder goes from one place to another on the same file system."""

    source: str
    target: str


@dataclass(frozen=True)
class Plan:
    """Moves aside, moves into place, and on PostgreSQL the names of the restored database and of the kept one."""

    aside: tuple[Move, ...]
    into_place: tuple[Move, ...]
    fresh_database: str = ""
    kept_database: str = ""


def carry_out(settings: Settings, plan: Plan) -> None:
    """Write the plan down and follow it. `Refused` when the live database is in use: then nothing was moved."""
    path = settings.data_dir / NAME
    unfinished = path.with_suffix(".part")
    with unfinished.open("w") as target:
        json.dump(asdict(plan), target)
        target.flush()
        os.fsync(target.fileno())
    unfinished.rename(path)
    try:
        _exchange_databases(settings, plan)
    except Refused:
        path.unlink()
        raise
    _follow(path, plan)


def finish_swap(settings: Settings) -> bool:
    """Finish an exchange that was interrupted; says whether there was one."""
    path = settings.data_dir / NAME
    if not path.exists():
        return False
    with alone(settings.data_dir):
        values = json.loads(path.read_text())
        aside, into_place = ([Move(**move) for move in values[key]] for key in ("aside", "into_place"))
        plan = Plan(tuple(aside), tuple(into_place), values["fresh_database"], values["kept_database"])
        _exchange_databases(settings, plan)
        _follow(path, plan)
    return True


def _exchange_databases(settings: Settings, plan: Plan) -> None:
    if plan.fresh_database:
        postgresql.swap(settings.main_url, plan.fresh_database, plan.kept_database)


def _follow(path: Path, plan: Plan) -> None:
    for move in plan.aside:
        # Once its successor is in place, the same name means the successor.
        taken = any(m.target == move.source and not Path(m.source).exists() for m in plan.into_place)
        if Path(move.source).exists() and not Path(move.target).exists() and not taken:
            Path(move.target).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            Path(move.source).rename(move.target)
    for move in plan.into_place:
        if Path(move.source).exists():
            Path(move.target).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            Path(move.source).rename(move.target)
    for folder in {Path(move.target).parent for move in (*plan.aside, *plan.into_place)}:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    path.unlink()
