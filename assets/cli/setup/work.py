"""The work of setting up, step after step; each is done when it is found to be missing, so it can stop anywhere."""

from __future__ import annotations

import argparse
import os
import sys

from assets.bootstrap import build_app, prepare_data_dir
from assets.cli.output import password_from_stdin, say_error, say_file_trouble
from assets.cli.ready import make_ready_safely
from assets.cli.setup import administrator as people
from assets.cli.setup import places
from assets.cli.setup.answers import data_directory, settle
from assets.cli.setup.following import print_end
from assets.cli.setup.questions import Terminal
from assets.core.app import App
from assets.core.errors import InvalidInput
from assets.people.rules import check_login, check_password
from assets.safekeeping import keys
from assets.settings import Settings, SettingsError

WRONG_USAGE = 2
UNITS_HINT = (
    "`standard`: a mobile team in each of the 14 regions and the coordination team in Tashkent (more can be added);"
    "\n  `none`; or a CSV or XLSX file with the columns code, name, region and kind"
)


def set_up(chosen: argparse.Namespace) -> int:
    """0 done, 1 refused with the reason, 2 when --yes lacks what nobody can be asked for."""
    terminal = None if chosen.yes else Terminal()
    # Standard input is read first, so that a missing password is noticed before anything is made.
    password = password_from_stdin() if chosen.password_stdin else ""
    if terminal is not None:
        print("Setting up. Enter alone takes what stands in brackets; Ctrl+C leaves, and calling again goes on.\n")
    data_dir = data_directory(chosen, terminal)
    prepare_data_dir(data_dir)
    if not settle(chosen, terminal, data_dir):
        return 1
    os.environ["ASSETS_DATA_DIR"] = str(data_dir)
    app = build_app(Settings.from_environment())
    try:
        return _fill(app, chosen, terminal, password)
    finally:
        app.close()


def _fill(app: App, chosen: argparse.Namespace, terminal: Terminal | None, password: str) -> int:
    for line in make_ready_safely(app):
        print(line)
    if new := places.load_regions(app):
        print(f"{new} regions loaded")
    if not _units(app, chosen.units, terminal):
        return 1
    if code := _administrator(app, chosen, terminal, password):
        return code
    _key(app)
    print_end(app)
    return 0


def _units(app: App, choice: str | None, terminal: Terminal | None) -> bool:
    """Add units when an option says so, or when there are none."""
    _, known = places.counts(app)
    if choice is None and known:
        print(f"{known} units are there")
        return True
    if choice is None:
        choice = places.STANDARD if terminal is None else _ask_units(terminal)
    while True:
        try:
            print(f"{places.add_units(app, choice)} units added")
            return True
        except InvalidInput as error:
            say_error(error)
        except OSError as error:
            say_file_trouble(error)
        if terminal is None:
            return False
        choice = _ask_units(terminal)


def _ask_units(terminal: Terminal) -> str:
    print()
    return terminal.ask("Units", places.STANDARD, hint=UNITS_HINT)


def _administrator(app: App, chosen: argparse.Namespace, terminal: Terminal | None, password: str) -> int:
    """Add an administrator when an option names a new one, or when there is none; an exit code."""
    there = people.administrators(app)
    login = chosen.administrator
    if login and people.has_login(app, login):
        print(f"account {check_login(login)} is there and stays as it is; `assets account password` sets a password")
        return 0
    if not login and there:
        print(f"administrators: {', '.join(there)}")
        return 0
    if terminal is not None:
        wanted = _ask_administrator(app, chosen, terminal)
    elif login:
        wanted = people.Administrator(
            login, password, chosen.administrator_number or login.strip().upper(), chosen.administrator_name,
            chosen.administrator_email, chosen.administrator_unit,
        )  # fmt: skip
    else:
        print("assets setup: there is no administrator yet: --administrator LOGIN --password-stdin", file=sys.stderr)
        return WRONG_USAGE
    print(people.add_administrator(app, wanted))
    return 0


def _ask_administrator(app: App, chosen: argparse.Namespace, terminal: Terminal) -> people.Administrator:
    def free(text: str) -> str:
        text = check_login(text)
        if people.has_login(app, text):
            raise SettingsError(f"{text} is taken")
        return text

    print("\nThe first administrator: adds accounts, units and organisations, and looks after backups.")
    login = free(chosen.administrator) if chosen.administrator else terminal.ask("Login", "administrator", check=free)
    number = name = unit = ""
    codes = people.unit_codes(app)
    if codes:
        name = chosen.administrator_name or terminal.ask("Name", check=_some_name)
        number = chosen.administrator_number or terminal.ask("Service number", login.upper())
        unit = chosen.administrator_unit or terminal.choose("Unit", codes, codes[0])
    email = chosen.administrator_email or terminal.ask("Mail address", shown="none")

    def strong(text: str) -> str:
        check_password(text, login)
        return text

    return people.Administrator(login, terminal.password(strong), number, name, email, unit)


def _some_name(text: str) -> str:
    if not text.strip():
        raise SettingsError("a name is expected: acts and reports bear it")
    return text


def _key(app: App) -> None:
    """The key is shown by the call that makes it, and by no other."""
    data_dir = app.settings.data_dir
    if keys.has_key(data_dir):
        print(f"the key of the backups is there: {keys.key_file(data_dir)}")
    else:
        print(f"\n{keys.make_key(data_dir)}")
