"""Shows 5, with real processes: a backup while people work, the machine lost, restored elsewhere by the printed key."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import await_health, free_port
from tests.support.office import ROOT, Office, open_office

pytestmark = pytest.mark.e2e


def _run(data_dir: Path, *arguments: str, given: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ASSETS_")}
    environment["ASSETS_DATA_DIR"] = str(data_dir)
    done = subprocess.run(
        [sys.executable, "-m", "assets", *arguments], cwd=ROOT, env=environment, input=given, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert not check or done.returncode == 0, done.stderr
    return done


def _write(office: Office, stop: threading.Event, written: list[str]) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        office.call("/persons", {"number": f"N-{number}", "unit": "IMT-TK", "name": f"Person {number}"}, login="chief")
        written.append(f"N-{number}")


@contextmanager
def _serving(data_dir: Path, before: Office) -> Iterator[Office]:
    """The same office on the other machine: `assets serve` on the restored data, with the tokens of before."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {**before.environment, "ASSETS_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "assets", "serve", "--listen", f"127.0.0.1:{port}"]
    with (data_dir.parent / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        await_health(process, address, 120)
        yield Office(address, environment, before.tokens)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def test_office_at_work_is_backed_up_lost_and_restored_elsewhere(tmp_path: Path) -> None:
    old, new = tmp_path / "old" / "data", tmp_path / "new" / "data"
    old.parent.mkdir()
    new.parent.mkdir()
    carried = tmp_path / "carried.age"
    with open_office(old, free_port()) as office:
        printed = office.assets("backup", "--print-key")
        key = next(line.strip() for line in printed.splitlines() if "AGE-SECRET-KEY-" in line)
        stop, written = threading.Event(), list[str]()
        writer = threading.Thread(target=_write, args=(office, stop, written))
        writer.start()
        made = json.loads(office.assets("backup", str(carried), "--json"))
        stop.set()
        writer.join()
        in_use = _run(old, "restore", str(carried), "--replace", check=False)
        assert in_use.returncode == 1
        assert "stop `assets serve`" in in_use.stderr
    assert made["proven_at"]
    assert written, "the writer was at work"
    shutil.rmtree(old)

    wrong = _run(new, "restore", str(carried), check=False)
    assert wrong.returncode == 1
    assert "no backup key" in wrong.stderr
    done = json.loads(_run(new, "restore", str(carried), "--key", "-", "--json", given=f"{key}\n").stdout)
    assert done["journal_seq"] == made["journal_seq"]
    assert done["tables"]["main.person"] <= len(written) + 1
    assert "all in order" in _run(new, "journal", "verify").stdout
    with _serving(new, office) as again:
        persons = again.call("/persons", login="chief", limit=500)["items"]
        assert len(persons) == done["tables"]["main.person"], "the tokens work as before, and every person is there"
    again_made = json.loads(_run(new, "backup", "--json").stdout)
    assert again_made["proven_at"], "the new machine goes on with the same key"


def test_backup_is_measured() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ASSETS_", "BENCH_"))}
    environment |= {"BENCH_BACKUP_ASSETS": "50", "BENCH_BACKUP_SAMPLES": "1000"}
    done = subprocess.run(
        [sys.executable, "-m", "assets", "bench", "backup", "--json"], cwd=ROOT, env=environment, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["proven"]
    assert found["rows"] > 1050
    assert found["restore_seconds"] > 0
