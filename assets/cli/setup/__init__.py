"""The command that takes an empty machine to a working one; called again it changes only what it is asked to."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

WRONG_USAGE = 2


def add(commands: Any) -> None:
    """`setup`."""
    setup = commands.add_parser(
        "setup",
        help="an empty machine to a working one: by questions, or by options with --yes",
        description="Asks what it has to know, unless --yes: then what no option says stays as it is or takes its "
        "default. Can be left at any question and called again.",
    )
    setup.add_argument("--yes", action="store_true", help="ask nothing")
    setup.add_argument("--data-dir", type=Path, metavar="DIR", help="ASSETS_DATA_DIR without it")
    setup.add_argument("--database-url", metavar="URL", help="`sqlite`, or postgresql+psycopg://…")
    setup.add_argument("--base-url", metavar="URL", help="address that people type")
    setup.add_argument("--label-base-url", metavar="URL", help="address on labels; empty: the same")
    setup.add_argument("--listen", metavar="HOST:PORT", help="where the pages are served")
    setup.add_argument("--tls", choices=("yes", "no"), help="whether the pages are served over HTTPS by ourselves")
    setup.add_argument("--tls-name", action="append", dest="tls_names", metavar="NAME", help="a name or address that "
        "the certificate is for; may stand several times; without it: those of this machine")  # fmt: skip
    setup.add_argument("--tls-cert", metavar="FILE", help="a certificate of your own; empty: of the office's authority")
    setup.add_argument("--tls-key", metavar="FILE", help="its private key")
    setup.add_argument("--trust-listen", metavar="HOST:PORT", help="where /trust is shown in plain HTTP as well")
    setup.add_argument("--mqtt-listen", metavar="HOST:PORT", help="where trackers connect")
    setup.add_argument("--timezone", metavar="NAME")
    setup.add_argument("--languages", metavar="LIST", help="of en, ru, uz; the first is the default")
    setup.add_argument("--smtp-url", metavar="URL", help="mail server; empty: mail becomes files")
    setup.add_argument("--backup-dir", metavar="DIR", help="where backups are kept; empty: in the data directory")
    setup.add_argument("--units", metavar="FILE|none|standard", help="standard: a team per region and OCT in Tashkent")
    setup.add_argument("--administrator", metavar="LOGIN")
    setup.add_argument("--password-stdin", action="store_true", help="the administrator's password is a line of input")
    setup.add_argument("--administrator-name", default="", metavar="NAME")
    setup.add_argument("--administrator-number", default="", metavar="NUMBER", help="service number; else the login")
    setup.add_argument("--administrator-email", default="", metavar="ADDRESS")
    setup.add_argument("--administrator-unit", default="", metavar="CODE", help="else the coordination team")
    setup.add_argument("--next", action="store_true", help="only say what is left to do, and change nothing")
    setup.add_argument("--json", action="store_true", help="with --next")
    setup.set_defaults(run=_setup)


def _setup(chosen: argparse.Namespace) -> int:
    from assets.cli.setup.following import show_next
    from assets.cli.setup.work import set_up

    if chosen.next:
        return show_next(chosen.data_dir, as_json=chosen.json)
    if problem := _usage_problem(chosen):
        print(f"assets setup: {problem}", file=sys.stderr)
        return WRONG_USAGE
    try:
        return set_up(chosen)
    except (KeyboardInterrupt, EOFError):
        print("\nLeft. What was done is kept: `assets setup` goes on from here.", file=sys.stderr)
        return 1


def _usage_problem(chosen: argparse.Namespace) -> str:
    if chosen.json:
        return "--json goes with --next"
    if chosen.administrator and chosen.yes and not chosen.password_stdin:
        return "--administrator needs --password-stdin: passwords never stand in arguments"
    if chosen.password_stdin and not (chosen.yes and chosen.administrator):
        return "--password-stdin goes with --yes and --administrator LOGIN"
    if not chosen.yes and not sys.stdin.isatty():
        return "there is no terminal to ask at: give the answers as options, with --yes"
    return ""
