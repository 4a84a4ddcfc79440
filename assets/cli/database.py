"""Commands for the database: migrations and integrity."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from assets.cli.output import opened_app


def add(commands: Any) -> None:
    """`db upgrade`, `db check`."""
    database = commands.add_parser("db", help="the database").add_subparsers(dest="action", required=True)
    upgrade = database.add_parser("upgrade", help="bring both databases to this program's version")
    upgrade.set_defaults(run=_upgrade)
    check = database.add_parser("check", help="integrity of both databases")
    check.set_defaults(run=_check)


def _upgrade(_chosen: argparse.Namespace) -> int:
    from assets.cli.ready import make_ready

    with opened_app(make_tables=False) as app:
        for line in make_ready(app):
            print(line)
    return 0


def _check(_chosen: argparse.Namespace) -> int:
    from assets.migrations.run import integrity_errors

    with opened_app(make_tables=False) as app:
        errors = integrity_errors(app)
    for error in errors:
        print(f"assets: {error}", file=sys.stderr)
    if not errors:
        print("both databases are sound")
    return 1 if errors else 0
