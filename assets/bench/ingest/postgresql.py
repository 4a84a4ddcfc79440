"""A PostgreSQL of the measurement's own: a new folder, a Unix socket, no network, the defaults for safety on disk."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine

OWNER = "postgres"


class Cluster:
    """A running cluster; addresses are SQLAlchemy's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, name: str) -> str:
        """The address of a database in it."""
        return f"postgresql+psycopg://{OWNER}@/{name}?host={self.folder}"

    def create(self, name: str, *, like: str = "template0") -> str:
        """Make a database as a copy of another that nobody is connected to; gives its address."""
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(statement)
        finally:
            engine.dispose()


@contextmanager
def running_cluster() -> Iterator[Cluster | None]:
    """A cluster for the length of the block, or None where PostgreSQL is not installed."""
    tools = _tools()
    if tools is None:
        yield None
        return
    # A socket's address has room for 107 characters, so this is not made inside a longer path.
    folder = Path(tempfile.mkdtemp(prefix="pg-bench-"))
    data = folder / "data"
    try:
        if os.getuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        _run([str(tools / "initdb"), "-D", str(data), "-U", OWNER, "-A", "trust", "-E", "UTF8", "--no-locale"])
        options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
        _run([str(tools / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start"])
        yield Cluster(folder)
    finally:
        if (data / "postmaster.pid").exists():
            _run([str(tools / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def _tools() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _run(command: list[str]) -> None:
    if os.getuid() == 0:
        # PostgreSQL refuses to run as root.
        command = ["runuser", "-u", OWNER, "--", *command]
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", check=False)
    if ended.returncode != 0:
        raise OSError(f"{Path(command[-1]).name}: PostgreSQL refused: {ended.stderr.decode(errors='replace')[-500:]}")
