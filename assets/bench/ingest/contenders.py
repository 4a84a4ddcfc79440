"""Those who take the flow: a C client and a paho client that store nothing, and the product."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import func, select

from assets.bench.children import PATIENCE_S, TOPIC
from assets.bench.ingest.site import SECRET, USER, Flow, Site, await_line, running_publisher, stop
from assets.telemetry.models import Device, Sample, SetAside

POLL_S = 0.01
"""Between two looks at a child or a database, which say nothing when they are done."""
_TICKS = os.sysconf("SC_CLK_TCK")


class Taking(Protocol):
    """A contender that listens."""

    def await_last(self) -> float:
        """Return when the last message was taken, with that moment (UNIX seconds)."""

    def cpu_s(self) -> float:
        """Processor time used so far."""

    def memory_mb(self) -> float:
        """The most memory that was held at any time, MB of 2^20 bytes."""

    def stored(self) -> int:
        """Samples of the flow that are in the database."""


class _Process:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def cpu_s(self) -> float:
        """User and system time of the process and of its children that have ended."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(number) for number in text[11:15]) / _TICKS

    def memory_mb(self) -> float:
        """VmHWM."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise OSError(f"/proc/{self.process.pid}/status does not name the peak of memory")

    def stored(self) -> int:
        """Nothing, for those who keep nothing."""
        return 0


class _Client(_Process):
    """A child that prints the moment of each message, or of the last."""

    def __init__(self, process: subprocess.Popen[bytes], heard: Path, lines: int) -> None:
        super().__init__(process)
        self._heard = heard
        self._lines = lines

    def await_last(self) -> float:
        deadline_s = time.monotonic() + PATIENCE_S
        size, seen_s = 0, time.monotonic()
        while (text := self._heard.read_bytes()).count(b"\n") < self._lines:
            if len(text) > size:
                size, seen_s = len(text), time.monotonic()
            if self.process.poll() is not None or time.monotonic() > max(deadline_s, seen_s + PATIENCE_S):
                raise OSError(f"a client took {len(text.split())} of {self._lines} messages")
            time.sleep(POLL_S)
        return float(text.split()[-1])


@contextmanager
def the_c_client(site: Site, flow: Flow) -> Iterator[Taking]:
    """mosquitto_sub, which writes down when each message came."""
    heard = site.folder / "heard"
    command = [
        "mosquitto_sub", "-h", "127.0.0.1", "-p", str(site.endpoint.port), "-u", USER, "-P", SECRET, "-i", "bench-c",
        "-q", "1", "-t", TOPIC, "-F", "%U",
    ]  # fmt: skip
    with heard.open("wb") as target:
        process = subprocess.Popen(command, stdout=target)
    try:
        _await_ear(site, heard, process)
        yield _Client(process, heard, flow.messages + heard.read_bytes().count(b"\n"))
    finally:
        stop(process)


def _await_ear(site: Site, heard: Path, process: subprocess.Popen[bytes]) -> None:
    """Return when the client hears: it does not say when it is subscribed, so messages are sent until one arrives."""
    with running_publisher(site, Flow(100, 1, 1)) as publisher:
        publisher.go(rate=20)
        while not heard.read_bytes().count(b"\n"):
            if process.poll() is not None or publisher.has_ended():
                raise OSError("mosquitto_sub does not hear")
            time.sleep(POLL_S)
    size = -1
    while size != heard.stat().st_size:
        size = heard.stat().st_size
        time.sleep(5 * POLL_S)


@contextmanager
def the_paho_client(site: Site, flow: Flow) -> Iterator[Taking]:
    """paho with a callback that does nothing."""
    heard = site.folder / "heard"
    arguments = [str(site.endpoint.port), USER, str(flow.messages)]
    process = subprocess.Popen(
        [sys.executable, "-m", "assets.bench.children.subscriber", *arguments],
        env=site.environment,
        stdout=heard.open("wb"),
    )
    try:
        await_line(heard, "ready", process)
        yield _Client(process, heard, 2)
    finally:
        stop(process)


class _Ours(_Process):
    """`assets ingest` in a child process, watched through the database."""

    def __init__(self, process: subprocess.Popen[bytes], site: Site, samples: int, log: Path, warm: int = 0) -> None:
        super().__init__(process)
        self._site = site
        self._samples = samples
        self._warm = warm
        self._log = log

    def await_last(self) -> float:
        quiet_since_s, before = time.monotonic(), 0
        while True:
            with self._site.app.telemetry.reading() as session:
                stored = int(session.scalar(select(func.coalesce(func.sum(Device.stored), 0))) or 0)
            if stored >= self._samples:
                ended_s = time.time()
                self._refuse_set_aside()
                return ended_s
            if stored > before:
                before, quiet_since_s = stored, time.monotonic()
            if self.process.poll() is not None or time.monotonic() - quiet_since_s > PATIENCE_S:
                raise OSError(f"ingest stored {stored} of {self._samples} samples: {self._log.read_text()[-500:]}")
            time.sleep(POLL_S)

    def stored(self) -> int:
        with self._site.app.telemetry.reading() as session:
            return (session.scalar(select(func.count()).select_from(Sample)) or 0) - self._warm

    def _refuse_set_aside(self) -> None:
        with self._site.app.telemetry.reading() as session:
            if aside := session.scalar(select(func.count()).select_from(SetAside)):
                raise OSError(f"ingest set {aside} things aside")


@contextmanager
def ours(site: Site, flow: Flow) -> Iterator[Taking]:
    """The product, warm: each tracker has sent one sample."""
    log = site.folder / "ingest.log"
    with log.open("wb") as target:
        process = subprocess.Popen(
            [sys.executable, "-m", "assets", "ingest"], env=site.environment, stderr=target, stdout=target
        )
    try:
        await_line(log, "connected to the broker", process)
        with running_publisher(site, Flow(flow.trackers, 1, flow.trackers, first_seq=0)) as publisher:
            publisher.go(rate=0)
            _Ours(process, site, flow.trackers, log).await_last()
        yield _Ours(process, site, flow.trackers + flow.messages * flow.samples, log, flow.trackers)
    finally:
        stop(process)
