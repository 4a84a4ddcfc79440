"""Decides what a label's QR symbol says and draws it as vectors."""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

import qrcode
from qrcode.util import MODE_8BIT_BYTE, MODE_ALPHA_NUM, QRData

Matrix = tuple[tuple[bool, ...], ...]
"""Rows of modules, True is dark, without the quiet zone."""

QUIET_ZONE = 4
"""Light modules that must surround a symbol (ISO/IEC 18004)."""

BareBecause = Literal["no_address", "loopback_address", "unusable_address", "layout", "does_not_fit"]
"""Why symbols hold the bare code instead of an address."""

# The symbol names its own mask, so that any of the eight decodes. Trying all of them takes 5.5 ms a symbol, one
# takes 0.8 ms. Mask 0 had the lowest mean penalty over random codes.
_MASK = 0
_ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+\-./:]+")
_HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")


@dataclass(frozen=True, slots=True)
class Payload:
    """What a symbol says; `bare_because` is None when it is an address."""

    text: str
    bare_because: BareBecause | None = None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def address_refused(base_address: str) -> BareBecause | None:
    """Why no label can lead to `base_address`; None if labels can.

    Empty or loopback addresses lead nowhere from a phone. Others must be http or https, plain ASCII (a host in
    another alphabet in its `xn--` form), without user, query or fragment.
    """
    if not base_address.strip():
        return "no_address"
    try:
        parts = urlsplit(base_address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "unusable_address"
    written_host = parts.netloc.rsplit(":", 1)[0] if parts.port is not None else parts.netloc
    if (
        parts.scheme not in ("http", "https")
        or not _HOST.fullmatch(written_host)
        or parts.query
        or parts.fragment
        or not re.fullmatch(r"[!-~]*", base_address)
    ):
        return "unusable_address"
    return "loopback_address" if _is_loopback(host) else None


def payload(code: str, base_address: str) -> Payload:
    """What the symbol of a canonical `code` says on a label that is large enough.

    `HTTPS://HOST/A/CODE` when the base address has no path: scheme and host mean the same in capitals and the
    symbol gets smaller (alphanumeric mode), and the web application answers `/A/` as it does `/a/`. With a path,
    which may be case sensitive on the way (a proxy), `https://host/path/a/CODE` as written. The bare code
    when no label can lead to the address.
    """
    refused = address_refused(base_address)
    if refused is not None:
        return Payload(code, refused)
    base = base_address.rstrip("/")
    if urlsplit(base).path:
        return Payload(f"{base}/a/{code}")
    return Payload(f"{base.upper()}/A/{code}")


@lru_cache(maxsize=4096)
def matrix(text: str) -> Matrix:
    """The QR symbol of `text` (ASCII), error correction Q (a quarter of it may be lost).

    Raises ValueError when the text is longer than the largest symbol holds.
    """
    mode = MODE_ALPHA_NUM if _ALPHANUMERIC.fullmatch(text) else MODE_8BIT_BYTE
    symbol = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_Q, border=0, mask_pattern=_MASK)
    symbol.add_data(QRData(text.encode("ascii"), mode=mode))
    try:
        symbol.make(fit=True)
    except qrcode.exceptions.DataOverflowError as problem:
        raise ValueError(f"{len(text)} characters are more than a QR symbol holds") from problem
    return tuple(tuple(bool(module) for module in row) for row in symbol.modules)


def svg_path(modules: Matrix, quiet: int = QUIET_ZONE) -> str:
    """The dark modules as one SVG path in module units, the quiet zone of `quiet` modules included as an offset.

    One path, so that viewers draw no hairlines between touching modules.
    """
    pieces = []
    for y, row in enumerate(modules, start=quiet):
        x = 0
        while x < len(row):
            width = 0
            while x + width < len(row) and row[x + width]:
                width += 1
            if width:
                pieces.append(f"M{x + quiet} {y}h{width}v1h-{width}z")
            x += width + 1
    return "".join(pieces)


def svg(modules: Matrix, quiet: int = QUIET_ZONE) -> str:
    """The whole symbol with its quiet zone of `quiet` modules as an SVG document, one unit per module."""
    side = len(modules) + 2 * quiet
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{svg_path(modules, quiet)}"/></svg>'
    )
