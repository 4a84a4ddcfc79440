"""What may be ordered of a tracker, when an order is sent again, and what an answer makes of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg


class Cmd(StrEnum):
    """The commands of the wire."""

    CONFIG = "config"
    LOCATE = "locate"
    SILENT = "silent"
    RESEND = "resend"
    SERVER = "server"
    REBOOT = "reboot"


class State(StrEnum):
    """What became of an order."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


OPEN = (State.WAITING, State.SENT)
STATE_NAMES: Mapping[str, Message] = {
    State.WAITING: msg("waiting"),
    State.SENT: msg("sent"),
    State.DONE: msg("done"),
    State.FAILED: msg("failed"),
    State.EXPIRED: msg("expired"),
    State.CANCELLED: msg("cancelled"),
}
CMD_NAMES: Mapping[str, Message] = {
    Cmd.CONFIG: msg("Change settings"),
    Cmd.LOCATE: msg("Report at once"),
    Cmd.SILENT: msg("Silent mode"),
    Cmd.RESEND: msg("Send samples again"),
    Cmd.SERVER: msg("Change the server"),
    Cmd.REBOOT: msg("Restart"),
}
SETTINGS: Mapping[str, tuple[int, int, Message]] = {
    "moving_s": (0, 3600, msg("Sample while moving, every … seconds")),
    "idle_s": (0, 3600, msg("Sample at rest with the engine on, every … seconds")),
    "parked_s": (10, 86_400, msg("Sample while parked, every … seconds")),
    "distance_m": (0, 100_000, msg("Sample also every … metres")),
    "turn_deg": (0, 180, msg("Sample also after a turn of … degrees")),
    "report_s": (0, 3600, msg("Gather samples for … seconds before sending")),
}
"""Settings of a tracker with the smallest and largest value that its firmware takes."""
LIFETIMES: Mapping[Cmd, timedelta] = {
    Cmd.CONFIG: timedelta(days=7),
    Cmd.LOCATE: timedelta(minutes=15),
    Cmd.RESEND: timedelta(days=7),
    Cmd.SERVER: timedelta(days=7),
    Cmd.REBOOT: timedelta(hours=1),
}
"""How long an order is good for unless somebody says otherwise."""
LONGEST_LIFE = timedelta(days=30)
MOST_OPEN = 20
MOST_RANGES = 32
LONGEST_WHY = 120
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0
ANOTHERS = "result of a command that was not given"
NOT_SENT = "result of a command that was not sent"
SUPERSEDED = "a newer order stands in its place"

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_LIFE = re.compile(r"[0-9a-f]{8}")
_LARGEST = 2**53 - 1
_TEXTS: Mapping[str, int] = {"secret": 128, "authority": 3000}


