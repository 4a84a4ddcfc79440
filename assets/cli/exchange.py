"""Commands for the full export."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assets.cli.output import command_line_actor, opened_app, print_json


def add(commands: Any) -> None:
    """`export whole`."""
    exports = commands.add_parser("export", help="take data out").add_subparsers(dest="action", required=True)
    whole = exports.add_parser("whole", help="everything as one ZIP: tables, papers and pictures, hashes")
    whole.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.zip")
    whole.add_argument("--json", action="store_true")
    whole.set_defaults(run=_export_whole)


def _export_whole(chosen: argparse.Namespace) -> int:
    from assets.exchange.whole import export_whole

    # Beside its place first: what stands there under its name is always whole.
    unfinished = chosen.output.with_name(f".{chosen.output.name}.part")
    try:
        with opened_app() as app, unfinished.open("wb") as target:
            whole = export_whole(app, command_line_actor(), target, app.clock())
        unfinished.replace(chosen.output)
    finally:
        unfinished.unlink(missing_ok=True)
    wrong = [*whole.missing, *whole.damaged]
    if chosen.json:
        print_json(asdict(whole))
    else:
        print(f"{chosen.output}: {len(whole.tables)} tables, {sum(whole.tables.values())} rows, {whole.files} files")
    for path in wrong:
        print(f"{path}: missing or not what was stored", file=sys.stderr)
    return 1 if wrong else 0
