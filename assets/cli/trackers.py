"""Commands for trackers."""

from __future__ import annotations

import argparse
from typing import Any

from assets.cli import tracker_commands
from assets.cli.output import command_line_actor, opened_app, print_json, print_listed

BOXES = "vendor, model, serial, imei, iccid, msisdn, sim_operator, note"
LANGUAGES = ("en", "uz", "ru")


GUESTS = ("owntracks", "traccar", "teltonika")


def add(commands: Any) -> None:
    """`tracker add|describe|rotate|revoke|move|untrusted|trusted|list`."""
    tracker = commands.add_parser("tracker", help="trackers on vehicles").add_subparsers(dest="action", required=True)
    new = tracker.add_parser("add", help="make a tracker and its credential, printed once")
    new.add_argument("id")
    new.add_argument("--asset", required=True, metavar="CODE", help="label code of the vehicle that carries it")
    new.add_argument("--since", metavar="TIME", help="since when it is mounted, by event time; now without it")
    new.add_argument("--guest", choices=GUESTS, help="a phone, server or device of others: its format")
    new.add_argument("--account", default="", metavar="LOGIN", help="of a guest: the login that it shares with others")
    new.add_argument(
        "--device", default="", metavar="NAME", help="of a guest: its uniqueId at a Traccar server, or its IMEI"
    )
    _add_boxes(new)
    _add_sheet(new)
    new.add_argument("--json", action="store_true")
    new.set_defaults(run=_add)
    rotate = tracker.add_parser("rotate", help="a new secret; the old one ends at once")
    rotate.add_argument("id")
    rotate.add_argument("--json", action="store_true")
    rotate.add_argument(
        "--by-command",
        action="store_true",
        help="send it to the tracker; the old one counts until the new one was used",
    )
    _add_sheet(rotate)
    rotate.set_defaults(run=_rotate)
    revoke = tracker.add_parser("revoke", help="take the secret away; a live connection ends")
    revoke.add_argument("id")
    revoke.set_defaults(run=_revoke)
    move = tracker.add_parser("move", help="put a tracker on another vehicle")
    move.add_argument("id")
    move.add_argument("--asset", required=True, metavar="CODE")
    move.add_argument("--at", metavar="TIME", help="since when, by event time; now without it")
    move.add_argument("--correct", action="store_true", help="put the last move right instead: it was there, then")
    move.set_defaults(run=_move)
    _add_year(tracker)
    listed = tracker.add_parser("list", help="trackers, what carries them, and when they were heard")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=_list)
    tracker_commands.add(tracker)


def _add_year(tracker: Any) -> None:
    """What happens to a tracker while it is in use."""
    describe = tracker.add_parser("describe", help="write down its maker, numbers and SIM card")
    describe.add_argument("id")
    _add_boxes(describe)
    describe.add_argument("--json", action="store_true")
    describe.set_defaults(run=_describe)
    untrusted = tracker.add_parser("untrusted", help="since when, as after a theft, it is not believed")
    untrusted.add_argument("id")
    untrusted.add_argument("--since", metavar="TIME", help="by event time; now without it")
    untrusted.add_argument("--reason", required=True)
    untrusted.set_defaults(run=_distrust)
    trusted = tracker.add_parser("trusted", help="take that back: all it sent counts again")
    trusted.add_argument("id")
    trusted.add_argument("--reason", required=True)
    trusted.set_defaults(run=_trust)


def _add_boxes(command: argparse.ArgumentParser) -> None:
    command.add_argument("--set", action="append", default=[], metavar="NAME=TEXT", help=f"a box of {BOXES}")


def _add_sheet(command: argparse.ArgumentParser) -> None:
    command.add_argument("--sheet", metavar="FILE.pdf", help="write the installer's sheet, which holds the secret")
    command.add_argument("--lang", choices=LANGUAGES, default="en", help="of the sheet")


def write_sheets(app: Any, path: str, secrets: dict[str, str], lang: str) -> None:
    """Installers' sheets of trackers whose secrets were made just now, for their owner's eyes alone."""
    import os

    from assets.telemetry.installer_sheet import sheets_of

    pdf = sheets_of(app, secrets, lang)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
        target.write(pdf)


