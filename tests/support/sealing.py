"""Sealing as a browser does it: RSA-OAEP with SHA-256 under the server's public key."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key


def sealed(public_key: str, told: dict[str, Any]) -> str:
    """`told` as JSON, sealed under the key that `/scan/pin-key` gives; base64."""
    key = load_der_public_key(base64.b64decode(public_key))
    assert isinstance(key, rsa.RSAPublicKey)
    scheme = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    return base64.b64encode(key.encrypt(json.dumps(told).encode(), scheme)).decode()
