"""Our own broker: writes mosquitto's configuration, accounts and access list, and runs it."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import secrets
import shutil
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy import select

from assets.core.app import App
from assets.core.errors import RuleViolation
from assets.core.i18n import msg
from assets.settings import Settings, listen_address
from assets.telemetry.messages import Endpoint
from assets.telemetry.models import Tracker
from assets.telemetry.provisioning import hashed
from assets.telemetry.topics import DOWN_KINDS, PREFIX, UP_KINDS

INGEST_USER = "ingest.internal"
"""No tracker can have this name: a full stop is no character of a tracker id."""
QUEUE_BYTES = 1024**3
"""For 72 h without ingest: 200 vehicles, 6 messages of 400 bytes a minute for 12 h a day, come to 520 MB."""

_OWN_PORTS = range(20_000, 32_000)

CONFIGURATION = """\
# Written by `assets broker`; changes are lost.
per_listener_settings false
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/access
pid_file {folder}/mosquitto.pid
user {user}

# A PUBACK promises nothing: trackers keep each sample until our own receipt. With autosave_on_changes the interval
# counts changes, and each save writes the whole queue: 1 would write 500 MB for each message of a three days' queue.
persistence true
persistence_location {folder}/store/
autosave_on_changes true
autosave_interval 1000
# The default of 1,000 messages silently drops what comes while ingest is away.
max_queued_messages 0
max_queued_bytes {queue_bytes}
max_inflight_messages 1000
max_packet_size 65536
queue_qos0_messages false
retain_available true
set_tcp_nodelay true
sys_interval 0
connection_messages false
log_dest stderr
log_timestamp_format %Y-%m-%dT%H:%M:%S
log_type error
log_type warning
log_type notice

# Trackers. Their client id is their user name, so that nobody can throw out another by its id.
listener {port} {host}
use_username_as_clientid true

# Ingest, on this machine only.
listener {ingest_port} 127.0.0.1
"""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where our own broker takes trackers and, apart from them, ingest."""

    host: str
    port: int
    ingest_port: int


def folder_of(settings: Settings) -> Path:
    """Where the broker's files are."""
    return settings.data_dir.absolute() / "broker"


def prepare(app: App) -> list[str]:
    """Writes every file and gives the command that runs the broker.

    Run by root it stays root: the data directory is closed to everybody else, mosquitto's own user included.
    """
    settings = app.settings
    if settings.mqtt_url:
        raise RuleViolation(msg("ASSETS_MQTT_URL names another broker, so none of our own is run."))
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise RuleViolation(msg("mosquitto is not installed: apt-get install mosquitto"))
    folder = folder_of(settings)
    (folder / "store").mkdir(mode=0o700, parents=True, exist_ok=True)
    listening = _choose_ports(settings, folder)
    _write(folder / "listening.json", json.dumps({s: getattr(listening, s) for s in Listening.__slots__}))
    _write(
        folder / "mosquitto.conf",
        CONFIGURATION.format(
            folder=folder,
            user=getpass.getuser(),
            queue_bytes=QUEUE_BYTES,
            host=listening.host,
            port=listening.port,
            ingest_port=listening.ingest_port,
        ),
    )
    _write_accounts(app, folder)
    return [program, "-c", str(folder / "mosquitto.conf")]


def run_broker(app: App) -> None:
    """Becomes the broker: the process goes on as mosquitto, under the same number, and ends when told to."""
    command = prepare(app)
    app.close()
    os.execv(command[0], ["mosquitto", *command[1:]])  # noqa: S606  (no shell is wanted)


def refresh(app: App) -> bool:
    """Tells the broker who may sign in now; a revoked or rotated tracker is thrown out. False if it is not running."""
    if app.settings.mqtt_url:
        return False
    folder = folder_of(app.settings)
    if not (folder / "store").exists():
        return False
    _write_accounts(app, folder)
    return _signal(folder, signal.SIGHUP)


def save_now(settings: Settings) -> bool:
    """Has our own broker write sessions and queue to disk at once. False if it is not running.

    A broker that is killed before ingest's session was ever saved would drop what trackers send until ingest is back.
    """
    return not settings.mqtt_url and _signal(folder_of(settings), signal.SIGUSR1)


def _signal(folder: Path, number: signal.Signals) -> bool:
    try:
        process = int((folder / "mosquitto.pid").read_text())
        name = Path(f"/proc/{process}/comm").read_text().strip()
    except (OSError, ValueError):
        return False
    # The file may be left over from another day, and its number be another program's by now.
    if name != "mosquitto":
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)
        return True
    return False


