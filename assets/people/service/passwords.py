"""Passwords as they are kept: Argon2 hashes, few worked out at once."""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
# A hash takes 64 MiB and a fifth of a second: this many at once, the rest wait.
_hashing = threading.BoundedSemaphore(2)
UNKNOWN_HASH = _hasher.hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """How the password is kept."""
    with _hashing:
        return _hasher.hash(password)


def verify(password_hash: str, password: str) -> bool:
    """Whether the password is the one that was kept; False too where the hash is none."""
    with _hashing:
        try:
            return _hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
