"""What the product does without: stored code that runs when it is read, and calls to addresses that people type."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ASSETS = Path(__file__).resolve().parents[2] / "assets"
RUN_WHEN_READ = {"pickle", "cPickle", "marshal", "shelve", "dill", "jsonpickle", "cloudpickle"}
CALLING_OUT = {"urllib.request", "http.client", "requests", "httpx", "aiohttp", "urllib3", "ftplib", "telnetlib"}
# Asks whether our own pages answer yet; nobody types that address but the administrator, as ASSETS_BASE_URL.
MAY_CALL_OUT = {"cli/demonstration.py"}


def imported() -> Iterator[tuple[str, str]]:
    """(file, module) of every import anywhere in the product, also inside functions."""
    for path in sorted(ASSETS.rglob("*.py")):
        name = path.relative_to(ASSETS).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield name, node.module
                yield from ((name, f"{node.module}.{alias.name}") for alias in node.names)


def test_nothing_that_is_stored_can_run_when_it_is_read() -> None:
    found = {(name, module) for name, module in imported() if module.split(".")[0] in RUN_WHEN_READ}
    assert found == set()


def test_jobs_are_stored_in_memory_and_one_file_alone_knows_their_timer() -> None:
    timers = {(name, module) for name, module in imported() if module.split(".")[0] == "apscheduler"}
    assert {name for name, _ in timers} == {"scheduling/runner.py"}
    assert [module for _, module in timers if "jobstores" in module or "executors.pool" in module] == []
    tree = ast.parse((ASSETS / "scheduling" / "runner.py").read_text(encoding="utf-8"))
    schedulers = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "BackgroundScheduler"
    ]  # fmt: skip
    assert len(schedulers) == 1
    # Without `jobstores` APScheduler keeps them in memory; `add_jobstore` would be the other way to another store.
    assert {keyword.arg for keyword in schedulers[0].keywords} == {"timezone", "job_defaults"}
    assert "add_jobstore" not in ast.dump(tree)


def test_the_server_fetches_no_address() -> None:
    found = {name for name, module in imported() if module in CALLING_OUT or module.split(".")[0] in CALLING_OUT}
    assert found == MAY_CALL_OUT
