"""Fixtures of the whole suite: a clock, an application on each engine, a small world, and no network by accident."""

from __future__ import annotations

import dataclasses
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket

from assets.bootstrap import build_app
from assets.core.actor import Actor
from assets.core.app import App
from assets.settings import Settings
from tests.support.engines import BOTH_ENGINES, KeptEngines, one_engine_each
from tests.support.postgres import Cluster, start_cluster
from tests.support.tables import create_tables, empty_tables
from tests.support.world import Clock, KeptWorld, World

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("suite")
WEB = Path(__file__).parent / "web"
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """The network is closed, but for tests of the broker and of whole processes (loopback only, by their own care)."""
    folder = Path(str(item.path)).relative_to(Path(__file__).parent).parts[0]
    if folder in {"mqtt", "e2e"}:
        enable_socket()
    else:
        disable_socket(allow_unix_socket=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What the engines do differently is asked of tests/db on both; pages and API take one each (docs/adr/0032)."""
    if BOTH_ENGINES in os.environ:
        return
    left_out = one_engine_each(item for item in items if item.path.is_relative_to(WEB))
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in left_out])
    items[:] = [item for item in items if item.nodeid not in left_out]


def pytest_collection_finish() -> None:
    """What is imported stays: the collector need not look at it again and again (a tenth of the suite's time)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    running = start_cluster()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def postgres_url(cluster: Cluster) -> str:
    """A database with every table, shared by the tests, which empty it."""
    cluster.psql("CREATE DATABASE shared_by_tests")
    url = cluster.url("shared_by_tests")
    with tempfile.TemporaryDirectory() as folder:
        app = build_app(Settings(data_dir=Path(folder), database_url=url))
        create_tables(app)
        app.close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[App]:
    """An application with empty tables, on each engine in turn."""
    yield from _app(request.param, request, tmp_path, clock)


@pytest.fixture
def sqlite_app(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[App]:
    """An application with empty tables on SQLite, where the engine does not matter."""
    yield from _app("sqlite", request, tmp_path, clock)


@pytest.fixture(scope="session")
def empty_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SQLite files with every table, to be copied: making the tables takes ten times as long."""
    folder = tmp_path_factory.mktemp("empty")
    app = build_app(Settings(data_dir=folder))
    create_tables(app)
    app.close()
    return folder


@pytest.fixture(scope="session")
def kept_engines(tmp_path_factory: pytest.TempPathFactory) -> KeptEngines:
    return KeptEngines(tmp_path_factory.mktemp("kept"))


def _app(engine: str, request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[App]:
    chosen = Settings(data_dir=tmp_path / "data", base_url="http://localhost")
    if engine == "sqlite":
        chosen.data_dir.mkdir()
        for path in request.getfixturevalue("empty_files").glob("*.db"):
            shutil.copy(path, chosen.data_dir)
    if engine == "postgresql":
        chosen = dataclasses.replace(chosen, database_url=request.getfixturevalue("postgres_url"))
    kept: KeptEngines = request.getfixturevalue("kept_engines")
    built = kept.given_to(build_app(chosen, clock=clock))
    if engine == "postgresql":
        empty_tables(built)
    yield built
    built.close()


@pytest.fixture(scope="session")
def kept_world() -> KeptWorld:
    return KeptWorld()


@pytest.fixture
def world(app: App, clock: Clock, kept_world: KeptWorld) -> World:
    return kept_world.put_into(app, clock.now)


@pytest.fixture
def actor_for(world: World) -> Callable[[str], Actor]:
    """The actor of a login of the world (logins are role names)."""
    return lambda login: world.actors[login]
