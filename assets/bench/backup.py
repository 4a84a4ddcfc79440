"""How long a backup takes with its proof, and restoring it to another place."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

from sqlalchemy import insert

from assets.bench.programme import SEED, SETUP, fill_register, make_programme
from assets.bench.sizes import size
from assets.bootstrap import build_app
from assets.core import files
from assets.core.app import App
from assets.migrations.run import upgrade
from assets.safekeeping import keys
from assets.safekeeping.backup import make
from assets.safekeeping.contents import kept_files
from assets.safekeeping.engines import sqlite
from assets.safekeeping.restore import Wanted, restore
from assets.settings import Settings
from assets.telemetry.models import Boot, Device, Sample

ASSETS, SAMPLES, PAPERS = 2_000, 400_000, 200
PAPER_BYTES = 100_000
AT_ONCE = 20_000


def measure() -> dict[str, object]:
    """Seconds for a backup with its proof, and for a restore elsewhere: of a copy of the demonstration that
    `ASSETS_DATA_DIR` holds, else of a programme made for it (`BENCH_BACKUP_ASSETS`, `BENCH_BACKUP_SAMPLES`)."""
    with tempfile.TemporaryDirectory(prefix="assets-bench-") as folder:
        place = Path(folder)
        with _source(place / "data") as (source, app):
            made = make(app, "manual", place / "measured.age")
            data_bytes = sum(path.stat().st_size for path in app.settings.data_dir.rglob("*") if path.is_file())
            settings = app.settings
        wanted = Wanted(made.path, keys.own_identity(settings.data_dir), SETUP, build_app, upgrade)
        started = time.perf_counter()
        done = restore(Settings(data_dir=place / "elsewhere"), wanted, started_at=made.made_at)
        restore_s = time.perf_counter() - started
    return {
        "source": source,
        "rows": sum(done.tables.values()),
        "data_mb": round(data_bytes / 2**20, 1),
        "backup_mb": round(made.size / 2**20, 1),
        "backup_and_proof_seconds": made.took_s,
        "restore_seconds": round(restore_s, 1),
        "proven": made.proven_at is not None,
    }


@contextmanager
def _source(data_dir: Path) -> Iterator[tuple[str, App]]:
    copied = _copy_of_demonstration(data_dir)
    with closing(build_app(Settings(data_dir=data_dir))) as app:
        if not copied:
            _fill(app)
        yield "demonstration" if copied else "made for it", app


def _copy_of_demonstration(data_dir: Path) -> bool:
    """A copy, so that the demonstration's own list of backups stays as it is."""
    if not os.environ.get("ASSETS_DATA_DIR"):
        return False
    settings = Settings.from_environment()
    if not (settings.data_dir / "demo").exists() or settings.database_url:
        return False
    data_dir.mkdir(mode=0o700)
    with closing(build_app(settings)) as app:
        sqlite.take(app, data_dir)
    (data_dir / sqlite.MAIN).rename(data_dir / "assets.db")
    for name, path in kept_files(settings):
        (data_dir / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, data_dir / name)
    return True


def _fill(app: App) -> None:
    upgrade(app)
    now = app.clock()
    fill_register(app, make_programme(app, now), size("BENCH_BACKUP_ASSETS", ASSETS), now - timedelta(days=1))
    rng = Random(SEED)
    for _ in range(PAPERS):
        files.store(app.settings.data_dir / "files", b"%PDF-1.7\n" + rng.randbytes(PAPER_BYTES))
    with app.telemetry.transaction(SETUP, now) as session:
        session.add(Device(id=1, tracker_id="T-1"))
        session.flush()
        session.add(Boot(id=1, device_id=1, life="a", boot=1, first_heard_ms=0))
    wanted = size("BENCH_BACKUP_SAMPLES", SAMPLES)
    for start in range(0, wanted, AT_ONCE):
        rows = [_sample(seq, rng) for seq in range(start, min(wanted, start + AT_ONCE))]
        with app.telemetry.transaction(SETUP, now) as session:
            session.execute(insert(Sample), rows)


def _sample(seq: int, rng: Random) -> dict[str, object]:
    event_ms = 1_760_000_000_000 + seq * 10_000
    return {
        "boot_id": 1, "seq": seq, "device_id": 1, "event_ms": event_ms, "dated": 0,
        "received_ms": event_ms + 900, "up_ms": seq * 10_000,
        "lat": 41.3 + rng.random() / 10, "lon": 69.2 + rng.random() / 10, "speed_kmh": rng.random() * 90,
    }  # fmt: skip
