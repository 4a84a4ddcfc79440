"""Commands for accounts, tokens, organisations and units."""

from __future__ import annotations

import argparse
from typing import Any

from assets.cli.output import begun_app, command_line_actor, opened_app, password_from_stdin, print_json, print_listed


def add(commands: Any) -> None:
    """`account`, `token`, `organisation`, `unit`."""
    account = commands.add_parser("account", help="accounts").add_subparsers(dest="action", required=True)
    new = account.add_parser("add", help="add an account; the password comes on standard input")
    new.add_argument("login")
    new.add_argument("--role", required=True)
    scope = new.add_mutually_exclusive_group()
    scope.add_argument("--unit", help="unit code")
    scope.add_argument("--region", help="region code")
    scope.add_argument("--donor", help="donor's organisation code")
    new.add_argument("--person", help="service number of the person whose account it is")
    new.add_argument("--email", default="")
    new.add_argument("--password-stdin", action="store_true", required=True)
    new.set_defaults(run=_add_account)
    password = account.add_parser("password", help="set a password, from standard input; ends sign-ins and tokens")
    password.add_argument("login")
    password.add_argument("--password-stdin", action="store_true", required=True)
    password.set_defaults(run=_set_password)
    end = account.add_parser("end", help="close an account; nothing is deleted")
    end.add_argument("login")
    end.set_defaults(run=_end_account)
    listed = account.add_parser("list", help="list accounts and their roles")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=_list_accounts)

    _add_others(commands)


def _add_others(commands: Any) -> None:
    token = commands.add_parser("token", help="API tokens").add_subparsers(dest="action", required=True)
    new = token.add_parser("add", help="a new API token, printed once")
    new.add_argument("login")
    new.add_argument("--expires", metavar="DATE", help="the day from which it is no longer valid")
    new.add_argument("--json", action="store_true")
    new.set_defaults(run=_add_token)

    organisation = commands.add_parser("organisation", help="agencies, donors, workshops").add_subparsers(
        dest="action", required=True
    )
    new = organisation.add_parser("add", help="add an organisation")
    new.add_argument("code")
    new.add_argument("--kind", required=True, choices=["agency", "donor", "implementing_agency", "workshop"])
    new.add_argument("--name", required=True)
    new.set_defaults(run=_add_organisation)

    unit = commands.add_parser("unit", help="units").add_subparsers(dest="action", required=True)
    new = unit.add_parser("add", help="add a unit; regions come from `assets import units`")
    new.add_argument("code")
    new.add_argument("--name", required=True)
    new.add_argument("--region", required=True, help="region code, for example UZ-FA")
    new.add_argument("--kind", default="imt", choices=["imt", "oct", "blo", "workshop", "store"])
    new.set_defaults(run=_add_unit)


def _add_account(chosen: argparse.Namespace) -> int:
    from assets.core.errors import invalid
    from assets.core.i18n import msg
    from assets.people import queries, service
    from assets.people.rules import Role

    if chosen.role not in [role.value for role in Role]:
        roles = ", ".join(role.value for role in Role)
        raise invalid("role", msg("The role %(role)s is unknown; there are %(roles)s.", role=chosen.role, roles=roles))
    password = password_from_stdin()
    with begun_app() as app:
        now = app.clock()
        with app.transaction(command_line_actor(), now) as session:
            scope = service.Scope(
                unit=queries.unit_by_code(session, chosen.unit) if chosen.unit else None,
                region=queries.region_by_code(session, chosen.region) if chosen.region else None,
                donor=queries.organisation_by_code(session, chosen.donor, "donor") if chosen.donor else None,
            )
            service.add_account(
                session,
                command_line_actor(),
                login=chosen.login,
                password=password,
                role=Role(chosen.role),
                scope=scope,
                now=now,
                person=queries.person_by_number(session, chosen.person) if chosen.person else None,
                email=chosen.email,
                locale=app.settings.languages[0],
            )
    print(f"account {chosen.login} added")
    return 0


def _set_password(chosen: argparse.Namespace) -> int:
    from assets.people import queries, service

    password = password_from_stdin()
    with opened_app() as app, app.transaction(command_line_actor()) as session:
        account = queries.account_by_login(session, chosen.login)
        service.set_password(session, command_line_actor(), account, password, app.clock())
    print(f"password of {chosen.login} changed; its sign-ins and tokens have ended")
    return 0


def _end_account(chosen: argparse.Namespace) -> int:
    from assets.clearance.service import close_account
    from assets.people import queries

    with opened_app() as app, app.transaction(command_line_actor()) as session:
        account = queries.account_by_login(session, chosen.login)
        case = close_account(session, command_line_actor(), account, app.clock())
        number = case.person.number if case is not None else ""
    print(f"account {chosen.login} closed")
    if number:
        print(f"{number} still has things of ours: a clearance is open")
    return 0


def _list_accounts(chosen: argparse.Namespace) -> int:
    from sqlalchemy import select
    from sqlalchemy.orm import selectinload

    from assets.people.models import Account

    with opened_app() as app, app.reading() as session:
        accounts = session.scalars(select(Account).options(selectinload(Account.grants)).order_by(Account.login))
        rows = [
            {"login": a.login, "active": a.active, "roles": ", ".join(sorted({g.role for g in a.grants}))}
            for a in accounts
        ]
    print_listed(rows, ("login", "active", "roles"), as_json=chosen.json)
    return 0


def _add_token(chosen: argparse.Namespace) -> int:
    from assets.core.clock import day_start
    from assets.people import queries, service
    from assets.web.parsing import parse_date

    with opened_app() as app:
        now = app.clock()
        expires = day_start(parse_date(chosen.expires, "expires"), app.settings.zone) if chosen.expires else None
        with app.transaction(command_line_actor(), now) as session:
            account = queries.account_by_login(session, chosen.login)
            token = service.add_token(session, command_line_actor(), account, now=now, expires_at=expires)
    if chosen.json:
        print_json({"token": token})
    else:
        print(token)
    return 0


def _add_organisation(chosen: argparse.Namespace) -> int:
    from assets.people import service

    with begun_app() as app, app.transaction(command_line_actor()) as session:
        service.add_organisation(session, command_line_actor(), code=chosen.code, kind=chosen.kind, name=chosen.name)
    print(f"organisation {chosen.code} added")
    return 0


def _add_unit(chosen: argparse.Namespace) -> int:
    from assets.people import queries, service

    with begun_app() as app, app.transaction(command_line_actor()) as session:
        region = queries.region_by_code(session, chosen.region)
        service.add_unit(
            session, command_line_actor(), code=chosen.code, name=chosen.name, region=region, kind=chosen.kind
        )
    print(f"unit {chosen.code} added")
    return 0
