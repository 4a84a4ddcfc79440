"""The unit: who it runs as, what it may write, and where it refuses to be installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.cli.supervisor import STOP_S
from assets.cli.systemd import unit
from assets.cli.systemd.unit import service_unit
from assets.settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parents[3]
IS_ROOT = os.geteuid() == 0
SERVICE_USER = "games" if IS_ROOT else pwd.getpwuid(os.geteuid()).pw_name


def owned(folder: Path) -> Path:
    """The folder, given to the user of the service."""
    if IS_ROOT:
        os.chown(folder, pwd.getpwnam(SERVICE_USER).pw_uid, -1)
    return folder


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that exists, belongs to no root and does not lie under /tmp, as a service's data must."""
    folder = (Path("/var/lib") if IS_ROOT else ROOT / "var") / f"assets-test-{os.getpid()}"
    folder.mkdir(mode=0o700, parents=True)
    yield owned(folder)
    shutil.rmtree(folder)


def lines(settings: Settings, user: str | None = None) -> dict[str, str]:
    found = (line.split("=", 1) for line in service_unit(settings, user).splitlines() if "=" in line and line[0] != "#")
    return {pair[0]: pair[1] for pair in found}


def test_unit_runs_as_the_owner_and_writes_only_its_data(data_dir: Path) -> None:
    found = lines(Settings(data_dir=data_dir))
    assert found["User"] == SERVICE_USER
    assert found["ReadWritePaths"] == str(data_dir)
    assert found["ExecStart"] == f"{Path(sys.executable).with_name('assets')} serve"
    assert (found["NoNewPrivileges"], found["ProtectSystem"], found["Restart"]) == ("yes", "strict", "always")
    assert found["CapabilityBoundingSet"] == "", "no port below 1024, no capability"


def test_backups_and_anchors_outside_can_be_written_too(data_dir: Path) -> None:
    chosen = Settings(data_dir=data_dir, backup_dir="/srv/backups", anchor_file="/mnt/other/anchors.jsonl")
    assert lines(chosen)["ReadWritePaths"] == f"-/mnt/other -/srv/backups {data_dir}"


def test_low_port_asks_for_the_one_capability_it_needs(data_dir: Path) -> None:
    found = lines(Settings(data_dir=data_dir, listen="0.0.0.0:80"))
    assert found["CapabilityBoundingSet"] == found["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE"


def test_program_in_a_home_can_still_be_read(data_dir: Path) -> None:
    at_home = any(home in place.parents for home in unit.HOMES for place in unit.program_places())
    assert lines(Settings(data_dir=data_dir))["ProtectHome"] == ("read-only" if at_home else "yes")


def test_supervisor_has_time_to_end_its_parts(data_dir: Path) -> None:
    assert int(lines(Settings(data_dir=data_dir))["TimeoutStopSec"]) > STOP_S + 20


@pytest.mark.parametrize("user", ["root", "no-such-user"])
def test_root_and_unknown_users_are_refused_with_what_to_do(user: str, data_dir: Path) -> None:
    with pytest.raises(SettingsError, match="adduser"):
        service_unit(Settings(data_dir=data_dir), user)


def test_another_user_than_the_owner_is_refused(data_dir: Path) -> None:
    with pytest.raises(SettingsError, match="chown -R daemon"):
        service_unit(Settings(data_dir=data_dir), "daemon")


def test_data_in_the_systems_tmp_is_refused() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, pytest.raises(SettingsError, match="/tmp of its own"):
        service_unit(Settings(data_dir=owned(Path(folder))), None)


def test_path_that_a_unit_cannot_hold_is_refused(data_dir: Path) -> None:
    odd = data_dir / "with space"
    odd.mkdir()
    with pytest.raises(SettingsError, match="no spaces"):
        service_unit(Settings(data_dir=owned(odd)), None)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(data_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "assets.service"
    path.write_text(service_unit(Settings(data_dir=data_dir, listen="0.0.0.0:443"), None))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert "assets.service" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
