"""Takes the codes of operations that a reader may not know of out of what was recorded about other things. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

MASK = "private"
# Where a field is not known to name an operation, a shorter code may be a word of its own.
SHORTEST_IN_TEXT = 4


class Masking:
    """Hides these codes, whatever the case of their letters."""

    def __init__(self, codes: Collection[str]) -> None:
        self._folded = frozenset(code.casefold() for code in codes)
        # The longest first, so that a code is not taken for a shorter one that it begins with.
        found = sorted((re.escape(code) for code in codes if len(code) >= SHORTEST_IN_TEXT), key=len, reverse=True)
        # A number after a sign makes another code of it, a word does not: papers are called "LOLA-1_scan.pdf".
        words = rf"(?<![^\W_])(?:{'|'.join(found)})(?![^\W_]|[-./_]\d)"
        self._in_text = re.compile(words, re.IGNORECASE) if found else None

    def masked(self, value: Any) -> Any:
        """The value, of whatever shape JSON has, with `MASK` for each code.

        Under a key `operation`, and in a list that says `operation`, any code; in other text those of at least
        `SHORTEST_IN_TEXT` characters, as whole words.
        """
        return self._walked(value, names_one=False) if self._folded else value

    def _walked(self, value: Any, *, names_one: bool) -> Any:
        if isinstance(value, Mapping):
            return {key: self._walked(part, names_one=key == "operation") for key, part in value.items()}
        if isinstance(value, list):
            names_one = names_one or "operation" in value
            return [self._walked(part, names_one=names_one) for part in value]
        if not isinstance(value, str):
            return value
        if names_one and value.strip().casefold() in self._folded:
            return MASK
        return self._in_text.sub(MASK, value) if self._in_text else value
