"""The web server process: gunicorn with threads, each worker with an application and engines of its own."""

from __future__ import annotations

import dataclasses
import logging
import os
from typing import Any

from gunicorn.app.base import BaseApplication

from assets.cli.plain_door import PlainDoor
from assets.core.app import App
from assets.settings import Settings, SettingsError, listen_address

THREADS = 8


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn, told what it needs by arguments; the worker builds the app after the fork."""

    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self._settings = settings
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for key, value in self._options.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        from assets.bootstrap import build_app
        from assets.web import create_app

        app: App = build_app(self._settings)
        web = create_app(app)
        return PlainDoor(web, self._settings) if self._settings.speaks_tls else web


def run_web(settings: Settings, listen: str, *, workers: int) -> int:
    """Serve until SIGTERM. The debugger of the development server can never be reached from here."""
    if os.environ.get("FLASK_DEBUG"):
        raise SettingsError("FLASK_DEBUG is set: a debugger on this address would hand over the machine. Unset it.")
    options = _tls_options(settings)
    places = [_place("--listen", listen)]
    if settings.speaks_tls and settings.trust_listen:
        places.append(_place("ASSETS_TRUST_LISTEN", settings.trust_listen))
    logging.getLogger("assets").info("web listens on %s://%s", "https" if options else "http", " and ".join(places))
    _Server(
        dataclasses.replace(settings, listen=listen),  # the address that people need is of where it really listens
        options
        | {
            "bind": places,
            "workers": workers,
            "worker_class": "assets.cli.slow_clients.Worker",
            "threads": THREADS,
            "timeout": 60,
            # A browser holds connections open on which it has asked nothing yet; stopping does not wait long for those.
            "graceful_timeout": 4,
            "keepalive": 15,
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108  # heartbeat files only
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "limit_request_line": 8190,
            # Which proxies are believed is ASSETS_TRUSTED_PROXIES alone: by itself, gunicorn takes the scheme and the
            # root of every path from headers that whoever is on this machine, any reverse proxy too, passes on.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "proc_name": "assets web",
            "control_socket_disable": True,
        },
    ).run()
    return 0


def _place(key: str, text: str) -> str:
    host, port = listen_address(key, text)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _tls_options(settings: Settings) -> dict[str, Any]:
    """Nothing in plain HTTP; else how the worker comes to its context. `SettingsError` while no certificate will do."""
    if not settings.speaks_tls:
        return {}
    from assets.cli.slow_clients import PatientTlsSocket
    from assets.core.clock import system_clock
    from assets.core.tls.context import ServerContext, usable_files

    certificate, key = usable_files(settings, system_clock)
    context = ServerContext(settings, system_clock, PatientTlsSocket)
    # By the two files gunicorn knows that it is https; they are read by our context only.
    return {
        "certfile": str(certificate),
        "keyfile": str(key),
        "ssl_context": lambda _config, _default: context.current(),
    }