def listening(settings: Settings) -> Listening | None:
    """Where our own broker listens, None before its first start."""
    try:
        found = json.loads((folder_of(settings) / "listening.json").read_text())
    except FileNotFoundError:
        return None
    return Listening(found["host"], found["port"], found["ingest_port"])


def public_address(settings: Settings) -> tuple[str, int]:
    """What trackers are told: the public address if one is set, else where the broker listens."""
    if settings.mqtt_public:
        return listen_address("ASSETS_MQTT_PUBLIC", settings.mqtt_public)
    if settings.mqtt_url:
        parts = urlsplit(settings.mqtt_url)
        return parts.hostname or "", parts.port or 8883
    own = listening(settings)
    return listen_address("ASSETS_MQTT_LISTEN", settings.mqtt_listen) if own is None else (own.host, own.port)


def ingest_endpoint(settings: Settings) -> Endpoint | None:
    """Where ingest connects, None while our own broker has never been started."""
    if settings.mqtt_url:
        parts = urlsplit(settings.mqtt_url)
        tls = parts.scheme == "mqtts"
        port = parts.port or (8883 if tls else 1883)
        user, secret = unquote(parts.username or ""), unquote(parts.password or "")
        return Endpoint(parts.hostname or "", port, user, secret, settings.mqtt_ca or None, tls)
    own = listening(settings)
    if own is None:
        return None
    return Endpoint("127.0.0.1", own.ingest_port, INGEST_USER, _ingest_secret(folder_of(settings)))


def _choose_ports(settings: Settings, folder: Path) -> Listening:
    """The ports of the last start where they are free still, so that a restart of the broker moves nobody."""
    host, port = listen_address("ASSETS_MQTT_LISTEN", settings.mqtt_listen)
    before = listening(settings) if (folder / "listening.json").exists() else None
    if port == 0:
        port = before.port if before is not None and _is_free(host, before.port) else _free_port(host)
    ingest_port = before.ingest_port if before is not None and before.ingest_port != port else 0
    if ingest_port == 0 or not _is_free("127.0.0.1", ingest_port):
        ingest_port = _free_port("127.0.0.1", other_than=port)
    return Listening(host, port, ingest_port)


def _is_free(host: str, port: int) -> bool:
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _free_port(host: str, *, other_than: int = 0) -> int:
    """A port that nobody uses, below those that the system lends to outgoing connections.

    A lent one could be taken by any program while the broker is down, and trackers would look for it in vain.
    """
    for port in secrets.SystemRandom().sample(_OWN_PORTS, len(_OWN_PORTS)):
        if port != other_than and _is_free(host, port):
            return port
    raise RuleViolation(msg("No free port was found for the broker; set ASSETS_MQTT_LISTEN."))


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _ingest_secret(folder: Path) -> str:
    """The secret of ingest, made at the first start."""
    path = folder / "ingest.secret"
    if not path.exists():
        _write(path, secrets.token_urlsafe(32))
    return path.read_text()


def _write_accounts(app: App, folder: Path) -> None:
    with app.reading() as session:
        rows = session.execute(
            select(Tracker.id, Tracker.password_hash).where(Tracker.password_hash.is_not(None)).order_by(Tracker.id)
        )
        accounts = [(row.id, row.password_hash or "") for row in rows]
    accounts.append((INGEST_USER, hashed(_ingest_secret(folder))))
    _write(folder / "passwords", "".join(f"{user}:{password}\n" for user, password in accounts))
    _write(folder / "access", access_list())


def access_list() -> str:
    """Who may do what: a tracker writes its four topics and reads its two, ingest the reverse for all, no one else
    anything."""
    patterns = [
        *(f"pattern write {PREFIX}/%u/{kind}" for kind in UP_KINDS),
        *(f"pattern read {PREFIX}/%u/{kind}" for kind in DOWN_KINDS),
    ]
    own: Sequence[str] = [
        f"user {INGEST_USER}",
        *(f"topic read {PREFIX}/+/{kind}" for kind in UP_KINDS),
        *(f"topic write {PREFIX}/+/{kind}" for kind in DOWN_KINDS),
    ]
    return "\n".join([*patterns, "", *own, ""])


def _write(path: Path, text: str) -> None:
    """Writes a file for its owner alone, whole or not at all."""
    beside = path.with_suffix(f"{path.suffix}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as target:
        target.write(text)
    beside.replace(path)