def check_args(cmd: Cmd, args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a command as they go out; `InvalidInput` for `args` says what its firmware would refuse."""
    if cmd is Cmd.CONFIG:
        return _config(args)
    if cmd is Cmd.RESEND:
        return _resend(args)
    if cmd is Cmd.SERVER:
        return _server(args)
    if args:
        raise invalid("args", msg("This command takes no arguments."))
    return {}


def _config(args: Mapping[str, Any]) -> dict[str, Any]:
    if not args:
        raise invalid("args", msg("Give at least one setting."), code="required")
    for name, value in args.items():
        if name not in SETTINGS:
            raise invalid("args", msg("There is no setting %(name)s.", name=name[:40]), code="unknown_setting")
        least, most, _ = SETTINGS[name]
        if not _is_whole(value) or not least <= value <= most:
            raise invalid(
                "args", msg("%(name)s is a whole number from %(least)s to %(most)s.", name=name, least=least, most=most)
            )
    return dict(args)


def _resend(args: Mapping[str, Any]) -> dict[str, Any]:
    boot, ranges, life = args.get("boot"), args.get("ranges"), args.get("life")
    _only(args, {"boot", "ranges", "life"})
    if not _is_whole(boot):
        raise invalid("args", msg("Say of which start (boot), as a whole number."))
    if life is not None and not (isinstance(life, str) and _LIFE.fullmatch(life)):
        raise invalid("args", msg("A life is written with 8 digits of 0-9 and a-f."))
    if not isinstance(ranges, list | tuple) or not 1 <= len(ranges) <= MOST_RANGES or not all(map(_is_range, ranges)):
        raise invalid("args", msg("Give 1 to %(n)s ranges of sample numbers, as 10-20.", n=MOST_RANGES))
    found: dict[str, Any] = {"boot": boot, "ranges": [list(pair) for pair in ranges]}
    return found if life is None else found | {"life": life}


def _server(args: Mapping[str, Any]) -> dict[str, Any]:
    """What is not named stays as it is."""
    _only(args, {"host", "port", *_TEXTS})
    found = {name: value for name, value in args.items() if value is not None}
    if not found:
        raise invalid("args", msg("Give host, port, secret or authority."), code="required")
    if "host" in found and not (isinstance(found["host"], str) and _HOST.fullmatch(found["host"])):
        raise invalid("args", msg("Give the host by its name or address."))
    if "port" in found and not (_is_whole(found["port"]) and 1 <= found["port"] <= 65_535):
        raise invalid("args", msg("A port is a whole number from 1 to 65535."))
    for name, most in _TEXTS.items():
        value = found.get(name, "-")
        if not (isinstance(value, str) and 1 <= len(value) <= most):
            raise invalid("args", msg("%(name)s is a text of at most %(n)s characters.", name=name, n=most))
    return found


def _only(args: Mapping[str, Any], known: set[str]) -> None:
    for name in args.keys() - known:
        raise invalid("args", msg("There is no argument %(name)s.", name=name[:40]), code="unknown_setting")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _is_range(pair: object) -> bool:
    return isinstance(pair, list | tuple) and len(pair) == 2 and all(map(_is_whole, pair)) and pair[0] <= pair[1]


def check_expiry(expires_at: datetime, now: datetime) -> None:
    """`InvalidInput` unless an order may be good until then."""
    if not now < expires_at <= now + LONGEST_LIFE:
        raise invalid("expires", msg("An order ends after now, and in %(n)s days at the latest.", n=LONGEST_LIFE.days))


def check_tracker(kind: str, revoked_at: datetime | None) -> None:
    """`RuleViolation` when a tracker hears no orders: it is a guest, or may not sign in any more."""
    if kind != "native":
        raise RuleViolation(msg("This tracker speaks another format and takes no commands."), code="takes_no_commands")
    if revoked_at is not None:
        raise RuleViolation(msg("This tracker is revoked: it cannot sign in to hear a command."), code="revoked")


@dataclass(frozen=True, slots=True)
class Contact:
    """When a tracker was last heard, and when it last said hello (UNIX milliseconds)."""

    heard_ms: int | None = None
    hello_ms: int | None = None


NO_CONTACT = Contact()


def is_due(state: str, sent_ms: int | None, times_sent: int, contact: Contact, now_ms: int) -> bool:
    """Whether an open order goes out now.

    A new one at once; one without an answer again on each hello after it was sent, and with doubling pauses while the
    tracker is heard: it may have been lost between two hellos. To get it twice costs nothing (wire.md).
    """
    if state == State.WAITING or sent_ms is None:
        return True
    if contact.hello_ms is not None and contact.hello_ms > sent_ms:
        return True
    pause_ms = 1000 * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(times_sent - 1, 10))
    return contact.heard_ms is not None and contact.heard_ms > sent_ms and now_ms - sent_ms >= pause_ms


def answered(state: str, *, ok: bool, why: str) -> State | None:
    """The state of an order that went out after an answer; None when it changes nothing. The first answer counts.

    What expired here may have been carried out in time, and what a newer order replaced as well: then it is done.
    """
    if state in (State.DONE, State.FAILED):
        return None
    if ok:
        return State.DONE
    if state != State.SENT:
        return None
    return State.EXPIRED if why == "expired" else State.FAILED
