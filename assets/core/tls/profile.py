"""The configuration profile with which an iPhone or iPad takes the office's authority."""

from __future__ import annotations

import plistlib
import uuid

from assets.core.tls.authority import Authority

_NAMESPACE = uuid.UUID("6f1f3c5e-0c0f-4d0e-9c53-6a2f7f5b9f11")


def mobileconfig(authority: Authority, title: str, description: str) -> bytes:
    """The profile as XML. The same authority gives the same identifiers, so that taking it twice is one profile."""
    inner, outer = (str(uuid.uuid5(_NAMESPACE, f"{part} {authority.fingerprint}")).upper() for part in ("root", "all"))
    root = {
        "PayloadType": "com.apple.security.root", "PayloadVersion": 1, "PayloadUUID": inner,
        "PayloadIdentifier": f"assets.authority.{inner}", "PayloadDisplayName": title,
        "PayloadCertificateFileName": "assets-authority.crt", "PayloadContent": authority.der,
    }  # fmt: skip
    return plistlib.dumps(
        {
            "PayloadType": "Configuration", "PayloadVersion": 1, "PayloadUUID": outer,
            "PayloadIdentifier": f"assets.{outer}", "PayloadDisplayName": title, "PayloadDescription": description,
            "PayloadContent": [root],
        }
    )  # fmt: skip
