"""Names of files as people gave them, made fit to be shown or to name a download; never a path on the server. Pure."""

from __future__ import annotations

import re
import unicodedata

NAME_LENGTH = 200
_LONGEST_READ = 4_000
# Control and format characters (NUL, right-to-left override, zero width), surrogates, private and unassigned ones.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What Windows, the strictest of them, takes in no file name.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")


def display_name(text: str) -> str:
    """The last part of a path as one line of plain characters, at most 200; '' when nothing is left of it."""
    return plain_line(re.split(r"[/\\]", text[-_LONGEST_READ:])[-1])[:NAME_LENGTH].strip(" .")


def title_of(text: str) -> str:
    """What a file's name says when its extension is left out: a first title."""
    name = display_name(text)
    return _EXTENSION.sub("", name).strip(" .") or name


def file_name(text: str, fallback: str, *, longest: int = 80) -> str:
    """`text` as one part of a path that every system takes: no separators, no device names, no dots at the ends."""
    cleaned = _FORBIDDEN.sub("_", plain_line(text[:_LONGEST_READ]))[:longest].strip(" .")
    if not cleaned:
        return fallback
    # Windows takes NUL, NUL.txt and NUL .txt alike for the device.
    return f"_{cleaned}" if _DEVICES.fullmatch(cleaned.split(".")[0].strip()) else cleaned


def plain_line(text: str) -> str:
    """`text` as one line of characters that can be seen, in their composed form."""
    seen = "".join(" " if c in "\t\r\n" else c for c in text if c in "\t\r\n" or unicodedata.category(c) not in _UNSEEN)
    return " ".join(unicodedata.normalize("NFC", seen).split())