def _boxes(chosen: argparse.Namespace) -> dict[str, str]:
    """What `--set` gave."""
    from assets.core.errors import invalid
    from assets.core.i18n import msg

    found = {}
    for given in chosen.set:
        name, equals, text = given.partition("=")
        if not equals:
            raise invalid("set", msg("--set needs NAME=TEXT, not %(text)s.", text=given))
        found[name.strip()] = text
    return found


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
    found = broker.contact(app)
    shown = credential.shown(found.host, found.port)
    if as_json:
        print_json({**shown, **found.shown()})
        return
    kept = "the one of the login, which stands already"
    print(f"tracker   {shown['tracker']}\nusername  {shown['username']}\npassword  {shown['password'] or kept}")
    if credential.guest is not None:
        print(f"writes    {', '.join(credential.guest.topics)}")
    print(f"broker    {found.host}:{found.port}, {'TLS' if found.tls else 'in plain text'}")
    if found.authority:
        print(f"authority, to be trusted by the tracker, SHA-256 {found.fingerprint}\n{found.authority.strip()}")
    print("The password is not kept and cannot be shown again.")


def _add(chosen: argparse.Namespace) -> int:
    from assets.telemetry import provisioning
    from assets.web.parsing import parse_moment

    with opened_app() as app:
        now = app.clock()
        with app.transaction(command_line_actor(), now) as session:
            credential = provisioning.add_tracker(
                session,
                chosen.id,
                _asset(session, chosen.asset),
                now,
                kind=chosen.guest or "native",
                account=chosen.account,
                device=chosen.device,
                since=parse_moment(chosen.since, app.settings.zone) if chosen.since else None,
                details=_boxes(chosen),
            )
        _show(app, credential, as_json=chosen.json)
        if chosen.sheet:
            write_sheets(app, chosen.sheet, {credential.tracker: credential.secret}, chosen.lang)
    return 0


def _rotate(chosen: argparse.Namespace) -> int:
    from assets.telemetry import provisioning, rotation

    with opened_app() as app:
        now = app.clock()
        if chosen.by_command:
            _refuse_foreign_broker(app)
            with app.transaction(command_line_actor(), now) as session:
                ordered = rotation.order_rotation(session, command_line_actor(), chosen.id, now).uuid
            print_json({"tracker": chosen.id, "command": ordered}) if chosen.json else print(
                f"command {ordered}: the old secret counts until tracker {chosen.id} came in with the new one"
            )
            return 0
        with app.transaction(command_line_actor(), now) as session:
            credential = provisioning.rotate_secret(session, chosen.id, now)
        _show(app, credential, as_json=chosen.json)
        if chosen.sheet:
            write_sheets(app, chosen.sheet, {credential.tracker: credential.secret}, chosen.lang)
    return 0


def _refuse_foreign_broker(app: Any) -> None:
    from assets.core.errors import RuleViolation
    from assets.core.i18n import msg

    if app.settings.mqtt_url:
        raise RuleViolation(msg("The broker is not ours: it cannot be told to take another secret."))


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
            asset, since = _asset(session, chosen.asset), at
            if chosen.correct:
                since = provisioning.correct_move(session, chosen.id, asset, at, now)
            else:
                provisioning.move_tracker(session, chosen.id, asset, at, now)
        rebuild.mark_span(app, chosen.id, since, None, now)
    print(f"tracker {chosen.id} is on {chosen.asset} since {at.isoformat()}")
    return 0


def _describe(chosen: argparse.Namespace) -> int:
    from assets.telemetry import provisioning
    from assets.telemetry.inventory import INVENTORY_FIELDS

    with opened_app() as app, app.transaction(command_line_actor(), app.clock()) as session:
        row = provisioning.describe_tracker(session, chosen.id, _boxes(chosen))
        shown = {name: getattr(row, name) for name in INVENTORY_FIELDS}
    if chosen.json:
        print_json({"id": chosen.id, **shown})
    else:
        print("\n".join(f"{name:<13}{text}" for name, text in shown.items()))
    return 0


def _distrust(chosen: argparse.Namespace) -> int:
    from assets.telemetry import provisioning, rebuild
    from assets.web.parsing import parse_moment

    with opened_app() as app:
        now = app.clock()
        since = parse_moment(chosen.since, app.settings.zone) if chosen.since else now
        with app.transaction(command_line_actor(), now) as session:
            provisioning.distrust_tracker(session, command_line_actor(), chosen.id, since, chosen.reason, now)
        rebuild.mark_span(app, chosen.id, since, None, now)
    print(
        f"tracker {chosen.id} is not believed since {since.isoformat()}; what it sends is stored and counts for nothing"
    )
    return 0


def _trust(chosen: argparse.Namespace) -> int:
    from assets.telemetry import provisioning, rebuild

    with opened_app() as app:
        now = app.clock()
        with app.transaction(command_line_actor(), now) as session:
            since = provisioning.trust_again(session, command_line_actor(), chosen.id, chosen.reason, now)
        rebuild.mark_span(app, chosen.id, since, None, now)
    print(f"tracker {chosen.id} is believed again; what it sent since {since.isoformat()} counts")
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
