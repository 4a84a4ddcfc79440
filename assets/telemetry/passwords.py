"""Secrets of trackers and guests: how they are made, kept as the broker's hashes, and compared."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from hashlib import pbkdf2_hmac

SECRET_BYTES = 24
HASH_ITERATIONS = 101
"""What mosquitto_passwd uses. Enough here: a secret is 192 random bits, which no guessing reaches."""
SALT_BYTES = 12
LONGEST_SECRET = 200


def hashed(secret: str) -> str:
    """The form of mosquitto's password file: `$7$iterations$salt$hash`, PBKDF2 with SHA-512, base64."""
    salt = secrets.token_bytes(SALT_BYTES)
    found = pbkdf2_hmac("sha512", secret.encode(), salt, HASH_ITERATIONS)
    return f"$7${HASH_ITERATIONS}${b64encode(salt).decode()}${b64encode(found).decode()}"


def new_secret() -> str:
    """A secret that nobody has had: 192 random bits."""
    return secrets.token_urlsafe(SECRET_BYTES)


def is_secret_in(secret: str, kept: str | None) -> bool:
    """Whether a hash is of `secret`; takes as long where there is none."""
    if len(secret) > LONGEST_SECRET:
        return False
    _, _, iterations, salt, expected = (kept or _NOBODY).split("$")
    found = pbkdf2_hmac("sha512", secret.encode("utf-8", "replace"), b64decode(salt), int(iterations))
    return hmac.compare_digest(found, b64decode(expected)) and kept is not None


_NOBODY = hashed(new_secret())
