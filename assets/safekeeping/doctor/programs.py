"""The doctor on programs: which versions run here, and which of them are known to lose or to leak."""

from __future__ import annotations

import platform
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator

from assets import __version__
from assets.core.i18n import Message, msg
from assets.safekeeping.doctor.findings import Finding, Site, Subject

LEAST_PYTHON = (3, 11)
LEAST_SQLITE = (3, 35)
LEAST_MOSQUITTO = (2, 0, 11)
PATCHED_MOSQUITTO = (2, 0, 19)
"""From here on mosquitto itself holds the repairs that Debian carries back to 2.0.11."""
DROPPING_MOSQUITTO = (2, 0, 16)
"""Drops the whole queue when `max_queued_messages` is 0, which is what keeps telemetry while ingest is away."""
PATCHED_DEBIAN = "2.0.11-1.2+deb12u2"
BINARIES = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/sbin:/bin"

PROGRAM = Subject("program", msg("program"))
PYTHON = Subject("python", msg("Python"))
SQLITE = Subject("sqlite", msg("SQLite"))
MOSQUITTO = Subject("mosquitto", msg("mosquitto"))


def program(_site: Site) -> Iterator[Finding]:
    """This program's own version."""
    yield PROGRAM.well(msg("assets %(version)s", version=__version__))


def python(_site: Site) -> Iterator[Finding]:
    """Python and the SQLite that it was built with."""
    shown = platform.python_version()
    if sys.version_info[:2] < LEAST_PYTHON:
        yield PYTHON.mend(msg("%(version)s is too old: 3.11 or newer is needed", version=shown))
    else:
        yield PYTHON.well(msg("%(version)s", version=shown))


def sqlite(site: Site) -> Iterator[Finding]:
    """SQLite's version, where it holds the data."""
    if site.settings.database_url.startswith("postgresql"):
        return
    if sqlite3.sqlite_version_info[:2] < LEAST_SQLITE:
        yield SQLITE.mend(msg("%(version)s is too old: 3.35 or newer is needed", version=sqlite3.sqlite_version))
    else:
        yield SQLITE.well(msg("%(version)s", version=sqlite3.sqlite_version))


def mosquitto(site: Site) -> Iterator[Finding]:
    """The broker's program, where it is ours to run."""
    if site.settings.mqtt_url:
        return
    path = shutil.which("mosquitto", path=BINARIES)
    if path is None:
        yield MOSQUITTO.mend(msg("it is not installed, and trackers need it: apt-get install mosquitto"))
        return
    said = subprocess.run([path, "-h"], capture_output=True, text=True, check=False, timeout=10).stdout
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", said)
    version = tuple(int(part) for part in found.groups()) if found else ()
    yield judged_mosquitto(version, _debian_version())


def _debian_version() -> str:
    """The package's version with Debian's own patch level, empty where mosquitto is no Debian package."""
    if shutil.which("dpkg-query", path=BINARIES) is None:
        return ""
    asked = ["dpkg-query", "--show", "--showformat=${Version}", "mosquitto"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10)
    return done.stdout.strip() if done.returncode == 0 else ""


def judged_mosquitto(version: tuple[int, ...], debian: str) -> Finding:
    """What is known about a version of mosquitto, given as numbers and as Debian's package version."""
    shown = debian or ".".join(map(str, version))
    if not version:
        return MOSQUITTO.look(msg("its version could not be found out; 2.0.11 of Debian 12 or newer is needed"))
    if version < LEAST_MOSQUITTO:
        return MOSQUITTO.mend(msg("%(version)s is too old: 2.0.11 of Debian 12 or newer is needed", version=shown))
    if version == DROPPING_MOSQUITTO:
        return MOSQUITTO.mend(msg("2.0.16 drops queued telemetry: install a newer one"))
    if version < PATCHED_MOSQUITTO and not (debian and _at_least(debian, PATCHED_DEBIAN)):
        return MOSQUITTO.look(_unpatched(shown))
    return MOSQUITTO.well(msg("%(version)s", version=shown))


def _unpatched(shown: str) -> Message:
    return msg(
        "%(version)s lacks repairs of holes that a stranger on the network can use; %(patched)s has them: "
        "apt-get update && apt-get install mosquitto",
        version=shown,
        patched=PATCHED_DEBIAN,
    )


def _at_least(version: str, least: str) -> bool:
    """Debian's own comparison of versions."""
    command = ["dpkg", "--compare-versions", version, "ge", least]
    return subprocess.run(command, check=False, timeout=10).returncode == 0
