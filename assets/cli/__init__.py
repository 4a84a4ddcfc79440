"""The command line: parse, call one function, print. Each module adds its own commands."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from assets.cli.output import say_error, say_file_trouble
from assets.core.errors import DomainError
from assets.settings import SettingsError

# Each has `add(commands)`; imported when the command line is read, so keep their own imports inside functions.
MODULES = (
    "setup",
    "systemd",
    "serve",
    "database",
    "people",
    "exchange",
    "imports",
    "labels",
    "trackers",
    "jobs",
    "summaries",
    "care",
    "tls",
    "safekeeping",
    "demonstration",
)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="assets", description="Donated equipment: register, custody, care, reports.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in MODULES:
        importlib.import_module(f"assets.cli.{name}").add(commands)
    return top


def run(arguments: Sequence[str]) -> int:
    """Run one command; its reason for refusing goes to standard error."""
    try:
        chosen = parser().parse_args(arguments)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    try:
        return int(chosen.run(chosen) or 0)
    except DomainError as error:
        say_error(error)
    except SettingsError as error:
        print(f"assets: {error}", file=sys.stderr)
    except DBAPIError as error:
        print(f"assets: the database refused: {error.orig}", file=sys.stderr)
        print("assets: if it is new or older than this program: assets db upgrade", file=sys.stderr)
    except OverflowError:
        print("assets: a number or a date in it is out of range", file=sys.stderr)
    except OSError as error:
        say_file_trouble(error)
    except KeyboardInterrupt:
        print("assets: stopped", file=sys.stderr)
        return 130
    return 1
