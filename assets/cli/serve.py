"""Commands that run the product: everything under one supervisor, or its parts one by one."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
from typing import TYPE_CHECKING, Any

from assets.cli.output import begun_app, opened_app

if TYPE_CHECKING:
    from assets.settings import Settings

LISTEN_HELP = "ASSETS_LISTEN without it"


def add(commands: Any) -> None:
    """`serve`, `web`, `ingest`, `scheduler`, `broker`, `metrics`."""
    serve = commands.add_parser("serve", help="web, ingest, scheduler and broker under one supervisor")
    serve.add_argument("--listen", metavar="HOST:PORT", help=LISTEN_HELP)
    _add_tls(serve)
    serve.set_defaults(run=_serve)
    web = commands.add_parser("web", help="the web alone")
    web.add_argument("--listen", metavar="HOST:PORT", help=LISTEN_HELP)
    web.add_argument("--workers", type=int, default=2)
    _add_tls(web)
    web.set_defaults(run=_web)
    commands.add_parser("ingest", help="take telemetry from the broker").set_defaults(run=_ingest)
    commands.add_parser("scheduler", help="run jobs by the clock").set_defaults(run=_scheduler)
    commands.add_parser("broker", help="our own mosquitto").set_defaults(run=_broker)
    commands.add_parser("metrics", help="Prometheus text on ASSETS_METRICS_LISTEN").set_defaults(run=_metrics)


def _add_tls(command: argparse.ArgumentParser) -> None:
    command.add_argument("--tls", action="store_true", help="speak HTTPS, as ASSETS_TLS=yes does")
    command.add_argument("--tls-cert", metavar="FILE", help="ASSETS_TLS_CERT without it")
    command.add_argument("--tls-key", metavar="FILE", help="ASSETS_TLS_KEY without it")
    command.add_argument("--trust-listen", metavar="HOST:PORT", help="ASSETS_TRUST_LISTEN without it")


def with_tls(settings: Settings, chosen: argparse.Namespace) -> Settings:
    """The settings with what the options say of TLS; `SettingsError` when it does not go together."""
    given = {
        "tls": "yes" if chosen.tls else None, "tls_cert": chosen.tls_cert, "tls_key": chosen.tls_key,
        "trust_listen": chosen.trust_listen,
    }  # fmt: skip
    changed = dataclasses.replace(settings, **{name: value for name, value in given.items() if value is not None})
    changed.check()
    return changed


def _serve(chosen: argparse.Namespace) -> int:
    from assets.cli.supervisor import serve

    with begun_app() as app:
        settings = with_tls(app.settings, chosen)
    return serve(settings, chosen.listen or settings.listen)


def _web(chosen: argparse.Namespace) -> int:
    from assets.cli.webserver import run_web
    from assets.core.anchor import refuse_older
    from assets.settings import Settings

    with opened_app() as app:
        refuse_older(app)
    settings = with_tls(Settings.from_environment(), chosen)
    return run_web(settings, chosen.listen or settings.listen, workers=chosen.workers)


def _ingest(_chosen: argparse.Namespace) -> int:
    from assets.core.anchor import refuse_older
    from assets.telemetry.process import run_ingest

    _log()
    with opened_app() as app:
        refuse_older(app)
        run_ingest(app)
    return 0


def _scheduler(_chosen: argparse.Namespace) -> int:
    from assets.core.anchor import refuse_older
    from assets.scheduling.runner import run_scheduler

    _log()
    with opened_app() as app:
        refuse_older(app)
        ended = run_scheduler(app)
    if not ended:
        # The job's thread would be waited for.
        logging.shutdown()
        os._exit(0)
    return 0


def _broker(_chosen: argparse.Namespace) -> int:
    from assets.telemetry.broker import run_broker

    _log()
    with opened_app() as app:
        run_broker(app)
    return 0


def _metrics(_chosen: argparse.Namespace) -> int:
    from assets.cli.gauges import make_server
    from assets.settings import SettingsError

    _log()
    with opened_app() as app:
        if not app.settings.metrics_listen:
            raise SettingsError("ASSETS_METRICS_LISTEN is empty: say where, for example 127.0.0.1:9100")
        make_server(app, app.settings.metrics_listen).serve_forever()
    return 0


def _log() -> None:
    from assets.cli.supervisor import configure_logging

    configure_logging()
