"""How fast a queue at the broker is taken in: the product beside a C client and a paho client that store nothing.

Every contender gets a fresh broker with the same queue, filled while it is away, and takes turns with the others. What
counts is the time from the first message taken to the last, so that the start of a process counts for nobody.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from assets.bench.children import PATIENCE_S, TOPIC
from assets.bench.ingest.postgresql import Cluster, running_cluster
from assets.bench.ingest.site import (
    SECRET,
    USER,
    Site,
    make_template,
    open_session,
    publish,
    run_child,
    running_site,
    stop,
)
from assets.bench.sizes import size
from assets.settings import Settings
from assets.telemetry.models import Device, IngestStatus, Sample, SetAside
from assets.telemetry.mqtt import CLIENT_ID

MESSAGES = 20_000
ROUNDS = 3
LEAST = 100
TEN = 10
POLL_S = 0.01


@dataclass
class Contender:
    """One that drains the queue: what it made of each round."""

    name: str
    drain: Callable[[Site, int], float]
    template: Settings
    samples: int = 1
    cluster: Cluster | None = None
    ours: bool = True
    rates: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Messages a second, the median of the rounds."""
        return statistics.median(self.rates)


class _Ours:
    """`assets ingest` in a child process, and the most memory that it ever took."""

    def __init__(self) -> None:
        self.memory_mb = 0.0
        self.set_aside = 0
        self.stored: list[int] = []

    def drain(self, site: Site, samples: int) -> float:
        """Seconds from before the first committed sample to the last, by looking at the database."""
        log = site.folder / "ingest.log"
        with log.open("wb") as target:
            process = subprocess.Popen(
                [sys.executable, "-m", "assets", "ingest"], env=site.environment, stderr=target, stdout=target
            )
        try:
            seconds = _watch(site, process, samples, log)
            self._note(site, process)
        finally:
            stop(process)
        return seconds

    def _note(self, site: Site, process: subprocess.Popen[bytes]) -> None:
        self.memory_mb = max(self.memory_mb, _peak_mb(process.pid))
        _await_beat(site, process)
        with site.app.telemetry.reading() as session:
            self.stored.append(session.scalar(select(func.count()).select_from(Sample)) or 0)
            self.set_aside += session.scalar(select(func.count()).select_from(SetAside)) or 0


def measure() -> dict[str, object]:
    """Messages a second of each contender (the median of `BENCH_ROUNDS` rounds of `BENCH_MESSAGES`) and their ratios.

    What needs a program that is not installed here (PostgreSQL, mosquitto_sub) is None.
    """
    messages, rounds = size("BENCH_MESSAGES", MESSAGES, least=LEAST), size("BENCH_ROUNDS", ROUNDS)
    ours = _Ours()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="assets-bench-")))
        contenders = _contenders(folder, stack.enter_context(running_cluster()), ours)
        for turn in range(rounds):
            for contender in contenders:
                _run(contender, folder / f"{contender.name}-{turn}", messages)
    sent = rounds * messages * sum(c.samples for c in contenders if c.ours)
    return _figures({c.name: c for c in contenders}, messages) | {
        "memory_mb": round(ours.memory_mb, 1),
        "samples_sent": sent,
        "samples_stored": sum(ours.stored),
        "samples_set_aside": ours.set_aside,
    }


def _contenders(folder: Path, cluster: Cluster | None, ours: _Ours) -> list[Contender]:
    sqlite = Settings(data_dir=folder / "sqlite", mqtt_listen="127.0.0.1:0")
    make_template(sqlite)
    found = [Contender("paho", _drain_paho, sqlite, ours=False), Contender("sqlite", ours.drain, sqlite)]
    if shutil.which("mosquitto_sub"):
        found.insert(0, Contender("c", _drain_c, sqlite, ours=False))
    if cluster is not None:
        url = cluster.create("site")
        postgresql = Settings(data_dir=folder / "postgresql", mqtt_listen="127.0.0.1:0", database_url=url)
        make_template(postgresql)
        found.append(Contender("postgresql", ours.drain, postgresql, cluster=cluster))
    found.append(Contender("ten_samples", ours.drain, sqlite, samples=TEN))
    return found


