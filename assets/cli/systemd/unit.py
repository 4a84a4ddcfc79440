"""The text of the systemd unit: everything under one supervisor, shut in as far as its work allows."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

from assets.cli.supervisor import STOP_S
from assets.settings import Settings, SettingsError, listen_address

FIRST_FREE_PORT = 1024
SLACK_S = 30
"""After the supervisor's own patience: its parts end one after the other, and a backup may be in its last step."""
PRIVATE_PLACES = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  # named because data must not lie there
HOMES = (Path("/home"), Path("/root"), Path("/run/user"))

UNIT = """\
# Written by `assets systemd install`; change it with `systemctl edit assets`, not here.
[Unit]
Description=Assets: register, telemetry and reports of donated equipment
Wants=network-online.target
After=network-online.target time-sync.target{after}
StartLimitIntervalSec=0

[Service]
Type=exec
User={user}
Environment=ASSETS_DATA_DIR={data_dir}
Environment=PYTHONUNBUFFERED=1
WorkingDirectory={data_dir}
ExecStart={command} serve
Restart=always
RestartSec=5
# The supervisor ends its parts itself; what is left after the time is killed with it.
KillMode=mixed
TimeoutStopSec={stop_s}
UMask=0077
LimitNOFILE=65536

# Shut in: the whole system read-only but for the data, no new rights, no devices, no other users' files.
NoNewPrivileges=yes
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}
ProtectSystem=strict
ProtectHome={protect_home}
ReadWritePaths={writable}
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def service_unit(settings: Settings, user: str | None) -> str:
    """The unit for `settings`, run as `user` (or as the owner of the data directory).

    `SettingsError` for a user that is root, unknown or not the owner, and for a data directory that the service could
    not see.
    """
    data_dir = settings.data_dir.absolute()
    name = _user(data_dir, user)
    if any(place in data_dir.parents for place in PRIVATE_PLACES):
        raise SettingsError(f"ASSETS_DATA_DIR: {data_dir} is no place for data: a service has a /tmp of its own")
    command = _command()
    low = any(port < FIRST_FREE_PORT for port in _ports(settings))
    at_home = any(home in path.parents for home in HOMES for path in (data_dir, command, *program_places()))
    writable = {str(data_dir), *_other_writable(settings, data_dir)}
    return UNIT.format(
        after=" postgresql.service" if settings.database_url.startswith("postgresql") else "",
        user=name,
        data_dir=_quoted(data_dir),
        command=_quoted(command),
        stop_s=int(STOP_S) + SLACK_S,
        capabilities="CAP_NET_BIND_SERVICE" if low else "",
        protect_home="read-only" if at_home else "yes",
        writable=" ".join(_quoted(Path(path)) for path in sorted(writable)),
    )


def program_places() -> tuple[Path, ...]:
    """What the service has to read: Python, wherever its links lead, and the program."""
    return Path(sys.executable).resolve(), Path(__file__).resolve()


def unreadable_place() -> Path | None:
    """A folder on the way to the program that only root may enter; the service could not start."""
    parents = (parent for place in program_places() for parent in place.parents)
    return next((p for p in parents if p.stat().st_uid == 0 and not p.stat().st_mode & 0o001), None)


def _user(data_dir: Path, wanted: str | None) -> str:
    if not data_dir.is_dir():
        raise SettingsError(f"{data_dir} is not there: `assets setup` first")
    owner = data_dir.stat().st_uid
    try:
        entry = pwd.getpwnam(wanted) if wanted else pwd.getpwuid(owner)
    except KeyError as error:
        raise SettingsError(
            f"there is no user {wanted or owner}: adduser --system --group --home {data_dir} {wanted or 'assets'}"
        ) from error
    if entry.pw_uid == 0:
        raise SettingsError(
            f"it must not run as root. Make a user, give it the data, and name it:\n"
            f"    adduser --system --group --no-create-home --home {data_dir} assets\n"
            f"    chown -R assets: {data_dir}\n"
            f"    assets systemd install --user assets --data-dir {data_dir}"
        )
    if entry.pw_uid != owner:
        raise SettingsError(f"{data_dir} belongs to another user: chown -R {entry.pw_name}: {data_dir}")
    return entry.pw_name


def _command() -> Path:
    """The command `assets` beside the Python that runs this."""
    command = Path(sys.executable).with_name("assets")
    if not os.access(command, os.X_OK):
        raise SettingsError(f"{command} is not there: install the program (`make demo` or pip) first")
    return command


def _ports(settings: Settings) -> list[int]:
    ports = [listen_address("ASSETS_LISTEN", settings.listen)[1]]
    if not settings.mqtt_url:
        ports.append(listen_address("ASSETS_MQTT_LISTEN", settings.mqtt_listen)[1] or FIRST_FREE_PORT)
    if settings.metrics_listen:
        ports.append(listen_address("ASSETS_METRICS_LISTEN", settings.metrics_listen)[1])
    if settings.trust_listen:
        ports.append(listen_address("ASSETS_TRUST_LISTEN", settings.trust_listen)[1])
    return ports


def _other_writable(settings: Settings, data_dir: Path) -> list[str]:
    """Folders outside the data directory that are written to. With a minus: their absence must not stop the start."""
    folders = [settings.backup_folder]
    if settings.anchor_file:
        folders.append(Path(settings.anchor_file).absolute().parent)
    if settings.database_url.startswith("sqlite"):
        folders.append(Path(settings.main_url.removeprefix("sqlite:///")).parent)
    return [f"-{folder}" for folder in folders if folder != data_dir and data_dir not in folder.parents]


def _quoted(path: Path) -> str:
    """A path as a unit file takes it: % begins a specifier there. One with spaces or quotes is refused."""
    text = str(path)
    if any(c.isspace() or c in "\"'\\" for c in text):
        raise SettingsError(f"{text}: a path of a service holds no spaces, quotes or backslashes")
    return text.replace("%", "%%")
