"""What a browser seals for the server alone: RSA-OAEP with SHA-256, the key made once and kept with the other secrets.

Sealed text may wait on a phone and pass through queues and hands; only this server's data directory opens it.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from assets.core.tls.storing import folder_of, write_once

KEY_BITS = 3072
KEY_NAME = "sealing.key"
_PADDING = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


def public_key(data_dir: Path) -> str:
    """The public key as WebCrypto imports it: base64 of its SubjectPublicKeyInfo. Made when first asked for."""
    path = folder_of(data_dir) / KEY_NAME
    if not path.exists():
        _make(path)
    der = (
        _private(path, path.stat().st_mtime_ns)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(der).decode()


def opened(data_dir: Path, sealed: str) -> bytes | None:
    """What was sealed (base64); None for what was not sealed with this server's key, or is nothing of the kind."""
    path = folder_of(data_dir) / KEY_NAME
    if not path.exists():
        return None
    try:
        return _private(path, path.stat().st_mtime_ns).decrypt(base64.b64decode(sealed, validate=True), _PADDING)
    except (ValueError, binascii.Error):
        return None


def _make(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    # Of two processes that make one at once, the first one's stays; both read it from the file.
    write_once(
        path,
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )  # fmt: skip


@lru_cache(maxsize=4)
def _private(path: Path, _written: int) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise RuntimeError(f"{path} is not the key that belongs there. Remove it to have a new one made.")
    return key
