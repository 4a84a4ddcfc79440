"""Commands that keep the data safe: backup and restore."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.cli.output import command_line_actor, opened_app, print_json

if TYPE_CHECKING:
    import pyrage

    from assets.settings import Settings

_LONGEST_KEY = 2**16


def add(commands: Any) -> None:
    """`backup`, `restore`."""
    backup = commands.add_parser("backup", help="both databases and the files, encrypted, proven by restoring it")
    backup.add_argument("file", nargs="?", type=Path, metavar="FILE", help="without it: into the backup folder")
    backup.add_argument("--print-key", action="store_true", help="print the key of the backups, and make no backup")
    backup.add_argument("--json", action="store_true")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="put a backup into place; what is there is never deleted")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--key", metavar="KEYFILE", help="the printed key; - for standard input; none: this machine's")
    restore.add_argument("--into", type=Path, metavar="DIR", help="another data directory than ASSETS_DATA_DIR")
    restore.add_argument("--replace", action="store_true", help="move what is there aside first")
    restore.add_argument(
        "--older-than-anchor", metavar="REASON", default="", help="why a state older than the last anchor is taken"
    )
    restore.add_argument("--json", action="store_true")
    restore.set_defaults(run=_restore)


def _backup(chosen: argparse.Namespace) -> int:
    from assets.cli.present import refuse_missing
    from assets.cli.supervisor import configure_logging
    from assets.safekeeping.backup import make
    from assets.safekeeping.keys import make_key
    from assets.settings import Settings

    if chosen.print_key:
        settings = Settings.from_environment()
        refuse_missing(settings)
        print(make_key(settings.data_dir), end="")
        return 0
    configure_logging()
    with opened_app() as app:
        made = make(app, "manual", chosen.file)
    if chosen.json:
        print_json(made.as_json())
    else:
        how = "proven by restoring it" if made.proven_at else f"NOT PROVEN: {made.reason}"
        print(f"{made.file}: {made.size:,} bytes, journal up to entry {made.journal_seq}, {made.took_s} s, {how}")
        if made.missing_files:
            print(f"{made.missing_files} files that the database names are missing on this machine: `assets doctor`")
    return 0 if made.proven_at else 1


def _restore(chosen: argparse.Namespace) -> int:
    from assets.bootstrap import build_app
    from assets.cli.ready import make_ready
    from assets.core.clock import system_clock
    from assets.safekeeping.restore import Wanted, restore
    from assets.settings import Settings

    environment = dict(os.environ)
    if chosen.into is not None:
        environment["ASSETS_DATA_DIR"] = str(chosen.into.absolute())
    settings = Settings.from_environment(environment)
    wanted = Wanted(
        chosen.file, _identity(chosen.key, settings), command_line_actor(), build_app, make_ready,
        replace_present=chosen.replace, older_reason=chosen.older_than_anchor,
    )  # fmt: skip
    done = restore(settings, wanted, started_at=system_clock())
    if chosen.json:
        print_json(done.as_json())
        return 0
    for line in done.lines:
        print(line)
    print(
        f"restored to {settings.data_dir} as of {done.made_at:%Y-%m-%d %H:%M} UTC: {sum(done.tables.values()):,} rows"
        f" in {len(done.tables)} tables as the manifest says, journal up to entry {done.journal_seq}, {done.took_s} s"
    )
    if done.kept_aside:
        print(f"what was there before is kept in {done.kept_aside}; remove it when you no longer need it")
    print(
        f"settings of the backed up machine: {settings.data_dir / 'settings.env.from-backup'}; none of them is in force"
        " here. Now: assets doctor"
    )
    return 0


def _identity(given: str | None, settings: Settings) -> pyrage.x25519.Identity:
    from assets.safekeeping.keys import identity_from, own_identity

    if given is None:
        return own_identity(settings.data_dir)
    if given in {"-", "stdin"}:
        raw = sys.stdin.buffer.read(_LONGEST_KEY)
    else:
        with Path(given).open("rb") as source:
            raw = source.read(_LONGEST_KEY)
    # The key is ASCII, so whatever else stands around it, in whichever encoding, does not matter.
    return identity_from(raw.replace(b"\0", b"").decode("ascii", "replace"))
