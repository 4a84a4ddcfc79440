"""Makes label codes and reads them back from what people type and scanners send.

A code is nine random Crockford base32 characters (45 bits) and a check character. Its canonical form is
ten capitals without a hyphen; people see `XXXXX-XXXXX`. `web/static/label-code.js` is the twin of this file
for the browser: the same rules, held together by shared vectors in tests/unit/labels.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Literal, Protocol

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32 symbols (I, L, O and U are left out)."""

CODE_LENGTH = 10
"""Nine random characters and the check character."""

Reason = Literal["empty", "length", "alphabet", "mistyped", "not_a_label", "foreign"]

# What may stand between or around the characters without meaning: spaces, hyphens and dashes that word
# processors put in, zero-width characters that come along with copied text.
_SEPARATORS = frozenset(
    "\t\n\v\f\r -\u00a0\u00ad\u2007\u2009\u200b\u200c\u200d\u202f\u2060\ufeff\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
)
_FORGIVEN = {"O": "0", "I": "1", "L": "1"}
# An explicit ASCII table: str.upper() would turn a dotless i into I and a long s into S.
_CAPITALS = {**{symbol: symbol for symbol in ALPHABET}, **_FORGIVEN}
_SYMBOLS = {**_CAPITALS, **{letter.lower(): symbol for letter, symbol in _CAPITALS.items()}}
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}

# No address of ours comes near this; it bounds the work on what a stranger's symbol may hold.
_LONGEST_SCAN = 2000


class CodeError(ValueError):
    """The text holds no label code of ours; `reason` says why in one stable word.

    `empty`, `length`, `alphabet`: malformed. `mistyped`: right form, but the check character does not fit.
    `not_a_label`: an address of ours that is not a label's. `foreign`: see ForeignAddress.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"no label code: {reason}")
        self.reason: Reason = reason


class ForeignAddress(CodeError):
    """The text is an address on a host that is not ours; `host` is as it was read. Never to be followed."""

    def __init__(self, host: str) -> None:
        super().__init__("foreign")
        self.host = host


class Chooser(Protocol):
    """A source of random picks: the module `secrets`, or a seeded `random.Random` in made-up data."""

    def choice(self, seq: str, /) -> str: ...


def _times_x(value: int) -> int:
    """Multiply by x in GF(32) with the primitive polynomial x^5 + x^2 + 1."""
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled


def _fold(code: str) -> int:
    """The code as a polynomial over GF(32), evaluated at x by Horner's rule."""
    total = 0
    for symbol in code:
        total = _times_x(total) ^ _VALUES[symbol]
    return total


def check_character(body: str) -> str:
    """The check character for nine canonical characters.

    It makes sum(value[i] * x^(9-i)) zero in GF(32). The weights are ten different powers of a primitive
    element, so a changed character shifts the sum by a nonzero product, and swapping any two different
    characters by (w_i - w_j)(a - b), nonzero too: every single substitution and every swap is caught.
    """
    return ALPHABET[_times_x(_fold(body))]


def new_code(rng: Chooser = secrets) -> str:
    """A fresh canonical code: 45 random bits and the check character."""
    body = "".join(rng.choice(ALPHABET) for _ in range(CODE_LENGTH - 1))
    return body + check_character(body)


def parse_code(text: str) -> str:
    """The canonical code in `text`, in any case, with O for 0 and I or L for 1, hyphens and spaces anywhere.

    Raises CodeError: `empty`, `alphabet` (a character no code has), `length`, or `mistyped`.
    """
    letters = [letter for letter in text[: _LONGEST_SCAN + 1] if letter not in _SEPARATORS]
    if not letters:
        raise CodeError("empty")
    if any(letter not in _SYMBOLS for letter in letters):
        raise CodeError("alphabet")
    if len(letters) != CODE_LENGTH:
        raise CodeError("length")
    code = "".join(_SYMBOLS[letter] for letter in letters)
    if _fold(code) != 0:
        raise CodeError("mistyped")
    return code


def format_code(code: str) -> str:
    """The canonical code as printed and shown: `XXXXX-XXXXX`."""
    return f"{code[:5]}-{code[5:]}"


