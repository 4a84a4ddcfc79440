"""How long a donor summary takes to become a PDF, from figures that are frozen already."""

from __future__ import annotations

import os
import statistics
import time
from datetime import date, timedelta

from sqlalchemy import select

from assets.bench.programme import SETUP, fill_register, make_programme, temporary_app
from assets.bench.sizes import size
from assets.bootstrap import build_app
from assets.core.clock import day_start, local_date
from assets.metrics.roll_up import roll_up_days
from assets.people.models import Organisation
from assets.reports.donor_summary import figures_for
from assets.reports.figures import Figures, sha256, to_json
from assets.reports.models import DonorSummary
from assets.reports.release import frozen_figures, issue_of
from assets.reports.render.document import Issue
from assets.reports.render.pdf import as_pdf
from assets.settings import Settings

RUNS = 5
ASSETS = 200


def measure() -> dict[str, object]:
    """The median of five renderings of the PDF, in seconds: the first released summary of the demonstration that
    `ASSETS_DATA_DIR` holds, else one of a small programme made for it (`BENCH_SUMMARY_ASSETS`)."""
    source, (figures, issue) = "demonstration", _of_demonstration() or (None, None)
    if figures is None or issue is None:
        source, (figures, issue) = "made for it", _made(size("BENCH_SUMMARY_ASSETS", ASSETS))
    seconds = []
    content = b""
    for _ in range(RUNS):
        started = time.perf_counter()
        content = as_pdf(figures, issue, "en")
        seconds.append(time.perf_counter() - started)
    return {
        "source": source,
        "seconds": round(statistics.median(seconds), 3),
        "slowest_seconds": round(max(seconds), 3),
        "pdf_bytes": len(content),
    }


def _of_demonstration() -> tuple[Figures, Issue] | None:
    if not os.environ.get("ASSETS_DATA_DIR"):
        return None
    settings = Settings.from_environment()
    if not (settings.data_dir / "demo").exists():
        return None
    app = build_app(settings)
    try:
        with app.reading() as session:
            released = select(DonorSummary).where(DonorSummary.state == "released").order_by(DonorSummary.id).limit(1)
            summary = session.scalar(released)
            return None if summary is None else (frozen_figures(summary), issue_of(session, summary))
    finally:
        app.close()


def _made(count: int) -> tuple[Figures, Issue]:
    with temporary_app() as app:
        now, zone = app.clock(), app.settings.zone
        first, until = _last_quarter(local_date(now, zone))
        before = day_start(first - timedelta(days=1), zone)
        made = make_programme(app, before)
        fill_register(app, made, count, before)
        roll_up_days(lambda: app.transaction(SETUP, now), now, zone)
        assert made.donor is not None  # noqa: S101  # make_programme makes one
        with app.reading() as session:
            figures = figures_for(session, session.get_one(Organisation, made.donor.id), first, until, now, zone)
    return figures, Issue(number=1, state="released", sha256=sha256(to_json(figures)), released_on=now.date())


def _last_quarter(today: date) -> tuple[date, date]:
    """The newest calendar quarter that is over: its first day, and the day after its last."""
    until = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    return date(until.year - (until.month == 1), (until.month - 4) % 12 + 1, 1), until
