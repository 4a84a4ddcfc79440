"""The command that looks after the installation: what is set, and what is wrong with it."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.cli.output import opened_app, print_json

LEAST_FREE_BYTES = 2 * 1024**3
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"}
LEAST_MOSQUITTO = (2, 0, 11)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is well, and what to do when it is not."""

    subject: str
    ok: bool
    text: str


def add(commands: Any) -> None:
    """`doctor`."""
    doctor = commands.add_parser("doctor", help="the effective settings, and what is wrong with this installation")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(run=_doctor)


def _doctor(chosen: argparse.Namespace) -> int:
    with opened_app() as app:
        findings = list(_findings(app))
        settings = app.settings.described()
    if chosen.json:
        print_json(
            {
                "settings": {key: value for key, value, _ in settings},
                "findings": [{"subject": f.subject, "ok": f.ok, "text": f.text} for f in findings],
            }
        )
    else:
        for key, value, text in settings:
            print(f"{key}={value}\n    {text}")
        print()
        for finding in findings:
            print(f"{'well ' if finding.ok else 'MEND '} {finding.subject}: {finding.text}")
    return 0 if all(finding.ok for finding in findings) else 1


def _findings(app: Any) -> Iterator[Finding]:
    from assets.core.anchor import verify
    from assets.migrations.run import integrity_errors

    data_dir: Path = app.settings.data_dir
    errors = integrity_errors(app)
    yield Finding("databases", not errors, "; ".join(errors) or "sound and current")
    if not errors:
        verdict = verify(app)
        yield Finding("journal", verdict.ok, verdict.text)
    free = shutil.disk_usage(data_dir).free
    yield Finding("space", free > LEAST_FREE_BYTES, f"{free // 1024**2:,} MB free where {data_dir} lies")
    mode = data_dir.stat().st_mode & 0o077
    yield Finding(
        "permissions", mode == 0, "the data directory is its owner's alone" if not mode else f"chmod 0700 {data_dir}"
    )
    kind = _file_system(data_dir)
    yield Finding(
        "file system",
        kind not in NETWORK_FILE_SYSTEMS,
        f"{kind}" + (": SQLite loses data there" if kind in NETWORK_FILE_SYSTEMS else ""),
    )
    if not app.settings.mqtt_url:
        yield _mosquitto()


def _file_system(path: Path) -> str:
    """The kind of file system that holds `path`, by the longest mount point above it."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        if str(path).startswith(mount) and len(mount) > len(best[0]):
            best = (mount, kind)
    return best[1]


def _mosquitto() -> Finding:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        return Finding("broker", False, "mosquitto is not installed: apt-get install mosquitto")
    said = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", said)
    version = tuple(int(part) for part in found.groups()) if found else ()
    shown = ".".join(map(str, version)) or "unknown"
    return Finding("broker", version >= LEAST_MOSQUITTO, f"mosquitto {shown}, 2.0.11 of Debian 12 or newer is needed")