# Key for key: what a key gives under the Russian layout, and under the US layout that scanners assume.
_RUSSIAN_KEYS = "йцукенгшщзхъфывапролджэячсмитьбюё"
_US_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_RUSSIAN_SHIFTED = "ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ"
_US_SHIFTED = 'QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>~'
# Uzbek Cyrillic has its own letters on four keys, and the punctuation keys as in Russian.
_UZBEK_KEYS, _UZBEK_US = "ўқғҳЎҚҒҲ", "os-=OS_+"
_PUNCTUATION, _PUNCTUATION_US = '.,"№;:?/', "/?@#$^&|"
_KEYS = {
    **dict(zip(_RUSSIAN_KEYS + _RUSSIAN_SHIFTED, _US_KEYS + _US_SHIFTED, strict=True)),
    **dict(zip(_UZBEK_KEYS + _PUNCTUATION, _UZBEK_US + _PUNCTUATION_US, strict=True)),
    # With Caps Lock on, the letter keys of these marks change places with their shifted forms. No address
    # or code has `;`, `>` or `_`, so either form means the mark that addresses do have.
    **dict.fromkeys("жЖ", ":"),
    **dict.fromkeys("юЮ", "."),
    **dict.fromkeys("ғҒ", "-"),
}
_CYRILLIC = frozenset(_RUSSIAN_KEYS + _RUSSIAN_SHIFTED + _UZBEK_KEYS)


def from_keyboard_layout(text: str) -> str:
    """What a scanner meant that typed under a Russian or Uzbek Cyrillic keyboard layout.

    A text without a Cyrillic letter was not typed under such a layout and comes back unchanged.
    """
    if not any(letter in _CYRILLIC for letter in text):
        return text
    return "".join(_KEYS.get(letter, letter) for letter in text)


@dataclass(frozen=True, slots=True)
class _Address:
    """Host with port (default ports left out: http and https of a host are one) and path, in lower case."""

    host: str
    path: str


_ADDRESS = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?([^/?#]*)([^?#]*)([?#].*)?", re.DOTALL)
# No user part, no backslash, nothing but ASCII: what browsers and libraries read differently is not ours.
_AUTHORITY = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def _read_address(text: str) -> _Address | None:
    """The parts of an http(s) address, the scheme may be missing; None if it is not one that can be ours."""
    whole = _ADDRESS.fullmatch(text)
    if whole is None:
        return None
    scheme, authority, path, _ = whole.groups()
    scheme = scheme.lower() if scheme else ""
    parts = _AUTHORITY.fullmatch(authority)
    if scheme not in ("", "http", "https") or parts is None:
        return None
    host, port = parts.groups()
    host = host.lower().rstrip(".")
    if port is not None and _DEFAULT_PORTS.get(scheme) != port:
        host = f"{host}:{int(port)}"
    return _Address(host, path.lower() if path.isascii() else path)


def code_from_scan(text: str, own_bases: tuple[str, ...]) -> str:
    """The canonical code in what a camera, a scanner or a person gave.

    Accepts a bare code, and `BASE/a/CODE` for any of `own_bases` (the present and all former label base
    addresses; http and https, and any case, count as the same), also typed by a scanner under a Cyrillic
    keyboard layout. The address is read, never followed. Raises ForeignAddress for any other host,
    CodeError otherwise.
    """
    if len(text) > _LONGEST_SCAN:
        raise CodeError("length")
    meant = from_keyboard_layout(text).strip("".join(_SEPARATORS))
    if "/" not in meant:
        return parse_code(meant)
    address = _read_address(meant)
    bases = [base for base in map(_read_address, own_bases) if base is not None and base.host]
    if address is None or address.host not in {base.host for base in bases}:
        whole = _ADDRESS.fullmatch(meant)
        raise ForeignAddress(whole[2] if whole else "")
    for base in bases:
        prefix = base.path.rstrip("/") + "/a/"
        if base.host == address.host and address.path.startswith(prefix):
            return parse_code(address.path.removeprefix(prefix).removesuffix("/"))
    raise CodeError("not_a_label")
