"""The command that looks after the installation: what is set, from where, and what is wrong with it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from assets.cli.output import print_json

if TYPE_CHECKING:
    from assets.safekeeping.doctor import Finding
    from assets.settings import Settings

MARKS = {"well": "well ", "look": "look ", "mend": "MEND "}


def add(commands: Any) -> None:
    """`doctor`."""
    doctor = commands.add_parser("doctor", help="the effective settings, and what is wrong with this installation")
    doctor.add_argument("--quick", action="store_true", help="without what reads the whole database")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(run=_doctor)


def _doctor(chosen: argparse.Namespace) -> int:
    """1 when something has to be mended. Works while the server runs and while it does not; changes nothing."""
    from assets.settings import Settings

    settings = Settings.from_environment()
    findings = examine(settings, thorough=not chosen.quick)
    if chosen.json:
        print_json(as_json(settings, findings))
    else:
        _print(settings, findings)
    return 0 if all(finding.ok for finding in findings) else 1


def examine(settings: Settings, *, thorough: bool = True) -> list[Finding]:
    """Every finding; the database's only where it answers and the program can be opened on it."""
    from assets.bootstrap import build_app
    from assets.core.clock import system_clock
    from assets.safekeeping.doctor import Site, databases, examine_database, examine_machine
    from assets.settings import SettingsError

    site = Site(settings, system_clock(), thorough=thorough)
    findings = examine_machine(site)
    if not settings.data_dir.is_dir():
        return findings
    if (trouble := databases.unanswered(settings)) is not None:
        return [*findings, trouble]
    try:
        app = build_app(settings)
    except SettingsError as error:
        from assets.core.i18n import msg

        return [*findings, databases.DATABASES.mend(msg("not looked into: %(error)s", error=error))]
    try:
        return [*findings, *examine_database(Site(settings, site.now, app, thorough))]
    finally:
        app.close()


def as_json(settings: Settings, findings: list[Finding]) -> dict[str, object]:
    """What `--json` prints: values and where each comes from by key, and the findings."""
    described = settings.described()
    return {
        "settings": {key: value for key, value, _ in described},
        "sources": {key: settings.source(key) for key, _, _ in described},
        "findings": [
            {
                "name": finding.name, "subject": str(finding.subject), "ok": finding.ok, "level": finding.level.value,
                "text": str(finding.text),
            }
            for finding in findings
        ],
    }  # fmt: skip


def _print(settings: Settings, findings: list[Finding]) -> None:
    for key, value, text in settings.described():
        print(f"{key}={value}    ({settings.source(key)})\n    {text}")
    print()
    for finding in findings:
        print(f"{MARKS[finding.level.value]} {finding.subject}: {finding.text}")
    mends = sum(not finding.ok for finding in findings)
    print(f"\n{mends} to mend" if mends else "\nnothing to mend")
