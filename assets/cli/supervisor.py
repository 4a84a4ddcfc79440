"""The supervisor: starts the parts as child processes, starts again what dies, and ends them all together."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assets.bootstrap import build_app, prepare_data_dir
from assets.settings import Settings, SettingsError, listen_address

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
STEADY_S = 30.0
# Longer than any part takes by itself: the web lets requests end for 4 s, the scheduler its job for 5 s.
STOP_S = 10.0
log = logging.getLogger("assets.supervisor")


@dataclass
class Part:
    """One child: its name, its command, and how it fares. `may_start` is asked before each start."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    ends_last: bool = False
    may_start: Callable[[], bool] | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    next_start: float = 0.0


def configure_logging() -> None:
    """One line per message on standard error."""
    logging.basicConfig(
        level=os.environ.get("ASSETS_LOG_LEVEL", "INFO"), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for library in ("alembic", "apscheduler"):  # they tell of each step that went well
        logging.getLogger(library).setLevel(logging.WARNING)


def assets_command(*arguments: str) -> list[str]:
    """The command line of a part; it contains `assets <part>`."""
    return [sys.executable, "-m", "assets", *arguments]


def serve(
    settings: Settings, listen: str, *, extra: Sequence[Part] = (), ready: Callable[[], None] | None = None
) -> int:
    """Run everything until SIGTERM or SIGINT; migrates first. A second one on the same data says so and ends."""
    configure_logging()
    host, port = listen_address("--listen", listen)
    prepare_data_dir(settings.data_dir)
    with _only_one(settings.data_dir):
        _migrate(settings)
        check_port_is_free("--listen", host, port)
        parts = [Part("web", assets_command("web", "--listen", listen), _tls_of_the_web(settings))]
        if not settings.mqtt_url:
            parts.insert(0, Part("broker", assets_command("broker"), ends_last=True))
        if settings.metrics_listen:
            parts.append(Part("metrics", assets_command("metrics")))
        parts += [Part("ingest", assets_command("ingest")), Part("scheduler", assets_command("scheduler")), *extra]
        return _Supervisor(parts).run(ready)


def _tls_of_the_web(settings: Settings) -> dict[str, str]:
    """What the web has to know of TLS, from options or not; told now when no certificate will do."""
    if not settings.speaks_tls:
        return {}
    from assets.core.clock import system_clock
    from assets.core.tls.context import usable_files

    usable_files(settings, system_clock)
    if settings.trust_listen:
        check_port_is_free("ASSETS_TRUST_LISTEN", *listen_address("ASSETS_TRUST_LISTEN", settings.trust_listen))
    keys = ("ASSETS_TLS", "ASSETS_TLS_CERT", "ASSETS_TLS_KEY", "ASSETS_TRUST_LISTEN")
    return {key: settings.text_of(key) for key in keys}


class _Supervisor:
    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self.stop = threading.Event()

    def run(self, ready: Callable[[], None] | None) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        for part in self.parts:
            tend(part)
        if ready is not None:
            threading.Thread(target=ready, daemon=True).start()
        while not self.stop.wait(0.2):
            for part in self.parts:
                tend(part)
        end(self.parts)
        return 0


def _start(part: Part) -> None:
    # A supervisor that is killed outright must not leave parts behind that hold the ports and the broker's session.
    prefix = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    environment = {**os.environ, **part.environment}
    part.process = subprocess.Popen([*prefix, *part.command], env=environment, stdin=subprocess.DEVNULL)
    part.started_at = time.monotonic()
    log.info("%s started, process %d", part.name, part.process.pid)


def tend(part: Part) -> None:
    """Start the part when it does not run, and is due again after it ended."""
    now = time.monotonic()
    if part.process is not None:
        code = part.process.poll()
        if code is None:
            return
        steady = now - part.started_at > STEADY_S
        part.pause_s = FIRST_PAUSE_S if steady else min(part.pause_s * 2, LONGEST_PAUSE_S)
        part.next_start = now + part.pause_s
        part.process = None
        log.warning("%s ended with %s; starting it again in %.1f s", part.name, code, part.pause_s)
    elif now >= part.next_start and (part.may_start is None or part.may_start()):
        _start(part)


def end(parts: Sequence[Part], within_s: float = STOP_S) -> None:
    """End the parts: all at once, and after them those that end last, each of the two within so many seconds.

    The broker ends last, so that ingest can acknowledge what it committed. Who does not end in time is killed: every
    part can be, without loss.
    """
    for last in (False, True):
        running = [(part, part.process) for part in parts if part.process is not None and part.ends_last is last]
        deadline = time.monotonic() + within_s
        for _, process in running:
            process.terminate()
        for part, process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
                log.info("%s ended", part.name)
            except subprocess.TimeoutExpired:
                log.warning("%s did not end within %.0f s and is killed", part.name, within_s)
                process.kill()
                process.wait()


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    with (data_dir / "serve.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError(f"another `assets serve` runs on {data_dir}: stop it first") from error
        yield


def _migrate(settings: Settings) -> None:
    from assets.cli.ready import make_ready_safely

    app = build_app(settings)
    try:
        for line in make_ready_safely(app):
            log.info(line)
    finally:
        app.close()


def check_port_is_free(option: str, host: str, port: int, advice: str = "") -> None:
    """`SettingsError`, with the option that names it and what to do, when nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(f"{option}: {host}:{port} cannot be used: {error.strerror}{advice}") from error
