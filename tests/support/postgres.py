"""A PostgreSQL cluster of the tests' own: a new folder, a Unix socket, no network; gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path


class Cluster:
    """`url(name)` is the SQLAlchemy address of a database in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def psql(self, statement: str, database: str = "postgres") -> None:
        command = ["psql", "-q", "-h", str(self.folder), "-U", "postgres", "-d", database, "-c", statement]
        subprocess.run(command, check=True, capture_output=True)

    def stop(self) -> None:
        _run(["pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop"], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def start_cluster() -> Cluster:
    """Make and start a cluster; as root it runs as the user `postgres`, as PostgreSQL demands."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    _run(["initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--no-locale"])
    options = (
        f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c full_page_writes=off"
        " -c synchronous_commit=off -c max_connections=60"
    )
    _run(["pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start"])
    return Cluster(folder)


def _run(command: list[str], *, check: bool = True) -> None:
    tools = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not tools:
        raise RuntimeError("PostgreSQL is not installed: run `make test`, or apt-get install postgresql")
    command = [str(tools[0] / command[0]), *command[1:]]
    if os.getuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    subprocess.run(command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/")
