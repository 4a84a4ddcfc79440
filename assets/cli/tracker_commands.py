"""Commands that are sent to trackers: giving one, and what became of them."""

from __future__ import annotations

import argparse
import re
from typing import Any

from assets.cli.output import command_line_actor, opened_app, password_from_stdin, print_json, print_listed

_NUMBER = re.compile(r"[0-9]+")
_COLUMNS = ("id", "cmd", "args", "state", "given_at", "sent_at", "answered_at", "why")


def add(tracker: Any) -> None:
    """`tracker command` and `tracker commands`."""
    command = tracker.add_parser("command", help="order a tracker: config, locate, resend, server or reboot")
    command.add_argument("id")
    command.add_argument("cmd", metavar="COMMAND", choices=("config", "locate", "resend", "server", "reboot"))
    command.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="an argument of the command")
    command.add_argument("--secret-stdin", action="store_true", help="the secret at another server, on standard input")
    command.add_argument("--expires", metavar="TIME", help="until when it is good; as long as is usual without it")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_command)
    listed = tracker.add_parser("commands", help="what a tracker was ordered, and what became of it")
    listed.add_argument("id")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=_commands)


def _command(chosen: argparse.Namespace) -> int:
    from assets.telemetry import commands
    from assets.web.parsing import parse_moment

    with opened_app() as app:
        now = app.clock()
        expires_at = parse_moment(chosen.expires, app.settings.zone, "expires") if chosen.expires else None
        args = arguments(chosen.set)
        if chosen.secret_stdin:
            args["secret"] = password_from_stdin()
        with app.transaction(command_line_actor(), now) as session:
            row = commands.order(session, command_line_actor(), chosen.id, chosen.cmd, args, expires_at, now)
            shown = _shown(row)
    if chosen.json:
        print_json(shown)
    else:
        print(f"{row.cmd} for tracker {chosen.id}, command {row.uuid}, good until {row.expires_at.isoformat()}")
        print("It goes out while ingest runs; assets tracker commands says what became of it.")
    return 0


def arguments(given: list[str]) -> dict[str, Any]:
    """NAME=VALUE as the arguments of a command: whole numbers, ranges as 10-20,25, else text."""
    from assets.core.errors import invalid
    from assets.core.i18n import msg

    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise invalid("set", msg("--set needs NAME=VALUE, not %(text)s.", text=text[:80]))
        if name == "secret":
            raise invalid("set", msg("Others can read arguments: give the secret with --secret-stdin."))
        found[name] = _value(name, value)
    return found


def _value(name: str, value: str) -> object:
    if name == "ranges":
        return [_range(part) for part in value.split(",")]
    if name in {"host", "authority", "life"}:
        return value
    return int(value) if _NUMBER.fullmatch(value) else value


def _range(part: str) -> list[int] | str:
    first, _, last = part.strip().partition("-")
    if not _NUMBER.fullmatch(first) or (last and not _NUMBER.fullmatch(last)):
        return part  # the rules of the command say what is wrong with it
    return [int(first), int(last or first)]


def _commands(chosen: argparse.Namespace) -> int:
    from assets.core.errors import NotFound
    from assets.core.i18n import msg
    from assets.telemetry import commands
    from assets.telemetry.models import Tracker

    with opened_app() as app, app.reading() as session:
        if session.get(Tracker, chosen.id) is None:
            raise NotFound(msg("There is no tracker %(id)s.", id=chosen.id))
        rows = [_shown(row) for row in commands.commands_of(session, chosen.id, limit=500)]
    print_listed(rows, _COLUMNS, as_json=chosen.json)
    return 0


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.uuid,
        "cmd": row.cmd,
        "args": row.args,
        "state": row.state,
        "given_at": row.given_at,
        "expires_at": row.expires_at,
        "sent_at": row.sent_at,
        "times_sent": row.times_sent,
        "answered_at": row.answered_at,
        "why": row.why,
    }
