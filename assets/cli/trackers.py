"""Commands for trackers."""

from __future__ import annotations

import argparse
from typing import Any

from assets.cli.output import command_line_actor, opened_app, print_json, print_listed


def add(commands: Any) -> None:
    """`tracker add|rotate|revoke|move|list`."""
    tracker = commands.add_parser("tracker", help="trackers on vehicles").add_subparsers(dest="action", required=True)
    new = tracker.add_parser("add", help="make a tracker and its credential, printed once")
    new.add_argument("id")
    new.add_argument("--asset", required=True, metavar="CODE", help="label code of the vehicle that carries it")
    new.add_argument("--json", action="store_true")
    new.set_defaults(run=_add)
    rotate = tracker.add_parser("rotate", help="a new secret; the old one ends at once")
    rotate.add_argument("id")
    rotate.add_argument("--json", action="store_true")
    rotate.set_defaults(run=_rotate)
    revoke = tracker.add_parser("revoke", help="take the secret away; a live connection ends")
    revoke.add_argument("id")
    revoke.set_defaults(run=_revoke)
    move = tracker.add_parser("move", help="put a tracker on another vehicle")
    move.add_argument("id")
    move.add_argument("--asset", required=True, metavar="CODE")
    move.add_argument("--at", metavar="TIME", help="since when, by event time; now without it")
    move.set_defaults(run=_move)
    listed = tracker.add_parser("list", help="trackers, what carries them, and when they were heard")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=_list)


def _asset(session: Any, code: str) -> Any:
    from assets.core.errors import invalid
    from assets.core.i18n import msg
    from assets.labels.token import CodeError, parse_code
    from assets.registry.scope import asset_by_code

    try:
        canonical = parse_code(code)
    except CodeError as error:
        raise invalid("asset", msg("%(code)s is not a label code.", code=code), code="label_mistyped") from error
    return asset_by_code(session, command_line_actor(), canonical)


def _show(app: Any, credential: Any, *, as_json: bool) -> None:
    from assets.telemetry import broker

    broker.refresh(app)
    shown = credential.shown(*broker.public_address(app.settings))
    if as_json:
        print_json(shown)
        return
    print(f"tracker   {shown['tracker']}\nusername  {shown['username']}\npassword  {shown['password']}")
    print(f"broker    {shown['host']}:{shown['port']}")
    print("The password is not kept and cannot be shown again.")


def _add(chosen: argparse.Namespace) -> int:
    from assets.telemetry import provisioning

    with opened_app() as app:
        now = app.clock()
        with app.transaction(command_line_actor(), now) as session:
            credential = provisioning.add_tracker(session, chosen.id, _asset(session, chosen.asset), now)
        _show(app, credential, as_json=chosen.json)
    return 0


def _rotate(chosen: argparse.Namespace) -> int:
    from assets.telemetry import provisioning

    with opened_app() as app:
        now = app.clock()
        with app.transaction(command_line_actor(), now) as session:
            credential = provisioning.rotate_secret(session, chosen.id, now)
        _show(app, credential, as_json=chosen.json)
    return 0


def _revoke(chosen: argparse.Namespace) -> int:
    from assets.telemetry import broker, provisioning

    with opened_app() as app:
        now = app.clock()
        with app.transaction(command_line_actor(), now) as session:
            provisioning.revoke_tracker(session, chosen.id, now)
        broker.refresh(app)
    print(f"tracker {chosen.id} revoked; what it sent stays")
    return 0


def _move(chosen: argparse.Namespace) -> int:
    from assets.telemetry import provisioning, rebuild
    from assets.web.parsing import parse_moment

    with opened_app() as app:
        now = app.clock()
        at = parse_moment(chosen.at, app.settings.zone) if chosen.at else now
        with app.transaction(command_line_actor(), now) as session:
            provisioning.move_tracker(session, chosen.id, _asset(session, chosen.asset), at, now)
        rebuild.mark_span(app, chosen.id, at, None, now)
    print(f"tracker {chosen.id} is on {chosen.asset} since {at.isoformat()}")
    return 0


def _list(chosen: argparse.Namespace) -> int:
    from assets.telemetry import access, queries

    with opened_app() as app, app.reading() as session, app.telemetry.reading() as telemetry:
        mounted = access.tracker_page(session, command_line_actor(), limit=100_000)
        codes = {m.tracker.id: m.asset.code if m.asset else None for m in mounted}
        states = queries.tracker_states(session, telemetry, list(codes), app.clock())
        rows = [
            {
                "id": s.tracker,
                "asset": codes[s.tracker],
                "presence": s.presence,
                "heard_at": s.heard_at,
                "stored": s.stored,
                "set_aside": s.set_aside,
            }
            for s in states
        ]
    print_listed(rows, ("id", "asset", "presence", "heard_at", "stored", "set_aside"), as_json=chosen.json)
    return 0
