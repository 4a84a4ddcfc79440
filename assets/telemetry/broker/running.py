"""Runs the broker and keeps it in order: accounts, certificate and log count without a restart."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
from datetime import UTC, datetime
from pathlib import Path

from assets.core.app import App
from assets.core.errors import RuleViolation
from assets.core.i18n import msg
from assets.core.tls import certificate, given
from assets.settings import Settings, SettingsError
from assets.telemetry.broker.configuration import LOG, CertificateFiles, configuration
from assets.telemetry.broker.files import PASSWORDS, folder_of, write, write_accounts
from assets.telemetry.broker.ports import choose_ports

LONGEST_LOG = 4 * 1024**2
"""Two of these at most: some 40,000 connections, refused ones included."""
CONFIGURATION = "mosquitto.conf"
_QUEUE = "store/mosquitto.db"
log = logging.getLogger("assets.broker")


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
    _forget_older_session(folder)
    _shorten_log(folder)
    doors = choose_ports(settings)
    write(folder / CONFIGURATION, configuration(folder, doors, _certificate_to_begin_with(settings, app.clock())))
    write_accounts(app, folder)
    return [program, "-c", str(folder / CONFIGURATION)]


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
    write_accounts(app, folder)
    return _signal(folder, signal.SIGHUP)


def told_at(settings: Settings) -> datetime:
    """When our own broker was last told who may sign in; the beginning of time if it never was."""
    try:
        return datetime.fromtimestamp((folder_of(settings) / PASSWORDS).stat().st_mtime, UTC)
    except FileNotFoundError:
        return datetime.fromtimestamp(0, UTC)


def save_now(settings: Settings) -> bool:
    """Has our own broker write sessions and queue to disk at once. False if it is not running.

    A broker that is killed before ingest's session was ever saved would drop what trackers send until ingest is back.
    """
    return not settings.mqtt_url and _signal(folder_of(settings), signal.SIGUSR1)


def tend(app: App, now: datetime) -> str:
    """Keeps our own broker's log short and its certificate in date; answers in words what was done.

    Mosquitto 2.0.11 takes up a new certificate and a new log file when it is told to read its files again.
    """
    settings, done = app.settings, []
    folder = folder_of(settings)
    if settings.mqtt_url or not (folder / CONFIGURATION).exists():
        return "there is no broker of our own"
    if settings.mqtt_tls_listen:
        files = _certificate_files(settings, now)
        taken_up = (folder / CONFIGURATION).stat().st_mtime
        if max(path.stat().st_mtime for path in (files.certificate, files.key)) > taken_up:
            (folder / CONFIGURATION).touch()
            done.append("took up a new certificate")
    if _shorten_log(folder):
        done.append("began a new log")
    if done:
        _signal(folder, signal.SIGHUP)
    return ", ".join(done) or "nothing to do"


def _certificate_to_begin_with(settings: Settings, now: datetime) -> CertificateFiles | None:
    """As below; with one that will not do, the other doors open all the same, and the doctor tells."""
    if not settings.mqtt_tls_listen:
        return None
    try:
        return _certificate_files(settings, now)
    except SettingsError as error:
        if settings.mqtt_plain == "no":
            raise
        log.error("no tracker can come in over TLS: %s", error)
        return None


def _certificate_files(settings: Settings, now: datetime) -> CertificateFiles:
    if settings.mqtt_tls_cert:
        names = ("ASSETS_MQTT_TLS_CERT", "ASSETS_MQTT_TLS_KEY")
        given.checked(settings.mqtt_tls_cert, settings.mqtt_tls_key, now, names)
        return CertificateFiles(Path(settings.mqtt_tls_cert).absolute(), Path(settings.mqtt_tls_key).absolute())
    own = certificate.ready(settings, now).absolute()
    return CertificateFiles(own, own)


def _shorten_log(folder: Path) -> bool:
    """Puts a long log aside, over the one before; whoever runs has to be told to open a new one."""
    path = folder / LOG
    try:
        if path.stat().st_size < LONGEST_LOG:
            return False
        path.replace(folder / f"{LOG}.1")
    except FileNotFoundError:
        return False
    return True


def _forget_older_session(folder: Path) -> None:
    """Lets the queue of versions before this one go, where ingest had another client id.

    Nobody would ever fetch it, and it would take up to a gigabyte. Trackers keep what is not in a receipt.
    """
    with contextlib.suppress(FileNotFoundError):
        if "per_listener_settings false" in (folder / CONFIGURATION).read_text():
            (folder / _QUEUE).unlink(missing_ok=True)


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
