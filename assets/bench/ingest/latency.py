"""How long it takes from publishing a sample until it is committed, while others keep ingest busy."""

from __future__ import annotations

import statistics
import time

from sqlalchemy import select

from assets.bench.children import tracker_name
from assets.bench.children.publisher import connected, payload, publication
from assets.bench.ingest.contenders import ours
from assets.bench.ingest.site import SECRET, USER, Flow, Site, running_publisher
from assets.telemetry.models import Device

LOADS_PERCENT = (10, 50, 90)
APART_S = 0.05
POLL_S = 0.0005
"""Between two looks at the database, which is what is measured: it tells nobody of a commit."""


def measured_latency(site: Site, most_per_s: float, trackers: int, probes: int) -> dict[str, object]:
    """Milliseconds to the commit, half of the probes and 99 of 100, at shares of the highest rate."""
    figures: dict[str, object] = {}
    seconds = probes * APART_S * 2
    first_seq = 1
    began_s = int(site.app.clock().timestamp()) - 86_400
    with ours(site, Flow(0, 1, trackers)):
        for load in LOADS_PERCENT:
            rate = most_per_s * load / 100
            flow = Flow(int(rate * seconds), 1, trackers - 1, first_seq=first_seq)
            first_seq += flow.messages // (trackers - 1) + 1
            with running_publisher(site, flow) as publisher:
                publisher.go(rate)
                waits = _probe(site, trackers - 1, probes * LOADS_PERCENT.index(load) + 1, probes, began_s)
            figures[f"latency_p50_ms_at_{load}_percent"] = round(statistics.median(waits) * 1000, 1)
            figures[f"latency_p99_ms_at_{load}_percent"] = round(sorted(waits)[-1 - len(waits) // 100] * 1000, 1)
    return figures


def _probe(site: Site, tracker: int, first_seq: int, probes: int, began_s: int) -> list[float]:
    """Seconds from the sending of each of so many samples to the moment when another process can read it."""
    waits = []
    line = connected(site.endpoint.port, USER, SECRET, f"bench-probe-{first_seq}")
    try:
        for seq in range(first_seq, first_seq + probes):
            sent_s = time.monotonic()
            line.sendall(publication(tracker, seq, payload(seq, 1, began_s)))
            while _stored(site, tracker) <= seq:
                time.sleep(POLL_S)
            waits.append(time.monotonic() - sent_s)
            time.sleep(max(0.0, APART_S - waits[-1]))
    finally:
        line.close()
    return waits


def _stored(site: Site, tracker: int) -> int:
    with site.app.telemetry.reading() as session:
        return session.scalar(select(Device.stored).where(Device.tracker_id == tracker_name(tracker))) or 0
