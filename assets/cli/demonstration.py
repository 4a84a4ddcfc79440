"""Commands for the made-up programme and for measurements."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assets.settings import Settings

DEFAULT_PORT = 8000
_OTHER_PORT = ". Perhaps the demonstration runs already; else name a free port: --port N, or `make demo PORT=N`"


def add(commands: Any) -> None:
    """`demo`, `bench`."""
    demo = commands.add_parser("demo", help="a filled programme with live simulated trackers, everything running")
    demo.add_argument("--port", type=int, default=DEFAULT_PORT, metavar="N")
    demo.add_argument("--data-dir", type=Path, default=Path("var/demo"), metavar="D")
    demo.add_argument("--vehicles", type=int, default=60, metavar="N", help="how many vehicles carry a tracker (1-60)")
    demo.set_defaults(run=_demo)
    bench = commands.add_parser("bench", help="measurements, against a temporary database and broker")
    subjects = ["ingest", "register", "readiness", "labels", "summary", "import", "backup", "commands"]
    bench.add_argument("subject", choices=subjects)
    bench.add_argument("--rows", type=int, metavar="N", help="import: how many rows the file has (5000)")
    bench.add_argument("--json", action="store_true")
    bench.set_defaults(run=_bench)


def _demo(chosen: argparse.Namespace) -> int:
    from assets.cli.supervisor import Part, check_port_is_free, configure_logging, serve
    from assets.demo import build, telemetry
    from assets.settings import Settings, SettingsError

    os.environ["ASSETS_DATA_DIR"] = str(chosen.data_dir.absolute())
    os.environ.setdefault("ASSETS_BASE_URL", f"http://127.0.0.1:{chosen.port}")
    os.environ.setdefault("ASSETS_MQTT_LISTEN", "127.0.0.1:0")
    settings = Settings.from_environment()
    if not 1 <= chosen.vehicles <= 60:
        raise SettingsError("--vehicles: from 1 to 60")
    if settings.database_url:
        raise SettingsError("ASSETS_DATABASE_URL is set: the demonstration keeps to its own files. Unset it.")
    if build.holds_other_data(settings):
        raise SettingsError(f"--data-dir: {settings.data_dir} holds data that is no demonstration. Choose another.")
    check_port_is_free("--port", "127.0.0.1", chosen.port, _OTHER_PORT)
    configure_logging()
    if build.is_built(settings):
        say("The demonstration is there; its vehicles catch up.")
    else:
        _remove_unfinished(settings.data_dir)
        say("Making the demonstration: two to five minutes.")
        build.build(settings, chosen.vehicles, say)
    build.top_up(settings, say)
    fleet = Part("fleet", _fleet_command(settings, telemetry), may_start=lambda: broker_answers(settings))
    return serve(settings, f"127.0.0.1:{chosen.port}", extra=[fleet], ready=lambda: _announce(settings))


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(f"  {text}", file=sys.stderr, flush=True)


def _fleet_command(settings: Any, telemetry: Any) -> list[str]:
    return [
        sys.executable, "-m", "firmware_stubs.fleet", "--credentials", str(telemetry.credentials_file(settings)),
        "--state-dir", str(telemetry.fleet_folder(settings)),
    ]  # fmt: skip


def broker_answers(settings: Settings) -> bool:
    """Whether our own broker takes connections: vehicles that begin before it does would each complain."""
    import socket

    from assets.telemetry.broker import listening

    if settings.mqtt_url:
        return True  # another broker, which is not ours to wait for
    place = listening(settings)
    if place is None:
        return False
    try:
        socket.create_connection((place.host, place.port), timeout=1).close()
    except OSError:
        return False
    return True


def _remove_unfinished(data_dir: Path) -> None:
    """A demonstration whose making was broken off is made anew; nothing else is ever removed."""
    import shutil

    if (data_dir / "demo.unfinished").exists():
        for path in data_dir.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _announce(settings: Any) -> None:
    """Wait until the pages answer, then print the address and the log-ins."""
    import time
    from urllib.error import URLError
    from urllib.request import urlopen

    from assets.demo.programme import PASSWORD, ROLES

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urlopen(f"{settings.base_url}/health", timeout=5):  # noqa: S310  # our own address
                break
        except (URLError, OSError):
            time.sleep(0.2)
    lines = [
        "",
        f"  {settings.base_url}    (Ctrl+C ends it)",
        "",
        "  Sign in with one of these; the password of all is:",
    ]
    lines += [f"      {PASSWORD}", ""]
    lines += [f"      {login:<15} {role}" + (f", {place}" if place else "") for login, role, place in ROLES]
    print("\n".join([*lines, ""]), flush=True)


def _bench(chosen: argparse.Namespace) -> int:
    from assets.bench import run_bench
    from assets.cli.output import print_json

    if chosen.rows is not None:
        os.environ["BENCH_ROWS"] = str(chosen.rows)
    figures = run_bench(chosen.subject)
    if chosen.json:
        print_json(figures)
    else:
        for name, value in figures.items():
            print(f"{name:<40} {value}")
    return 0
