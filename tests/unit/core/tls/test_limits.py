"""The limits of the authority hold where it counts: in the library that most programs check certificates with."""

from __future__ import annotations

import dataclasses
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assets.core.tls import authority, certificate
from assets.settings import Settings
from tests.support.certificates import signed_by

NOW = datetime.now(UTC)


def shakes_hands(server_file: Path, authority_file: Path, name: str) -> set[str]:
    """A TLS handshake in memory; the names that the client was shown.

    `ssl.SSLCertVerificationError` when the client refuses the certificate.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(server_file)
    client = ssl.create_default_context(cafile=str(authority_file))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = client.wrap_bio(to_client, to_server, server_hostname=name)
    ends = [caller, server.wrap_bio(to_server, to_client, True)]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                continue
    shown: Any = (caller.getpeercert() or {}).get("subjectAltName", ())
    return {value for _, value in shown}


@pytest.mark.parametrize("name", ["idora.local", "192.168.7.20", "localhost", "::1"])
def test_own_certificate_is_taken(name: str, office: Settings) -> None:
    shown = shakes_hands(certificate.ready(office, NOW), authority.path_of(office.data_dir), name)
    assert (name if name != "::1" else "0:0:0:0:0:0:0:1") in shown


def test_names_that_came_later_are_taken_when_they_are_an_offices(office: Settings) -> None:
    certificate.ready(office, NOW)
    later = dataclasses.replace(office, tls_names=("other.local", "10.77.0.1", "pc.lan"))
    for name in later.tls_names:
        assert name in shakes_hands(certificate.ready(later, NOW), authority.path_of(office.data_dir), name)


@pytest.mark.parametrize("name", ["bank.uz", "8.8.8.8", "evil-idora.local.example"])
def test_stolen_key_opens_no_other_site(name: str, office: Settings, tmp_path: Path) -> None:
    certificate.ready(office, NOW)
    own = authority.load(office.data_dir)
    assert own is not None
    forged = signed_by(own, tmp_path / "forged.pem", name, NOW - timedelta(days=1), NOW + timedelta(days=1))
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shakes_hands(forged, authority.path_of(office.data_dir), name)
