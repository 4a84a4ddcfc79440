"""Commands to a tracker for people: the list with what became of each, giving one, and taking one back."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, redirect, render_template, request

from assets.core.errors import Conflict, DomainError, InvalidInput, NotFound, RuleViolation, invalid
from assets.core.i18n import msg
from assets.people.rules import Permission
from assets.telemetry import commands
from assets.telemetry.commands.rules import CMD_NAMES, LIFETIMES, SETTINGS, Cmd
from assets.web.auth import needs
from assets.web.care import address_without
from assets.web.command_words import command_cells, commanded
from assets.web.context import actor, flash_words, now, reading, words, writing
from assets.web.errors import status_of
from assets.web.forms import field_errors, given, typed
from assets.web.parsing import encode_cursor, page

pages = Blueprint("tracker_commands", __name__)

REFUSALS = (InvalidInput, RuleViolation, Conflict)
OFFERED = (Cmd.LOCATE, Cmd.CONFIG, Cmd.RESEND, Cmd.REBOOT, Cmd.SERVER)
EFFECTS = {
    Cmd.LOCATE: msg("The tracker reports once, at once. In a silent window it refuses."),
    Cmd.CONFIG: msg("What is left empty stays as it is. The tracker keeps its old settings if one of them is wrong."),
    Cmd.RESEND: msg("The tracker sends these samples again, if it still holds them. What is known is not doubled."),
    Cmd.REBOOT: msg("The tracker starts anew. It keeps its samples and is away for about a minute."),
    Cmd.SERVER: msg("The tracker tries the new server and stays with the old one until the new one has answered it."),
}
_NUMBER = re.compile(r"[0-9]{1,16}")
_RANGE = re.compile(r"\s*([0-9]{1,16})(?:\s*[-–]\s*([0-9]{1,16}))?\s*")


@pages.get("/trackers/<tracker_id>/commands")
@needs(Permission.TRACKER_COMMAND)
def list_commands(tracker_id: str) -> Any:
    """The orders to a tracker, newest first."""
    wanted = page(request.args)
    before = int(str(wanted.after[0])) if wanted.after and isinstance(wanted.after[0], int) else None
    with reading() as session:
        mounted = commanded(session, tracker_id)
        found = commands.commands_of(session, tracker_id, before=before, limit=wanted.limit + 1)
        shown = [command_cells(row) for row in found[: wanted.limit]]
    following = encode_cursor((shown[-1]["row"].id,)) if len(found) > wanted.limit else None
    return render_template(
        "trackers/commands.html", mounted=mounted, rows=shown, is_empty=not shown,
        offered=[(cmd.value, words(CMD_NAMES[cmd])) for cmd in OFFERED],
        after=address_without("cursor", cursor=following) if following else "",
    )  # fmt: skip


@pages.get("/trackers/<tracker_id>/commands/new")
@needs(Permission.TRACKER_COMMAND)
def new(tracker_id: str) -> Any:
    return _form(tracker_id, _wanted(request.args.get("cmd", "")), {}, None)


@pages.post("/trackers/<tracker_id>/commands/new")
@needs(Permission.TRACKER_COMMAND)
def give(tracker_id: str) -> Any:
    values, cmd = typed(), _wanted(request.args.get("cmd", ""))
    try:
        with writing() as session:
            commanded(session, tracker_id)
            commands.order(session, actor(), tracker_id, cmd.value, args_of(cmd, values), None, now())
    except REFUSALS as error:
        return _form(tracker_id, cmd, values, error)
    flash_words(msg("Ordered. It goes out within seconds, or when the tracker connects."), "success")
    return redirect(f"/trackers/{tracker_id}/commands", 303)


def _wanted(name: str) -> Cmd:
    if name not in OFFERED:
        raise NotFound
    return Cmd(name)


def args_of(cmd: Cmd, values: dict[str, str]) -> dict[str, Any]:
    """The arguments that a form gives; what is left empty is not among them."""
    filled = {name: text.strip() for name, text in given(values).items()}
    if cmd is Cmd.CONFIG:
        return {name: _number(name, text) for name, text in filled.items() if name in SETTINGS}
    if cmd is Cmd.RESEND:
        found: dict[str, Any] = {"ranges": ranges_of(filled.get("ranges", ""))}
        if "boot" in filled:
            found["boot"] = _number("boot", filled["boot"])
        return found | ({"life": filled["life"]} if "life" in filled else {})
    if cmd is Cmd.SERVER:
        texts = {name: filled[name] for name in ("host", "secret", "authority") if name in filled}
        return texts | ({"port": _number("port", filled["port"])} if "port" in filled else {})
    return {}


def _number(field: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise invalid(field, msg("A whole number."))
    return int(text)


def ranges_of(text: str) -> list[list[int]]:
    """Ranges of numbers as 10-20, 25."""
    found = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise invalid("ranges", msg("Write ranges as 10-20, 25."))
        found.append([int(match.group(1)), int(match.group(2) or match.group(1))])
    return found


def _form(tracker_id: str, cmd: Cmd, values: dict[str, str], error: DomainError | None) -> Any:
    with reading() as session:
        mounted = commanded(session, tracker_id)
    answer = render_template(
        "trackers/command_form.html", mounted=mounted, cmd=cmd.value, name=words(CMD_NAMES[cmd]),
        effect=words(EFFECTS[cmd]), values=values, errors=field_errors(error) if error else {},
        hours=round(LIFETIMES[cmd].total_seconds() / 3600, 2),
        settings=[
            (name, words(label), f"{least} – {most}") for name, (least, most, label) in SETTINGS.items()
        ],
    )  # fmt: skip
    return answer, status_of(error) if error is not None else 200


@pages.post("/trackers/<tracker_id>/commands/<uuid:command_id>/cancel")
@needs(Permission.TRACKER_COMMAND)
def cancel(tracker_id: str, command_id: Any) -> Any:
    """Take back what has not gone out yet."""
    try:
        with writing() as session:
            commanded(session, tracker_id)
            commands.cancel(session, tracker_id, str(command_id))
    except REFUSALS as error:
        flash_words(error.message, "error")
    else:
        flash_words(msg("Taken back. It did not go out."), "success")
    return redirect(f"/trackers/{tracker_id}/commands", 303)
