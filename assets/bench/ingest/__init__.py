"""How fast messages are taken in while they come: the product beside a C client and a paho client that store nothing.

Every contender gets a fresh broker, subscribes, and then another process publishes as fast as the broker takes it; they
take turns. What counts is the time from the first message published to the last one heard, or, for the product,
committed.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from assets.bench.ingest.contenders import Taking, ours, the_c_client, the_paho_client
from assets.bench.ingest.latency import measured_latency
from assets.bench.ingest.postgresql import Cluster, running_cluster
from assets.bench.ingest.site import Flow, Site, make_template, running_publisher, running_site
from assets.bench.sizes import size
from assets.settings import Settings

MESSAGES = 40_000
ROUNDS = 5
LEAST = 200
TRACKERS = 200
FEW, MANY = 8, 2000
PROBES = 100


@dataclass
class Contender:
    """One that takes the flow: what it made of each round."""

    name: str
    take: Callable[[Site, Flow], AbstractContextManager[Taking]]
    template: Settings
    samples: int = 1
    trackers: int = TRACKERS
    cluster: Cluster | None = None
    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    memory_mb: float = 0.0
    sent: int = 0
    stored: int = 0

    @property
    def rate(self) -> float:
        """Messages a second, the median of the rounds."""
        return statistics.median(self.rates)


def measure() -> dict[str, object]:
    """Messages a second of each contender (the median of `BENCH_ROUNDS` rounds of `BENCH_MESSAGES`) and their ratios,
    and how long each of `BENCH_PROBES` messages takes to its commit at three loads. `BENCH_TRACKERS`: the most of them.

    What needs a program that is not installed here (PostgreSQL, mosquitto_sub) is None.
    """
    messages, rounds = size("BENCH_MESSAGES", MESSAGES, least=LEAST), size("BENCH_ROUNDS", ROUNDS)
    probes, most = size("BENCH_PROBES", PROBES, least=2), size("BENCH_TRACKERS", MANY, least=TRACKERS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="assets-bench-")))
        contenders = _contenders(folder, stack.enter_context(running_cluster()), most)
        for turn in range(rounds):
            for contender in contenders:
                _run(contender, folder / f"{contender.name}-{turn}", messages)
        by_name = {contender.name: contender for contender in contenders}
        figures = _figures(by_name, messages, most)
        with running_site(by_name["sqlite"].template, folder / "latency") as site:
            figures |= measured_latency(site, by_name["sqlite"].rate, TRACKERS, probes)
    return figures


def _contenders(folder: Path, cluster: Cluster | None, most: int) -> list[Contender]:
    sqlite = Settings(data_dir=folder / "sqlite", mqtt_listen="127.0.0.1:0")
    make_template(sqlite, most)
    found = [Contender("paho", the_paho_client, sqlite), Contender("sqlite", ours, sqlite)]
    has_c = shutil.which("mosquitto_sub") is not None
    if has_c:
        found.insert(0, Contender("c", the_c_client, sqlite))
    if cluster is not None:
        url = cluster.create("site")
        postgresql = Settings(data_dir=folder / "postgresql", mqtt_listen="127.0.0.1:0", database_url=url)
        make_template(postgresql, most)
        found += [
            Contender("postgresql", ours, postgresql, cluster=cluster),
            Contender("postgresql_ten", ours, postgresql, samples=10, cluster=cluster),
        ]
    found += [Contender("ten", ours, sqlite, samples=10), Contender("twenty", ours, sqlite, samples=20)]
    for name, trackers in (("few", FEW), ("many", most)):
        if has_c:
            found.append(Contender(f"c_{name}_trackers", the_c_client, sqlite, trackers=trackers))
        found.append(Contender(f"sqlite_{name}_trackers", ours, sqlite, trackers=trackers))
    return found


def _run(contender: Contender, folder: Path, messages: int) -> None:
    with ExitStack() as stack:
        url = ""
        if contender.cluster is not None:
            url = contender.cluster.create(folder.name, like="site")
            stack.callback(contender.cluster.drop, folder.name)
        site = stack.enter_context(running_site(contender.template, folder, url))
        flow = Flow(messages, contender.samples, contender.trackers)
        taking = stack.enter_context(contender.take(site, flow))
        publisher = stack.enter_context(running_publisher(site, flow))
        cpu_s = taking.cpu_s()
        began_s = publisher.go(rate=0)
        ended_s = taking.await_last()
        contender.rates.append(messages / (ended_s - began_s))
        contender.cpu_us.append((taking.cpu_s() - cpu_s) / messages * 1e6)
        contender.memory_mb = max(contender.memory_mb, taking.memory_mb())
        contender.sent += flow.messages * flow.samples
        contender.stored += taking.stored()


def _figures(by_name: dict[str, Contender], messages: int, most: int) -> dict[str, object]:
    def ratio(name: str, to: str, factor: int = 1) -> float | None:
        if name not in by_name or to not in by_name:
            return None
        return round(factor * by_name[name].rate / by_name[to].rate, 3)

    figures: dict[str, object] = {
        "messages": messages,
        "sqlite_per_paho": ratio("sqlite", "paho"),
        "sqlite_per_c": ratio("sqlite", "c"),
        "postgresql_per_sqlite": ratio("postgresql", "sqlite"),
        "ten_per_one_samples": ratio("ten", "sqlite", 10),
        "twenty_per_one_samples": ratio("twenty", "sqlite", 20),
        "postgresql_ten_per_one_samples": ratio("postgresql_ten", "postgresql", 10),
        "few_trackers": FEW,
        "sqlite_per_c_few_trackers": ratio("sqlite_few_trackers", "c_few_trackers"),
        "many_trackers": most,
        "sqlite_per_c_many_trackers": ratio("sqlite_many_trackers", "c_many_trackers"),
    }
    for name, contender in by_name.items():
        figures[f"{name}_messages_per_s"] = round(contender.rate)
    for name, contender in by_name.items():
        figures[f"{name}_cpu_us_per_message"] = round(statistics.median(contender.cpu_us), 1)
    own = [contender for contender in by_name.values() if contender.take is ours]
    figures["memory_mb"] = round(max(contender.memory_mb for contender in own), 1)
    figures["samples_sent"] = sum(contender.sent for contender in own)
    figures["samples_stored"] = sum(contender.stored for contender in own)
    return figures
