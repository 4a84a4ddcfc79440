"""How large a measurement is: whole numbers from the environment, with the defaults that the documentation names."""

from __future__ import annotations

import os

from assets.settings import SettingsError


def size(key: str, default: int, *, least: int = 1) -> int:
    """The whole number in the variable `key`, or `default`; `SettingsError` when it is below `least` or none."""
    text = os.environ.get(key, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise SettingsError(f"{key}: {text!r} is not a whole number from {least} on")
    return int(text)
