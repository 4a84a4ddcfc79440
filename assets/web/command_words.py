"""How commands to trackers are said: what was ordered, with which arguments, and what became of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.people.rules import Permission, may, reach
from assets.telemetry import access
from assets.telemetry.commands import commands_of
from assets.telemetry.commands.rules import CMD_NAMES, SETTINGS, STATE_NAMES, Cmd, State
from assets.telemetry.days import to_moment
from assets.telemetry.models import TrackerCommand
from assets.web.context import actor, words
from assets.web.filters import show_datetime

STATE_KINDS = {
    State.WAITING: "due", State.SENT: "away", State.DONE: "ready", State.FAILED: "blocked", State.EXPIRED: "unknown",
    State.CANCELLED: "unknown",
}  # fmt: skip
SHOWN_ON_THE_TRACKER = 5


def commanded(session: Session, tracker_id: str) -> access.Mounted:
    """A tracker that the viewer may give orders to; `NotFound` for one that is on somebody else's vehicle now."""
    mounted = access.tracker_for(session, actor(), tracker_id, Permission.TRACKER_COMMAND)
    if mounted.asset is None and not reach(actor(), Permission.TRACKER_COMMAND).everything:
        raise NotFound(msg("There is no such tracker, or it is not yours to see."))
    return mounted


def newest_commands(session: Session, mounted: access.Mounted) -> list[dict[str, Any]] | None:
    """The newest orders as the tracker's page shows them; None for who may not give any."""
    if not may(actor(), Permission.TRACKER_COMMAND):
        return None
    try:
        commanded(session, mounted.tracker.id)
    except NotFound:
        return None
    return [command_cells(row) for row in commands_of(session, mounted.tracker.id, limit=SHOWN_ON_THE_TRACKER)]


def command_cells(row: TrackerCommand) -> dict[str, Any]:
    """What the list shows of an order."""
    return {
        "row": row,
        "name": words(CMD_NAMES[row.cmd]),
        "args": args_words(row),
        "kind": STATE_KINDS[State(row.state)],
        "state": words(STATE_NAMES[row.state]),
        "may_cancel": row.state == State.WAITING and row.cmd != Cmd.SILENT,
    }


def args_words(row: TrackerCommand) -> str:
    """The arguments of an order in words; secrets are not among them."""
    args = row.args
    if row.cmd == Cmd.CONFIG:
        known = ((words(SETTINGS[name][2]), value) for name, value in args.items() if name in SETTINGS)
        return "; ".join(label.replace("…", str(value)) for label, value in known)
    if row.cmd == Cmd.SILENT:
        start, until = (show_datetime(to_moment(int(args[name]) * 1000)) for name in ("from", "until"))
        return f"{start} – {until}"
    if row.cmd == Cmd.RESEND:
        ranges = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in args["ranges"])
        return words(msg("start %(boot)s: %(ranges)s", boot=args["boot"], ranges=ranges))
    if row.cmd == Cmd.SERVER:
        return ":".join(str(args[name]) for name in ("host", "port") if name in args)
    return ""
