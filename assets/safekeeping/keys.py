"""The key of the backups: made once, kept in the data directory, printed on paper; never inside a backup."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from pyrage import IdentityError, x25519

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.settings import SettingsError

PREFIX = "AGE-SECRET-KEY-1"
_KEY = re.compile(rf"\b{PREFIX}[0-9A-Z]+", re.IGNORECASE)


def key_file(data_dir: Path) -> Path:
    """Where the key lies."""
    return data_dir / "secrets" / "backup.key"


def has_key(data_dir: Path) -> bool:
    """Whether a key was made."""
    return key_file(data_dir).exists()


def make_key(data_dir: Path) -> str:
    """Make the key unless there is one, and answer what is to be printed and kept elsewhere. OSError: cannot write."""
    path = key_file(data_dir)
    if not path.exists():
        keep_key(data_dir, x25519.Identity.generate())
    identity = own_identity(data_dir)
    return (
        "Key of the backups. Print this page or copy it by hand, and keep it in a safe, away from this machine:\n"
        "without it no backup can be opened, and whoever has it and a backup can read everything.\n"
        "\n"
        f"    {identity}\n"
        "\n"
        f"Its public half, which only closes backups: {identity.to_public()}\n"
        "To restore on another machine: assets restore FILE --key KEYFILE (a file that holds the line above).\n"
        f"On this machine it lies in {path}.\n"
    )


def keep_key(data_dir: Path, identity: x25519.Identity) -> None:
    """Write the key for its owner alone, durably; FileExistsError when there is one already."""
    path = key_file(data_dir)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        unfinished.unlink()
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as target:
        target.write(f"# public key: {identity.to_public()}\n{identity}\n")
        target.flush()
        os.fsync(target.fileno())
    try:
        os.link(unfinished, path)  # unlike a rename, never over a key that somebody made meanwhile
    finally:
        unfinished.unlink()


def own_identity(data_dir: Path) -> x25519.Identity:
    """This installation's key. `SettingsError` when there is none, it can be read by others, or it is no key."""
    path = key_file(data_dir)
    if not path.exists():
        raise SettingsError(
            f"there is no backup key at {path}. A backup opens only with the key that was printed when it was set up,"
            " which no other machine can make again: write the line that begins with AGE-SECRET-KEY-1 into a file and"
            " give that, `assets restore FILE --key KEYFILE`"
        )
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} can be read by others: chmod 0600 {path}")
    try:
        return _identity(path.read_text())
    except (IdentityError, ValueError) as error:
        raise SettingsError(f"{path} does not hold a key. Put the printed one back into it.") from error


def identity_from(text: str) -> x25519.Identity:
    """The key in what a person gave: the printed line, alone or among other text, or a whole key file."""
    try:
        return _identity(text)
    except (IdentityError, ValueError) as error:
        raise invalid("key", msg("This is no backup key. It is one line that begins with AGE-SECRET-KEY-1.")) from error


def _identity(text: str) -> x25519.Identity:
    found = {key.upper() for key in _KEY.findall(text)}
    if len(found) != 1:
        raise ValueError("one line that begins with AGE-SECRET-KEY-1 is expected")
    return x25519.Identity.from_str(found.pop())
