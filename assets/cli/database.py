"""Commands for the database: migrations, the way back, and integrity."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from assets.cli.output import command_line_actor, opened_app


def add(commands: Any) -> None:
    """`db upgrade`, `db downgrade`, `db check`."""
    database = commands.add_parser("db", help="the database").add_subparsers(dest="action", required=True)
    upgrade = database.add_parser("upgrade", help="bring both databases to this program's version, with a backup first")
    upgrade.add_argument("--without-backup", action="store_true", help="when no backup can be made, and there is one")
    upgrade.set_defaults(run=_upgrade)
    downgrade = database.add_parser("downgrade", help="take both databases back to an older version")
    downgrade.add_argument("--to", metavar="VERSION", help="of the main database; without it: one back")
    downgrade.add_argument("--from-backup", action="store_true", help="restore the backup made before the upgrade")
    # Both names mean the same here: going back over a backup asks for it in the words of `restore`.
    downgrade.add_argument(
        "--even-so",
        "--older-than-anchor",
        metavar="REASON",
        default="",
        help="why rows or later work may be lost",
    )
    downgrade.set_defaults(run=_downgrade)
    check = database.add_parser("check", help="integrity of both databases")
    check.set_defaults(run=_check)


def _upgrade(chosen: argparse.Namespace) -> int:
    from assets.cli.ready import make_ready_safely

    with opened_app(even_empty=True) as app:
        for line in make_ready_safely(app, without_backup=chosen.without_backup):
            print(line)
    return 0


def _downgrade(chosen: argparse.Namespace) -> int:
    from assets.safekeeping.upgrade import go_back

    if chosen.from_backup:
        return _from_backup(chosen)
    with opened_app() as app:
        for line in go_back(app, command_line_actor(), to=chosen.to, reason=chosen.even_so):
            print(line)
    print("Now install the older program: this one would upgrade the databases again when it starts.")
    return 0


def _from_backup(chosen: argparse.Namespace) -> int:
    from assets.bootstrap import build_app
    from assets.core.clock import system_clock
    from assets.safekeeping.keys import own_identity
    from assets.safekeeping.restore import Wanted, restore
    from assets.safekeeping.upgrade import newest_before
    from assets.settings import Settings

    settings = Settings.from_environment()
    made = newest_before(settings, chosen.to)
    wanted = Wanted(
        made.path, own_identity(settings.data_dir), command_line_actor(), build_app, None,
        replace_present=True, older_reason=chosen.even_so,
    )  # fmt: skip
    done = restore(settings, wanted, started_at=system_clock())
    for line in done.lines:
        print(line)
    print(f"restored {made.file}, version {made.revisions[0]}; what was there is kept in {done.kept_aside}")
    print("Now install the older program: this one would upgrade the databases again when it starts.")
    return 0


def _check(_chosen: argparse.Namespace) -> int:
    from assets.migrations.run import integrity_errors

    with opened_app() as app:
        errors = integrity_errors(app)
    for error in errors:
        print(f"assets: {error}", file=sys.stderr)
    if not errors:
        print("both databases are sound")
    return 1 if errors else 0
