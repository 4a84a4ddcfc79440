"""What comes after setting up: the list that ticks itself off, and how to start."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assets.cli.output import opened_app, print_json

if TYPE_CHECKING:
    from datetime import datetime

    from assets.core.app import App
    from assets.safekeeping.beginning import StepState
    from assets.settings import Settings

DEFAULT_DATA_DIR = "var"


def show_next(data_dir: Path | None, *, as_json: bool) -> int:
    """Print every step as it stands; 0 also when some are open."""
    if data_dir is not None:
        os.environ["ASSETS_DATA_DIR"] = str(data_dir.absolute())
    with opened_app() as app:
        found = steps_of(app)
    if as_json:
        print_json([as_values(state) for state in found])
        return 0
    for state in found:
        print_step(state)
    return 0


def steps_of(app: App) -> list[StepState]:
    """The list."""
    from assets.safekeeping.beginning import steps

    with app.reading() as session:
        return steps(session, app.settings, app.clock())


def as_values(state: StepState) -> dict[str, object]:
    """A step as JSON values."""
    step = state.step
    return {
        "step": step.name, "title": str(step.title), "done": state.done, "skipped": state.skipped,
        "present": str(state.present), "why": str(step.why), "href": step.href, "command": step.command,
    }  # fmt: skip


def print_step(state: StepState) -> None:
    """A step in two lines, one when nothing is to be done."""
    step = state.step
    mark = "[x]" if state.done else "[-]" if state.skipped else "[ ]"
    print(f"{mark} {step.title}: {state.present}" + (f" (not needed: {state.skipped})" if state.skipped else ""))
    if state.is_open:
        where = f"page {step.href}" if step.href else step.command
        print(f"      {step.why}  -> {where}")


def called_as() -> str:
    """The command as it was typed: in a checkout there is none on the PATH."""
    typed = sys.argv[0]
    if Path(typed).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m assets"
    on_path = shutil.which(Path(typed).name)
    return "assets" if on_path is not None and Path(on_path) == Path(typed) else shlex.quote(typed)


def print_end(app: App) -> None:
    """What is left, and how to start."""
    found = steps_of(app)
    left = [state for state in found if state.is_open]
    print(f"\nWhat is left ({sum(state.done for state in found)} of {len(found)} steps are done):")
    for state in left:
        print_step(state)
    print("The same list: page /admin/setup, and `assets setup --next`.\n")
    data_dir = app.settings.data_dir.absolute()
    print("Start it:")
    if data_dir != Path(DEFAULT_DATA_DIR).absolute():
        print(f"    export ASSETS_DATA_DIR={shlex.quote(str(data_dir))}    # each command needs it")
    print(f"    {called_as()} serve")
    print("or as a service that starts with the machine, as root:")
    print(f"    {called_as()} systemd install --data-dir {shlex.quote(str(data_dir))}")
    print(f"Then sign in at {_address(app.settings)}/login.")
    for line in trust_lines(app.settings, app.clock()):
        print(line)


def _address(settings: Settings) -> str:
    """Where links lead, or where the pages are in truth while links were not told of our own HTTPS yet."""
    if not settings.speaks_tls or settings.base_url.startswith("https://"):
        return settings.base_url
    from assets.core.tls.names import first_name, https_address

    return https_address(settings, first_name(settings))


def trust_lines(settings: Settings, now: datetime) -> list[str]:
    """What phones have to do first, where the pages are served by a certificate of the office's own authority."""
    if not settings.own_authority:
        return []
    from assets.core.tls import authority, certificate
    from assets.core.tls.names import first_name, https_address, trust_address

    certificate.ready(settings, now)
    own = authority.load(settings.data_dir)
    if own is None:
        return []
    lines = [
        "\nHTTPS: each phone and computer trusts the authority of this office once, before its first sign-in:",
        f"    {trust_address(settings)}    tells how, and offers it",
        f"    its SHA-256 fingerprint, to compare there: {own.fingerprint}",
    ]
    if not settings.base_url.startswith("https://"):
        address = https_address(settings, first_name(settings))
        lines.append(f"Links still lead to {settings.base_url}: {called_as()} setup --yes --base-url {address}")
    return lines
