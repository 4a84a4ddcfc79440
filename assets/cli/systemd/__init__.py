"""The commands that print or install the unit with which systemd keeps `assets serve` running."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path("/etc/systemd/system")
NAME = "assets.service"
RUNNING_SYSTEMD = Path("/run/systemd/system")


def add(commands: Any) -> None:
    """`systemd print|install`."""
    systemd = commands.add_parser("systemd", help="run as a service").add_subparsers(dest="action", required=True)
    shown = systemd.add_parser("print", help="the unit, on standard output")
    _add_options(shown)
    shown.set_defaults(run=_print)
    install = systemd.add_parser("install", help="write the unit where systemd finds it; as root")
    _add_options(install)
    install.add_argument("--to", type=Path, default=FOLDER, metavar="DIR", help=f"another folder than {FOLDER}")
    install.set_defaults(run=_install)


def _add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--user", metavar="NAME", help="who it runs as; the data directory's owner without it")
    command.add_argument("--data-dir", type=Path, metavar="DIR", help="ASSETS_DATA_DIR without it")


def _unit(chosen: argparse.Namespace) -> str:
    from assets.cli.systemd.unit import service_unit, unreadable_place
    from assets.settings import Settings

    if chosen.data_dir is not None:
        os.environ["ASSETS_DATA_DIR"] = str(chosen.data_dir.absolute())
    text = service_unit(Settings.from_environment(), chosen.user)
    if (place := unreadable_place()) is not None:
        print(
            f"assets: only root may enter {place}: install the program elsewhere, such as /opt/assets", file=sys.stderr
        )
    return text


def _print(chosen: argparse.Namespace) -> int:
    sys.stdout.write(_unit(chosen))
    return 0


def _install(chosen: argparse.Namespace) -> int:
    path = chosen.to / NAME
    text = _unit(chosen)
    if path.exists() and path.read_text() == text:
        print(f"{path} is there and says this already")
    else:
        chosen.to.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{NAME}.new")
        beside.write_text(text)
        beside.replace(path)
        print(f"{path} written")
    if chosen.to == FOLDER and RUNNING_SYSTEMD.is_dir():
        subprocess.run(["systemctl", "daemon-reload"], check=False)
    print(
        "Start it now and with the machine:   systemctl enable --now assets\n"
        "How it fares:                        systemctl status assets\n"
        "What it says:                        journalctl -u assets -f"
    )
    return 0