def _run(contender: Contender, folder: Path, messages: int) -> None:
    with ExitStack() as stack:
        url = ""
        if contender.cluster is not None:
            name = folder.name
            url = contender.cluster.create(name, like="site")
            stack.callback(contender.cluster.drop, name)
        site = stack.enter_context(running_site(contender.template, folder, url))
        if contender.ours:
            open_session(site.own, CLIENT_ID)
        else:
            open_session(site.endpoint, contender.name)
        publish(site, messages, contender.samples, site.app.clock())
        contender.rates.append(messages / contender.drain(site, messages * contender.samples))


def _drain_c(site: Site, messages: int) -> float:
    """mosquitto_sub, which writes down when each message came."""
    heard = site.folder / "heard"
    command = [
        "mosquitto_sub", "-h", "127.0.0.1", "-p", str(site.endpoint.port), "-u", USER, "-P", SECRET, "-i", "c", "-c",
        "-q", "1", "-t", TOPIC, "-C", str(messages), "-F", "%U",
    ]  # fmt: skip
    with heard.open("wb") as target:
        ended = subprocess.run(command, stdout=target, timeout=PATIENCE_S + messages / 500, check=False)
    times = heard.read_text().split()
    if ended.returncode != 0 or len(times) != messages:
        raise OSError(f"mosquitto_sub took {len(times)} of {messages} messages")
    return float(times[-1]) - float(times[0])


def _drain_paho(site: Site, messages: int) -> float:
    arguments = [str(site.endpoint.port), USER, "paho", str(messages)]
    return float(run_child("assets.bench.children.subscriber", arguments, site))


def _watch(site: Site, process: subprocess.Popen[bytes], samples: int, log: Path) -> float:
    """Seconds from the last look that saw nothing stored to the first that saw everything."""
    began_s = quiet_since_s = time.monotonic()
    before = 0
    while True:
        now_s = time.monotonic()
        with site.app.telemetry.reading() as session:
            stored = int(session.scalar(select(func.coalesce(func.sum(Device.stored), 0))) or 0)
        if stored >= samples:
            return time.monotonic() - began_s
        if stored > before:
            before, quiet_since_s = stored, now_s
        elif not stored:
            began_s = now_s
        if process.poll() is not None or now_s - quiet_since_s > PATIENCE_S:
            raise OSError(f"ingest stored {stored} of {samples} samples and then no more: {log.read_text()[-500:]}")
        time.sleep(POLL_S)


def _await_beat(site: Site, process: subprocess.Popen[bytes]) -> None:
    """Wait for the sign of life of this very process, so that no other can have stored what is counted."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s and process.poll() is None:
        with site.app.telemetry.reading() as session:
            status = session.get(IngestStatus, 1)
            if status is not None and status.pid == process.pid:
                return
        time.sleep(POLL_S)
    raise OSError("the ingest process left no sign of life beside its samples")


def _peak_mb(pid: int) -> float:
    """The most memory that a process has held (VmHWM), in MB of 2^20 bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError(f"/proc/{pid}/status does not name the peak of memory")


def _figures(by_name: dict[str, Contender], messages: int) -> dict[str, object]:
    def ratio(name: str, to: str, factor: int = 1) -> float | None:
        if name not in by_name or to not in by_name:
            return None
        return round(factor * by_name[name].rate / by_name[to].rate, 3)

    rates = {
        f"{name}_messages_per_s": round(by_name[name].rate) if name in by_name else None
        for name in ("c", "paho", "sqlite", "postgresql", "ten_samples")
    }
    return {
        "messages": messages,
        "sqlite_per_paho": ratio("sqlite", "paho"),
        "sqlite_per_c": ratio("sqlite", "c"),
        "postgresql_per_sqlite": ratio("postgresql", "sqlite"),
        "ten_per_one_samples": ratio("ten_samples", "sqlite", TEN),
        **rates,
    }
