"""How large a measurement is: whole numbers from the environment, with the defaults that the documentation names."""

from __future__ import annotations

import os

from assets.settings import SettingsError


def size(key: str, default: int) -> int:
    """The whole number in the variable `key`, or `default`; `SettingsError` when it is not above nought."""
    text = os.environ.get(key, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise SettingsError(f"{key}: {text!r} is not a whole number above 0")
    return int(text)
