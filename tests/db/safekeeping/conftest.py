"""A house to keep safe: migrated databases with the small world, telemetry and stored files, on each engine."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest

from assets.bootstrap import build_app
from assets.cli.ready import make_ready
from assets.core import files
from assets.core.actor import system_actor
from assets.core.app import App
from assets.migrations.run import upgrade
from assets.people import service
from assets.safekeeping import keys
from assets.safekeeping.backup import make
from assets.safekeeping.doctor import Site
from assets.safekeeping.engines.counting import count_rows, journal_head, telemetry_schema
from assets.safekeeping.log import Made
from assets.safekeeping.restore import Restored, Wanted, restore
from assets.settings import Settings
from assets.telemetry.models import Device
from tests.support.postgres import Cluster
from tests.support.world import SETUP, START, Clock, build_world

PDF = b"%PDF-1.7\n" + random.Random(7).randbytes(40_000)
NUMBERS = itertools.count(1)
PERSON = system_actor("somebody at the keyboard")


@dataclass
class House:
    """Where it lives; `opened()` gives an application, to be closed."""

    settings: Settings
    clock: Clock

    def opened(self) -> App:
        return build_app(self.settings, clock=self.clock)

    def backed_up(self, kind: str = "nightly", target: Path | None = None) -> Made:
        with closing(self.opened()) as app:
            return make(app, kind, target)

    def identity(self) -> pyrage.x25519.Identity:
        return keys.own_identity(self.settings.data_dir)

    def elsewhere(self, path: Path) -> House:
        """Another machine: an empty data directory, and on PostgreSQL a database that does not exist yet."""
        url = self.settings.database_url
        if url:
            url = url.replace("/house_", f"/elsewhere_{next(NUMBERS)}_")
        return House(dataclasses.replace(self.settings, data_dir=path, database_url=url), self.clock)

    def restored(self, backup: Path, identity: pyrage.x25519.Identity, **how: object) -> Restored:
        wanted = Wanted(backup, identity, PERSON, build_app, make_ready)
        wanted = dataclasses.replace(wanted, **how)  # type: ignore[arg-type]  # fields of Wanted, by name
        return restore(self.settings, wanted, started_at=self.clock.now)

    def state(self) -> tuple[dict[str, int], object, dict[str, str]]:
        """Rows of every table, the journal's head, and the hash of each stored file."""
        with (
            closing(self.opened()) as app,
            app.main.engine.connect() as main,
            app.telemetry.engine.connect() as other,
        ):
            rows = count_rows(main, "main", None)
            rows |= count_rows(other, "telemetry", telemetry_schema(app.telemetry.engine))
            head = journal_head(main)
        stored = (self.settings.data_dir / "files").glob("*")
        return rows, head, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in stored}

    def change(self, code: str) -> None:
        """Something that the journal records."""
        with closing(self.opened()) as app, app.transaction(SETUP) as session:
            service.add_organisation(session, SETUP, code=code, kind="agency", name=f"Agency {code}")


def _fill(app: App) -> None:
    upgrade(app)
    build_world(app, START)
    with app.telemetry.transaction(SETUP, START) as session:
        session.add_all(Device(tracker_id=f"T-{n}") for n in range(5))
    for n in range(3):
        files.store(app.settings.data_dir / "files", PDF + bytes([n]))


@pytest.fixture(scope="session")
def new_office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of an installation before anybody used it, with its key; made once, to be copied."""
    folder = tmp_path_factory.mktemp("office") / "data"
    with closing(build_app(Settings(data_dir=folder), clock=Clock())) as app:
        make_ready(app)
        keys.make_key(folder)
    return folder


@pytest.fixture
def site(new_office: Path, tmp_path: Path) -> Iterator[Site]:
    """An installation of the present version on SQLite, with its key, before anybody used it."""
    shutil.copytree(new_office, tmp_path / "data")
    with closing(build_app(Settings(data_dir=tmp_path / "data"), clock=Clock())) as app:
        yield Site(app.settings, START, app)


@pytest.fixture(scope="session")
def template_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled SQLite house, made once and copied."""
    folder = tmp_path_factory.mktemp("house") / "data"
    with closing(build_app(Settings(data_dir=folder), clock=Clock())) as app:
        _fill(app)
    return folder


@pytest.fixture(scope="session")
def template_database(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The same on PostgreSQL: a database to copy from, and its data directory."""
    cluster.psql("CREATE DATABASE template_house")
    folder = tmp_path_factory.mktemp("house") / "data"
    settings = Settings(data_dir=folder, database_url=cluster.url("template_house"))
    with closing(build_app(settings, clock=Clock())) as app:
        _fill(app)
    return "template_house", folder


def _house(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = ""
    if engine == "sqlite":
        folder: Path = request.getfixturevalue("template_folder")
    else:
        template, folder = request.getfixturevalue("template_database")
        cluster: Cluster = request.getfixturevalue("cluster")
        name = f"house_{next(NUMBERS)}"
        cluster.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        url = cluster.url(name)
    shutil.copytree(folder, tmp_path / engine)
    return iter([House(Settings(data_dir=tmp_path / engine, database_url=url), Clock())])


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    yield from _house(request.param, request, tmp_path)


@pytest.fixture
def sqlite_house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    yield from _house("sqlite", request, tmp_path)


@pytest.fixture
def postgres_house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    yield from _house("postgresql", request, tmp_path)
